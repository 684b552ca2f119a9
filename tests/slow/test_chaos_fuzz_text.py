"""Whatever people write, the pure functions that read it keep their word."""

import random
import time
import unicodedata

import pytest

from bot.dashscope.errors import plain
from bot.dashscope.photo_links import read_token
from bot.domain.styles import STYLES, find, nearest
from bot.i18n import texts_for
from bot.messaging.callback_data import MAX_BYTES, NEEDS_NUMBER, Press, Verb, parse
from bot.messaging.commands import find_style, is_reference, parse_text, split_me
from bot.saved_styles import names
from chaos.fuzz_text import HOSTILE_TEXTS, random_text

MANY = 1000
SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def written() -> list[str]:
    rng = random.Random(4)
    return [*HOSTILE_TEXTS, *(random_text(rng) for _ in range(MANY))]


def test_foreign_button_data_is_none_or_what_it_says(written: list[str]) -> None:
    for text in written:
        press = parse(text)
        assert press is None or press.pack() == text


def test_our_own_button_data_comes_back_as_it_was() -> None:
    rng = random.Random(5)
    for _ in range(MANY):
        verb, about, number = rng.choice(list(Verb)), rng.randrange(10**18), rng.randrange(-(10**9), 10**9)
        press = Press(verb, about, number if verb in NEEDS_NUMBER else None)
        assert len(press.pack().encode()) <= MAX_BYTES
        assert parse(press.pack()) == press


def test_words_are_understood_or_not_and_nothing_breaks(written: list[str]) -> None:
    for text in written:
        said = parse_text(text)
        assert len(said.words) <= len(text)
        split_me(said.words)
        is_reference(said.words)
        find_style(said.words, STYLES)
        found = find(text, STYLES)
        assert found is None or found in STYLES
        nearest(text, STYLES)


def test_a_tidy_name_stays_as_it_is_and_hides_nothing(written: list[str]) -> None:
    for text in written:
        name = names.tidy(text)
        assert names.tidy(name) == name
        assert not any(unicodedata.category(char).startswith("C") for char in name)
        if names.name_problem(name) is None:
            assert 0 < len(name) <= names.MAX_NAME


def test_a_long_text_is_searched_for_a_name_in_no_time() -> None:
    """Once a second's work, while everybody waited."""
    began = time.process_time()
    assert names.parse_rename("a " * 2048, ["mine"]) is None
    assert names.parse_rename("mine " + "b " * 2040, ["mine"]) is not None
    assert time.process_time() - began < 0.25


def test_what_an_api_says_becomes_one_bounded_printable_line(written: list[str]) -> None:
    for text in written:
        line = plain(text)
        assert len(line) <= 300
        assert line.isprintable()


def test_nothing_that_people_write_is_a_photo_link(written: list[str]) -> None:
    assert not any(read_token(SECRET, text, 0.0) for text in written)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_people_wrote_is_quoted_as_it_is(written: list[str], language: str) -> None:
    texts = texts_for(language)
    for text in written:
        assert text in texts.gettext("I don't know the style “{words}”. Please choose one.", words=text)
