"""Cells that contradict what their column's header says: yes and no under "City", dates under "Phone"."""

from __future__ import annotations

import re
from collections.abc import Callable

from bulk_import.errors import Message
from bulk_import.mapping.suggesting.contents import Content
from bulk_import.mapping.suggesting.headers import CJK
from bulk_import.normalize.consent import is_no, is_yes, says_subscribed, says_unsubscribed

SOCIALS = frozenset("facebook instagram telegram linkedin vk viber whatsapp".split())
Objection = tuple[Callable[[Content], bool], str]


def _is_answer(cell: str) -> bool:
    """Whether a cell is a yes, a no or a state of a subscription: no name, city or number."""
    return is_yes(cell) or is_no(cell) or says_subscribed(cell) or says_unsubscribed(cell)


_COMPANIES = frozenset(
    "inc incorporated llc llp pllc ltd limited pty pvt plc corp corporation co company holding "
    "holdings group associates partners sons brothers industries services solutions consulting "
    "university school bakery gmbh mbh ag kg kgaa gbr ohg ug stiftung verein ev sa sarl sas eurl "
    "asbl vzw srl spa snc sl slu lda ltda eireli bv nv vof oy oyj ab aps asa kft zrt sro doo sp "
    "ooo ооо оао пао зао ао ип тов нко sti".split()
)
_CJK_COMPANY = re.compile("株式会社|有限会社|合同会社|公司$|주식회사|\\(주\\)")


def _is_company(cell: str) -> bool:
    words = (word.strip(",()&").replace(".", "").casefold() for word in cell.split())
    return any(word in _COMPANIES for word in words) or _CJK_COMPANY.search(cell) is not None


_STATES = frozenset(
    "emea apac latam amer anz nam dach benelux global active inactive new open closed enabled "
    "disabled pending won lost current former published draft approved completed cancelled canceled "
    "qualified unqualified attended".split()
)


def _is_without_blanks(cell: str) -> bool:
    """Whether a cell is Chinese or Japanese, where words stand without blanks between them."""
    return CJK.search(cell) is not None


def _is_mostly_letters(cell: str) -> bool:
    """Whether more than half of a cell's characters, blanks apart, are letters."""
    marks = [char for char in cell if not char.isspace()]
    return sum(char.isalpha() or ord(char) > 0x0300 for char in marks) * 2 > len(marks)


def _is_zone_like(cell: str) -> bool:
    """Letters with a slash or what stands for it: a zone in a spelling of the product's own."""
    return cell.count("/") == 1 or "_slash_" in cell or cell.upper().startswith(("UTC", "GMT"))


def _mostly(test: Callable[[str], bool], share: float = 0.7) -> Callable[[Content], bool]:
    return lambda content: content.share(test) >= share


_ANSWERS = (_mostly(_is_answer), Message("its cells are yes and no"))
_EMAILS = (lambda content: content.emails >= 0.3, Message("its cells are e-mail addresses"))
_DATES = (lambda content: content.dates >= 0.5, Message("its cells are dates"))
_NUMBERS = (lambda content: content.numbers >= 0.7, Message("its cells are numbers"))
_LINKS = (lambda content: content.links >= 0.3, Message("its cells are links"))
_NO_WORDS = (
    _mostly(lambda cell: not _is_mostly_letters(cell), 0.5),
    Message("its cells are no words"),
)
_TEXTS = (lambda content: content.length > 60, Message("its cells are long texts"))
_WORD_LIKE = (_ANSWERS, _EMAILS, _DATES, _LINKS, _NO_WORDS, _TEXTS)

_COMPANY_NAMES = (_mostly(_is_company, 0.3), Message("its cells are names of companies"))
_ONE_WORD = (
    lambda content: (
        content.with_digits < 0.2
        and content.several_words < 0.5
        and content.share(_is_without_blanks) < 0.5
    ),
    Message("its cells are single words"),
)
_ONLY_DIGITS = (
    _mostly(lambda cell: cell.replace(".", "").isdigit()),
    Message("its cells are numbers"),
)

_OBJECTIONS: dict[str, tuple[Objection, ...]] = {
    **dict.fromkeys(("first", "middle", "last", "full"), (*_WORD_LIKE, _COMPANY_NAMES)),
    "city": _WORD_LIKE,
    "state": (
        _ANSWERS, _EMAILS, _DATES, _LINKS, _NUMBERS, _TEXTS,
        (_mostly(lambda cell: cell.casefold() in _STATES, 0.5), Message("its cells are states of affairs")),
    ),
    "zip": (
        _ANSWERS, _EMAILS, _DATES, _LINKS,
        (lambda content: content.with_digits < 0.6, Message("its cells have no digits")),
        (lambda content: content.length > 12, Message("its cells are too long for postal codes")),
    ),
    "street": (_ANSWERS, _EMAILS, _DATES, _LINKS, _NUMBERS, _ONE_WORD),
    "street2": (_EMAILS, _DATES, _LINKS),
    "country": (
        (lambda content: content.countries < 0.5, Message("most of its cells are no countries")),
    ),
    "timezone": (
        _DATES, (_mostly(_is_answer, 0.9), Message("its cells are yes and no")),
        (lambda content: content.offsets < 0.5 and content.share(_is_zone_like) < 0.8,
         Message("most of its cells are no time zones")),
    ),
    "phone": ((lambda content: content.phones < 0.5, Message("most of its cells are no phone numbers")),),
    "notes": (
        _ANSWERS, _EMAILS, _DATES,
        (_mostly(lambda cell: cell.isdigit()), Message("it holds numbers")),
    ),
    "tags": (_EMAILS, _DATES, (_mostly(lambda cell: cell.isdigit()), Message("it holds numbers"))),
    "list": (_EMAILS, _DATES),
    **dict.fromkeys(SOCIALS - {"whatsapp", "viber"}, (_ANSWERS, _EMAILS, _DATES, _ONLY_DIGITS)),
    **dict.fromkeys(("whatsapp", "viber"), (_ANSWERS, _EMAILS, _DATES)),
}  # fmt: skip


def objection_of(head: str, content: Content) -> str:
    """Return why the cells of a column cannot be what the header says, or nothing."""
    for is_wrong, words in _OBJECTIONS.get(head, ()):
        if is_wrong(content):
            return words
    return ""
