"""Whole names of one column: the parts that a person who knows the language would say, or none."""

from __future__ import annotations

import pytest

from bulk_import.normalize.name_case import titled
from bulk_import.normalize.name_lists import known
from bulk_import.normalize.name_order import (
    has_abbreviation,
    is_double_surname,
    is_middle,
    is_spanish,
    is_surely_other,
    is_weak,
    may_be_given,
    of_three,
    order_of_column,
    order_of_two,
    together,
)
from bulk_import.normalize.names import check_name, name_part, split_name
from bulk_import.normalize.result import NormalizeError


def _parts(text: str, order=None) -> tuple[str, str, str]:
    found = split_name(text, order=order)
    return found.first, found.middle, found.last


def _notes(text: str, order=None) -> list[tuple[str, str]]:
    return [(note.code, note.message) for note in split_name(text, order=order).notes]


@pytest.mark.parametrize(
    ("text", "parts", "rule"),
    [
        # with a comma: the last name first
        ("Lee, Anna", ("Anna", "", "Lee"), "comma"), ("lee, anna", ("anna", "", "lee"), "comma"), ("Lee, anna", ("anna", "", "Lee"), "comma"),
        ("García López, María José", ("María", "José", "García López"), "comma"), ("van der Berg, Anna", ("Anna", "", "van der Berg"), "comma"),
        ("Smith, J.R.", ("J.", "R.", "Smith"), "comma"), ("Smith, J. R.", ("J.", "R.", "Smith"), "comma"), ("O'Brien, Anna-Maria", ("Anna-Maria", "", "O'Brien"), "comma"),
        ("Xyzzy, Abcde Fghij", ("Abcde", "Fghij", "Xyzzy"), "comma"), ("Smith Xyzzy, Anna", ("Anna", "", "Smith Xyzzy"), "comma"),
        ("Anna,", ("Anna", "", ""), "one_word"), (", Anna", ("Anna", "", ""), "one_word"), ("Иванова,", ("", "", "Иванова"), "one_word_family"),
        # East Asia
        ("山田 太郎", ("太郎", "", "山田"), "east_asian"), ("山田太郎", ("太郎", "", "山田"), "east_asian"), ("山田,太郎", ("太郎", "", "山田"), "east_asian"),
        ("金 太郎", ("太郎", "", "金"), "east_asian"), ("김철수", ("철수", "", "김"), "east_asian"), ("김 철수", ("철수", "", "김"), "east_asian"),
        ("남궁민수", ("민수", "", "남궁"), "east_asian"), ("欧阳修", ("修", "", "欧阳"), "east_asian"), ("王小明", ("小明", "", "王"), "east_asian"),
        ("Anna 王", ("Anna", "", "王"), "east_asian"), ("王 Anna", ("Anna", "", "王"), "east_asian"),
        # pictures are no names
        ("Łukasz Nuñez 🎉", ("Łukasz", "", "Nuñez"), "first_last"), ("Anna ❤️ Smith", ("Anna", "", "Smith"), "first_last"), ("🇩🇪 Anna", ("Anna", "", ""), "one_word"),
        ("Anna 🎉", ("Anna", "", ""), "one_word"),
        ("Kim Min-jun", ("Min-jun", "", "Kim"), "korean"), ("Min-jun Kim", ("Min-jun", "", "Kim"), "korean"), ("Xiaoming Wang", ("Xiaoming", "", "Wang"), "first_last"),
        ("Nguyễn Văn An", ("An", "Văn", "Nguyễn"), "vietnamese"), ("Nguyen Van An", ("An", "Van", "Nguyen"), "vietnamese"),
        ("Tran Thi Mai Anh", ("Anh", "Thi Mai", "Tran"), "vietnamese"), ("Nguyễn Mai Anh", ("Anh", "Mai", "Nguyễn"), "vietnamese"), ("Nguyễn An", ("An", "", "Nguyễn"), "last_first"),
        # Russian
        ("Иванов Иван Иванович", ("Иван", "Иванович", "Иванов"), "russian_last_first"), ("Иван Иванович Иванов", ("Иван", "Иванович", "Иванов"), "russian_first_last"),
        ("Петрович Иван Иванович", ("Иван", "Иванович", "Петрович"), "russian_last_first"), ("Анна Ивановна", ("Анна", "Ивановна", ""), "russian_no_last"),
        ("Айгуль Маратқызы", ("Айгуль", "Маратқызы", ""), "russian_no_last"), ("Алиев Али Вели оглы", ("Али", "Вели оглы", "Алиев"), "russian_last_first"),
        ("Али Вели оглы Алиев", ("Али", "Вели оглы", "Алиев"), "russian_first_last"), ("Анна Иванович", ("Анна", "", "Иванович"), "first_last"),
        ("Petrov Ivan Ivanovich", ("Ivan", "Ivanovich", "Petrov"), "russian_last_first"), ("Smith Anna Petrovna", ("Anna", "Petrovna", "Smith"), "russian_last_first"),
        ("Ivan Ivanovich Petrovich", ("Ivan", "Ivanovich", "Petrovich"), "three_known"),
        # initials
        ("J.R.R. Tolkien", ("J.", "R. R.", "Tolkien"), "initials_first"), ("J. R. R. Tolkien", ("J.", "R. R.", "Tolkien"), "initials_first"),
        ("Сидоров И. П.", ("И.", "П.", "Сидоров"), "initials_last"), ("Сидоров И.П.", ("И.", "П.", "Сидоров"), "initials_last"),
        ("И.П. Сидоров", ("И.", "П.", "Сидоров"), "initials_first"), ("И. Сидоров", ("И.", "", "Сидоров"), "initials_first"),
        ("Anna K. Lee", ("Anna", "K.", "Lee"), "initials_between"), ("Anna B. C. Lee", ("Anna", "B. C.", "Lee"), "initials_between"),
        ("Anna B.C. Lee", ("Anna", "B. C.", "Lee"), "initials_between"), ("Anna E. Lee", ("Anna", "E.", "Lee"), "initials_between"),
        # particles
        ("Ludwig van Beethoven", ("Ludwig", "", "van Beethoven"), "particle"), ("van Beethoven Ludwig", ("Ludwig", "", "van Beethoven"), "particle_first"),
        ("Juan de la Cruz", ("Juan", "", "de la Cruz"), "particle"), ("Juan Pérez de la Cruz", ("Juan", "", "Pérez de la Cruz"), "particle"),
        ("Anna Maria van der Berg", ("Anna", "Maria", "van der Berg"), "particle"), ("Anna Jansen van Rensburg", ("Anna", "", "Jansen van Rensburg"), "particle"),
        ("Ana da Silva", ("Ana", "", "da Silva"), "particle"), ("John St. James", ("John", "", "St. James"), "particle"), ("Robert De Niro", ("Robert", "", "De Niro"), "particle"),
        # Spain
        ("María García López", ("María", "", "García López"), "three_known"), ("José Luis García López", ("José", "Luis", "García López"), "four_known"),
        # two words
        ("DUPONT Marie", ("Marie", "", "DUPONT"), "last_first"), ("Marie DUPONT", ("Marie", "", "DUPONT"), "first_last"), ("ANNA LEE", ("ANNA", "", "LEE"), "first_last"),
        ("Nagy László", ("László", "", "Nagy"), "last_first"), ("László Nagy", ("László", "", "Nagy"), "first_last"), ("Rossi Mario", ("Mario", "", "Rossi"), "last_first"),
        ("Mario Rossi", ("Mario", "", "Rossi"), "first_last"), ("Popescu Ion", ("Ion", "", "Popescu"), "last_first"), ("Иванова Мария", ("Мария", "", "Иванова"), "last_first"),
        ("Мария Зззз", ("Мария", "", "Зззз"), "first_last"), ("Don Smith", ("Don", "", "Smith"), "first_last"), ("ISMAIL YILMAZ", ("ISMAIL", "", "YILMAZ"), "first_last"),
        ("Dupont Jean-Pierre", ("Jean-Pierre", "", "Dupont"), "last_first"),
        # one word
        ("Anna", ("Anna", "", ""), "one_word"), ("Madonna", ("Madonna", "", ""), "one_word"), ("Müller", ("", "", "Müller"), "one_word_family"),
    ],
)  # fmt: skip
def test_the_parts_of_a_name_are_those_that_its_language_gives_it(text, parts, rule):
    found = split_name(text)
    assert ((found.first, found.middle, found.last), found.rule, found.notes) == (
        parts,
        f"name.{rule}",
        (),
    )


@pytest.mark.parametrize(
    ("text", "parts", "lost"),
    [
        ("Анна Петрова, директор", ("Анна", "", "Петрова"), "директор"), ("Anna Lee, sales manager", ("Anna", "", "Lee"), "sales manager"),
        ("Anna Lee, mother of Ben", ("Anna", "", "Lee"), "mother of Ben"), ("Anna Lee, CEO.", ("Anna", "", "Lee"), "CEO."), ("Anna Lee, art director", ("Anna", "", "Lee"), "art director"),
        ("Smith, John, Jr.", ("John", "", "Smith"), "Jr."), ("John Smith, Jr.", ("John", "", "Smith"), "Jr."), ("John Smith III", ("John", "", "Smith"), "III"),
        ("Smith, J., PhD", ("J.", "", "Smith"), "PhD"), ("Anna Lee, CEO, PhD", ("Anna", "", "Lee"), "CEO PhD"), ("Lee, Dr.", ("", "", "Lee"), "Dr."), ("Dr., Anna", ("Anna", "", ""), "Dr."),
        ("Berg, Prof. Dr. Max", ("Max", "", "Berg"), "Prof. Dr."), ("Herr Dr. Max Berg", ("Max", "", "Berg"), "Herr Dr."), ("Mr. Smith", ("", "", "Smith"), "Mr."),
        ("Ms. Anna", ("Anna", "", ""), "Ms."), ("Dr. Boris", ("Boris", "", ""), "Dr."), ("Mr Smith", ("", "", "Smith"), "Mr"), ("James [VIP]", ("James", "", ""), "[VIP]"), ("Anna PhD", ("Anna", "", ""), "PhD"), ("M. Jean Dupont", ("Jean", "", "Dupont"), "M."), ('Robert "Bob" Smith', ("Robert", "", "Smith"), '"Bob"'),
        ("Robert (Bob) Smith", ("Robert", "", "Smith"), "(Bob)"), ("Robert «Боб» Smith", ("Robert", "", "Smith"), "«Боб»"), ("Robert “Bob” Smith", ("Robert", "", "Smith"), "“Bob”"),
        ("Anna [VIP] Lee", ("Anna", "", "Lee"), "[VIP]"), ("Anna Lee M.D.", ("Anna", "", "Lee"), "M.D."), ("Anna Lee Ma", ("Anna", "", "Lee"), "Ma"),
    ],
)  # fmt: skip
def test_what_is_no_part_of_a_name_is_left_out_and_said(text, parts, lost):
    assert _parts(text) == parts
    assert _notes(text) == [
        ("NAME_PART_DROPPED", f"{lost!r} of {text!r} is in no part of the name")
    ]


@pytest.mark.parametrize(
    ("text", "parts", "code", "why"),
    [
        ("Marie Zzyzx", ("Marie", "", "Zzyzx"), "NAME_ORDER_LIKELY", "'Marie' is taken for the given name of 'Marie Zzyzx'"),
        ("John Michael Smith", ("John", "Michael", "Smith"), "NAME_LAST_OF_TWO", "'Michael' may belong to the last name of 'John Michael Smith'"),
        ("Anna Xyzzy Smith", ("Anna", "", "Xyzzy Smith"), "NAME_LAST_OF_TWO", "'Xyzzy' may be a middle name; 'Xyzzy Smith' is sent as the last name"),
        ("J. Smith Lee", ("J.", "Smith", "Lee"), "NAME_LAST_OF_TWO", "'Smith' may belong to the last name of 'J. Smith Lee'"),
    ],
)  # fmt: skip
def test_what_is_likely_and_not_certain_is_sent_and_said(text, parts, code, why):
    assert _parts(text) == parts
    assert _notes(text) == [(code, why)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Maria, Rossi", "has a comma in a place that cannot be told"), ("Anna Lee, van Berg", "has a comma in a place that cannot be told"),
        ("John Smith, Anna Lee", "has a comma in a place that cannot be told"), ("Anna Maria, Lee Berg", "has a comma in a place that cannot be told"),
        ("Hans Müller, Xyzzy", "has a comma in a place that cannot be told"), ("Mr, Dr", "is made of titles only"), ("Mr Dr", "is made of titles only"), ("Dr.", "is made of titles only"),
        ("Lee & Berg, Anna", "is of more than one person"), ("Berg und Lee, Anna", "is of more than one person"), ("Anna & Ben Lee", "is of more than one person"),
        ("Anna и Ben", "is of more than one person"), ("Vicente e Serra", "is of more than one person"), ("Don Juan Perez", "has a title or a given name in front"),
        ("Pan Tadeusz Nowak", "has a title or a given name in front"), ("M. Night Shyamalan", "begins with an initial or with Monsieur"),
        ("M. Dupont", "begins with an initial or with Monsieur"), ("MM. Dupont Durand", "begins with an initial or with Monsieur"),
        ("M. Jean Marie", "begins with an initial or with Monsieur"), ("王", "is in East Asian letters and its parts cannot be told"),
        ("율 중공업", "is in East Asian letters and its parts cannot be told"), ("김철수님아아아", "is in East Asian letters and its parts cannot be told"),
        ("王 Smith", "is in East Asian letters and its parts cannot be told"), ("Smith 王", "is in East Asian letters and its parts cannot be told"),
        ("🎉", "is made of titles only"), ("Anna & Bob", "is of more than one person"),
        ("山田 太郎 様", "is in East Asian letters and its parts cannot be told"), ("John Michael Petrovich", "is in an order that cannot be told"),
        ("Petrovich Ivanovich Ivan", "is in an order that cannot be told"), ("Anna K.", "is in an order that cannot be told"), ("A. B. C.", "is in an order that cannot be told"),
        ("A. Lee B.", "is in an order that cannot be told"), ("Tolkien J.R.R.", "is in an order that cannot be told"), ("Сидоров И.", "is in an order that cannot be told"),
        ("Smith Min-jun", "is in an order that cannot be told"), ("Wang Xiaoming", "is in an order that cannot be told"), ("Zhang Wang", "is in an order that cannot be told"),
        ("van der Berg", "is in an order that cannot be told"), ("van Xyzzy Berg", "is in an order that cannot be told"), ("Xyzzy Abcde", "is in an order that cannot be told"),
        ("Xyzzy Anna", "is in an order that cannot be told"), ("Зззз Мария", "is in an order that cannot be told"), ("Martin Thomas", "is in an order that cannot be told"),
        ("María del Carmen Ruiz", "has a particle that may be of either name"), ("Ana Maria da Silva", "has a particle that may be of either name"),
        ("José Ortega y Gasset", "has a particle that may be of either name"), ("De La Cruz Maria Anna", "has a particle that may be of either name"),
        ("Anna Lee Smith Berg", "is of 4 words"), ("A B C D E", "is of 5 words"), ("María Xyzzy García López", "is of 4 words"), ("Xyzzy Luis García López", "is of 4 words"), ("María Luis Müller López", "is of 4 words"), ("KKB Prasetyo", "has an abbreviation or a number in it"),
        ("Anna 2 Lee", "has an abbreviation or a number in it"), ("Marie DU", "has an abbreviation or a number in it"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_told_is_left_whole_with_the_reason(text, why):
    assert (_parts(text), split_name(text).rule) == (("", "", ""), "name.whole")
    assert _notes(text) == [("NAME_NOT_SPLIT", f"{text!r} {why}; no part of it is sent")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ООО Ромашка", "looks like the name of a company"), ("Acme Ltd.", "looks like the name of a company"), ("Berg GmbH", "looks like the name of a company"),
        ("John Smith Ltd", "looks like the name of a company"), ("X S. A.", "looks like the name of a company"), ("Müller - Lager", "looks like the name of a company"),
        ("Firma S.r.l.", "looks like the name of a company"), ("Holding Group", "looks like the name of a company"), ("Director", "is no name"), ("мама", "is no name"), ("work", "is no name"),
    ],
)  # fmt: skip
def test_what_is_no_person_has_no_name(text, why):
    assert (_parts(text), split_name(text).rule) == (("", "", ""), "name.no_person")
    assert _notes(text) == [("NAME_NOT_A_PERSON", f"{text!r} {why}; no part of it is sent")]


@pytest.mark.parametrize(
    ("text", "order", "parts"),
    [
        ("Smith John", "last_first", ("John", "", "Smith")), ("John Smith", "first_last", ("John", "", "Smith")), ("Xyzzy Abcde", "last_first", ("Abcde", "", "Xyzzy")),
        ("Xyzzy Abcde", "first_last", ("Xyzzy", "", "Abcde")), ("Rossi Anna Maria", "last_first", ("Anna", "Maria", "Rossi")),
        ("Di Tullio Cipriano", "last_first", ("Cipriano", "", "Di Tullio")), ("De La Cruz Maria", "last_first", ("Maria", "", "De La Cruz")),
        ("Xyzzy Anna Fghij", "last_first", ("Anna", "Fghij", "Xyzzy")), ("Xyzzy Abcde B", "last_first", ("Abcde", "B", "Xyzzy")), ("Gabriel José Abcde", "first_last", ("Gabriel", "José", "Abcde")),
        ("Xyzzy García López", "first_last", ("Xyzzy", "", "García López")), ("José Luis García López", "first_last", ("José", "Luis", "García López")),
        ("Lee Anna", "last_first", ("Anna", "", "Lee")), ("Van Xyzzy", "first_last", ("Van", "", "Xyzzy")), ("Van Anna", "first_last", ("Van", "", "Anna")),
    ],
)  # fmt: skip
def test_a_name_is_read_in_the_order_that_the_mapping_states(text, order, parts):
    assert (_parts(text, order), split_name(text, order=order).notes) == (parts, ())


@pytest.mark.parametrize(
    ("text", "order", "why"),
    [
        ("Иван Иванов", "last_first", "is not in the order last_first"), ("Иванов Иван", "first_last", "is not in the order first_last"),
        ("Xyzzy Abcde Fghij", "last_first", "is of three words, none of which is known as a given name"),
        ("Gabriel García Márquez", "last_first", "is of three words, none of which is known as a given name"),
        ("Di Tullio Cipriano", "first_last", "has a particle in front"), ("De La", "last_first", "has a particle in front"), ("Di Tullio Cipriano B", "last_first", "is of 4 words"),
        ("KKB Anna", "last_first", "has an abbreviation or a number in it"), ("José Luis García López", "last_first", "is of 4 words"),
        ("Wang Xiaoming", "first_last", "is in an order that cannot be told"),
    ],
)  # fmt: skip
def test_a_name_that_does_not_fit_the_stated_order_is_left_whole(text, order, why):
    assert _parts(text, order) == ("", "", "")
    assert _notes(text, order) == [("NAME_NOT_SPLIT", f"{text!r} {why}; no part of it is sent")]


def test_three_words_in_the_stated_order_say_which_of_them_is_doubtful():
    assert _parts("Xyzzy Abcde Fghij", "first_last") == ("Xyzzy", "Abcde", "Fghij")
    assert _notes("Xyzzy Abcde Fghij", "first_last") == [
        ("NAME_LAST_OF_TWO", "'Abcde' may belong to the last name of 'Xyzzy Abcde Fghij'")
    ]
    assert _notes("Anna Xyzzy Smith", "first_last") == [
        ("NAME_LAST_OF_TWO", "'Xyzzy' may be a middle name; 'Xyzzy Smith' is sent as the last name")
    ]


def test_a_suffix_says_that_the_family_name_is_the_last_word_unless_the_order_is_stated():
    assert _parts("Lee Anna PhD", "last_first") == ("Anna", "", "Lee")
    assert _parts("Anna Lee PhD") == ("Anna", "", "Lee")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("anna@b.org", "{0} is an e-mail address, not a name"), ("1234", "{0} is a number, not a name"), ("+7 916 123", "{0} is a number, not a name"),
        ("4.5E+10", "{0} is a number, not a name"), ("http://x.org", "{0} is a link, not a name"), ("HTTPS://x.org", "{0} is a link, not a name"),
        ("www.x.org", "{0} is a link, not a name"), ("x" * 251, "251 characters are too long for a name"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_name_is_refused(text, why):
    for read in (check_name, split_name):
        with pytest.raises(NormalizeError) as caught:
            read(text)
        assert (caught.value.code, str(caught.value)) == ("NAME_INVALID", why.format(repr(text)))


def test_a_name_may_have_signs_and_digits_as_people_have_them():
    kept = (
        "Anna @ work",
        "anna@home",
        "Agent 007",
        "123",
        "X Æ A-12",
        "x" * 250,
        "E4E5",
        "a b@c.org",
    )
    assert [check_name(f" {text} ") for text in kept] == list(kept)
    two = "x" * 124 + " " + "y" * 125
    assert split_name(two).rule == "name.whole"
    with pytest.raises(NormalizeError, match="251 characters are too long"):
        split_name(two + "z")


def test_one_part_comes_with_the_rule_and_the_doubts_of_the_whole():
    found = [name_part("Dr. Anna Lee", part) for part in ("first", "middle", "last")]
    assert [one.value for one in found] == ["Anna", "", "Lee"]
    assert {(one.rule, one.notes[0].code) for one in found} == {("name.first_last", "NAME_PART_DROPPED")}  # fmt: skip
    assert name_part("Smith John", "first", order="last_first").value == "John"
    assert split_name("Anna & Ben Lee").is_whole
    assert not split_name("Anna Lee").is_whole


# -- the order of words --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ("Anna", "Smith", "first_last"), ("Smith", "Anna", "last_first"), ("DUPONT", "Marie", "last_first"), ("Marie", "DUPONT", "first_last"), ("LEE", "Anna", "last_first"), ("QX", "Anna", None), ("QXZ", "Anna", "last_first"), ("XYZZY", "Abcde", "last_first"), ("Abcde", "XYZZY", "first_last"), ("Ogbuehi", "Wall", "first_last"), ("Cristofor", "Vitali", "first_last"),
        ("Craig", "Boris", None), ("Barbieri", "Vega", None), ("Barco", "Tomek", None), ("Anna", "QX", "first_last"),
        ("ANNA", "Dupont", None), ("Dupont", "ANNA", None), ("SMITH", "J.", None), ("J.", "SMITH", None), ("Мария", "Иванова", "first_last"), ("Иванова", "Мария", "last_first"),
        ("Зззз", "Иванов", "first_last"), ("Иванов", "Зззз", "last_first"), ("Мария", "Зззз", "first_last"), ("Зззз", "Мария", None), ("Xyzzy", "Kowalski", "first_last"),
        ("Kowalski", "Xyzzy", None), ("Kowalski", "Nowakowski", None), ("Kowalska", "Anna", "last_first"), ("Hans", "Müller", "first_last"), ("Müller", "Hans", "last_first"),
        ("Xyzzy", "Müller", "first_last"), ("Müller", "Xyzzy", None), ("Anna", "Maria", None), ("Gal", "Cristea", None), ("Cristea", "Gal", None), ("Xyzzy", "Abcde", None),
        ("Ion", "Popescu", "first_last"), ("Mehmet", "Yılmaz", "first_last"), ("Anna", "Xyzzy", "first_last"), ("Xyzzy", "Smith", None),
    ],
)  # fmt: skip
def test_the_order_of_two_words_is_told_by_what_is_known_of_both(one, other, order):
    assert order_of_two(one, other) == order


def test_an_order_is_weak_where_one_unknown_word_leaves_it_to_the_other():
    assert [is_weak(*pair) for pair in (("Anna", "Xyzzy"), ("Иванов", "Зззз"), ("José", "Xyzzy"), ("Xyzzy", "Anna"), ("Anna", "Smith"))] == [True, True, False, False, False]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Anna K Lee", ("Anna", "K", "Lee")), ("Anna José Lee", ("Anna", "José", "Lee")), ("Gabriel García Márquez", ("Gabriel", "", "García Márquez")),
        ("Anna Xyzzy Abcde", ("Anna", "", "Xyzzy Abcde")), ("Müller Anna José", ("Anna", "José", "Müller")), ("Xyzzy Anna Müller", ("Xyzzy", "Anna", "Müller")),
        ("Müller Xyzzy Anna", None), ("Calla Duque Candia", ("Calla", "", "Duque Candia")), ("Xyzzy Abcde Fghij", None), ("J Anna Smith", ("J", "Anna", "Smith")), ("Hans Ivanovich Müller", ("Hans", "Ivanovich", "Müller")),
        ("Anna Maria Anna", None),
    ],
)  # fmt: skip
def test_three_words_are_told_apart_where_the_lists_know_enough(text, parts):
    assert of_three(text.split()) == parts


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("山田太郎", ("山田", "太郎")), ("김철수", ("김", "철수")), ("김수", ("김", "수")), ("남궁민수", ("남궁", "민수")), ("諸葛亮", ("諸葛", "亮")), ("王明", ("王", "明")),
        ("王", None), ("あらきいちろう", ("あらき", "いちろう")), ("Li太郎", None), ("勅使河原宏", ("勅使河原", "宏")), ("王龘", ("王", "龘")), ("王龘龘", ("王", "龘龘")), ("王龘龘龘", None), ("山田龘", None), ("甲佐七", None), ("欧阳", None), ("Anna", None), ("東方不敗先生大", None), ("あ太郎", None),
    ],
)  # fmt: skip
def test_a_name_without_a_blank_is_split_where_one_way_alone_is_known(name, parts):
    assert together(name) == parts


def test_the_length_of_given_names_in_east_asian_letters():
    assert [may_be_given(text) for text in ("철수", "중공업", "太郎", "小百合子", "小百合子様")] == [True, False, True, True, False]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "has_one"),
    [
        ("KKB Prasetyo", True), ("Anna XY", True), ("Anna ABCD", True), ("Anna QZXW", True), ("Anna QZXWV", False), ("Anna X", False), ("ANNA QZX", False),
        ("Anna LEE", False), ("Anna J.R.", False), ("Anna 2", True), ("anna lee", False),
    ],
)  # fmt: skip
def test_a_short_word_in_capitals_is_an_abbreviation_unless_it_is_a_name(text, has_one):
    assert has_abbreviation(text.split()) is has_one


@pytest.mark.parametrize(
    ("turned", "others", "silent", "order"),
    [
        (5, 0, 0, "last_first"), (4, 0, 0, None), (5, 0, 45, "last_first"), (5, 0, 46, None), (19, 1, 0, "last_first"), (18, 2, 0, None), (0, 5, 0, "first_last"),
        (1, 19, 0, "first_last"), (2, 18, 0, None), (0, 0, 20, None), (0, 0, 0, None),
    ],
)  # fmt: skip
def test_a_column_shows_an_order_by_five_names_a_tenth_of_all_and_nine_of_ten(
    turned, others, silent, order
):
    names = ["Иванова Мария"] * turned + ["Мария Иванова"] * others + ["Xyzzy Abcde"] * silent
    assert order_of_column([*names, "Lee, Anna", "Lee, Anna"]) == order


def test_names_of_three_words_show_the_order_of_a_column_and_weak_ones_do_not():
    assert order_of_column(["Müller Anna José"] * 5) == "last_first"
    assert order_of_column(["Gabriel García Márquez"] * 5) == "first_last"
    assert order_of_column(["Anna Xyzzy"] * 9) is None
    assert order_of_column(["Anna", "Anna B C D", "Xyzzy Abcde Fghij"] * 9) is None


def test_what_words_are_in_spain_and_between_two_names():
    assert is_double_surname("García", "Márquez")
    assert not is_double_surname("Rossi", "Anna")
    assert not is_double_surname("Müller", "García")
    assert is_spanish("Gabriel", "García")
    assert not is_spanish("Müller", "García")
    assert not is_spanish("Gabriel", "Müller")
    assert [is_middle(word) for word in ("Anna", "B", "B.", "Ivanovich", "Petrovna", "Smith", "Xyzzy")] == [True] * 5 + [False] * 2  # fmt: skip


def test_words_are_surely_in_the_other_order_where_one_language_knows_both_so_and_none_the_other_way():
    assert is_surely_other("Иван", "Иванов", order="last_first")
    assert not is_surely_other("Иван", "Иванов", order="first_last")
    assert is_surely_other("Иванов", "Иван", order="first_last")
    assert not is_surely_other("Xyzzy", "Иванов", order="last_first")
    assert not is_surely_other("Cecilia", "Kim", order="last_first")  # Kim is a given name as well


# -- lists of names and letter case --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "is_given", "is_family", "is_sure"),
    [
        ("Anna", True, False, False), ("ANNA,", True, False, False), ("Müller", False, True, False), ("Иванов", False, True, True), ("Иванова", False, True, True),
        ("Łukasz", True, False, False), ("Jean-Pierre", True, False, False), ("Anna-Zzyzx", False, False, False), ("O'Brien", False, True, False), ("O’Brien", False, True, False),
        ("Ionescu", False, True, True), ("太郎", True, False, False), ("山田", False, True, False), ("김", False, True, False), ("Зззенко", False, True, True),
        ("Zzzson", False, True, False), ("zzov", False, True, True), ("Xov", False, False, False), ("ov", False, False, False), ("Zzyzx", False, False, False),
        ("Ёлкина", False, True, False), ("Дзе", False, False, False), ("Гогоберидзе", False, True, True), ("İNCİ", True, False, False), ("AYŞE", True, False, False), ("IRMAK", True, False, False), ("İBRAHİMLİ", False, True, False),
        ("Тер-Зззян", False, True, False), ("Տեր-Ղազարյան", False, True, True), ("Алёнка", True, False, False), ("Абделазиз", True, False, False), ("Παπαδόπουλος", False, True, False), ("", False, False, False),
    ],
)  # fmt: skip
def test_what_is_known_of_a_word(word, is_given, is_family, is_sure):
    found = known(word)
    assert (found.is_given, found.is_family, found.is_sure) == (is_given, is_family, is_sure)


def test_which_family_names_are_of_spain_and_portugal():
    words = ("García", "Núñez", "Müller", "Иванов", "Zzyzx", "Zzzson")
    assert [known(word).is_iberian for word in words] == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("name", "is_family", "shown"),
    [
        ("ANNA LEE", False, "Anna Lee"), ("anna lee", False, "Anna Lee"), ("McDonald", False, "McDonald"), ("Anna LEE", False, "Anna Lee"), ("O'NEILL", False, "O'Neill"),
        ("ANNA VAN DER BERG", False, "Anna van der Berg"), ("VAN DER BERG", True, "van der Berg"), ("VAN DER BERG", False, "Van der Berg"), ("DE", True, "De"), ("VAN", False, "Van"),
        ("ANNA VAN", False, "Anna Van"), ("anna-maria", False, "Anna-Maria"), ("ИВАН", False, "Иван"), ("IŞIK", False, "IŞIK"), ("YILDIZ", False, "Yildiz"), ("ßa", False, "ßa"),
        ("j.r.", False, "J.R."), ("", False, ""),
    ],
)  # fmt: skip
def test_names_in_capitals_or_small_letters_get_capitals_in_front(name, is_family, shown):
    assert titled(name, is_family=is_family) == shown


def _sent(text, **options):
    found = split_name(text, **options)
    return (found.first, found.middle, found.last), [note.code for note in found.notes]


@pytest.mark.parametrize(
    "text",
    "Иван Иванович|Пётр Ильич|Александр Лукич|Никита Михайлович|Сергей Юрьевич|Олег Павлович|Рустам Алиевич".split(
        "|"
    ),
)
def test_a_mans_patronymic_behind_his_name_is_not_sent_as_a_last_name(text):
    """In Belarus and Serbia it may be one, so only what is certain goes out."""
    assert _sent(text) == ((text.split()[0], "", ""), ["NAME_PART_DROPPED"])


@pytest.mark.parametrize(
    "text", ["Марина Абрамович", "Исаак Рабинович", "Андрей Мацкевич", "Marina Abramovich"]
)
def test_what_is_no_patronymic_of_this_person_stays_a_last_name(text):
    first, last = text.split()
    assert _sent(text)[0] in {(first, "", last), ("", "", "")}


def test_the_stated_order_makes_a_last_name_of_what_may_be_a_patronymic():
    assert _sent("Иван Иванович", order="first_last")[0] == ("Иван", "", "Иванович")


def test_a_womans_patronymic_in_latin_letters_is_no_last_name():
    assert _sent("Anna Ivanovna") == (("Anna", "Ivanovna", ""), [])


@pytest.mark.parametrize("text", ["Kim Minjun", "Kim Minsu", "Lee Jihoon", "Park Geunhye"])
def test_a_korean_family_name_in_front_is_not_taken_for_a_given_name(text):
    assert _sent(text) == (("", "", ""), ["NAME_NOT_SPLIT"])


@pytest.mark.parametrize("text", ["Kim Smith", "Kim Novak", "Lee Harper", "Kim Anderson"])
def test_kim_and_lee_are_given_names_before_a_known_family_name(text):
    first, last = text.split()
    assert _sent(text)[0] == (first, "", last)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Marie Ó Fachtna", "Marie", "Ó Fachtna"), ("Máire Ní Bhriain", "Máire", "Ní Bhriain"),
        ("Sean O Brien", "Sean", "O Brien"), ("Nuala Uí Néill", "Nuala", "Uí Néill"),
        ("DE ANDA Diana", "Diana", "DE ANDA"), ("HEMMA VAN ALLEMANIË Evie", "Evie", "HEMMA VAN ALLEMANIË"),
    ],
)  # fmt: skip
def test_a_particle_belongs_to_the_last_name(text, first, last):
    assert _sent(text) == ((first, "", last), [])


@pytest.mark.parametrize("text", ["Smith", "Johnson", "Rossi", "Garcia"])
def test_one_word_that_is_mostly_a_family_name_greets_nobody_by_it(text):
    assert _sent(text)[0] == ("", "", text)


@pytest.mark.parametrize("text", ["Martin", "James", "Kim", "Thomas", "Taylor", "Daniel"])
def test_one_word_that_is_often_a_given_name_is_one(text):
    assert _sent(text)[0] == (text, "", "")


@pytest.mark.parametrize("text", ["千代 木村", "舞 長谷川"])
def test_an_east_asian_name_with_the_given_name_in_front_is_not_turned_round(text):
    assert _sent(text) == (("", "", ""), ["NAME_NOT_SPLIT"])


def test_an_east_asian_name_with_the_family_name_in_front_is_read():
    assert _sent("木村 千代") == (("千代", "", "木村"), [])
