"""Names of saved styles: normalization, validation, renames."""

import pytest

from bot.domain.error_codes import ErrorCode
from bot.saved_styles.names import MAX_NAME, name_problem, normalize, parse_rename, tidy


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Waves", "Waves"),
        ("  the   great\n wave ", "the great wave"),
        ("wa\u200bves\u202e", "wa ves"),
        ("Ｗａｖｅｓ", "Waves"),
        ("神奈川冲浪里", "神奈川冲浪里"),
        ("🌊", "🌊"),
        ("\x00\n", ""),
    ],
)
def test_a_name_is_stored_on_one_line_without_invisible_characters(typed: str, stored: str) -> None:
    assert tidy(typed) == stored


def test_names_are_compared_without_case_spaces_and_dashes() -> None:
    assert normalize("The Great Wave") == normalize("the-great_wave") == normalize(" THE GREAT  WAVE ")
    assert normalize("wave") != normalize("waves")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Waves", None),
        ("x" * MAX_NAME, None),
        ("x" * (MAX_NAME + 1), ErrorCode.NAME_INVALID),
        ("", ErrorCode.NAME_INVALID),
        ("- _ -", ErrorCode.NAME_INVALID),
        ("3", ErrorCode.NAME_TAKEN),
        ("Comic", ErrorCode.NAME_TAKEN),
        ("复古漫画", ErrorCode.NAME_TAKEN),
        ("ref", ErrorCode.NAME_TAKEN),
        ("30 days", None),
    ],
)
def test_a_name_must_not_be_that_of_a_built_in_style(name: str, reason: ErrorCode | None) -> None:
    problem = name_problem(name)
    assert (None if problem is None else problem.code) == reason


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("quilt blanket", ("quilt", "blanket")),
        ("old quilt my blanket", ("old quilt", "my blanket")),
        ("Old  Quilt = my blanket", ("Old Quilt", "my blanket")),
        ("quilt->blanket", ("quilt", "blanket")),
        ("old -> new", None),
        ("quilt", None),
        ("", None),
    ],
)
def test_a_new_name_follows_the_longest_name_that_is_known(text: str, parsed: tuple[str, str] | None) -> None:
    assert parse_rename(text, ["quilt", "old quilt"]) == parsed
