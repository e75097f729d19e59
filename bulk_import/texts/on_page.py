"""What a message says before the page instead of naming options of the mapping and of commands.

Keys of ``ENGLISH`` are templates; Russian messages name the page's controls from the start.
"""

from __future__ import annotations

from collections.abc import Mapping

_READING = "“How the file is read”, on the page of columns"
_READING_RU = "«Как читается файл» на странице столбцов"
_MEANT = "“What cells say → what is meant”, beside the column"
_MEANT_RU = "«Что в ячейке → что имеется в виду» у столбца"
_BAD = "“A cell that cannot be sent”"
_BAD_RU = "«Ячейка, которую нельзя отправить»"
_RULE = "“Leave rows out by this column”"
_RULE_RU = "«Пропускать строки по этому столбцу»"
_ACCOUNT = "Check the login or the address of the account."
_ACCOUNT_RU = "Проверьте логин или адрес аккаунта."
_NOTHING = "Nothing."
_NOTHING_RU = "Ничего."
_ACCEPT = "“Nights” can accept it for once"

ENGLISH: dict[str, str | tuple[str, str, str]] = {
    # accounts
    "redirect {http_status} to {location}, not followed: it would carry the key elsewhere; check --endpoint":
        "redirect {http_status} to {location}, not followed: it would carry the key elsewhere; check the address of the account",
    "redirect {http_status} to {location}, not followed: the key stays with this host; check --endpoint":
        "redirect {http_status} to {location}, not followed: the key stays with this host; check the address of the account",
    "--ca-file {ca_file}: cannot be used: {exc}": "{ca_file}: these certificates cannot be used: {exc}",
    "--endpoint: give the address alone, without user, password, ? or #; the key has a place of its own":
        "give the address alone, without user, password, ? or #; the key has a field of its own",
    "--account and --endpoint: give one of them, they say the same": "give the login or the address, not both",
    "--profile {name} is for {own}, and {given} is asked for: the profile's key is not sent there. Leave one of them out, or give --api-key-file too":
        "the profile {name} is for {own}, and {given} is asked for: the profile's key is not sent there; enter the key",
    "--account {login!r}: give the login alone, as in LOGIN.{account_domain}; an account on another domain is named by --endpoint https://…":
        "{login!r}: give the login alone, as in LOGIN.{account_domain}; for another domain open “The account has an address of its own”",
    "--endpoint {given!r}: not a URL ({exc})": "{given!r} is no address ({exc})",
    "--endpoint {given!r}: give a URL such as https://shop.example.com": "{given!r}: give an address such as https://shop.example.com",
    "--endpoint {given!r}: plain http would show your API key to everybody on the way; use https://{host}":
        "{given!r}: plain http would show your API key to everybody on the way; use https://{host}",
    "--endpoint {given!r}: the address of the account is enough: {scheme}://{host}": "{given!r}: the address of the account is enough: {scheme}://{host}",
    "--proxy, {proxy_variable}: give a URL such as http://proxy.example.com:3128": "{proxy_variable}: give a URL such as http://proxy.example.com:3128",
    "--proxy: every program on this computer can read user and password in a command line; set {proxy_variable} to http://user:password@host:port instead":
        "every program on this computer can read user and password in a command line; set {proxy_variable} to http://user:password@host:port instead",
    "--max-failures {text!r}: a number of rows (20) or a share (5%)": "{text!r}: give a number of rows (20) or a share (5%)",
    "--max-failures {text!r}: a share is at most 100%": "{text!r}: a share is at most 100%",
    "which account? give --account LOGIN or --profile NAME, or set {account_variable} (or --endpoint URL, {endpoint_variable})":
        "which account? Give its login or its address",
    "no API key: set {key_variable} in the environment or in .env, or give --api-key-file FILE":
        "no API key: enter it, or name the file that holds it",
    "{key_variable}: holds a byte that is not UTF-8, or a control character": "the API key holds a character that no key has",
    "--api-key-file {path}: it must hold the key alone, on one line": "{path}: it must hold the key alone, on one line",
    "--api-key-file {path}: cannot be read: {reason}": "{path}: cannot be read: {reason}",
    "--profile: this user has no home folder; name the file with --config FILE": "this user has no home folder with profiles",
    "--config {file}: give --profile NAME too; it has {profiles}": "{file}: choose a profile; it has {profiles}",
    "--profile {name}: not in {file}; it has {profiles}": "there is no profile {name} in {file}; it has {profiles}",
    "{where}: give one of api_key_file and api_key_env": "{where}: give one of “api_key_file” and “api_key_env”",
    "{file}: there is no such file; make it with a table [{table}.NAME], or name another with --config FILE (in a file of jobs: config)":
        "{file}: there is no such file; make it with a table [{table}.NAME]",
    "; {name} is set and is not used by itself: if the way out leads through that proxy, give --proxy URL or set {proxy_variable}":
        "; {name} is set and is not used by itself: if the way out leads through that proxy, set {proxy_variable}",
    # runs
    "stopped on the page": "by you, on the page",
    "--window {text!r}: give hours such as 01:00-05:00": "{text!r}: give hours such as 01:00-05:00",
    "--window {text!r}: opens and closes at the same time": "{text!r}: opens and closes at the same time",
    "outside of --window, until {opens}": "not the time to send, until {opens}",
    "--daily-limit {limit} is reached": "the limit of {limit} requests a day is reached",
    "{badly} of {settled} rows failed, more than --max-failures {max_failures}": "{badly} of {settled} rows failed, more than {max_failures}",
    "cut off; `bulk-import resume {run_dir}` continues it": "cut off; it can be continued",
    "{run_dir}: a rehearsal (--dry-run); run the import without it": "{run_dir}: a rehearsal",
    "{folder}: holds a run already; `bulk-import resume {folder}` continues it, another folder takes a new one": "{folder}: holds a run already",
    "{folder}: holds a run already; nothing was sent. `bulk-import resume {folder}` continues it; for a new run give another folder":
        "{folder}: holds a run already; nothing was sent",
    "{path}: is there already, and the run would write a file of that name; nothing was sent. Give another --run-dir":
        "{path}: is there already, and the run would write a file of that name; nothing was sent",
    "{run_dir} holds a rehearsal (--dry-run); import into another folder": "{run_dir} holds a rehearsal",
    "{run_dir} holds a real run; rehearse (--dry-run) in another folder": "{run_dir} holds a real run",
    "{run_dir} holds a run of `bulk-import {before}`; nothing was sent. `bulk-import resume {run_dir}` continues it; for a new run give another folder":
        "{run_dir} holds a run of another kind ({before}); nothing was sent",
    "{run_dir} holds a run that was started differently: {differences}. Nothing was sent. Undo the change to continue it, or start a new run in another folder (rows that were accepted would be sent again)":
        "this run was started differently: {differences}. Nothing was sent. Undo the change to continue it",
    "{folder}: this run is finished; nothing was sent. `bulk-import resume {folder}` sends again what may be sent again":
        "{folder}: this run is finished; nothing was sent",
    "{path}: the end of the journal is missing (its log {name}-wal was lost or damaged). {rows:,} rows without e-mail that may have been sent are `unknown` and not sent again (--resend-unknown sends them); rows with an e-mail are sent again, which makes no second contact":
        "{path}: the end of the journal is missing ({name}-wal). {rows:,} rows without e-mail that may have been sent are not sent again; rows with an e-mail are sent again, which makes no second contact",
    "the other reports are written; `bulk-import report {run_dir}` tries again": "the other reports are written",
    "--corrections: give one source; its rows are corrected by their numbers": "corrections belong to one source",
    "{rows:,} rows, and the mapping asks for at least {fewest:,} (min_rows)": "{rows:,} rows, and the mapping file asks for at least {fewest:,}",
    # nights, re-tags
    "the brake: {jumps} (--accept sends it this once if it is meant)": f"the brake: {{jumps}} ({_ACCEPT})",
    "the brake: the source has no rows (--accept if that is meant)": f"the brake: the source has no rows ({_ACCEPT})",
    "{n:,} missing contacts are left alone: files are missing that may hold them (--fewer-files if these files are gone for good)":
        "{n:,} missing contacts are left alone: files are missing that may hold them",
    "{n:,} of {vanished:,} vanished contacts are left alone: {why} (--accept treats them as vanished all the same)":
        "{n:,} of {vanished:,} vanished contacts are left alone: {why}",
    "corrected since the night began, and its contact has another row in the source, which is not in this run; the next `bulk-import sync` reads and compares both":
        "corrected since the night began, and its contact has another row in the source, which is not in this run; the next night compares both",
    "{run_dir}: a night of the job {path}, and that file is gone; nothing was sent. Restore it, or run `bulk-import sync` with the same --state to start again":
        "a night of the job {path}, and that file is gone; nothing was sent. Restore it",
    "{run_dir}: a later night of the job {path} has begun; nothing was sent. Run `bulk-import sync` again: it sends what is left":
        "a later night of the job {path} has begun; nothing was sent. It sends what is left",
    "retag: give add_tags, remove_tags, add_to_lists or remove_from_lists": "name a tag or a list",
    "--segment {name!r}: {path} has no such segment, but {near!r}; give that name, or one that differs by more than case":
        "there is no segment {name!r}, but {near!r}",
    "the brake: {leaving:,} of the {before:,} in {name!r} would lose, more than {max_lose:.0%}; nothing was sent (--accept for once, or --max-lose)":
        "the brake: {leaving:,} of the {before:,} in {name!r} would lose, more than {max_lose:.0%}; nothing was sent",
    "{n:,} contacts would be touched, max_contacts allows {max_contacts:,}; nothing was sent":
        "{n:,} contacts would be touched, {max_contacts:,} are allowed; nothing was sent",
    "the brake: everybody on the new list of {name!r} says no, such as {first}; nothing was sent (--ignore-consent takes them anyway)":
        "the brake: everybody on the new list of {name!r} says no, such as {first}; nothing was sent",
    "the brake: the new list of {name!r} has no addresses, {before:,} were in the segment; nothing was sent (--accept if that is meant)":
        "the brake: the new list of {name!r} has no addresses, {before:,} were in the segment; nothing was sent",
    "--seed {run_dir}: a run of {endpoint}, not of {mine}; nothing was sent. Give a run of this account, or leave --seed out":
        "{run_dir}: a run of {endpoint}, not of {mine}; nothing was sent",
    "{path}: written by a newer version of bulk_import (state format {number}; this one knows {format}); update this installation, nothing was changed":
        "{path}: written by a newer version of this program (format {number}; this one knows {format}); update it, nothing was changed",
    # columns, rows and cells
    "the account has no list {value!r}{hint}; `bulk-import lists` shows them": "the account has no list {value!r}{hint}",
    "column {column!r} is mapped to {plain}; keep one, or split it with part:": "column {column!r} is sent as {plain} at once; keep one",
    "{n:,} of {rows:,} rows say {shown}{more} and would be sent; a skip or only rule in the mapping keeps them back":
        f"{{n:,}} of {{rows:,}} rows say {{shown}}{{more}} and would be sent; {_RULE} keeps them back",
    "{n:,} of {rows:,} rows have a remark such as {shown}{more} and would be sent; a skip rule with the value `says no` keeps them back":
        f"{{n:,}} of {{rows:,}} rows have a remark such as {{shown}}{{more}} and would be sent; {_RULE} with the text “says no” keeps them back",
    "suppress: {message}": "never to send: {message}",
    "suppress: {exc}; nothing is sent while a list cannot be read to its end":
        "never to send: {exc}; nothing is sent while a list cannot be read to its end",
    "suppress: {text!r} is not understood as an address; correct it, or allow it with --no-strict-suppress (it would not be honoured)":
        "never to send: {text!r} is not understood as an address; correct it",
    "{domain} is a public mail provider: as a domain it would suppress everybody there; remove the line, or name the column of the addresses: suppress: [{{file: {name}, columns: E-mail}}]":
        "{domain} is a public mail provider: as a domain it would suppress everybody there; remove the line from {name}",
    "no e-mail; the server would make a new contact at every run (when: no_email: create allows it)":
        "no e-mail; the server would make a new contact at every run",
    "which column holds the e-mail address? None looks like it; without one only `when: no_email: create` sends rows":
        "which column holds the e-mail address? None looks like it; without one only “Rows without e-mail: send” sends rows",
    "{source}: {question}; name it with --column": "{source}: {question}",
    "{n:,} {rows} {what} ({shown}{more}) that were not compared with the account; the run refuses rows with a name that the account does not have (`bulk-import {command}` shows them)":
        "{n:,} {rows} {what} ({shown}{more}) that were not compared with the account; rows with a name that the account does not have will be refused",
    "{line!r} holds {n} addresses; leave one, or set several: first": "{line!r} holds {n} addresses; leave one, or choose “Several addresses in one cell: the first”",
    "dst: current needs to know the moment": "the time of today needs to know the moment",
    "{value} is right, but the field takes whole hours only, so it is not sent; half_hours: round sends the nearest":
        "{value} is right, but the field takes whole hours only, so it is not sent; “Half hours: rounded” sends the nearest",
    "{shown!r} has no country code; write +… or give a country column or phone_region":
        "{shown!r} has no country code; write +…, or choose the country of numbers without +",
    "{line!r} is not a manager's number; `bulk-import managers` lists them": "{line!r} is not a manager's number",
    "the tag {part!r} has a comma in it, and the server would make two tags of it; rename it, or set separator: ','":
        "the tag {part!r} has a comma in it, and the server would make two tags of it; rename it, or make the comma the “Separator in a cell”",
    "the tag {value!r} has {sign!r} in it; if that separates tags, add it to separator:":
        "the tag {value!r} has {sign!r} in it; if that separates tags, add it to “Separator in a cell”",
    "{n:,} {rows} of a contact ({several}); {what} (when: duplicate:)": "{n:,} {rows} of a contact ({several}); {what}",
    "the same contact is in row {others} too (when: duplicate: refuse)": "the same contact is in row {others} too",
    "is merged into row {number} of the same contact (when: duplicate: merge)": "is merged into row {number} of the same contact",
    "gives way to row {number} of the same contact (when: duplicate: {policy})": "gives way to row {number} of the same contact",
    "{without_email:,} of {rows:,} rows have no e-mail: probably another column is meant by lead_email, or the wrong sheet is read; nothing was sent (when: no_email: create sends such rows)":
        "{without_email:,} of {rows:,} rows have no e-mail: probably the addresses are in another column, or the wrong sheet is read; nothing was sent",
    "{value!r} stands for a missing value; clear the cell, or give its meaning by values: in the mapping":
        f"{{value!r}} stands for a missing value; clear the cell, or give its meaning in {_MEANT}",
    "{bare!r} stands for a missing value; clear the cell, or give its meaning by values: in the mapping":
        f"{{bare!r}} stands for a missing value; clear the cell, or give its meaning in {_MEANT}",
    "nothing was sent: cells of {columns} say that people must not be written to, and no rule looks at them. Add a skip or only rule (`bulk-import init` proposes one), or write `when: {{says_no: send}}` if it means something else":
        "nothing was sent: cells of {columns} say that people must not be written to, and no rule looks at them; add a rule that keeps them back",
    "nothing was sent: the name of sheet {sheets} says that the people on it must not be written to, and nothing keeps them back. Name it under `suppress:` (file: and sheet:), or write `when: {{says_no: send}}` if it means something else":
        "nothing was sent: the name of sheet {sheets} says that the people on it must not be written to, and nothing keeps them back; upload the sheet as a list of people who must not be written to",
    # the file
    "{name}: the archive holds {n} files ({shown}); name one by source: member: in the mapping":
        "{name}: the archive holds {n} files ({shown}); name one in “File of the archive”",
    "{source}: {n} sheets hold contacts ({names}); name one by source: sheet:, or read them together by source: sheets: all":
        "{source}: {n} sheets hold contacts ({names}); name one in “Sheet of the workbook”",
    "not UTF-8; read as {name} ({evidence}); look at a few names, and set source: encoding: if they are wrong":
        f"not UTF-8; read as {{name}} ({{evidence}}); look at a few names, and choose the encoding in {_READING} if they are wrong",
    "the workbook does not say which encoding its texts are in; read as {answer}; look at a few names, and set source: encoding: if they are wrong":
        f"the workbook does not say which encoding its texts are in; read as {{answer}}; look at a few names, and choose the encoding in {_READING} if they are wrong",
    "sheet {name!r} is read; the others ({others}) are not; source: sheet: names another, source: sheets: several":
    "sheet {name!r} is read; the others ({others}) are not; “Sheet of the workbook” names another",
    "{source}: row {header_row} (header_row) is empty": "{source}: row {header_row}, which should be the header, is empty",
    "{source}: row {number} should be the header, but it holds an e-mail address; add a row with the columns' names, or name its row by header_row":
        "{source}: row {number} should be the header, but it holds an e-mail address; add a row with the columns' names, or give its number in “Row of the header”",
    "row {row} is above the header (row {number}), so it is not read, but it holds an e-mail address; name the header's row by header_row":
        "row {row} is above the header (row {number}), so it is not read, but it holds an e-mail address; give the header's number in “Row of the header”",
    "{n:,} of {rows:,} rows are hidden by a filter and are left out; as source: hidden_rows: skip says":
        "{n:,} of {rows:,} rows are hidden by a filter and are left out",
    "{n:,} of {rows:,} rows are hidden by a filter and would be sent; source: hidden_rows: skip leaves them out":
        "{n:,} of {rows:,} rows are hidden by a filter and would be sent; delete them from the file if they are not to be sent",
    "{name}: {where}: byte 0x{bad} is not {encoding}; the file is in another encoding (set source: encoding:), or damaged":
        f"{{name}}: {{where}}: byte 0x{{bad}} is not {{encoding}}; the file is in another encoding (choose it in {_READING}), or damaged",
    "{name}: its letters are written as in UTF-7 ({found} is {meant}); set source: encoding: utf-7 in the mapping, or save the file as UTF-8":
        "{name}: its letters are written as in UTF-7 ({found} is {meant}); choose utf-7 as the encoding below, or save the file as UTF-8",
    "{name}: the encoding is not clear (not UTF-8; it could be {names}); set source: encoding: in the mapping, or save the file as UTF-8":
        "{name}: the encoding is not clear (not UTF-8; it could be {names}); choose the encoding below, or save the file as UTF-8",
    "{name}: byte {start:,} is not {encoding}; set source: encoding:": f"{{name}}: byte {{start:,}} is not {{encoding}}; choose the encoding in {_READING}",
    "{url}: the token of this address was not kept; run the command with which the run began, with the whole address and --run-dir (for a night: sync again)":
        "{url}: the token of this address was not kept; start again with the whole address",
}  # fmt: skip

# Code -> language -> (cause, fix); an empty one is that of the catalogue.
CODES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "CORRECTIONS_UNUSED": {"en": ("", "Check whether it is the right spreadsheet."), "ru": ("", "Проверьте, та ли это таблица.")},
    "SOURCE_NO_HEADER": {"en": ("", f"Add one, or give its row in {_READING}."), "ru": ("", f"Добавьте её или укажите её номер: {_READING_RU}.")},
    "SHEET_CHOSEN": {"en": ("", f"Name the sheet in {_READING}."), "ru": ("", f"Укажите лист: {_READING_RU}.")},
    "SHEET_UNCLEAR": {"en": ("", f"Name one in {_READING}."), "ru": ("", f"Укажите лист: {_READING_RU}.")},
    "SHEET_SAYS_NO": {
        "en": ("", "Save it as a file of its own, and name that file among those never to send to."),
        "ru": ("", "Сохраните его отдельным файлом и укажите этот файл среди тех, кому не отправлять."),
    },
    "ROWS_HIDDEN": {"en": ("", "Delete them from the file if they are not to be sent."), "ru": ("", "Если их не нужно отправлять, удалите их из файла.")},
    "HEADER_DOUBTFUL": {"en": ("", f"Add a row with the columns' names, or give its row in {_READING}."), "ru": ("", f"Добавьте строку с названиями столбцов или укажите её: {_READING_RU}.")},
    "HEADER_SECOND": {"en": ("", f"Delete it, or give the header's row in {_READING}."), "ru": ("", f"Удалите её или укажите строку заголовка: {_READING_RU}.")},
    "ARCHIVE_EXPORT": {"en": ("", f"Nothing; {_READING} reads another file of it."), "ru": ("", f"Ничего; другой файл выбирает {_READING_RU}.")},
    "ARCHIVE_SEVERAL": {"en": ("", f"Name one in {_READING}."), "ru": ("", f"Укажите один: {_READING_RU}.")},
    "ENCODING_UNCLEAR": {"en": ("", f"Choose the encoding in {_READING}, or save the file as UTF-8."), "ru": ("", f"Выберите кодировку ({_READING_RU}) или сохраните файл в UTF-8.")},
    "ENCODING_GUESSED": {"en": ("", f"Look at a few names; choose the encoding in {_READING} if they are wrong."), "ru": ("", f"Взгляните на несколько имён; если они неверны, выберите кодировку: {_READING_RU}.")},
    "VALUE_PLACEHOLDER": {"en": ("", f"Clear the cell; or give its meaning in {_MEANT}; {_BAD} can send the row without it."), "ru": ("", f"Очистите ячейку или задайте её смысл: {_MEANT_RU}; {_BAD_RU} позволяет отправить строку без неё.")},
    "EMAIL_MOSTLY_MISSING": {"en": ("", "Choose another column for E-mail; “Rows without e-mail” can send such rows."), "ru": ("", "Выберите другой столбец для e-mail; «Строки без e-mail» позволяет отправить такие строки.")},
    "COUNTRY_UNKNOWN": {"en": ("", f"Write the name or the two-letter code; {_MEANT} translates your own words."), "ru": ("", f"Напишите название или двухбуквенный код; {_MEANT_RU} переводит ваши слова.")},
    "PHONE_INVALID": {"en": ("", f"Correct it; {_BAD} can send the rest of the row."), "ru": ("", f"Исправьте его; {_BAD_RU} позволяет отправить остальную строку.")},
    "PHONE_NO_COUNTRY": {"en": ("", "Write it as +…, or choose the country of numbers without + on the page of columns."), "ru": ("", "Запишите его как +… или выберите страну номеров без + на странице столбцов.")},
    "PHONE_SEVERAL": {"en": ("", "Leave one, or choose “Several numbers in one cell: the first”."), "ru": ("", "Оставьте один или выберите «Несколько номеров в ячейке: первый».")},
    "PHONE_UNASSIGNED": {"en": ("", "Check it."), "ru": ("", "Проверьте его.")},
    "UTC_OFFSET_DST": {"en": ("", "“Where clocks change: the time of today” sends the one in force."), "ru": ("", "«Где переводят часы: время на сегодня» отправит действующее сейчас.")},
    "UTC_OFFSET_HALF_HOUR": {"en": ("", "“Half hours: rounded” sends the nearest hour."), "ru": ("", "«Получасовые смещения: округляются» отправит ближайший час.")},
    "EMAIL_MISSING": {"en": ("", "Fill it in; “Rows without e-mail” can send it anyway."), "ru": ("", "Впишите его; «Строки без e-mail» позволяет всё же отправить строку.")},
    "EMAIL_SEVERAL": {"en": ("", "Leave one, or choose “Several addresses in one cell: the first”."), "ru": ("", "Оставьте один или выберите «Несколько адресов в ячейке: первый».")},
    "EMAIL_ROLE": {"en": ("", _NOTHING), "ru": ("", _NOTHING_RU)},
    "EMAIL_DISPOSABLE": {"en": ("", _NOTHING), "ru": ("", _NOTHING_RU)},
    "NAME_NOT_SPLIT": {"en": ("", "Correct the name, or have columns for first and last name."), "ru": ("", "Исправьте имя или заведите отдельные столбцы имени и фамилии.")},
    "NAME_ORDER_LIKELY": {"en": ("", "Look at it; have columns for first and last name if it is wrong."), "ru": ("", "Взгляните; если неверно, заведите отдельные столбцы имени и фамилии.")},
    "TAG_LOOK_ALIKE": {"en": ("", f"Use one spelling; {_MEANT} translates."), "ru": ("", f"Пишите одинаково; {_MEANT_RU} переводит.")},
    "TAG_SEPARATOR": {"en": ("", "Add it to “Separator in a cell”."), "ru": ("", "Добавьте его в «Разделитель в ячейке».")},
    "MANAGER_INVALID": {"en": ("", "Write the number that the account shows."), "ru": ("", "Напишите номер, который показывает аккаунт.")},
    "REPAIRED_POSTAL_ZERO": {"en": ("A postal code that had lost its zeros is sent with them.", ""), "ru": ("Индекс, потерявший нули, отправляется с ними.", "")},
    "REPAIRED_MOJIBAKE": {"en": ("Text in the wrong encoding is sent as it was meant.", ""), "ru": ("Текст в неверной кодировке отправляется правильным.", "")},
    "REPAIRED_HTML": {"en": ("Entities of a web page are sent as what they stand for.", ""), "ru": ("Коды веб-страницы отправляются знаками.", "")},
    "REPAIRED_PLACEHOLDER": {"en": ("A word for a missing value is not sent.", ""), "ru": ("Слово вместо пустого значения не отправляется.", "")},
    "LIST_UNKNOWN": {"en": ("", "Write a title or an id that the account has."), "ru": ("", "Напишите название или id, которое есть в аккаунте.")},
    "LIST_WITHOUT_ID": {"en": ("The account's answer has no id for this list.", ""), "ru": ("В ответе аккаунта у этого списка нет id.", "")},
    "MANAGER_UNKNOWN": {"en": ("The account has no manager of that name.", "Write a name or a number that the account shows."), "ru": ("В аккаунте нет менеджера с таким именем.", "Напишите имя или номер, который показывает аккаунт.")},
    "NAMES_UNVERIFIED": {"en": ("Cells name lists or managers, and no account was asked for them yet.", "Choose the account; the rows are compared then."), "ru": ("В ячейках названия списков или имена менеджеров, а аккаунт о них ещё не спросили.", "Выберите аккаунт: тогда строки сверятся.")},
    "CONTACT_ROWS": {"en": ("", "Nothing if that is meant; “Several rows of one contact” decides otherwise."), "ru": ("", "Ничего, если так и задумано; иначе решает «Несколько строк одного контакта».")},
    "CONTACT_UNREACHABLE": {"en": ("The row has no e-mail, no phone and no other way to reach the person; the server would make another empty contact at each run.", ""), "ru": ("В строке нет ни e-mail, ни телефона, ни другого способа связи; сервер создавал бы пустой контакт при каждой отправке.", "")},
    "CONTACT_TWICE": {"en": ("Several rows have the same contact, and they are to be refused.", "Keep one row, or choose something else for “Several rows of one contact”."), "ru": ("Контакт есть в нескольких строках, а такие решено отклонять.", "Оставьте одну строку или выберите другое в «Несколько строк одного контакта».")},
    "VALUE_PATTERN": {"en": ("", "Correct it, or change the check in the mapping file."), "ru": ("", "Исправьте его или измените условие в файле соответствий.")},
    "VALUE_NOT_LISTED": {"en": ("", "Correct it, or add it to the check in the mapping file."), "ru": ("", "Исправьте его или добавьте в условие файла соответствий.")},
    "ROWS_TOO_FEW": {"en": ("", "Export again, or change the number in the mapping file."), "ru": ("", "Выгрузите заново или измените число в файле соответствий.")},
    "SKIPPED": {"en": ("A rule keeps the row from being sent.", f"Nothing, or change {_RULE} if the row should be sent."), "ru": ("Правило не даёт отправить строку.", f"Ничего, или измените {_RULE_RU}, если строку нужно отправить.")},
    "CONSENT_IGNORED": {"en": ("A column of consent, notes or tags says of rows that they must not be written to, and no rule looks at it.", f"Use {_RULE}."), "ru": ("Столбец согласия, пометок или меток говорит о строках, что им писать нельзя, но ни одно правило его не учитывает.", f"Задайте {_RULE_RU}.")},
    "UNCHANGED": {"en": ("", _NOTHING), "ru": ("", _NOTHING_RU)},
    "HASH_WRONG": {"en": ("The answer's hash does not fit.", ""), "ru": ("Подпись ответа не подходит.", "")},
    "JOURNAL_LOST": {"en": ("", "Look in the account whether the contact is there."), "ru": ("", "Посмотрите, есть ли контакт в аккаунте.")},
    "DRY_RUN": {"en": ("", _NOTHING), "ru": ("", _NOTHING_RU)},
    "REDIRECTED": {"en": ("", _ACCOUNT), "ru": ("", _ACCOUNT_RU)},
    "CERTIFICATE": {"en": ("", _ACCOUNT), "ru": ("", _ACCOUNT_RU)},
    "HOST_UNKNOWN": {"en": ("", _ACCOUNT), "ru": ("", _ACCOUNT_RU)},
    "PROXY_UNREACHABLE": {"en": ("", "Check the proxy of this computer."), "ru": ("", "Проверьте прокси этого компьютера.")},
    **{
        code: {"en": ("", _ACCOUNT), "ru": ("", _ACCOUNT_RU)}
        for code in ("HTTP_404", "HTTP_405", "HTTP_410", "HTTP_414", "HTTP_415", "5")
    },
    "HTTP_429": {"en": ("", "Nothing; send fewer rows per second if it keeps happening."), "ru": ("", "Ничего; если повторяется, уменьшите скорость.")},
    "3": {"en": ("", "Compare the row with one that was accepted."), "ru": ("", "Сравните строку с принятой.")},
    "103": {"en": ("", "Write a list that the account has."), "ru": ("", "Напишите список, который есть в аккаунте.")},
}  # fmt: skip
