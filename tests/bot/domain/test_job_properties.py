"""Properties: any sequence of events follows the documented states, and turns are fair to everybody."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.dashscope.errors import Decision
from bot.domain import eta, job_events, job_lifecycle
from bot.domain.error_codes import ErrorCode
from bot.domain.job_lifecycle import BUDGET, REQUESTER, InvalidTransition, advance
from storage.jobs import ACTIVE, ENDED, State
from storage.ledger import ScopeKind
from tests.harness.properties import QUICK
from tests.harness.rows import A_JOB, NOON

DECISIONS, REASONS = st.sampled_from(Decision), st.sampled_from(ErrorCode)
STYLES, FEW = st.integers(-1, 40), st.integers(0, 20)
EVENTS: st.SearchStrategy[job_events.Event] = st.one_of(
    st.builds(job_events.StyleChosen, STYLES, st.integers(-(10**9), 10**9)),
    st.builds(job_events.ResultKnown, STYLES),
    st.builds(job_events.Claimed, st.just("key-a"), FEW),
    st.builds(job_events.SubmitAccepted, st.just("task-1")),
    st.builds(job_events.SubmitRejected, st.just("Code"), DECISIONS),
    st.builds(job_events.SubmitNotFound, FEW),
    st.builds(job_events.SubmitAmbiguous, FEW),
    st.builds(job_events.TaskFailed, st.just("Code"), DECISIONS),
    st.just(job_events.TaskLost()),
    st.builds(job_events.Succeeded, st.just("https://there/picture")),
    st.just(job_events.Fetched()),
    st.just(job_events.FetchFailed()),
    st.builds(job_events.Orphaned, st.booleans()),
    st.just(job_events.Delivered()),
    st.just(job_events.Expired()),
    st.builds(job_events.AwaitingConsent, st.none() | STYLES),
    st.builds(job_events.ConsentGiven),
    st.builds(job_events.Declined, REASONS),
    st.just(job_events.CancelRequested()),
)
D, Q, SUB, RUN = State.DRAFT, State.QUEUED, State.SUBMITTING, State.RUNNING
FETCH, STORED, SEEN, FAILED, CANCELED = State.FETCHING, State.STORED, State.DELIVERED, State.FAILED, State.CANCELED
NEXT = {
    D: {D, Q, STORED, FAILED, CANCELED},
    Q: {SUB, FAILED, CANCELED},
    SUB: {SUB, RUN, Q, FAILED, CANCELED},
    RUN: {RUN, FETCH, Q, FAILED, CANCELED},
    FETCH: {FETCH, STORED, Q, FAILED, CANCELED},
    STORED: {SEEN},
    SEEN: set(),
    FAILED: set(),
    CANCELED: set(),
}


@QUICK
@given(st.lists(EVENTS, max_size=40), st.floats(0, 1))
def test_any_event_sequence_follows_the_states_and_settles_and_notifies_once(
    happened: list[job_events.Event], jitter: float
) -> None:
    job, done, notified = A_JOB, list[tuple[ScopeKind, str]](), 0
    for event in happened:
        try:
            change = advance(job, event, NOON, jitter=jitter)
        except InvalidTransition:
            continue
        assert change.job.state in NEXT[job.state], f"{event} made {change.job.state} of {job.state}"
        assert (change.job.slot is not None) <= (change.job.state in {SUB, RUN}), "only what may run there holds a slot"
        assert change.job.next_at <= NOON + job_lifecycle.MAX_BACKOFF_SECONDS
        assert change.notify <= (change.job.state in ENDED or change.job.cancel_requested)
        done += [(kind, how) for kinds, how in change.settle for kind in kinds]
        notified += change.notify
        job = change.job
    final = dict(reversed(done))  # the first settlement counts, later ones change nothing
    assert notified <= 1
    assert job.resubmits <= job_lifecycle.MAX_RESUBMITS + job_lifecycle.ONCE_MORE
    if job.state in {STORED, SEEN}:
        assert {final[kind] for kind in REQUESTER} == {"commit"}
        assert notified == 1
    if job.state in {FAILED, CANCELED}:
        assert {final[kind] for kind in REQUESTER} == {"release"}
        assert final.keys() >= BUDGET
    if job.state not in ENDED and not job.cancel_requested:
        assert final.keys().isdisjoint(REQUESTER)


@QUICK
@given(st.sampled_from(State), EVENTS, st.booleans(), st.sampled_from([None, 0, 3]))
def test_any_event_in_any_state_is_a_change_or_invalid(
    state: State, event: job_events.Event, cancel: bool, slot: int | None
) -> None:
    job = replace(A_JOB, state=state, cancel_requested=cancel, slot=slot)
    try:
        change = advance(job, event, NOON + 5)
    except InvalidTransition:
        return
    assert state not in ENDED or (state, change.job.state) == (STORED, SEEN)
    assert (change.job.id, change.job.source, change.job.updated) == (job.id, job.source, NOON + 5)
    assert change.attempt is None or state in ACTIVE


@QUICK
@given(st.integers(-5, 10**6), st.floats(0, 1))
def test_pauses_are_bounded(tries: int, jitter: float) -> None:
    assert 0 < job_lifecycle.backoff(tries, jitter) <= job_lifecycle.MAX_BACKOFF_SECONDS


@QUICK
@given(
    ahead=st.lists(st.sampled_from([None, 0, 1, 7]), max_size=200),
    held=st.lists(st.floats(0, 1e6), max_size=5),
    guess=st.floats(0.1, 600),
    slots=st.integers(1, 9),
    opens_in=st.floats(0, 300),
)
def test_the_time_left_is_never_zero_and_grows_with_the_queue(
    ahead: list[int | None], held: list[float], guess: float, slots: int, opens_in: float
) -> None:
    running = tuple(eta.HeldSlot(0, seconds) for seconds in held)
    load = eta.AccountLoad(slots, eta.Speed(guess, {1: 2 * guess}), running, opens_in=opens_in)
    least, likely, most = times_of(eta.forecast_queued([load], ahead, 7))
    assert 0 < least <= likely <= most < float("inf")
    assert likely >= min(guess, 1.0) * 0.99
    assert times_of(eta.forecast_queued([load], [*ahead, 7], 7))[1] >= likely * 0.99
    assert times_of(eta.forecast_queued([load, load], ahead, 7))[1] <= likely * 1.01


def times_of(forecast: eta.Forecast | None) -> tuple[float, float, float]:
    assert forecast is not None
    return forecast.least, forecast.likely, forecast.most
