"""What a saved style may be called."""

import pytest

from bot.domain.job_view import Reason
from bot.saved_styles.names import MAX_NAME, fold, problem_with, renamed, tidy


@pytest.mark.parametrize(
    ("said", "kept"),
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
def test_a_name_is_kept_on_one_line_without_what_nobody_sees(said: str, kept: str) -> None:
    assert tidy(said) == kept


def test_names_are_compared_as_people_do() -> None:
    assert fold("The Great Wave") == fold("the-great_wave") == fold(" THE GREAT  WAVE ")
    assert fold("wave") != fold("waves")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Waves", None),
        ("x" * MAX_NAME, None),
        ("x" * (MAX_NAME + 1), Reason.NAME_INVALID),
        ("", Reason.NAME_INVALID),
        ("- _ -", Reason.NAME_INVALID),
        ("3", Reason.NAME_TAKEN),
        ("Comic", Reason.NAME_TAKEN),
        ("复古漫画", Reason.NAME_TAKEN),
        ("ref", Reason.NAME_TAKEN),
        ("30 days", None),
    ],
)
def test_a_name_must_not_be_that_of_a_style_that_everybody_has(name: str, reason: Reason | None) -> None:
    problem = problem_with(name)
    assert (None if problem is None else problem.reason) == reason


@pytest.mark.parametrize(
    ("words", "told"),
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
def test_a_new_name_follows_the_longest_name_that_is_known(words: str, told: tuple[str, str] | None) -> None:
    assert renamed(words, ["quilt", "old quilt"]) == told
