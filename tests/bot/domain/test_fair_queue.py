"""Whose turn it is: fairness between people."""

from bot.domain import fair_queue
from storage.queue import Turn


def served(arrivals: list[str]) -> str:
    """The order in which these people are served if all of them ask before the first is served."""
    last: dict[str, int] = {}
    queue = []
    for number, person in enumerate(arrivals):
        last[person] = fair_queue.next_tag(Turn(vtime=0, last_tag=last.get(person, 0), weight=1))
        queue.append((last[person], number, person))
    return "".join(person for _, _, person in sorted(queue))


def test_everybodys_first_photo_comes_before_anybodys_second() -> None:
    assert served(list("aaaabbc")) == "abcabaa"


def test_a_newcomer_gets_the_tag_one_round_before_the_turn_that_is_served() -> None:
    assert fair_queue.next_tag(Turn(vtime=90_000, last_tag=0, weight=1)) == 89_000


def test_a_persons_next_photo_comes_one_round_after_their_last() -> None:
    assert fair_queue.next_tag(Turn(vtime=5_000, last_tag=100_000, weight=1)) == 101_000


def test_a_higher_weight_is_served_more_often() -> None:
    assert fair_queue.next_tag(Turn(vtime=0, last_tag=4_000, weight=4)) == 4_250


def test_a_job_that_waits_is_never_overtaken_by_a_later_first_job() -> None:
    """The turn that is served only increases, so a later newcomer's tag is never lower than an earlier one's."""
    tags = [fair_queue.next_tag(Turn(vtime, last_tag=0, weight=1)) for vtime in (0, 1_000, 1_000, 7_000)]
    assert tags == sorted(tags)
