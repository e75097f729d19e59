"""What `init` proposes: exports handed in, known products, generated exports, and columns that lie."""

from __future__ import annotations

import pytest

from benchmarks.exports import generated, languages
from benchmarks.proposals import handed_in, products, samples, scored
from benchmarks.public_exports import public_makers
from bulk_import import check_file
from bulk_import.jobs.proposing import preset_mapping, propose
from bulk_import.mapping.binding import bind
from bulk_import.mapping.loading import parse_mapping
from bulk_import.mapping.suggesting import FULL_NAME, as_yaml, suggest
from bulk_import.mapping.suggesting.assignment import assign
from bulk_import.mapping.suggesting.headers import read_header
from bulk_import.mapping.suggesting.products import known_products, preset_names, recognise
from bulk_import.models import Row


def _proposal(**columns: list[str]):
    return _of({name.replace("_", " "): cells for name, cells in columns.items()})


def _of(columns: dict[str, list[str]]):
    names = list(columns)
    rows = [
        Row("a.csv", "", number, dict(zip(names, cells, strict=True)))
        for number, cells in enumerate(zip(*columns.values(), strict=True), 2)
    ]
    return suggest(names, rows)


def _fed(proposal) -> dict[str, list[str]]:
    return {name: [s.column for s in found] for name, found in proposal.fields.items()}


MAIL = [f"p{n}@example.com" for n in range(6)]


KNOWN = samples() | handed_in() | products()
PUBLIC = public_makers()


@pytest.mark.parametrize("name", KNOWN)
def test_no_known_export_has_a_wrong_active_line_and_hardly_a_column_is_missed(name):
    export = KNOWN[name]()
    counts = scored(export, suggest(export.header, export.rows))
    assert counts["wrong active"] == 0
    assert counts["right"] >= 0.9 * counts["meant"] - 1


@pytest.mark.parametrize("name", PUBLIC)
def test_no_export_of_a_public_product_has_a_wrong_active_line(name):
    public = PUBLIC[name]()
    proposal = suggest(public.export.header, public.export.rows)
    counts = scored(
        public.export, proposal, allowed=public.allowed, allowed_rules=public.allowed_rules
    )
    assert counts["wrong active"] == 0
    assert counts["missed"] <= 3  # a whole name is three fields


@pytest.mark.parametrize("language", languages())
def test_generated_exports_have_no_wrong_active_line(language):
    meant = right = 0
    for seed in range(5):
        export = generated(language, seed)
        proposal = suggest(export.header, export.rows)
        counts = scored(export, proposal)
        assert counts["wrong active"] == 0, (export.name, _fed(proposal))
        meant, right = meant + counts["meant"], right + counts["right"]
        mapping = parse_mapping(as_yaml(proposal, export.name), "m.yml")
        bind(mapping, export.header)
    assert right >= 0.9 * meant


@pytest.mark.parametrize(
    ("header", "cells"),
    [("Active", ["No", "Yes"]), ("Salutation", ["Mr", "Ms"]), ("Language", ["de", "fr"]),
     ("ST", ["ST", "DE"]), ("Consenso", ["SI", "NO"]), ("Balance", ["-12", "12"]),
     ("Category ID", ["7", "8"]), ("Price category", ["A", "B"]), ("Tag count", ["3", "4"]),
     ("List name", ["Spring", "Autumn"]), ("IP address", ["192.0.2.1", "192.0.2.2"]),
     ("State", ["Active", "Inactive"]), ("Fax", ["+1 202 555 0101", "+1 202 555 0102"]),
     ("Assistant's Phone", ["+1 202 555 0101", "+1 202 555 0102"]), ("Region", ["EMEA", "APAC"]),
     ("Company Main Phone", ["+1 202 555 0101", "+1 202 555 0102"]), ("Via", ["web", "shop"]),
     ("Ad name", ["Summer", "Autumn"]), ("Birth Country", ["France", "Italy"]),
     ("Company City", ["Lyon", "Rome"]), ("Name", ["Acme Inc", "Globex GmbH"]),
     ("Zork", ["France", "Italy"]), ("Zork phone", ["+1 202 555 0101", "+1 202 555 0102"]),
     ("WhatsApp", ["yes", "no"]), ("Instagram", ["1200", "340"]), ("Notes", ["yes", "no"]),
     ("Last Activity Date (GMT)", ["2024-05-01", "2024-05-02"])],
)  # fmt: skip
def test_a_column_that_is_something_else_feeds_nothing(header, cells):
    fed = _fed(_of({"Email": MAIL, header: cells * 3}))
    assert fed == {"lead_email": ["Email"]}


@pytest.mark.parametrize(
    ("names", "first", "last"),
    [(("Name", "Vorname"), "Vorname", "Name"), (("Nome", "Sobrenome"), "Nome", "Sobrenome"),
     (("Nom", "Prénom"), "Prénom", "Nom"), (("Nome", "Cognome"), "Nome", "Cognome"),
     (("Nombre", "Apellidos"), "Nombre", "Apellidos"), (("Naam", "Voornaam"), "Voornaam", "Naam"),
     (("Name", "Surname"), "Name", "Surname"), (("Ad", "Soyad"), "Ad", "Soyad")],
)  # fmt: skip
def test_neighbours_tell_which_name_is_meant(names, first, last):
    columns = {"Email": MAIL, names[0]: ["Anna", "Ben"] * 3, names[1]: ["Berg", "Cole"] * 3}
    fed = _fed(_of(columns))
    assert (fed["lead_first_name"], fed["lead_last_name"]) == ([first], [last])


def test_one_field_gets_one_column_and_the_better_one():
    fed = _fed(_of({"Email": MAIL, "City": ["x1", "y2"] * 3, "Shipping City": ["Lyon", "Rome"] * 3,
                    "Billing City": ["Paris", "Nice"] * 3}))  # fmt: skip
    assert fed["lead_shipping_city"] == ["Shipping City"]
    assert fed["lead_billing_city"] == ["Billing City"]


def test_the_filled_column_wins_over_the_empty_one():
    fed = _fed(_of({"Email": MAIL, "GMT": [""] * 6, "Time Zone": ["Europe/Berlin"] * 6}))
    assert fed["lead_utc"] == ["Time Zone"]


def test_parts_of_two_addresses_are_never_mixed():
    cities, streets = ["Lyon", "Rome"] * 3, [f"Main St {n}" for n in range(6)]
    fed = _fed(_of({"Mail": MAIL, "Straße": streets, "PLZ": ["50667"] * 6, "Ort": cities, "Land": ["France"] * 6,
                    "Lieferadresse Straße": streets, "Lieferadresse Ort": cities}))  # fmt: skip
    assert (fed["lead_shipping_address_1"], fed["lead_shipping_city"]) == (["Straße"], ["Ort"])
    fed = _fed(_of({"Mail": MAIL, "Street": streets, "City": cities, "Country": ["France"] * 6,
                    "Shipping Street": streets, "Shipping City": cities}))  # fmt: skip
    assert fed["lead_shipping_address_1"] == ["Street"]
    fed = _fed(_of({"Mail": MAIL, "City": cities, "Work Street": streets, "Work City": cities,
                    "Country": ["France"] * 6}))  # fmt: skip
    assert fed["lead_shipping_city"] == ["City"]
    assert "lead_shipping_address_1" not in fed


def test_phones_of_two_addresses_are_not_joined():
    phones = [f"+1 202 555 01{n:02}" for n in range(6)]
    fed = _fed(_of({"Email": MAIL, "Billing Phone": phones, "Shipping Phone": phones}))
    assert len(fed["lead_phone"]) == 1
    fed = _fed(_of({"Email": MAIL, "Billing Phone": phones, "Phone": phones, "Mobile": phones}))
    assert fed["lead_phone"] == ["Mobile", "Phone"]


def test_a_secondary_address_is_used_only_when_it_is_chosen():
    assert _fed(_of({"Secondary Email": MAIL, "Email": MAIL}))["lead_email"] == ["Email"]
    assert _fed(_of({"E-mail 2": MAIL, "E-mail 1": MAIL}))["lead_email"] == ["E-mail 1", "E-mail 2"]


def test_one_address_in_many_rows_beside_a_senders_is_a_question():
    shop = ["shop@example.com"] * 6
    proposal = _of({"From Email Address": MAIL, "To Email Address": shop})
    assert "lead_email" not in proposal.fields
    assert "'To Email Address'" in proposal.questions[0]


def test_tags_and_lists_are_off_until_somebody_chooses_them():
    proposal = _of({"Email": MAIL, "Tags": ["vip;new"] * 6, "Lists": ["super"] * 6})
    assert _fed(proposal) == {"lead_email": ["Email"]}
    assert [(s.field, s.column) for s in proposal.off] == [
        ("add_tags", "Tags"),
        ("add_to_lists", "Lists"),
    ]
    assert 'add_tags: {column: Tags, separator: ";"}' in as_yaml(proposal, "a.csv")


def test_the_zone_of_a_time_beside_it_is_not_the_contacts():
    columns = {"E-mail": MAIL, "Time": ["12:30:11"] * 6, "TimeZone": ["EST"] * 6}
    assert "lead_utc" not in _of(columns).fields


def test_of_two_columns_that_may_both_be_the_name_a_person_decides():
    people = ["Anna Berg", "Ben Cole", "Cleo Dunn", "Dan Ellis", "Eva Frost", "Finn Grant"]
    firms = ["Berg Frost", "Blue Door", "Corner Cafe", "Dunn Wood", "East End", "Grant Cole"]
    proposal = _of({"E-mail": MAIL, "name": people, "lead_name": firms})
    assert FULL_NAME not in proposal.fields
    assert {s.column for s in proposal.unmapped if s.field == FULL_NAME} == {"name", "lead_name"}
    assert FULL_NAME in _of({"E-mail": MAIL, "name": people, "Name": people}).fields


def test_a_region_needs_more_than_numbers_that_exist_somewhere():
    rows = {"Email": MAIL, "Phone": ["612 34 56 78"] * 6}
    region = _of(rows).region
    assert region is not None
    assert not region.is_active
    homeless = {
        "Email": MAIL,
        "Phone": ["(201) 555-4285"] * 6,
        "Country": ["United States"] * 5 + [""],
    }
    region = _of(homeless).region
    assert region is not None
    assert (region.code, region.is_active) == ("US", True)
    placed = homeless | {"Country": ["United States"] * 6}
    assert _of(placed).region is None
    wrong = homeless | {"Phone": ["0351 4900123"] * 6}
    assert _of(wrong).region is None  # most rows are American, and the number is not


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        (["30215-736", "33224538", "01310-100", "95145475", "70293-137", "20040002"], "lead_shipping_zip"),
        (["0532 123 45 67", "+90 532 1234567", "0541 765 43 21", "05551234567", "0533 1112233", "0544 4445566"], "lead_phone"),
    ],
    ids=["Brazil", "Turkey"],
)  # fmt: skip
def test_a_header_of_two_languages_is_what_its_cells_can_be(cells, field):
    assert _fed(_of({"Email": MAIL, "CEP": cells}))[field] == ["CEP"]


def test_a_mobile_that_is_on_whatsapp_is_a_phone():
    cells = [f"+55 11 91234-567{n}" for n in range(6)]
    assert _fed(_of({"Email": MAIL, "Celular/WhatsApp": cells}))["lead_phone"] == [
        "Celular/WhatsApp"
    ]


def test_a_column_most_of_whose_cells_would_be_refused_feeds_nothing(tmp_path):
    source = tmp_path / "a.csv"
    lines = [f"p{n}@example.com,1{n}11111,Germany" for n in range(6)]
    source.write_text("\n".join(["Email,Phone,Country", *lines]) + "\n")
    proposal = propose(str(source)).proposal
    assert "lead_phone" not in proposal.fields
    remark = next(one for one in proposal.unmapped if one.column == "Phone")
    assert "most of its cells would be refused" in remark.why


def test_a_field_of_small_value_that_would_refuse_rows_is_dropped_with_the_count(tmp_path):
    path = tmp_path / "a.csv"
    zones = ["Europe/Berlin"] * 8 + ["soon", "later"]
    path.write_text("Email,Time Zone\n" + "".join(f"p{n}@x.org,{z}\n" for n, z in enumerate(zones)))
    proposed = propose(str(path))
    assert proposed.proposal.dropped == {"lead_utc": 2}
    assert "bad_value: drop_field}" in proposed.text()
    assert "2 of 10 rows would be refused for it" in proposed.text()
    assert check_file(path, parse_mapping(proposed.text(), "m.yml")).plan.to_send == 10


def test_consent_gives_an_active_rule_and_its_column_feeds_nothing():
    proposal = _of({"Email": MAIL, "Unsubscribed": ["no", "yes"] * 3, "SMS opt-in": ["no"] * 6})
    assert [(rule.section, rule.column) for rule in proposal.rules] == [("only", "Unsubscribed")]


def test_consent_is_read_to_the_end_of_the_file(tmp_path):
    path = tmp_path / "a.csv"
    cells = ["subscribed"] * 3000 + ["cleaned"]
    path.write_text("Email,Status\n" + "".join(f"p{n}@x.org,{c}\n" for n, c in enumerate(cells)))
    proposed = propose(str(path))
    checked = check_file(path, parse_mapping(proposed.text(), "m.yml"))
    assert checked.plan.to_send == 3000


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_can_be_used_and_its_export_is_recognised(name):
    mapping = parse_mapping(preset_mapping(name), f"{name}.yml")
    known = known_products().get(name)
    for header in known.headers.values() if known else ():
        bind(mapping, header)
        found = recognise(header)
        assert found is not None
        assert found.name == name


def test_at_least_25_products_are_known_each_with_its_source_and_date():
    known = known_products().values()
    assert len(known) >= 25
    assert all(product.source and product.seen >= "2026" for product in known)


def test_a_file_with_some_of_a_products_columns_is_not_that_product():
    assert recognise(["First Name", "Last Name", "Email", "Record ID", "a", "b", "c", "d"]) is None
    assert recognise(["Email", "Phone"]) is None


def test_headers_are_read_word_by_word():
    work = read_header("Company phone")
    assert (work.head, work.whose) == ("phone", "company")
    assert read_header("billing_address_2").head == "street2"
    assert read_header("Rechnungsstraße").where == "billing"
    assert read_header("Mobiltelefonnummer").head == "phone"
    assert read_header("E-mail 2 - Value").rank == 2
    assert read_header("Zork Email").unknown == ("zork",)
    assert read_header("Telephon number").head == "phone"


def test_the_assignment_is_the_best_as_a_whole():
    scores = {("a", "x"): 0.9, ("a", "y"): 0.8, ("b", "x"): 0.85, ("c", "z"): 0.4}
    assert assign(scores) == {"a": "y", "b": "x", "c": "z"}
    assert assign({}) == {}
    assert FULL_NAME == "full_name"


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["Иванова Мария", "Петров Иван", "Сидорова Анна", "Смирнова Ольга", "Шевченко Ольга"], "last_first"),
        (["Anna Smith", "John Brown", "Mary Jones", "Emily Clark", "Peter Miller", "Zzyz Qwerty"], "first_last"),
        (["Anna Smith", "John Brown", "Mary Jones", "Emily Clark", "Peter Miller"], None),  # not needed
        (["Иванова Мария", "Петров Иван", "Сидорова Анна", "Анна Смирнова", "Ольга Шевченко"], None),
    ],
)  # fmt: skip
def test_the_order_of_names_is_proposed_where_most_of_the_column_shows_it(names, order):
    proposal = _of({"E-mail": MAIL, "Full name": (names * 20)[: len(MAIL)]})
    assert proposal.name_order == order
    written = as_yaml(proposal, "a.csv")
    assert written.count(f"order: {order}") == (3 if order else 0)


@pytest.mark.parametrize(
    ("header", "where"),
    [
        ("City", ""), ("Main City", "main"), ("Shipping city", "shipping"), ("Main Billing City", "billing"),
        ("Billing Main City", "billing"), ("Primary Shipping City", "shipping"), ("Billing Shipping city", "billing"),
        ("Other billing city", "other"), ("Billing other city", "other"),
    ],
)  # fmt: skip
def test_of_two_words_for_a_place_the_one_that_says_more_counts(header, where):
    assert read_header(header).where == where
