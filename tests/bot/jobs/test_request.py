"""Names of people, as others see them."""

import pytest

from bot.jobs.request import MAX_NAME, display_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Anna", "Anna"),
        ("  Anna \n Berg\t", "Anna Berg"),
        ("Anna\u202egreB", "Anna greB"),  # right-to-left override: it would turn the rest of the card around
        ("小明", "小明"),
        ("", None),
        ("\u200b\u2066", None),
        ("x" * 5000, "x" * MAX_NAME),
    ],
)
def test_a_name_is_one_bounded_line(name: str, shown: str | None) -> None:
    assert display_name(name) == shown
