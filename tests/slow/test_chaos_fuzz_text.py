"""The pure functions that parse user text hold their guarantees for any input."""

import random
import time
import unicodedata

import pytest

from bot.dashscope.errors import sanitize
from bot.dashscope.photo_links import read_token
from bot.domain.styles import STYLES, find, nearest
from bot.i18n import texts_for
from bot.messaging.callback_data import MAX_BYTES
from bot.messaging.commands import parse_text
from bot.messaging.style_text import find_style, is_reference, split_me
from bot.saved_styles import names
from chaos.fuzz_text import HOSTILE_TEXTS, random_text
from tests.harness.buttons import KINDS, example, unpacked

MANY = 1000
SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def texts() -> list[str]:
    rng = random.Random(4)
    return [*HOSTILE_TEXTS, *(random_text(rng) for _ in range(MANY))]


def test_foreign_button_data_parses_to_none_or_to_itself(texts: list[str]) -> None:
    for text in texts:
        press = unpacked(text)
        assert press is None or press.pack() == text


def test_our_own_button_data_round_trips() -> None:
    rng = random.Random(5)
    for _ in range(MANY):
        press = example(rng.choice([*KINDS.values()]), rng.randrange(10**18), rng.randrange(-(10**9), 10**9))
        assert len(press.pack().encode()) <= MAX_BYTES
        assert unpacked(press.pack()) == press


def test_any_text_is_parsed_without_an_error(texts: list[str]) -> None:
    for text in texts:
        message = parse_text(text)
        assert len(message.text) <= len(text)
        split_me(message.text)
        is_reference(message.text)
        find_style(message.text, STYLES)
        found = find(text, STYLES)
        assert found is None or found in STYLES
        nearest(text, STYLES)


def test_a_tidied_name_is_stable_and_has_no_control_characters(texts: list[str]) -> None:
    for text in texts:
        name = names.tidy(text)
        assert names.tidy(name) == name
        assert not any(unicodedata.category(char).startswith("C") for char in name)
        if names.name_problem(name) is None:
            assert 0 < len(name) <= names.MAX_NAME


def test_a_long_text_is_searched_for_a_name_quickly() -> None:
    """This took a second and blocked everybody."""
    start = time.process_time()
    assert names.parse_rename("a " * 2048, ["mine"]) is None
    assert names.parse_rename("mine " + "b " * 2040, ["mine"]) is not None
    assert time.process_time() - start < 0.25


def test_an_api_message_becomes_one_bounded_printable_line(texts: list[str]) -> None:
    for text in texts:
        line = sanitize(text)
        assert len(line) <= 300
        assert line.isprintable()


def test_no_user_text_is_a_valid_photo_link(texts: list[str]) -> None:
    assert not any(read_token(SECRET, text, 0.0) for text in texts)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_user_text_is_quoted_verbatim(texts: list[str], language: str) -> None:
    catalog = texts_for(language)
    for text in texts:
        assert text in catalog.gettext("I don't know the style “{words}”. Please choose one.", words=text)
