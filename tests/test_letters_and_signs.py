"""What speaks for an encoding: capitals and signs where words have them, letters of a language, words around them."""

from __future__ import annotations

import math

import pytest

from bulk_import.sources.text.company import company
from bulk_import.sources.text.east_asian import east_asian_encoding, east_asian_readings
from bulk_import.sources.text.languages import manners, one_byte_encoding
from bulk_import.sources.text.letters import (
    LANGUAGES,
    alphabet,
    chances_of,
    in_windows_letters,
    trigrams,
)

# -- capitals and signs ------------------------------------------------------------------------------

GOOD, ODD, WRONG, NEVER = -8.0, -17.0, -16.0, -26.0  # nats


@pytest.mark.parametrize(
    "word", "Ann Übel übel BÜRO Bürö ÜBEL DÜ Dü Ü ü üA d'Été Ü5 5ü -ü x-Ü MÜ Éé é".split()
)
def test_a_letter_in_its_place_costs_nothing(word):
    assert manners(word, has_case=True) == 0.0


@pytest.mark.parametrize("word", "aÜ MÜller éÉ SchÖn züRich aÉb".split())
def test_a_capital_within_a_word_costs_sixteen_nats_where_there_is_case(word):
    assert manners(word, has_case=True) == WRONG
    assert manners(word, has_case=False) == 0.0


@pytest.mark.parametrize(
    ("word", "nats"),
    [
        # Between letters, in front of them, behind them, alone.
        ("a«b", NEVER), ("a€b", NEVER), ("a“b", NEVER), ("a’b", GOOD), ("A’B", GOOD), ("a©b", NEVER), ("©a", NEVER), ("®A", NEVER), ("a®", GOOD), ("«", GOOD), ("«5", GOOD),
        ("«Ann", GOOD), ("«ann", ODD), ("Ann»", GOOD), ("»Ann", WRONG), ("”Ann", WRONG), ("’Ann", WRONG), ("’5", GOOD), ("5”", GOOD), ("»", GOOD),
        # Dashes and dots.
        ("a–b", ODD), ("a–B", GOOD), ("A–5", ODD), ("5–A", ODD), ("5–6", GOOD), ("–Ann", ODD), ("Ann–", ODD), ("a•b", NEVER), ("a…b", NEVER), ("Ann…", GOOD), ("…Ann", ODD), ("5…", GOOD), ("Ann•", ODD),
        ("A\u00a0B", GOOD), ("A\u00a0b", ODD), ("5\u00a0B", ODD), ("5\u00a06", GOOD),
        # Ordinals and raised digits follow one or two letters.
        ("Nº", GOOD), ("Mª", GOOD), ("ABº", GOOD), ("Nemeº", ODD), ("123º", GOOD), ("Nemº", ODD), ("m²", GOOD), ("km²", GOOD), ("abc²", ODD), ("123²", GOOD), ("5½", GOOD),
        # Signs of money and measure are apart from letters.
        ("€5", GOOD), ("€A", ODD), ("A€", ODD), ("5€", GOOD), ("¥degård", ODD), ("§5", GOOD), ("§a", ODD), ("±5", GOOD),
        # Signs that open do not close.
        ("¿Qué", GOOD), ("¡lvaro", ODD), ("a¡", ODD), ("5¡", GOOD), ("a‚", ODD), ("a„", ODD), ("„A", GOOD), ("¡5", GOOD),
        # The dot of Catalan; a hyphen beside a sign.
        ("col·legi", GOOD), ("L·L", GOOD), ("a·b", ODD), ("l·b", ODD), ("a·l", ODD), ("Borzom“-A", ODD), ("a-“", GOOD), ("“-a", GOOD), ("5“-", GOOD), ("a–-", GOOD),
        # Marks of direction, other characters, marks of tones.
        ("a\u200eb", NEVER), ("5\u200e6", GOOD), ("ש\u200eש", GOOD), ("a\x80", NEVER), ("\ufffd", NEVER), ("a\u0301", 0.0), ("ก\u0e31", 0.0), ("Ca–ada", ODD), ("a°", GOOD), ("a×", GOOD),
    ],
)  # fmt: skip
def test_a_sign_costs_more_the_odder_its_place(word, nats):
    assert manners(word, has_case=True) == nats


def test_each_sign_and_letter_of_a_word_counts():
    assert manners("«A»b«", has_case=True) == GOOD + NEVER + GOOD
    assert manners("aÜbÖ", has_case=True) == 2 * WRONG
    assert manners("", has_case=True) == 0.0


# -- letters -----------------------------------------------------------------------------------------


def test_trigrams_begin_two_letters_before_a_word_and_end_with_its_edge():
    assert trigrams("") == []
    assert trigrams("a") == ["^^a", "^a^"]
    assert trigrams("abc") == ["^^a", "^ab", "abc", "bc^"]


def test_the_chances_of_what_may_follow_two_letters_are_those_of_a_language():
    chances = chances_of("German")
    assert alphabet("German") == frozenset("äöüß")
    # A letter of another language is the same everywhere, however often it is asked.
    assert [chances["^^ł"], chances["^^ł"]] == [-16.0, -16.0]
    letters = "abcdefghijklmnopqrstuvwxyzäöüß^"
    for context in ("mü", "^^", "ab", "zz", "ßq"):
        total = sum(math.exp(chances[context + letter]) for letter in letters)
        assert total == pytest.approx(1.0, abs=1e-4), context
    # Where two letters never stand together, the second alone says what may follow.
    assert chances["ßqu"] > chances["ßqe"]
    assert chances["^^e"] < chances["^^s"]
    assert chances["mül"] > chances["müx"]
    assert chances["zzq"] == -13.0  # nothing is less likely
    assert all(chances_of(language)["^^a"] > -6 for language in ("German", "French", "Polish"))


def test_small_letters_are_as_the_encodings_of_windows_have_them():
    assert in_windows_letters("ștefan șțȘȚ", "Romanian") == "ştefan şţŞŢ"
    assert in_windows_letters("ấ", "Romanian") == "ấ"
    assert in_windows_letters("nguyễn trần đức phở", "Vietnamese") == (
        "nguyê\u0303n trâ\u0300n đư\u0301c phơ\u0309"
    )


# -- the rest of the file ----------------------------------------------------------------------------


def test_countries_of_addresses_count_one_and_a_half_nats_each_up_to_six():
    found = company(b"a@b.de\na@b.de,x@c.co.at;y@d.it\nz@e.com a@f.d")
    assert set(found) == set(LANGUAGES)
    assert (found["German"], found["Italian"], found["French"]) == (0.0, -3.0, -4.5)
    many = company(b"a@b.de " * 9)
    assert (many["German"], many["Italian"]) == (0.0, -6.0)
    assert set(company(b"").values()) == {0.0}
    # An address ends where its domain ends, and countries of several languages say nothing.
    assert set(company(b"a@b.de-x a@b.de.com a@b.ch a@b.be a@b.de_").values()) == {0.0}
    assert company(b"a@b.DE")["German"] > company(b"a@b.DE")["Italian"]


def test_words_of_four_letters_and_more_speak_for_their_language():
    found = company(b"schmidt strasse becker gesellschaft werkzeug schneider")
    assert max(found, key=found.__getitem__) == "German"
    assert found["German"] == 0.0
    assert -14.0 <= min(found.values()) < -1.0
    # Words in addresses, short ones and those beside digits or other letters are left out.
    for text in (
        b"abc xyz",
        b"schmidt@x",
        b"schmidt.x",
        b"schmidt-x",
        b"x.schmidt",
        b"schmidt1",
        b"schm\xfcdt",
    ):
        assert set(company(text).values()) == {0.0}, text


def test_a_twentieth_of_what_its_trigrams_say_counts_for_a_word():
    def fit(language: str) -> float:
        return sum(chances_of(language)[gram] for gram in trigrams("schmidt"))

    found = company(b"schmidt")
    for language in ("Italian", "French", "Polish"):
        assert found[language] == pytest.approx(0.05 * (fit(language) - fit("German")))


def test_a_word_counts_once_and_all_that_speaks_against_a_language_is_bounded():
    once, often = company(b"schmidt becker"), company(b"schmidt becker " * 50)
    assert once == often
    assert company(b"SCHMIDT Becker") == once
    long = b" ".join(
        f"gesellschaft{chr(97 + n // 26)}{chr(97 + n % 26)}".encode() for n in range(200)
    )
    assert min(company(long + b" a@b.de" * 9).values()) == -14.0


# -- one byte for each letter ------------------------------------------------------------------------


def test_the_best_reading_says_its_language_and_how_many_letters_it_looked_at():
    text = "Jürgen Müller Köln Straße Björn Schröder Lübeck Höhe"
    guess, candidates = one_byte_encoding(text.encode("cp1252"))
    assert guess is not None
    assert (guess.encoding, guess.language, guess.letters, candidates) == (
        "cp1252",
        "German",
        8,
        [],
    )
    assert -8 * 8 < guess.score < 0
    assert 0 < guess.vote <= 9.0
    # A word counts once, however often it is there.
    again, _ = one_byte_encoding(f"{text} {text}".encode("cp1252"))
    assert again is not None
    assert (again.score, again.letters) == (guess.score, 8)


def test_four_letters_are_the_fewest_that_prove_anything():
    assert one_byte_encoding("Åsa".encode("cp1252"))[0] is None
    assert one_byte_encoding("ждщю".encode("cp1251"))[0] is None


def test_a_byte_that_an_encoding_lacks_rules_it_out():
    guess, candidates = one_byte_encoding(b"caf\xe9 \x98\x81")
    names = {guess.encoding if guess else "", *candidates}
    assert not names & {"cp1252", "cp1251"}


# -- East Asian encodings ----------------------------------------------------------------------------


def test_readings_are_those_with_two_east_asian_characters_and_seven_in_ten():
    japanese = "山本さくら".encode("cp932")
    assert east_asian_readings(japanese)["cp932"] == "山本さくら"
    assert "cp932" not in east_asian_readings("山".encode("cp932"))
    assert east_asian_readings("山本".encode("cp932"))["cp932"] == "山本"
    # Beside a Latin letter such a character is an accented letter of the West.
    assert "cp932" not in east_asian_readings("山本a".encode("cp932"))
    assert "cp932" not in east_asian_readings("a山本".encode("cp932"))
    assert "cp932" in east_asian_readings("山本1".encode("cp932"))
    # Seven of ten characters: half-width ones are of another kind.
    assert "cp932" in east_asian_readings(("山" * 7 + "ｱ" * 3).encode("cp932"))
    assert "cp932" not in east_asian_readings(("山" * 6 + "ｱ" * 3).encode("cp932"))
    assert east_asian_readings(b"\xff\xff") == {}


def test_the_ends_of_each_range_of_characters_count():
    for pair in ("\u3000\u3000", "ーー", "一一", "龠龠", "！！", "～～"):
        assert "gb18030" in east_asian_readings(pair.encode("gb18030")), pair
    for pair in ("\u2500\u2500", "αα", "ㄅㄅ"):
        assert "gb18030" not in east_asian_readings(pair.encode("gb18030")), pair
    for pair in ("가가", "힣힣"):
        assert "cp949" in east_asian_readings(pair.encode("cp949")), pair


def test_fifteen_distinct_characters_prove_an_encoding():
    text = "安房郡鋸南町大田区八千代市川崎"
    assert len(set(text)) == 15
    assert east_asian_encoding(text.encode("cp932")) == ("cp932", [])
    assert east_asian_encoding("Jürgen Müller".encode("cp1252")) == ("", [])
    # With few, every encoding in which they read about as well is a rival.
    encoding, rivals = east_asian_encoding("郑畅".encode("gb18030"))
    assert rivals
    assert "gb18030" in (encoding, *rivals)
