"""Columns that say who may be written to: recognised, judged, and the rule that respects them.

``init`` proposes the rules, ``check``, the plan and the page count what says no and would be sent.
A column is recognised by its header; for a plain ``Status`` the cells decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bulk_import.errors import Message
from bulk_import.models import Problem, Severity
from bulk_import.normalize.consent import (
    answers_no,
    folded_cell,
    is_no,
    is_yes,
    plain_no,
    refuses,
    says_subscribed,
    says_unsubscribed,
    undated,
)
from bulk_import.normalize.folding import fold
from bulk_import.normalize.remarks import refusal_in, refusals_in

EMPTY = "empty"  # in a rule's values: the cell is empty
SAYS_NO = (
    "says no"  # in a rule's values: the cell has words that say no, such as "please do not e-mail"
)


class Speaks(StrEnum):
    """How the cells of a consent column are to be read."""

    OF_REFUSAL = "refusal"  # "Unsubscribed": whatever is not an explicit no is a refusal
    OF_CONSENT = "consent"  # "Opted in": a no, or a word such as "unsubscribed", is a refusal
    OF_STATE = "state"  # "Status": only words such as "unsubscribed" are
    OF_REMARKS = (
        "remarks"  # "Notes", "Tags": texts in which words such as "do not e-mail" may stand
    )
    OF_DETAIL = "detail"  # "Newsletter since": a date or a source, or an explicit "no" in its place
    OF_CODE = "code"  # "Newsletter language": the same, but "NO" is Norwegian
    OF_TERMS = "terms"  # "Subscription plan": only words such as "unsubscribed" are a refusal


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """A rule for a mapping, as ``init`` writes it.

    Attributes:
        section: ``skip`` or ``only``.
        values: What the rule's ``values:`` holds; ``empty`` for an empty cell, ``says no`` for a
            remark that says so.
        because: What the report says of the rows.
    """

    section: str
    column: str
    values: tuple[str, ...]
    because: str


# Patterns of folded headers, one line for each language or two.
_REASONS = {
    "bounced": r"""
bounce\w*|undeliverable|quarantined?|(?:e ?mail )?(?:address )?invalid(?: e ?mail\w*)?|cleaned|
возврат\w*|недоставл\w+|unzustellbar\w*|rebond\w*|rebot\w+|rimbalz\w+|odbit\w+|zwrot(?:y|ow|u)?""",
    "complained": r"""
complain\w*|spam(?: complaints?| reports?)?|abuse|жалоб\w+|beschwerden?|plaintes?|
quejas?|reclamac\w+|reclam[oi]|skarg\w+|sikayet\w*""",
    "blocked": r"""
black ?list\w*|block ?list\w*|blocked|suppress\w*|черн\w+ спис\w+|чс|заблокирован\w*|
schwarze liste|gesperrt|blockiert|liste noire|bloquee?|lista negra|bloquead[oa]|
lista nera|bloccat[oa]|czarna lista|zablokowan\w+|kara liste|engellen\w+""",
    "asked not to be contacted": r"""
(?:do not|dont|no) (?:contact|e ?mails?|mail|mailings?|market\w*|send|disturb)|dnc|
stop (?:all )?(?:e ?mail|mail|newsletter|sending|writing|contact)\w*|
(?:do not|dont|not) allow (?:bulk )?(?:e ?mails?|marketing)|
не (?:писать|отправлять|беспокоить|связываться|присылать)|
nicht (?:anschreiben|kontaktieren|schreiben)|keine werbung|
ne (?:pas|plus) (?:contacter|ecrire|envoyer)|no (?:contactar|enviar|escribir)|
nao (?:contatar|contactar|enviar)|non (?:contattare|inviare)|
nie (?:kontaktowac|wysylac|pisac)|iletisime gecme\w*|gonderme\w*""",
    "unsubscribed": r"""
un ?subscri\w*|unsub\w*|not subscribed|opt(?:ed|s)? ?outs?|has opted out\w*|optout\w*|opt off|
withdrawn|withdrawal|revoked|objected|objection|
отписа\w+|отписк\w+|отказ\w*(?: от)?(?: рассыл\w+)?|отозва\w+|
abgemeldet\w*|abbestell\w+|abmeld\w+|ausgetragen|austrag\w*|widerruf\w*|widerspr\w+|werbewiderspr\w+|werbesperr\w*|mailsperr\w*|sperrvermerk\w*|sprzeciw\w*|
desabonn\w*|desinscri\w*|refus\w*|opposition|
bajas?|dad[oa]s? de baja|desuscri\w*|descadastr\w+|cancelou|
(?:inscric|suscripci|iscrizion)\w+ (?:cancela|annulla|revoca)\w+|disiscri\w+|
wypis\w*|wyrejestr\w+|rezygnac\w+|wycofan\w*|
uitgeschreven|afgemeld|afmelding|uitschrijv\w+|
abonelikten \w+|aboneli\w+ iptal\w*|listeden (?:cik|ayril)\w+|
відпис\w+|odhlas\w+|avregistr\w+|avprenumer\w+|avmeldt?|afmeldt|frameld\w+|dezabon\w+|
leiratkoz\w+|退会\w*|配信(?:停止|拒否|不要|不可)\w*|已?退[订訂]\w*|取消订阅|수신 ?거부\w*|구독 ?취소""",
}
_CONSENT = r"""
opt(?:ed|s)? ?ins?|has opted in\w*|double opt ?in|doi|subscri(?:bed?|ber|ptions?)|newsletters?|
consent\w*|permissions?|gdpr|agree[sd]?|agreement|allowed|(?:e ?mail )?marketing|
accept(?:s|ed)? (?:e ?mails?|newsletters?)|wants (?:newsletters?|e ?mails?)|
(?:can|may|ok to|okay to) (?:be |we )?(?:e ?mail|contact|send|sent|writ|mail)\w*|mailings?|
(?:join|on|in) (?:the |our |your )?mailing lists?|
promotional e ?mails?|e ?mail promotions?|receives? (?:e ?mails?|newsletters?|promotions?)|
подпис\w+|рассылк\w+|получать (?:письм\w+|e ?mail\w*)|новост\w+|согласи\w+|согласен|согласна|разреш\w+|
einwillig\w*|zustimm\w*|abonn\w*|werbung|werbeeinwillig\w*|angemeldet|erlaubnis|dsgvo|
consentement|inscrit\w*|lettres? d ?info\w*|infolettre|accord|accept\w+|autoris\w+|rgpd|
consentimiento|suscri\w+|boletin\w*|acepta\w*|autoriza\w*|permiso|
consentimento|inscric\w+|aceit\w+|permissao|lgpd|
consenso|iscri\w+|accett\w+|autorizzaz\w+|
zgod\w+|subskryb\w+|zapisan\w+|biuletyn\w*|rodo|
nieuwsbrie\w+|souhlas\w*|nyhetsbrev\w*|nyhedsbrev\w*|samtycke\w*|toestemming\w*|ingeschreven|aangemeld|
abone|abonelik|onay\w*|izin\w*|izni|bulten\w*|riza\w*|kvkk|
розсил\w+|згод[аи]|hirlevel\w*|hozzajarul\w*|consimt\w+|samtykke\w*|メルマガ\w*|配信希望|受信許可|
订阅\w*|訂閱\w*|接受营销|(?:이메일|메일|마케팅) ?수신 ?동의|수신 ?동의"""
_STATE = "status(?:es)?|state|статус\\w*|состояние|statut|etat|estado|situacao|stato|stan|durum\\w*"
_REMARKS = r"""
notes?|comments?|remarks?|memos?|observations?|(?:contact |customer |client )?(?:description|details|info)|
tags?|labels?|keywords|groups?|segments?|lists?|categor\w+|preferences?|lifecycle|reasons?|
групп[аы]|сегмент\w*|категори\w+|списк\w+|kategori\w*|gruppen?|segmente|
groupes?|grupos?|gruppi|segmentos?|listas?|
примечани\w+|комментари\w+|заметк\w+|пометк\w+|теги?|метк[аи]|коммент\w*|примітк\w+|коментар\w*|
bemerkung\w*|notiz\w*|anmerkung\w*|kommentar\w*|hinweis\w*|schlagworte?|
remarques?|commentaires?|etiquettes?|notas?|observacion\w*|comentario\w*|etiquetas?|observac\w+|
osservazion\w+|commenti?|etichett\w+|uwagi|notatk\w+|komentarz\w*|etykiet\w+|not(?:lar)?|aciklama\w*|etiket\w*|
opmerking\w*|poznamk\w+|anteckning\w*|備考|メモ|备注|備註|메모|비고"""
# Says why, where or how much, but not yes or no.
_CIRCUMSTANCES = (
    "links?|urls?|pages?|tokens?|rates?|ratio|percent|keys?|ids?|ссылк\\w+|lien|enlace|процент"
)
_SUBSCRIPTION = (
    r"subscri\w+|подписк\w+|abonn\w*|suscri\w+|abone\w*|subskryp\w+|abbonament\w*|assinatura\w*"
)
# A date of a refusal is a refusal. Of a consent it is a detail, and so are its source and its form.
_OF_A_YES = r"""
dates?|time|timestamp|at|since|when|sources?|methods?|ip|text|wording|version|form|type|name|starts?|
(?:by|via)(?! (?:e ?mail|mail|post|newsletter))|channel|proof|
дата|дату|время|когда|источник|способ|метод|форма|канал|версия|текст|кем|
datum|zeit|zeitpunkt|uhrzeit|zeitstempel|am|seit|quelle|herkunft|weg|art(?! \d)|durch|nachweis|kanal|
heure|le|depuis|origine|moyen|fecha|hora|desde|origen|fuente|
(?<!personal )(?<!my )data(?! (?:process|protect|priva|us|stor|shar|transf|collect|treat|handl)\w*)|
quando|origem|fonte|dal|
zrodlo|kiedy|od|kaynak|tarih\w*|saat\w*|sinds|datoen?|siden|sedan|kalla"""
_OF_CODES = r"""
language|lang|locale|country|region|sprache|land|язык|страна|регион|мова|країна|langue|pays|idioma|pais|
lingua|paese|jezyk|kraj|dil|ulke|taal|sprak|sprog"""
# What is subscribed to for money has these; a "no" in them is about the money.
_OF_TERMS = r"""
plan|count|number|price|amount|level|tier|period|fee|ends?|end date|expir\w+|renew\w*|auto ?renew\w*|
until|frequency|rates?|ratio|percent|процент|
дней|тариф|цена|срок|продлен\w+|окончан\w+|laufzeit|preis|anzahl|ende|bis|verlangerung|
prix|nombre|fin|precio|numero|prezzo|scadenza|cena|liczba|koniec|ilosc"""
# These, where a subscription may be one for money as well.
_OF_A_SUBSCRIPTION = "type|name|version|тип|название|вид|typ|art|nom|nombre|nome|tipo|nazwa|rodzaj"
_OTHER_CHANNEL = r"""
calls?|phones?|sms|texts?|fax|whats ?app|viber|telegram|push|voice|mobile|post(?:al)?|direct mail|
print|anruf\w*|telefon\w*|звон\w+|смс|appels?|llamad\w+|ligac\w+|chiamat\w+|arama\w*"""
# Consent to something else than being written to.
_OTHER_USE = r"""
profil(?:ing|azione|owani[ea]|age|ierung|acion|acao)|cookies?|third part(?:y|ies)|terze parti|dritte|
tiers|terceros|terceiros|photos?|images?|bildrechte|droit a l image|"""
_ANY_MAIL = "e ?mails?|mails?|newsletters?|почт\\w+|correo|courriel"
_NO = "no|not|non|без|нет|не|keine?|ohne|nicht|sin|sem|nao|senza|bez|brak|pas de|sans"
_WITHDRAWN = (
    "withdrawn|revoked|отозван\\w+|widerrufen|yok|wycofan\\w+|"
    "cancell?ed|cancelad[oa]s?|cancellat[oaie]|anulad[oa]s?|annull?[eé]e?s?|annullat[oaie]|"
    "отмен[её]н\\w*|прекращен\\w*|gek[uü]ndigt|storniert|anulowan\\w+|iptal"
)


def _word(pattern: str) -> re.Pattern[str]:
    joined = pattern.replace("\n", "")
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w)")


_REASON_WORDS = tuple((because, _word(pattern)) for because, pattern in _REASONS.items())
_NEGATED = _word(
    f"(?:{_NO}) (?:de |da |di )?(?:{_CONSENT})|(?:{_CONSENT}) (?:{_WITHDRAWN})|"
    f"(?:{_WITHDRAWN}) (?:de |da |di |a |la |el |the |al )*(?:{_CONSENT})"
)
_CONSENT_WORD, _STATE_WORD = _word(_CONSENT), _word(_STATE)
_REMARKS_WORD = _word(_REMARKS)
_CIRCUMSTANCE, _YES_DETAIL = _word(_CIRCUMSTANCES), _word(_OF_A_YES)
_CODE_WORD, _TERMS_WORD = _word(_OF_CODES), _word(_OF_TERMS)
_SUBSCRIPTION_WORD, _ITS_KIND = _word(_SUBSCRIPTION), _word(_OF_A_SUBSCRIPTION)
_CHANNEL, _MAIL = _word(_OTHER_CHANNEL), _word(_ANY_MAIL)
_OTHER = _word(_OTHER_USE.strip().rstrip("|"))
_MARKETING = _word(f"{_ANY_MAIL}|marketing|рекламн\\w+|werbung|pubblicita")
# How often mail came back: one soft bounce is no reason to leave somebody out.
_COUNT_OF_BOUNCES = _word("soft|counts?|number|anzahl|nombre|numero|liczba|число|количество|ile")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_DETAILS = (Speaks.OF_DETAIL, Speaks.OF_CODE, Speaks.OF_TERMS)
_NO_LETTER = re.compile(r"[\d\s.:,/+TZ-]*$")  # dates and numbers, which most details are
_LONGEST_CODE = 2
_MOST_VALUES = 40  # distinct cells that init writes into a rule
_NO_VALUES = (EMPTY, "no", "false", "0")
_YES_VALUES = ("yes", "true", "1")
_STATE_VALUES = (
    "unsubscribed", "opted out", "do not contact", "bounced", "cleaned", "complained", "blocked"
)  # fmt: skip


@lru_cache(maxsize=2048)
def speaks_of(header: str) -> Speaks | None:
    """Return how a column of that name speaks of consent; ``None`` when it does not.

    >>> speaks_of("Unsubscribed from all email"), speaks_of("E-mail opt-in"), speaks_of("City")
    (<Speaks.OF_REFUSAL: 'refusal'>, <Speaks.OF_CONSENT: 'consent'>, None)
    """
    words = _header_words(header)
    return _of_consent(words) or (Speaks.OF_REMARKS if _REMARKS_WORD.search(words) else None)


def _of_consent(words: str) -> Speaks | None:
    """Return how a header speaks that names consent, a refusal or a state."""
    if not words:
        return None
    if _CHANNEL.search(words) and not _MAIL.search(words):
        return None
    if _OTHER.search(words) and not _MARKETING.search(words):
        return None
    if _reason(words) == "bounced" and _COUNT_OF_BOUNCES.search(words):
        return None
    is_circumstance = bool(_CIRCUMSTANCE.search(words))
    if _STATE_WORD.search(words):
        return None if is_circumstance else Speaks.OF_STATE
    if _NEGATED.search(words) or _reason(words):
        return None if is_circumstance else Speaks.OF_REFUSAL
    if not _CONSENT_WORD.search(words):
        return None
    return _of_detail(words) or (Speaks.OF_DETAIL if is_circumstance else Speaks.OF_CONSENT)


def _of_detail(words: str) -> Speaks | None:
    """Return how a header speaks that names a detail of a consent."""
    if _CODE_WORD.search(words):
        return Speaks.OF_CODE
    if _TERMS_WORD.search(words):
        return Speaks.OF_TERMS
    if _SUBSCRIPTION_WORD.search(words) and _ITS_KIND.search(words) and not _MAIL.search(words):
        return Speaks.OF_TERMS
    return Speaks.OF_DETAIL if _YES_DETAIL.search(words) else None


def says_no(speaks: Speaks, cell: str) -> bool:
    """Whether a cell of such a column says that the person must not be written to.

    An empty cell says nothing. In a column of refusals everything does that is no plain "no":
    dates, reasons, a cross.
    """
    if not cell.strip():
        return False
    if speaks is Speaks.OF_REFUSAL:
        return not (is_no(cell) or says_subscribed(cell))
    if speaks is Speaks.OF_CONSENT:
        said = is_no(cell) or says_unsubscribed(cell, also_weak=True)
        return said or is_no(undated(cell)) or answers_no(cell) or bool(refusal_in(cell))
    if speaks is Speaks.OF_REMARKS:
        return bool(refusal_in(cell))
    if speaks is Speaks.OF_DETAIL:
        return not _NO_LETTER.match(cell) and (answers_no(cell) or refuses(cell))
    if speaks is Speaks.OF_CODE:
        return len(plain_no(cell)) > _LONGEST_CODE or refuses(cell)
    return says_unsubscribed(cell)


def words_say_no(column: str, cell: str) -> bool:
    """Whether a cell is one that `says no` means in a rule of that column."""
    speaks = speaks_of(column)
    return bool(refusal_in(cell)) or (speaks is not None and says_no(speaks, cell))


def keeps_refusals(column: str) -> bool:
    """Whether nothing but what says no is kept of a column: its cells are different in every row."""
    return speaks_of(column) in (Speaks.OF_REMARKS, *_DETAILS)


def heard(column: str, cell: str) -> str:
    """Return what has to be kept of one cell of a column that speaks of consent.

    That is the cell; of a remark, which may be long and is different in every row, the words that
    say no; of a detail of a consent the cell if it says no.
    """
    return all_heard(column, [cell])[0]


def all_heard(column: str, cells: Sequence[str]) -> Sequence[str]:
    """Return ``heard`` of each of *cells*, at a fraction of its cost where most do not say no."""
    speaks = speaks_of(column)
    if speaks is Speaks.OF_REMARKS:
        return refusals_in(cells)
    if speaks in _DETAILS:
        return [cell if says_no(speaks, cell) else "" for cell in cells]
    return cells


def refusing_cells(header: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Return the cells of a column that say no, and how many rows have each.

    Args:
        counts: Cell -> rows, empty cells included or not.

    Returns:
        Nothing when the column does not speak of consent after all: ``Subscription: Monthly``.
    """
    speaks = speaks_of(header)
    filled = {cell: n for cell, n in counts.items() if cell.strip()}
    if speaks is None or not _is_meant(header, speaks, filled):
        return {}
    also_weak = speaks is Speaks.OF_STATE and _is_of_subscriptions(header, filled)
    return {
        cell: n
        for cell, n in filled.items()
        if says_no(speaks, cell) or (also_weak and says_unsubscribed(cell, also_weak=True))
    }


def propose_rule(header: str, counts: Mapping[str, int]) -> ConsentRule | None:
    """Return the rule that respects a column; ``None`` when it does not speak of consent.

    A column of refusals gives ``only`` with the plain "no"s, so that a value never seen before is
    not sent; one of consent gives ``only`` with the values that say yes, when all are understood,
    and so does one of states when some of them are plain consents.

    Args:
        counts: Cell -> rows of the file, or of its beginning.
    """
    speaks = speaks_of(header)
    filled = {cell: n for cell, n in counts.items() if cell.strip()}
    if speaks is None or not filled or not _is_meant(header, speaks, filled):
        return None
    because = _reason(_header_words(header))
    if keeps_refusals(header):
        said = any(says_no(speaks, cell) for cell in filled)
        why = "asked not to be contacted" if speaks is Speaks.OF_REMARKS else "no consent"
        return _rule("skip", header, (SAYS_NO,), why) if said else None
    if speaks is Speaks.OF_REFUSAL:
        agreed = (cell for cell in filled if not says_no(speaks, cell))
        return _rule("only", header, (*_NO_VALUES, *agreed), because or "no consent")
    if speaks is Speaks.OF_CONSENT:
        if all(_is_understood(cell) for cell in filled):
            agreed = (cell for cell in filled if not says_no(speaks, cell))
            return _rule("only", header, (*_YES_VALUES, *agreed), "no consent")
        refused = [cell for cell in filled if says_no(speaks, cell)]
        return _rule("skip", header, (*_NO_VALUES, *refused), "no consent")
    refused = list(refusing_cells(header, filled))
    if not refused and not any(says_subscribed(cell) for cell in filled):
        return None
    if any(_is_plain_consent(cell) for cell in filled):  # states never seen before are no consent
        agreed = (cell for cell in filled if says_subscribed(cell) and cell not in refused)
        return _rule("only", header, agreed, because or "not subscribed")
    return _rule("skip", header, (*_STATE_VALUES, *refused), because or "unsubscribed")


class ConsentWatch:
    """Counts, in the consent columns of rows that would be sent, the cells that say no."""

    def __init__(self, header: Sequence[str]) -> None:
        self._rows = 0
        self._counts: dict[str, Counter[str]] = {
            column: Counter() for column in header if speaks_of(column)
        }

    @property
    def is_watching(self) -> bool:
        """Whether the file has any column that may speak of consent."""
        return bool(self._counts)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._counts)

    def see(self, cells: Mapping[str, str], rows: int = 1) -> None:
        """Count rows that would be sent and have these cells."""
        self._rows += rows
        for column, counter in self._counts.items():
            counter[heard(column, cells[column])] += rows

    def findings(self) -> list[Problem]:
        """Return what would be sent although a column says no; for each column."""
        found = []
        for column, counter in self._counts.items():
            refusing = Counter(refusing_cells(column, counter))
            if refusing:
                shown = ", ".join(repr(cell.strip()) for cell, _ in refusing.most_common(3))
                more = (
                    Message(" and {n} other ways", n=len(refusing) - 3) if len(refusing) > 3 else ""
                )
                values = {
                    "n": refusing.total(), "rows": self._rows, "shown": shown, "more": more,
                }  # fmt: skip
                if speaks_of(column) is Speaks.OF_REMARKS:
                    text = Message(
                        "{n:,} of {rows:,} rows have a remark such as {shown}{more} and would be "
                        "sent; a skip rule with the value `says no` keeps them back",
                        **values,
                    )
                else:
                    text = Message(
                        "{n:,} of {rows:,} rows say {shown}{more} and would be sent; a "
                        "skip or only rule in the mapping keeps them back",
                        **values,
                    )
                found.append(
                    Problem("CONSENT_IGNORED", text, column=column, severity=Severity.WARNING)
                )
        return found


def unheeded(findings: Iterable[tuple[str, Problem]]) -> list[str]:
    """Return the columns that say plainly that people must not be written to who would be.

    A remark ("please do not e-mail") is somebody's words, and may be about another thing.

    Args:
        findings: (source, problem).
    """
    found = [p.column for _, p in findings if p.code == "CONSENT_IGNORED"]
    return [name for name in dict.fromkeys(found) if speaks_of(name) is not Speaks.OF_REMARKS]


def _rule(section: str, column: str, values: Iterable[str], because: str) -> ConsentRule:
    kept: dict[str, str] = {}
    for value in values:
        kept.setdefault(folded_cell(value), value.strip())
    return ConsentRule(section, column, tuple(kept.values())[:_MOST_VALUES], because)


def _is_meant(header: str, speaks: Speaks, filled: Mapping[str, int]) -> bool:
    """Whether the cells fit what the header says."""
    if speaks is Speaks.OF_REMARKS or speaks in _DETAILS:
        return True
    if speaks is Speaks.OF_REFUSAL:
        words = _header_words(header)
        is_noun = _reason(words) == "bounced" and "bounced" not in words  # "Bounces", "Rebotes"
        return not (is_noun and _are_counts(filled))
    total = sum(filled.values())
    understood = sum(
        n for cell, n in filled.items() if _is_understood(cell) or _is_understood(undated(cell))
    )
    if speaks is Speaks.OF_CONSENT:
        return understood * 2 >= total
    also_weak = _names_subscriptions(header)
    return any(
        says_unsubscribed(cell, also_weak=also_weak) or _is_plain_consent(cell) for cell in filled
    )


def _are_counts(filled: Mapping[str, int]) -> bool:
    """Whether the cells are numbers of times ("Bounces: 3"), not a 0 or 1 that answers a question."""
    numbers = [cell.strip() for cell in filled if cell.strip().isdecimal()]
    return len(numbers) == len(filled) and any(1 < int(number) < 1000 for number in numbers)


def _is_of_subscriptions(header: str, filled: Mapping[str, int]) -> bool:
    """Whether a status is one of subscriptions: its weak words ("cleaned", "blocked") count too."""
    return _names_subscriptions(header) or any(
        says_unsubscribed(cell) or _is_plain_consent(cell) for cell in filled
    )


def _names_subscriptions(header: str) -> bool:
    """Whether a status says what it is of: "Email status", "Subscription state"."""
    words = _header_words(header)
    return bool(_CONSENT_WORD.search(words) or _MAIL.search(words))


def _is_plain_consent(cell: str) -> bool:
    """Subscribed and the like: words that a status of customers or orders does not have."""
    return says_subscribed(cell) and folded_cell(cell) in _PLAIN_CONSENT


_PLAIN_CONSENT = frozenset(
    "subscribed|opted in|opt-in|opted-in|marketing contact|подписан|подписана|abonniert|angemeldet|abonné|"
    "abonnée|inscrit|suscrito|suscrita|inscrito|iscritto|iscritta|zapisany|zapisana|subskrybuje|abone".split(
        "|"
    )
)


def _is_understood(cell: str) -> bool:
    return (
        is_yes(cell)
        or is_no(cell)
        or says_subscribed(cell)
        or says_unsubscribed(cell, also_weak=True)
        or answers_no(cell)
    )


def _reason(words: str) -> str:
    return next((because for because, word in _REASON_WORDS if word.search(words)), "")


def _header_words(header: str) -> str:
    return fold(_CAMEL.sub(" ", header).replace("_", " "))
