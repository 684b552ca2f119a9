"""Button data survives its way through a messenger, and what we did not write is nothing."""

import pytest

from bot.messaging.callback_data import MAX_BYTES, NEEDS_NUMBER, Press, Verb, parse, whose
from bot.messaging.platform import Person

LARGEST = 10**18 - 1  # what fits a database's 64 bits for certain


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("job", [1, LARGEST])
def test_a_press_comes_back_as_it_was_packed(verb: Verb, job: int) -> None:
    number = -1 if verb in NEEDS_NUMBER else None
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
        "again:9999999999999999999",
        "choose:1:9999999999999999999",
        "x" * 64,
    ],
)
def test_foreign_strings_are_nothing(data: str) -> None:
    assert parse(data) is None


def test_a_persons_buttons_are_told_from_everybody_elses() -> None:
    people = [Person(platform, str(number)) for platform in ("telegram", "discord") for number in range(500)]
    assert len({whose(person) for person in people}) == len(people)
    assert whose(Person("telegram", "7", "zh")) == whose(Person("telegram", "7", "en"))
    assert parse(Press(Verb.FORGET, whose(people[0]), 1).pack()) == Press(Verb.FORGET, whose(people[0]), 1)
