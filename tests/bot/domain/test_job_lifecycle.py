"""Every state and event of a job: what changes, what is settled, and who is notified."""

from dataclasses import replace

import pytest

from bot.dashscope.errors import Decision
from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode
from bot.domain.job_lifecycle import BUDGET, EVERYTHING, REQUESTER, Event, InvalidTransition, Transition, advance
from storage.jobs import ACTIVE, ENDED, Job, State
from storage.ledger import ScopeKind, Settlement
from tests.harness.rows import A_JOB, NOON

D, Q, SUB, RUN, FETCH = State.DRAFT, State.QUEUED, State.SUBMITTING, State.RUNNING, State.FETCHING
STORED, SEEN, FAILED, CANCELED = State.STORED, State.DELIVERED, State.FAILED, State.CANCELED
AGAIN = Decision.RETRY_LATER
NEVER_SENT_AGAIN = ((REQUESTER, "release"), (BUDGET, "commit"))
ALL_BACK = ((EVERYTHING, "release"),)
BACK = ((REQUESTER, "release"), (BUDGET, "release"))

EVENTS: tuple[Event, ...] = (
    job_lifecycle.StyleChosen(style=0, turn=7000),
    job_lifecycle.ResultKnown(style=0),
    job_lifecycle.Claimed("key-a", slot=0),
    job_lifecycle.SubmitAccepted("task-1"),
    job_lifecycle.SubmitRejected("Throttling", AGAIN),
    job_lifecycle.SubmitNotFound(1),
    job_lifecycle.SubmitAmbiguous(1),
    job_lifecycle.TaskFailed("InternalError", AGAIN),
    job_lifecycle.TaskLost(),
    job_lifecycle.Succeeded("https://there/picture"),
    job_lifecycle.Fetched(),
    job_lifecycle.FetchFailed(),
    job_lifecycle.Orphaned(free=False),
    job_lifecycle.Orphaned(free=True),
    job_lifecycle.Delivered(),
    job_lifecycle.Expired(),
    job_lifecycle.CancelRequested(),
    job_lifecycle.AwaitingConsent(style=0),
    job_lifecycle.ConsentGiven(),
    job_lifecycle.Declined(ErrorCode.CONSENT_REFUSED),
)
# state → the state after each event that fits; any other event does not fit
BECOMES: dict[State, dict[Event, State]] = {
    D: {
        EVENTS[0]: Q,
        EVENTS[1]: STORED,
        job_lifecycle.Expired(): FAILED,
        job_lifecycle.CancelRequested(): CANCELED,
        job_lifecycle.AwaitingConsent(style=0): D,
        job_lifecycle.ConsentGiven(): D,
        job_lifecycle.Declined(ErrorCode.CONSENT_REFUSED): FAILED,
    },
    Q: {
        EVENTS[2]: SUB,
        job_lifecycle.Expired(): FAILED,
        job_lifecycle.CancelRequested(): CANCELED,
        job_lifecycle.Declined(ErrorCode.CONSENT_REFUSED): FAILED,
    },
    SUB: {
        EVENTS[3]: RUN,
        EVENTS[4]: Q,
        job_lifecycle.SubmitNotFound(1): Q,
        job_lifecycle.SubmitAmbiguous(1): Q,
        job_lifecycle.TaskLost(): FAILED,
        job_lifecycle.Orphaned(free=False): FAILED,
        job_lifecycle.Orphaned(free=True): Q,
        job_lifecycle.Expired(): FAILED,
        job_lifecycle.CancelRequested(): SUB,
    },
    RUN: {
        EVENTS[7]: Q,
        job_lifecycle.TaskLost(): FAILED,
        EVENTS[9]: FETCH,
        job_lifecycle.Orphaned(free=False): FAILED,
        job_lifecycle.Orphaned(free=True): Q,
        job_lifecycle.CancelRequested(): RUN,
    },
    FETCH: {
        job_lifecycle.Fetched(): STORED,
        job_lifecycle.FetchFailed(): FAILED,
        job_lifecycle.Orphaned(free=False): FAILED,
        job_lifecycle.Orphaned(free=True): Q,
        job_lifecycle.CancelRequested(): FETCH,
    },
    STORED: {job_lifecycle.Delivered(): SEEN},
    SEEN: {},
    FAILED: {},
    CANCELED: {},
}


def a(state: State, **changes: object) -> Job:
    """A job in this state, with all the fields that it has then."""
    job = replace(A_JOB, state=state, style=0)
    if state != D:
        job = replace(job, turn=5000)
    if state in ACTIVE:
        job = replace(job, account_id="key-a", attempts=1, submitted=NOON)
        job = replace(job, slot=None if state == FETCH else 0, task_id=None if state == SUB else "task-1")
    if state == FETCH:
        job = replace(job, result_url="https://there/picture")
    return replace(job, **changes)  # type: ignore[arg-type]  # columns by name


def after(job: Job, *events: Event) -> Transition:
    change = Transition(job)
    for event in events:
        change = advance(change.job, event, NOON)
    return change


@pytest.mark.parametrize("state", State)
def test_every_event_in_every_state_is_as_in_the_table(state: State) -> None:
    for event in EVENTS:
        wanted = BECOMES[state].get(event)
        if wanted is None:
            with pytest.raises(InvalidTransition, match=state.value):
                advance(a(state), event, NOON)
        else:
            assert advance(a(state), event, NOON).job.state == wanted, event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_slot_is_held_while_the_api_may_be_at_work_and_never_after(event: Event) -> None:
    for state in (Q, *ACTIVE):
        for cancelled in (False, True):
            try:
                job = advance(a(state, cancel_requested=cancelled), event, NOON).job
            except InvalidTransition:
                continue
            assert (job.slot is not None) == (job.state in {SUB, RUN}), (state, cancelled)


def test_a_claim_begins_a_new_attempt() -> None:
    job = advance(
        a(Q, attempts=2, task_id="old", result_url="https://old"), job_lifecycle.Claimed("key-b", 1), NOON + 9
    ).job
    assert (job.account_id, job.slot, job.attempts, job.task_id, job.result_url) == ("key-b", 1, 3, None, None)
    assert (job.submitted, job.updated) == (NOON + 9, NOON + 9)


@pytest.mark.parametrize(
    ("state", "event", "settled", "notified"),
    [
        (D, job_lifecycle.StyleChosen(0, 7000), (), False),
        (
            D,
            job_lifecycle.ResultKnown(0),
            ((REQUESTER, "commit"),),
            True,
        ),  # nothing is reserved unless it has to be paid again
        (SUB, job_lifecycle.SubmitRejected("Throttling", AGAIN), (), False),
        (RUN, job_lifecycle.Succeeded("https://there"), ((BUDGET, "commit"),), False),
        (FETCH, job_lifecycle.Fetched(), ((REQUESTER, "commit"),), True),
        (FETCH, job_lifecycle.FetchFailed(), NEVER_SENT_AGAIN, True),
        (RUN, job_lifecycle.TaskLost(), NEVER_SENT_AGAIN, True),
        (RUN, job_lifecycle.TaskFailed("DataInspectionFailed", Decision.REFUSED), BACK, True),
        (SUB, job_lifecycle.Orphaned(free=False), NEVER_SENT_AGAIN, True),
        (RUN, job_lifecycle.Orphaned(free=True), (), False),
        (Q, job_lifecycle.Expired(), BACK, True),
        (D, job_lifecycle.Expired(), BACK, True),
        (D, job_lifecycle.AwaitingConsent(0), (), False),
        (D, job_lifecycle.Declined(ErrorCode.QUOTA_USED_UP), BACK, True),
        (Q, job_lifecycle.Declined(ErrorCode.STYLE_INVALID), BACK, True),
        (STORED, job_lifecycle.Delivered(), (), False),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, tuple | bool | State) else "",
)
def test_what_is_settled_and_who_is_notified(
    state: State, event: Event, settled: tuple[tuple[frozenset[ScopeKind], Settlement], ...], notified: bool
) -> None:
    change = advance(a(state), event, NOON)
    assert (change.settle, change.notify) == (settled, notified)


@pytest.mark.parametrize(
    ("state", "becomes", "settled"),
    [
        (D, CANCELED, ALL_BACK),
        (Q, CANCELED, ALL_BACK),
        (SUB, SUB, ((REQUESTER, "release"),)),
        (RUN, RUN, ((REQUESTER, "release"),)),
        (FETCH, FETCH, ((REQUESTER, "release"),)),
    ],
)
def test_a_cancellation_gives_the_unit_back_at_once_and_notifies_once(
    state: State, becomes: State, settled: tuple[tuple[frozenset[ScopeKind], Settlement], ...]
) -> None:
    change = advance(a(state), job_lifecycle.CancelRequested(), NOON)
    assert (change.job.state, change.settle, change.notify) == (becomes, settled, True)
    assert change.job.cancel_requested == (state in ACTIVE)
    with pytest.raises(InvalidTransition):
        advance(change.job, job_lifecycle.CancelRequested(), NOON)


@pytest.mark.parametrize("state", [D, Q, SUB, RUN, FETCH])
def test_deleted_and_merged_jobs_notify_nobody(state: State) -> None:
    assert not advance(a(state, hidden=True), job_lifecycle.CancelRequested(), NOON).notify


@pytest.mark.parametrize(
    ("state", "event", "settled"),
    [
        (SUB, job_lifecycle.SubmitRejected("Throttling", AGAIN), ALL_BACK),
        (SUB, job_lifecycle.SubmitRejected("InvalidApiKey", Decision.PAUSE_ACCOUNT), ALL_BACK),
        (SUB, job_lifecycle.SubmitRejected("InvalidParameter", Decision.OUR_BUG), BACK),
        (SUB, job_lifecycle.SubmitNotFound(1), ALL_BACK),
        (SUB, job_lifecycle.SubmitAmbiguous(1), NEVER_SENT_AGAIN),  # one of the two may be ours and paid
        (SUB, job_lifecycle.Expired(), BACK),
        (RUN, job_lifecycle.TaskFailed("Canceled", AGAIN), ALL_BACK),
        (RUN, job_lifecycle.TaskLost(), NEVER_SENT_AGAIN),
        (RUN, job_lifecycle.Orphaned(free=True), ALL_BACK),
        (RUN, job_lifecycle.Orphaned(free=False), NEVER_SENT_AGAIN),
        (FETCH, job_lifecycle.Fetched(), ()),
        (FETCH, job_lifecycle.FetchFailed(), NEVER_SENT_AGAIN),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, tuple | State) else "",
)
def test_a_cancelled_job_ends_cancelled_whatever_happens_and_notifies_nobody_again(
    state: State, event: Event, settled: tuple[tuple[frozenset[ScopeKind], Settlement], ...]
) -> None:
    change = advance(a(state, cancel_requested=True), event, NOON)
    assert (change.job.state, change.settle, change.notify) == (CANCELED, settled, False)
    assert change.job.result_url is None


def test_a_cancelled_task_that_succeeds_is_paid_by_the_owner_and_its_picture_fetched() -> None:
    change = advance(a(RUN, cancel_requested=True), job_lifecycle.Succeeded("https://there"), NOON)
    assert (change.job.state, change.settle, change.notify) == (FETCH, ((BUDGET, "commit"),), False)


def test_an_orphan_of_the_stand_in_is_queued_again() -> None:
    for state in (SUB, RUN, FETCH):
        job = advance(a(state), job_lifecycle.Orphaned(free=True), NOON).job
        assert (job.state, job.account_id, job.slot, job.task_id, job.result_url) == (Q, None, None, None, None)


def test_the_wait_begins_when_a_job_is_queued_or_done_at_once() -> None:
    for event in (job_lifecycle.StyleChosen(0, 7000), job_lifecycle.ResultKnown(0)):
        assert advance(a(D), event, NOON + 5).job.asked == NOON + 5
    assert advance(a(D), job_lifecycle.AwaitingConsent(4), NOON + 5).job.asked is None
    requeued = after(
        a(Q, asked=NOON), job_lifecycle.Claimed("key-a", 0), job_lifecycle.SubmitRejected("Throttling", AGAIN)
    ).job
    assert requeued.asked == NOON


def test_a_job_awaiting_consent_keeps_its_style() -> None:
    job = advance(a(D, style=None), job_lifecycle.AwaitingConsent(4), NOON).job
    assert (job.style, job.consent, job.turn) == (4, "asked", None)


def test_consent_given_before_a_style_is_chosen_ends_the_question_and_the_names() -> None:
    asked = advance(
        a(D, style=None, asker_name="Anna", subject_name="Bertil"), job_lifecycle.AwaitingConsent(None), NOON
    ).job
    assert (asked.style, asked.consent, asked.asker_name) == (None, "asked", "Anna")
    given = advance(asked, job_lifecycle.ConsentGiven(), NOON).job
    assert (given.state, given.consent, given.asker_name, given.subject_name) == (D, "given", None, None)


def test_ended_jobs_do_not_change_state() -> None:
    assert {state for state in State if not BECOMES[state]} == ENDED - {STORED}
