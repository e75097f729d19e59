"""Make the sample files: invented people in the shapes of real exports. Same values at each run.

python -m sample_data.generate
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Place:
    """Where invented people live: names, a phone's shape (# = digit), addresses."""

    country: str
    code: str
    zone: str
    phone: str
    firsts: Sequence[str]
    lasts: Sequence[str]
    cities: Sequence[tuple[str, str, str]]  # city, region, postal code's shape
    streets: Sequence[str]


PLACES = (
    Place("United States", "US", "America/New_York", "(415) 555-01##",
          ("Grace", "Walter", "Naomi", "Otis", "Felicity", "Marcus"), ("Halloway", "Brandt", "O'Neil", "Castellano", "Whitfield"),
          (("Springfield", "OH", "4550#"), ("Riverton", "NJ", "0807#"), ("Lakeside", "CA", "9204#")), ("## Maple Street", "### Harbor Ave, Apt #")),
    Place("United Kingdom", "GB", "Europe/London", "07400 123###",
          ("Imogen", "Rhys", "Fiona", "Alastair", "Priya"), ("Ashdown", "Llewellyn", "MacRae", "Pemberton", "Shah"),
          (("Ashford", "Kent", "TN23 #AB"), ("Cardiff", "", "CF10 #DE")), ("## Mill Lane", "Flat #, ## Queen's Road")),
    Place("Germany", "DE", "Europe/Berlin", "0151 2345####",
          ("Jürgen", "Annelie", "Björn", "Käthe", "Sören"), ("Müller-Lüdenscheidt", "Groß", "Weiß", "Schäfer", "von der Heide"),
          (("Köln", "NRW", "5066#"), ("Dresden", "Sachsen", "0106#")), ("Lindenstraße ##", "Am Markt #")),
    Place("France", "FR", "Europe/Paris", "06 12 34 5# ##",
          ("Zoé", "Françoise", "Loïc", "Aurélien"), ("Lefèvre", "D'Aubigné", "Noël", "Garçon"),
          (("Lyon", "", "6900#"), ("Bourg-en-Bresse", "", "0100#")), ("## rue des Acacias", "# bis, place de l'Église")),
    Place("Россия", "RU", "Europe/Moscow", "8 (916) 2##-##-##",
          ("Мария", "Тимофей", "Алёна", "Григорий", "Ульяна"), ("Берёзкина", "Соколовский", "Щукина", "Ягодин"),
          (("Москва", "", "10100#"), ("Казань", "Татарстан", "42000#")), ("ул. Садовая, д. ##", "пр. Мира, ##, кв. #")),
    Place("Україна", "UA", "Europe/Kyiv", "067 123 ## ##",
          ("Їжакевич", "Оксана", "Ґедимін"), ("Ткаченко", "Бойко", "Лебідь"),
          (("Київ", "", "0100#"), ("Львів", "", "7900#")), ("вул. Франка, ##",)),
    Place("Polska", "PL", "Europe/Warsaw", "512 34# ###",
          ("Łucja", "Zbigniew", "Żaneta"), ("Wójcik", "Gąska", "Święcicki"), (("Kraków", "", "30-00#"),), ("ul. Długa ##/#",)),
    Place("España", "ES", "Europe/Madrid", "612 34# ###",
          ("Íñigo", "María José", "Begoña"), ("Núñez", "Ibáñez", "de la Fuente"), (("Málaga", "", "2900#"),), ("Calle Mayor ##",)),
    Place("日本", "JP", "Asia/Tokyo", "090-1234-5###",
          ("花子", "太郎", "さくら"), ("山本", "小林", "渡辺"), (("東京", "", "100-000#"),), ("千代田#-##",)),
    Place("مصر", "EG", "Africa/Cairo", "0100 123 4###",
          ("ليلى", "كريم", "نور"), ("حسن", "منصور"), (("القاهرة", "", ""),), ("شارع النيل ##",)),
    Place("India", "IN", "Asia/Kolkata", "98765 4####",
          ("Aarav", "Lakshmi", "Devika"), ("Iyer", "Chatterjee", "Rao"), (("Pune", "MH", "41100#"),), ("## M.G. Road",)),
    Place("Brasil", "BR", "America/Sao_Paulo", "(11) 91234-5###",
          ("João", "Conceição", "Tiê"), ("Gonçalves", "Araújo", "dos Santos"), (("São Paulo", "SP", "01310-10#"),), ("Rua das Flores, ##",)),
    Place("Namibia", "NA", "Africa/Windhoek", "081 234 5###",
          ("Selma", "Johannes"), ("Nangolo", "Shikongo"), (("Windhoek", "", ""),), ("## Independence Ave",)),
)  # fmt: skip

TAGS = ("vip", "newsletter", "webinar-2025", "Клиент", "café", "spring sale")
JOBS = ("Head of Growth", "Owner", "Buyer", "Учитель", "Ingénieur", "Photographer")
COMPANIES = (
    "Northwind Bakery",
    "Ромашка ООО",
    "Lumière & Fils",
    "Delta Optics Ltd",
    "Café “Zum Löwen”",
)
NOTES = (
    "",
    "Met at the fair; asks for a 10% discount",
    "prefers e-mail & chat",
    "line one\nline two",
    "likes 🎂 and ☕",
    '"VIP", says sales',
)


@dataclass(frozen=True)
class Person:
    """One invented person."""

    number: int
    place: Place
    first: str
    last: str
    email: str
    phone: str
    city: str
    region: str
    postal: str
    street: str
    tags: tuple[str, ...]
    job: str
    company: str
    note: str


def people(count: int, seed: int, places: Sequence[Place] = PLACES) -> list[Person]:
    """Return invented people, the same for the same seed."""
    chance = random.Random(seed)

    def digits(shape: str) -> str:
        return "".join(str(chance.randrange(1, 10)) if c == "#" else c for c in shape)

    made = []
    for number in range(1, count + 1):
        place = chance.choice(places)
        city, region, postal = chance.choice(place.cities)
        made.append(
            Person(
                number, place, chance.choice(place.firsts), chance.choice(place.lasts),
                f"person{seed}.{number}@example.{chance.choice(('com', 'org', 'net'))}",
                digits(place.phone), city, region, digits(postal), digits(chance.choice(place.streets)),
                tuple(chance.sample(TAGS, chance.randrange(0, 3))), chance.choice(JOBS),
                chance.choice(COMPANIES), chance.choice(NOTES),
            )
        )  # fmt: skip
    return made


def write_csv(
    name: str, rows: Sequence[Sequence[str]], encoding: str, delimiter: str = ","
) -> None:
    """Write a delimited file with CRLF, as these products do."""
    with (HERE / name).open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\r\n").writerows(rows)


def write_xlsx(
    name: str, sheets: dict[str, Sequence[Sequence[Any]]], widths: Sequence[int]
) -> None:
    """Write a workbook as a person would have it: bold frozen header, widths."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
        sheet.freeze_panes = "A2"
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for at, width in enumerate(widths):
            sheet.column_dimensions[chr(ord("A") + at)].width = width
    workbook.properties.created = workbook.properties.modified = datetime(2026, 1, 1)  # noqa: DTZ001 - a workbook has no zones
    workbook.save(HERE / name)


def contacts() -> dict[int, str]:
    """A plain list with mistakes among it; returns the mistaken rows and their first code."""
    header = ["E-mail", "Full name", "Mobile", "Phone", "Country", "Time zone", "Segments",
              "Company", "Job title", "Street", "City", "Region", "Postal code", "Contact ID", "Telegram"]  # fmt: skip
    rows: list[list[Any]] = [header]
    for p in people(340, 1):
        rows.append(
            [p.email, f"{p.first} {p.last}", p.phone if p.number % 3 else "", p.phone, p.place.country,
             p.place.zone, "; ".join(p.tags), p.company, p.job, p.street, p.city, p.region, p.postal,
             f"C-{p.number:05d}", f"@person_{p.number}" if p.number % 4 == 0 else ""]
        )  # fmt: skip
    mistakes = {
        8: ("E-mail", "not an address", "EMAIL_INVALID"),
        21: ("E-mail", "", "EMAIL_MISSING"),
        34: ("Phone", "12", "PHONE_INVALID"),
        55: ("Country", "Korea", "COUNTRY_AMBIGUOUS"),
        89: ("Country", "Atlantis", "COUNTRY_UNKNOWN"),
        120: ("Time zone", "CST", "UTC_OFFSET_AMBIGUOUS"),
        144: ("E-mail", "two@example.com, more@example.org", "EMAIL_SEVERAL"),
        180: ("Phone", "7.9162E+10", "PHONE_SCIENTIFIC"),
        233: ("Segments", "vip, gold; news", "TAG_COMMA"),
        290: ("Time zone", "sometime", "UTC_OFFSET_INVALID"),
    }
    for number, (column, value, _) in mistakes.items():
        row = rows[number - 1]
        row[header.index(column)] = value
        if column in ("Phone", "Country"):  # one mistake a row: the phone needs the country
            row[header.index("Mobile")] = ""
        if column == "Country":
            row[header.index("Phone")] = ""
    typed_as_number = rows[300 - 1]
    typed_as_number[header.index("Phone")] = 4155550142  # as Excel stores a typed number
    typed_as_number[header.index("Mobile")] = ""
    typed_as_number[header.index("Country")] = "United States"
    about = [["About this list"], ["Everybody in it is invented."]]
    write_xlsx(
        "contacts.xlsx", {"Contacts": rows, "About": about}, (30, 26, 18, 18, 16, 20, 24, 22, 18)
    )
    return {number: code for number, (_, _, code) in mistakes.items()}


def hubspot() -> None:
    header = ["Record ID", "First Name", "Last Name", "Email", "Phone Number", "Mobile Phone Number",
              "Contact owner", "Lead Status", "Lifecycle Stage", "Job Title", "Company Name", "Street Address",
              "City", "State/Region", "Postal Code", "Country/Region", "Time Zone", "LinkedIn URL", "Create Date"]  # fmt: skip
    rows = [header]
    for p in people(220, 2):
        zone = p.place.zone.lower().replace("/", "_slash_") if p.number % 50 == 0 else p.place.zone
        rows.append(
            [str(100_000_000 + p.number), p.first, p.last, p.email, p.phone, "", "Vera Lindqvist", "New", "Lead",
             p.job, p.company, p.street, p.city, p.region, p.postal, p.place.country, zone.replace("_slash_", "/"),
             f"https://www.linkedin.com/in/person-{p.number}/" if p.number % 5 == 0 else "", "2025-11-03 09:12"]
        )  # fmt: skip
    write_csv("hubspot.csv", rows, "utf-8")


def mailchimp() -> None:
    header = ["Email Address", "First Name", "Last Name", "Address", "Phone Number", "MEMBER_RATING", "OPTIN_TIME",
              "OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP", "LATITUDE", "LONGITUDE", "GMTOFF", "DSTOFF", "TIMEZONE",
              "CC", "REGION", "LAST_CHANGED", "LEID", "EUID", "NOTES", "TAGS"]  # fmt: skip
    rows = [header]
    for p in people(210, 3):
        tags = ",".join(f'"{tag}"' for tag in p.tags)
        rows.append(
            [p.email, p.first, p.last, f"{p.street}  {p.city}  {p.postal}", p.phone, str(p.number % 5 + 1),
             "2025-03-01 10:00:00", "", "2025-03-01 10:05:00", "", "", "", "", "", p.place.zone, p.place.code,
             p.region, "2025-10-10 08:00:00", str(500 + p.number), f"{p.number:010x}", p.note, tags]
        )  # fmt: skip
    write_csv("mailchimp.csv", rows, "utf-8")


def google() -> None:
    header = ["First Name", "Middle Name", "Last Name", "Phonetic First Name", "Phonetic Middle Name",
              "Phonetic Last Name", "Name Prefix", "Name Suffix", "Nickname", "File As", "Organization Name",
              "Organization Title", "Organization Department", "Birthday", "Notes", "Photo", "Labels",
              "E-mail 1 - Label", "E-mail 1 - Value", "Phone 1 - Label", "Phone 1 - Value", "Address 1 - Label",
              "Address 1 - Formatted", "Address 1 - Street", "Address 1 - City", "Address 1 - PO Box",
              "Address 1 - Region", "Address 1 - Postal Code", "Address 1 - Country",
              "Address 1 - Extended Address", "Website 1 - Label", "Website 1 - Value"]  # fmt: skip
    rows = [header]
    for p in people(200, 4):
        labels = " ::: ".join(["* myContacts", *p.tags])
        rows.append(
            [p.first, "", p.last, "", "", "", "", "", "", "", p.company, p.job, "", "", p.note, "", labels,
             "* Work", p.email, "Mobile", p.phone, "Home", f"{p.street}\n{p.city}", p.street, p.city, "", p.region,
             p.postal, p.place.code, "", "", ""]
        )  # fmt: skip
    write_csv("google_contacts.csv", rows, "utf-8")


def outlook() -> None:
    header = ["Title", "First Name", "Middle Name", "Last Name", "Suffix", "Company", "Department", "Job Title",
              "Business Street", "Business Street 2", "Business City", "Business State", "Business Postal Code",
              "Business Country/Region", "Home Street", "Home City", "Home State", "Home Postal Code",
              "Home Country/Region", "Business Phone", "Home Phone", "Mobile Phone", "Categories",
              "E-mail Address", "E-mail Type", "E-mail Display Name", "E-mail 2 Address", "Notes", "Web Page"]  # fmt: skip
    western = [place for place in PLACES if place.code in ("US", "GB", "DE", "FR", "ES", "NA")]
    rows = [header]
    for p in people(200, 5, western):
        rows.append(
            ["", p.first, "", p.last, "", p.company.replace("Ромашка ООО", "Daisy Ltd"), "",
             p.job.replace("Учитель", "Teacher"), p.street, "", p.city, p.region, p.postal, p.place.country, "", "",
             "", "", "", p.phone, "", "", ";".join(t for t in p.tags if t != "Клиент"), p.email, "SMTP",
             f"{p.first} {p.last} ({p.email})", "", p.note.replace("🎂 and ☕", "cake"), ""]
        )  # fmt: skip
    write_csv("outlook.csv", rows, "cp1252")


def russian_crm() -> None:
    header = ["ID", "Имя", "Отчество", "Фамилия", "Компания", "Должность", "Рабочий телефон",
              "Мобильный телефон", "Рабочий e-mail", "Частный e-mail", "Адрес", "Город", "Индекс", "Страна",
              "Часовой пояс", "Ответственный", "Комментарий", "Теги", "Telegram"]  # fmt: skip
    russian = [place for place in PLACES if place.code == "RU"]
    chance = random.Random(6)
    rows = [header]
    for p in people(260, 6, russian):
        woman = p.first[-1] in "ая"
        middle = (
            chance.choice(("Ивановна", "Петровна"))
            if woman
            else chance.choice(("Ильич", "Олегович"))
        )
        rows.append(
            [str(p.number), p.first, middle, p.last, "Ромашка ООО", "Учитель", "", p.phone,
             p.email if p.number % 2 else "", "" if p.number % 2 else p.email, p.street, p.city, p.postal, "Россия",
             "МСК", "Vera Lindqvist", "звонить после 18:00; «срочно»", ", ".join(("Клиент", "2025")), f"t.me/person_{p.number}"]
        )  # fmt: skip
    write_csv("russian_crm.csv", rows, "cp1251", ";")


MISTAKES: tuple[tuple[dict[str, str], str], ...] = (
    ({"Email": "anna@example.com"}, ""),
    ({"Email": "anna@@example.com"}, "EMAIL_INVALID"),
    ({"Email": "a@example.com; b@example.com"}, "EMAIL_SEVERAL"),
    ({"Email": "N/A"}, "EMAIL_INVALID"),
    ({"Email": ""}, "EMAIL_MISSING"),
    ({"Email": "someone@gmial.example"}, ""),
    ({"Phone": "4.49E+11"}, "PHONE_SCIENTIFIC"),
    ({"Phone": "N/A"}, "PHONE_INVALID"),
    ({"Phone": "+7 916 123-45-6"}, "PHONE_INVALID"),
    ({"Phone": "2024-05-12"}, "VALUE_IS_DATE"),
    ({"Phone": "+44 7400 123456, +44 7400 123457"}, ""),
    ({"Phone": "'+1 (415) 555-0123"}, ""),
    ({"Country": "Korea"}, "COUNTRY_AMBIGUOUS"),
    ({"Country": "French"}, "COUNTRY_UNKNOWN"),
    ({"Country": "Yugoslavia"}, "COUNTRY_AMBIGUOUS"),
    ({"Country": "NA", "ZIP": ""}, ""),
    ({"Country": "Germny", "ZIP": "10115"}, ""),
    ({"Country": "Germany", "ZIP": "1067"}, "POSTAL_CODE_ZERO_LOST"),
    ({"Zone": "IST"}, "UTC_OFFSET_AMBIGUOUS"),
    ({"Zone": "+5:30"}, ""),
    ({"Zone": "+25"}, "UTC_OFFSET_INVALID"),
    ({"List": "1473249885.28999"}, "LIST_ID_DAMAGED"),
    ({"List": "1473249885.2899961004"}, ""),
    ({"Tags": "new|comma, inside"}, "TAG_COMMA"),
    ({"Tags": "vip|VIP"}, ""),
    ({"Name": "mail@example.com"}, "NAME_INVALID"),
    ({"Name": "=HYPERLINK(\"http://example.com\")"}, "FORMULA_AS_TEXT"),
    ({"Email": "anna@example.com", "Name": "Anna again"}, ""),
)  # fmt: skip


def mistakes() -> dict[int, str]:
    """One file full of what goes wrong; returns every mistaken row and its first code."""
    header = ["Email", "Name", "Phone", "Country", "ZIP", "Zone", "Tags", "List"]
    rows = [header]
    expected = {}
    for number, (cells, code) in enumerate(MISTAKES, 2):
        base = {
            "Email": f"mistake{number}@example.com",
            "Name": "Invented Person",
            "Country": "United States",
        }
        rows.append([{**base, **cells}.get(column, "") for column in header])
        if code:
            expected[number] = code
    write_csv("mistakes.csv", rows, "utf-8-sig")
    write_xlsx(
        "mistakes.xlsx", {"Mistakes": [[_text(c) for c in row] for row in rows]}, (28, 24, 24, 18)
    )
    return expected


def _text(cell: str) -> str:
    return cell if not cell.startswith("=") else " " + cell


def main() -> None:
    """Write all files and what is expected of them."""
    expected = {"contacts.xlsx": contacts(), "mistakes.csv": mistakes()}
    expected["mistakes.xlsx"] = expected["mistakes.csv"]
    makers: Sequence[Callable[[], None]] = (hubspot, mailchimp, google, outlook, russian_crm)
    for make in makers:
        make()
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
