"""Codes of ``bulk_import.sources``: what each means and what to do."""

from __future__ import annotations

from bulk_import.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "SOURCE_MISSING",
        "There is no such file, or a pattern matches nothing.",
        "Check the path; put patterns into quotation marks.",
        "*.csvv",
    ),
    Code(
        "CORRECTIONS_APPLIED",
        "Cells of the source were corrected by NAME.corrections.csv beside it; the source stays as it is.",
        "Nothing; remove that file to import the cells as they are.",
    ),
    Code(
        "CORRECTIONS_UNREADABLE",
        "The file of corrections is not one, or names columns that the source does not have.",
        "Its columns are sheet, row, column, before, after; correct it or remove it.",
    ),
    Code(
        "CORRECTIONS_UNUSED",
        "Some corrections found no row of the source.",
        "Check whether it is the right source; --corrections-by contact finds rows that moved.",
    ),
    Code(
        "CORRECTION_STALE",
        "A correction expects another text than the cell has: the source has changed since.",
        "Correct the cell again, or remove the line from the file of corrections.",
    ),
    Code(
        "SOURCE_UNREADABLE",
        "The file cannot be opened.",
        "Check its permissions and whether another program holds it.",
    ),
    Code(
        "SOURCE_NOT_FILE",
        "A folder or a device was named.",
        "Name a file, or pipe it in with - as the source.",
        "contacts/",
    ),
    Code(
        "SOURCE_EMPTY",
        "The file has no rows.",
        "Export it again.",
    ),
    Code(
        "SOURCE_NOT_TABLE",
        "The file is not a spreadsheet, whatever its name says.",
        "Export the contacts as CSV or XLSX.",
        "report.pdf",
    ),
    Code(
        "SOURCE_HTML",
        "The file is a web page without a table.",
        "Export the contacts as CSV or XLSX; perhaps you had to log in.",
        "export.xls that begins with <html>",
    ),
    Code(
        "SOURCE_BINARY",
        "There are zero bytes in a text file.",
        "Export it again, or name its encoding.",
    ),
    Code(
        "SOURCE_BROKEN",
        "The file is damaged or incomplete.",
        "Export or download it again, or save it again in a spreadsheet program.",
    ),
    Code(
        "SOURCE_ENCRYPTED",
        "The file is protected by a password.",
        "Save it without a password.",
    ),
    Code(
        "SOURCE_BOMB",
        "A small file unpacks to a huge one.",
        "Save the workbook again, or as CSV.",
    ),
    Code(
        "SOURCE_HOSTILE",
        "A workbook declares XML entities, as no spreadsheet program does.",
        "Do not trust the file; save the data again.",
    ),
    Code(
        "FORMATS_UNKNOWN",
        "The number formats of an old workbook cannot be read.",
        "Save it as XLSX; zeros in front and country codes may come from formats.",
    ),
    Code(
        "SOURCE_TOO_LARGE",
        "There are more rows than a run takes.",
        "Split the file.",
    ),
    Code(
        "SOURCE_TOO_WIDE",
        "There are more columns than a spreadsheet holds.",
        "Check the delimiter.",
    ),
    Code(
        "SOURCE_NO_HEADER",
        "No row with the names of the columns was found.",
        "Add one, or name its row by source: header_row: in the mapping.",
    ),
    Code(
        "SHEET_MISSING",
        "The workbook has no sheet of that name.",
        "Use one of the names in the message.",
        "sheet: Contcats",
    ),
    Code(
        "SHEET_CHOSEN",
        "The workbook has several sheets and none was named; the one that looks like contacts is read.",
        "Name the sheet by source: sheet: in the mapping.",
    ),
    Code(
        "SHEET_UNCLEAR",
        "Several sheets of the workbook hold contacts and none was named.",
        "Name one by source: sheet: in the mapping, or read them together by source: sheets: all.",
    ),
    Code(
        "SHEET_EMPTY",
        "One of the sheets that are read together has no rows.",
        "Nothing, if the sheet is empty; otherwise check its name.",
    ),
    Code(
        "SHEETS_DIFFER",
        "Sheets that are read together do not have the same columns.",
        "Give equal columns equal names; a missing column is blank in the rows of its sheet.",
    ),
    Code(
        "SHEET_SAYS_NO",
        "A sheet is named as a list of people who want no e-mail. Only re-tagging leaves them alone; "
        "an import that asks nobody stops.",
        "Name it under suppress: in the mapping (file: and sheet:), and do not read it as contacts.",
        "sheet 'Unsubscribed'",
    ),
    Code(
        "ROWS_HIDDEN",
        "A filter of the workbook hides some rows.",
        "Set source: hidden_rows: skip in the mapping to leave them out.",
        "4 of 8 rows",
    ),
    Code(
        "CELLS_BEYOND",
        "There are cells to the right of the last column with a name; they are not read.",
        "Name their column to read it; nothing, if they are notes beside the table.",
    ),
    Code(
        "GUARDS_UNDONE",
        'Texts are protected from spreadsheet programs by ="…" or an apostrophe.',
        "Nothing: they are read without the marks, as a spreadsheet program shows them.",
        '="007", \'007',
    ),
    Code(
        "LINES_QUOTED",
        "Every line of the file is in quotation marks as a whole.",
        "Nothing: it is read without them. Look at a few rows.",
        '"a@b.org,Ann"',
    ),
    Code(
        "ESCAPES_UNDONE",
        "A database wrote the file: backslashes in it stand for line ends, tabs and NULL.",
        "Nothing: they are read so. Look at a few rows.",
        "12 Main St\\nApt 4, \\N",
    ),
    Code(
        "QUOTES_TYPOGRAPHIC",
        "The cells of the file are in typographic quotation marks.",
        "Nothing: they are read without them. Look at a few rows.",
        "“a@b.org”,“Ann”",
    ),
    Code(
        "SOURCE_PAGE",
        "A web page under a spreadsheet's name; its largest table is read.",
        "Look at a few rows.",
        "export.xls that begins with <html>",
    ),
    Code(
        "JSON_WRONG",
        "The JSON is damaged, or is not a list of objects.",
        "Export a list of flat objects, or one object a line.",
        '[{"a": 1}, 2]',
    ),
    Code(
        "HEADER_ABSENT",
        "A list of addresses has no header; its first line is read as a row.",
        "Nothing; a line with the columns' names above it is read as well.",
        "a list that begins with ann@example.org",
    ),
    Code(
        "HEADER_DOUBTFUL",
        "The line that was taken for the header looks like the rows below it.",
        "Add a row with the columns' names, or name its row by source: header_row:.",
    ),
    Code(
        "HEADER_SECOND",
        "There is a second line of headings below the header; it is not read as a contact.",
        "Delete it, or name the header's row by source: header_row:.",
        "text, required, date",
    ),
    Code(
        "ROW_EXAMPLE",
        "The row shows how to fill the table in.",
        "Delete it; it is not sent.",
        "e.g. Anna",
    ),
    Code(
        "ARCHIVE_EXPORT",
        "The archive is a whole export (Mailchimp's): its subscribed people are the source, the "
        "unsubscribed and cleaned ones are suppression lists.",
        "Nothing; source: member: reads another file of it.",
        "subscribed_….csv, unsubscribed_….csv and cleaned_….csv in one ZIP",
    ),
    Code(
        "QUERY_REFUSED",
        "The query is not one SELECT, or the database refuses it.",
        "Correct the file; try it in the database's own program, as the same user.",
        "contacts.sql with DELETE FROM people",
    ),
    Code(
        "ARCHIVE_SEVERAL",
        "An archive holds several files.",
        "Name one by source: member: in the mapping.",
    ),
    Code(
        "ENCODING_UNKNOWN",
        "There is no encoding of that name.",
        "Use utf-8, cp1251, cp1252, utf-16, …",
        "encoding: windows",
    ),
    Code(
        "ENCODING_UNCLEAR",
        "The file is not UTF-8, and it could be several other encodings.",
        "Set source: encoding: in the mapping, or save the file as UTF-8.",
    ),
    Code(
        "ENCODING_GUESSED",
        "The encoding follows from the letters in the file, not from proof.",
        "Look at a few names; set source: encoding: if they are wrong.",
    ),
    Code(
        "ENCODING_WRONG",
        "A byte does not belong to the encoding.",
        "Set the right encoding, or export the file again as UTF-8.",
    ),
    Code(
        "DELIMITER_UNCLEAR",
        "The delimiter is not one character, or the columns are aligned with blanks (fixed width).",
        "Give , ; | or tab; save a table of fixed width as XLSX or CSV.",
        "delimiter: ;;",
    ),
    Code(
        "QUOTE_UNCLOSED",
        "A quotation mark is never closed; the rows after it would become part of one cell.",
        "Correct the row that the message names.",
    ),
    Code(
        "QUOTE_WRONG",
        "A quotation mark is in a place where none is allowed.",
        "Correct the row that the message names.",
        '"a"b,c',
    ),
    Code(
        "CELL_TOO_LONG",
        "A cell is longer than a spreadsheet's cell can be.",
        "Look for a quotation mark that is not closed.",
    ),
    Code(
        "HEADER_DUPLICATE",
        "Several columns have the same name.",
        "Address them as Name (1), Name (2).",
        "E-mail, E-mail",
    ),
    Code(
        "HEADER_EMPTY",
        "A column with values has no name.",
        "Address it as Column C, or name it.",
    ),
    Code(
        "ROW_RAGGED",
        "A row has more or fewer cells than the header.",
        "Look for a delimiter or quotation mark too many or too few.",
        "a;b;c;d below three headers",
    ),
    Code(
        "ROW_TOTALS",
        "There is a line of totals below the table.",
        "Delete it; it is not sent.",
        "Total;;1,204",
    ),
    Code(
        "ROW_EMPTY",
        "No mapped column has a value in this row.",
        "Fill it in, or delete the row.",
    ),
    Code(
        "CELL_ERROR",
        "The cell shows an error of a formula.",
        "Correct the formula or clear the cell.",
        "#N/A",
    ),
    Code(
        "CELL_BROKEN",
        "The cell holds something that is not text, number or date.",
        "Enter it again.",
    ),
    Code(
        "FORMULA_NOT_CALCULATED",
        "A formula has no stored result.",
        "Open and save the workbook in a spreadsheet program.",
        "a file written by a script",
    ),
    Code(
        "NUMBER_ROUNDED",
        "A number had more than the 15 digits that a spreadsheet keeps.",
        "Format the column as text and enter the number again.",
        "12345678901234567890",
    ),
    Code(
        "NUMBER_SCIENTIFIC",
        "A long number was shortened to powers of ten; its digits are lost.",
        "Format the column as text and enter the number again.",
        "4.49E+11",
    ),
    Code(
        "TEXT_MOJIBAKE",
        "A text was read in the wrong encoding before it came here.",
        "Import the file that it comes from as UTF-8, and export it again.",
        "MÃ¼ller",
    ),
    Code(
        "TEXT_LOST",
        "Letters were replaced by \ufffd or question marks before the file came here.",
        "Export the data again, as UTF-8, from where it is still whole.",
        "M\ufffdller, ????",
    ),
    Code(
        "TEXT_CUT",
        "A text is exactly as long as some programs keep at most: 255 or 32,767 characters.",
        "Look whether its end is missing.",
    ),
    Code(
        "VALUE_PLACEHOLDER",
        "A word was written in place of a missing value: NULL, nan, None, n/a, a dash.",
        "Clear the cell; or give its meaning by values: in the mapping; bad_value: drop_field sends "
        "the row without the field.",
        "NULL, nan, (blank), 0000-00-00",
        "bad_value: drop_field",
        "Clear the cell, or give its meaning by values: in the mapping.",
    ),
    Code(
        "TEXT_TEMPLATE",
        "A placeholder of a template was never filled in.",
        "Export the data again, or clear the cell.",
        "{{first_name}}, *|FNAME|*",
    ),
    Code(
        "TEXT_ENCODED",
        "A text is in the notation of a web page, an e-mail, a web address or JSON.",
        "Enter it as plain text, as it is meant to be sent.",
        "O&#039;Neill, =?UTF-8?B?…?=, M%C3%BCller",
    ),
    Code(
        "TEXT_MARKUP",
        "A text has HTML tags in it, or is JSON.",
        "Enter it as plain text.",
        "<b>Anna</b>",
    ),
    Code(
        "FORMULA_AS_TEXT",
        "The cell holds a formula as text.",
        "Paste its result as a value.",
        '=CONCATENATE("A","B")',
    ),
    Code(
        "NUMBER_FLOAT",
        "A program has turned a whole number into a decimal.",
        "Format the column as text and export it again.",
        "2110.0",
    ),
    Code(
        "VALUE_IS_DATE",
        "A spreadsheet program has turned a phone, name, code or tag into a date.",
        "Format the column as text and enter the value again.",
        "2024-05-12, 5-May",
    ),
    Code(
        "PHONE_DIGIT_SHORT",
        "Some numbers of a column are one digit shorter than nearly all others.",
        "Compare the named rows with where they come from.",
    ),
    Code(
        "POSTAL_ZERO_LOST",
        "Some postal codes are one digit shorter than nearly all others.",
        "Format the column as text and enter them again with the zero.",
        "2139 beside 94103",
    ),
    Code(
        "EMAIL_MOSTLY_MISSING",
        "More than half of the rows have no e-mail: probably a wrong column or sheet.",
        "Check lead_email; when: no_email: create sends such rows.",
    ),
)
