"""What people type is understood, with its typos; what is meant for others is left alone."""

import pytest

from bot.domain.styles import STYLES, Style, by_index
from bot.messaging.commands import MAX_STYLE_TEXT, NO_NAME, UnknownStyle, find_style, is_reference, parse_text


@pytest.mark.parametrize(
    ("text", "command", "words"),
    [
        ("/style 3", "style", "3"),
        ("  /style 3  ", "style", "3"),
        ("/style@repaint_bot comic", "style", "comic"),
        ("/Style Retro comic", "style", "Retro comic"),
        ("/style3", "style", "3"),
        ("/style_3@repaint_bot", "style", "3"),
        ("/style 复古漫画", "style", "复古漫画"),
        ("/style", "style", ""),
        ("/styles", "styles", ""),
        ("/ref", "ref", ""),
        ("/start deep_link", "start", "deep_link"),
        ("/dance", "dance", ""),
        ("/", NO_NAME, "/"),
        ("/風格 3", NO_NAME, "/風格 3"),
        ("just words", None, "just words"),
        ("", None, ""),
    ],
)
def test_commands_and_their_words(text: str, command: str | None, words: str) -> None:
    said = parse_text(text)
    assert (said.command, said.text) == (command, words)


def test_a_command_for_another_bot_is_not_for_us() -> None:
    assert parse_text("/style@other_bot 3").for_another("repaint_bot")
    assert not parse_text("/style@Repaint_Bot 3").for_another("repaint_bot")
    assert not parse_text("/style 3").for_another("repaint_bot")


def test_a_mention_at_the_start_names_us() -> None:
    said = parse_text("@Repaint_bot anime")
    assert said.mentions("repaint_bot")
    assert (said.command, said.text) == (None, "anime")
    assert parse_text("@somebody look").for_another("repaint_bot")


def test_a_command_may_follow_a_mention() -> None:
    said = parse_text("@repaint_bot /style 3")
    assert said.mentions("repaint_bot")
    assert (said.command, said.text) == ("style", "3")
    assert parse_text("@somebody /style 3").for_another("repaint_bot")


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.slug)
def test_number_slug_and_both_names_find_a_style(style: Style) -> None:
    for words in (str(style.index), style.slug, style.english, style.chinese, style.english.upper()):
        assert find_style(words, STYLES) == style


@pytest.mark.parametrize(
    "words", ["3", " 3 ", "#3", "3.", "３", "style 3", "风格3", "画风 3", "“3”", "3号", "3\nthanks"]
)
def test_a_number_is_found_as_people_write_it(words: str) -> None:
    assert find_style(words, STYLES) == by_index(3)


@pytest.mark.parametrize(
    ("typo", "slug"), [("anmie", "anime"), ("comci", "comic"), ("pixle", "pixel"), ("retro comics", "comic")]
)
def test_a_typo_finds_the_nearest(typo: str, slug: str) -> None:
    unknown = find_style(typo, STYLES)
    assert isinstance(unknown, UnknownStyle)
    assert unknown.suggestion is not None
    assert unknown.suggestion.slug == slug


def test_words_far_from_any_style_are_unknown_and_repeated_short() -> None:
    unknown = find_style("what a wonderful day " * 20, STYLES)
    assert isinstance(unknown, UnknownStyle)
    assert unknown.suggestion is None
    assert len(unknown.text) == MAX_STYLE_TEXT


def test_a_style_that_is_not_on_offer_is_known_by_name() -> None:
    unknown = find_style("pixel", STYLES[:5])
    assert isinstance(unknown, UnknownStyle)
    assert unknown.unavailable is not None
    assert unknown.unavailable.slug == "pixel"


def test_no_words_choose_nothing() -> None:
    assert find_style(" ", STYLES) is None


@pytest.mark.parametrize("words", ["ref", "REF", "reference", "参考", "-1", " ref. "])
def test_words_for_a_reference(words: str) -> None:
    assert is_reference(words)


@pytest.mark.parametrize("words", ["", "refresh", "1", "comic"])
def test_other_words_are_no_reference(words: str) -> None:
    assert not is_reference(words)
