"""Button data survives its way through a messenger, and what we did not write is nothing."""

import pytest

from bot.buttons import MAX_BYTES, Press, Verb, parse

LARGEST = 10**18


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("job", [1, LARGEST])
def test_a_press_comes_back_as_it_was_packed(verb: Verb, job: int) -> None:
    number = -1 if verb in {Verb.CHOOSE, Verb.PAGE} else None
    press = Press(verb, job, number)
    assert parse(press.pack()) == press
    assert len(press.pack().encode()) <= MAX_BYTES


@pytest.mark.parametrize("number", [None, 0, 1])
def test_deleting_asks_first_and_so_takes_a_number(number: int | None) -> None:
    press = Press(Verb.DELETE, 7, number)
    assert parse(press.pack()) == press


@pytest.mark.parametrize(
    "data",
    [
        "",
        "choose",
        "choose:1",
        "page:1",
        "again:1:2",
        "paint:1",
        "choose:1:x",
        "choose:-1:2",
        "delete:1:2:3",
        "again:１",
        "x" * 64,
    ],
)
def test_foreign_strings_are_nothing(data: str) -> None:
    assert parse(data) is None
