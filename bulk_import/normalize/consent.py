"""What cells say about consent: yes, no, unsubscribed, bounced; in nine languages.

English, Russian, German, French, Spanish, Portuguese, Italian, Polish and Turkish, and the commonest
words of Ukrainian, Czech, Romanian, Hungarian, the Scandinavian languages, Japanese, Chinese and Korean.
Text in, answer out; which column a cell belongs to is the business of ``mapping.consent``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from bulk_import.normalize.folding import fold
from bulk_import.normalize.text import clean_line, remembered

# Says no wherever it stands: nobody writes these words for another reason.
_STRONG = """
unsubscribed|unsubscribe|unsub|un subscribed|not subscribed|nonsubscribed|non subscribed|
unsubscribed by admin|removed by complaint|removed due to complaint|unsubscribed by user|
globally unsubscribed|
opted out|opt out|optout|optedout|has opted out|email opt out|do not contact|do not email|do not e mail|
do not mail|do not send|do not market|dont contact|dont email|dont e mail|dont mail|dont send|dnc|
non marketable|nonmarketable|no marketing|no newsletter|no mailing|no mailings|non marketing contact|
not marketing contact|
no consent|consent withdrawn|consent revoked|withdrawn consent|no permission|
bounced|hard bounce|hard bounced|hardbounce|hardbounced|soft bounce|soft bounced|softbounce|
complained|complaint|spam complaint|marked as spam|reported spam|reported as spam|abuse complaint|
blacklisted|black listed|blocklisted|block listed|on blacklist|suppressed|undeliverable|

отписан|отписана|отписано|отписаны|отписался|отписалась|отписались|отписаться|отписка|отписавшийся|
не подписан|не подписана|не писать|не отправлять|не беспокоить|не присылать|не связываться|
отказ от рассылки|отказался от рассылки|отказалась от рассылки|без рассылки|нет согласия|без согласия|
согласие отозвано|отозвал согласие|отозвала согласие|пожаловался|пожаловалась|жалоба на спам|жалоба|
в черном списке|черный список|недоставлено|не доставлено|не доставляется|недоступен адрес|

abgemeldet|abbestellt|ausgetragen|abmeldung|abgemeldete|widerrufen|widerruf|widersprochen|
werbewiderspruch|nicht anschreiben|nicht kontaktieren|nicht schreiben|nicht mehr anschreiben|
kein newsletter|keine werbung|keine e mails|keine mails|keine einwilligung|keine zustimmung|
ohne einwilligung|unzustellbar|nicht zustellbar|spam beschwerde|beschwerde|nicht abonniert|
nicht angemeldet|schwarze liste|

desabonne|desabonnee|desabonnes|desabonnees|desabonnement|desinscrit|desinscrite|desinscrits|
desinscription|ne pas contacter|ne plus contacter|ne pas ecrire|ne plus ecrire|ne pas envoyer|
plainte|plainte spam|liste noire|sans consentement|pas de consentement|non abonne|non abonnee|
non inscrit|non inscrite|npai|

dado de baja|dada de baja|de baja|baja|se dio de baja|desuscrito|desuscrita|no suscrito|no suscrita|
no contactar|no enviar|no escribir|queja|queja de spam|rebotado|rebotada|lista negra|
sin consentimiento|no desea recibir|

descadastrado|descadastrada|inscricao cancelada|cancelou a inscricao|cancelou inscricao|nao inscrito|
nao inscrita|desinscrito|desinscrita|nao contatar|nao contactar|nao enviar|nao escrever|
sem consentimento|reclamacao de spam|reclamacao|

disiscritto|disiscritta|disiscritti|disiscrizione|non iscritto|non iscritta|non contattare|
non inviare|non scrivere|reclamo|reclamo spam|lista nera|nessun consenso|senza consenso|
consenso revocato|rimbalzato|rimbalzata|

wypisany|wypisana|wypisano|wypisal sie|wypisala sie|wyrejestrowany|wyrejestrowana|zrezygnowal|
zrezygnowala|rezygnacja|nie kontaktowac|nie kontaktowac sie|nie wysylac|nie pisac|skarga|
skarga na spam|czarna lista|brak zgody|bez zgody|zgoda wycofana|zgoda cofnieta|nie subskrybuje|
niezapisany|niezapisana|odbity|odbita|

abonelikten cikti|abonelikten ayrildi|abonelikten cikmis|abonelikten cikan|abonelik iptal|
abonelik iptal edildi|aboneligi iptal|aboneligi iptal edildi|listeden cikti|listeden ayrildi|
iletisime gecme|iletisime gecmeyin|e posta gonderme|e posta gondermeyin|mail atma|sikayet|
sikayet etti|spam sikayeti|kara liste|kara listede|onay yok|izin yok|izinsiz|izni yok|geri dondu|

відписаний|відписана|відписано|відписався|відписалась|відписалася|не писати|без згоди|
odhlasen|odhlasena|odhlaseny|neposilat|dezabonat|dezabonata|leiratkozott|leiratkozva|
avregistrerad|avprenumererad|avmeldt|afmeldt|frameldt|
配信停止|配信拒否|配信不要|配信不可|退会|退会済み|登録解除|退订|已退订|取消订阅|已取消订阅|退訂|已退訂|
수신거부|수신 거부|구독취소|구독 취소
"""
# Says no in a column that is known to speak of subscriptions, consent or delivery.
_WEAK = """
cleaned|bounce|bounces|spam|abuse|blocked|block|banned|declined|refused|denied|rejected|withdrawn|revoked|
removed|deleted|archived|invalid|inactive|cancelled|canceled|expired|unconfirmed|not confirmed|
pending|pending confirmation|awaiting confirmation|waiting for confirmation|not opted in|disallowed|
not allowed|do not allow|forbidden|never subscribed|not granted|not given|not opted|unreachable|junk|
redacted|
spam rejected|no more|no longer|quit|gone|has left|unsubscribing|refuses|stopped|withdrew|out|
no consent given|never opted in|not interested|
no interest|not wanted|unwanted|dont want|does not want|never again|
disabled|off|failed|objected|transactional|
не активирован|не активирована|недоступен|недоступна|не интересно|не хочу|не желает|отказывается|
отменена|отменен|отменено|
неактивный|неактивная|не хочет|не нужно|не надо|запрещен|
запрещена|
запрещены|отказ|отказался|отказалась|отозвано|отклонено|отклонен|отклонена|удален|удалена|удалено|заблокирован|
заблокирована|заблокировано|неактивен|неактивна|не активен|не подтвержден|не подтверждена|
не подтверждено|ожидает подтверждения|запрещено|спам|возврат|недействителен|исключен|исключена|
не согласен|не согласна|отключен|отключена|отключено|откл|выкл|выключен|выключено|
не дано|не давал|не давала|не получено|не выражено|не получать|
widerspruch|gesperrt|blockiert|abgelehnt|inaktiv|geloscht|unbestatigt|nicht bestatigt|ausstehend|
gekundigt|entfernt|ungultig|nicht erteilt|verweigert|zuruckgewiesen|nicht erlaubt|nicht zulassen|
nicht gewunscht|nicht erwunscht|unerwunscht|
mochte nicht|will nicht|kundigung|ausgeschieden|negativ|recusou|ha rifiutato|odmowil|odmowila|
kein newsletter gewunscht|annullata|annullato|annulee|annule|anulowana|anulowany|
storniert|kein interesse|pas interesse|pas interessee|no interesado|no interesada|nie chce|istemiyor|
geen interesse|
uitgeschreven|afgemeld|retire|retiree|ret|
rejete|rejetee|bloque|bloquee|refus|refuse|refusee|oppose|opposee|opposition|inactif|inactive|
supprime|supprimee|non confirme|non confirmee|en attente|invalide|rebond|retour|resilie|
cancelado|cancelada|bloqueado|bloqueada|rechazado|rechazada|anulado|anulada|inactivo|inactiva|
eliminado|eliminada|sin confirmar|no confirmado|pendiente|rebote|no acepta|denegado|
removido|removida|recusado|recusada|rejeitado|rejeitada|inativo|inativa|excluido|excluida|
nao confirmado|nao confirmada|devolvido|devolvida|pendente|nao aceita|negado|
cancellato|cancellata|bloccato|bloccata|rifiutato|rifiutata|revocato|revocata|inattivo|inattiva|
eliminato|non confermato|non confermata|in attesa|negato|
odrzucony|odrzucona|zablokowany|zablokowana|wycofana|wycofany|nieaktywny|nieaktywna|usuniety|usunieta|
niepotwierdzony|niepotwierdzona|oczekujacy|odmowa|niewyrazona|
iptal|iptal edildi|ayrildi|engellendi|reddedildi|reddetti|onaylanmadi|pasif|silindi|beklemede|
gonderme|izin verilmedi|verilmedi|gecersiz
"""
_FALSE = """
no|n|false|f|0|off|none|never|null|n a|na|nil|not|nope|нет|н|ложь|не|никогда|nein|falsch|nee|nej|ne|nie|non|
faux|jamais|falso|nunca|nao|mai|falsz|brak|hayir|yanlis|yok|h|aucun|ninguno|nenhum|nessuno|zaden|keine|keiner|
ні|nu|nem|ikke|いいえ|希望しない|同意しない|受け取らない|受信しない|否|不同意|未同意|아니오|아니요|미동의|거부
"""
_TRUE = """
doğru|yes|y|true|t|1|x|on|ok|yep|ano|да|д|истина|ja|j|wahr|oui|o|vrai|si|s|verdadero|sim|verdadeiro|vero|tak|prawda|
evet|e|dogru|var|
так|igen|はい|希望する|同意する|受け取る|受信する|是|同意|已同意|예|네|동의
"""
_SUBSCRIBED = """
allow|subscribed|active|confirmed|opted in|opt in|optin|optedin|double opt in|double optin|single opt in|
doi|soi|granted|given|agreed|accepted|consented|allowed|permitted|subscriber|marketing contact|enabled|
verified|explicit|express|implicit|implied|obtained|confirmed opt in|available|
подписан|подписана|подписано|подписаны|подписался|подписалась|активен|активна|активный|активная|подтвержден|
подтверждена|подтверждено|согласен|согласна|согласие|согласие получено|есть|есть согласие|получено|дано|
разрешено|разрешена|разрешен|разрешены|доступен|доступна|включен|включена|подключена|подключен|включено|вкл|получать|
angemeldet|abonniert|aktiv|bestatigt|erteilt|zugestimmt|eingewilligt|erlaubt|einwilligung|zustimmung|vorhanden|zulassen|erwunscht|
abonne|abonnee|inscrit|inscrite|actif|confirme|confirmee|accepte|acceptee|accorde|donne|consentement|
suscrito|suscrita|activo|activa|confirmado|confirmada|aceptado|aceptada|acepta|alta|dado de alta|otorgado|
inscrito|inscrita|ativo|ativa|aceito|aceita|aceitou|concedido|cadastrado|cadastrada|
iscritto|iscritta|attivo|attiva|confermato|confermata|accettato|accettata|concesso|dato|consenso|
zapisany|zapisana|subskrybuje|aktywny|aktywna|potwierdzony|potwierdzona|zgoda|wyrazona|zgadzam sie|
udzielona|abone|abone oldu|aktif|onaylandi|onayli|onay|onay verildi|izinli|izin var|izin verildi|kabul|
kabul etti|verildi
"""
# Beside an address these words are nothing else than a remark.
_REMARK_WORDS = re.compile(
    r"unsub\w*|opt(?:ed)? ?out|(?:hard|soft)? ?bounced|(?:hard|soft) ?bounce|complained|blacklisted|"
    r"blocklisted|(?:do not|dont|never|no longer) (?:contact|e ?mails?|mail|send|write)|"
    r"отписа\w+|отписка|не писать|не отправлять|не беспокоить|abgemeldet|abbestellt|ausgetragen|"
    r"nicht (?:anschreiben|kontaktieren)|desabonne\w*|desinscrit\w*|ne (?:pas|plus) (?:contacter|ecrire)|"
    r"dad[oa] de baja|desuscrit[oa]|descadastrad[oa]|nao (?:contatar|contactar|enviar)|disiscritt[oa]|"
    r"non contattare|wypisan[aoy]|nie (?:kontaktowac|wysylac|pisac)|abonelikten \w+|"
    r"iletisime gecme\w*"
)
# In the name of a sheet: those who are on it said no.
_NAMES_REFUSALS = re.compile(
    r"(?<!\w)(?:un ?subscri\w*|unsubs?|opt(?:ed)? ?outs?|(?:hard )?bounce[ds]?|suppress\w*|dnc|complain\w*|"
    r"(?:black|block) ?list\w*|do not (?:contact|e ?mail|mail|send)|отпис\w+|черн\w+ список|не писать|"
    r"abgemeldet\w*|abmeld\w+|abbestell\w*|sperrliste|widerspruche?|desabonn\w*|desinscri\w*|liste noire|"
    r"bajas?|lista negra|descadastr\w*|disiscri\w*|lista nera|wypis\w*|rezygnacj\w*|czarna lista|"
    r"abonelikten \w+|kara liste|відпис\w+|uitgeschreven\w*|odhlas\w+|"
    r"стоп ?лист\w*|stop ?list\w*|не рассылать|не слать|keine (?:e ?)?(?:mails?|werbung|newsletter)|"
    r"no (?:e ?)?mails?|no newsletter|(?:werbe|kontakt|mail)sperre\w*|robinson\w*|geen mails?)(?!\w)"
)
# Means no and nothing else: neither "there is none" nor "not known", as ``none``, ``-`` and ``0`` may.
_NO_WORDS = """
no|n|nope|never|нет|никогда|niemals|jamais|nunca|nigdy|н|ні|nein|nee|nej|ne|nie|nu|nem|ikke|non|nao|hayir|false|falsch|faux|falso|falsz|yanlis|ложь|
いいえ|希望しない|同意しない|受け取らない|受信しない|否|不同意|未同意|아니오|아니요|미동의|거부|
no thanks|no thank you|нет спасибо|nein danke|non merci|no gracias|nao obrigado|nao obrigada|no grazie|
nie dziekuje|nej tack|nej tak|nei takk|nee bedankt|hayir tesekkurler
"""
# Of the weak words those by which a person says no, or never said yes.
_REFUSALS = """
declined|refused|denied|rejected|withdrawn|revoked|objected|not opted in|disallowed|not allowed|forbidden|
never subscribed|not granted|not given|unconfirmed|not confirmed|
отказ|отказался|отказалась|отозвано|отклонено|не согласен|не согласна|не дано|не давал|не давала|
не получено|не выражено|не получать|запрещено|не подтвержден|не подтверждена|не подтверждено|
widerspruch|abgelehnt|nicht erteilt|verweigert|zuruckgewiesen|nicht erlaubt|unbestatigt|nicht bestatigt|
refus|refuse|refusee|oppose|opposee|opposition|non confirme|non confirmee|
rechazado|rechazada|no acepta|denegado|sin confirmar|no confirmado|recusado|recusada|rejeitado|rejeitada|
nao aceita|negado|nao confirmado|nao confirmada|rifiutato|rifiutata|revocato|revocata|non confermato|
non confermata|odrzucony|odrzucona|wycofana|wycofany|odmowa|niewyrazona|niepotwierdzony|niepotwierdzona|
reddedildi|reddetti|onaylanmadi|izin verilmedi|verilmedi
"""
_MARKS = {"✓": True, "✔": True, "☑": True, "✅": True, "+": True, "☒": True}
_MARKS |= {"-": False, "–": False, "—": False, "✗": False, "✘": False, "☐": False, "❌": False}
_MARKS |= {"[ ]": False, "[]": False, "[x]": True, "[X]": True}
_MARKS |= dict.fromkeys("✕✖×❎🚫", False)
_DASHES = "-–—"
_HOW_SHOWN = "\ufe0e\ufe0f"  # as text or as a picture: said behind a mark
_DATE = re.compile(r"(?<=[^\W\d]) \d[\w ]*$")
_BEFORE_DATE = re.compile(
    r" (?:am|on|at|since|seit|vom|den|le|depuis|el|desde|em|il|dal|dnia|od|с|от)$"
)
_PARTS = re.compile(r"[,;|()\[\]\n]|\s[-–—/]+\s|[.:!](?=\s|$)")
_LEADING_DATE = re.compile(r"^(?:\d[\d.:/-]*(?:T[\d:.]+Z?)?\s*)+")
# "no. 5", "NO 12-A": a number; "no 12.5.2024" is an answer.
_NUMBERED = re.compile(r"(?:n[or]?[.:°º]*|№)\s*(?!\d+[./-]\d+[./-]\d)\d", re.IGNORECASE)
# "revoked by mail", "refused on phone"
_BESIDE = re.compile(r" (?:by|on|per|via|from|due|because|par|por|po|по|через|weil|vom) .*")
# How an answer begins that is none of yes, whatever comes then; and what is no answer.
_NEGATIVE = re.compile(
    r"(?:please |pls |bitte |por favor |пожалуйста )?(?:no|not|nope|nah|never|negative|nicht|kein\w*|"
    r"(?:will|mochte) (?:kein\w*|nicht)|не|нет|non|ne|nie|nao|niet|geen|nej|inte|ikke|"
    r"nem|pas|plus (?:de|interesse\w*)|"
    r"ya no|juz nie|niezainteresowan\w+|stop(?:p?ed)?|стоп|"
    r"снят\w*|исключ\w*|удал\w*|убра\w*|против|запре\w*|"
    r"попросил\w* (?:убрать|удалить|не)|просит (?:убрать|удалить|не)|remov\w+|delet\w+|cancel\w+|block\w+|"
    r"gesperrt|geloscht|gekundigt|eliminar|eliminad\w+|saiu|rimoss\w+|disdett\w+|usuniet\w+|cikti|cikarildi|"
    r"istemedi|istemiyor|ayrildi|wants? out|отказ\w*|hat widersprochen|отключен\w*)(?!\w)"
)
_NOT_KNOWN = re.compile(
    r"(?:no|not|nicht|keine?|не|нет|non|nie|nao|pas) (?:sure|known|asked|applicable|set|specified|provided|"
    r"stated|available|answer\w*|response|reply|data|info\w*|idea|problem\w*|source|date|bekannt|angegeben|gefragt|"
    r"angabe\w*|antwort|знаю|указан\w*|"
    r"спрашивал\w*|заполнен\w*|данных|ответа|известн\w*|определен\w*|"
    r"renseigne\w*|connu\w*|communique\w*|defini\w*|indicad\w*|consta|informad\w*|aplica\w*|"
    r"disponi\w*|dotyczy|podano|wiadomo|applicabil\w*|indicat\w*|noto)(?!\w)"
)
_LONG = 80  # characters: a longer cell is a wording ("... you can unsubscribe at any time")
_ZERO = re.compile(r"[+-]?0+(?:[.,]0+)?\s*%?")


def folded_cell(text: str) -> str:
    """Return *text* as rules compare it: without case, outer and repeated blanks, wide letters.

    >>> folded_cell("  Opted\\u00a0 OUT ")
    'opted out'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def is_no(cell: str) -> bool:
    """Whether the cell is a plain "no": ``no``, ``false``, ``0``, ``нет``, a dash; not an empty one."""
    mark = _marked(cell)
    if mark is not None:
        return not mark
    return folded_words(cell) in _sets()["false"] or bool(_ZERO.fullmatch(cell.strip()))


def is_yes(cell: str) -> bool:
    """Whether the cell is a plain "yes": ``yes``, ``true``, ``1``, ``да``, a tick."""
    mark = _marked(cell)
    return mark if mark is not None else folded_words(cell) in _sets()["true"]


def _marked(cell: str) -> bool | None:
    """What a cell of one tick or cross says."""
    return _MARKS.get(cell.strip().rstrip(_HOW_SHOWN))


def says_subscribed(cell: str) -> bool:
    """Whether the cell names a state of somebody who agreed: ``subscribed``, ``подписан``."""
    return folded_words(cell) in _sets()["subscribed"]


def says_unsubscribed(cell: str, *, also_weak: bool = False) -> bool:
    """Whether the cell names a state of somebody who must not be written to.

    Args:
        also_weak: Take words such as ``rejected`` too, which elsewhere mean other things.
    """
    words = {folded_words(cell), undated(cell)}
    return not words.isdisjoint(_sets()["strong"]) or (
        also_weak and not words.isdisjoint(_sets()["weak"])
    )


def answers_no(cell: str) -> bool:
    """Whether the cell is a "no" that can mean nothing else, alone or beside a date or a remark.

    >>> [answers_no(cell) for cell in ("no", "nein (2024-01-02)", "нет, звонил 3 мая", "2024-05-01: no")]
    [True, True, True, True]
    >>> [answers_no(cell) for cell in ("none", "-", "0", "no. 5", "no source", "Oslo, NO")]
    [False, False, False, False, False, False]
    """
    if _marked(cell) is False and cell.strip() not in _DASHES:
        return True
    return bool(plain_no(cell))


@remembered
def plain_no(cell: str) -> str:
    """Return the word with which such a cell says no; ``""`` where it does not or is a mark."""
    said = _LEADING_DATE.sub("", cell.strip()).lstrip(" ,;:|([-–—")
    first = _PARTS.split(said, maxsplit=1)[0].strip()
    if _NUMBERED.match(said):
        return ""
    word = undated(first)
    return word if word in _sets()["no_words"] else ""


def begins_with_no(cell: str) -> bool:
    """Whether an answer begins with a word that turns it into a no, and does not say "not known".

    >>> [begins_with_no(cell) for cell in ("will keinen", "please remove", "no idea", "не указано")]
    [True, True, False, False]
    """
    words = folded_words(cell)
    if len(cell) > _LONG or _NUMBERED.match(cell.strip()):
        return False
    return bool(_NEGATIVE.match(words)) and not _NOT_KNOWN.match(words)


def refuses(cell: str) -> bool:
    """Whether the cell, or one part of it, is a word for unsubscribed, withdrawn or refused.

    >>> [refuses(cell) for cell in ("abgemeldet am 3.5.", "2024-01-02; withdrawn 2024-02-03", "expired")]
    [True, True, False]
    """
    if len(cell) > _LONG:
        return False
    found = _sets()["strong"] | _sets()["refusals"]
    parts = (cell, *_PARTS.split(cell))
    said = (undated(_LEADING_DATE.sub("", part.strip())) for part in parts)
    return any(words in found or _BESIDE.sub("", words) in found for words in said)


def names_refusals(name: str) -> bool:
    """Whether a sheet of that name is a list of people who said no.

    >>> names_refusals("Unsubscribed 2024"), names_refusals("Отписались"), names_refusals("Contacts")
    (True, True, False)
    """
    return bool(_NAMES_REFUSALS.search(folded_words(name)))


def undated(cell: str) -> str:
    """Return the folded words of a cell without the date at their end.

    >>> undated("abgemeldet am 3.5.2024"), undated("Opted out 2024-05-03"), undated("unsubscribed")
    ('abgemeldet', 'opted out', 'unsubscribed')
    """
    words = folded_words(cell)
    said = _DATE.sub("", words)
    return said if said == words else _BEFORE_DATE.sub("", said)


def remark_of_refusal(remark: str) -> str:
    """Return the words in a remark beside an address that say no; ``""`` when it has none.

    >>> remark_of_refusal("(unsubscribed 3 May)"), remark_of_refusal("Anna Berg")
    ('unsubscribed', '')
    """
    words = folded_words(remark)
    if words in _sets()["strong"] or words in _sets()["weak_remark"]:
        return words
    found = re.search(rf"(?<!\w)(?:{_REMARK_WORDS.pattern})(?!\w)", words)
    return found[0].strip() if found else ""


@remembered
def folded_words(text: str) -> str:
    """Return a text as phrases are compared: one line, without case, accents and punctuation."""
    return fold(clean_line(text)).replace("ğ", "g")


@cache
def _sets() -> dict[str, frozenset[str]]:
    weak = listed(_WEAK)
    return {
        "strong": listed(_STRONG),
        "weak": weak,
        "weak_remark": weak - listed("active|pending|not|inactive|archived|transactional"),
        "false": listed(_FALSE),
        "true": listed(_TRUE),
        "no_words": listed(_NO_WORDS),
        "refusals": listed(_REFUSALS),
        "subscribed": listed(_SUBSCRIBED),
    }


def strong_words() -> frozenset[str]:
    """The folded phrases that say no wherever they stand."""
    return _sets()["strong"]


def listed(text: str) -> frozenset[str]:
    """The phrases of a list, folded as cells are."""
    return frozenset(folded_words(phrase) for phrase in text.replace("\n", "").split("|") if phrase)
