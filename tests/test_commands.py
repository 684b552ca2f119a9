"""What people type is understood, with its typos; what is meant for others is left alone."""

import pytest

from bot.domain.styles import STYLES, Style, by_index
from bot.messaging.commands import MAX_WORDS, Name, Unknown, chosen, is_reference, understand


@pytest.mark.parametrize(
    ("text", "command", "words"),
    [
        ("/style 3", Name.STYLE, "3"),
        ("  /style 3  ", Name.STYLE, "3"),
        ("/style@repaint_bot comic", Name.STYLE, "comic"),
        ("/Style Retro comic", Name.STYLE, "Retro comic"),
        ("/style3", Name.STYLE, "3"),
        ("/style_3@repaint_bot", Name.STYLE, "3"),
        ("/style 复古漫画", Name.STYLE, "复古漫画"),
        ("/style", Name.STYLE, ""),
        ("/styles", Name.STYLES, ""),
        ("/ref", Name.REF, ""),
        ("/start deep_link", Name.START, "deep_link"),
        ("/dance", Name.UNKNOWN, ""),
        ("/", Name.UNKNOWN, "/"),
        ("/風格 3", Name.UNKNOWN, "/風格 3"),
        ("just words", None, "just words"),
        ("", None, ""),
    ],
)
def test_commands_and_their_words(text: str, command: Name | None, words: str) -> None:
    said = understand(text)
    assert (said.command, said.words) == (command, words)


def test_a_command_for_another_bot_is_not_for_us() -> None:
    assert understand("/style@other_bot 3").for_another("repaint_bot")
    assert not understand("/style@Repaint_Bot 3").for_another("repaint_bot")
    assert not understand("/style 3").for_another("repaint_bot")


def test_a_mention_at_the_start_names_us() -> None:
    said = understand("@Repaint_bot anime")
    assert said.names("repaint_bot")
    assert (said.command, said.words) == (None, "anime")
    assert understand("@somebody look").for_another("repaint_bot")


def test_a_command_may_follow_a_mention() -> None:
    said = understand("@repaint_bot /style 3")
    assert said.names("repaint_bot")
    assert (said.command, said.words) == (Name.STYLE, "3")
    assert understand("@somebody /style 3").for_another("repaint_bot")


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.slug)
def test_number_slug_and_both_names_find_a_style(style: Style) -> None:
    for words in (str(style.index), style.slug, style.english, style.chinese, style.english.upper()):
        assert chosen(words, STYLES) == style


@pytest.mark.parametrize(
    "words", ["3", " 3 ", "#3", "3.", "３", "style 3", "风格3", "画风 3", "“3”", "3号", "3\nthanks"]
)
def test_a_number_is_found_as_people_write_it(words: str) -> None:
    assert chosen(words, STYLES) == by_index(3)


@pytest.mark.parametrize(
    ("typo", "slug"), [("anmie", "anime"), ("comci", "comic"), ("pixle", "pixel"), ("retro comics", "comic")]
)
def test_a_typo_finds_the_nearest(typo: str, slug: str) -> None:
    unknown = chosen(typo, STYLES)
    assert isinstance(unknown, Unknown)
    assert unknown.meant is not None
    assert unknown.meant.slug == slug


def test_words_far_from_any_style_are_unknown_and_repeated_short() -> None:
    unknown = chosen("what a wonderful day " * 20, STYLES)
    assert isinstance(unknown, Unknown)
    assert unknown.meant is None
    assert len(unknown.words) == MAX_WORDS


def test_a_style_that_is_not_on_offer_is_known_by_name() -> None:
    unknown = chosen("pixel", STYLES[:5])
    assert isinstance(unknown, Unknown)
    assert unknown.known is not None
    assert unknown.known.slug == "pixel"


def test_no_words_choose_nothing() -> None:
    assert chosen(" ", STYLES) is None


@pytest.mark.parametrize("words", ["ref", "REF", "reference", "参考", "-1", " ref. "])
def test_words_for_a_reference(words: str) -> None:
    assert is_reference(words)


@pytest.mark.parametrize("words", ["", "refresh", "1", "comic"])
def test_other_words_are_no_reference(words: str) -> None:
    assert not is_reference(words)
