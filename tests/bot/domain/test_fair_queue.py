"""Whose turn it is: fairness, places, and what is said about time."""

from dataclasses import replace
from itertools import pairwise

import pytest

from bot.domain import fair_queue
from storage.jobs import State
from storage.queue import Turn
from tests.harness.rows import A_JOB, NOON


def served(arrivals: list[str]) -> str:
    """The order in which people are served who all asked before the first was."""
    last: dict[str, int] = {}
    queue = []
    for number, person in enumerate(arrivals):
        last[person] = fair_queue.next_tag(Turn(vtime=0, last_tag=last.get(person, 0), weight=1))
        queue.append((last[person], number, person))
    return "".join(person for _, _, person in sorted(queue))


def test_everybodys_first_photo_comes_before_anybodys_second() -> None:
    assert served(list("aaaabbc")) == "abcabaa"


def test_a_newcomer_is_put_one_round_before_the_turn_that_is_served() -> None:
    assert fair_queue.next_tag(Turn(vtime=90_000, last_tag=0, weight=1)) == 89_000


def test_who_waits_for_their_last_photo_comes_a_round_after_it() -> None:
    assert fair_queue.next_tag(Turn(vtime=5_000, last_tag=100_000, weight=1)) == 101_000


def test_a_heavier_weight_comes_round_more_often() -> None:
    assert fair_queue.next_tag(Turn(vtime=0, last_tag=4_000, weight=4)) == 4_250


def test_a_job_that_waits_is_never_overtaken_by_a_later_first_job() -> None:
    """The turn that is served only goes forward, so a later newcomer's tag is never less than an earlier one's."""
    tags = [fair_queue.next_tag(Turn(vtime, last_tag=0, weight=1)) for vtime in (0, 1_000, 1_000, 7_000)]
    assert tags == sorted(tags)


@pytest.mark.parametrize(
    ("place", "running_for", "slots", "seconds"),
    [
        (1, None, 1, 15.0),
        (1, 5.0, 1, 25.0),
        (3, 5.0, 1, 55.0),
        (1, 14.9, 1, 16.5),  # what runs is never said to be over
        (1, 400.0, 1, 16.5),
        (4, 5.0, 4, 25.0),
        (5, 5.0, 4, 40.0),
    ],
)
def test_the_time_left_counts_what_runs_and_the_rounds_before(
    place: int, running_for: float | None, slots: int, seconds: float
) -> None:
    assert fair_queue.seconds_left(place=place, running_for=running_for, cycle=15.0, slots=slots) == seconds


def test_progress_grows_and_never_says_done() -> None:
    job = replace(A_JOB, state=State.RUNNING, submitted=NOON)
    shown = [fair_queue.progress(job, 15.0, NOON + seconds) or 0.0 for seconds in range(0, 600, 5)]
    assert shown == sorted(shown)
    assert shown[0] == 0.0
    assert 0.89 < shown[3] < shown[-1] <= 0.95


def test_progress_is_known_only_of_what_runs() -> None:
    for state in State:
        job = replace(A_JOB, state=state, submitted=None if state == State.QUEUED else NOON)
        assert (fair_queue.progress(job, 15.0, NOON + 5) is not None) == (state in {State.RUNNING, State.FETCHING}), (
            state
        )


def test_progress_stands_at_nothing_when_the_clock_was_set_back() -> None:
    assert fair_queue.progress(replace(A_JOB, state=State.RUNNING, submitted=NOON), 15.0, NOON - 3600) == 0.0


def test_far_places_are_told_rarely_and_near_ones_always() -> None:
    told = [place for place in range(1, 100) if fair_queue.is_worth_telling(place)]
    assert told[:12] == [1, 2, 3, 4, 5, 6, 7, 9, 11, 14, 18, 23]
    steps = [after - before for before, after in pairwise(told)]
    assert steps == sorted(steps)


@pytest.mark.parametrize(
    ("old", "new", "worth"),
    [
        (100.0, 100.0, False),
        (100.0, 119.0, False),
        (100.0, 120.0, True),
        (100.0, 79.0, True),
        (0.0, 0.1, False),
        (None, 5.0, True),
        (5.0, None, True),
        (None, None, False),
    ],
)
def test_an_estimate_is_told_again_when_a_fifth_has_changed(old: float | None, new: float | None, worth: bool) -> None:
    assert fair_queue.eta_differs(old, new) == worth
