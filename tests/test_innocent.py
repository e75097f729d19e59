"""Ordinary inputs pass everything that refuses: damage, remnants, encodings, bombs. Whoever refuses too much is no help."""

from __future__ import annotations

import csv
import gzip
import zipfile

import openpyxl
import pytest
import xlsxwriter

from bulk_import.jobs.importing import import_file_async
from bulk_import.mapping.loading import parse_mapping
from bulk_import.models import Row, Status
from bulk_import.sources import open_source, read_rows
from bulk_import.sources.damage import DamageDetector, spoiled
from tests.conftest import report_of

TEXTS = [
    "-5", "-Anna", "- first point", "-- signed --", ".NET developer", "...and more", ".5", "¿Qué?", "What???", "? maybe",
    "Really?!", "+1 day", "+100", "=)", "=> next", "@anna", "#1 fan", "#hashtag", "# 5", "50%", "100 %", "%", "1e5", "2.5E3",
    "12-34", "1/2", "1-2", "a=b", "<3", "5 < 6 > 4", "Tom & Jerry", "AT&T", "R&D; sales", "fish &chips", r"C:\temp", r"a\b",
    "{x}", "[x]", "(x)", "100$", "$5", "€ 5", "№ 5", "N°5", "O'Neill", "'quoted'", '"quoted"', "«да»", "„so“", "it’s",
    "naïve", "1–2", "20 °C", "m²", "½ price", "😀", "👩‍👩‍👧 family", "TRUE", "0", "NO", "yes", "None of these", "null and void",
    "N/A-1", "nano", "test drive", "undefined behaviour", "x" * 254, "x" * 256, "line one\nline two", "tab\there", "2024-05-12",
    "May 2024", "10:30", "12345678901234", "123456789012345", "007", "1,000.50", "https://example.org/?a=%D0%9F&b=c", "www.example.org",
    "_underscored_", "*starred*", "~tilde~", "`code`", "a|b", "a^b", "a;b", "a,b", "Total recall", "Summe: 5", "Sum", "e.g. this",
    "漢字", "한국어", "العربية", "עברית", "Ελληνικά", "ไทย", "हिन्दी", "Русский текст", "Українська", "Ünïcödé", "Ñandú", "Ærø",
]  # fmt: skip
NAMES = [
    "O'Neill", "D’Angelo", "Müller", "Nguyễn Thị Hương", "José", "Łukasz", "İbrahim", "Ольга", "Ёлкина", "Їжак", "Ægir",
    "Þórdís", "Øystein", "Đặng", "王小明", "山本さくら", "김철수", "محمد", "יוסי", "Παύλος", "Māra", "Jean-Luc", "Smith Jr.", "May",
    "June", "April", "Nullo", "Noneman", "Nanette", "Testa", "Björk Guðmundsdóttir", "Zoë", "Renée", "Françoise", "Đorđe", "Åse",
    "Maria 85", "A.", "Li", "Xavier", "Иван-Пётр", "Ана", "Сергей", "Рёмер", "Ђорђе", "Gökçe", "Żółć", "Őri", "Ștefan", "Ñusta",
]  # fmt: skip
CITIES = [
    "SÃO PAULO", "Łódź", "Ústí nad Labem", "Köln", "Zürich", "Nîmes", "Šiauliai", "Кривой Рог", "Нью-Йорк", "東京", "서울", "القاهرة",
    "תל אביב", "'s-Hertogenbosch", "St. John's", "Washington, D.C.", "Aix-en-Provence", "Åre", "Orël", "Санкт-Петербург", "Αθήνα",
]  # fmt: skip
TAGS = [
    "vip", "2024-05", "Q1/2024", "A+B", "C#", "c++", ".net", "-10%", "news letter", "№1", "VIP!", "клиент", "客户", "50+", "a_b", "1",
]  # fmt: skip
OTHERS = [
    ("phone", text) for text in ("+1 (415) 555-0123", "415.555.0123", "8 (495) 123-45-67", "0049 30 1234567", "5550123")
] + [
    ("postal_code", text) for text in ("94103", "02110", "EC1A 1BB", "1010 AB", "101-0001", "220030", "K1A 0B1")
] + [
    ("email", text) for text in ("o'neill@example.org", "a-b@example.org", "_x@example.org", "1@example.org", "ü@example.org")
] + [
    ("address", text) for text in ("1/2 Main St.", "Hauptstr. 5a", "ул. Ленина, д. 5", "5, rue de l’Été", "C/ Mayor, 3º")
]  # fmt: skip
CELLS = [
    *(("text", text) for text in TEXTS), *(("name", text) for text in NAMES), *(("city", text) for text in CITIES),
    *(("tags", text) for text in TAGS), *OTHERS,
]  # fmt: skip


@pytest.mark.parametrize(("role", "text"), CELLS)
def test_an_ordinary_cell_is_not_damaged(role, text):
    assert spoiled(text, role) is None
    (row,) = DamageDetector({"A": role}).watched([Row("a.csv", "", 2, {"A": text})])
    assert row.problems == ()


MAPPING = parse_mapping(
    "version: 1\nfields:\n  lead_email: E-mail\n  lead_first_name: Name\n  lead_billing_city: City\n"
    "  add_tags: {column: Tags, separator: '|'}\n  lead_description: Text\n",
    "m.yml",
)


def _rows() -> list[list[str]]:
    rows = [["E-mail", "Name", "City", "Tags", "Text"]]
    for at, text in enumerate(TEXTS):
        rows.append(
            [
                f"p{at}@example.org", NAMES[at % len(NAMES)], CITIES[at % len(CITIES)], TAGS[at % len(TAGS)], text,
            ]
        )  # fmt: skip
    return rows


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_hundred_ordinary_rows_are_all_sent_as_they_are(tmp_path, sandbox, settings, kind):
    path = tmp_path / f"contacts.{kind}"
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(_rows())
    else:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for at, line in enumerate(_rows()):
                for column, text in enumerate(line):
                    sheet.write_string(at, column, text)
    summary = await import_file_async(path, MAPPING, settings(sandbox))
    refused = [line for line in report_of(tmp_path / "run") if line["status"] != "success"]
    assert [(line["row"], line["message"]) for line in refused] == []
    assert summary.counts[Status.SUCCESS] == len(TEXTS)
    arrived = {request.email: request.form["lead_description"] for request in sandbox.sent()}
    assert arrived == {f"p{at}@example.org": text for at, text in enumerate(TEXTS)}


# -- files --------------------------------------------------------------------------------------------

WORDS = {
    "English": "Ann", "German": "Jürgen", "French": "Hélène", "Spanish": "Núñez", "Portuguese": "João", "Danish": "Søren",
    "Polish": "Łódź", "Czech": "Žďár", "Hungarian": "Győr", "Turkish": "Şişli", "Latvian": "Rīga", "Lithuanian": "Ąžuolas",
    "Greek": "Αθήνα", "Hebrew": "יוסי", "Arabic": "محمد", "Russian": "Алёна", "Ukrainian": "Їжак", "Japanese": "山本さくら",
    "Chinese": "王小明", "Korean": "김철수", "Thai": "สมชาย", "Hindi": "राम", "Georgian": "გიორგი", "Armenian": "Արամ",
    "Vietnamese": "Nguyễn", "Icelandic": "Þór", "Emoji": "😀 Ann",
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
def test_one_word_of_any_language_is_enough_for_unicode_and_nothing_is_said(
    tmp_path, word, encoding
):
    path = tmp_path / "a.csv"
    path.write_bytes(f"E-mail;Name\na@b.org;{word}\n".encode(encoding))
    with open_source(path) as source:
        assert [list(row.cells.values()) for row in source.rows] == [["a@b.org", word]]
        assert source.problems == []


@pytest.mark.parametrize("rows", [0, 1, 2, 5000])
def test_a_workbook_of_equal_rows_packs_well_and_is_no_bomb(tmp_path, rows):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["E-mail", "Name"])
        for at in range(rows):
            sheet.write_row(at + 1, 0, ["a@example.org", "x" * 200])
    if rows:
        assert sum(1 for _ in read_rows(path)) == rows


def test_a_workbook_as_people_have_them_is_read(tmp_path):
    """Empty sheets, hidden sheets, widths, comments, pictures of nothing: none of it is an attack."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["E-mail", "Name"])
    sheet.append(["a@example.org", "Ann"])
    sheet["B2"].comment = openpyxl.comments.Comment("nice", "me")
    sheet.column_dimensions["A"].width = 40
    book.create_sheet("Empty")
    book.create_sheet("Hidden").sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    assert [list(row.cells.values()) for row in read_rows(tmp_path / "a.xlsx")] == [
        ["a@example.org", "Ann"]
    ]


@pytest.mark.parametrize("packer", ["gz", "zip"])
def test_a_packed_file_of_a_megabyte_of_blanks_is_no_bomb(tmp_path, packer):
    text = ("E-mail,Name,Note\n" + f"a@example.org,Ann,{' ' * 10_000}\n" * 100).encode()
    path = tmp_path / f"a.csv.{packer}"
    if packer == "gz":
        path.write_bytes(gzip.compress(text, 9))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", text)
    assert path.stat().st_size * 100 < len(text)
    assert sum(1 for _ in read_rows(path)) == 100
