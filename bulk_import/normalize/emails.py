"""E-mail addresses: cleaned of what surrounds them, checked by email-validator, never corrected.

The local part keeps its case (the standard leaves it to the receiving host); the domain is lower
case. The contact's key is compared lower-cased elsewhere. A domain with letters beyond ASCII stays
as people write it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources
from typing import Literal

from bulk_import.errors import Message
from bulk_import.normalize.consent import remark_of_refusal
from bulk_import.normalize.result import Normalized, NormalizeError, Note
from bulk_import.normalize.text import clean_line, remembered

LONGEST = 1000  # characters of a cell; an address itself has at most 254

PLAIN = re.compile(r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,24}")
_DISPLAY = re.compile(r'(?:"[^"]*"|[^<>"]*)\s*<\s*(?:mailto:)?([^<>]+?)\s*>(?:\s*[(\[][^@]*[)\]])?')
_BEHIND = re.compile(r"([^\s()<>]+@[^\s()<>]+)(?:\s*[(\[][^()\[\]]*[)\]]|\s+[-–—]\s+[^@]*)")
_BEFORE = re.compile(
    r"[^\W\d_][^@:]*[:=]\s+(?=\S+@)|(?:e-?mail|mail|почта)\s*[:=-]\s*", re.IGNORECASE
)
_ADDRESS = re.compile(r"[^\s()<>:\[\]\"']+@[^\s()<>\[\]\"']+")
_FULL_WIDTH = re.compile("[\uff01-\uff5e]")
_OF_LINK = re.compile(r"%(?:2[0-9a-f]|3[c-f]|40)", re.IGNORECASE)  # jean%20@gmail.com
_UNFILLED = re.compile(r"%\w+%")  # %EMAIL%@…
_SCHEME = re.compile(r"(?:mailto|smtp):\s*", re.IGNORECASE)
_FORMULA = re.compile(r'="([^"]+)"')  # how programs keep spreadsheets from touching a value
_HTML = re.compile(
    r"<a\s[^>]*href=[\"']mailto:([^\"'?]+)[^>]*>\s*(?:mailto:)?([^<>]+?)\s*</a>", re.IGNORECASE
)
_SEVERAL = re.compile(r"\s*[,;|/\n]\s*|\s+(?:and|or|или|и)\s+|\s+(?=[^\s@]+@)", re.IGNORECASE)
_EDGES = " \t.,;:'\"`<>()[]{}|*\u2018\u2019\u201c\u201d\u00ab\u00bb"
_SIGNS_AHEAD = re.compile(r"(?:[^\w\x00-\x7f]|\s)+")  # a bullet, an arrow, a picture of a letter
_LOOKALIKE_AT = str.maketrans({"\uff20": "@", "\ufe6b": "@", "\uff0e": ".", "\u3002": "."})
_MISTYPED = {
    "gmail.com": "gmial.com gmal.com gmai.com gmil.com gmaill.com gnail.com gmali.com gamil.com "
    "gmail.co gmail.con gmail.cm gmail.om gmail.comm gmaul.com gmeil.com gmail.ru.com gimail.com",
    "hotmail.com": "hotmial.com hotmal.com hotmai.com hotmil.com hotmail.co hotmail.con "
    "hormail.com hotmaill.com hitmail.com homail.com hotnail.com",
    "yahoo.com": "yaho.com yahooo.com yhoo.com yahoo.con yahoo.co yhaoo.com yahho.com yaoo.com",
    "outlook.com": "outlok.com outloo.com outlook.con outlook.co outllook.com oulook.com",
    "icloud.com": "iclod.com icloud.con icoud.com icould.com iclould.com icloud.co",
    "mail.ru": "mal.ru mial.ru mail.ry mai.ru maill.ru mail.tu meil.ru",
    "yandex.ru": "yandx.ru yadex.ru yndex.ru yandex.ry yanex.ru jandex.ru yandeks.ru",
    "rambler.ru": "ramler.ru rmbler.ru rambler.ry",
    "aol.com": "aol.con aol.co",
    "web.de": "wep.de",
    "gmx.de": "gmx.dee",
}
_SUGGESTION = {wrong: right for right, wrongs in _MISTYPED.items() for wrong in wrongs.split()}
_WELL_KNOWN = (
    "gmail.com", "googlemail.com", "hotmail.com", "yahoo.com", "outlook.com", "icloud.com",
    "protonmail.com", "yandex.ru", "rambler.ru", "t-online.de", "hotmail.co.uk", "yahoo.co.uk",
)  # fmt: skip
# A letter away from one of these, and hosts of their own.
_NO_SLIPS = frozenset("mail.com email.com ymail.com cloud.com hotmail.com.br yandex.by".split())
_ROLES = frozenset(
    "abuse admin administrator billing contact help hostmaster info jobs mail marketing no-reply "
    "noc noreply office postmaster root sales security service support webmaster".split()
)
_SPECIAL_USE = frozenset("arpa invalid local localhost onion test".split())  # RFC 6761, 7686
_RESERVED_FOR_EXAMPLES = "example"
_LOOKS_LATIN = frozenset("асеорхуіјѕԁһԛԝкмнтвαορνικυ")  # letters of other alphabets
_ADVICE = Message("write one address such as anna@example.org")


@remembered
def normalize_email(
    text: str,
    *,
    several: Literal["refuse", "first"] = "refuse",
    refuse_role: bool = False,
    refuse_disposable: bool = False,
) -> Normalized:
    """Return the address in *text*.

    Args:
        text: An address, also as ``Ivan <i@x.org>``, ``mailto:i@x.org``, with marks around it.
        several: What to do about more than one address in a cell.
        refuse_role: Refuse ``info@``, ``sales@`` and the like.
        refuse_disposable: Refuse the best-known hosts of throw-away addresses.

    Raises:
        NormalizeError: ``EMAIL_*``.
    """
    line = clean_line(text)
    if not line or len(line) > LONGEST:
        raise NormalizeError(
            "EMAIL_INVALID",
            Message("too long; {advice}", advice=_ADVICE)
            if line
            else Message("empty; {advice}", advice=_ADVICE),
        )
    if PLAIN.fullmatch(line) and len(line) <= 64:
        found = Normalized(line, "email.plain")
    else:
        found = _from_cell(line, several)
    return _judged(found, refuse_role=refuse_role, refuse_disposable=refuse_disposable)


def _from_cell(line: str, several: Literal["refuse", "first"]) -> Normalized:
    _refuse_remark(line)
    try:
        return _single(line)
    except NormalizeError:
        parts = [part for part in _SEVERAL.split(line) if "@" in part.translate(_LOOKALIKE_AT)]
        if len(parts) < 2:
            raise
    found = [_single(part) for part in parts]
    distinct = list(dict.fromkeys(one.value for one in found))
    if len({value.lower() for value in distinct}) == 1:
        return Normalized(distinct[0], "email.repeated")
    if several == "refuse":
        raise NormalizeError(
            "EMAIL_SEVERAL",
            Message(
                "{line!r} holds {n} addresses; leave one, or set several: first",
                line=line,
                n=len(distinct),
            ),
            candidates=distinct,
        )
    note = Note(
        "EMAIL_FIRST_OF_SEVERAL",
        Message("{line!r} holds several addresses; the first is used", line=line),
    )
    return Normalized(distinct[0], "email.first_of_several", (note,))


def refusing_remark(text: str) -> str:
    """Return what is noted beside an address and says that it is not to be written to; else ``""``."""
    if PLAIN.fullmatch(text):
        return ""
    remark = _ADDRESS.sub(" ", clean_line(text).translate(_LOOKALIKE_AT))
    return remark_of_refusal(remark) if any(map(str.isalpha, remark)) else ""


def _refuse_remark(line: str) -> None:
    """Refuse an address beside which somebody noted that it is not to be written to."""
    said = refusing_remark(line)
    if said:
        raise NormalizeError(
            "EMAIL_SAYS_NO",
            Message(
                "{line!r} says {said!r}: not sent; remove the remark if it is wrong, or the row",
                line=line,
                said=said,
            ),
            candidates=[found.strip(_EDGES) for found in _ADDRESS.findall(line)],
        )


def _single(line: str) -> Normalized:
    bare = line.translate(_LOOKALIKE_AT)
    if _FULL_WIDTH.search(bare):
        bare = unicodedata.normalize("NFKC", bare)
    rule = "email.checked"
    html = _HTML.fullmatch(bare)
    if html and html[1].lower() == html[2].lower():
        bare, rule = html[2], "email.html"
    display = _DISPLAY.fullmatch(bare.rstrip(" ;,.")) or _BEHIND.fullmatch(bare)
    if display:
        named = _ADDRESS.search(bare[: display.start(1)] + " " + bare[display.end(1) :])
        if named and named[0].lower() != display[1].strip(_EDGES).lower():
            raise NormalizeError(
                "EMAIL_INVALID",
                Message("{line!r} holds two addresses; {advice}", line=line, advice=_ADVICE),
            )
        bare, rule = display[1], "email.display_name"
    bare = _without(_BEFORE, bare)
    formula = _FORMULA.fullmatch(bare)
    bare = formula[1] if formula else bare
    # A dot in front is a letter lost; one behind is a sentence's end.
    bare = _without(_SIGNS_AHEAD, bare).lstrip(_EDGES.replace(".", "")).rstrip(_EDGES + "/\\!?")
    scheme = _SCHEME.match(bare)
    if scheme:
        bare, rule = bare[scheme.end() :].partition("?")[0].strip(_EDGES + "/"), "email.mailto"
    if bare.count("@") == 1:
        # A blank beside the sign is a slip of the thumb, not a part of the address.
        local, domain = (half.strip() for half in bare.split("@"))
        bare = f"{local}@{domain}"
    return Normalized(_validated(bare, line), rule)


def _without(ahead: re.Pattern[str], text: str) -> str:
    """*text* without what matches at its beginning."""
    found = ahead.match(text)
    return text[found.end() :] if found else text


def _validated(address: str, shown: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    if "@" not in address:
        raise NormalizeError(
            "EMAIL_INVALID", Message("{shown!r} has no @; {advice}", shown=shown, advice=_ADVICE)
        )
    if any(char in "{}" for char in address) or _UNFILLED.match(address):
        raise NormalizeError(
            "EMAIL_INVALID",
            Message(
                "{shown!r} has a placeholder or a bracket in the address; {advice}",
                shown=shown,
                advice=_ADVICE,
            ),
        )
    if address.startswith("=") or _OF_LINK.search(address):
        raise NormalizeError(
            "EMAIL_INVALID",
            Message(
                "{shown!r} is written as in a formula or a link; {advice}",
                shown=shown,
                advice=_ADVICE,
            ),
        )
    _check_letters(address, shown)
    try:
        checked = validate_email(
            address,
            check_deliverability=False,
            allow_smtputf8=True,
            allow_quoted_local=False,
            strict=True,  # local parts of at most 64 characters, as RFC 5321 has it
            test_environment=True,
        )
    except EmailNotValidError as exc:
        reason = _reason(str(exc).rstrip("."))
        raise NormalizeError(
            "EMAIL_INVALID",
            Message("{shown!r}: {reason}; {advice}", shown=shown, reason=reason, advice=_ADVICE),
        ) from None
    # An address that was typed in ASCII stays so, "xn--" and all: it is the same mailbox.
    typed = address.rpartition("@")[2]
    domain = (typed if typed.isascii() else checked.domain).lower()
    last = domain.rpartition(".")[2]
    if "." not in domain or last.isdigit() or len(last) < 2:
        raise NormalizeError(
            "EMAIL_INVALID",
            Message(
                "{shown!r}: {domain} is not a domain; {advice}",
                shown=shown,
                domain=domain,
                advice=_ADVICE,
            ),
        )
    return f"{checked.local_part}@{domain}"


# What email-validator says most often, as messages that can be translated; the rest stays in its words.
_REASONS = (
    Message("The part after the @-sign contains invalid characters: {chars}", chars=""),
    Message("The email address contains invalid characters before the @-sign: {chars}", chars=""),
    Message("The email address contains unsafe characters: {chars}", chars=""),
    Message("An email address cannot have two periods in a row"),
    Message("An email address cannot have a period and a hyphen next to each other"),
    Message("An email address cannot start with a {sign}", sign=""),
    Message("An email address cannot end with a {sign}", sign=""),
    Message("An email address cannot have a {sign} immediately after the @-sign", sign=""),
    Message("An email address cannot have a {sign} immediately before the @-sign", sign=""),
    Message("There must be something before the @-sign"),
    Message("There must be something after the @-sign"),
    Message("The part after the @-sign is not valid. It should have a period"),
    Message("The part after the @-sign is not valid. It is not within a valid top-level domain"),
    Message(
        "The part after the @-sign is a special-use or reserved name that cannot be used with email"
    ),
    Message("The email address is too long before the @-sign {more}", more=""),
    Message("The email address is too long after the @-sign {more}", more=""),
    Message("The email address is too long {more}", more=""),
)


_NAMED = frozenset({"SPACE", "NO-BREAK SPACE"})


def _reason(said: str) -> str:
    for template, pattern in _patterns():
        if match := pattern.fullmatch(said):
            found = match.groupdict()
            return Message(template, **{name: _named(text) for name, text in found.items()})
    return said


def _named(chars: str) -> str:
    """Return invalid characters with their English names as messages."""
    parts = chars.split(", ")
    if not _NAMED.intersection(parts):
        return chars
    return Message.joined(", ", [Message(part) if part in _NAMED else part for part in parts])


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    templates = [known.template for known in _REASONS]
    blank = re.compile(r"\\\{(\w+)\\\}")
    return [(one, re.compile(blank.sub(r"(?P<\1>.+)", re.escape(one)))) for one in templates]


def _check_letters(address: str, shown: str) -> None:
    """Refuse signs, and letters of another alphabet in a Latin address: the mailbox is another, or none."""
    if address.isascii():
        return
    local, _, domain = address.rpartition("@")
    sign = next((char for char in local if not (char.isascii() or _is_written(char))), "")
    if sign:
        raise NormalizeError(
            "EMAIL_INVALID",
            Message(
                "{shown!r}: {sign!r} (U+{ord:04X}) is in no address; {advice}",
                shown=shown,
                sign=sign,
                ord=ord(sign),
                advice=_ADVICE,
            ),
        )
    is_latin = domain.rpartition(".")[2].isascii()
    for part in (local, *domain.split(".")):
        letters = [char for char in part if char.isalpha()]
        others = [char for char in letters if _alphabet(char) in ("CYRILLIC", "GREEK")]
        is_disguised = is_latin and all(char.lower() in _LOOKS_LATIN for char in letters)
        if others and (is_disguised or any(_alphabet(char) == "LATIN" for char in letters)):
            one = others[0]
            raise NormalizeError(
                "EMAIL_INVALID",
                Message(
                    "{shown!r}: {one!r} is a {alphabet} letter (U+{ord:04X}) among Latin "
                    "ones; type the address again in Latin letters",
                    shown=shown,
                    one=one,
                    alphabet=_alphabet(one).title(),
                    ord=ord(one),
                ),
            )


def _is_written(char: str) -> bool:
    """Whether words are written with it: a letter, a digit, a vowel sign or a joiner of letters."""
    return char.isalnum() or unicodedata.category(char)[0] == "M" or char in "\u200c\u200d"


@remembered
def _alphabet(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0]


def _judged(found: Normalized, *, refuse_role: bool, refuse_disposable: bool) -> Normalized:
    local, _, domain = found.value.rpartition("@")
    if refuse_role and local.lower().partition("+")[0] in _ROLES:
        raise NormalizeError(
            "EMAIL_ROLE", Message("{value!r} is a shared mailbox, not a person", value=found.value)
        )
    if refuse_disposable and _is_disposable(domain):
        raise NormalizeError(
            "EMAIL_DISPOSABLE", Message("{value!r} is a throw-away address", value=found.value)
        )
    top = domain.rpartition(".")[2]
    if top in _SPECIAL_USE:
        raise NormalizeError(
            "EMAIL_INVALID",
            Message(
                "{value!r}: no mail is delivered to .{top} from outside; {advice}",
                value=found.value,
                top=top,
                advice=_ADVICE,
            ),
        )
    suggestion = _suggestion(domain)
    if suggestion is not None:
        note = Note(
            "EMAIL_TYPO",
            Message(
                "{domain} looks like a slip for {suggestion}; sent as it stands",
                domain=domain,
                suggestion=suggestion,
            ),
        )
    elif top not in _tops():
        note = Note(
            "EMAIL_TOP_DOMAIN",
            Message("there is no top-level domain .{top}; sent as it stands", top=top),
        )
    else:
        return found
    return Normalized(found.value, found.rule, (*found.notes, note))


@cache
def _tops() -> frozenset[str]:
    """Top-level domains of the internet (``data/top_level_domains.txt``)."""
    return frozenset((*_lines("top_level_domains.txt"), _RESERVED_FOR_EXAMPLES))


def is_plain_domain(domain: str) -> bool:
    """Whether there is nothing to say about a domain of small letters."""
    top = domain.rpartition(".")[2]
    return top not in _SPECIAL_USE and top in _tops() and _suggestion(domain) is None


def _is_disposable(domain: str) -> bool:
    """Whether *domain* or one above it gives out throw-away addresses."""
    while "." in domain:
        if domain in _disposable():
            return True
        domain = domain.partition(".")[2]
    return False


@cache
def _disposable() -> frozenset[str]:
    return frozenset(_lines("disposable_domains.txt"))


def _lines(name: str) -> list[str]:
    return resources.files("bulk_import.normalize.data").joinpath(name).read_text("utf-8").split()


@remembered
def _suggestion(domain: str) -> str | None:
    """The well-known host that *domain* is a slip for; ``None`` for most."""
    if domain in _WELL_KNOWN or domain in _NO_SLIPS:
        return None
    if domain in _SUGGESTION:
        return _SUGGESTION[domain]
    from rapidfuzz.distance import OSA

    near = (one for one in _WELL_KNOWN if OSA.distance(domain, one, score_cutoff=1) == 1)
    return next(near, None)


_NOBODY = frozenset(
    "noemail nomail none null nil na n/a unknown test tests testing example sample dummy fake asdf abc xxx "
    "xyz aaa no noname nobody anonymous donotreply noreply missing empty notprovided notavailable "
    "noaddress withoutemail sinemail sincorreo semmail sememail senzaemail keine keineemail keinemail "
    "ohneemail pasdemail sansemail brak brakmaila brakemail yok nett нет нетпочты безпочты".split()
)


def is_placeholder(email: str) -> bool:
    """Whether an address is what people type where there is none: ``noemail@…``, ``test@test.com``.

    >>> is_placeholder("no-email@example.com"), is_placeholder("anna@example.com")
    (True, False)
    """
    local, _, domain = email.casefold().partition("@")
    name = re.sub(r"[\W_\d]+", "", local)
    host = re.sub(r"[\W_\d]+", "", domain.rpartition(".")[0])
    return name in _NOBODY or (host in _NOBODY - {"example", "test", "abc", "no", "na", "nett"})
