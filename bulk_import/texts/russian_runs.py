"""What is said of runs, nights, accounts and the page itself, in Russian; keys are the templates."""

from __future__ import annotations

_TWICE = "иначе все строки ушли бы ещё раз"
_GO_ON = "начните отправку снова: ничего не потеряно"
_FOLDER_GONE = "папки отправки больше нет; верните её на место и продолжите"
_NIGHT = "принять один раз можно на странице «Ночи»"

RUNS: dict[str, str | tuple[str, str, str]] = {
    # the page
    "this import is being sent already": "этот импорт уже отправляется",
    "choose an account first": "сначала выберите аккаунт",
    "stopped on the page": "вами, на странице",
    "a bug in this program: {name}: {exc}": "ошибка в программе: {name}: {exc}",
    "{to_send:,} rows would be sent now, {expected:,} were confirmed; look at the plan again":
        "сейчас ушло бы строк {to_send}, а подтверждено {expected}; посмотрите план ещё раз",
    "no such option": "такой настройки нет",
    "choose a field and say its text": "выберите поле и напишите текст",
    "there is no such job, or it never ran": "такого задания нет, или оно ни разу не выполнялось",
    "this job runs already": "это задание уже выполняется",
    "choose the account of this job first: {endpoint}": "сначала выберите аккаунт этого задания: {endpoint}",
    "type {wanted:,}, the number of rows, to confirm": "для подтверждения введите число строк: {wanted}",
    "canary and pace are numbers": "пробные строки и скорость — это числа",
    "the canary has 0 to {most_canary} rows, the pace is 0 to 1,000 a second":
        "пробных строк бывает от 0 до {most_canary}, скорость — от 0 до 1000 в секунду",
    "no row of this run needs you": "в этой отправке ни одна строка не ждёт вас",
    "Drop the list of the people who should have the tag": "перетащите список людей, у которых должен быть тег",
    "name a tag or a list": "назовите тег или список",
    "drop the list again: it is not there any more": "перетащите список ещё раз: его больше нет",
    "this row was imported: it is not sent again, so that a correction here would change nothing": (
        "эта строка уже импортирована: она не отправляется ещё раз, и исправление здесь ничего не изменит"
    ),
    "rows of this import were sent: the others are sent by the same columns and rules; import the rows that need you by themselves to change them": (
        "строки этого импорта уже отправлялись: остальные уйдут по тем же столбцам и правилам; чтобы изменить их, "
        "импортируйте строки, которые ждут вас, отдельно"
    ),
    "rows are being sent; correct cells when that is over": "строки отправляются; исправляйте ячейки, когда это закончится",
    "nothing is being sent": "ничего не отправляется",
    "the pace is a number of rows per second": "скорость — это число строк в секунду",
    "it is being sent; stop it first": "идёт отправка; сначала остановите её",
    "a name has no zero byte in it": "в имени файла не бывает нулевого байта",
    "{name!r} is not a file of this folder": "«{name}» — не файл этой папки",
    "larger than {largest:,} MB: put the file into the folder of this page and open it there":
        "больше {largest} МБ: положите файл в папку этой страницы и откройте его оттуда",
    "there is no field {field!r}": "поля «{field}» нет",
    "the row of the header is a number from 1": "строка заголовка — это число от 1",
    "say which text of a cell is meant": "напишите, какой текст ячейки имеется в виду",
    "there is no rule {section!r}": "правила «{section}» нет",
    "there is no import {name!r} here": "импорта «{name}» здесь нет",
    "this fix does not help any more": "это исправление больше не помогает",
    "say in which column to look, and for what": "укажите, в каком столбце и что искать",
    "replace {find} by {by} in {column}": "замена {find} на {by} в столбце {column}",
    "corrections of {name}": "исправления из {name}",
    "edit of {column}": "правка: {column}",
    "change of the mapping file": "изменение файла соответствий",
    "fix {change}": "исправление {change}",
    "option {path}": "настройка {path}",
    "how the file is read": "как читается файл",
    "{cell} means {meant}": "{cell} значит {meant}",
    "rule of {column}": "правило столбца {column}",
    "{column} is not sent": "{column} не отправляется",
    "{column} is sent as {field}": "{column} отправляется как {field}",
    "stopped before the end": "остановлено до конца",
    "the process that reads the source ended unexpectedly": "процесс, который читал источник, внезапно закончился",
    "stopped before the source was read to its end": "остановлено, пока источник не дочитан",
    "the cell was changed meanwhile; look at it again": "ячейку тем временем изменили; посмотрите на неё ещё раз",
    "this source has no folder to keep corrections in": "у этого источника нет папки, чтобы хранить исправления",
    "the rows are not judged yet": "строки ещё не проверены",
    "the rows are being judged again; reload the page": "строки проверяются заново; обновите страницу",
    "no column {column!r}": "столбца «{column}» нет",
    "no row at {seq}": "строки {seq} нет",
    "{value!r}: write each tag or list on a line of its own": (
        "«{value}»: пишите каждый тег и список в отдельной строке"
    ),
    "The brake: {most!r} is not a whole number.": "Тормоз: «{most}» — не целое число.",
    "only the first one is used": "берётся только первый",
    "cells are no longer split at {sign}": "по {sign} ячейки больше не делятся",
    "they go without {title!r}": "отправятся без поля «{title}»",
    "they exist in {rivals} as well: be sure of {best}": "такие номера есть и в {rivals}: убедитесь, что это {best}",
    "people of {name} are never sent": "людям из {name} ничего не отправляется",
    "There is no such page.": "Такой страницы нет.",
    "There is no such file.": "Такого файла нет.",
    "There is no such run.": "Такой отправки нет.",
    "Nothing is being sent.": "Ничего не отправляется.",
    "The rows are not judged yet.": "Строки ещё не проверены.",
    # the account
    "--endpoint: give the address alone, without user, password, ? or #; the key has a place of its own":
        "укажите только адрес, без имени, пароля, ? и #; для ключа есть своё поле",
    "--account and --endpoint: give one of them, they say the same": "укажите что-то одно: логин или адрес",
    "{flag} {found}: give {wanted}": "{flag} {found}: нужно {wanted}",
    "--profile {name} is for {own}, and {given} is asked for: the profile's key is not sent there. Leave one of them out, or give --api-key-file too":
        "профиль {name} — для {own}, а нужен {given}: ключ профиля туда не отправляется. Укажите ключ отдельно",
    "--account {login!r}: give the login alone, as in LOGIN.{account_domain}; an account on another domain is named by --endpoint https://…":
        "«{login}»: укажите только логин, как в ЛОГИН.{account_domain}; для другого домена откройте «У аккаунта собственный адрес»",
    "--endpoint {given!r}: not a URL ({exc})": "«{given}»: это не адрес ({exc})",
    "--endpoint {given!r}: give a URL such as https://shop.example.com": "«{given}»: укажите адрес вида https://shop.example.com",
    "--endpoint {given!r}: plain http would show your API key to everybody on the way; use https://{host}":
        "«{given}»: по http ваш ключ API увидели бы все по пути; укажите https://{host}",
    "--endpoint {given!r}: the address of the account is enough: {scheme}://{host}": "«{given}»: достаточно адреса аккаунта: {scheme}://{host}",
    "--proxy, {proxy_variable}: give a URL such as http://proxy.example.com:3128": "{proxy_variable}: нужен адрес вида http://proxy.example.com:3128",
    "--proxy: every program on this computer can read user and password in a command line; set {proxy_variable} to http://user:password@host:port instead":
        "имя и пароль прокси в командной строке видны всем программам; задайте {proxy_variable}",
    "--max-failures {text!r}: a number of rows (20) or a share (5%)": "«{text}»: нужно число строк (20) или доля (5%)",
    "--max-failures {text!r}: a share is at most 100%": "«{text}»: доля не больше 100 %",
    "which account? give --account LOGIN or --profile NAME, or set {account_variable} (or --endpoint URL, {endpoint_variable})":
        "какой аккаунт? Введите логин или адрес",
    "no API key: set {key_variable} in the environment or in .env, or give --api-key-file FILE": "нет ключа API: введите его или укажите файл с ключом",
    "no setting is called {name!r}{hint}": "настройки «{name}» нет{hint}",
    "; did you mean {near}?": "; может быть, {near}?",
    "{place}: {exc}": "{place}: {exc}",
    "{key_variable}: holds a byte that is not UTF-8, or a control character": "{key_variable}: в ключе недопустимый знак",
    "--api-key-file {path}: it must hold the key alone, on one line": "{path}: в файле должен быть только ключ, одной строкой",
    "--api-key-file {path}: cannot be read: {reason}": "{path}: файл с ключом не читается: {reason}",
    "no table [{table}.NAME]": "нет таблицы [{table}.ИМЯ]",
    "{value} is not what it takes: give {wanted}": "{value} не подходит: нужно {wanted}",
    "--profile: this user has no home folder; name the file with --config FILE": "у этого пользователя нет домашней папки с профилями",
    "--config {file}: give --profile NAME too; it has {profiles}": "{file}: выберите профиль; есть {profiles}",
    "--profile {name}: not in {file}; it has {profiles}": "профиля {name} нет в {file}; есть {profiles}",
    "{file}: other users can change it, and with it the host that receives the key; run: chmod go-w {file}":
        "{file}: файл могут менять другие пользователи, а с ним и адрес, который получит ключ; выполните: chmod go-w {file}",
    "{file}: belongs to another user, who could change it": "{file}: принадлежит другому пользователю, он мог бы его изменить",
    "{file}:{line_of}: {unknown} is not known here; accounts are tables such as [{table}.{unknown2}]":
        "{file}:{line_of}: {unknown} здесь не бывает; аккаунты — таблицы вида [{table}.{unknown2}]",
    "{file}: {table} must hold tables, such as [{table}.shop]": "{file}: в {table} должны быть таблицы, например [{table}.shop]",
    "{where}: give one of account and endpoint": "{where}: укажите что-то одно: account или endpoint",
    "{where}: give one of api_key_file and api_key_env": "{where}: укажите что-то одно: api_key_file или api_key_env",
    "not known; did you mean {near}?": "такого нет; может быть, {near}?",
    "not known; {known} are": "такого нет; есть {known}",
    "{place}: every user of this machine can read {api_key_file}; run: chmod o-rwx {api_key_file}":
        "{place}: {api_key_file} могут прочесть все пользователи компьютера; выполните: chmod o-rwx {api_key_file}",
    "{place}: the environment variable {api_key_env} is not set": "{place}: переменная окружения {api_key_env} не задана",
    "{file}: there is no such file; make it with a table [{table}.NAME], or name another with --config FILE (in a file of jobs: config)":
        "{file}: такого файла нет; создайте его с таблицей [{table}.ИМЯ]",
    "{file}: cannot be read: {reason}": "{file}: не читается: {reason}",
    "{what}; the file is TOML: text in quotation marks": "{what}; это файл TOML: тексты в кавычках",
    "{place}: every user of this machine can read it, and it may hold a password; run: chmod o-rwx {file}":
        "{place}: файл могут прочесть все пользователи компьютера, а в нём может быть пароль; выполните: chmod o-rwx {file}",
    # connection and answers
    "nothing was sent: {trouble}": "ничего не отправлено: {trouble}",
    "nothing was sent: the server asks to slow down: {said}": "ничего не отправлено: сервер просит подождать: {said}",
    "the server answered {code} ({text})": "сервер ответил {code} ({text})",
    "no text": "без текста",
    "{said}. {cause} {fix}": "{said}. {cause} {fix}",
    "HTTP {http_status}: the server asks to slow down": "HTTP {http_status}: сервер просит подождать",
    " (Retry-After {quote!r} says no time)": " (Retry-After «{quote}» не называет времени)",
    "redirect {http_status} to {location}, not followed: it would carry the key elsewhere; check --endpoint":
        "перенаправление {http_status} на {location} не выполнено: оно унесло бы ключ на другой адрес; проверьте адрес аккаунта",
    "redirect {http_status} to {location}, not followed: the key stays with this host; check --endpoint":
        "перенаправление {http_status} на {location} не выполнено: ключ остаётся у этого адреса; проверьте адрес аккаунта",
    "requests go through aiohttp's sessions, slower than usual ({reason})": "запросы идут медленнее обычного ({reason})",
    "the connection broke ({reason})": "соединение прервалось ({reason})",
    "no answer within {timeout_s:g} s": "нет ответа за {timeout_s:g} с",
    "HTTP {http_status}, the answer broke off ({reason})": "HTTP {http_status}, ответ оборвался ({reason})",
    "--ca-file {ca_file}: cannot be used: {exc}": "{ca_file}: сертификаты не подходят: {exc}",
    "the proxy {host}:{port}": "прокси {host}:{port}",
    "{where}: no connection ({reason_of}){hint}": "{where}: нет соединения ({reason_of}){hint}",
    "{where}: its certificate is refused ({reason})": "{where}: сертификат отклонён ({reason})",
    "{host}: no such host ({reason_of}); check the account's name{hint}": "{host}: такого адреса нет ({reason_of}); проверьте логин или адрес аккаунта{hint}",
    "{where}: no secure connection ({reason_of})": "{where}: нет защищённого соединения ({reason_of})",
    "{where}: the connection was closed before it was secure; TLS of version 1.2 or newer is needed":
        "{where}: соединение закрылось до защиты; нужен TLS 1.2 или новее",
    "{where}: no connection in time{hint}": "{where}: соединения не дождались{hint}",
    "{said}; give user and password in BULK_IMPORT_PROXY, as http://user:password@host:port":
        "{said}; имя и пароль задаются в BULK_IMPORT_PROXY: http://user:password@host:port",
    "{where} does not let requests pass ({said})": "{where} не пропускает запросы ({said})",
    "{where} cannot be reached ({reason_of})": "{where} недоступен ({reason_of})",
    "; {name} is set and is not used by itself: if the way out leads through that proxy, give --proxy URL or set {proxy_variable}":
        "; задан {name}, но сам по себе он не используется: если выход в сеть — через этот прокси, задайте {proxy_variable}",
    # why a run stops
    "no connection for {seconds:.0f} s: {trouble}": "нет соединения уже {seconds:.0f} с: {trouble}",
    "{failures} requests failed in a row over {seconds:.0f} s: {trouble}": "подряд не удалось запросов: {failures} за {seconds:.0f} с: {trouble}",
    "{refusals} rows in a row were refused alike: {trouble}": "подряд одинаково отклонено строк: {refusals}: {trouble}",
    "the first {forbidden} requests were turned away: {trouble}": "первые запросы ({forbidden}) не приняты: {trouble}",
    "{badly} of {settled} rows failed, more than --max-failures {max_failures}":
        "не прошло строк {badly} из {settled}, больше допустимого ({max_failures})",
    "the server asked to slow down {throttles} times without taking a row": "сервер просил подождать раз: {throttles}, и не принял ни строки",
    "the server asks to wait until {until} UTC, longer than a run waits ({cap_s:g} s); start the same command then":
        "сервер просит подождать до {until} UTC — дольше, чем ждёт отправка ({cap_s:g} с); продолжите тогда",
    "outside of --window, until {opens}": "сейчас не время отправки, до {opens}",
    "--daily-limit {limit} is reached": "дневной предел {limit} исчерпан",
    "--window {text!r}: give hours such as 01:00-05:00": "«{text}»: нужны часы вида 01:00-05:00",
    "--window {text!r}: opens and closes at the same time": "«{text}»: начало и конец совпадают",
    "{why}; the rest is sent by the next run": "{why}; остальное отправит следующий запуск",
    "the run stopped": "отправка остановлена",
    "the canary: {accepted} of {n} rows were accepted; see {report}": (
        "пробные строки: принято {accepted} из {n} строки; см. {report}",
        "пробные строки: принято {accepted} из {n} строк; см. {report}",
        "пробные строки: принято {accepted} из {n} строк; см. {report}"),
    "not confirmed after the canary; the rest was not sent": "после пробных строк отправку не подтвердили; остальное не отправлено",
    "not confirmed; nothing was sent": "не подтверждено; ничего не отправлено",
    "{reason}; nothing was sent": "{reason}; ничего не отправлено",
    "the source changed while it was read": "источник изменился, пока его читали",
    "{done:,} of {rows:,} rows were read, the same command continues": "прочитано строк {done} из {rows}; можно продолжить",
    "cut off; `bulk-import resume {run_dir}` continues it": "прервано; можно продолжить",
    "cut off; the next night took over": "прервано; продолжила следующая ночь",
    "canary: {place}, {contact}: {status}{said}": "проба: {place}, {contact}: {status}{said}",
    "add_tags": "теги",
    "remove_tags": "сняты теги",
    "add_to_lists": "списки",
    "remove_from_lists": "убран из списков",
    "{who}; got {fields}": "{who}; получил {fields}",
    "{n} other fields": ("ещё {n} поле", "ещё {n} поля", "ещё {n} полей"),
    "no e-mail": "без e-mail",
    "success": "принята",
    "failed": "отклонена",
    "unknown": "без ясного ответа",
    "not_sent": "не отправлена",
    "{name}: {problem}": "{name}: {problem}",
    "{name} was edited after it was written and is kept; the rows that did not make it are now in {new}":
        "{name} изменён после записи и сохранён; строки, которые не прошли, теперь в {new}",
    # files of a run
    "the journal is not written any more because of a bug": "журнал больше не пишется из-за ошибки программы",
    "{parent}: {strerror}; free some space": "{parent}: {strerror}; освободите место",
    "{wal}: cannot be written: {strerror}": "{wal}: не записывается: {strerror}",
    "{mark_path}: cannot be written: {strerror}": "{mark_path}: не записывается: {strerror}",
    "{path}: cannot be written: {strerror}": "{path}: не записывается: {strerror}",
    "{run_dir}: cannot be written: {strerror}": "{run_dir}: не записывается: {strerror}",
    "{folder}: cannot be written: {reason}": "{folder}: не записывается: {reason}",
    "{path}: cannot be made: {strerror}": "{path}: не создаётся: {strerror}",
    "{path}: cannot be created: {strerror}": "{path}: не создаётся: {strerror}",
    "{path}: cannot be locked: {strerror}": "{path}: не блокируется: {strerror}",
    "{where}: {reason}; free some space, or set TMPDIR to a folder that can be written": "{where}: {reason}; освободите место",
    "{parent}: the run folder is gone (moved or deleted while the run was going on); put it back, then run the same command again": f"{{parent}}: {_FOLDER_GONE}",
    "{folder}: the run folder is gone; put it back, then run the same command again": f"{{folder}}: {_FOLDER_GONE}",
    "the block of row {seq} is missing": "нет блока строки {seq}",
    "the block of row {first}: {exc}": "блок строки {first}: {exc}",
    "{path}: the journal is damaged ({exc}); restore it from a copy. Starting again in another folder would send every row again":
        f"{{path}}: журнал повреждён ({{exc}}); восстановите его из копии, {_TWICE}",
    "{path}: the journal is damaged ({place} is not what was stored); restore it from a copy. Starting again in another folder would send every row again":
        f"{{path}}: журнал повреждён ({{place}} — не то, что записано); восстановите его из копии, {_TWICE}",
    "{parent}: not a run folder (no {name} in it)": "{parent}: это не папка отправки (нет {name})",
    "{path}: journal format {known}, this program writes {format}; finish the run with the version that started it":
        "{path}: формат журнала {known}, а эта программа пишет {format}; закончите отправку той версией, которая её начала",
    "{path}: cannot be read or written ({exc}); free some space or correct the permissions, then run the same command again: nothing is lost":
        f"{{path}}: не читается или не записывается ({{exc}}); освободите место или исправьте права и {_GO_ON}",
    "{path}: another program holds it ({exc}); close that, then run the same command again: nothing is lost":
        f"{{path}}: занят другой программой ({{exc}}); закройте её и {_GO_ON}",
    "{path}: the end of the journal is missing (its log {name}-wal was lost or damaged). {rows:,} rows without e-mail that may have been sent are `unknown` and not sent again (--resend-unknown sends them); rows with an e-mail are sent again, which makes no second contact":
        "{path}: конец журнала утерян ({name}-wal). Строки без e-mail, которые могли уйти ({rows}), не отправляются снова; строки с e-mail отправятся ещё раз, второго контакта это не создаёт",
    "{folder}: holds a run already; nothing was sent. `bulk-import resume {folder}` continues it; for a new run give another folder":
        "{folder}: здесь уже есть отправка; ничего не отправлено",
    "{folder}: holds a run already; `bulk-import resume {folder}` continues it, another folder takes a new one":
        "{folder}: здесь уже есть отправка",
    "{folder}: holds {left} of a run, but not its journal ({journal}); nothing was sent. Restore that to go on, or import into another folder (rows that were accepted would be sent again)":
        "{folder}: здесь {left} от отправки, но нет её журнала ({journal}); ничего не отправлено. Верните журнал, чтобы продолжить",
    "{path}: is there already, and the run would write a file of that name; nothing was sent. Give another --run-dir":
        "{path}: такой файл уже есть, отправка записала бы свой; ничего не отправлено",
    "{path}: is a folder; move it, the report goes here": "{path}: это папка; уберите её, здесь будет отчёт",
    "{run_dir} holds a rehearsal (--dry-run); import into another folder": "{run_dir}: здесь репетиция",
    "{run_dir} holds a real run; rehearse (--dry-run) in another folder": "{run_dir}: здесь настоящая отправка",
    "{run_dir}: a rehearsal (--dry-run); run the import without it": "{run_dir}: это репетиция",
    "{run_dir} holds a run of `bulk-import {before}`; nothing was sent. `bulk-import resume {run_dir}` continues it; for a new run give another folder":
        "{run_dir}: здесь отправка другого вида ({before}); ничего не отправлено",
    "it was started by version {version} of this program, this is {now}": "её начала версия {version} этой программы, а это {now}",
    "the account was {before}, now it is {endpoint}": "аккаунт был {before}, теперь {endpoint}",
    "the mapping differs in {changed}": "файл соответствий изменился: {changed}",
    "the corrections of its source have changed": "изменились исправления источника",
    "{run_dir} holds a run that was started differently: {differences}. Nothing was sent. Undo the change to continue it, or start a new run in another folder (rows that were accepted would be sent again)":
        "отправка начата иначе: {differences}. Ничего не отправлено. Верните как было, чтобы продолжить",
    "--corrections: give one source; its rows are corrected by their numbers": "исправления бывают у одного источника",
    "; {n:,} rows then and now": ("; и тогда, и теперь {n} строка", "; и тогда, и теперь {n} строки", "; и тогда, и теперь {n} строк"),
    "; {before:,} rows then, {n:,} now": ("; тогда строк {before}, теперь {n}", "; тогда строк {before}, теперь {n}", "; тогда строк {before}, теперь {n}"),
    "{path} has changed (its contents differ{rows})": "{path} изменился (другое содержимое{rows})",
    "{path} has changed (its contents differ: {exc})": "{path} изменился (другое содержимое: {exc})",
    "{path} is gone, and was not read completely": "{path} исчез, а прочитан был не до конца",
    "it had {n} sources, now there are {now}": ("был {n} источник, теперь {now}", "было {n} источника, теперь {now}", "было {n} источников, теперь {now}"),
    "the other reports are written; `bulk-import report {run_dir}` tries again": "остальные отчёты записаны",
    "the reports of {run_dir}": "отчёты {run_dir}",
    "the reports of {run_dir} cannot be written: {exc}": "отчёты {run_dir} не записываются: {exc}",
    "the run folder {folder}": "папка отправки {folder}",
    "the account {endpoint}": "аккаунт {endpoint}",
    "the job of {state}": "задание {state}",
    "{folder}: nothing was left to send; the counts are those of the whole run":
        "{folder}: отправлять больше нечего; итоги — за весь запуск",
    "{folder}: this run is finished; nothing was sent. `bulk-import resume {folder}` sends again what may be sent again":
        "{folder}: эта отправка закончена; ничего не отправлено",
    "the lock of the account is in {folder}: only runs that are started in this folder see it (set {locks_variable} to a folder that all runs share)":
        "замок аккаунта лежит в {folder}: его видят только отправки из этой папки ({locks_variable} задаёт общую)",
    "{what} is in use by {describe}; wait for it to end": "{what}: занято ({describe}); дождитесь конца",
    "process {pid}, started {started}": "процесс {pid}, начат {started}",
    "another process": "другой процесс",
    "{run_dir}: no accepted row changed a tag or a list; nothing to undo":
        "ни одна принятая строка не меняла тегов и списков; откатывать нечего",
    # nights, re-tags
    "the brake: {jumps} (--accept sends it this once if it is meant)": f"тормоз: {{jumps}} ({_NIGHT})",
    "the brake: the source has no rows (--accept if that is meant)": f"тормоз: в источнике нет строк ({_NIGHT})",
    "{n} files, there were {before}; missing: {missing}": (
        "{n} файл, было {before}; нет {missing}", "{n} файла, было {before}; нет {missing}", "{n} файлов, было {before}; нет {missing}"),
    "the state is new, but {run} was a night of it: is it lost?":
        "состояние новое, но {run} — ночь этого же задания: не потерян ли файл состояния?",
    "the source is older than that of the last good run": "источник старше, чем в последнюю удачную ночь",
    "{n:,} rows, there were {before:,}": ("{n} строка, было {before}", "{n} строки, было {before}", "{n} строк, было {before}"),
    "{vanished:,} of {before:,} contacts have vanished": "исчезло контактов: {vanished} из {before}",
    "{changed:,} of {contacts:,} contacts have changed": "изменилось контактов: {changed} из {contacts}",
    "{name} is filled in {now:.0%} of the rows, it was in {then:.0%}": "{name} заполнено в {now:.0%} строк, было в {then:.0%}",
    "{n:,} cells are not understood and may be any of them": "не понято ячеек: {n}; в них может быть любой из них",
    "{folder}: no temporary file can be written there ({reason}); nothing was sent. Free some space, or set TMPDIR to a folder with more":
        "{folder}: там не записать временный файл ({reason}); ничего не отправлено. Освободите место или задайте TMPDIR",
    "{path}: sheet {name!r}, whose name says no: {count:,} addresses, left alone":
        "{path}: лист «{name}» — это те, кто не хочет писем; адресов: {count}, их не трогаем",
    "{source}: the plan; reverse.csv beside it takes it back": "{source}: план; reverse.csv рядом отменяет его",
    "the sheet's name says no": "так называется лист",
    "rows without an address: {blanks:,} more than before": "строк без адреса стало больше на {blanks}",
    "{doubt} is not understood and may be one of them": "{doubt} не понято и может быть одним из них",
    "{n:,} missing contacts are left alone: files are missing that may hold them (--fewer-files if these files are gone for good)": (
        "{n} исчезнувший контакт не трогаем: нет файлов, где он может быть",
        "{n} исчезнувших контакта не трогаем: нет файлов, где они могут быть",
        "{n} исчезнувших контактов не трогаем: нет файлов, где они могут быть"),
    "{n:,} of {vanished:,} vanished contacts are left alone: {why} (--accept treats them as vanished all the same)":
        ("{n} исчезнувший контакт из {vanished} не трогаем: {why}", "{n} исчезнувших контакта из {vanished} не трогаем: {why}",
         "{n} исчезнувших контактов из {vanished} не трогаем: {why}"),
    "sync reads files, not standard input: it compares their times": "ночь читает файлы, а не стандартный ввод",
    "{run_dir}: a night of the job {path}, and that file is gone; nothing was sent. Restore it, or run `bulk-import sync` with the same --state to start again":
        "ночь задания {path}, а этого файла больше нет; ничего не отправлено. Верните его",
    "{run_dir}: a later night of the job {path} has begun; nothing was sent. Run `bulk-import sync` again: it sends what is left":
        "уже началась следующая ночь задания {path}; ничего не отправлено. Она отправит и остальное",
    "the last run was cut off; what it confirmed is taken over from {left}": "прошлая отправка прервалась; подтверждённое взято из {left}",
    "the last run was cut off and its folder {left} is gone: what it sent is not known and is sent again":
        "прошлая отправка прервалась, и её папки {left} больше нет: что она отправила, неизвестно, отправляется ещё раз",
    ", except {n:,} rows without e-mail, which are now unknown": (
        ", кроме {n} строки без e-mail: её исход неизвестен", ", кроме {n} строк без e-mail: их исход неизвестен",
        ", кроме {n} строк без e-mail: их исход неизвестен"),
    "--seed {run_dir}: a run of {endpoint}, not of {mine}; nothing was sent. Give a run of this account, or leave --seed out":
        "{run_dir}: отправка в {endpoint}, а не в {mine}; ничего не отправлено",
    "{path}: no such state file": "{path}: такого файла состояния нет",
    "{path}: the state file is empty, so a disk or a copy has lost it, and every contact would be sent again. Restore it, or delete it to start anew":
        "{path}: файл состояния пуст, то есть потерян диском или при копировании, и каждый контакт был бы отправлен снова. Восстановите его или удалите, чтобы начать заново",
    "{path}: not a state file; nothing in it was changed": "{path}: это не файл состояния; в нём ничего не изменено",
    "{path}: is a database, but not a state file; nothing in it was changed. Give the path of the job's state":
        "{path}: это база, но не файл состояния; в ней ничего не изменено",
    "{path}: written by a newer version of bulk_import (state format {number}; this one knows {format}); update this installation, nothing was changed":
        "{path}: записан более новой версией программы (формат {number}, здесь {format}); обновите программу, ничего не изменено",
    "{path}: the state of {known}, not of {endpoint}; each account and job has a state file of its own":
        "{path}: состояние аккаунта {known}, а не {endpoint}; у каждого аккаунта и задания свой файл",
    "{path}: not a usable state file: {exc}": "{path}: файл состояния не годится: {exc}",
    "retag: give add_tags, remove_tags, add_to_lists or remove_from_lists": "назовите тег или список",
    "--segment {name!r}: {path} has no such segment, but {near!r}; give that name, or one that differs by more than case":
        "сегмента «{name}» нет, есть «{near}»",
    "a tag or list without a name": "тег или список без названия",
    "names no tag and no list": "не назван ни тег, ни список",
    "TAG_COMMA: {value!r} has a comma in it, which the API takes for a separator; give each tag or list by itself":
        "в «{value}» запятая, а она разделяет теги; напишите каждый тег или список отдельно",
    "the brake: everybody on the new list of {name!r} says no, such as {first}; nothing was sent (--ignore-consent takes them anyway)":
        "тормоз: все в новом списке «{name}» не хотят писем, например {first}; ничего не отправлено",
    "the brake: the new list of {name!r} has no addresses, {before:,} were in the segment; nothing was sent (--accept if that is meant)":
        "тормоз: в новом списке нет адресов, в прежнем было {before}; ничего не отправлено («{name}»)",
    "the brake: {leaving:,} of the {before:,} in {name!r} would lose, more than {max_lose:.0%}; nothing was sent (--accept for once, or --max-lose)":
        "тормоз: потеряли бы {leaving} из {before} («{name}»), больше {max_lose:.0%}; ничего не отправлено",
    "{n:,} contacts would be touched, max_contacts allows {max_contacts:,}; nothing was sent": (
        "был бы затронут {n} контакт, разрешено {max_contacts}; ничего не отправлено",
        "было бы затронуто {n} контакта, разрешено {max_contacts}; ничего не отправлено",
        "было бы затронуто {n} контактов, разрешено {max_contacts}; ничего не отправлено"),
    "{path}: no rows": "{path}: строк нет",
    "the {name} of row {seq} are missing": "у строки {seq} нет данных ({name})",
    "nothing was sent: the name of sheet {sheets} says that the people on it must not be written to, and nothing keeps them back. Name it under `suppress:` (file: and sheet:), or write `when: {{says_no: send}}` if it means something else":
        "ничего не отправлено: судя по названию листа {sheets}, людям на нём писать нельзя, но он никого не удерживает; назовите его в suppress (file: и sheet:)",
    "nothing was sent: cells of {columns} say that people must not be written to, and no rule looks at them. Add a skip or only rule (`bulk-import init` proposes one), or write `when: {{says_no: send}}` if it means something else":
        "ничего не отправлено: по столбцу {columns} видно, что некоторым людям писать нельзя, а правила для него нет; добавьте правило, которое их исключит",
}  # fmt: skip
