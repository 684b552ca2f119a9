"""How often a job is tried again, and after which pauses: everything is bounded."""

from collections.abc import Callable

import pytest

from bot.dashscope.errors import Decision
from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode
from bot.domain.job_lifecycle import Event, advance, backoff
from tests.bot.domain.test_job_lifecycle import AGAIN, BACK, FAILED, NEVER_SENT_AGAIN, RUN, SUB, Q, a, after
from tests.harness.rows import NOON

FAILURES = {
    Decision.NO_FACE: ErrorCode.NO_FACE,
    Decision.PERHAPS_NO_FACE: ErrorCode.NO_FACE,
    Decision.BAD_PHOTO: ErrorCode.PHOTO_REFUSED,
    Decision.REFUSED: ErrorCode.CONTENT_REFUSED,
    Decision.OUR_BUG: ErrorCode.SERVICE_REFUSED,
    Decision.NEW_LINK: ErrorCode.PHOTO_UNREACHABLE,
    Decision.RETRY_LATER: ErrorCode.SERVICE_FAILED,
    Decision.RETRY_NEXT_MINUTE: ErrorCode.SERVICE_FAILED,
    Decision.NOT_THE_API: ErrorCode.SERVICE_FAILED,
    Decision.UNRECOGNISED: ErrorCode.SERVICE_FAILED,
}
RUNS = {
    Decision.PERHAPS_NO_FACE: 2,
    Decision.NEW_LINK: 4,
    Decision.RETRY_LATER: 4,
    Decision.RETRY_NEXT_MINUTE: 4,
    Decision.NOT_THE_API: 4,
    Decision.UNRECOGNISED: 4,
}


def test_every_decision_but_the_pause_ends_a_job() -> None:
    assert set(FAILURES) == set(Decision) - {Decision.PAUSE_ACCOUNT}


@pytest.mark.parametrize("decision", FAILURES)
def test_a_failing_task_is_run_a_number_of_times_and_then_fails_with_its_reason(decision: Decision) -> None:
    job, runs = a(Q), 0
    while job.state == Q:
        runs += 1
        running = after(job, job_lifecycle.Claimed("key-a", 0), job_lifecycle.SubmitAccepted(f"task-{runs}")).job
        change = advance(running, job_lifecycle.TaskFailed("Some.Code", decision), NOON)
        assert change.attempt == "Some.Code"
        job = change.job
    assert (job.state, job.error, job.error_code) == (FAILED, FAILURES[decision], "Some.Code")
    assert runs == RUNS.get(decision, 1)


def test_pauses_between_failed_runs_grow() -> None:
    waits = [
        advance(a(RUN, resubmits=tries), job_lifecycle.TaskFailed("InternalError", AGAIN), NOON).job.next_at - NOON
        for tries in range(job_lifecycle.MAX_RESUBMITS)
    ]
    assert waits == [5.0, 20.0, 80.0]  # a service that is in trouble for two minutes fails nobody


def test_a_photo_that_could_not_be_fetched_is_retried_at_once_and_then_later() -> None:
    failed = job_lifecycle.TaskFailed("InvalidURL", Decision.NEW_LINK)  # as when we restart while the API reads it
    changes = [
        advance(a(RUN, resubmits=tries), failed, NOON, jitter=1.0) for tries in range(job_lifecycle.MAX_RESUBMITS)
    ]
    assert [change.job.next_at - NOON for change in changes] == [0.0, 5.0, 10.0]
    assert {change.job.state for change in changes} == {Q}


def test_a_temporarily_refused_job_always_keeps_its_place() -> None:
    job = a(Q, turn=5000)
    for _ in range(200):
        job = after(
            job, job_lifecycle.Claimed("key-a", 0), job_lifecycle.SubmitRejected("Throttling.RateQuota", AGAIN)
        ).job
        assert (job.state, job.turn, job.next_at, job.resubmits) == (Q, 5000, NOON, 0)


def test_an_answer_that_is_not_the_apis_fails_no_job_and_lets_others_try() -> None:
    job, waits = a(Q, turn=5000), []
    for _ in range(200):
        rejected = job_lifecycle.SubmitRejected("HTTP403", Decision.NOT_THE_API)
        job = after(job, job_lifecycle.Claimed("key-a", 0), rejected).job
        assert (job.state, job.turn, job.resubmits) == (Q, 5000, 0)
        waits.append(job.next_at - NOON)
    assert waits[:3] == [2.5, 5.0, 10.0]
    assert max(waits) <= job_lifecycle.MAX_BACKOFF_SECONDS


def test_an_unknown_refusal_of_a_submit_is_tried_a_few_times_far_apart() -> None:
    job, waits = a(Q), []
    while job.state == Q:
        rejected = job_lifecycle.SubmitRejected("Never.Heard.Of", Decision.UNRECOGNISED)
        job = after(job, job_lifecycle.Claimed("key-a", 0), rejected).job
        waits.append(job.next_at - NOON)
    assert (job.state, job.error, job.attempts) == (FAILED, ErrorCode.SERVICE_FAILED, 4)
    assert waits[:3] == [5.0, 20.0, 80.0]


def test_a_job_that_alone_is_refused_lets_others_go_on_without_it() -> None:
    job, waits = a(Q, turn=5000), []
    for _ in range(12):
        rejected = job_lifecycle.SubmitRejected("AccessDenied", Decision.PAUSE_ACCOUNT)
        job = after(job, job_lifecycle.Claimed("key-a", 0), rejected).job
        assert (job.state, job.turn) == (Q, 5000)
        waits.append(job.next_at - NOON)
    assert waits[:3] == [0.0, 0.0, 0.0]
    assert waits[3:6] == [961.0, 1921.0, 3601.0]
    assert all(wait > job_lifecycle.pause_seconds(n) for n, wait in enumerate(waits) if n >= 3)
    assert max(waits) <= job_lifecycle.MAX_PAUSE_SECONDS + 1


def test_an_account_rests_longer_after_each_refusal_but_never_for_good() -> None:
    rests = [job_lifecycle.pause_seconds(tries) for tries in range(10)]
    assert rests == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]
    assert job_lifecycle.pause_seconds(10**6) == 3600


def test_a_lost_submit_is_repeated_with_growing_pauses_and_finally_fails() -> None:
    changes = [
        advance(a(SUB), job_lifecycle.SubmitNotFound(times), NOON, jitter=1.0)
        for times in range(1, job_lifecycle.MAX_MISSES + 1)
    ]
    waits = [change.job.next_at - NOON for change in changes[:-1]]
    assert waits == [0, 5, 10, 20] + [30] * (len(waits) - 4)  # each is what shows that submits are accepted again
    assert sum(waits) + 15 * len(waits) > 900
    assert {change.job.turn for change in changes} == {5000}
    assert (changes[-1].job.state, changes[-1].job.error) == (FAILED, ErrorCode.SERVICE_DOWN)
    assert changes[-1].settle == BACK  # the task list shows that it was never accepted


def test_several_candidates_are_resubmitted_once_and_counted() -> None:
    once = advance(a(SUB), job_lifecycle.SubmitAmbiguous(1), NOON)
    assert (once.job.state, once.job.resubmits, once.attempt) == (Q, 1, "ambiguous")
    twice = after(once.job, job_lifecycle.Claimed("key-a", 0), job_lifecycle.SubmitAmbiguous(2))
    assert (twice.job.state, twice.settle) == (FAILED, NEVER_SENT_AGAIN)


@pytest.mark.parametrize("make", [job_lifecycle.SubmitRejected, job_lifecycle.TaskFailed])
def test_a_code_that_pauses_the_account_keeps_the_jobs_place(make: Callable[[str, Decision], Event]) -> None:
    state = SUB if make is job_lifecycle.SubmitRejected else RUN
    change = advance(a(state, turn=5000), make("Arrearage", Decision.PAUSE_ACCOUNT), NOON)
    assert (change.job.state, change.job.turn, change.job.next_at, change.pause_account) == (Q, 5000, NOON, "Arrearage")
    assert (change.settle, change.notify) == ((), False)


@pytest.mark.parametrize("tries", [-2, 0, 1, 6, 16, 10_000])
def test_pauses_are_bounded_and_spread_over_their_upper_half(tries: int) -> None:
    least, most = backoff(tries, 0.0), backoff(tries, 1.0)
    assert 0 < most <= job_lifecycle.MAX_BACKOFF_SECONDS
    assert least == most / 2
