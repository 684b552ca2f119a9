"""How a job moves on: every state and event, what is settled, who is told, and what is bounded."""

from dataclasses import replace

import pytest

from bot import lifecycle
from bot.dashscope.errors import Decision
from bot.lifecycle import BUDGET, PERSON, Change, Event, Impossible, advance
from bot.wishes import Reason
from storage.jobs import ACTIVE, ENDED, Job, State
from tests.rows import A_JOB, NOON

D, Q, SUB, RUN, FETCH = State.DRAFT, State.QUEUED, State.SUBMITTING, State.RUNNING, State.FETCHING
STORED, SEEN, FAILED, CANCELED = State.STORED, State.DELIVERED, State.FAILED, State.CANCELED
AGAIN = Decision.AGAIN_LATER
NEVER_SENT_AGAIN = ((PERSON, "release"), (BUDGET, "commit"))
ALL_BACK = (("%", "release"),)
BACK = ((PERSON, "release"), (BUDGET, "release"))

EVENTS: tuple[Event, ...] = (
    lifecycle.Chosen(style=0, tag=7000),
    lifecycle.Known(style=0),
    lifecycle.Claimed("key-a", slot=0),
    lifecycle.Taken("task-1"),
    lifecycle.Turned("Throttling", AGAIN),
    lifecycle.Missed(1),
    lifecycle.Ambiguous(),
    lifecycle.TaskFailed("InternalError", AGAIN),
    lifecycle.TaskLost(),
    lifecycle.Succeeded("https://there/picture"),
    lifecycle.Fetched(),
    lifecycle.FetchFailed(),
    lifecycle.Orphaned(free=False),
    lifecycle.Orphaned(free=True),
    lifecycle.Shown(),
    lifecycle.Expired(),
    lifecycle.CancelWished(),
    lifecycle.Held(style=0),
    lifecycle.Declined(Reason.CONSENT_REFUSED),
)
# state → what each event that fits makes of it; whatever is not named here does not fit
BECOMES: dict[State, dict[Event, State]] = {
    D: {
        EVENTS[0]: Q,
        EVENTS[1]: STORED,
        lifecycle.Expired(): FAILED,
        lifecycle.CancelWished(): CANCELED,
        lifecycle.Held(style=0): D,
        lifecycle.Declined(Reason.CONSENT_REFUSED): FAILED,
    },
    Q: {EVENTS[2]: SUB, lifecycle.Expired(): FAILED, lifecycle.CancelWished(): CANCELED},
    SUB: {
        EVENTS[3]: RUN,
        EVENTS[4]: Q,
        lifecycle.Missed(1): Q,
        lifecycle.Ambiguous(): Q,
        lifecycle.Orphaned(free=False): FAILED,
        lifecycle.Orphaned(free=True): Q,
        lifecycle.Expired(): FAILED,
        lifecycle.CancelWished(): SUB,
    },
    RUN: {
        EVENTS[7]: Q,
        lifecycle.TaskLost(): FAILED,
        EVENTS[9]: FETCH,
        lifecycle.Orphaned(free=False): FAILED,
        lifecycle.Orphaned(free=True): Q,
        lifecycle.CancelWished(): RUN,
    },
    FETCH: {
        lifecycle.Fetched(): STORED,
        lifecycle.FetchFailed(): FAILED,
        lifecycle.Orphaned(free=False): FAILED,
        lifecycle.Orphaned(free=True): Q,
        lifecycle.CancelWished(): FETCH,
    },
    STORED: {lifecycle.Shown(): SEEN},
    SEEN: {},
    FAILED: {},
    CANCELED: {},
}


def a(state: State, **changes: object) -> Job:
    """A job in this state, with all that a job has there."""
    job = replace(A_JOB, state=state, style=0)
    if state != D:
        job = replace(job, tag=5000)
    if state in ACTIVE:
        job = replace(job, account_id="key-a", attempts=1, submitted=NOON)
        job = replace(job, slot=None if state == FETCH else 0, task_id=None if state == SUB else "task-1")
    if state == FETCH:
        job = replace(job, result_url="https://there/picture")
    return replace(job, **changes)  # type: ignore[arg-type]  # columns by name


def after(job: Job, *events: Event) -> Change:
    change = Change(job)
    for event in events:
        change = advance(change.job, event, NOON)
    return change


@pytest.mark.parametrize("state", State)
def test_every_event_in_every_state_is_as_in_the_table(state: State) -> None:
    for event in EVENTS:
        wanted = BECOMES[state].get(event)
        if wanted is None:
            with pytest.raises(Impossible, match=state.value):
                advance(a(state), event, NOON)
        else:
            assert advance(a(state), event, NOON).job.state == wanted, event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_slot_is_held_while_the_api_may_be_at_work_and_never_after(event: Event) -> None:
    for state in (Q, *ACTIVE):
        for cancelled in (False, True):
            try:
                job = advance(a(state, cancel_requested=cancelled), event, NOON).job
            except Impossible:
                continue
            assert (job.slot is not None) == (job.state in {SUB, RUN}), (state, cancelled)


def test_a_claim_counts_an_attempt_and_forgets_the_last_one() -> None:
    job = advance(
        a(Q, attempts=2, task_id="old", result_url="https://old"), lifecycle.Claimed("key-b", 1), NOON + 9
    ).job
    assert (job.account_id, job.slot, job.attempts, job.task_id, job.result_url) == ("key-b", 1, 3, None, None)
    assert (job.submitted, job.updated) == (NOON + 9, NOON + 9)


@pytest.mark.parametrize(
    ("state", "event", "settled", "told"),
    [
        (D, lifecycle.Chosen(0, 7000), (), False),
        (
            D,
            lifecycle.Known(0),
            ((PERSON, "commit"),),
            True,
        ),  # nothing is reserved, unless it has to be paid again
        (SUB, lifecycle.Turned("Throttling", AGAIN), (), False),
        (RUN, lifecycle.Succeeded("https://there"), ((BUDGET, "commit"),), False),
        (FETCH, lifecycle.Fetched(), ((PERSON, "commit"),), True),
        (FETCH, lifecycle.FetchFailed(), NEVER_SENT_AGAIN, True),
        (RUN, lifecycle.TaskLost(), NEVER_SENT_AGAIN, True),
        (RUN, lifecycle.TaskFailed("DataInspectionFailed", Decision.REFUSED), BACK, True),
        (SUB, lifecycle.Orphaned(free=False), NEVER_SENT_AGAIN, True),
        (RUN, lifecycle.Orphaned(free=True), (), False),
        (Q, lifecycle.Expired(), BACK, True),
        (D, lifecycle.Expired(), BACK, True),
        (D, lifecycle.Held(0), (), False),
        (D, lifecycle.Declined(Reason.QUOTA_USED_UP), BACK, True),
        (STORED, lifecycle.Shown(), (), False),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, tuple | bool | State) else "",
)
def test_what_is_settled_and_who_is_told(
    state: State, event: Event, settled: tuple[tuple[str, str], ...], told: bool
) -> None:
    change = advance(a(state), event, NOON)
    assert (change.settle, change.tell) == (settled, told)


@pytest.mark.parametrize(
    ("state", "becomes", "settled"),
    [
        (D, CANCELED, ALL_BACK),
        (Q, CANCELED, ALL_BACK),
        (SUB, SUB, ((PERSON, "release"),)),
        (RUN, RUN, ((PERSON, "release"),)),
        (FETCH, FETCH, ((PERSON, "release"),)),
    ],
)
def test_a_cancel_gives_the_unit_back_at_once_and_is_told_once(
    state: State, becomes: State, settled: tuple[tuple[str, str], ...]
) -> None:
    change = advance(a(state), lifecycle.CancelWished(), NOON)
    assert (change.job.state, change.settle, change.tell) == (becomes, settled, True)
    assert change.job.cancel_requested == (state in ACTIVE)
    with pytest.raises(Impossible):
        advance(change.job, lifecycle.CancelWished(), NOON)


@pytest.mark.parametrize("state", [D, Q, SUB, RUN, FETCH])
def test_what_was_deleted_or_merged_is_not_spoken_of(state: State) -> None:
    assert not advance(a(state, hidden=True), lifecycle.CancelWished(), NOON).tell


@pytest.mark.parametrize(
    ("state", "event", "settled"),
    [
        (SUB, lifecycle.Turned("Throttling", AGAIN), ALL_BACK),
        (SUB, lifecycle.Turned("InvalidApiKey", Decision.STOP_LANE), ALL_BACK),
        (SUB, lifecycle.Turned("InvalidParameter", Decision.OUR_BUG), BACK),
        (SUB, lifecycle.Missed(1), ALL_BACK),
        (SUB, lifecycle.Ambiguous(), NEVER_SENT_AGAIN),  # one of the two may be ours, and paid
        (SUB, lifecycle.Expired(), BACK),
        (RUN, lifecycle.TaskFailed("Canceled", AGAIN), ALL_BACK),
        (RUN, lifecycle.TaskLost(), NEVER_SENT_AGAIN),
        (RUN, lifecycle.Orphaned(free=True), ALL_BACK),
        (RUN, lifecycle.Orphaned(free=False), NEVER_SENT_AGAIN),
        (FETCH, lifecycle.Fetched(), ()),
        (FETCH, lifecycle.FetchFailed(), NEVER_SENT_AGAIN),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, tuple | State) else "",
)
def test_a_cancelled_job_ends_cancelled_whatever_comes_and_says_nothing_more(
    state: State, event: Event, settled: tuple[tuple[str, str], ...]
) -> None:
    change = advance(a(state, cancel_requested=True), event, NOON)
    assert (change.job.state, change.settle, change.tell) == (CANCELED, settled, False)
    assert change.job.result_url is None


def test_a_cancelled_run_that_succeeds_is_paid_by_the_owner_and_brought_home() -> None:
    change = advance(a(RUN, cancel_requested=True), lifecycle.Succeeded("https://there"), NOON)
    assert (change.job.state, change.settle, change.tell) == (FETCH, ((BUDGET, "commit"),), False)


def test_an_orphan_of_the_stand_in_is_painted_anew() -> None:
    for state in (SUB, RUN, FETCH):
        job = advance(a(state), lifecycle.Orphaned(free=True), NOON).job
        assert (job.state, job.account_id, job.slot, job.task_id, job.result_url) == (Q, None, None, None, None)


def test_the_wait_begins_when_it_is_queued_or_answered_at_once() -> None:
    for event in (lifecycle.Chosen(0, 7000), lifecycle.Known(0)):
        assert advance(a(D), event, NOON + 5).job.asked == NOON + 5
    assert advance(a(D), lifecycle.Held(4), NOON + 5).job.asked is None
    requeued = after(a(Q, asked=NOON), lifecycle.Claimed("key-a", 0), lifecycle.Turned("Throttling", AGAIN)).job
    assert requeued.asked == NOON


def test_a_held_job_keeps_its_style_and_waits_for_a_yes() -> None:
    job = advance(a(D, style=None), lifecycle.Held(4), NOON).job
    assert (job.style, job.consent, job.tag) == (4, "asked", None)


def test_nothing_ends_twice() -> None:
    assert {state for state in State if not BECOMES[state]} == ENDED - {STORED}
