"""How the header of a column speaks of consent: of a refusal, of a consent, of a detail of one.

Patterns over folded headers, in eighteen languages; what the cells below say is judged elsewhere.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from bulk_import.normalize.folding import fold


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
    OF_ANSWER = "answer"  # "Complaint": a "yes", not "broken heel", which is about another thing


# Patterns of folded headers, one line for each language or two.
_REASONS = {
    "bounced": r"""
bounce\w*|undeliverable|quarantined?|(?:e ?mail )?(?:address )?invalid(?: e ?mail\w*)?|
e ?mail (?:invalid[eoa]|non valid[oa]|ungultig|nieprawidlow\w+)|(?:ungultige|nieprawidlowy|
gecersiz) e ?(?:mail|posta)|
(?<!carpet )cleaned(?! (?:address|name|phone|data))|clean time|bad (?:e ?mail )?address|npai|
(?:e ?mail|почта|емейл|имейл|адрес) (?:недоступ|не ?валид|недейств|неверн)\w+|письма не доход\w+|
недоступ\w+ (?:для )?(?:рассыл\w+|e ?mail|почт\w+)|
возврат\w*|недоставл\w+|unzustellbar\w*|rebond\w*|rebot\w+|rimbalz\w+|odbit\w+|zwrot(?:y|ow|u)?""",
    "complained": r"""
complain\w*|spam(?: complaints?| reports?)?|abuse|спам|жалоб\w+|beschwerden?|plaintes?|
quejas?|reclamac\w+|reclam[oi]|skarg\w+|sikayet\w*""",
    "blocked": r"""
black ?list\w*|block ?list\w*|blocked|suppress\w*|черн\w+ спис\w+|чс|заблокирован\w*|
schwarze liste|gesperrt|blockiert|liste noire|bloquee?|lista negra|bloquead[oa]|
robinson\w*|стоп ?лист\w*|stop ?list\w*|\w*sperrlisten?|(?:werbe|kontakt|mail|mailing|versand|
newsletter)sperr\w*|
(?:werbe|kontakt)verbot\w*|lista nera|bloccat[oa]|czarna lista|zablokowan\w+|kara liste|engellen\w+""",
    "asked not to be contacted": r"""
(?:do not|dont|no) (?:contact|e ?mails?|mail|mailings?|market\w*|send|disturb|solicit)|dnc|
donot(?:bulk)?(?:e ?mail|mail|contact|market|send)\w*|no(?:e?mails?|newsletters?|mailings?)|
(?:should|to be) forg\w+|never (?:e ?mail|contact|mail)|liste rouge|nao perturb\w+|forget (?:this|
me)(?: \w+)?|
stop (?:all )?(?:e ?mail|mail|newsletter|sending|writing|contact|pub)\w*|
(?:do not|dont|not) allow (?:bulk )?(?:e ?mails?|marketing)|
не (?:писать|отправлять|беспокоить|связываться|присылать|рассылать|слать)|
запре\w+ (?:на )?(?:рассыл\w+|писать|писем|e ?mails?|(?:отправк\w+|получени\w+) (?:писем|рассыл\w+|
e ?mail))|
(?:исключ|удал|убра|отключ)\w+ (?:из )?(?:\w+ )?рассыл\w+|не включать (?:\w+ )?рассыл\w+|
нельзя (?:писать|отправлять)|
nicht (?:mehr )?(?:anschreiben|kontaktieren|schreiben|anmailen|mailen)|ne pas e?mailer|pas de?mailing|
(?:e ?)?mails? (?:nicht erwunscht|unerwunscht)|correo no deseado|e ?posta istemiyor|werbeverweiger\w*|
kein kontakt|kein(?:e|en)? (?:werbung|werbe\w*|e ?mails?|\w*mails?|newsletters?)|
ne (?:pas|plus) (?:solliciter|contacter|ecrire|envoyer)|no (?:contactar|enviar|escribir|molestar)|
no (?:quiere|
desea) \w+|nao (?:quer|deseja) \w+|non (?:vuole|desidera) \w+|
ne (?:souhaite|veut|desire) (?:pas|plus) \w+|nie chce \w+|(?:will|mochte) kein\w* \w+|geen (?:e ?)?mails?|
(?:does not|doesnt) want \w+|gonderilme\w*|
exclui[rd]\w* de (?:(?:los|las|la|os|as) )?(?:envi\w+|lista\w*|mailing\w*)|
nao (?:contatar|contactar|enviar)|non (?:contattare|inviare)|
nie (?:kontaktowac|wysylac|pisac)|iletisime gecme\w*|gonderme\w*""",
    "unsubscribed": r"""
un ?subscri\w*|unsub\w*|not subscribed|opt(?:ed|s)? ?outs?|emailopt(?:ed)?out|has opted out\w*|optout\w*|
opt off|
withdrawn|withdrawal|revoked|objected|objection|
(?:exclu[dir]\w*|remov\w+|left|retire[es]?s?|retirad[oa]|supprime[es]?s?|cancellat[oa]|escludi|esclus[oa]|
rimoss[oa]|wykluczon\w+|usuniet\w+|entfernt|geloscht|eliminad[oa]|borrad[oa]|снят\w*|стоп|
блок) (?:(?:\w+ ){0,2}
(?:mailing\w*|e ?mails?|newsletter\w*|рассыл\w+|campan\w+|campaigns?)|(?:the|from|de|da|dalla|aus|
z) (?:\w+ )?(?:list|(?<!remove from )lists|lista|liste))|
removed (?:on|at|date)|removal date|e ?mails? disabled|disabled e ?mails?|
отписа\w+|отписк\w+|отказ(?!о)\w*(?: от)?(?: рассыл\w+)?|отказо[мв]|отозва\w+|
deaktiviert|abgemeldet\w*|abbestell\w+|abmeld\w+|ausgetragen|austrag(?!ungs?ort)\w*|widerruf(?!srecht|sbeleh|sfrist)\w*|widerspr\w+|werbewiderspr\w+|werbesperr\w*|mailsperr\w*|sperrvermerk\w*|sprzeciw\w*|
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
opt(?:ed|s)? ?ins?|has opted in\w*|double opt ?in|doi|subscri(?:bed?|ber|ptions?)|newsletter\w*|marketable|
consent\w*|permissions?|gdpr|agree[sd]?|agreement|allowed|legal basis|
(?:e ?mail )?marketing|
(?:bulk|mass|promo) (?:e ?)?mails?|(?:allows?|sends?|permite) (?:bulk )?e ?mails?|emailings?|
serienmails?|(?:e ?)?mails? erwunscht|darf (?:angeschrieben|angemailt|kontaktiert)(?: werden)?|
pazarlama e ?posta\w*|
рекламн\w+ (?:письм|рассыл|сообщени|предложени)\w+|
e ?mails? (?:allowed|zulassen|erlaubt|ok|okay|updates?|offers?|list)|massen e ?mails?|
(?:updates?|offers?|kontakt|contact|angebote|infos?|kommunikation|communication) (?:by|per|via|par|
por) e ?mail|(?:receives?|
get) updates|
^(?:per|by|via|par|por) (?:e ?)?mail$|keep me (?:updated|posted|informed)|stay in touch|mail list|
e ?mail kontakt|маркетинг|publicidade?|
accept(?:s|ed)? (?:e ?mails?|newsletters?)|wants (?:newsletters?|e ?mails?)|
(?:can|may|ok to|okay to) (?:be |we )?(?:e ?mail|contact|send|sent|writ|mail)\w*|
mailings?(?! (?:address|street|city|state|province|country|zip|postal|post ?code|code|same|line|unit|apt|
salutation|done|weight|costs?|house)\w*)|
(?:join|on|in) (?:the |our |your )?mailing lists?|
promotional e ?mails?|e ?mail promotions?|receives? (?:e ?mails?|newsletters?|promotions?)|
подпис(?:[кч]|ан(?!и)|ал|ат|ыв)\w*|рассылк\w+|(?:получать|отправлять|присылать) (?:письм\w+|e ?mail\w*)|
можно (?:писать|отправлять|присылать)|новост(?:и|ей|ям|ях|ями)|согласи\w+|согласен|согласна|разреш\w+|
einwillig\w*|zustimm\w*|einverstand\w+|datenschutz\w* (?:akzeptiert|zugestimmt|bestatigt)|
infomails?|rundmails?|(?:e ?)?mailverteiler|werbekennzeichen|kontakt erwunscht|abonn\w*|werbung|
werbe(?:einwillig|erlaubnis|zustimm)\w*|mailingliste|angemeldet|erlaubnis|dsgvo|
(?:receber|recibir|recevoir|ricevere|ricevi) (?:(?:la|las|los|le|les|as|os|i|de|des|nos) )*
(?:e ?mails?|correos?|noticias|novidades|novedades|ofertas|offres|offerte|promo\w+|publici\w+|
comunica\w+|inform\w+|infos?)|
(?:comunica[cz]i?on[ei]s?|communications?|comunicacoes) (?:commerci|comerci)\w+|
consentement|inscrit\w*|lettres? d ?info\w*|infolettre|accord|accept\w+|autoris\w+|rgpd|
consentimiento|suscri\w+|boletin\w*|acepta\w*|autoriza\w*|permiso|
consentimento|inscric\w+|aceit\w+|permissao|lgpd|
consenso|iscri\w+|accett\w+|autorizzaz\w+|
zgod(?!no)\w+|subskryb\w+|zapisan\w+|biuletyn\w*|rodo|
nieuwsbrie\w+|souhlas\w*|nyhetsbrev\w*|nyhedsbrev\w*|samtycke\w*|toestemming\w*|ingeschreven|aangemeld|
mag gemaild(?: worden)?|odber\w*|obchodni sdeleni|e posta almak\w*|ticari (?:elektronik )?ileti\w*|iys|
abone|abonelik|onay\w*|izin\w*|izni|bulten\w*|riza\w*|kvkk|
розсил\w+|згод[аи]|hirlevel\w*|hozzajarul\w*|consimt\w+|samtykke\w*|メルマガ\w*|配信希望|受信許可|
订阅\w*|訂閱\w*|接受营销|(?:이메일|메일|마케팅) ?수신 ?동의|수신 ?동의"""
_STATE = r"""
status(?:es)?|e ?mail availability|доступность (?:e ?mail|почты)|state|статус\w*|состояние|
statut|etat|estado|situacao|stato|stan|durum\w*"""
_REMARKS = r"""
notes?|comments?|remarks?|memos?|observations?|(?:contact |customer |client )?(?:description|details|info)|
tags?|labels?|keywords|groups?|segments?|lists?|categor\w+|preferences?|contact methods?|lifecycle|reasons?|
групп[аы]|сегмент\w*|категори\w+|списк\w+|kategori\w*|gruppen?|segmente|
groupes?|grupos?|gruppi|segmentos?|listas?|
примечани\w+|комментари\w+|заметк\w+|пометк\w+|теги?|метк[аи]|коммент\w*|примітк\w+|коментар\w*|
bemerkung\w*|notiz\w*|anmerkung\w*|kommentar\w*|hinweis\w*|schlagworte?|
remarques?|commentaires?|etiquettes?|notas?|observacion\w*|comentario\w*|etiquetas?|observac\w+|
osservazion\w+|commenti?|etichett\w+|uwagi|notatk\w+|komentarz\w*|etykiet\w+|not(?:lar)?|aciklama\w*|etiket\w*|
opmerking\w*|poznamk\w+|anteckning\w*|備考|メモ|备注|備註|메모|비고"""
# Says why, where or how much, but not yes or no.
_CIRCUMSTANCES = r"""
links?|urls?|pages?|tokens?|rates?|ratio|percent|keys?|(?<!list )(?<!lists )ids?|
ссылк\w+|lien|enlace|процент"""
_SUBSCRIPTION = (
    r"subscri\w+|подписк\w+|abonn\w*|suscri\w+|abone\w*|subskryp\w+|abbonament\w*|assinatura\w*"
)
# A date of a refusal is a refusal. Of a consent it is a detail, and so are its source and its form.
_OF_A_YES = r"""
dates?|time|timestamp|at|since|when|sources?|methods?|ip|text|wording|version|form|type|name|starts?|level|frequency|basis|
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
plan|count|number|price|amount|tier|period|fee|ends?|end date|expir\w+|renew\w*|auto ?renew\w*|
until|rates?|ratio|percent|процент|paid|premium|trial|
(?<=consent )(?:requested|required|needed)|opened|opens|clicked|clicks|geoffnet|geschickt|gesendet|
ouverte?s?|envoye\w*|enviad[oa]s?|inviat[oaie]|wyslan\w*|discounts?|cost|
стоимост\w*|скидк\w*|автопродлен\w*|pagad[oa]|paga|vence|scadut[oa]|bitis|открыл\w*|
letzte\w*|dernier\w*|ultim[oa]s?|topics?|platform|
software|tool|edition|issue|length|scan|received|закончил\w*|^no of|(?<=\w )no$|nr|sent|delivered|read|
last|author|editor|seats?|design|sponsors?|contributors?|кол во|
applies|applicable|
sayisi|сумм\w*|дней|количеств\w+|число|оплачен\w*|платн\w+|премиум|до|открыт\w*|отправлен\w*|последн\w+|тариф|цена|срок|продлен\w+|окончан\w+|laufzeit|preis|anzahl|ende|bis|verlangerung|
prix|nombre|fin|precio|numero|prezzo|scadenza|cena|liczba|koniec|ilosc"""
# These, where a subscription may be one for money as well.
_OF_A_SUBSCRIPTION = (
    "type|name|version|level|frequency|тип|название|вид|typ|art|nom|nombre|nome|tipo|nazwa|rodzaj"
)
_OTHER_CHANNEL = r"""
calls?|phones?|sms|texts?|fax|whats ?app|viber|telegram|push|voice|mobile|post(?:al)?|direct mail|
instagram|facebook|you ?tube|tik ?tok|linked ?in|twitter|podcasts?|vk|вк|вконтакте|инстагр\w+|телегр\w+|
ютуб\w*|
print|anruf\w*|telefon\w*|звон\w+|смс|appels?|llamad\w+|ligac\w+|chiamat\w+|arama\w*"""
# Consent to something else than being written to.
_OTHER_USE = r"""
profil(?:ing|azione|owani[ea]|age|ierung|acion|acao)|cookies?|third part(?:y|ies)|terze parti|dritte|
tiers|terceros|terceiros|photos?|images?|bildrechte|droit a l image|
treatment|vaccin\w*|parental|medical|surgery"""
# Consents and subscriptions that are none of mailings, and what is not answered with yes or no to mailings.
_OTHER_THINGS = r"""
фото\w*|родител\w+|супруг\w*|операц\w*|обучени\w+|переезд\w*|строит\w+|zdjeci\w*|rodzic\w*|eltern|betriebsrat|
genitori|school|schule|spousal|landlord|chef|szef\w*|банка|директора|сервис\w*|gift|audit|dpo|медицин\w*|вмешательств\w*|вакцин\w*|участи\w+|услови\w+|курс\w*|op|impfung|agb|vermieter|soins|cirugia|
informato|informado|informed|zabieg\w*|wyjazd\w*|age|conditions|travel|sharing|media|video\w*|film\w*|
fotos?|recording|research|user (?:permissions?|agreement)|
offer accepted|accepted offer|договор\w*|документ\w*|контракт\w*|акт|анкет\w*|соглашени\w+|кем подписан\w?|
на канал\w*|журнал\w*|magazine|journal|box|gym|fitness|netflix|spotify|product|transport|zeitung\w*|
compliant|trained|officer|responsable|responsavel|geschaltet|kosten"""
_TRADE = r"""
marketing (?:headcount|partners?|contracts?|fit|stack|owner|segments?|scores?|leads?|tools?|qualified|
team|manager|director|agency|
budget|spend|sources?|channels?|
campaigns?|plans?|costs?|strategy|experience|degree|department|software|platform|automation|tech|role|title|needs?|goals?)|
digital marketing|(?:uses|does|interested in|likes|knows) (?:e ?mail )?marketing"""
# Words that are of mailings where nothing else is named: "Accepts marketing", not "Accepts insurance".
_OF_ANYTHING = r"""
agree[sd]?|agreement|allowed|accept\w*|akzeptiert|accord|autori[sz]\w*|permissions?|permiso|permissao|
разреш\w+|aceit\w+|acept\w+|accett\w+|onay\w*|izin\w*|izni|riza\w*|
angemeldet|inscri\w*|iscri\w+|suscrit\w+|zapisan\w+|aangemeld|ingeschreven"""
_END_OF_ANYTHING = r"""
возврат\w*|zwrot\w*|blocked|gesperrt|bloque\w*|bloccat[oa]|отказ(?!оуст|ник)\w*|refus\w*|cleaned|spam|спам|
invalid|withdrawn|withdrawal|widerruf\w*|rezygnac\w+|жалоб\w+|complain\w*|reclam\w+|quejas?|plaintes?|
beschwerden?"""
# Ends of something else, whatever stands beside them.
_OTHER_ENDS = r"""
bounced? (?:house|castle|che(?:ck|que))s?|bajas? (?:medica|laboral|tension|california|temperatura|por \w+)|
(?:planta|gama|prioridad|tension|temporada|marea) bajas?|baja demanda|(?:blocked|cleaned) by|
(?:abgemeldet|abmeldung|abmelden|ausgetragen) (?:\w+ )?(?:kfz|kurs\w*|kita|fahrzeug\w*|behorde|wohnsitz|
schule|
gewerbe|handelsregister)|
fahrzeug abgemeldet"""
# What may stand beside those words without naming something else.
_KNOWN = r"""
(?!by)\w{1,2}|\d+|the|for|from|and|has|can|may|our|your|you|all|any|per|via|not|out|yes|was|are|not|con|por|para|par|pour|
des|les|los|las|del|dei|dal|una|und|fur|von|vom|der|die|das|zum|zur|aus|для|что|или|
e ?mails?|mails?|email\w*|posta\w*|почт\w*|письм\w*|писем|емейл|имейл|correos?|courriels?|
contact\w*|kontakt\w*|контакт\w*|send\w*|sent|receiv\w*|recevoir|recibir|receber|ricev\w*|otrzym\w*|получ\w*|
отправ\w*|communic\w*|comunic\w*|commerc\w*|comerci\w*|market\w*|маркетинг\w*|pazarlama|promo\w*|акци\w+|
publici\w*|pubblici\w*|advert\w*|реклам\w*|offers?|ofert\w*|offres?|offert\w*|angebote|news\w*|noticias|
novedades|novidades|новост\w*|info\w*|updates?|lists?|spisok|bulten\w*|ileti\w*|elektronik|ticari|data|privacy|
datenschutz|personal|process\w*|обработ\w*|персональн\w*|данных|customer|buyer|client\w*|клиент\w*|kunde\w*|person|
subscriber|billing|user|meta|custom|field|flag|general|global|electronic|digital|legal|status|reason|grund|motivo?|
motif|powod|причина|date|datum|fecha|data|дата|time|datumzeit|type|hard|soft|count|state|level|preference\w*|
erwunscht|gewunscht|erlaubt|bestatigt|wants?|like|would|okay|opt|optin|optout|blog|digest|дайджест\w*|блог\w*|weekly|
monthly|daily|active|aktiv|activ\w+|активн\w*|marked|blacklist\w*|email|address|адрес\w*|confirmed|consent\w*|
mailchimp|pardot|hubspot|brevo|sendinblue|klaviyo|mailer ?lite|mailpoet|sendgrid|unisender|sendpulse|
get ?response|
woocommerce|shopify|kajabi|zoho|salesforce|intercom|bool\w*"""
# In a column that is called so, texts are about orders, quarrels, ailments; a "yes" is a refusal.
_ANSWERED = r"""
complain(?:t|ts|ing)|жалоб\w+|beschwerden?|plaintes?|quejas?|reclamac\w+|reclam[oi]|skarg\w+|sikayet\w*|
возврат\w*|zwrot\w*|отказ(?!оуст|ник)\w*|refus\w*|opposition|objection|mail stop"""
# Beside these words no other refusal than one of mailings is meant.
_OF_MAILINGS = r"""
рассыл\w+|писем|письм\w+|e ?mail\w*|mail(?:s|ing\w*)?|prospection|comm?uni[ck]\w*|kommunik\w*|реклам\w+|
iletisim|newsletter\w*|
pazarlama|spam|abuse|
спам|marketing|werbung|
контакт\w*|
contact\w*|kontakt\w*|consent\w*|согласи\w+|einwillig\w*|courriels?|correos?|subscri\w+|подписк\w+"""
_ANY_MAIL = (
    "e ?post|e ?posta\\w*|емейл|имейл|e ?mail\\w*|mails?|newsletter\\w*|почт\\w+|correo|courriel"
)
_NO = "no|not|non|без|нет|не|keine?|ohne|nicht|sin|sem|nao|senza|bez|brak|pas de|sans"
_WITHDRAWN = (
    "отключен\\w*|запрещен\\w*|abgelehnt|verweigert|gesperrt|sperre|"
    "withdrawn|withdrawal|revoked|отзыв\\w*|revoca\\w*|retrait|retirada|wycofanie|cofniecie|widerruf|"
    "отозван\\w+|widerrufen|yok|wycofan\\w+|"
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
_OTHER = _word(_OTHER_USE)
_THINGS, _ANYTHING, _END = _word(_OTHER_THINGS), _word(_OF_ANYTHING), _word(_END_OF_ANYTHING)
_TRADE_WORD = _word(_TRADE)
_OTHER_END = _word(_OTHER_ENDS)
_KNOWN_WORD = _word(_KNOWN)
_ANSWERED_WORD, _MAILING_WORD = _word(_ANSWERED), _word(_OF_MAILINGS)
_MARKETING = _word(f"{_ANY_MAIL}|marketing|рекламн\\w+|werbung|pubblicita")
# How often mail came back: one soft bounce is no reason to leave somebody out.
_COUNT_OF_BOUNCES = _word("soft|counts?|number|anzahl|nombre|numero|liczba|число|количество|ile")
_PARCEL = _word(
    "delivery|доставк\\w*|zustell\\w*|livraison|entrega|consegna|dostaw\\w*|versand\\w*"
)
_MOMENT = _word("at|on|date|time|timestamp")
_OPT_IN = _word("opt ?in|doi")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


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
    if not words or _is_of_another_channel(words):
        return None
    is_circumstance = bool(_CIRCUMSTANCE.search(words))
    if _STATE_WORD.search(words):
        if _reason(words) == "unsubscribed" and _MOMENT.search(words):
            return Speaks.OF_REFUSAL
        is_of_parcels = _PARCEL.search(words) and not _MAIL.search(words)
        return None if is_circumstance or is_of_parcels else Speaks.OF_STATE
    speaks = _of_refusal(words)
    if speaks is not None:
        return None if is_circumstance else speaks
    if not _CONSENT_WORD.search(words):
        return None
    if _names_another_thing(words):
        return Speaks.OF_TERMS
    return _of_detail(words) or (Speaks.OF_DETAIL if is_circumstance else Speaks.OF_CONSENT)


def _is_of_another_channel(words: str) -> bool:
    """Whether a header is of calls, of profiling, or of how often mail came back."""
    if _CHANNEL.search(words) and not _MAIL.search(words):
        return True
    if _OTHER.search(words) and not _MARKETING.search(words):
        return True
    return _reason(words) == "bounced" and bool(_COUNT_OF_BOUNCES.search(words))


def _of_refusal(words: str) -> Speaks | None:
    """Return how a header speaks that names a refusal, or the end of anything."""
    if _names_another_end(words):
        return Speaks.OF_TERMS
    is_answered = bool(_ANSWERED_WORD.search(words)) and not _MAILING_WORD.search(words)
    if is_answered and not _reason(_ANSWERED_WORD.sub(" ", words)):
        return Speaks.OF_ANSWER
    return Speaks.OF_REFUSAL if _NEGATED.search(words) or _reason(words) else None


def _names_another_end(words: str) -> bool:
    """Whether a header is of the end of something that is no mailing: "Window cleaned"."""
    if _OTHER_END.search(words):
        return True
    if _MAILING_WORD.search(_END.sub(" ", words)) or not _END.search(words):
        return False
    rest = _END.sub(" ", words)
    return not _reason(rest) and _names_more(rest)


def _names_another_thing(words: str) -> bool:
    """Whether a header names something to agree to, or to subscribe to, that is no mailing."""
    if _TRADE_WORD.search(words):
        return True
    if _THINGS.search(words) and not _MARKETING.search(words):
        return True
    rest = _ANYTHING.sub(" ", words)
    if rest == words or _CONSENT_WORD.search(rest) or _MAILING_WORD.search(rest):
        return False
    return _names_more(_YES_DETAIL.sub(" ", _TERMS_WORD.sub(" ", rest)))


def _names_more(rest: str) -> bool:
    """Whether what is left of a header is not only what mailings and their addresses have."""
    return bool(_KNOWN_WORD.sub(" ", rest).strip())


def _of_detail(words: str) -> Speaks | None:
    """Return how a header speaks that names a detail of a consent."""
    if _CODE_WORD.search(words):
        return Speaks.OF_CODE
    if _TERMS_WORD.search(words):
        return Speaks.OF_TERMS
    if _SUBSCRIPTION_WORD.search(words) and _ITS_KIND.search(words) and not _MAIL.search(words):
        return Speaks.OF_TERMS
    return Speaks.OF_DETAIL if _YES_DETAIL.search(words) else None


def reason_of(header: str) -> str:
    """Return why people are not written to whom a column of refusals names; ``""`` for another."""
    return _reason(_header_words(header))


def is_noun_of_bounces(header: str) -> bool:
    """Whether a column may count bounces: "Bounces", "Rebotes", not "Bounced"."""
    words = _header_words(header)
    return _reason(words) == "bounced" and "bounced" not in words


def names_mailings(header: str) -> bool:
    """Whether a status says what it is of: "Email status", "Subscription state"."""
    words = _header_words(header)
    return bool(_CONSENT_WORD.search(words) or _MAIL.search(words))


def is_of_opt_in(header: str) -> bool:
    """Whether a column answers whether somebody opted in: "DOUBLE_OPT-IN"."""
    return bool(_OPT_IN.search(_header_words(header)))


def may_be_for_money(header: str) -> bool:
    """Whether a header speaks of subscriptions, and does not say of what: they may be paid for."""
    words = _header_words(header)
    return bool(_SUBSCRIPTION_WORD.search(words)) and not _MAIL.search(words)


def _reason(words: str) -> str:
    return next((because for because, word in _REASON_WORDS if word.search(words)), "")


def _header_words(header: str) -> str:
    return fold(_CAMEL.sub(" ", header).replace("_", " ")).replace("ğ", "g")
