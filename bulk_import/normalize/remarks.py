"""Remarks that say no: "please do not e-mail" in a note, "unsubscribed" among tags; in nine languages.

Text in, the words that say no out. A remark is written for people and may be about anything, so only
what can mean nothing else is a refusal of e-mail.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from bulk_import.normalize.consent import folded_words, listed, strong_words

_MAILS = "(?:e ?mails?|mails?|mailings?|newsletters?|offers?|promotions?|anything)"
_ANY = "(?:(?:any|all|more|our|the|your|further|marketing|no) )*"
_WHOM = "(?:(?:h(?:im|er)|them|me|us) )?"
_NEVER = "(?:not|dont|doesnt|didnt|never|no longer|no more)"
# In a remark written for people ("asked us on 3 May not to be e-mailed any more") nothing else is meant.
_REFUSED = rf"""
un ?subscri\w*|unsub|opt(?:s|ed|ing)? ?out|hard ?bounce[ds]?|e ?mails? bounce[ds]?|
(?:do not|dont|never|no longer|no more|not to) (?:contact|e ?mail|mail|market|newsletters?)|
(?:do not|dont|never|no longer|no more|not to) write(?: to)?(?: h(?:im|er)| them| me| us)?|
(?:do not|dont|never|no longer|no more|not to) send {_WHOM}{_ANY}{_MAILS}|
{_NEVER} (?:want\w* |wish\w* |like )?(?:to )?(?:be|get|being) (?:contacted|e ?mailed|mailed|marketed)|
{_NEVER} (?:want\w* |wish\w* |like )?(?:to )?(?:be|get|being) (?:written|sent {_ANY}{_MAILS})|
{_NEVER} (?:want\w*|wish\w*|like|to (?:receive|get))(?: to)?(?: receive| get)? {_ANY}{_MAILS}|
stop (?:all )?(?:contacting|e ?mailing|mailing|writing|e ?mails|mails|newsletters?)|
stop (?:all )?sending {_WHOM}{_ANY}{_MAILS}|
(?:ask(?:s|ed)|want(?:s|ed)?|wishe[sd]|request(?:s|ed)) (?:us )?(?:for )?no (?:contact|{_ANY}{_MAILS})|
no (?:more e ?mails?|more mails?|e ?mails|mailings?|newsletters?|marketing)|
(?:remov\w+|delet\w+|tak\w+) {_WHOM}(?:off )?(?:from )?{_ANY}(?:(?:mailing|e ?mail|newsletter) )*lists?|
(?:remov\w+|delet\w+|tak\w+) {_WHOM}(?:off |from ){_ANY}(?:mailings?|newsletters?)|
отписа\w+|отпиши\w*|отписк\w+|без рассыл\w+|
не (?:надо |нужно |стоит )?(?:больше )?(?:писать|пишите|отправлять|отправляйте|присылать|присылайте)|
не (?:надо |нужно |стоит )?(?:больше )?(?:слать|шлите|рассылать|беспокоить|беспокойте|связываться)|
отказ\w*(?: \w+)? от (?:всех )?(?:рассыл\w+|писем|e ?mail\w*)|
(?:удали\w+|убра\w+|уберите|исключи\w+)(?: \w+)? из (?:списка )?рассыл\w+|
не (?:хочет|желает) (?:больше )?(?:получать|писем|рассыл\w+)|
vom newsletter ab\w*|newsletter (?:abbestellt|abgemeldet|gekundigt)|abbestellt|
nicht (?:mehr )?(?:per (?:e )?mail )?(?:anschreiben|angeschrieben|kontaktieren|kontaktiert)|
keine (?:weiteren |werbe ?)?(?:e ?mails?|mails|newsletter|werbung)|keinen newsletter|
desabonn\w+|desinscri\w+|plus d ?e ?mails?|
ne (?:pas|plus|veut plus|souhaite plus|desire plus)(?: etre)? (?:contacte\w*|ecrire|envoyer)|
ne (?:veut|souhaite|desire) plus(?: recevoir)? (?:d ?e ?mails?|de (?:mails?|newsletters?|publicites?))|
dad[oa] de baja|(?:se )?dio de baja|desuscri\w+|no (?:contactar|escribir|enviar)(?: mas)?|
no (?:quiere|desea) (?:recibir|mas) (?:mas )?(?:correos?|e ?mails?|publicidad|newsletters?|boletines)|
nao (?:quer receber|deseja receber|contatar|contactar|escrever|enviar)(?: mais)?|descadastr\w+|
non (?:vuole|desidera) (?:piu )?(?:ricevere|e ?mail)|non (?:contattare|scrivere|inviare)|disiscri\w+|
wypisa\w+|nie (?:chce (?:otrzymywac|maili|wiadomosci)|kontaktowac|wysylac|pisac)|
abonelikten \w+|iletisime gecme\w*|(?:mail|e posta) (?:atma\w*|gonderme\w*|istemiyor)|
відписа\w+|не (?:писати|надсилати|турбувати)"""
_CHANNELS = (
    "calls?|phones?|telefon\\w*|телефон\\w*|звон\\w+|sms|смс|texts?|fax|push|post|letters?|courrier|"
    "whats ?app|вотсап\\w*|ватсап\\w*|viber|вайбер\\w*|telegram|телеграм\\w*|linkedin|facebook|instagram"
)
_BY = "by|via|of|from|on|over|through|per|par|por|po|по|в|на"
# How the first words of these phrases begin.
_FIRST_WORDS = """
un unsu opt opts opte opti opto hard e emai mail do don dont does didn neve no not n stop ask asks aske want
wish requ remo dele tak take taki отпи не без отка удал убра убер искл vom news abbe nich kein desa desi dés
désa dési ne plus dado dada dio se desu desc nao não disi non wypi nie abon ilet post відп
"""
_WORD = re.compile(r"[^\W_]+")
_DENIALS = frozenset("not never didnt doesnt isnt hasnt wasnt не nicht pas nie".split())
# Strong words that in a remark may be about an order, a course, a quarrel.
_NOT_OF_MAIL = """
complaint|complained|жалоба|пожаловался|пожаловалась|недоставлено|не доставлено|не доставляется|
abmeldung|abgemeldet|abgemeldete|nicht angemeldet|widerruf|widerrufen|widersprochen|beschwerde|ausgetragen|
plainte|non inscrit|non inscrite|queja|reclamacao|reclamacion|reclamo|nao inscrito|nao inscrita|
non iscritto|non iscritta|baja|de baja|skarga|rezygnacja|zrezygnowal|zrezygnowala|niezapisany|niezapisana|
odbity|odbita|sikayet|sikayet etti|onay yok|izin yok|izinsiz|izni yok|geri dondu|rimbalzato|rimbalzata|
rebotado|rebotada|черный список|в черном списке|blacklisted|black listed|on blacklist|suppressed|
undeliverable|schwarze liste|liste noire|lista negra|lista nera|czarna lista|
kara liste|kara listede|退会|退会済み|登録解除
"""


@lru_cache(maxsize=4096)
def refusal_in(text: str) -> str:
    """Return the words by which a remark says that the person wants no e-mail; ``""`` when none do.

    What is not wanted by phone or in a messenger alone, and a refusal that is denied, are none.

    >>> refusal_in("VIP; asked on 3 May: please do not e-mail!"), refusal_in("do not call before 9")
    ('do not e mail', '')
    """
    if not _may_refuse(text):
        return ""
    for part in re.split(r"[,;|\n]", text):  # a list of tags, among them "unsubscribed"
        if (words := folded_words(part)) in _phrases():
            return words
    words = folded_words(text)
    for found in _patterns()[0].finditer(words):
        before, after = words[: found.start()].rsplit(None, 2)[-2:], words[found.end() :]
        is_elsewhere = bool(_patterns()[1].match(after))
        if is_elsewhere and found[0].startswith(("opt", "un")):  # "opted out by phone" is of all
            is_elsewhere = after.startswith((" of ", " from "))
        if not (_DENIALS.intersection(before) or is_elsewhere):
            return found[0]
    return ""


def _may_refuse(text: str) -> bool:
    """Whether a word begins as a refusal does: folding a long text costs ten times as much."""
    plain = unicodedata.normalize("NFC", text).casefold()
    return not _beginnings().isdisjoint([word[:4] for word in _WORD.findall(plain)])


@cache
def _beginnings() -> frozenset[str]:
    words = {phrase.split()[0][:4] for phrase in _phrases()}
    return frozenset(words) | frozenset(_FIRST_WORDS.split())


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A refusal, and the words after it that say that another channel is meant."""
    refused = _REFUSED.replace("\n", "")
    elsewhere = rf"(?: \w+){{0,2}} (?:{_BY}) (?:\w+ )?(?:{_CHANNELS})"
    return re.compile(rf"(?<!\w)(?:{refused})(?!\w)"), re.compile(rf"{elsewhere}(?!\w)")


@cache
def _phrases() -> frozenset[str]:
    """What alone, as a tag, says no."""
    return strong_words() - listed(_NOT_OF_MAIL)
