"""What is said of spreadsheets, lists and mapping files, in Russian; keys are the templates."""

from __future__ import annotations

_LOCKED = "файл защищён паролем; сохраните его без пароля"
_EXPORT = "выгрузите контакты в CSV или XLSX"
_AS_XLSX = "откройте в табличном редакторе и сохраните в XLSX"

FILES: dict[str, str | tuple[str, str, str]] = {
    "{pattern}: no file has such a name": "{pattern}: такого файла нет",
    "{path}: no such file": "{path}: такого файла нет",
    "{path}: a folder; name a file": "{path}: это папка; укажите файл",
    "{path}: not a regular file; pipe it in and name - as the source": "{path}: это не обычный файл",
    "{path}: cannot be read: {strerror}": "{path}: не читается: {strerror}",
    "{path}: cannot be read: {exc}": "{path}: не читается: {exc}",
    "{name}: cannot be read: {strerror}": "{name}: не читается: {strerror}",
    "{name}: cannot be read any more: {strerror}; was it moved or replaced?":
        "{name}: больше не читается: {strerror}; файл переместили или заменили?",
    "{path}: {strerror}": "{path}: {strerror}",
    "cannot be read: {strerror}": "не читается: {strerror}",
    "cannot be read: {reason}": "не читается: {reason}",
    "cannot be read: {exc}": "не читается: {exc}",
    "-: standard input is closed": "стандартный ввод закрыт",
    "-: standard input cannot be read: {strerror}": "стандартный ввод не читается: {strerror}",
    "{name}: the file is empty": "{name}: файл пуст",
    "{name}: protected by a password; save it without": f"{{name}}: {_LOCKED}",
    "{name}: the archive is protected by a password": "{name}: архив защищён паролем",
    "{name}: this only says that a spreadsheet program has the file open; name {meant} instead":
        "{name}: это только пометка, что файл открыт в табличном редакторе; возьмите {meant}",
    "{name}: this is {what}, not a spreadsheet": "{name}: это {what}, а не таблица",
    "{name}: this is {what}": "{name}: это {what}",
    "a PDF document": "документ PDF",
    "a picture": "картинка",
    "a SQLite database": "база SQLite",
    "a RAR archive; unpack it first": "архив RAR; сначала распакуйте его",
    "a 7-Zip archive; unpack it first": "архив 7-Zip; сначала распакуйте его",
    "a program": "программа",
    "a Parquet file; save it as CSV": "файл Parquet; сохраните его в CSV",
    "an Avro file; save it as CSV": "файл Avro; сохраните его в CSV",
    "an Arrow file; save it as CSV": "файл Arrow; сохраните его в CSV",
    "packed by zstd; unpack it first": "сжатый zstd файл; сначала распакуйте его",
    "an RTF document; copy its table into a spreadsheet and save that":
        "документ RTF; скопируйте его таблицу в табличный редактор и сохраните",
    "a vCard file; import it into an address book and export that as CSV":
        "файл vCard; откройте его в адресной книге и выгрузите её в CSV",
    "a calendar, not a table of contacts": "календарь, а не таблица контактов",
    "an LDIF file; export the directory as CSV": "файл LDIF; выгрузите каталог в CSV",
    "a dump of a database; export the table as CSV": "дамп базы; выгрузите таблицу в CSV",
    "a SYLK file; open it in a spreadsheet program and save it as XLSX": f"файл SYLK; {_AS_XLSX}",
    "a document of Apple's iWork; in Numbers, export it as Excel or CSV":
        "документ Apple iWork; выгрузите его из Numbers в Excel или CSV",
    "a Word document; save its table as XLSX or CSV": "документ Word; сохраните его таблицу в XLSX или CSV",
    "a presentation; save its table as XLSX or CSV": "презентация; сохраните её таблицу в XLSX или CSV",
    "a DIF file; open it in a spreadsheet program and save it as XLSX": f"файл DIF; {_AS_XLSX}",
    "a Microsoft Access database (export its table as XLSX or CSV)": "база Microsoft Access (выгрузите её таблицу в XLSX или CSV)",
    "a dBASE file; open it in a spreadsheet program and save it as XLSX":
        "файл dBASE; откройте его в табличном редакторе и сохраните как XLSX",
    "an e-mail message, not a table of contacts": "письмо, а не таблица контактов",
    "a table drawn with lines, as consoles show it; export it as CSV":
        "таблица, начерченная линиями, как её показывает консоль; выгрузите её в CSV",
    "a SocialCalc sheet; export it as CSV or XLSX": "лист SocialCalc; выгрузите его в CSV или XLSX",
    "a web page in one file (MHTML); its tables are read as sheets":
        "веб-страница одним файлом (MHTML); её таблицы читаются как листы",
    "{name}: a web page in one file (MHTML) without a table; export the contacts as CSV or XLSX":
        f"{{name}}: веб-страница одним файлом (MHTML) без таблицы; {_EXPORT}",
    "cells are in typographic quotation marks ({opening}…{closing}); read without them":
        "ячейки в типографских кавычках ({opening}…{closing}); прочитано без них",
    "the workbook does not say which encoding its texts are in; read as {answer}; look at a few names, and set source: encoding: if they are wrong":
        "в книге не сказано, в какой кодировке её тексты; прочитано как {answer}; взгляните на несколько имён и, если они неверны, выберите кодировку в «Как читается файл»",
    "an archive without a spreadsheet": "архив без таблицы",
    "{name}: this is only a link to an online spreadsheet; open it there and download it as XLSX or CSV":
        "{name}: это только ссылка на онлайн-таблицу; откройте её и скачайте в XLSX или CSV",
    "{name}: this is a web page without a table; export the contacts as CSV or XLSX":
        f"{{name}}: это веб-страница без таблицы; {_EXPORT}",
    "XML; open it in a spreadsheet program and save it as XLSX or CSV": "XML; откройте его в табличном редакторе и сохраните в XLSX или CSV",
    "a document for a printer": "документ для печати",
    "a picture, a sound or a film": "картинка, звук или видео",
    "a sound": "звук",
    "an ORC file; save it as CSV": "файл ORC; сохраните его в CSV",
    "an HDF5 file; save it as CSV": "файл HDF5; сохраните его в CSV",
    "a file of a statistics program; save it as CSV or XLSX there": "файл статистической программы; сохраните его там в CSV или XLSX",
    "a data file of Outlook; in Outlook, export the contacts as CSV": "файл данных Outlook; выгрузите контакты из Outlook в CSV",
    "an attachment of Outlook (winmail.dat); ask for the file as XLSX or CSV": "вложение Outlook (winmail.dat); попросите прислать файл в XLSX или CSV",
    "a spreadsheet of the 1980s; open it in LibreOffice and save it as XLSX": "таблица 1980-х годов; откройте её в LibreOffice и сохраните в XLSX",
    "packed in a way that is not read here; unpack it first": "сжатый файл, который здесь не читается; сначала распакуйте его",
    "encrypted or signed; decrypt it first": "зашифрованный или подписанный файл; сначала расшифруйте его",
    "a TAR archive; unpack it first": "архив TAR; сначала распакуйте его",
    "{name}: the archive is empty": "{name}: архив пуст",
    "{name}: this is an OpenDocument text or drawing, not a spreadsheet":
        "{name}: это текст или рисунок OpenDocument, а не таблица",
    "{name}: cannot be unpacked: {exc}": "{name}: не распаковывается: {exc}",
    "{name}: the archive holds {n} files ({shown}); name one by source: member: in the mapping": (
        "{name}: в архиве {n} файл ({shown}); выберите, какой читать, в «Файл в архиве»",
        "{name}: в архиве {n} файла ({shown}); выберите, какой читать, в «Файл в архиве»",
        "{name}: в архиве {n} файлов ({shown}); выберите, какой читать, в «Файл в архиве»"),
    "rows with different columns": "строки с разными столбцами",
    "{name}: the file is damaged or incomplete ({exc}); download or save it again":
        "{name}: файл повреждён или неполон ({exc}); скачайте или сохраните его заново",
    "{name}: a damaged workbook ({exc})": "{name}: книга повреждена ({exc})",
    "{name}: {packed_bytes:,} bytes unpack to more than {size:,}: this looks like a bomb, not a spreadsheet":
        "{name}: {packed_bytes} байт распаковываются больше чем в {size}: похоже на бомбу, а не на таблицу",
    "{name}: {packed:,} bytes unpack to {unpacked:,}: this looks like a zip bomb; save the workbook again, or as CSV":
        "{name}: {packed} байт распаковываются в {unpacked}: похоже на zip-бомбу; сохраните книгу заново или в CSV",
    "{name}: unpacks without end": "{name}: распаковывается без конца",
    "{name}: declares XML entities, which no spreadsheet program writes; refused":
        "{name}: объявляет сущности XML, чего табличные редакторы не делают; отклонено",
    "{name}: not a readable workbook ({why}); open it in a spreadsheet program and save it as XLSX":
        f"{{name}}: книга не читается ({{why}}); {_AS_XLSX}",
    "{name}: not a readable workbook ({why}); open it in a spreadsheet program and save it again":
        "{name}: книга не читается ({why}); откройте в табличном редакторе и сохраните заново",
    "it has no worksheet": "в ней нет листов",
    "it has no sheet": "в ней нет листов",
    "a header is too long": "слишком длинный заголовок части",
    "its parts are nested too deeply": "её части вложены слишком глубоко",
    "it has no workbook part": "в ней нет самой книги",
    "it was closed": "её закрыли",
    "its reader crashed": "чтение сорвалось",
    "reading it takes more than {limit_s:.0f} seconds": "чтение длится больше {limit_s:.0f} с",
    "{part} is missing": "нет части {part}",
    "{name}: its texts find no room in {gettempdir}: {strerror}; make room there, or let TMPDIR name another folder":
        "{name}: для книги не хватает места в {gettempdir}: {strerror}; освободите место",
    "the number formats of this workbook cannot be read: codes such as 02139 may lack their zeros, phones their country codes; save it as XLSX":
        "форматы чисел этой книги не читаются: коды вроде 02139 могут потерять нули, телефоны — код страны; сохраните её в XLSX",
    "{name}: no sheet {sheet!r}; it has {names}": "{name}: нет листа «{sheet}»; есть {names}",
    "{source}: no sheet {wanted!r}; it has {tabs}": "{source}: нет листа «{wanted}»; есть {tabs}",
    "{name}: no rows in its sheets": "{name}: на листах нет строк",
    "sheet {name!r} has no rows": "на листе «{name}» нет строк",
    "{source}: {n} sheets hold contacts ({names}); name one by source: sheet:, or read them together by source: sheets: all":
        "{source}: контакты есть на нескольких листах ({n}: {names}); укажите один в «Лист книги»",
    "sheet {name!r} is read; the others ({others}) are not; source: sheet: names another, source: sheets: several":
        "читается лист «{name}»; остальные ({others}) — нет; другой можно указать в «Лист книги»",
    "sheet {name!r}, whose name says no, is read as contacts too":
        "лист «{name}», судя по названию, список отказавшихся, но читается как контакты",
    "sheet {name!r}, whose name says no, is not read; it keeps nobody back by itself":
        "лист «{name}», судя по названию, список отказавшихся, не читается и никого не удерживает",
    "sheet {name!r} lacks the columns {missing} of the others; they are blank in its rows":
        "на листе «{name}» нет столбцов {missing}, которые есть на других; в его строках они пусты",
    "{name}: one row is said to stand {repeated:,} times in it: this looks like a bomb, not a spreadsheet":
        "{name}: одна строка якобы повторяется {repeated} раз: похоже на бомбу, а не на таблицу",
    "not UTF-8; read as {name} ({evidence}); look at a few names, and set source: encoding: if they are wrong":
        "не UTF-8; прочитано как {name} ({evidence}); взгляните на несколько имён и, если они неверны, выберите кодировку в «Как читается файл»",
    "the letters make words of {language}": "буквы складываются в слова, язык: {language}",
    # languages
    "German": "немецкий", "French": "французский", "Spanish": "испанский", "Italian": "итальянский", "Portuguese": "португальский",
    "Danish": "датский", "Norwegian": "норвежский", "Swedish": "шведский", "Finnish": "финский", "Icelandic": "исландский",
    "Dutch": "нидерландский", "Catalan": "каталанский", "Estonian": "эстонский", "English": "английский", "Polish": "польский", "Czech": "чешский",
    "Slovak": "словацкий", "Hungarian": "венгерский", "Romanian": "румынский", "Croatian": "хорватский", "Slovene": "словенский",
    "Turkish": "турецкий", "Latvian": "латышский", "Lithuanian": "литовский", "Greek": "греческий", "Hebrew": "иврит",
    "Arabic": "арабский", "Persian": "персидский", "Russian": "русский", "Ukrainian": "украинский", "Belarusian": "белорусский",
    "Bulgarian": "болгарский", "Serbian": "сербский", "Macedonian": "македонский", "Thai": "тайский", "Vietnamese": "вьетнамский",
    "valid throughout, common characters": "подходит целиком, знаки обычные",
    "every other byte is zero": "каждый второй байт нулевой",
    "all of the file is valid UTF-8": "весь файл — верный UTF-8",
    "no byte beyond ASCII": "только ASCII",
    "byte order mark": "метка порядка байтов",
    "as set": "как указано",
    "{name}: the encoding is not clear (not UTF-8; it could be {names}); set source: encoding: in the mapping, or save the file as UTF-8":
        "{name}: кодировка не ясна (не UTF-8; возможно, {names}); выберите кодировку в «Как читается файл» или сохраните файл в UTF-8",
    "anything": "что угодно",
    "{name}: line {line:,}: the file breaks off in the middle of a letter, so a part of it is missing; export or copy it again":
        "{name}: строка {line:,}: файл обрывается посреди буквы, часть его потеряна; выгрузите или скопируйте его заново",
    "{name}: line {line:,} is not UTF-8, but {good:,} other lines are; correct it, or export the file again as UTF-8":
        "{name}: строка {line:,} не в UTF-8, хотя другие строки ({good:,}) в нём; исправьте её или выгрузите файл заново в UTF-8",
    "{source}: encoding {name!r} is unknown; try utf-8, cp1251, cp1252 or utf-16":
        "{source}: кодировки «{name}» нет; попробуйте utf-8, cp1251, cp1252 или utf-16",
    "{name}: zero bytes in it: not a text file in an encoding we know": "{name}: в файле нулевые байты: это не текст в известной кодировке",
    "{name}: not a text file": "{name}: это не текстовый файл",
    "an object of objects": "объект из объектов",
    "there is more after the end of the array": "после конца массива есть что-то ещё",
    "{name}: {where}: byte 0x{bad} is not {encoding}; the file is in another encoding (set source: encoding:), or damaged":
        "{name}: {where}: байт 0x{bad} — не {encoding}; у файла другая кодировка (выберите её в «Как читается файл»), или он повреждён",
    "byte {offset:,}, line {line:,}": "байт {offset}, строка {line}",
    "near row {row}": "около строки {row}",
    "at the end of the file": "в конце файла",
    "{name}: delimiter {delimiter!r}: one character, or tab": "{name}: разделитель «{delimiter}»: нужен один знак или tab",
    "{name}: row {number}: a cell spans {spanned} lines: a quotation mark is probably not closed (it opens near line {line_num})":
        "{name}: строка {number}: ячейка занимает много строк ({spanned}): вероятно, не закрыта кавычка (открыта около строки {line_num})",
    "{name}: row {number}: {n:,} columns; at most {most_columns:,}": "{name}: строка {number}: столбцов {n}, а бывает не больше {most_columns}",
    "{name}: row {number}: a zero byte in a cell; the file is damaged": "{name}: строка {number}: нулевой байт в ячейке; файл повреждён",
    "{name}: row {number}: a cell of {n:,} characters; a spreadsheet holds at most {longest_cell:,}. Is a quotation mark not closed?":
        "{name}: строка {number}: в ячейке знаков {n}, а бывает не больше {longest_cell}. Не закрыта кавычка?",
    "{name}: row {row}: a quotation mark that opens near line {line} is never closed; the rows after it would be swallowed":
        "{name}: строка {row}: кавычка, открытая около строки {line}, не закрыта; строки после неё пропали бы",
    "{name}: row {row}: a cell of more than a million characters; is a quotation mark near line {line} not closed?":
        "{name}: строка {row}: в ячейке больше миллиона знаков; не закрыта кавычка около строки {line}?",
    "{name}: row {row}, line {line}: {text}; check the quotation marks there":
        "{name}: строка {row} (в файле {line}): {text}; проверьте кавычки",
    "{name}: line {number}: {found!r} in a file that escapes quotation marks by backslashes; export it with doubled quotation marks and NULL as an empty cell":
        "{name}: строка {number}: «{found}» в файле, где кавычки экранируются обратной чертой; выгрузите с удвоенными кавычками и пустой ячейкой вместо NULL",
    "{name}: no objects in it": "{name}: в файле нет объектов",
    "{name}: more than {most_columns:,} different names in its objects": "{name}: разных имён в объектах больше {most_columns}",
    "{name}: line {number}: a text of more than {longest_cell:,} characters": "{name}: строка {number}: в тексте больше {longest_cell} знаков",
    "{name}: a byte that is not {encoding} ({reason}); save the file as UTF-8": "{name}: байт не подходит к {encoding} ({reason}); сохраните файл в UTF-8",
    "{name}: line {line}: {why}; JSON is read as a list of flat objects, or one object a line":
        "{name}: строка {line}: {why}; JSON читается как список простых объектов или по объекту в строке",
    "the array is not closed: the file is cut off": "список не закрыт: файл обрезан",
    "not an object with the names of the columns": "это не объект с именами столбцов",
    "lists in lists without end": "списки в списках без конца",
    "an object has the name {key!r} twice": "у объекта имя {key!r} встречается дважды",
    "{name}: a web page of more than {largest} MB; save it as XLSX or CSV": "{name}: веб-страница больше {largest} МБ; сохраните в XLSX или CSV",
    "{path}: two of these addresses differ only in their tokens, which are never written down, so their lists cannot be told apart; import one, then the other": "{path}: два таких адреса различаются только токенами, а они нигде не записываются, поэтому их списки не различить; импортируйте сначала один, потом другой",
    "{name}: its cells span more than {most:,} others: this looks like a bomb, not a spreadsheet": "{name}: ячейки накрывают больше {most} других: похоже на бомбу, а не на таблицу",
    "{name}: byte {start:,} is not {encoding}; set source: encoding:": "{name}: байт {start} — не {encoding}; выберите кодировку в «Как читается файл»",
    "{name}: row {number} is too long": "{name}: строка {number} слишком длинная",
    "a web page under a spreadsheet's name; its largest table is read": "веб-страница под именем таблицы; читается её самая большая таблица",
    "backslashes in it stand for line ends, tabs and NULL, as databases write them; read so":
        "обратная косая черта означает переносы строк, табуляции и NULL, как пишут базы данных; так и прочитано",
    "{name}: line {number}: {found!r} in a file whose other backslashes stand for line ends, tabs and NULL; export it as CSV with quotation marks":
        "{name}: строка {number}: {found!r} в файле, где обратная косая черта означает переносы строк, табуляции и NULL; выгрузите его в CSV с кавычками",
    "{name}: its columns are aligned with blanks (fixed width); open it in a spreadsheet program, choose \"fixed width\" there, and save it as XLSX or CSV":
        "{name}: столбцы выровнены пробелами (фиксированная ширина); откройте файл в табличном редакторе, выберите там «фиксированная ширина» и сохраните в XLSX или CSV",
    "{name}: its letters are written as in UTF-7 ({found} is {meant}); set source: encoding: utf-7 in the mapping, or save the file as UTF-8":
        "{name}: буквы записаны как в UTF-7 ({found} — это {meant}); выберите ниже кодировку utf-7 или сохраните файл в UTF-8",
    "a table within the cell, which is not read; enter its text into the cell": "таблица внутри ячейки, она не читается; введите её текст в ячейку",
    "row {number}: a row or cell in a wrong place": "строка {number}: строка или ячейка не на своём месте",
    "row {number} comes twice": "строка {number} встречается дважды",
    "row {number}: column {column} comes twice": "строка {number}: столбец {column} встречается дважды",
    "every line is in quotation marks as a whole; read without them": "каждая строка целиком в кавычках; прочитано без них",
    "{source}: more than {most_rows:,} rows; split the file": "{source}: больше {most_rows} строк; разделите файл",
    "{source}: no rows in it": "{source}: строк нет",
    "{source}: {width:,} columns; at most {most_columns:,} make sense": "{source}: столбцов {width}, а бывает не больше {most_columns}",
    "{source}: {width:,} columns": "{source}: столбцов {width}",
    "{source}: row {number} should be the header, but it holds an e-mail address; add a row with the columns' names, or name its row by header_row":
        "{source}: строка {number} должна быть заголовком, но в ней адрес e-mail; добавьте строку с названиями столбцов или укажите её номер в «Строка заголовка»",
    "{source}: row {first} is an address, and row {second} is none: remove row {first} if row {second} is the header, else correct or remove row {second}":
        "{source}: в строке {first} адрес, а в строке {second} нет: если строка {second} — заголовок, удалите строку {first}, иначе исправьте или удалите строку {second}",
    "{source}: row {header_row} (header_row) is empty": "{source}: строка {header_row}, указанная как заголовок, пуста",
    "row {number} is taken for the header, but it looks like the rows below it; if it is one of them, add a row with the columns' names above it":
        "строка {number} принята за заголовок, но похожа на строки под ней; если это одна из них, добавьте над ней строку с названиями столбцов",
    "row {row} is above the header (row {number}), so it is not read, but it holds an e-mail address; name the header's row by header_row":
        "строка {row} находится над заголовком (строка {number}) и не читается, но в ней есть адрес; укажите номер заголовка в «Строка заголовка»",
    "row {rows} looks like a second line of headings and is not read as a contact":
        "строка {rows} похожа на вторую строку заголовков и контактом не считается",
    "a list of addresses without a header; its first line is a row too": "список адресов без заголовка; первая строка — тоже контакт",
    "columns without a name are addressed as {empty}": "столбцы без названия называются {empty}",
    "{times} columns are called {label!r}; they are addressed as {label!r} (1) to ({times})":
        "столбцов с названием «{label}»: {times}; они называются «{label}» (1) … ({times})",
    "row {rows}": "строка {rows}",
    "rows {rows}": "строки {rows}",
    "{n:,} of {rows:,} rows are hidden by a filter and are left out; as source: hidden_rows: skip says": (
        "{n} строка из {rows} скрыта фильтром и пропускается", "{n} строки из {rows} скрыты фильтром и пропускаются",
        "{n} строк из {rows} скрыты фильтром и пропускаются"),
    "{n:,} of {rows:,} rows are hidden by a filter and would be sent; source: hidden_rows: skip leaves them out": (
        "{n} строка из {rows} скрыта фильтром, но будет отправлена; чтобы не отправлять, удалите её из файла",
        "{n} строки из {rows} скрыты фильтром, но будут отправлены; чтобы не отправлять, удалите их из файла",
        "{n} строк из {rows} скрыты фильтром, но будут отправлены; чтобы не отправлять, удалите их из файла"),
    "{n:,} rows have cells to the right of the last named column ({beyond}); they are not read; name their column to read them": (
        "в {n} строке есть ячейки правее последнего названного столбца ({beyond}); они не читаются; чтобы читались, назовите столбец",
        "в {n} строках есть ячейки правее последнего названного столбца ({beyond}); они не читаются; чтобы читались, назовите столбец",
        "в {n} строках есть ячейки правее последнего названного столбца ({beyond}); они не читаются; чтобы читались, назовите столбец"),
    "{n:,} rows have texts written as =\"text\" or 'text ({guarded}); they are read without these marks": (
        "в {n} строке тексты записаны как =\"текст\" или 'текст ({guarded}); они читаются без этих знаков",
        "в {n} строках тексты записаны как =\"текст\" или 'текст ({guarded}); они читаются без этих знаков",
        "в {n} строках тексты записаны как =\"текст\" или 'текст ({guarded}); они читаются без этих знаков"),
    "a whole export: {export}": "целая выгрузка: {export}",
    "{subscribed} is read": "читается {subscribed}",
    "; {never} hold people who are never sent": "; в {never} — те, кому не отправляется никогда",
    "; not read: {others}": "; не читаются: {others}",
    "{first} and {last}": "{first} и {last}",
    "{first} or {last}": "{first} или {last}",
    "{rows:,} rows, and the mapping asks for at least {fewest:,} (min_rows)": "строк {rows}, а файл соответствий требует не меньше {fewest}",
    "{message}; nothing was sent": "{message}; ничего не отправлено",
    "{without_email:,} of {rows:,} rows have no e-mail: probably another column is meant by lead_email, or the wrong sheet is read; nothing was sent (when: no_email: create sends such rows)":
        "в {without_email} из {rows} строк нет e-mail: вероятно, адреса в другом столбце или читается не тот лист; ничего не отправлено",
    # from elsewhere
    "{url}: cannot be fetched: {why}": "{url}: не загружается: {why}",
    "{url}: cannot be fetched: {said}": "{url}: не загружается: {said}",
    "{why} (tried {n} times)": (
        "{why} ({n} попытка)",
        "{why} ({n} попытки)",
        "{why} ({n} попыток)"),
    "{why}; its server asks to wait {seconds:,.0f} s, run the same command again then": "{why}; сервер просит подождать {seconds:,.0f} с, затем запустите ту же команду ещё раз",
    "{url}: larger than {most_bytes:,} bytes": "{url}: больше {most_bytes} байт",
    "{url}: the token of this address was not kept; run the command with which the run began, with the whole address and --run-dir (for a night: sync again)":
        "{url}: ключ доступа из этого адреса не сохранялся; начните заново с полным адресом",
    "{url}: needs fsspec: pip install 'bulk_import[remote]'": "{url}: нужен fsspec: pip install 'bulk_import[remote]'",
    "{url}: sftp needs paramiko: pip install 'bulk_import[remote]'": "{url}: для sftp нужен paramiko: pip install 'bulk_import[remote]'",
    "{pattern}: over sftp, only the name of the file can be a pattern": "{pattern}: по sftp шаблоном может быть только имя файла",
    "{url}: the host key of this server is not known ({get_name} {fingerprint}); nothing was read. Compare the fingerprint with what its operator says, then run: {scan}":
        "{url}: ключ этого сервера неизвестен ({get_name} {fingerprint}); ничего не прочитано. Сверьте отпечаток с владельцем сервера, затем выполните: {scan}",
    "{url}: the host key of this server HAS CHANGED (now {get_name} {fingerprint}); nothing was read. Somebody may be between you and the server. If its operator confirms the new key, run: ssh-keygen -R {name} && {scan}":
        "{url}: ключ этого сервера СМЕНИЛСЯ (теперь {get_name} {fingerprint}); ничего не прочитано. Между вами и сервером может кто-то стоять. Если владелец подтвердит новый ключ: ssh-keygen -R {name} && {scan}",
    "a source's address must not hold a password, it would end up in reports; use a key, an agent or the environment":
        "в адресе источника не должно быть пароля, он попал бы в отчёты; используйте ключ или переменную окружения",
    "{url}: plain http would show {name} to everybody on the way; use https": "{url}: по http {name} увидели бы все по пути; нужен https",
    "{headers_variable}, {token_variable}: {name!r} is not a header": "{headers_variable}, {token_variable}: «{name}» — не заголовок",
    "{headers_variable}: give JSON such as {{\"X-Api-Key\": \"…\"}}": "{headers_variable}: нужен JSON вида {{\"X-Api-Key\": \"…\"}}",
    "{said}; a signed link may have expired, a token goes into {token_variable}, other headers into {headers_variable}":
        "{said}; ссылка могла устареть; ключ доступа задаётся в {token_variable}, другие заголовки — в {headers_variable}",
    "{said}; nothing is at that address": "{said}; по этому адресу ничего нет",
    "broke off after {read:,} of {size:,} bytes": "прервалось после {read} из {size} байт",
    "no answer within {silence_s:.0f} s": "нет ответа за {silence_s:.0f} с",
    "not HTTP as expected ({name})": "ответ — не HTTP ({name})",
    "HTTP {code}: redirects to {scheme}, which is not safe": "HTTP {code}: перенаправляет на {scheme}, это небезопасно",
    "asks for a login; {sharing}": "требует входа; {sharing}",
    "{path}: more than {most_bytes:,} bytes": "{path}: больше {most_bytes} байт",
    "{path}: the query has no rows": "{path}: запрос не вернул строк",
    "{path}: not UTF-8; save it as UTF-8": "{path}: не UTF-8; сохраните в UTF-8",
    "{path}: a query as a source is one SELECT; of a dump of a database, export the table as CSV":
        "{path}: запрос-источник — это один SELECT; из дампа базы выгрузите таблицу в CSV",
    "{path}: a query needs SQLAlchemy: pip install 'bulk_import[sql]', and your database's driver":
        "{path}: для запроса нужен SQLAlchemy (pip install 'bulk_import[sql]') и драйвер вашей базы",
    "{path}: a query needs a database: set {database_variable} in the environment or in .env, such as postgresql+psycopg://reader@db.example.org/crm":
        "{path}: для запроса нужна база: задайте {database_variable} в окружении или .env, например postgresql+psycopg://reader@db.example.org/crm",
    "{path}: {get_backend_name} refuses it: {hidden}": "{path}: {get_backend_name} отклоняет запрос: {hidden}",
    "{path}: two columns are called {twice!r}; name one of them with AS": "{path}: два столбца называются «{twice}»; переименуйте один через AS",
    "{path}: column {column!r} holds bytes; cast it to text": "{path}: в столбце «{column}» байты; приведите его к тексту",
    "{database_variable}: the driver of {drivername} is missing ({name}); install it": "{database_variable}: нет драйвера {drivername} ({name}); установите его",
    "{database_variable}: not a URL of SQLAlchemy, such as sqlite:///crm.db": "{database_variable}: не адрес SQLAlchemy, например sqlite:///crm.db",
    "{database_variable}: no file {name}": "{database_variable}: нет файла {name}",
    # the mapping file
    "a mapping begins with `version: 1` and `fields:`; found {found}": "файл соответствий начинается с version: 1 и fields:; здесь {found}",
    "byte {start} is not UTF-8; save the mapping as UTF-8": "байт {start} — не UTF-8; сохраните файл соответствий в UTF-8",
    " (did you mean {shown}?)": " (может быть, {shown}?)",
    "; it has {known}": "; есть {known}",
    "{of} has no {name!r}{hint}": "{of}: нет «{name}»{hint}",
    "is a known field; put it under fields:": "известное поле; перенесите его в fields:",
    "this parameter carries the key; choose another name": "в этом параметре передаётся ключ; выберите другое имя",
    "a parameter's name has letters, digits and _ only": "в имени параметра бывают только буквы, цифры и _",
    "is for tags and lists; a constant is value: …": "это для тегов и списков; постоянный текст — value: …",
    "is for names": "это для имён",
    "is for phones": "это для телефонов",
    "no field {field!r}{hint}": "нет поля «{field}»{hint}",
    "; it is under neither fields: nor extra:": "; его нет ни в fields:, ни в extra:",
    "is what when: duplicate: is for; use duplicate: refuse": "для этого есть when: duplicate: refuse",
    "{value!r} is added by {add} and removed here; keep one": "«{value}» добавляется в {add} и снимается здесь; оставьте одно",
    "must be {error}": "должно быть {error}",
    "is missing": "не хватает",
    "needs names and values below it (indented), not a single value": "под этим нужны имена и значения (с отступом), а не одно значение",
    "must be a text or a list of texts": "должно быть текстом или списком текстов",
    "must name at least one": "нужно хотя бы одно",
    "must be a number": "здесь нужно число",
    "must be a whole number": "здесь нужно целое число",
    "must be a text": "должно быть текстом",
    "must be a list, such as `- {{column: Unsubscribed, values: [yes, 1]}}`": "должно быть списком, например - {{column: Unsubscribed, values: [yes, 1]}}",
    "must be a list, such as `- {{column: Customer no, require: yes}}`": "должно быть списком, например - {{column: Customer no, require: yes}}",
    "is missing; begin the mapping with `version: 1`": "не хватает; начните файл с version: 1",
    "{given} exclude each other; keep one": "{given} исключают друг друга; оставьте одно",
    "sheet and sheets exclude each other": "sheet и sheets исключают друг друга",
    "places: name three columns: file, sheet and row": "places: назовите три столбца: файл, лист и строка",
    "name a column, or remove the line": "назовите столбец или удалите строку",
    "says nothing of where the value comes from; give column: NAME": "не сказано, откуда значение; укажите column: ИМЯ",
    "says nothing; give add_tags, remove_tags or remove_from_lists": "не сказано, что делать; укажите add_tags, remove_tags или remove_from_lists",
    "name a column or a field": "назовите столбец или поле",
    "demands nothing; give require, pattern, one_of or unique": "условие ничего не требует; укажите require, pattern, one_of или unique",
    "{value!r} is not a two-letter country code such as US": "«{value}» — не двухбуквенный код страны, как RU",
    "{code!r} is not a two-letter country code such as US": "«{code}» — не двухбуквенный код страны, как RU",
    "a pattern has at most {longest_pattern:,} characters": "в образце не больше {longest_pattern} знаков",
    "not a regular expression that can be used: {reason}": "такое регулярное выражение не годится: {reason}",
    "{name} {value!r}: give text, as \"{value}\"": "{name} «{value}»: нужен текст, \"{value}\"",
    "nested too deeply for a mapping": "слишком глубокая вложенность",
    "aliases make this too large for a mapping": "ссылки YAML делают файл слишком большим",
    "a name is expected before the colon": "перед двоеточием нужно имя",
    "too long for a mapping ({n:,} characters)": "слишком длинный файл соответствий (знаков: {n})",
    "not YAML: {exc}": "это не YAML: {exc}",
    "not YAML: {problem}": "это не YAML: {problem}",
    "tags such as {tag} are not allowed; write the plain value": "метки вида {tag} не допускаются; напишите простое значение",
    "unexpected {kind}": "неожиданное: {kind}",
    "{name} is here and in line {first}; keep one": "{name} есть и здесь, и в строке {first}; оставьте одно",
    "no column {wanted}{hint}": "нет столбца {wanted}{hint}",
    "; the file has: {headers}": "; в файле есть: {headers}",
    "no column {column!r}; the file has: {repr}": "нет столбца «{column}»; в файле есть: {repr}",
    "column {column!r} is mapped to {plain}; keep one, or split it with part:":
        "столбец «{column}» отправляется сразу как {plain}; оставьте одно",
    "suppress: {exc}; nothing is sent while a list cannot be read to its end":
        "список исключений: {exc}; пока он не читается до конца, ничего не отправляется",
    "suppress: {message}": "список исключений: {message}",
    "suppress: {text!r} is not understood as an address; correct it, or allow it with --no-strict-suppress (it would not be honoured)":
        "список исключений: «{text}» не понято как адрес; исправьте",
    "has no column {column!r} in its first {header_rows} rows": "в первых строках ({header_rows}) нет столбца «{column}»",
    "no e-mail address, domain or hash was found in it": "в нём не нашлось ни адресов, ни доменов, ни хешей",
    "{domain} is a public mail provider: as a domain it would suppress everybody there; remove the line, or name the column of the addresses: suppress: [{{file: {name}, columns: E-mail}}]":
        "{domain} — общедоступная почта: как домен он исключил бы всех её пользователей; удалите строку из {name}",
    "suppression list {name}: {understood:,} entries understood": "список исключений {name}: понято записей {understood}",
    "{said}, {n:,} NOT understood and not honoured: {named}{rest}": "{said}, НЕ понято и не действует {n}: {named}{rest}",
    " and {more:,} more": " и ещё {more}",
    "sheet {sheet!r} row {row}": "лист «{sheet}», строка {row}",
    "{source} sheet {sheet!r} row {row}": "{source}, лист «{sheet}», строка {row}",
    "{source} row {row}": "{source}, строка {row}",
    "{place} {text!r}": "{place}: «{text}»",
    "{place} {text!r} ({why})": "{place}: «{text}» ({why})",
    "row {row}": "строка {row}",
    "the file has none of the columns of preset {name}": "в файле нет ни одного столбца заготовки {name}",
    "no preset {name!r}; there are {preset_names}": "заготовки «{name}» нет; есть {preset_names}",
}  # fmt: skip
