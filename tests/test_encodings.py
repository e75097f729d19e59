"""Files in the encodings of thirty years: read as they were meant, or asked about."""

from __future__ import annotations

import pytest

from bulk_import.errors import SourceError
from bulk_import.sources import open_source, read_rows
from bulk_import.sources.text.encoding import readings

TABLES = {
    "German": ("Jürgen Müller;Straße 5;Köln\nÄnne Groß;Weißenfels;Süd\nBjörn Schröder;Lübeck;Höhe",
               ["cp1252", "mac-roman", "cp850", "cp437", "cp1250", "cp1257"]),
    "French": ("François Lefèvre;Orléans;là\nHélène Bâtard;Nîmes;où\nJérôme Noël;Besançon;été",
               ["cp1252", "mac-roman", "cp850", "iso8859-15"]),
    "Spanish": ("José Núñez;Málaga;Nº 5\nMaría Ibáñez;León;Calle\nÁngel Pérez;Cádiz;¿qué?",
                ["cp1252", "mac-roman", "cp850"]),
    "Portuguese": ("João Conceição;São Paulo;1\nInês Simões;Guimarães;2", ["cp1252", "mac-roman", "cp850"]),
    "Danish": ("Søren Kjær;Århus;1\nJørgen Ærø;Næstved;2", ["cp1252", "mac-roman", "cp850"]),
    "Polish": ("Łukasz Wójcik;Łódź;1\nMałgorzata Dąbrowska;Gdańsk;2\nZbigniew Świątek;Poznań;3",
               ["cp1250", "iso8859-2", "cp852", "mac-latin2"]),
    "Czech": ("Jiří Dvořák;Plzeň;1\nLuděk Černý;Ústí nad Labem;2\nŠtěpán Růžička;Třebíč;Žďár",
              ["cp1250", "cp852", "mac-latin2"]),
    "Hungarian": ("Győző Szűcs;Hódmezővásárhely;1\nÁrpád Kőszegi;Győr;2", ["cp1250", "iso8859-2", "cp852"]),
    "Turkish": ("Çağrı Yılmaz;Şişli;1\nGülşen Öztürk;İzmir;2\nIşıl Doğan;Muğla;3", ["cp1254"]),
    "Latvian": ("Jānis Bērziņš;Rīga;1\nKārlis Ķēniņš;Jūrmala;2", ["cp1257", "iso8859-13"]),
    "Lithuanian": ("Žydrūnas Šėža;Šiauliai;1\nAgnė Jokūbaitė;Panevėžys;2\nRūta Čiurlionytė;Ąžuolai;3",
                   ["cp1257"]),
    "Greek": ("Γιώργος Παπαδόπουλος;Αθήνα;1\nΕλένη Νικολάου;Θεσσαλονίκη;2\nΧρήστος Ψαρράς;Πάτρα;3",
              ["cp1253", "iso8859-7"]),
    "Hebrew": ("יוסי כהן;תל אביב;1\nרחל לוי;ירושלים;2", ["cp1255"]),
    "Arabic": ("محمد أحمد;القاهرة;1\nفاطمة الزهراء;الرياض;2", ["cp1256"]),
    "Russian": ("Алёна Берёзкина;Нижний Новгород;1\nИван Щукин;ул. Садовая, д. 5;2\nЮлия Эйхе;Ярославль;3",
                ["cp1251", "koi8-r", "mac-cyrillic", "cp866", "iso8859-5"]),
    "Russian in capitals": ("ИВАНОВ ИВАН;МОСКВА;1\nПЕТРОВА АННА;КАЗАНЬ;2\nСМИРНОВ ОЛЕГ;ОРЁЛ;3", ["cp1251", "cp866"]),
    "Ukrainian": ("Їжакевич Іван;Київ;1\nЄвген Ґалаґан;Чернігів;2", ["cp1251", "koi8-u", "mac-cyrillic"]),
    "Japanese": ("山本さくら;東京都渋谷区;1\n鈴木カタカナ;大阪市の人;2", ["shift_jis", "euc-jp"]),
    "Chinese": ("王小明;北京市朝阳区;1\n李娜;上海市中国;2", ["gb18030", "gbk"]),
    "Taiwanese": ("王小明;臺北市中正區;1\n陳美麗;高雄市三民區;2\n林志玲;台南市;3", ["big5"]),
    "Korean": ("김철수;서울특별시 강남구;1\n이영희;부산광역시;2", ["euc-kr", "cp949"]),
}  # fmt: skip
CASES = [
    pytest.param(text, encoding, id=f"{language} {encoding}")
    for language, (text, encodings) in TABLES.items()
    for encoding in [*encodings, "utf-8", "utf-8-sig", "utf-16"]
]


@pytest.mark.parametrize(("text", "encoding"), CASES)
def test_a_table_in_an_old_encoding_is_read_as_it_was_meant(tmp_path, text, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(f"Name;City;Note\r\n{text}\r\n".replace("\n", "\r\n").encode(encoding))
    expected = [line.split(";") for line in text.split("\n")]
    assert [list(row.cells.values()) for row in read_rows(path)] == expected
    with open_source(path) as source:
        is_old = not encoding.startswith("utf")
        assert [problem.code for problem in source.problems] == ["ENCODING_GUESSED"] * is_old


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Giosuè;Bonn", "cp1252"),
        ("Søn;Bonn", "cp850"),
        ("Zoë;x", "mac-roman"),
        ("\u00fe\u00f0;x", "cp1252"),
    ],
)
def test_weak_evidence_is_not_enough(tmp_path, text, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(f"Name;City\n{text}\n".encode(encoding))
    with pytest.raises(SourceError, match="set source: encoding") as caught:
        list(read_rows(path))
    assert caught.value.code == "ENCODING_UNCLEAR"
    cells = next(read_rows(path, encoding=encoding)).cells
    assert list(cells.values()) == text.split(";")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("安房郡鋸南町;0\n大田区;1\n八千代市;2", "euc-jp"), ("王小明;1\n李娜;2", "gb18030"), ("川崎市多摩区;0\n小笠原村;1", "cp932"),
        ("김지은;0\n류지은;1\n이미영;2", "cp949"), ("中壢;0\n桃園;1\n永和縣;2", "big5"), ("宁县;0\n琳县;1\n瑞市;2", "gb18030"),
    ],
)  # fmt: skip
def test_a_few_east_asian_characters_that_are_usual_in_names_are_enough(tmp_path, text, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(f"Name;N\n{text}\n".encode(encoding))
    assert [";".join(row.cells.values()) for row in read_rows(path)] == text.split("\n")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("佐藤 洋介;0\n渡辺 七夏;1\n鈴木 篤司;2", "euc-jp"), ("舞;0\n健一;1\n鈴木 涼平;2\n山下;3\n山田;4", "cp932"),
        ("李娜;1", "gb18030"), ("郑畅;1", "gb18030"),
    ],
)  # fmt: skip
def test_a_few_east_asian_characters_are_asked_about_where_they_read_in_two_encodings(
    tmp_path, text, encoding
):
    path = tmp_path / "a.csv"
    path.write_bytes(f"Name;N\n{text}\n".encode(encoding))
    with pytest.raises(SourceError) as caught:
        list(read_rows(path))
    assert caught.value.code == "ENCODING_UNCLEAR"
    assert encoding in str(caught.value)


def test_a_capital_in_second_place_is_no_evidence_for_an_encoding(tmp_path):
    text = "Weißenfels;Möchlichenplatz 5\nBeckmannstraße 6;Weißenfels\nSegebahnstraße;Weißenfels"
    path = tmp_path / "a.csv"
    path.write_bytes(f"City;Street\n{text}\n".encode("mac-roman"))
    try:
        found = [";".join(row.cells.values()) for row in read_rows(path)]
    except SourceError:
        return  # asked about
    assert found == text.split("\n")


def test_a_letter_of_another_language_among_thousands_does_not_change_the_encoding(tmp_path):
    path = tmp_path / "a.csv"
    lines = [f"Jiří Dvořák {n};Plzeň" for n in range(300)] + ["Günther Groß;Köln"]
    path.write_bytes("\n".join(["Jméno;Město", *lines]).encode("cp1250"))
    assert [row.cells["Jméno"] for row in read_rows(path)][-1] == "Günther Groß"


@pytest.mark.parametrize("encoding", ["cp1251", "cp1252", "utf-8"])
def test_a_wrong_setting_is_refused_at_the_first_bad_byte_never_replaced(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes("Name\nИван\n".encode() + b"\x98\xff\x81\n")
    with pytest.raises(SourceError, match=r"byte \d+, line \d: byte 0x"):
        list(read_rows(path, encoding=encoding))


RUSSIAN = [f"c{n}@example.ru;Ольга;Казань" for n in range(300)]
GERMAN = [f"c{n}@example.de;Jürgen;Köln" for n in range(300)]


@pytest.mark.parametrize("rows", [RUSSIAN, GERMAN, RUSSIAN[:3]], ids=["ru", "de", "short"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_utf8_that_breaks_off_in_a_letter_is_refused_and_not_taken_for_another_encoding(
    tmp_path, rows, ending
):
    # Every other letter of the file would arrive as another one: –Ю–ї—М–≥–∞ instead of Ольга.
    path = tmp_path / "a.csv"
    whole = ending.join(["email;name;city", *rows]).encode()
    path.write_bytes(whole[: max(at for at, byte in enumerate(whole) if byte >= 0xC0) + 1])
    with pytest.raises(SourceError) as caught:
        list(read_rows(path))
    assert str(caught.value) == (
        f"{path}: line {len(rows) + 1}: the file breaks off in the middle of a letter, so a part of "
        "it is missing; export or copy it again"
    )
    assert caught.value.code == "SOURCE_BROKEN", "nobody is asked for another encoding"


@pytest.mark.parametrize("rows", [RUSSIAN, GERMAN], ids=["ru", "de"])
@pytest.mark.parametrize("spoiled", [1, 100])
def test_utf8_with_lines_in_another_encoding_is_refused_with_the_first_of_them(
    tmp_path, rows, spoiled
):
    path = tmp_path / "a.csv"
    lines = [line.encode() for line in ["email;name;city", *rows]]
    for at in range(200, 200 + spoiled):
        lines[at] = "x@example.org;Zoë Ångström;Genève".encode("cp1252")
    path.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(SourceError) as caught:
        list(read_rows(path))
    assert str(caught.value) == (
        f"{path}: line 201 is not UTF-8, but {300 - spoiled} other lines are; correct it, or export "
        "the file again as UTF-8"
    )


def test_a_person_can_choose_among_readings_of_a_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("Name;City\nMüller;Bonn\n".encode("cp850"))
    found = readings(path)
    assert len(found) == 3
    assert len({text for _, text in found}) == 3
    assert "Müller;Bonn" in {text for _, text in found}


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250"])
def test_an_export_with_names_of_many_languages_is_read_however_long_it_is(tmp_path, encoding):
    names = {
        "cp1252": [
            "Jürgen Müller",
            "François Lefèvre",
            "José Núñez",
            "João Conceição",
            "Søren Kjær",
            "Åsa Öberg",
            "Zoë de Vriès",
        ],
        "cp1250": [
            "Łukasz Wójcik",
            "Jiří Dvořák",
            "Győző Szűcs",
            "Čedomir Šarić",
            "Ion Bălan",
            "Jürgen Groß",
        ],
    }[encoding]
    rows = [f"{names[n % len(names)]};{n}" for n in range(5000)]
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(["Name;N", *rows]).encode(encoding))
    assert [";".join(row.cells.values()) for row in read_rows(path)] == rows


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("สมชาย ใจดี;กรุงเทพ\nสุดา แสงทอง;เชียงใหม่\nอนันต์ ทองดี;ภูเก็ต", "cp874"), ("Ion Bălănescu;Iaşi\nŞtefan Niţă;Braşov\nAna Mărgineanu;Bacău", "cp1250"),
        ("Георги Димитров;София\nЙорданка Стоянова;Пловдив\nЦветан Жеков;Търново", "cp1251"), ("Ірина Шевченко;Львів\nЄвген Їжак;Київ\nОлена Ґудзь;Харків", "koi8-u"),
        ("渡辺 京子;横浜市\n株式会社小川保険;茨城県\n合同会社松本;大阪府", "cp932"), ("渡辺 京子;横浜市\n株式会社小川保険;茨城県\n合同会社松本;大阪府", "euc-jp"),
        ("Nguyễn Văn An;Hà Nội", "cp1258"),
    ],
)  # fmt: skip
def test_encodings_that_used_to_be_refused(tmp_path, text, encoding):
    if encoding == "cp1258":  # letters with their tones behind them, as that encoding has them
        text = "Nguyê\u0303n Văn An;Ha\u0300 Nô\u0323i\nTrâ\u0300n Thi\u0323 Hoa;Đa\u0300 Nă\u0303ng\nLê Đư\u0301c Anh;Huê\u0301"
    path = tmp_path / "a.csv"
    path.write_bytes(f"Name;City\n{text}\n".encode(encoding))
    assert [";".join(row.cells.values()) for row in read_rows(path)] == text.split("\n")


def among_many(tmp_path, usual, rare, encoding):
    names = [f"{usual}{letter}" for letter in usual.replace(" ", "").lower()] * 40 + [rare]
    path = tmp_path / "a.csv"
    rows = [f"{name};{n}" for n, name in enumerate(names)]
    path.write_bytes("\n".join(["N;A", *rows]).encode(encoding))
    return path, names


def test_a_few_words_among_many_tell_two_encodings_apart(tmp_path):
    """Only they differ, and they are not among the most frequent words."""
    path, names = among_many(tmp_path, "Γιώργος Παπαδόπουλος", "Άλκηστις Άνθιμος", "iso8859-7")
    assert [row.cells["N"] for row in read_rows(path)] == names


@pytest.mark.parametrize("rare", ["Ťapáková Žofie", "Ťapáková Ťok", "Růžena Šťastná"])
def test_signs_that_no_word_begins_with_tell_two_encodings_apart(tmp_path, rare):
    """In cp1250 these are ``«apáková``, ``®ofie`` and ``©»astná``."""
    path, names = among_many(tmp_path, "Jiří Dvořák", rare, "iso8859-2")
    assert [row.cells["N"] for row in read_rows(path)] == names


def test_where_two_encodings_differ_in_a_word_that_reads_well_in_both_it_is_asked(tmp_path):
    path, _ = among_many(tmp_path, "Jan Wójcik", "Kulią", "iso8859-2")
    with pytest.raises(SourceError, match="iso8859-2") as caught:
        list(read_rows(path))
    assert caught.value.code == "ENCODING_UNCLEAR"


@pytest.mark.parametrize("rest", ["@firma.it", "@example.com"])
def test_the_country_of_addresses_says_which_language_is_meant(tmp_path, rest):
    """``Bellò`` reads as Slovak ``Bellň`` in cp1250 as well."""
    rows = ["Bellò;1", *(f"A;a{n}{rest}" for n in range(9))]
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(["N;A", *rows]).encode("cp1252"))
    if rest.endswith(".com"):
        with pytest.raises(SourceError):
            list(read_rows(path))
    else:
        assert next(read_rows(path)).cells["N"] == "Bellò"


def test_words_within_ascii_of_the_same_language_are_evidence(tmp_path):
    rows = ["Bellò;1", *(f"{name};2" for name in ITALIAN.split(";"))]
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(["N;A", *rows]).encode("cp1252"))
    assert next(read_rows(path)).cells["N"] == "Bellò"


ITALIAN = (
    "Fratelli Ferrari;Gruppo Marchetti;Esposito Costruzioni;Trattoria Giovanni;Officina Moderna;"
    "Cantina Sociale;Azienda Agricola Bianchi;Pasticceria Leopardi;Ristorante Borromeo;"
    "Farmacia Comunale;Carrozzeria Palazzo;Libreria Universitaria;Societa Cooperativa Toscana;"
    "Tipografia Commerciale;Gelateria Fontana"
)


def test_words_within_ascii_of_another_language_ask_for_more_evidence(tmp_path):
    """Three Italian words read as Czech ones; the rest of the file is Italian."""
    lines = [*ITALIAN.split(";"), "Borzomì", "Boldù", "Berrè"]
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(["Ditta;N", *(f"{line};1" for line in lines)]).encode("cp1252"))
    with pytest.raises(SourceError, match="cp1252") as caught:
        list(read_rows(path))
    assert caught.value.code == "ENCODING_UNCLEAR"


def test_a_quotation_mark_without_its_counterpart_is_no_better_than_a_letter(tmp_path):
    """In cp1252 ``Borzomì`` of mac-roman is ``Borzom“``."""
    rows = ["Borzomì-Ammaniti", *ITALIAN.split(";")]
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(["N;A", *(f"{row};1" for row in rows)]).encode("mac-roman"))
    with pytest.raises(SourceError, match="mac-roman") as caught:
        list(read_rows(path))
    assert caught.value.code == "ENCODING_UNCLEAR"


@pytest.mark.parametrize(
    "text",
    [
        "O’Neill;Boston",
        "say “hello”;Boston",
        "Café – Bar;Boston",
        "„Berg“;Bonn",
        "Acme®;Boston",
    ],
)
def test_signs_of_windows_alone_are_read(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_bytes(
        f"Name;City\n{text}\nJohn Smith;Springfield\nMary Johnson;Portland\n".encode("cp1252")
    )
    assert ";".join(next(read_rows(path)).cells.values()) == text
