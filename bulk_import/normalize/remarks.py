"""Remarks that say no: "please do not e-mail" in a note, "unsubscribed" among tags; in nine languages.

Text in, the words that say no out. A remark is written for people and may be about anything, so only
what can mean nothing else is a refusal of e-mail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from bulk_import.normalize.consent import folded_words, is_no, listed, strong_words
from bulk_import.normalize.text import remembered

_APART = "\x1e"  # between texts that are looked at together: part of no word
_FEW = 4  # texts that are not halved any further

_MAILS = (
    "(?:e ?mails?|mails?|mailings?|newsletters?|offers?|promos?|promotions?|adverts?|advertis\\w+|"
    "spam|marketing|anything)"
)
_ANY = "(?:(?:any|all|more|our|the|your|further|marketing|promotional|commercial|of|no) )*"
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
{_NEVER} (?:want\w*|wish\w*|like) to hear (?:any ?more )?from|
{_NEVER} use (?:this|the|h(?:is|er)) e ?mail\w*|
not interested in {_ANY}(?:e ?mails?|mailings?|newsletters?)|
stop (?:all )?(?:contacting|e ?mailing|mailing|writing|e ?mails|mails|newsletters?)|
stop (?:all )?sending {_WHOM}{_ANY}{_MAILS}|
(?:ask(?:s|ed)|want(?:s|ed)?|wishe[sd]|request(?:s|ed)) (?:us )?(?:for )?no (?:contact|{_ANY}{_MAILS})|
no (?:more e ?mails?|more mails?|e ?mails|mailings?|newsletters?|marketing)|no e ?mail please|
(?:withdr[ae]w\w*|revok\w+|cancel\w+) (?:h(?:is|er) |their |the |all )?(?:marketing |e ?mail )?consents?|
consents? (?:(?:was|has been|is) )?(?:withdrawn|revoked)|right to (?:be forgotten|erasure)|
no further (?:contact|communications?|marketing|e ?mails?|mails?|mailings?|newsletters?)|suppression lists?|
cease (?:and desist )?(?:all )?(?:contact|communications?|e ?mails?|marketing)|
(?:do not|dont|never|not to be) used? (?:\w+ )?for (?:marketing|e ?mails?|mailings?|newsletters?|
advertising)|
not for (?:marketing|mailings?|newsletters?|advertising)|
(?:marked|reported|flagged)(?: \w+){{0,3}} as spam|spam complaint|complained (?:about|of) spam|
gdpr (?:delet|eras|remov)\w+|(?:delet\w+|eras\w+) (?:my|h(?:is|er)|their) (?:personal )?data|
(?:ask\w*|want\w*|wish\w*|request\w*) to be (?:removed|taken off)(?= please| asap|$)|
(?:remov\w+|delet\w+|tak\w+) {_WHOM}(?:off |from ){_ANY}(?:e ?mails?|communications?|data ?base|crm)|
(?:remov\w+|delet\w+|tak\w+) {_WHOM}(?:off )?(?:from )?{_ANY}(?:(?:mailing|e ?mail|newsletter) )*lists?|
(?:remov\w+|delet\w+|tak\w+) {_WHOM}(?:off |from ){_ANY}(?:mailings?|newsletters?)|
рассыл\w+ (?:отключ\w+|не нужн\w+|не надо|останов\w+)|(?:отключ\w+|останов\w+) рассыл\w+|
отписа\w+|отпиши\w*|отписк\w+|без рассыл\w+|не подписан\w* на рассыл\w+|
пожалова\w+ на (?:спам|рассыл\w+)|жалоба на (?:спам|рассыл\w+)|против (?:\w+ )?рассыл\w+|
отозва\w+ согласи\w+|согласи\w+ отозва\w+|(?:нет|без) согласи\w+ на (?:рассыл\w+|обработк\w+)|
согласи\w+ на (?:рассыл\w+|обработк\w+(?: \w+){{0,2}}) (?:нет|не да\w+|не получен\w*|отозва\w+)|
не (?:надо |нужно |стоит )?(?:больше )?(?:писать|пишите|отправлять|отправляйте|присылать|присылайте)|
не (?:надо |нужно |стоит )?(?:больше )?(?:слать|шлите|рассылать|беспокоить|беспокойте|связываться)|
отказ\w*(?: \w+)? от (?:всех )?(?:рассыл\w+|писем|e ?mail\w*)|
(?:удали\w+|убра\w+|уберите|исключи\w+)(?: \w+)? из (?:(?:списка|базы) )?рассыл\w+|
(?:удали\w+|убра\w+|уберите|исключи\w+)(?: \w+)? из (?:\w+ )?базы|
не (?:хочет|желает) (?:больше )?(?:получать|писем|рассыл\w+)|
vom newsletter (?:ab(?:ge)?meld\w*|ab(?:zu)?bestell\w*|aus(?:ge|zu)?trag\w*|(?:ge)?losch\w*|nehmen)|
newsletter ?(?:abbestellt|abgemeldet|gekundigt|abmeldung)|abbestellt|
abmeldung (?:vom |von |des )?newsletter|abgemeldet newsletter|
nicht (?:mehr )?fur (?:werbung|werbezwecke|newsletter|mailings?)|
(?:ab(?:ge)?meld\w*|ausgetragen) (?:vom|von|aus) (?:\w+ )?(?:newsletter|mailing\w*|\w*verteiler)|
aus (?:dem |unserem )?(?:\w*verteiler|newsletter) (?:nehmen|genommen|entfern\w*|(?:ge)?losch\w*|
raus|aus(?:ge|zu)?trag\w*|(?:ge)?str[ei]+ch\w*|ab(?:ge)?meld\w*)|
widerspruch (?:gegen )?(?:die )?werbung|werbung widersprochen|einwilligung (?:wurde )?widerrufen|
nicht (?:mehr )?(?:per (?:e )?mail )?(?:anschreiben|angeschrieben|kontaktieren|kontaktiert)|
keine (?:weiteren |werbe ?)?(?:e ?mails?|mails|newsletter|werbung)|keinen newsletter|
desabonn\w+|desinscri\w+|plus d ?e ?mails?|pas (?:de )?(?:mails|newsletters?|pub|publicite)|pas d ?e ?mails|
ne (?:pas|plus|veut plus|souhaite plus|desire plus)(?: etre)? (?:contacte\w*|ecrire|envoyer)|
ne (?:veut|souhaite|desire) (?:plus|pas)(?: recevoir)? (?:(?:de|des|nos|vos|les|la|d) )*
(?:d?e ?mails?|mails?|newsletters?|publicites?|pub)|
ne (?:veut|souhaite|desire) (?:plus|pas) etre contacte\w*|
(?:retirer|retire|supprimer|supprime|enlever) de (?:la |notre )?liste(?: de)? (?:diffusion|(?:e ?)?mails?)|
dad[oa] de baja|(?:se )?dio de baja|darse de baja|bajas? (?:de la |del )?(?:newsletter|boletin|
lista de correos?)|(?:solicit\w+|pidi\w+|pide) (?:la |su )?baja|desuscri\w+|
no (?:contactar|escribir|enviar|mandar)(?: mas)?|
no (?:quiere|desea) (?:recibir|mas) (?:mas )?(?:correos?|e ?mails?|publicidad|newsletters?|boletines)|
remov\w+ da lista|
nao (?:quer receber|deseja receber|contatar|contactar|escrever|enviar)(?: mais)?|descadastr\w+|
(?:cancellat|rimoss)[oa] dalla (?:newsletter|mailing)|
non (?:vuole|desidera) (?:piu )?(?:ricevere|e ?mail)|non (?:contattare|scrivere|inviare)|disiscri\w+|
wypisa\w+|usun\w+ z (?:bazy|newslettera|listy (?:mailing\w*|wysylk\w*|subskr\w*))|
rezygn\w+ z (?:newslettera|mailing\w*|subskrypcji)|
brak zgody na (?:mailing|marketing|newsletter|e ?mail)\w*|
(?:cofni\w+|wycofa\w+) zgod\w+|nie (?:chce (?:otrzymywac|maili|wiadomosci)|kontaktowac|wysylac|pisac)|
abonelikten (?:cik\w*|ayril\w*)|iletisime gecme\w*|(?:mail|e posta) (?:atma\w*|gonderme\w*|istemiyor)|
відписа\w+|не (?:писати|надсилати|турбувати)|
uitgeschreven|niet (?:meer )?mailen|geen (?:e ?)?mails|geen nieuwsbrief"""
_CHANNELS = (
    "calls?|phones?|telephon\\w*|telefon\\w*|телефон\\w*|звон\\w+|sms|смс|texts?|fax|push|post|letters?|courrier|"
    "whats ?app|вотсап\\w*|ватсап\\w*|вацап\\w*|you ?tube|ютуб\\w*|podcasts?|вк|vk|директ\\w*|личк\\w+|"
    "channel|gym|gimnasio|course|webinar|"
    "viber|вайбер\\w*|telegram|телеграм\\w*|linkedin|facebook|instagram"
)
_BY = "by|via|of|from|on|over|through|per|par|por|del|po|по|в|на"
# What is not wanted is no e-mail but this: "do not send invoices", "no marketing budget".
_GOODS = (
    "invoices?|bills?|orders?|ordered|samples?|parcels?|packages?|goods|contracts?|quotes?|lens|lenses|"
    "счета?|счет фактур\\w*|звонк\\w+|"
    "заказ\\w*|товар\\w*|образц\\w+|посылк\\w+|договор\\w*|документ\\w*|сдэк\\w*|"
    "курьер\\w*|почтой россии|скидк\\w+|бонус\\w*|отчеств\\w+|фамили\\w+|"
    "rechnung\\w*|ware|pakete?|(?:de |la |les |des )?(?:factures?|colis|commandes?)|"
    "(?:la |las )?facturas?|paquetes?|pedidos?|mayusculas|en mayusculas|notas? fisca\\w+|produtos?|produto|"
    "(?:la |le )?fattur[ae]|pacc[oh]i?|merce|kurierem|paczk\\w*|faktur\\w*|wielkimi"
)
_OF_OFFICE = (
    "budget|managers?|team|department|director|staff|agency|strategy|plan|address|addresses|"
    "software|tools?|platform|experience|background|skills|details|info|information|data|numbers?|persons?"
)
_NOT_HERE = (
    "received|arriv\\w+|came|yet|so far|on file|from (?:h(?:im|er)|them)|"
    "geschaltet|vorhanden|hinterlegt|bekannt"
)
_HOURS = (
    r"(?:before|after|until|between|vor|nach|bis|avant|apres|antes|до|после|раньше|позже) (?:de )?(?:las )?"
    r"\d{1,2}(?:(?: ?\d\d)? ?(?:am|pm|h|uhr|утра|вечера|часов|o clock)(?!\w)|$)|"
    r"(?:before|on|until|по) (?:the )?(?:monday|tuesday|wednesday|thursday|friday|weekends?|выходным|"
    r"понедельникам|будням|вечерам|утрам)"
)
_ANSWERED = (
    "в (?:\\w+ )?чат\\w*|по (?:\\w+ )?(?:заявк|заказ|вопрос|счет|договор|задач|тикет)\\w*|"
    "что|мне|нам|ему|ей|им|клиент\\w*"
)
_OF_MAIL_ITSELF = re.compile(
    r"e ?mails?$|mails?$|newsletters?$|anything$|offers?$|писем$|рассыл\w+$"
)
# "Newsletter: no", "Unsubscribed: no": the answer decides, not the word.
_ANSWER = re.compile(
    r"(?P<asked>[^,;|\n:=?]{1,60})[:=?] ?(?P<given>[^\s,;|:=?]{1,20}) ?(?=[,;|\n]|$)"
)
_CLAUSES = re.compile(r"[,;|!\n]|[.:](?:\s|$)")
_OFFERED = re.compile(
    r"(?:e ?mail )?marketing|(?:\w+ )?(?:newsletters?|mailings?|e ?mail marketing|marketing e ?mails?|"
    r"opt in|subscribed|"
    r"consent|рассылк\w+|подписк\w+|подписан\w?|согласие на рассылк\w+|einwilligung|werbung|"
    r"abonne\w*|suscrit[oa]|inscrit[oa]|iscritt[oa]|zapisan[ya])"
)
# How the first words of these phrases begin.
_FIRST_WORDS = """
ceas baja bajas оста откл righ with revo canc cons mark repo flag comp spam gdpr eras news mail mark subs
пожа жало отоз согл прот без нет подп расс newslett einw werb wide aus pas reti supp enle dars soli pidi
pide remo rimo usun rezy brak cofn wyco uitg niet geen zapi susc insc iscr abon
un unsu opt opts opte opti opto hard e emai mail do don dont does didn neve no not n stop ask asks aske want
wish requ remo dele tak take taki отпи не без отка удал убра убер искл vom news abbe nich kein desa desi dés
désa dési ne plus dado dada dio se desu desc nao não disi non wypi nie abon ilet post відп abge abme ausg
"""
_WORD = re.compile(r"[^\W_]+")
_NOT_ASKED = re.compile(r"(?:not|never|didnt)(?: \w+)? ask\w* to be$")
# "opted out of insurance", "unsubscribed from the gym": none of mailings.
_OTHER_OFFER = re.compile(
    r" (?:of|from) (?!(?:(?:all|any|our|the|your|my|his|her|their|every|further|future|us|this|these) )*"
    r"(?:$|e ?mail|mail|newsletter|marketing|market|communic|everything|all|receiv|contact|promo|list|"
    r"update|us|crm|data ?base|camp|broadcast|messag|advert|it|them|this|sequence|funnel|automation|"
    r"offers|serie|weekly|daily|monthly|blog|digest|news))"
)
_WISHES = re.compile(r"(?<!\w)(?:mochte|will|wunscht|wollen|bitte|mehr)(?!\w)")
_DENIALS = frozenset("dont not never didnt doesnt isnt hasnt wasnt не nicht pas nie".split())
_JOINED = """
donotemail|donotmail|donotcontact|donotsend|nomail|no mail|no mails|noemail|nonewsletter|nomarketing|
stop|uitgeschreven
"""
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


@remembered
def refusal_in(text: str) -> str:
    """Return the words by which a remark says that the person wants no e-mail; ``""`` when none do.

    What is not wanted by phone or in a messenger alone, and a refusal that is denied, are none. The
    words say no by themselves too.

    >>> refusal_in("VIP; asked on 3 May: please do not e-mail!"), refusal_in("do not call before 9")
    ('do not e mail', '')
    """
    if not _may_refuse(text):
        return ""
    if refused := _answered_no(text):
        return refused
    text = _ANSWER.sub(_without_denied, text)
    for part in re.split(r"[,;|\n]", text):  # a list of tags, among them "unsubscribed"
        if (words := folded_words(part)) in _phrases():
            return words
    return next(filter(None, map(_refused_in_clause, _CLAUSES.split(text))), "")


def refusals_in(texts: Sequence[str]) -> list[str]:
    """Return ``refusal_in`` of each of *texts*, at a fraction of its cost where most have no refusal."""
    found = dict(_refusing([*dict.fromkeys(texts)]))
    return [found.get(text, "") for text in texts] if found else [""] * len(texts)


def _refusing(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (text, its refusal) of those that have one: they are halved until few are left."""
    if not texts or not _may_refuse(_APART.join(texts)):
        return
    if len(texts) <= _FEW:
        yield from ((text, refused) for text in texts if (refused := refusal_in(text)))
        return
    half = len(texts) // 2
    yield from _refusing(texts[:half])
    yield from _refusing(texts[half:])


def _refused_in_clause(clause: str) -> str:
    words = folded_words(clause)
    patterns = _patterns()
    for found in patterns.refused.finditer(words):
        before, after = words[: found.start()], words[found.end() :]
        if not (_is_denied(before) or patterns.is_of_other_things(found[0], before, after)):
            return found[0]
    return ""


def _answered_no(text: str) -> str:
    """Return the first question about mailings that is answered with no; ``""`` when none is."""
    for found in _ANSWER.finditer(text):
        asked = folded_words(found["asked"])
        if is_no(found["given"]) and _OFFERED.fullmatch(asked):
            return f"{asked}: {folded_words(found['given']) or found['given']}"
    return ""


def _without_denied(found: re.Match[str]) -> str:
    """Leave out "unsubscribed: no", a refusal that the answer denies."""
    asked = folded_words(found["asked"])
    is_refusal = asked in strong_words() or bool(_patterns().refused.fullmatch(asked))
    return "" if is_refusal and is_no(found["given"]) else found[0]


def _is_denied(before: str) -> bool:
    return not _DENIALS.isdisjoint(before.split()[-2:]) or bool(_NOT_ASKED.search(before))


def _may_refuse(text: str) -> bool:
    """Whether a word begins as a refusal does: folding a long text costs ten times as much."""
    plain = unicodedata.normalize("NFC", text).casefold()
    return not _beginnings().isdisjoint([word[:4] for word in _WORD.findall(plain)])


@cache
def _beginnings() -> frozenset[str]:
    words = {phrase.split()[0][:4] for phrase in _phrases()}
    return frozenset(words) | frozenset(_FIRST_WORDS.split())


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What says no, and what after it says that no e-mail is meant.

    Attributes:
        elsewhere: Another channel: "by phone".
        goods: Something else that is sent or written.
        office: What has marketing or mailings in its name.
        absent: E-mails that did not come, or an address that is not there.
        hours: The time of day at which somebody does not want to be disturbed.
        answered: In Russian "отписался" is "wrote back" as well.
    """

    refused: re.Pattern[str]
    elsewhere: re.Pattern[str]
    goods: re.Pattern[str]
    office: re.Pattern[str]
    absent: re.Pattern[str]
    hours: re.Pattern[str]
    answered: re.Pattern[str]

    def is_of_other_things(self, said: str, before: str, after: str) -> bool:
        """Whether the words around a refusal say that it is none of e-mail."""
        if self.hours.match(after):
            return True
        if _OTHER_OFFER.match(after) and said.startswith(("opt", "un")):
            return True
        if self.elsewhere.match(after):  # "opted out by phone" is of all, "opted out of SMS" is not
            return not said.startswith(("opt", "un")) or after.startswith((" of ", " from "))
        if said.startswith("отписал"):
            return bool(self.answered.match(after))
        if said.startswith("no ") and self.office.match(after):
            return True
        if said.startswith(("no e", "no mail", "keine ")) and self.absent.match(after):
            return True
        if said.startswith("keine ") and after.startswith((" erhalten", " bekommen")):
            return not _WISHES.search(before)
        return not _OF_MAIL_ITSELF.search(said) and bool(self.goods.match(after))


@cache
def _patterns() -> _Patterns:
    refused = _REFUSED.replace("\n", "")
    elsewhere = rf"(?: \w+){{0,2}} (?:{_BY}) (?:\w+ )?(?:{_CHANNELS})"
    return _Patterns(
        refused=re.compile(rf"(?<!\w)(?:{refused})(?!\w)"),
        elsewhere=re.compile(rf"{elsewhere}(?!\w)"),
        goods=re.compile(rf" (?:{_GOODS}|off|h(?:im|er) off)(?!\w)"),
        office=re.compile(rf" (?:{_OF_OFFICE})(?!\w)"),
        absent=re.compile(rf" (?:{_NOT_HERE})(?!\w)"),
        hours=re.compile(f" (?:{_HOURS})"),
        answered=re.compile(rf" (?:{_ANSWERED})(?!\w)"),
    )


@cache
def _phrases() -> frozenset[str]:
    """What alone, as a tag, says no."""
    return (strong_words() - listed(_NOT_OF_MAIL)) | listed(_JOINED)
