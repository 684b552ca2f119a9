"""How long a job still takes, how far it is, and which changes are shown."""

from dataclasses import replace
from itertools import pairwise

import pytest

from bot.domain import eta
from storage.jobs import State
from tests.harness.rows import A_JOB, NOON


@pytest.mark.parametrize(
    ("place", "running_for", "slots", "seconds"),
    [
        (1, None, 1, 15.0),
        (1, 5.0, 1, 25.0),
        (3, 5.0, 1, 55.0),
        (1, 14.9, 1, 16.5),  # a running task always has some time left
        (1, 400.0, 1, 16.5),
        (4, 5.0, 4, 25.0),
        (5, 5.0, 4, 40.0),
    ],
)
def test_the_time_left_counts_what_runs_and_the_rounds_before(
    place: int, running_for: float | None, slots: int, seconds: float
) -> None:
    assert eta.seconds_left(place=place, running_for=running_for, cycle=15.0, slots=slots) == seconds


def test_progress_grows_and_never_reaches_one() -> None:
    job = replace(A_JOB, state=State.RUNNING, submitted=NOON)
    shown = [eta.progress(job, 15.0, NOON + seconds) or 0.0 for seconds in range(0, 600, 5)]
    assert shown == sorted(shown)
    assert shown[0] == 0.0
    assert 0.89 < shown[3] < shown[-1] <= 0.95


def test_only_running_jobs_have_progress() -> None:
    for state in State:
        job = replace(A_JOB, state=state, submitted=None if state == State.QUEUED else NOON)
        assert (eta.progress(job, 15.0, NOON + 5) is not None) == (state in {State.RUNNING, State.FETCHING}), state


def test_progress_is_zero_when_the_clock_was_set_back() -> None:
    assert eta.progress(replace(A_JOB, state=State.RUNNING, submitted=NOON), 15.0, NOON - 3600) == 0.0


def test_distant_places_are_shown_rarely_and_near_ones_always() -> None:
    shown = [place for place in range(1, 100) if eta.is_worth_showing(place)]
    assert shown[:12] == [1, 2, 3, 4, 5, 6, 7, 9, 11, 14, 18, 23]
    steps = [after - before for before, after in pairwise(shown)]
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
def test_an_estimate_is_shown_again_when_it_has_changed_by_a_fifth(
    old: float | None, new: float | None, worth: bool
) -> None:
    assert eta.eta_differs(old, new) == worth
