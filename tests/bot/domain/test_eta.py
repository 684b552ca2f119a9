"""How long a job still takes, how far it is, and which changes are shown."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

import bench.eta
from bot.domain import eta
from bot.domain.eta import AccountLoad, HeldSlot, Speed, Timing
from storage.jobs import State
from tests.harness.rows import A_JOB, NOON


def load(guess: float = 15.0, slots: int = 1, **more: Any) -> AccountLoad:
    return AccountLoad(slots, Speed(guess), **more)


def likely(loads: list[AccountLoad], ahead: int, style: int = 0) -> float:
    forecast = eta.forecast_queued(loads, [0] * ahead, style)
    assert forecast is not None
    return round(forecast.likely, 1)


@pytest.mark.parametrize(
    ("loads", "ahead", "seconds"),
    [
        ([load()], 0, 15.0),
        ([load(held=(HeldSlot(0, 5.0),))], 0, 25.0),
        ([load(held=(HeldSlot(0, 5.0),))], 2, 55.0),
        ([load(held=(HeldSlot(0, 400.0),))], 0, 55.0),  # late tasks are later still
        ([load(slots=4, held=(HeldSlot(0, 5.0),))], 2, 15.0),
        ([load(slots=4, held=(HeldSlot(0, 5.0),))], 3, 25.0),
        ([load(held=(HeldSlot(0, 5.0), HeldSlot(0, 1.0)))], 0, 40.0),  # one is sent ahead and waits at the API
        ([load(opens_in=7.0)], 0, 22.0),  # the circuit breaker
        ([load(), load(30.0)], 1, 30.0),
        ([load(), load(100.0)], 3, 45.0),
        ([load(after=Timing(2.0, 0.1))], 1, 32.0),
        ([load(styles=frozenset({9})), load(40.0)], 0, 40.0),
    ],
)
def test_the_jobs_ahead_are_given_to_the_slots_as_these_become_free(
    loads: list[AccountLoad], ahead: int, seconds: float
) -> None:
    assert likely(loads, ahead) == pytest.approx(seconds, abs=0.5)


def test_a_style_that_nobody_paints_has_no_forecast() -> None:
    assert eta.forecast_queued([load(styles=frozenset({1}))], [], 7) is None
    assert eta.forecast_queued([], [], 7) is None


def test_thousands_ahead_are_reckoned_by_their_mix() -> None:
    loads = [AccountLoad(1, Speed(10.0, {1: 30.0})), AccountLoad(2, Speed(10.0, {1: 30.0}))]
    forecast = eta.forecast_queued(loads, [0, 1] * 3000, 0)
    assert forecast is not None
    assert forecast.likely == pytest.approx(6000 * 20.0 / 3, rel=0.01)


def test_a_style_is_learned_within_five_tasks_and_teaches_about_the_others() -> None:
    speed = Speed(5.0, {1: 2.0})
    for seconds in (14.0, 15.0, 16.0, 14.0, 16.0):
        speed = speed.updated_with(0, seconds)
    assert speed.of(0).mean == pytest.approx(15.0, rel=0.1)
    assert 0.5 < speed.of(0).spread < 6.0
    assert speed.of(1).mean == pytest.approx(6.0, rel=0.25)  # this machine takes three times as long
    assert speed.of(1).error > speed.of(0).error  # but that was not measured


def test_one_task_that_hung_counts_for_little() -> None:
    timing = Timing(15.0, 2.0, 12)
    assert timing.updated_with(4000.0).mean < 20.0


@pytest.mark.parametrize(
    ("failures", "late", "away"), [(0, 0.0, False), (1, 0.0, False), (2, 0.0, True), (9, 19.0, True), (9, 21.0, False)]
)
def test_an_account_is_away_after_two_failures_until_it_may_have_tried_again(
    failures: int, late: float, away: bool
) -> None:
    assert eta.is_away(failures, NOON, NOON + late) == away


@pytest.mark.parametrize(
    ("least", "most", "shown"),
    [
        (1.0, 1.0, (5, 5)),
        (12.0, 13.0, (15, 15)),
        (12.0, 17.0, (10, 20)),
        (41.0, 47.0, (50, 50)),
        (20.0, 40.1, (20, 45)),
        (40.0, 56.0, (60, 60)),
        (50.0, 61.0, (120, 120)),
        (40.0, 61.0, (60, 120)),
        (100.0, 400.0, (60, 420)),
        (500.0, 560.0, (600, 600)),
        (2000.0, 4000.0, (3600, 7200)),
    ],
)
def test_a_wide_time_is_shown_as_a_range_and_never_rounded_down(
    least: float, most: float, shown: tuple[float, float]
) -> None:
    low, high = eta.shown_range(least, most)
    assert (low, high) == shown
    assert high >= most


def test_a_minimum_is_never_rounded_up() -> None:
    assert eta.shown_range(170.0, 400.0, is_minimum=True) == (120, 120)


@pytest.mark.parametrize("case", ["stand-in on a machine three times as slow", "cloud, one slot"])
def test_nine_of_ten_times_are_kept_through_a_rush_and_a_restart(case: str) -> None:
    ours, peer = bench.eta.measure(case, (1,))
    assert ours.readings > 500
    assert ours.kept >= 0.9 > peer.kept
    assert ours.error <= 0.15


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
