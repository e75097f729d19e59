"""Placeholders and foreign notations that programs leave in cells.

``NULL``, ``nan``, ``#N/A``, ``{{first_name}}`` are no values; ``O&#039;Neill``, ``=?UTF-8?B?…?=``,
``M%C3%BCller`` are values in another notation. Each is named, never passed on; what was meant is
said where it is certain. ``None`` and ``Null`` are surnames as well: they count as missing only
beside other evidence, and are a warning without it.
"""

from __future__ import annotations

import html
import json
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import unquote_to_bytes

from bulk_import.errors import Message
from bulk_import.models import Problem, Severity

# Roles whose normalizers refuse such texts themselves, with a better message.
STRICT = frozenset({"email", "phone", "country", "utc_offset", "list_ids", "manager", "rule"})
_WORDY = frozenset({"name", "city", "state", "address", "postal_code", "social", "tags"})
_PLAIN = frozenset({"address", "text", "state"})
_SHORT = frozenset({"name", "city", "state", "postal_code", "social"})

ERROR_VALUES = frozenset(
    """#N/A #N/A! #NV #Н/Д #N/D #N/DISP #YOK #BRAK #NULL! #DIV/0! #DIV/0 #ДЕЛ/0! #¡DIV/0! #DZIEL/0! #SAYI/0!
    #VALUE! #WERT! #ЗНАЧ! #¡VALOR! #VALEUR! #VALORE! #ARG! #DEĞER! #VALOR! #HODNOTA! #WAARDE! #VÄRDEFEL!
    #REF! #BEZUG! #ССЫЛКА! #¡REF! #RIF! #ADR! #BAŞV! #VERW! #NAME? #ИМЯ? #¿NOMBRE? #NOM? #NOME? #NAZWA?
    #AD? #NAAM? #NUM! #ZAHL! #ЧИСЛО! #¡NUM! #NOMBRE! #LICZBA! #SAYI! #NÚM! #NULL #ПУСТО! #NUL! #¡NULO!
    #SPILL! #ÜBERLAUF! #ПЕРЕНОС! #CALC! #KALK! #ВЫЧИСЛ! #GETTING_DATA #FIELD! #BLOCKED! #UNKNOWN! #CONNECT!
    #BUSY! #EXTERNAL! #PYTHON! #ERROR! #ERROR""".split()
)
_ERROR_CODE = re.compile(r"#{4,}|Err:\d{3}", re.IGNORECASE)

# Never the value of a name, an address or a tag.
_MISSING = frozenset(
    r"""NULL null (null) <null> [null] \N nan NaN NAN -nan NaT <NA> none undefined Undefined UNDEFINED nil
    [object [object] N/A n/a N.A. n.a. #N/A (none) (blank) (empty) (пусто) (leer) (vide) (vacío) (vuoto)
    --- -- — – - . .. ... ? ?? _ __ / \ xxx XXX xx -- none/none н/д Н/Д n/v k.A. k.a. s/o s/d""".split()
) | {
    "[object Object]",
    "not set",
    "(not set)",
    "not provided",
    "no data",
    "нет данных",
    "не указано",
}
# A name as well as a missing value: other evidence decides.
DOUBTFUL = frozenset(
    {"None", "Null", "Nan", "Nil", "NONE", "NIL", "Na", "NA", "Test", "test", "TEST"}
)
_NO_NAMES = frozenset({"0", "TRUE", "FALSE", "true", "false", "нет", "keine", "keiner", "0.0"})
_NO_DATES = frozenset(
    {"0000-00-00", "00/00/0000", "00.00.0000", "0000-00-00 00:00:00", "1899-12-30", "1899-12-31",
     "1900-01-00", "0001-01-01", "0001-01-01 00:00:00"}
)  # fmt: skip
WORDS = _MISSING | DOUBTFUL | _NO_NAMES | _NO_DATES | ERROR_VALUES

_TEMPLATE = re.compile(
    r"\{\{[^{}]{1,80}\}\}|\{%[^{}]{1,80}%\}|\*\|[A-Z0-9_:]{1,40}\|\*|%%?[A-Z][A-Z0-9_]{2,40}%%?"
    r"|\[\[[\w .|]{1,60}\]\]|\$\{[^{}]{1,80}\}|<%=?[^<>]{1,80}%>|#\{[^{}]{1,80}\}"
    r"|\{(?:first|last|full)[ _]?name\}",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|[A-Za-z][A-Za-z0-9]{1,15});")
_TAG = re.compile(
    r"</?(?:b|i|u|p|br|div|span|strong|em|font|a|td|tr|table|ul|ol|li|h[1-6]|img)\b[^<>]*>",
    re.IGNORECASE,
)
_MIME = re.compile(r"=\?[\w-]+\?[BbQq]\?[^?\s]*\?=")
_QUOTED_PRINTABLE = re.compile(r"(?:=[C-F][0-9A-F](?:=[89AB][0-9A-F])+)")
_PERCENT = re.compile(r"(?:%[C-F][0-9A-F](?:%[89AB][0-9A-F])+)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\/|_x[0-9A-F]{4}_")
_ESCAPED_X = re.compile(r"_x([0-9A-F]{4})_")
_FORMULA = re.compile(
    r"=\s*[A-Za-z]{2,}[A-Za-z.]*\(.*\)\s*|=\s*\$?[A-Z]{1,3}\$?\d{1,7}\b.*", re.DOTALL
)
_FLOAT = re.compile(r"\d{3,}\.0")
# In a name every ? at a letter; in an address only within a word that is no link.
_LOST_LETTER = re.compile(r"[^\W\d_]\?|\?[^\W\d_]")
_LOST_IN_WORD = re.compile(r"(?<!\S)[^\s/=]*[^\W\d_]\?+[^\W\d_][^\s/=]*(?!\S)")
_LOST_IN = {"name": _LOST_LETTER, "city": _LOST_LETTER, "address": _LOST_IN_WORD}
# A Latin letter, or two and more of another script, as UTF-7 has them.
UTF7 = re.compile(r"\+A[A-Z][A-Za-z0-9+/]-|\+[AB][A-Za-z0-9+/]{5,}-")
# Any text that is in one of these notations has one of these characters.
SUSPECT = re.compile(r"[&<%=\\{\[#*_?+]|\.0$")


def remnant(text: str, role: str) -> Problem | None:
    """Return what is wrong with a cell that holds no value, or a value in another notation.

    Args:
        text: Not empty.
        role: What the column holds.
    """
    bare = text.strip()
    if role not in STRICT:
        if bare in WORDS or _ERROR_CODE.fullmatch(bare):
            return _word(bare, role)
        template = _TEMPLATE.search(bare)
        if template is not None:
            return _error(
                "TEXT_TEMPLATE",
                Message("{value} is a placeholder that was never filled in", value=template[0]),
                text,
            )
    elif role != "rule" and (bare in ERROR_VALUES or _ERROR_CODE.fullmatch(bare)):
        return _word(bare, "text")
    if role == "rule" or not SUSPECT.search(bare):
        return None
    return _notation(text, bare, role)


def is_doubtful_in(role: str) -> bool:
    """Whether a word of ``DOUBTFUL`` may be a missing value in a column that holds *role*."""
    return role not in STRICT and role not in _PLAIN


def _word(bare: str, role: str) -> Problem | None:
    if bare in ERROR_VALUES or _ERROR_CODE.fullmatch(bare):
        return _error(
            "CELL_ERROR",
            Message(
                "{bare} is what a spreadsheet program shows instead of a value; correct it "
                "in the file that this one comes from",
                bare=bare,
            ),
            bare,
        )
    if bare in DOUBTFUL and is_doubtful_in(role):
        return Problem(
            "VALUE_PLACEHOLDER",
            Message(
                "{bare!r} may be a missing value rather than a {role}",
                bare=bare,
                role=Message(role.replace("_", " ")),
            ),
            value=bare,
            severity=Severity.WARNING,
        )
    is_missing = bare in _NO_DATES or (bare in _MISSING and (role in _WORDY or len(bare) > 2))
    if is_missing or (bare in _NO_NAMES and role in ("name", "city")):
        return _error(
            "VALUE_PLACEHOLDER",
            Message(
                "{bare!r} stands for a missing value; clear the cell, or give its meaning by "
                "values: in the mapping",
                bare=bare,
            ),
            bare,
        )
    return None


def _notation(text: str, bare: str, role: str) -> Problem | None:
    if _MIME.search(bare):
        return _encoded(text, _decoded_header(bare), "a line of an e-mail")
    if _FORMULA.fullmatch(bare):
        return _error(
            "FORMULA_AS_TEXT",
            Message(
                "{bare} is a formula written as text; paste its result as a value", bare=bare[:40]
            ),
            text,
        )
    if role in STRICT:
        return None
    if "&" in bare and _ENTITY.search(bare) and html.unescape(bare) != bare:
        return _encoded(text, html.unescape(html.unescape(bare)), "a web page")
    if "<" in bare and _TAG.search(bare):
        problem = _error(
            "TEXT_MARKUP",
            Message("{bare!r} has HTML tags in it; remove them", bare=bare[:40]),
            text,
        )
        return problem if role in _WORDY else _as_warning(problem)
    is_address = "://" in bare or bare.startswith("www.")
    if not is_address and _PERCENT.search(bare):
        return _encoded(text, _from_bytes(unquote_to_bytes(bare)), "a web address")
    if _QUOTED_PRINTABLE.search(bare):
        return _encoded(text, _from_bytes(unquote_to_bytes(bare.replace("=", "%"))), "an e-mail")
    if "+" in bare and UTF7.search(bare) and (meant := _from_utf7(bare)):
        return _encoded(text, meant, "UTF-7")
    if _ESCAPE.search(bare):
        return _escaped(text, bare, role)
    return _shape(text, bare, role)


def _escaped(text: str, bare: str, role: str) -> Problem | None:
    if _ESCAPED_X.search(bare):
        meant = _ESCAPED_X.sub(lambda match: chr(int(match[1], 16)), bare)
        return _encoded(text, " ".join(meant.split()), "a workbook's XML")
    try:
        meant = json.loads(f'"{bare}"') if '"' not in bare else ""
    except ValueError:
        meant = ""
    if not meant and role not in _SHORT:
        return None
    return _encoded(text, meant, "JSON")


def _shape(text: str, bare: str, role: str) -> Problem | None:
    if bare[0] in "[{" and role not in ("tags", "address"):
        try:
            is_json = isinstance(json.loads(bare), dict | list)
        except (ValueError, RecursionError):
            is_json = False
        if is_json:
            return _error(
                "TEXT_MARKUP", Message("{bare} is JSON, not one value", bare=bare[:40]), text
            )
    if _FLOAT.fullmatch(bare):
        problem = _error(
            "NUMBER_FLOAT",
            Message(
                "{bare} is a whole number that a program has turned into a decimal; format "
                "the column as text and export it again",
                bare=bare,
            ),
            text,
        )
        return _as_warning(problem) if role in ("text", "address") else problem
    if (lost := _LOST_IN.get(role)) and lost.search(bare):
        if bare.find("?") == len(bare) - 1:  # Jos?, but also Anna?
            return _error(
                "TEXT_LOST",
                Message(
                    "{bare!r} ends with a question mark: a letter that an earlier program could not "
                    "write, or a doubt; export the data again as UTF-8, or remove the mark",
                    bare=bare[:40],
                ),
                text,
            )
        return _error(
            "TEXT_LOST",
            Message(
                "{bare!r} has a question mark where an earlier program could not write a "
                "letter; export the data again as UTF-8",
                bare=bare[:40],
            ),
            text,
        )
    return None


def _encoded(text: str, meant: str, where: str) -> Problem:
    said = Message(": {meant!r} was meant", meant=meant[:60]) if meant and meant != text else ""
    return _error(
        "TEXT_ENCODED",
        Message(
            "{text!r} is written as in {where}{said}; enter it as plain text",
            text=text.strip()[:60],
            where=where,
            said=said,
        ),
        text,
    )


def _decoded_header(text: str) -> str:
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return ""


def _from_utf7(text: str) -> str:
    try:
        meant = text.encode("ascii").decode("utf-7")
    except UnicodeError:
        return ""
    letters = [char for char in meant if char > "\x7f"]
    return meant if letters and all(char.isalpha() and char < "\u0600" for char in letters) else ""


def _from_bytes(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _error(code: str, message: str, value: str) -> Problem:
    return Problem(code, message, value=value)


def _as_warning(problem: Problem) -> Problem:
    return Problem(problem.code, problem.message, value=problem.value, severity=Severity.WARNING)
