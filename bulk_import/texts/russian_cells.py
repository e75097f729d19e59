"""What is said of cells and rows, in Russian; keys are the templates of the messages."""

from __future__ import annotations

_ADDRESS = "напишите один адрес, например anna@example.org"
_AS_TEXT = "задайте столбцу текстовый формат и введите заново"

CELLS: dict[str, str | tuple[str, str, str]] = {
    "{cell!r}": "«{cell}»",
    "SPACE": "пробел",
    "NO-BREAK SPACE": "неразрывный пробел",
    "no consent": "нет согласия",
    "not subscribed": "не подписан",
    "unsubscribed": "отписался",
    "bounced": "письма не доходят",
    "complained": "жаловался",
    "blocked": "заблокирован",
    "asked not to be contacted": "просил не писать",
    "said no": "сказал «нет»",
    # e-mail
    "write one address such as anna@example.org": _ADDRESS,
    "empty; {advice}": "пусто; {advice}",
    "too long; {advice}": "слишком длинно; {advice}",
    "{line!r} holds {n} addresses; leave one, or set several: first":
        "в «{line}» адресов: {n}; оставьте один или выберите «Несколько адресов в ячейке: первый»",
    "{line!r} holds several addresses; the first is used": "в «{line}» несколько адресов; берётся первый",
    "{line!r} says {said!r}: not sent; remove the remark if it is wrong, or the row":
        "в «{line}» написано «{said}»: не отправляется; удалите пометку, если она неверна, или строку",
    "{cell!r}, to the right of the last named column, says no: not sent; remove the remark if it is wrong":
        "«{cell}» правее последнего названного столбца: человек отказался, не отправляется; удалите пометку, если она неверна",
    "{line!r} holds two addresses; {advice}": "в «{line}» два адреса; {advice}",
    "The part after the @-sign contains invalid characters: {chars}": "после @ есть недопустимые знаки: {chars}",
    "The email address contains invalid characters before the @-sign: {chars}": "перед @ есть недопустимые знаки: {chars}",
    "The email address contains unsafe characters: {chars}": "в адресе есть опасные знаки: {chars}",
    "An email address cannot have two periods in a row": "в адресе две точки подряд",
    "An email address cannot have a period and a hyphen next to each other": "в адресе рядом стоят точка и дефис",
    "An email address cannot start with a {sign}": "адрес начинается со знака, с которого начинаться не может",
    "An email address cannot end with a {sign}": "адрес кончается знаком, которым кончаться не может",
    "An email address cannot have a {sign} immediately after the @-sign": "сразу после @ стоит точка или дефис",
    "An email address cannot have a {sign} immediately before the @-sign": "сразу перед @ стоит точка",
    "There must be something before the @-sign": "перед @ ничего нет",
    "There must be something after the @-sign": "после @ ничего нет",
    "The part after the @-sign is not valid. It should have a period": "после @ нет точки: это не домен",
    "The part after the @-sign is not valid. It is not within a valid top-level domain": "после @ нет настоящего домена",
    "The part after the @-sign is a special-use or reserved name that cannot be used with email":
        "домен после @ зарезервирован и почты не получает",
    "The email address is too long before the @-sign {more}": "адрес слишком длинный перед @",
    "The email address is too long after the @-sign {more}": "адрес слишком длинный после @",
    "The email address is too long {more}": "адрес слишком длинный",
    "{shown!r} has no @; {advice}": "в «{shown}» нет знака @; {advice}",
    "{shown!r} is written as in a formula or a link; {advice}":
    "{shown!r}: так пишут в формуле или в ссылке; {advice}",
    "{shown!r} has a placeholder or a bracket in the address; {advice}":
        "в адресе «{shown}» заглушка или скобка; {advice}",
    "{shown!r}: {reason}; {advice}": "«{shown}»: {reason}; {advice}",
    "{shown!r}: {domain} is not a domain; {advice}": "«{shown}»: {domain} — не домен; {advice}",
    "{shown!r}: {one!r} is a {alphabet} letter (U+{ord:04X}) among Latin ones; type the address again in Latin letters":
        "«{shown}»: среди латинских букв стоит «{one}» из другого алфавита ({alphabet}, код {ord}); наберите адрес заново латиницей",
    "{shown!r}: {sign!r} (U+{ord:04X}) is in no address; {advice}": "«{shown}»: знака «{sign}» (код {ord}) в адресах не бывает; {advice}",
    "{value!r} is a shared mailbox, not a person": "«{value}» — общий ящик, а не человек",
    "{value!r} is a throw-away address": "«{value}» — одноразовый адрес",
    "{value!r}: no mail is delivered to .{top} from outside; {advice}":
        "«{value}»: письма в зону .{top} снаружи не доходят; {advice}",
    "{domain} looks like a slip for {suggestion}; sent as it stands":
        "{domain} похоже на опечатку в {suggestion}; отправляется как есть",
    "there is no top-level domain .{top}; sent as it stands": "зоны .{top} не существует; отправляется как есть",
    "no name server says whether {domain} takes mail": "серверы имён не отвечают, принимает ли {domain} почту",
    "{value!r}: {reason}": "«{value}»: {reason}",
    # phone
    "empty; write a number such as +14155550123": "пусто; напишите номер, например +79161234567",
    "too long for a phone number": "слишком длинно для телефона",
    "{line!r} is not a phone number such as +14155550123": "«{line}» — не номер телефона, как +79161234567",
    "{line!r} is not a phone number": "«{line}» — не номер телефона",
    "{line!r}: the spreadsheet rounded the number (about {digits}); format the column as text or number without decimals and export it again":
        "«{line}»: таблица округлила номер (примерно {digits}); задайте столбцу формат текста или числа без дробной части и выгрузите заново",
    "{line!r} holds {n} numbers; leave one": "в «{line}» номеров: {n}; оставьте один",
    "{line!r} holds several numbers; {value} is used": "в «{line}» несколько номеров; берётся {value}",
    "{text!r} beside the number is not sent": "«{text}» рядом с номером не отправляется",
    "{line!r} has letters of a keypad for digits; write {digits}, if that is meant":
        "в «{line}» вместо цифр буквы с клавиатуры телефона; если имеется в виду {digits}, напишите так",
    "{shown!r} is a placeholder, not a phone number": "«{shown}» — заглушка, а не номер телефона",
    "{shown!r} looks like a placeholder": "«{shown}» похоже на заглушку",
    "{shown!r} has its country code twice; {e164} is sent": "в «{shown}» код страны дважды; отправляется {e164}",
    "{shown!r} has the right length but no operator uses it":
        "у «{shown}» верная длина, но такого номера нет ни у одного оператора",
    "{number!r} can be {readings}; write it with + and the country code":
        "«{number}» может быть {readings}; напишите номер с + и кодом страны",
    "{shown!r} is too short for a phone number": "«{shown}» — слишком коротко для телефона",
    "{shown!r}: no country has the code 8; write +7 if Russia is meant":
        "«{shown}»: кода страны 8 нет; если это Россия, напишите +7",
    "{shown!r} has no country code; write +… or give a country column or phone_region":
        "в «{shown}» нет кода страны; напишите +… или выберите, из какой страны номера без +",
    "{shown!r} is in no country's numbering plan": "«{shown}»: таких номеров нет ни в одной стране",
    "{shown!r} is a number of the past: {change}": "«{shown}» — номер старого образца: {change}",
    "{shown!r} is too short for {where}": "«{shown}» — слишком коротко для {where}",
    "{shown!r} is too long for {where}": "«{shown}» — слишком длинно для {where}",
    "{shown!r} is a local number of {where} without its area code": "«{shown}» — местный номер {where} без кода города",
    "{shown!r} is not a number of {where}: no such area or operator code, or a wrong length":
        "«{shown}» — не номер {where}: нет такого кода города или оператора, или длина неверна",
    "the extension {extension} is not sent": "добавочный {extension} не отправляется",
    "{phone} is a number of {at_home}, the country is {country}": "{phone} — номер страны {at_home}, а страна — {country}",
    # names
    "{line!r} {why}; no part of it is sent": "«{line}» {why}; ничего из этого не отправляется",
    "has a particle that may be of either name": "содержит частицу, которая может относиться и к имени, и к фамилии",
    "has an abbreviation or a number in it": "содержит сокращение или число",
    "is in an order that cannot be told": "стоит в порядке, который нельзя определить",
    "is of three words, none of which is known as a given name": "состоит из трёх слов, и ни одно не известно как имя",
    "is of {n} words": "состоит из слов: {n}",
    "is not in the order {order}": "стоит не в указанном порядке ({order})",
    "looks like the name of a company": "похоже на название компании",
    "is in East Asian letters and its parts cannot be told":
        "написано восточноазиатскими знаками, и части имени не определить",
    "has a comma in a place that cannot be told": "содержит запятую в непонятном месте",
    "is made of titles only": "состоит из одних обращений",
    "is of more than one person": "относится к нескольким людям",
    "has a title or a given name in front": "начинается с обращения или имени",
    "is no name": "— не имя",
    "has a particle in front": "начинается с частицы",
    "begins with an initial or with Monsieur": "начинается с инициала или обращения",
    "{lost!r} of {line!r} is in no part of the name": "«{lost}» из «{line}» не вошло ни в одну часть имени",
    "{n} characters are too long for a name": (
        "{n} знак — слишком длинно для имени", "{n} знака — слишком длинно для имени",
        "{n} знаков — слишком длинно для имени"),
    "{line!r} is an e-mail address, not a name": "«{line}» — адрес e-mail, а не имя",
    "{line!r} is a number, not a name": "«{line}» — число, а не имя",
    "{line!r} is a link, not a name": "«{line}» — ссылка, а не имя",
    "{words!r} may belong to the last name of {line!r}": "«{words}» может быть частью фамилии в «{line}»",
    "{one!r} is taken for the given name of '{one} {other}'": "в «{one} {other}» именем считается «{one}»",
    "{words!r} may be a middle name; {last!r} is sent as the last name":
        "«{words}» может быть отчеством или вторым именем; фамилией отправляется «{last}»",
    "{middle!r} may belong to the last name of '{first} {middle} {last}'":
        "«{middle}» может быть частью фамилии в «{first} {middle} {last}»",
    # time zones
    "write an offset such as +03 or a zone such as Europe/Moscow":
        "напишите смещение, например +03, или зону, например Europe/Moscow",
    "{shown!r} is summer time: {value} is taken as written": "«{shown}» — летнее время: {value} берётся как написано",
    "{line!r} is summer time: {value} is taken as written": "«{line}» — летнее время: {value} берётся как написано",
    "{line!r}: {zone} is at {both} now; {value}, as written, is used":
        "«{line}»: в зоне {zone} сейчас {both}; берётся написанное {value}",
    "{line!r}: {zone} is not at {value}; leave one of the two": "«{line}»: в зоне {zone} не {value}; оставьте одно из двух",
    "{line!r}: {name} is not at {value}; leave one of the two": "«{line}»: {name} — не {value}; оставьте одно из двух",
    "{line!r} can be hours and minutes or minutes alone; {advice}":
        "«{line}» может быть часами с минутами или одними минутами; {advice}",
    "{line!r} is no offset in use (-12 to +14); {advice}": "«{line}» — такого смещения нет (бывает от -12 до +14); {advice}",
    "{line!r} can mean {shared}; {advice}": "«{line}» может значить: {shared}; {advice}",
    "{shown!r} is not an offset from UTC; {advice}": "«{shown}» — не смещение от UTC; {advice}",
    "dst: current needs to know the moment": "чтобы взять время на сегодня, нужно знать момент",
    "the offset in force on {day}": "смещение на {day}",
    "its standard (winter) offset": "зимнее смещение",
    "{zone} changes between {standard} and {summer}; {value}, {used}, is used":
        "в зоне {zone} бывает {standard} и {summer}; берётся {value}: {used}",
    "{value} is right, but the field takes whole hours only, so it is not sent; half_hours: round sends the nearest":
        "{value} верно, но поле принимает только целые часы, поэтому не отправляется; при «Получасовые смещения: округляются» отправится ближайшее",
    "{value} is sent as {sent}": "{value} отправляется как {sent}",
    "no clock in {country_name} shows {offset}": "в стране {country_name} нет времени {offset}",
    "{offset} is guessed from {source}": "{offset} — догадка: {source}",
    "the country {country}": "по стране {country}",
    "a phone of {phone_country}": "по телефону страны {phone_country}",
    # countries, addresses
    "write the country's name or its two-letter code (ISO 3166), such as US":
        "напишите название страны или её двухбуквенный код, например RU",
    "too long for a country; {advice}": "слишком длинно для страны; {advice}",
    "{line!r} is a person or a language; {advice}": "«{line}» — люди или язык; {advice}",
    "{line!r} is not a country; {advice}": "«{line}» — не страна; {advice}",
    "{line!r} is not a country (did you mean {codes}?); {advice}": "«{line}» — не страна (может быть, {codes}?); {advice}",
    "{line!r} is taken for {country_name} ({code})": "«{line}» принимается за {country_name} ({code})",
    "{line!r} does not say which country; write one of {candidates}":
        "по «{line}» не понять, какая это страна; напишите одно из: {candidates}",
    "nothing but commas": "одни запятые",
    "{value!r} is an e-mail address or a link, not a city": "«{value}» — адрес почты или ссылка, а не город",
    "{value!r} has no letter, so it is no city": "в «{value}» нет букв, это не город",
    "{line!r} is not a postal code": "«{line}» — не почтовый индекс",
    "{line!r} is too short for a code of {country}, which has {length} digits":
        "«{line}» — слишком коротко для индекса {country}: в нём цифр {length}",
    "{line!r} is too short for a code of {country}: the spreadsheet dropped a leading zero; {whole} is meant":
        "«{line}» — слишком коротко для индекса {country}: таблица убрала ноль в начале; имеется в виду {whole}",
    "{code!r} does not look like a postal code of {country}": "«{code}» не похоже на индекс страны {country}",
    # tags, lists, managers, profiles
    "the tag {part!r} has a comma in it, and the server would make two tags of it; rename it, or set separator: ','":
        "в теге «{part}» запятая, и сервер сделает из него два; переименуйте его или выберите запятую разделителем",
    "{value!r} has a comma in it": "в «{value}» есть запятая",
    "a tag of {n} characters: {part!r}…": (
        "тег из {n} знака: «{part}»…", "тег из {n} знаков: «{part}»…", "тег из {n} знаков: «{part}»…"),
    "the list {text!r} has a comma in it": "в списке «{text}» есть запятая",
    "the list id {text!r} was turned into a number and lost digits; copy it again from the account as text (in Excel: format the column as text first)":
        "номер списка «{text}» превратился в число и потерял цифры; скопируйте его из аккаунта заново как текст (в Excel сначала задайте столбцу текстовый формат)",
    "{line!r} is not a manager's number; `bulk-import managers` lists them": "«{line}» — не номер менеджера",
    "the tags {other!r} and {value!r} look alike but differ": "теги «{other}» и «{value}» похожи, но различаются",
    "the tags {other!r}, of an earlier row, and {value!r} look alike but differ":
        "тег «{other}» из строки выше и тег «{value}» похожи, но различаются",
    "the tag {value!r} has {sign!r} in it; if that separates tags, add it to separator:":
        "в теге «{value}» есть «{sign}»; если этот знак разделяет теги, добавьте его в «Разделитель в ячейке»",
    "{part!r} is a piece of a list that a program wrote, and the list cannot be read; write the tags with a separator between them":
        "«{part}» — обрывок списка, записанного программой, и прочесть его нельзя; напишите теги через разделитель",
    "too long for a profile": "слишком длинно для профиля",
    "the account has no list {value!r}{hint}; `bulk-import lists` shows them": "в аккаунте нет списка «{value}»{hint}",
    "the account's answer has no API id for the list {value!r}; write the id that the list's settings show":
        "аккаунт не назвал номер списка «{value}»; напишите номер из настроек списка",
    "{n} lists are called {value!r}; write the id of the one that is meant: {ids}":
        "списков с названием «{value}»: {n}; напишите номер нужного: {ids}",
    "{n:,} {rows} {what} ({shown}{more}) that were not compared with the account; the run refuses rows with a name that the account does not have (`bulk-import {command}` shows them)":
        "{what} в строках ({n}: {shown}{more}) ещё не сверены с аккаунтом; строки с названием, которого в аккаунте нет, будут отклонены",
    "row names": "строка",
    "rows name": "строки",
    "lists": "списки",
    "managers": "менеджеры",
    "{both} would be added and removed at once": "{both}: добавляется и снимается одновременно",
    "{both} is added by one row of the contact and removed by another":
        "{both}: одна строка контакта добавляет, другая снимает",
    # whole rows
    "no e-mail; the server would make a new contact at every run (when: no_email: create allows it)":
        "нет e-mail; сервер создавал бы новый контакт при каждой отправке",
    "no e-mail, no phone and no other way to reach the person; the server would make a new contact of it at every run":
        "нет ни e-mail, ни телефона, ни другой связи с человеком; сервер создавал бы новый контакт при каждой отправке",
    "row {number}{sheet} of the same contact in {source}: {why}": "строка {number}{sheet} того же контакта в {source}: {why}",
    "row {row} of {source}": "строка {row} в {source}",
    " of sheet {sheet!r}": " листа «{sheet}»",
    "; sent before without a trustworthy answer, not sent again": "; отправлялась раньше без надёжного ответа, снова не отправляется",
    "{reason}; sent before without a trustworthy answer, not sent again":
        "{reason}; отправлялась раньше без надёжного ответа, снова не отправляется",
    "the same contact is in row {others} too (when: duplicate: refuse)": "тот же контакт — ещё и в строке {others}",
    "is merged into row {number} of the same contact (when: duplicate: merge)":
        "объединена со строкой {number} того же контакта",
    "gives way to row {number} of the same contact (when: duplicate: {policy})":
        "уступает строке {number} того же контакта",
    "row {number} of the same contact, with which it is merged, cannot be sent: {why}":
        "строку {number} того же контакта, с которой эта объединяется, отправить нельзя: {why}",
    "{rows:,} rows share {email} ({what}); the server would make one contact of them":
        "адрес {email} ({what}) стоит в нескольких строках, всего {rows}; сервер сделал бы из них один контакт",
    "a placeholder, nobody's address": "заглушка, ничей адрес",
    "probably not their own": "вероятно, не их собственный",
    "{n:,} {rows} of a contact ({several}); {what} (when: duplicate:)": (
        "{n} {rows} того же контакта ({several}); {what}", "{n} {rows} тех же контактов ({several}); {what}",
        "{n} {rows} тех же контактов ({several}); {what}"),
    "row is a second row": "строка — повторная строка",
    "rows are second rows": "— повторные строки",
    "{n:,} contact has several": "{n} контакт в нескольких строках",
    "{n:,} contacts have several": (
        "{n} контакт в нескольких строках", "{n} контакта в нескольких строках", "{n} контактов в нескольких строках"),
    "they are sent in file order, and the last one wins": "отправляются по порядку файла, побеждает последняя",
    "only the first row of each contact is sent": "отправляется только первая строка контакта",
    "only the last row of each contact is sent": "отправляется только последняя строка контакта",
    "the rows of each contact are merged into one": "строки контакта объединяются",
    "they are refused": "они отклоняются",
    "the end of the journal was lost, and this row may have been sent before":
        "конец журнала утерян, и эта строка могла быть отправлена раньше",
    "sent by the night in {run_dir}, which was cut off before the answer came; not sent again, that would make a second contact":
        "отправлена прерванной ночью ({run_dir}), ответ не пришёл; снова не отправляется, иначе контакт удвоился бы",
    "the contact is in the source after all": "контакт всё-таки есть в источнике",
    "corrected since the night began, and its contact has another row in the source, which is not in this run; the next `bulk-import sync` reads and compares both":
        "исправлена после начала ночи, а в источнике есть другая строка её контакта; следующая ночь сравнит обе",
    "same as last confirmed": "как при последней подтверждённой отправке",
    # rules, checks, suppression
    "{found} ({section}{why})": "{found} ({section}{why})",
    "skip": "правило пропуска",
    "only": "правило отбора",
    "empty": "пусто",
    "{cell} stands where the {section} rule looks; repair the cell":
        "{cell} в ячейке, по которой решает правило строк; исправьте ячейку",
    "the {section} rule{why} cannot be decided, so the contact is not sent":
        "правило строк{why} применить нельзя, поэтому контакт не отправляется",
    "{cell} stands where a check looks; correct the cell": "{cell} в ячейке, которую проверяет условие; исправьте ячейку",
    "is empty, and must not be": "пусто, а должно быть заполнено",
    "{short} does not have the form {pattern}": "{short} не подходит под образец {pattern}",
    "{short} is not one of {allowed}{more}": "{short} — не из списка: {allowed}{more}",
    "{short} is in {rows} too": "{short} — ещё и здесь: {rows}",
    "{message}{why}": "{message}{why}",
    "{email} is on the suppression list": "{email} — в списке исключений",
    "{email} is on the suppression list (Gmail's dots left out)": "{email} — в списке исключений (без точек Gmail)",
    "the domain {domain} is on the suppression list": "домен {domain} — в списке исключений",
    "{n:,} of {rows:,} rows say {shown}{more} and would be sent; a skip or only rule in the mapping keeps them back": (
        "в {n} строке из {rows} написано {shown}{more}, и она была бы отправлена; «Пропускать строки по этому столбцу» её удержит",
        "в {n} строках из {rows} написано {shown}{more}, и они были бы отправлены; «Пропускать строки по этому столбцу» их удержит",
        "в {n} строках из {rows} написано {shown}{more}, и они были бы отправлены; «Пропускать строки по этому столбцу» их удержит"),
    "{n:,} of {rows:,} rows have a remark such as {shown}{more} and would be sent; a skip rule with the value `says no` keeps them back": (
        "в {n} строке из {rows} есть пометка вроде {shown}{more}, и она была бы отправлена; «Пропускать строки по этому столбцу» с текстом «says no» её удержит",
        "в {n} строках из {rows} есть пометка вроде {shown}{more}, и они были бы отправлены; «Пропускать строки по этому столбцу» с текстом «says no» их удержит",
        "в {n} строках из {rows} есть пометка вроде {shown}{more}, и они были бы отправлены; «Пропускать строки по этому столбцу» с текстом «says no» их удержит"),
    " and {n} other ways": " и ещё {n} иначе",
    " and {n:,} more": " и ещё {n}",
    "{message}; the field is not sent": "{message}; поле не отправляется",
    # damage
    "the cell shows the error {value}; correct the formula or clear the cell":
        "в ячейке ошибка {value}; исправьте формулу или очистите ячейку",
    "the cell shows the error {bare}; correct the formula or clear the cell":
        "в ячейке ошибка {bare}; исправьте формулу или очистите ячейку",
    "the cell shows the error {text}; correct the formula or clear the cell":
        "в ячейке ошибка {text}; исправьте формулу или очистите ячейку",
    "the cell shows the error {raw}; correct the formula or clear the cell":
        "в ячейке ошибка {raw}; исправьте формулу или очистите ячейку",
    "a formula without a stored result; open the workbook in a spreadsheet program and save it, or replace formulas by values":
        "формула без сохранённого результата; откройте книгу в табличном редакторе и сохраните или замените формулы значениями",
    "exactly {length:,} characters, the most that some programs keep: the end is probably cut off":
        "ровно столько знаков ({length}), сколько хранят некоторые программы: конец, вероятно, обрезан",
    "{text} is a long number that was shortened, its digits are lost; format the column as text and enter it again":
        f"{{text}} — длинное число, которое сократили, цифры утеряны; {_AS_TEXT}",
    "{text} has {length} digits that end in zeros: a spreadsheet keeps 15 and makes the rest zeros":
        "в {text} цифр {length}, и в конце нули: таблица хранит 15 цифр, остальные обнуляет",
    "{text} has more than {digits_kept} digits; a spreadsheet keeps {digits_kept} of a number, the rest is lost; format the column as text and enter it again":
        f"в {{text}} больше {{digits_kept}} цифр; таблица хранит {{digits_kept}}, остальные утеряны; {_AS_TEXT}",
    "{text} is a date where a {role} should be; a spreadsheet program has turned the value into one. Format the column as text and enter it again":
        "{text} — дата, а должно быть: {role}; значение превратил в дату табличный редактор. Задайте столбцу текстовый формат и введите заново",
    "{text} looks like something that a spreadsheet program has turned into a date":
        "{text} похоже на то, что табличный редактор превратил в дату",
    "{text!r} is {meant!r} in the wrong encoding; import the file that it comes from as UTF-8 and export it again":
        "«{text}» — это «{meant}» в неверной кодировке; откройте исходный файл как UTF-8 и выгрузите заново",
    "{text!r} was read in the wrong encoding and lost letters on the way; export the data again from where it is still whole":
        "«{text}» прочитано в неверной кодировке и потеряло буквы; выгрузите данные заново оттуда, где они целы",
    "{text!r} is {foreign!r} in the wrong encoding; export the data again from where it is still whole":
        "«{text}» — это «{foreign}» в неверной кодировке; выгрузите данные заново оттуда, где они целы",
    "question marks stand where an earlier program could not write the letters; export the data again as UTF-8":
        "на месте букв, которые не смогла записать прежняя программа, стоят вопросы; выгрузите данные заново в UTF-8",
    "the cell holds �, which stands for a letter that an earlier program could not read; export the data again from where it is still whole":
        "в ячейке знак � вместо буквы, которую не прочла прежняя программа; выгрузите данные заново оттуда, где они целы",
    "{value!r} stands for a missing value; clear the cell, or give its meaning by values: in the mapping":
        "«{value}» значит «нет данных»; очистите ячейку или укажите её смысл в «Что в ячейке → что имеется в виду»",
    "{bare!r} stands for a missing value; clear the cell, or give its meaning by values: in the mapping":
        "«{bare}» значит «нет данных»; очистите ячейку или укажите её смысл в «Что в ячейке → что имеется в виду»",
    "{value!r} stands for a missing value and is not sent": "«{value}» значит «нет данных» и не отправляется",
    "{value!r} stands in {count:,} rows ({places}): a missing value; the first of them may have passed as names":
        "«{value}» стоит во многих строках (всего {count}; {places}): это «нет данных»; первые из них могли пройти как имена",
    "{bare!r} may be a missing value rather than a {role}": "«{bare}» может значить «нет данных», а не {role}",
    "{n:,} numbers have {short} digits, {usual:,} others have {long}: a digit is probably missing (rows {rows})": (
        "в {n} номере цифр {short}, в остальных ({usual}) — {long}: вероятно, цифра потеряна (строки {rows})",
        "в {n} номерах цифр {short}, в остальных ({usual}) — {long}: вероятно, цифра потеряна (строки {rows})",
        "в {n} номерах цифр {short}, в остальных ({usual}) — {long}: вероятно, цифра потеряна (строки {rows})"),
    "{n:,} codes have {short} digits, {usual:,} others have {long}: a zero in front was probably lost when the column was read as numbers (rows {rows})": (
        "в {n} индексе цифр {short}, в остальных ({usual}) — {long}: вероятно, ноль в начале пропал, когда столбец читали как числа (строки {rows})",
        "в {n} индексах цифр {short}, в остальных ({usual}) — {long}: вероятно, ноль в начале пропал, когда столбец читали как числа (строки {rows})",
        "в {n} индексах цифр {short}, в остальных ({usual}) — {long}: вероятно, ноль в начале пропал, когда столбец читали как числа (строки {rows})"),
    "{text!r} is written as in {where}{said}; enter it as plain text": "«{text}» записано как в {where}{said}; введите простым текстом",
    ": {meant!r} was meant": ": имелось в виду «{meant}»",
    "{bare} is what a spreadsheet program shows instead of a value; correct it in the file that this one comes from":
        "{bare} — то, что табличный редактор показывает вместо значения; исправьте в исходном файле",
    "{bare} is a formula written as text; paste its result as a value": "{bare} — формула, записанная как текст; вставьте её результат",
    "{bare!r} has HTML tags in it; remove them": "в «{bare}» теги HTML; удалите их",
    "{bare} is a whole number that a program has turned into a decimal; format the column as text and export it again":
        "{bare} — целое число, которое программа сделала дробным; задайте столбцу текстовый формат и выгрузите заново",
    "{bare!r} ends with a question mark: a letter that an earlier program could not write, or a doubt; export the data again as UTF-8, or remove the mark":
        "«{bare}» кончается вопросом: это буква, которую не смогла записать прежняя программа, или сомнение; выгрузите данные заново в UTF-8 или уберите знак",
    "{bare!r} has a question mark where an earlier program could not write a letter; export the data again as UTF-8":
        "в «{bare}» вопрос на месте буквы, которую не смогла записать прежняя программа; выгрузите данные заново в UTF-8",
    "{value} is a placeholder that was never filled in": "{value} — незаполненная заготовка",
    "{bare} is JSON, not one value": "{bare} — JSON, а не одно значение",
    "{raw!r} is not a number": "«{raw}» — не число",
    "{value!r} is not a number": "«{value}» — не число",
    "{value!r} is not a {kind}": "«{value}» — не {kind}",
    "{raw!r} is not a date": "«{raw}» — не дата",
    "{serial:g} is not a date": "{serial:g} — не дата",
    "{raw!r} is not a number or date": "«{raw}» — не число и не дата",
    "{bare!r} is not a number or date": "«{bare}» — не число и не дата",
    "{raw} is not a number or date": "«{raw}» — не число и не дата",
    "{n:,} characters": ("{n} знак", "{n} знака", "{n} знаков"),
    "{text} looks like a list id that was turned into a number and lost digits; enter it again as text":
        "{text} похоже на номер списка, который превратился в число и потерял цифры; введите его заново как текст",
    "a blank stands before the quotation mark, so the mark is part of the text; delete the blank":
        "перед кавычкой стоит пробел, поэтому она — часть текста; удалите пробел",
    "{text!r} is sent as {meant!r}": "«{text}» отправляется как «{meant}»",
    "{raw!r} is sent as {whole!r}": "«{raw}» отправляется как «{whole}»",
    "this row shows how to fill the table in; it is no contact": "строка показывает, как заполнять таблицу; это не контакт",
    "this line looks like the totals below the table, not like a contact":
        "строка похожа на итоги под таблицей, а не на контакт",
    "the row has {n} cells, more than the {width} columns of the header; cells may be in the wrong column (a delimiter or a quotation mark too many or few)":
        "ячеек в строке {n} — больше, чем столбцов в заголовке ({width}); ячейки могли сместиться (лишний или пропавший разделитель или кавычка)",
    "the row has {n} cells, fewer than the {width} columns of the header; cells may be in the wrong column (a delimiter or a quotation mark too many or few)":
        "ячеек в строке {n} — меньше, чем столбцов в заголовке ({width}); ячейки могли сместиться (лишний или пропавший разделитель или кавычка)",
    # corrections
    "corrections of {path} that are applied{how}: {n:,}": (
        "применено {n} исправление из {path}{how}", "применены {n} исправления из {path}{how}",
        "применено {n} исправлений из {path}{how}"),
    ", found by contact": ", строки найдены по контакту",
    "{n:,} corrections of {path} found no row (row {rows})": (
        "для {n} исправления из {path} не нашлась строка (строка {rows})",
        "для {n} исправлений из {path} не нашлась строка (строка {rows})",
        "для {n} исправлений из {path} не нашлась строка (строка {rows})"),
    "the correction of {column} expects {before!r} and the cell says {found!r}; make it again, or remove its line":
        "исправление столбца {column} ждёт «{before}», а в ячейке «{found}»; исправьте ячейку заново",
    "{path}: {why}": "{path}: {why}",
    "no column {missing}; corrections have {columns}": "нет столбца {missing}; в файле исправлений столбцы {columns}",
    "it is not UTF-8": "это не UTF-8",
    "line {number}: {exc}": "строка {number}: {exc}",
    "line {number}: row {row!r} is not a row number": "строка {number}: «{row}» — не номер строки",
    "line {number}: it names no column": "строка {number}: столбец не назван",
    "{source} has no column {named}": "в {source} нет столбца {named}",
}  # fmt: skip
