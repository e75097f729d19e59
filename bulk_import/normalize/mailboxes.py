"""All e-mail addresses in a piece of text, and the key by which two spellings of one are equal.

Made for suppression lists and other lists of people, where a cell may hold remarks, several
addresses, or an address in a form that nobody would send as it is. For a cell that is sent, see
``emails``.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from bulk_import.normalize.emails import normalize_email
from bulk_import.normalize.result import NormalizeError
from bulk_import.normalize.text import clean

_PLAIN = re.compile(r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,24}")
_LOCAL = r"[^\s()<>\[\]{}\",;|/\\«»„“”‹›•►▪→—–:@&]"
_TOKEN = re.compile(rf"(?P<local>{_LOCAL}*)@(?P<domain>[\w.·-]*)")
_AT = re.compile(r"\s*[(\[{<]\s*(?:at|@|ät|arroba|собака)\s*[)\]}>]\s*", re.IGNORECASE)
_DOT = re.compile(
    r"\s*[(\[{<]\s*(?:dot|\.|punkt|punto|ponto|point|точка)\s*[)\]}>]\s*", re.IGNORECASE
)
# "anna at example dot org", "anna (a) example.org": only as the whole of a text.
_SPOKEN = re.compile(
    r"\s*(?P<local>[\w.+-]+)(?:\s+at\s+(?P<spoken>[\w-]+(?:(?:\s+dot\s+|\.)[\w-]+)*\s+dot\s+\w{2,})"
    r"|\s*\(a\)\s*(?P<domain>[\w-]+(?:\.[\w-]+)*\.\w{2,}))\s*",
    re.IGNORECASE,
)
_SPACED = re.compile(r"(\S+)\s*@\s*(\S+)")
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[^\W\d_][\w-]+")
_EDGES = "='`´‘’*.!?~^#"
_WILDCARDS = frozenset({"", "*", "%"})
GMAIL = frozenset({"gmail.com", "googlemail.com"})


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """What a text names.

    Attributes:
        addresses: Normalized as ``normalize_email`` does, in order, each once.
        domains: Of entries such as ``@example.com`` and ``*@example.com``.
        is_whole: Whether every ``@`` of the text was understood.
    """

    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    is_whole: bool = True


def mailboxes(text: str) -> Mailboxes:
    """Return all addresses in *text*, whatever surrounds them.

    >>> mailboxes("Anna <anna@x.org>, ben (at) x.org; @y.org").addresses
    ('anna@x.org', 'ben@x.org')
    """
    if _PLAIN.fullmatch(text):
        return Mailboxes((text,))
    line = _unwrapped(text)
    if "@" not in line:
        return Mailboxes()
    if (spaced := _SPACED.fullmatch(line)) and line.count("@") == 1:
        line = f"{spaced[1]}@{spaced[2]}"
    addresses: dict[str, None] = {}
    domains: dict[str, None] = {}
    understood = 0
    for token in _TOKEN.finditer(line):
        if wildcard := _wildcard(token, line):  # "%" alone could be a mailbox
            domains[wildcard] = None
        elif found := _address(token, line):
            addresses |= dict.fromkeys(found)
        else:
            continue
        understood += 1
    return Mailboxes(tuple(addresses), tuple(domains), understood == line.count("@"))


def _address(token: re.Match[str], line: str) -> tuple[str, ...]:
    """The address that a token is, with and without what may stand before it: ``-``, ``email=``."""
    local, domain = token["local"].strip(_EDGES), token["domain"].strip(".-·_")
    if not local or line[token.end() :].startswith("@"):  # glued to another one
        return ()
    try:
        address = normalize_email(f"{local}@{domain}").value
    except NormalizeError:
        return ()
    bare = address.rpartition("=")[2].lstrip("-")
    return (address,) if bare == address or bare.startswith("@") else (address, bare)


def _wildcard(token: re.Match[str], line: str) -> str:
    """The domain that a token such as ``*@example.com`` names; ``""`` for another token."""
    before = line[token.start() - 1] if token.start() else " "  # of "a@b@c.org" it is a letter
    if token["local"].strip("='") not in _WILDCARDS or before.isalnum():
        return ""
    domain = token["domain"].strip(".-·_").lower()
    return domain if _DOMAIN.fullmatch(domain) else ""


def is_spoken(text: str) -> bool:
    """Whether a text is an address as people say it: ``anna at example dot org``."""
    return _SPOKEN.fullmatch(text) is not None


@lru_cache(maxsize=65536)
def email_key(address: str, *, gmail_dots: bool = False) -> str:
    """Return what two spellings of one mailbox have in common: case, wide letters, both forms of a domain.

    Args:
        gmail_dots: Of Gmail's addresses, leave out the dots and what follows a plus sign.

    >>> email_key("Mona@Bücher.example") == email_key("mona@xn--bcher-kva.example")
    True
    """
    local, _, domain = address.rpartition("@")
    if not address.isascii():
        local = unicodedata.normalize("NFKC", local)
    key, domain = local.lower(), domain_key(domain)
    if gmail_dots and domain in GMAIL:
        return f"{key.partition('+')[0].replace('.', '')}@gmail.com"
    return f"{key}@{domain}"


def domain_key(domain: str) -> str:
    """Return a domain in lower case and in ASCII."""
    if domain.isascii():
        return domain.lower()
    import idna

    folded = unicodedata.normalize("NFKC", domain).lower()
    try:
        return idna.encode(folded, uts46=True).decode()
    except idna.IDNAError:
        return folded


def domain_in(text: str) -> str:
    """Return the domain that is all of *text*; ``""`` when it is something else."""
    line = clean(text).strip(_EDGES + '"<>()[],;').lower()
    line = line.removeprefix("@")
    return domain_key(line) if _DOMAIN.fullmatch(line) else ""


def _unwrapped(text: str) -> str:
    """The text as a person reads it: entities, escapes, wide letters and ``(at)`` undone."""
    if "&" in text:
        text = html.unescape(text)
    text = unicodedata.normalize("NFKC", clean(text))
    if "%40" in text:
        text = unquote(text)
    if spoken := _SPOKEN.fullmatch(text):
        domain = re.sub(
            r"\s+dot\s+", ".", spoken["spoken"] or spoken["domain"], flags=re.IGNORECASE
        )
        return f"{spoken['local']}@{domain}"
    text = _AT.sub("@", text)
    if "@" in text:
        text = _DOT.sub(".", text)
    return text
