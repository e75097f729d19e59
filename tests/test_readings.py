"""How well a text reads in an encoding, to the nat, and when the best reading is good enough."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bulk_import.sources.text.languages import Guess, guesses_of, is_near, telling

# Signs alone have scores that no list of names changes: 8 nats where a sign may be, 9 more where it is odd,
# 9 more for each word with a quotation mark whose other one is in no word.


STARTS = {
    "cp1252": 0.0, "cp1251": 0.0, "cp1250": -1.0, "cp1253": -1.0, "cp1255": -1.0, "cp1256": -1.0, "cp1254": -1.5, "cp1257": -1.5, "cp1258": -1.5, "cp874": -1.5,
    "koi8-r": -2.0, "koi8-u": -2.5, "iso8859-7": -2.0, "cp866": -2.0, "iso8859-2": -3.0, "iso8859-5": -3.0, "cp850": -3.0, "mac-roman": -3.0, "cp852": -3.5,
    "mac-cyrillic": -3.5, "iso8859-13": -4.0, "cp437": -5.0, "mac-latin2": -5.0, "mac-greek": -5.0,
}  # fmt: skip


def guess(encoding: str, *words: bytes, company: Mapping[str, float] | None = None) -> Guess:
    (found,) = [
        one for one in guesses_of([*words], dict(company or {})) if one.encoding == encoding
    ]
    return found


def score(encoding: str, *words: bytes) -> float:
    return guess(encoding, *words).score


# -- scores ------------------------------------------------------------------------------------------


def test_scores_of_words_add_up():
    assert score("cp1252", b"5\x80") == -8.0  # 5€
    assert score("cp1252", b"5\x80", b"7\x80") == -16.0
    assert score("cp1252", b"A\x80") == -17.0
    assert score("cp1252", b"5") == 0.0


def test_a_quotation_mark_alone_costs_more_in_every_word_that_has_it():
    assert score("cp1252", b"\xab5", b"5\xbb") == -16.0
    assert score("cp1252", b"\xab5") == -17.0
    assert score("cp1252", b"\xab5", b"\xab6") == -34.0
    # Two of a kind belong together if that kind may be at both ends.
    assert score("cp1252", b"\x945", b"5\x94") == -16.0
    assert score("cp1252", b"\x935", b"\x936") == -34.0
    assert score("cp1252", b"\x845", b"5\x93") == score("cp1252", b"\x845", b"5\x94") == -16.0


def test_encodings_that_few_programs_write_begin_with_less():
    words = (b"\xab5", b"5\xbb")
    found = {one.encoding: one.score for one in guesses_of([*words], {})}
    assert (found["cp1252"], found["cp1251"], found["cp1250"]) == (-16.0, -16.0, -17.0)
    assert (found["cp1254"], found["cp1257"], found["iso8859-7"]) == (-17.5, -17.5, -18.0)
    assert "mac-roman" in found
    assert min(found.values()) >= -150.0 + max(found.values())


def test_letters_of_two_scripts_in_a_word_cost_24_nats_each():
    assert score("cp1251", "Aнна".encode("cp1251")) == -72.0
    assert score("cp1253", "Aλφα".encode("cp1253")) == -73.0


def test_a_capital_within_a_word_costs_sixteen_nats_where_letters_have_case():
    for encoding in ("cp1252", "cp1250", "cp850"):
        small, capital = (score(encoding, word.encode(encoding)) for word in ("aüb", "aÜb"))
        assert capital - small == pytest.approx(-16.0), encoding


def test_a_word_in_another_language_than_most_costs_a_nat_and_a_half():
    german, polish = "Müller Größe Köln Weiß".split(), "Łódź"
    words = [word.encode("cp1250") for word in german]
    mixed = guess("cp1250", *words, polish.encode("cp1250"))
    assert mixed.language == "German"
    alone = guess("cp1250", polish.encode("cp1250"))
    assert alone.language == "Polish"
    together = guess("cp1250", *words).score + alone.score
    assert mixed.score == together + 1.0 - 1.5  # what few programs write counts once


def test_a_word_in_icelandic_costs_more_than_one_in_another_language():
    german = [word.encode("cp1252") for word in "Müller Größe Köln Weiß Jürgen Björn".split()]
    for word, language, cost in (("Þórður", "Icelandic", -4.5), ("Åström", "Swedish", -1.5)):
        alone = guess("cp1252", word.encode("cp1252"))
        mixed = guess("cp1252", *german, word.encode("cp1252"))
        assert (alone.language, mixed.language) == (language, "German")
        more = mixed.score - guess("cp1252", *german).score - alone.score
        assert more == pytest.approx(cost)


def test_every_encoding_has_the_start_that_its_programs_deserve():
    # A word within ASCII reads alike in all of them.
    assert {one.encoding: one.score for one in guesses_of([b"5"], {})} == STARTS


def test_letters_beyond_ascii_are_counted():
    assert guess("cp1252", "Größe".encode("cp1252"), b"5\x80").letters == 3
    assert guess("cp1252", b"\x7f5").letters == 0


def test_the_rest_of_the_file_counts_for_the_language_that_it_fits_best():
    word = b"5\x80"  # fits all languages alike
    west = "German French Spanish Portuguese Italian Dutch Danish Norwegian Swedish Finnish Icelandic Catalan Estonian"
    assert guess("cp1252", word).in_company == -8.0
    all_of_them = dict.fromkeys(west.split(), -5.0)
    assert guess("cp1252", word, company=all_of_them).in_company == -13.0
    assert guess("cp1252", word, company=all_of_them | {"Finnish": -2.0}).in_company == -10.0
    # The score itself stays what the letters say.
    assert guess("cp1252", word, company=all_of_them).score == -8.0


def test_a_reading_that_has_become_hopeless_is_dropped():
    good = [f"Größe{n}".encode("cp1252") for n in range(45)]
    found = {one.encoding for one in guesses_of(good, {})}
    assert "cp1252" in found
    assert "cp1251" not in found  # Latin letters beside Cyrillic ones
    assert "cp1251" in {one.encoding for one in guesses_of(good[:2], {})}


# -- margins -----------------------------------------------------------------------------------------


def near(
    gap: float, in_company: float, differing: int, best_vote: float = 0, vote: float = 0
) -> bool:
    best = Guess(-20.0, "a", "x", 9, in_company=-30.0, vote=best_vote)
    rival = Guess(-20.0 - gap, "b", "y", 9, in_company=-30.0 - in_company, vote=vote)
    return is_near(rival, best, differing)


def test_a_reading_that_differs_in_no_word_is_no_rival():
    assert not near(0, 0, 0)
    assert near(0, 0, 1)


def test_the_margin_is_four_nats_and_four_more_shared_by_the_words_that_differ():
    for differing, margin in ((1, 8.0), (2, 6.0), (4, 5.0), (8, 4.5)):
        assert near(100, margin - 0.01, differing)
        assert not near(100, margin, differing)


def test_the_rest_of_the_file_makes_up_for_six_nats_at_most():
    assert near(1.99, 100, 1)
    assert not near(2.0, 100, 1)
    assert near(-1.51, 100, 8)
    assert not near(-1.5, 100, 8)
    assert near(100, 4.0, 8)


def test_votes_of_another_detector_count_for_either():
    assert not near(0, 0, 1, best_vote=8)
    assert near(0, 0, 1, best_vote=7.9)
    assert near(100, 10, 1, vote=2.1)
    assert not near(100, 10, 1, vote=2)
    assert near(4, 100, 1, vote=2.1)
    assert not near(4, 100, 1, vote=2)


# -- words that are looked at ------------------------------------------------------------------------


def test_every_word_is_looked_at_once_if_there_are_few_the_most_frequent_first():
    assert telling([b"a\xe9", b"b\xe8", b"b\xe8", b"c\xe7"]) == [b"b\xe8", b"a\xe9", b"c\xe7"]
    assert telling([]) == []


def test_beyond_two_hundred_words_two_for_each_rare_byte_are_looked_at():
    usual = [b"%d\xe9" % n for n in range(200)]
    rare = [b"a\xfc", b"b\xfc", b"c\xfc", b"d\xe9", b"xyz\x7f", b"e\xe9\xf6", b"f\x80"]
    assert telling([*usual * 2, *rare]) == [*usual, b"a\xfc", b"b\xfc", b"e\xe9\xf6", b"f\x80"]
    # One among the usual ones counts as seen.
    first = [b"0\xfc", *usual[1:]]
    assert telling([*first * 2, *rare]) == [*first, b"a\xfc", b"e\xe9\xf6", b"f\x80"]
