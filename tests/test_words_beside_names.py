"""Words that stand beside a name and say something else: titles, degrees, kinship, companies."""

from __future__ import annotations

import pytest

from bulk_import import normalize
from bulk_import.normalize.name_words import (
    bare_word,
    is_company,
    is_patronymic,
    is_suffix,
    is_title,
    special_words,
    words_of_name,
)
from bulk_import.normalize.text import remembered


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Dr. Anna Lee", "Anna|Lee"), ("Herr Prof. Dr. Max Berg", "Max|Berg"), ("Mr", ""), ("Anna Lee PhD", "Anna|Lee"), ("Anna Lee PhD MBA", "Anna|Lee"), ("Anna PhD", "Anna"), ("PhD", "PhD"), ("Jr.", "Jr."),
        ("Anna Lee Ma", "Anna|Lee"), ("Anna Ma", "Anna|Ma"), ("Anna Lee (BA)", "Anna|Lee"), ("Anna Ma Lee", "Anna|Ma|Lee"), ("Али Вели оглы", "Али|Вели оглы"), ("Вели оглы", "Вели|оглы"),
        ("Али Вели оглы Алиев", "Али|Вели оглы|Алиев"), ("Anna Dr.", "Anna|Dr."), ("", ""),
    ],
)  # fmt: skip
def test_titles_in_front_and_degrees_behind_are_no_words_of_a_name(line, words):
    assert words_of_name(line) == [word for word in words.split("|") if word]


def test_titles_and_suffixes_are_known_in_any_case_and_some_by_their_dot():
    titles = [
        is_title(word)
        for word in ("Dr.", "DR", "(Mrs)", "г-н", "Sr.", "Sr", "Ing.", "Ing", "Don", "Anna")
    ]
    assert titles == [True, True, True, True, True, False, True, False, False, False]
    suffixes = [
        is_suffix(word)
        for word in ("Jr.", "III", "phd", "M.D.", "B.Sc.", "MD.", "мл.", "Ma", "Anna", "A.B")
    ]
    assert suffixes == [True, True, True, True, True, True, True, False, False, False]
    assert bare_word("(Dr.),") == "dr"
    assert {"mr", "phd", "van", "and", "gmbh", "wang", "оглы", "мама"} <= special_words()
    assert not {"anna", "smith", "иван"} & special_words()


@pytest.mark.parametrize(
    "line",
    ["Berg GmbH", "ООО «Ромашка»", "Acme Ltd.", "Acme Inc", "Foo Holdings", "Muster & Sons", "Lager - Nord", "X S. A.", "Firma s.r.o.", "Foo Sp. z o.o.", "株式会社山田", "Трест ОАО", "Công ty An", "Foo S.p.A.",
     "Foundation X", "Foo e figli"],
)  # fmt: skip
def test_a_word_or_sign_of_companies_makes_a_company(line):
    assert is_company(line)


@pytest.mark.parametrize(
    "line",
    [
        "Anna Lee",
        "Anna-Maria Lee",
        "J. S. Bach",
        "Müller Anna",
        "O'Neill",
        "Anna & Ben",
        "Lee e Rossi",
        "Иван Иванов",
        "",
        "S. A. Lee",
    ],
)
def test_a_person_is_no_company(line):
    assert not is_company(line)


def test_patronymics_are_known_by_their_endings_or_the_word_for_child():
    yes = (
        "Иванович",
        "Ильич",
        "Ивановна",
        "Ильинична",
        "Петрівна",
        "Маратұлы",
        "Маратқызы",
        "Вели оглы",
        "Али qizi",
        "ИВАНОВИЧ",
    )
    no = ("Иванов", "Анна", "Ivanovich", "", "оглыков")
    assert [is_patronymic(word) for word in yes] == [True] * len(yes)
    assert [is_patronymic(word) for word in no] == [False] * len(no)


def test_the_four_normalizers_of_the_package_answer_with_a_value_or_a_reason():
    assert normalize.phone("(415) 555-2671", "US") == "+14155552671"
    assert normalize.utc_offset("Europe/Berlin") == "+01"
    assert normalize.country("Deutschland") == "DE"
    assert normalize.email("Ann <a@B.org>") == "a@b.org"
    for read in (normalize.phone, normalize.utc_offset, normalize.country, normalize.email):
        with pytest.raises(ValueError, match=r"empty|not an offset"):
            read("")


def test_what_a_cell_came_to_is_remembered_and_an_error_is_not():
    asked = []

    @remembered
    def read(text: str) -> str:
        asked.append(text)
        if not text:
            raise ValueError("empty")
        return text.upper()

    assert (read("a"), read("a"), read("b")) == ("A", "A", "B")
    for _ in range(2):
        with pytest.raises(ValueError, match="empty"):
            read("")
    assert asked == ["a", "b", "", ""]
