"""Cells with tags, lists and managers: split as they were written, letter by letter, or refused."""

from __future__ import annotations

import pytest

from bulk_import.normalize.alike import MOST_TAGS, Cluster, clusters
from bulk_import.normalize.result import NormalizeError
from bulk_import.normalize.tags import (
    LookAlikes,
    conflicts,
    is_manager_name,
    join,
    list_id,
    look_alikes,
    normalize_list_ids,
    normalize_manager_id,
    normalize_tags,
)


def _refused(read, text: str, **options) -> tuple[str, str]:
    with pytest.raises(NormalizeError) as caught:
        read(text, **options)
    return caught.value.code, str(caught.value)


@pytest.mark.parametrize(
    ("text", "separator", "values"),
    [
        ("vip, news", ",", "vip|news"), ("vip;news;;vip", ";", "vip|news"), ("b,a", ",", "b|a"), (" vip  club ,x", ",", "vip club|x"), ("", ",", ""), (" , ,", ",", ""),
        ("a\nb", ";", "a|b"), ("a;b|c", (";", "|"), "a|b|c"), ("a, b; c", (",", ";"), "a|b|c"), ("Käse;Brot", ";", "Käse|Brot"),
        # bullets and numbers in front
        ("• vip • news", ",", "vip|news"), ("• vip\n• news", ",", "vip|news"), ("1) vip\n2) news", ",", "vip|news"), ("1. vip\n12. news", ";", "vip|news"),
        ("1) - vip\n* news", ",", "vip|news"), ("- vip\nnews", ",", "- vip|news"), ("- vip\n\n- news", ",", "vip|news"), ("● vip ● news", ";", "vip|news"), ("2024 sale", ",", "2024 sale"),
        # lists as programs write them
        ('["vip","news"]', ";", "vip|news"), ('["vip", 5]', ";", "vip|5"), ('["a, b"]', ";", None), ("['vip','news']", ";", "vip|news"), ("{vip,news}", ";", "vip|news"),
        ('{"a b",c}', ";", "a b|c"), ("{'a','b'}", ";", "a|b"), ('{"a","b\'c"}', ";", "a|b'c"), ("[]", ",", ""), ("{ }", ",", ""), ('[""]', ",", ""), ("[vip, news]", ";", "vip|news"),
        # what only looks like one
        ("[urgent]", ",", "[urgent]"), ("(vip,news)", ",", "(vip|news)"), ("{vip}", ",", "{vip}"), ("vip [new]", ",", "vip [new]"),
        # quotation marks
        ('"vip","news"', ",", "vip|news"), ('"vip", "spring sale"', ",", "vip|spring sale"), ("'vip';'news'", ";", "vip|news"), ("'vip'", ";", "'vip'"), ("'a';b", ";", "'a'|b"),
        ('"vip', ",", '"vip'), ('"a":::b', ":::", '"a"|b'), ('a,"b', ",", 'a|"b'),
    ],
)  # fmt: skip
def test_the_tags_of_a_cell_are_those_between_its_separators(text, separator, values):
    if values is None:
        assert _refused(normalize_tags, text, separator=separator)[0] == "TAG_COMMA"
        return
    found = normalize_tags(text, separator=separator)
    assert ("|".join(found.values), found.rule, found.notes) == (values, "tags.split", ())


@pytest.mark.parametrize(
    "text",
    ['["vip", null]', '["vip", 1.5]', '["a" "b"]', "[a,b", '[vip,"news"', 'vip"]', "{a,b", "a,b}"],
)
def test_a_piece_of_a_list_of_a_program_is_refused(text):
    code, why = _refused(normalize_tags, text, separator=";" if "[" in text[:1] else ",")
    assert code == "TAG_LIST_BROKEN"
    assert why.endswith(
        " is a piece of a list that a program wrote, and the list cannot be read; write the tags "
        "with a separator between them"
    )


def test_a_tag_has_no_comma_and_at_most_255_characters():
    assert _refused(normalize_tags, '"a, b";"c"', separator=";") == (
        "TAG_COMMA",
        "the tag 'a, b' has a comma in it, and the server would make two tags of it; rename it, "
        "or set separator: ','",
    )
    assert normalize_tags("x" * 255).values == ("x" * 255,)
    assert _refused(normalize_tags, "x" * 256) == (
        "TAG_TOO_LONG",
        f"a tag of 256 characters: '{'x' * 40}'…",
    )


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("Vip,VIP", [("Vip", "VIP")]), ("vip,v ip", [("vip", "v ip")]), ("vip,ｖｉｐ", [("vip", "ｖｉｐ")]), ("ВИП,vip,BИП", [("ВИП", "BИП")]), ("a,A,á", [("a", "A")]),
        ("a,A,Α", [("a", "A"), ("a", "Α")]), ("vip,news", []), ("vip,vip", []), ("vip-1,vip 1", []),
    ],
)  # fmt: skip
def test_tags_that_look_alike_are_named(text, pairs):
    assert [(note.code, note.message) for note in normalize_tags(text).notes] == [
        ("TAG_LOOK_ALIKE", f"the tags {one!r} and {other!r} look alike but differ")
        for one, other in pairs
    ]


def test_a_tag_of_several_with_another_separator_is_named_once_with_its_first_sign():
    found = normalize_tags("a;b|c,d,e • f")
    assert [(note.code, note.message) for note in found.notes] == [
        ("TAG_SEPARATOR", f"the tag {tag!r} has {sign!r} in it; if that separates tags, add it to separator:")
        for tag, sign in (("a;b|c", ";"), ("e • f", "•"))
    ]  # fmt: skip


def test_tags_of_later_rows_are_compared_with_the_first_spelling():
    seen = LookAlikes()
    assert seen.of(["VIP", "news"]) == ()
    assert seen.of(["VIP"]) == ()
    found = seen.of(["vip", "News", "new"])
    assert [(note.code, note.message) for note in found] == [
        ("TAG_LOOK_ALIKE", f"the tags {one!r}, of an earlier row, and {other!r} look alike but differ")
        for one, other in (("VIP", "vip"), ("news", "News"))
    ]  # fmt: skip
    assert seen.of(["VIP"]) == ()


def test_the_first_twenty_thousand_tags_of_a_file_are_remembered():
    seen = LookAlikes()
    seen.of(f"t{n}" for n in range(20_000))
    assert len(seen.of(["T19999"])) == 1
    assert seen.of(["t20000"]) == seen.of(["T20000"]) == ()


def test_what_is_added_and_removed_at_once_is_named_in_the_order_of_what_is_added():
    assert conflicts(["c", "a", "b"], iter(["b", "c", "x"])) == ("c", "b")
    assert conflicts([], ["a"]) == conflicts(["a"], []) == ()
    assert (join(["a", "b"]), join([])) == ("a,b", "")
    assert [note.message for note in look_alikes(["b", "B"])] == ["the tags 'b' and 'B' look alike but differ"]  # fmt: skip


DAMAGED = (
    "the list id {0!r} was turned into a number and lost digits; copy it again from the account as text "
    "(in Excel: format the column as text first)"
)


@pytest.mark.parametrize(
    "text",
    ["1473249885.2899", "1473249885.289996100", "1473249885.28999610041", "147324988.2899961004", "1.47E9", "12,5", "1,473", "1.4732498852899961e+09", "1E9", "0.5"],
)  # fmt: skip
def test_a_list_id_that_was_a_number_is_refused(text):
    assert _refused(list_id, text) == ("LIST_ID_DAMAGED", DAMAGED.format(text))


def test_a_list_is_an_id_or_a_title():
    for text in ("1473249885.2899961004", "1473249885", "super", "List 1.5", "v1.5", "E9"):
        assert list_id(text) == text
    assert _refused(list_id, "a,b") == ("LIST_ID_COMMA", "the list 'a,b' has a comma in it")
    found = normalize_list_ids("1473249885.2899961004; super;super", separator=";")
    assert (found.values, found.rule, found.notes) == (
        ("1473249885.2899961004", "super"),
        "lists.split",
        (),
    )


def test_a_manager_is_a_number_of_at_most_fifteen_digits():
    assert [(normalize_manager_id(text).value, normalize_manager_id(text).rule) for text in (" 12 ", "12.00", "1" * 15)] == [
        ("12", "manager.digits"), ("12", "manager.float"), ("1" * 15, "manager.digits")
    ]  # fmt: skip
    for text in ("1" * 16, "12.5", "x", "", "١٢", "-1"):
        assert _refused(normalize_manager_id, text) == (
            "MANAGER_INVALID",
            f"{text!r} is not a manager's number; `bulk-import managers` lists them",
        )
    assert [is_manager_name(text) for text in ("Anna", "7b", "7", "", "-")] == [True, True] + [
        False
    ] * 3


# -- a whole file's tags -------------------------------------------------------------------------------


def test_a_cluster_has_the_commonest_spelling_and_the_others_by_their_rows():
    found = clusters({"vip": 2, "VIP": 9, "v-i-p": 5, "vip ": 1, "news": 3})
    assert found == [
        Cluster("VIP", 9, (("v-i-p", 5, "blanks or hyphens"), ("vip", 2, "case"), ("vip ", 1, "blanks")), ())
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [("VIP", "vip", "case"), ("a  b", "A b", "blanks"), ("a b", "a-B", "blanks or hyphens"), ("café", "cafe", "accents"), ("café au", "cafe-au", "accents"), ("vip", "вип", "alphabet")],
)  # fmt: skip
def test_how_two_spellings_differ(one, other, how):
    assert [cluster.others for cluster in clusters({one: 2, other: 1})] == [((other, 1, how),)]


def test_the_largest_group_comes_first_with_its_slips_counted():
    found = clusters({"small": 9, "Small": 1, "newsletter": 6, "newsleter": 6, "alone": 50})
    assert [(one.tag, one.others, one.slips) for one in found] == [
        ("newsletter", (), (("newsleter", 6, "one letter"),)),
        ("small", (("Small", 1, "case"),), ()),
    ]


def test_of_equal_spellings_the_one_that_came_first_is_kept():
    assert [one.tag for one in clusters({"Vip": 3, "VIP": 3})] == ["Vip"]
    (found,) = clusters({"newsletter": 3, "newsleter": 3})
    assert (found.tag, found.slips) == ("newsletter", (("newsleter", 3, "one letter"),))


def test_a_slip_belongs_to_the_commonest_of_its_neighbours():
    found = clusters({"lesson a": 9, "lesson c": 8, "lesson b": 1})
    (one,) = found
    assert (one.tag, one.slips) == (
        "lesson a",
        (("lesson c", 8, "one letter"), ("lesson b", 1, "one letter")),
    )


@pytest.mark.parametrize(("one", "other", "is_slip"), [("sales", "saies", True), ("sale", "saie", False), ("sales1", "sales2", False), ("12345", "12346", False), ("sale1", "sales1", False)])  # fmt: skip
def test_one_letter_is_a_slip_in_a_word_of_five_letters(one, other, is_slip):
    assert bool(clusters({one: 5, other: 1})) is is_slip


def test_a_word_in_another_alphabet_joins_the_one_that_looks_or_sounds_so():
    (looks,) = clusters({"BOT": 5, "ВОТ": 1})
    assert looks.others == (("ВОТ", 1, "alphabet"),)
    (sounds,) = clusters({"schedrost": 5, "щедрость": 1})
    assert sounds.others == (("щедрость", 1, "alphabet"),)
    assert clusters({"клиент": 5, "заказ": 1}) == []


def test_tags_beyond_the_twenty_thousand_commonest_are_not_compared():
    many = {str(n): 2 for n in range(MOST_TAGS - 2)}
    assert [one.tag for one in clusters({**many, "vip": 1, "VIP": 1})] == ["vip"]
    assert clusters({**many, "x": 2, "vip": 1, "VIP": 1}) == []
    assert MOST_TAGS == 20_000


def test_tags_of_signs_alone_stay_apart():
    assert clusters({"-": 3, "--": 2, "...": 1}) == []


@pytest.mark.parametrize(
    "text", ["1473249885,2899961004", "super,1473249885,2899961004", "1473249885,289"]
)
def test_a_list_id_whose_period_became_a_comma_is_not_two_lists(text):
    with pytest.raises(NormalizeError) as caught:
        normalize_list_ids(text)
    assert caught.value.code == "LIST_ID_COMMA"


def test_two_whole_list_ids_behind_a_comma_are_two():
    text = "1473249885.2899961004,1473249886.2899961005"
    assert normalize_list_ids(text).values == tuple(text.split(","))
