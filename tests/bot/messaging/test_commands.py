"""Parsing of what people type: commands, mentions, styles and typos."""

import pytest

from bot.domain.styles import STYLES, Style, by_index
from bot.messaging.commands import NO_NAME, nearest_command, parse_text
from bot.messaging.style_text import MAX_STYLE_TEXT, UnknownStyle, find_style, is_reference


@pytest.mark.parametrize(
    ("text", "command", "rest"),
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
def test_commands_are_split_from_their_text(text: str, command: str | None, rest: str) -> None:
    parsed = parse_text(text)
    assert (parsed.command, parsed.text) == (command, rest)


def test_a_command_for_another_bot_is_not_for_us() -> None:
    assert parse_text("/style@other_bot 3").for_another("repaint_bot")
    assert not parse_text("/style@Repaint_Bot 3").for_another("repaint_bot")
    assert not parse_text("/style 3").for_another("repaint_bot")


def test_a_mention_at_the_start_names_us() -> None:
    parsed = parse_text("@Repaint_bot anime")
    assert parsed.mentions("repaint_bot")
    assert (parsed.command, parsed.text) == (None, "anime")
    assert parse_text("@somebody look").for_another("repaint_bot")


def test_a_command_may_follow_a_mention() -> None:
    parsed = parse_text("@repaint_bot /style 3")
    assert parsed.mentions("repaint_bot")
    assert (parsed.command, parsed.text) == ("style", "3")
    assert parse_text("@somebody /style 3").for_another("repaint_bot")


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.slug)
def test_a_style_is_found_by_number_slug_and_both_names(style: Style) -> None:
    for text in (str(style.index), style.slug, style.english, style.chinese, style.english.upper()):
        assert find_style(text, STYLES) == style


@pytest.mark.parametrize(
    "text", ["3", " 3 ", "#3", "3.", "３", "style 3", "风格3", "画风 3", "“3”", "3号", "3\nthanks"]
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert find_style(text, STYLES) == by_index(3)


@pytest.mark.parametrize(
    ("typo", "slug"), [("anmie", "anime"), ("comci", "comic"), ("pixle", "pixel"), ("retro comics", "comic")]
)
def test_a_typo_suggests_the_nearest_style(typo: str, slug: str) -> None:
    unknown = find_style(typo, STYLES)
    assert isinstance(unknown, UnknownStyle)
    assert unknown.suggestion is not None
    assert unknown.suggestion.slug == slug


def test_text_far_from_any_style_has_no_suggestion_and_is_quoted_shortened() -> None:
    unknown = find_style("what a wonderful day " * 20, STYLES)
    assert isinstance(unknown, UnknownStyle)
    assert unknown.suggestion is None
    assert len(unknown.text) == MAX_STYLE_TEXT


def test_a_style_that_is_not_on_offer_is_recognized() -> None:
    unknown = find_style("pixel", STYLES[:5])
    assert isinstance(unknown, UnknownStyle)
    assert unknown.unavailable is not None
    assert unknown.unavailable.slug == "pixel"


def test_empty_text_chooses_no_style() -> None:
    assert find_style(" ", STYLES) is None


@pytest.mark.parametrize("text", ["ref", "REF", "reference", "参考", "-1", " ref. "])
def test_words_that_ask_for_a_reference_are_recognized(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", ["", "refresh", "1", "comic"])
def test_other_words_do_not_ask_for_a_reference(text: str) -> None:
    assert not is_reference(text)


KNOWN = (
    "style",
    "styles",
    "again",
    "ref",
    "help",
    "start",
    "cancel",
    "history",
    "quota",
    "queue",
    "privacy",
    "savestyle",
)


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        *(("sytle", "style"), ("stlye", "style"), ("styl", "style"), ("stile", "style"), ("sttyle", "style")),
        *(("hlep", "help"), ("hepl", "help"), ("agian", "again"), ("cancle", "cancel"), ("histroy", "history")),
        *(("qouta", "quota"), ("queu", "queue"), ("strat", "start"), ("save_style", "savestyle"), ("stylez", None)),
        *(("dance", None), ("usr", None), ("x", None), ("stylist", None), ("holp", "help")),
    ],
)
def test_a_mistyped_command_suggests_the_one_that_was_meant(typo: str, meant: str | None) -> None:
    assert nearest_command(typo, KNOWN) == meant


@pytest.mark.parametrize(
    ("text", "command", "rest"),
    [
        ("/my_styles", "my_styles", ""),
        ("/style_anime", "style_anime", ""),
        ("/broadcast: 👨‍👩‍👧 hello　you", "broadcast", "👨‍👩‍👧 hello　you"),
        ("\u200f/savestyle ❤️", "savestyle", "❤️"),
        ("/start\u00a0look_anime", "start", "look_anime"),
        ("、你好", None, "、你好"),
        ("/usr/bin/python", "usr", "/bin/python"),
        ("/style3D世界", "style", "3 D世界"),
        ("/" + "a" * 33, NO_NAME, "/" + "a" * 33),
        ("/" + "x " * 5000, "x", ("x " * 4999).strip()),
    ],
)
def test_what_follows_a_command_stays_as_it_was_typed(text: str, command: str | None, rest: str) -> None:
    parsed = parse_text(text)
    assert (parsed.command, parsed.text) == (command, rest)
