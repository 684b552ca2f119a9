"""A job as its person may see it."""

from dataclasses import replace

import pytest

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.i18n import error_message, texts_for
from bot.jobs.views import QueueState, view_of
from storage.jobs import Job
from storage.queue import Place
from storage.results import Result
from tests.harness.rows import A_JOB, NOON

BEAT = QueueState(task_seconds=15.0, running_for=5.0, paused=False, waiting=3, running=1)
QUEUED = replace(A_JOB, state=State.QUEUED, style=0, tag=1000)
RUNNING = replace(QUEUED, state=State.RUNNING, submitted=NOON)


def seen(job: Job, place: Place | None = None, state: QueueState = BEAT, now: float = NOON) -> JobView:
    return view_of(job, place, None, state, slots=1, now=now)


def test_who_waits_is_told_place_and_time() -> None:
    view = seen(QUEUED, Place(3, is_first=True))
    assert (view.place, view.eta_seconds, view.eta_is_minimum) == (3, 55.0, False)


def test_for_a_later_photo_of_theirs_the_time_is_the_least() -> None:
    assert seen(QUEUED, Place(3, is_first=False)).eta_is_minimum


def test_while_every_lane_stands_still_nothing_is_promised() -> None:
    view = seen(QUEUED, Place(3, is_first=True), replace(BEAT, paused=True))
    assert (view.place, view.eta_seconds, view.paused) == (None, None, True)


@pytest.mark.parametrize(("now", "left"), [(NOON, 15.0), (NOON + 10, 5.0), (NOON + 99, 1.0), (NOON - 3600, 15.0)])
def test_what_runs_has_some_time_left_whatever_the_clock_did(now: float, left: float) -> None:
    assert seen(RUNNING, now=now).eta_seconds == left


@pytest.mark.parametrize("state", [State.SUBMITTING, State.RUNNING, State.FETCHING])
def test_what_was_cancelled_is_shown_as_such_though_the_api_still_works(state: State) -> None:
    view = seen(replace(RUNNING, state=state, cancel_requested=True))
    assert (view.state, view.eta_seconds) == (State.CANCELED, None)


def test_a_failure_says_why() -> None:
    assert seen(replace(QUEUED, state=State.FAILED, error="no_face")).error == UserError(ErrorCode.NO_FACE)


def test_an_unknown_error_in_a_row_is_a_general_one() -> None:
    failed = replace(QUEUED, state=State.FAILED, error="from_a_later_version")
    assert seen(failed).error == UserError(ErrorCode.UNKNOWN)
    for language in ("en", "zh"):
        assert error_message(ErrorCode.UNKNOWN, texts_for(language))


def test_a_picture_tells_its_size_and_how_long_it_is_kept() -> None:
    result = Result("key", bytes=9, width=3, height=4, created=NOON, expires=NOON + 9)
    view = view_of(replace(QUEUED, state=State.STORED), None, result, BEAT, slots=1, now=NOON)
    assert (view.width, view.height, view.expires_at) == (3, 4, NOON + 9)
