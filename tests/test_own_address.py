"""Whose addresses a column holds: 30 foreign columns, 30 own ones, and what is asked."""

from __future__ import annotations

import pytest

from bulk_import.errors import SetupError
from bulk_import.mapping.suggesting.contents import contents_of
from bulk_import.mapping.suggesting.own_address import own_address, own_address_column
from bulk_import.models import Row

FOREIGN = """Owner Email|Contact Owner: Email|Lead Owner E-mail|Created By|Created By: Email
Last modified by|Assigned To Email|assigned_user_email|Account Manager Email|Sales Rep E-mail
Buyer Email|Purchaser email address|Referrer Email|Email of the person who referred you
Mother's e-mail|Parent Email|Guardian e-mail|Emergency contact email|Spouse Email|Sender Email
Reply-To|Support email|Invoice Email|Accounts payable email|Assistant Email|Teacher's email
Ответственный (e-mail)|Email менеджера|Email партнера|Почта владельца|Кем создан|Email родителя
Besitzer-E-Mail|E-Mail des Vertriebsmitarbeiters|E-Mail Rechnungsempfänger|E-Mail der Mutter|Erstellt von
Email du propriétaire|Adresse e-mail du parrain|E-mail de l'acheteur|Email du responsable
Correo del propietario|Correo electrónico del vendedor|Email del padre|Creado por
E-mail do proprietário|E-mail do comprador|Criado por|Email del proprietario|Email dell'acquirente
E-mail właściciela|E-mail opiekuna|Utworzone przez|E-mail rodzica|Sahibinin e-postası
Sorumlu e-posta|Satıcı e-posta|Oluşturan|負責人邮箱|担当者メールアドレス""".replace(
    "\n", "|"
).split("|")

OWN = """Email|E-mail|EMAIL ADDRESS|email_address|user_email|Contact Email|Customer E-mail|Your e-mail
What is your email address?|Person - Email - Work|E-mail 1 - Value|Primary Email|Work e-mail|MERGE_EMAIL email
Электронная почта|Рабочий e-mail|Почта|Эл. почта|E-Mail-Adresse|Mailadresse|Adresse e-mail|Courriel
Correo electrónico|Endereço de e-mail|Indirizzo e-mail|Adres e-mail|E-posta|E-posta adresi|E-mailadres|邮箱
メールアドレス|이메일|Subscriber email|Student Email|Attendee: Email""".replace("\n", "|").split(
    "|"
)


def _rows(columns: dict[str, list[str]]) -> list[Row]:
    names = list(columns)
    return [
        Row("a.csv", "", number, dict(zip(names, cells, strict=True)))
        for number, cells in enumerate(zip(*columns.values(), strict=True), 2)
    ]


def _people(count: int = 12) -> list[str]:
    return [f"person{number}@example.com" for number in range(count)]


def _found(columns: dict[str, list[str]]):
    return own_address(list(columns), contents_of(list(columns), _rows(columns)))


@pytest.mark.parametrize("header", FOREIGN)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_column_of_another_person_never_stands_for_the_contact(header, is_first):
    other = [f"other{number}@example.org" for number in range(12)]
    pair = [(header, other), ("Email", _people())]
    found = _found(dict(pair if is_first else pair[::-1]))
    assert [one.column for one in found.own] == ["Email"]
    assert [one.column for one in found.foreign] == [header]


@pytest.mark.parametrize("header", FOREIGN)
def test_a_column_of_another_person_is_a_question_even_when_it_is_the_only_one(header):
    found = _found({header: _people(), "City": ["Rome"] * 12})
    assert found.own == ()
    assert header in found.question


@pytest.mark.parametrize("header", OWN)
def test_the_contacts_own_column_is_found_beside_the_owner_s(header):
    columns = {"Owner Email": ["sam@example.org", "tess@example.org"] * 6, header: _people()}
    assert own_address_column(list(columns), _rows(columns), source="a.csv") == header


def test_an_address_that_stands_in_many_rows_is_nobody_s_own():
    columns = {"Zork": ["sam@example.org"] * 12, "Mail": _people()}
    assert [one.column for one in _found(columns).own] == ["Mail"]
    columns = {"Mail": ["sam@example.org"] * 12, "E-mail": _people()}
    assert [one.column for one in _found(columns).own] == ["E-mail"]
    columns = {"Email": ["office@example.org"] * 12}
    with pytest.raises(SetupError, match="One address stands in 12 of its 12 filled rows"):
        own_address_column(list(columns), _rows(columns), source="a.csv")


@pytest.mark.parametrize("who", ["Owner", "Buyer", "Manager", "Besitzer"])
def test_a_person_who_begins_most_headers_is_not_the_contact_for_that(who):
    others = [f"other{number}@example.org" for number in range(12)]
    columns = {f"{who} email": others, f"{who} phone": ["1"] * 12, f"{who} city": ["Rome"] * 12}
    found = _found(columns | {"E-mail": _people()})
    assert [one.column for one in found.own] == ["E-mail"]
    assert [one.column for one in found.foreign] == [f"{who} email"]


def test_a_second_address_of_the_same_person_comes_second():
    columns = {"E-mail 2 Address": _people(), "E-mail Address": _people()}
    found = _found(columns)
    assert [one.column for one in found.own] == ["E-mail Address", "E-mail 2 Address"]
    assert found.question == ""


def test_equals_are_named_and_not_guessed_between():
    columns = {"Home e-mail": _people(), "Work e-mail": _people()}
    with pytest.raises(SetupError) as refused:
        own_address_column(list(columns), _rows(columns), source="a.csv")
    assert "'Home e-mail'" in str(refused.value)
    assert "'Work e-mail'" in str(refused.value)
    assert "--column" in str(refused.value)
    chosen = own_address_column(list(columns), _rows(columns), source="a.csv", chosen="work E-mail")
    assert chosen == "Work e-mail"


def test_a_column_with_unknown_words_is_asked_about_beside_another():
    columns = {"Zork Email": _people(), "Blub Email": _people()}
    found = _found(columns)
    assert found.own == ()
    assert {one.column for one in found.rivals} == set(columns)


def test_a_column_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(SetupError, match=r"a\.csv: no column 'Mail'; the file has: 'Email'"):
        own_address_column(["Email"], [], source="a.csv", chosen="Mail")
