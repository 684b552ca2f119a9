"""Job views: from a row and the queue's state to what a person sees."""

from dataclasses import replace

import pytest

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.eta import AccountLoad, HeldSlot, Speed
from bot.domain.job_view import JobView, State
from bot.i18n import error_message, texts_for
from bot.jobs.views import QueueState, view_of
from storage.jobs import Job
from storage.queue import Place
from storage.results import Result
from tests.harness.rows import A_JOB, NOON

LOAD = AccountLoad(1, Speed(15.0), (HeldSlot(0, 5.0),))
STATE = QueueState(paused=False, waiting=3, running=1, loads={"key-a": LOAD}, upcoming=(0, 0, 0))
QUEUED = replace(A_JOB, state=State.QUEUED, style=0, turn=1000)
RUNNING = replace(QUEUED, state=State.RUNNING, submitted=NOON, account_id="key-a")


def view_at(job: Job, place: Place | None = None, state: QueueState = STATE, now: float = NOON) -> JobView:
    return view_of(job, place, None, state, now=now)


def test_a_queued_job_has_a_place_and_an_estimate() -> None:
    view = view_at(QUEUED, Place(3, is_first=True))
    assert (view.place, view.eta_is_minimum) == (3, False)
    assert view.eta_seconds == pytest.approx(55.0, abs=0.5)
    assert view.eta_range is not None
    assert view.eta_range[0] < 55.0 < view.eta_range[1]


def test_the_estimate_of_a_persons_later_job_is_a_minimum() -> None:
    view = view_at(QUEUED, Place(3, is_first=False))
    assert (view.place, view.eta_is_minimum) == (None, True)
    assert view.eta_seconds == pytest.approx(55, abs=1)


def test_while_all_accounts_are_paused_there_is_no_estimate() -> None:
    view = view_at(QUEUED, Place(3, is_first=True), replace(STATE, paused=True))
    assert (view.place, view.eta_seconds, view.paused) == (None, None, True)


def test_when_the_painting_service_is_away_nothing_is_promised_and_the_place_is_kept() -> None:
    away = replace(STATE, away=frozenset({"key-a"}), closed=frozenset({"key-a"}))
    for job, place in ((QUEUED, Place(3, is_first=True)), (RUNNING, None)):
        view = view_at(job, place, away)
        assert (view.eta_seconds, view.eta_range, view.away, view.paused) == (None, None, True, False)
    assert view_at(QUEUED, Place(3, is_first=True), away).place == 3
    other = {"key-b": AccountLoad(1, Speed(30.0))}
    both = replace(away, loads={**STATE.loads, **other})
    view = view_at(QUEUED, Place(1, is_first=True), both)  # another account goes on, by its own speed
    assert view.eta_seconds == pytest.approx(30.0)
    assert not view.away
    unable = replace(both, loads={**STATE.loads, "key-b": replace(other["key-b"], styles=frozenset({9}))})
    assert view_at(QUEUED, Place(1, is_first=True), unable).away


@pytest.mark.parametrize(("now", "left"), [(NOON, 15.0), (NOON + 10, 5.6), (NOON + 99, 9.9), (NOON - 3600, 15.0)])
def test_a_running_job_always_has_some_time_left(now: float, left: float) -> None:
    assert view_at(RUNNING, now=now).eta_seconds == pytest.approx(left, abs=0.1)


@pytest.mark.parametrize("state", [State.SUBMITTING, State.RUNNING, State.FETCHING])
def test_a_cancelled_job_is_shown_as_such_while_its_task_still_runs(state: State) -> None:
    view = view_at(replace(RUNNING, state=state, cancel_requested=True))
    assert (view.state, view.eta_seconds) == (State.CANCELED, None)


def test_a_failed_job_has_its_error() -> None:
    assert view_at(replace(QUEUED, state=State.FAILED, error="no_face")).error == UserError(ErrorCode.NO_FACE)


def test_an_unknown_error_in_a_row_becomes_the_general_one() -> None:
    failed = replace(QUEUED, state=State.FAILED, error="from_a_later_version")
    assert view_at(failed).error == UserError(ErrorCode.UNKNOWN)
    for language in ("en", "zh"):
        assert error_message(ErrorCode.UNKNOWN, texts_for(language))


def test_a_finished_job_has_its_size_and_expiry() -> None:
    result = Result("key", bytes=9, width=3, height=4, created=NOON, expires=NOON + 9)
    view = view_of(replace(QUEUED, state=State.STORED), None, result, STATE, now=NOON)
    assert (view.width, view.height, view.expires_at) == (3, 4, NOON + 9)
