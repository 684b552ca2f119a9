"""The states of a job: (job, event, time) → transition. Pure.

```
DRAFT → QUEUED → SUBMITTING → RUNNING → FETCHING → STORED → DELIVERED
          ↑          |           |          |
          └──────────┴───────────┘          └→ FAILED(reason), as from every state before it
```
A cancellation ends a job at once when the API is not working on it. Where it may be, the slot stays taken until the
task has ended (the slot belongs to the task at the API); the unit is given back at once and the picture is not shown.
"""

from dataclasses import dataclass, replace

from bot.dashscope.errors import Decision
from bot.domain.error_codes import ErrorCode
from bot.domain.job_events import (
    AwaitingConsent,
    CancelRequested,
    Claimed,
    ConsentGiven,
    Declined,
    Delivered,
    Event,
    Expired,
    Fetched,
    FetchFailed,
    Orphaned,
    ResultKnown,
    StyleChosen,
    SubmitAccepted,
    SubmitAmbiguous,
    SubmitNotFound,
    SubmitRejected,
    Succeeded,
    TaskFailed,
    TaskLost,
)
from bot.domain.job_view import State
from storage.jobs import ACTIVE, ENDED, Job
from storage.ledger import ScopeKind, Settlement

__all__ = [
    "AwaitingConsent",
    "CancelRequested",
    "Claimed",
    "ConsentGiven",
    "Declined",
    "Delivered",
    "Event",
    "Expired",
    "FetchFailed",
    "Fetched",
    "InvalidTransition",
    "Orphaned",
    "ResultKnown",
    "StyleChosen",
    "SubmitAccepted",
    "SubmitAmbiguous",
    "SubmitNotFound",
    "SubmitRejected",
    "Succeeded",
    "TaskFailed",
    "TaskLost",
    "Transition",
    "advance",
    "backoff",
]

MAX_RESUBMITS = 3  # failed tasks of one job before it fails
MAX_MISSES = 25  # lost submits of one job, a quarter of an hour in all, before it fails
MISSED_SECONDS = 30.0  # the longest wait after one: it is also what shows that the API accepts submits again
ONCE_MORE = 1  # for failures that one more try may fix
BACKOFF_SECONDS = 5.0
MAX_BACKOFF_SECONDS = 300.0
PAUSE_SECONDS, MAX_PAUSE_SECONDS = 60.0, 3600.0  # until an account that was refused is tried again
PATIENT_ATTEMPTS = 3  # refusals that pause the account before a job lets others try

# What is settled: what the requester was charged, what the owner may have to pay, or both.
REQUESTER = frozenset({ScopeKind.PERSON, ScopeKind.CREDITS, ScopeKind.GROUP_CREDITS, ScopeKind.GROUP})
BUDGET = frozenset({ScopeKind.BUDGET})
EVERYTHING = REQUESTER | BUDGET


@dataclass(frozen=True)
class Transition:
    """What to write in one transaction.

    Attributes:
        job: The job after the event.
        settle: Which of its units are committed or released.
        notify: Whether its person is notified of the outcome.
        attempt: The outcome of its attempt, in one word; None: the attempt goes on, or there is none.
        pause_account: The API's error code for which the account must be paused; None: it goes on.
    """

    job: Job
    settle: tuple[tuple[frozenset[ScopeKind], Settlement], ...] = ()
    notify: bool = False
    attempt: str | None = None
    pause_account: str | None = None


class InvalidTransition(Exception):
    """The event does not fit the state, e.g. a second cancellation: nothing changes."""


_FROM: dict[type, frozenset[State]] = {
    StyleChosen: frozenset({State.DRAFT}),
    ResultKnown: frozenset({State.DRAFT}),
    Claimed: frozenset({State.QUEUED}),
    SubmitAccepted: frozenset({State.SUBMITTING}),
    SubmitRejected: frozenset({State.SUBMITTING}),
    SubmitNotFound: frozenset({State.SUBMITTING}),
    SubmitAmbiguous: frozenset({State.SUBMITTING}),
    TaskFailed: frozenset({State.RUNNING}),
    TaskLost: frozenset({State.SUBMITTING, State.RUNNING}),
    Succeeded: frozenset({State.RUNNING}),
    Fetched: frozenset({State.FETCHING}),
    FetchFailed: frozenset({State.FETCHING}),
    Orphaned: ACTIVE,
    Delivered: frozenset({State.STORED}),
    Expired: frozenset({State.DRAFT, State.QUEUED, State.SUBMITTING}),
    AwaitingConsent: frozenset({State.DRAFT}),
    ConsentGiven: frozenset({State.DRAFT}),
    Declined: frozenset({State.DRAFT, State.QUEUED}),
    CancelRequested: frozenset(State) - ENDED,
}


def advance(job: Job, event: Event, now: float, *, jitter: float = 0.0) -> Transition:
    """The transition that an event makes. `now` is in epoch seconds; `jitter` in 0..1 spreads retries.

    Raises:
        InvalidTransition: the event does not fit the job's state.
    """
    if job.state not in _FROM[type(event)] or (isinstance(event, CancelRequested) and job.cancel_requested):
        raise InvalidTransition(f"{type(event).__name__} does not fit a job that is {job.state}")
    job = replace(job, updated=now)
    match event:
        case StyleChosen(style, turn):
            return Transition(replace(job, state=State.QUEUED, style=style, turn=turn, asked=now))
        case ResultKnown(style):
            known = replace(job, state=State.STORED, style=style, asked=now)
            return Transition(known, settle=((REQUESTER, "commit"),), notify=True)
        case Claimed(account_id, slot):
            held = replace(job, state=State.SUBMITTING, account_id=account_id, slot=slot, submitted=now)
            return Transition(replace(held, attempts=job.attempts + 1, task_id=None, result_url=None))
        case SubmitAccepted(task_id):
            return Transition(replace(job, state=State.RUNNING, task_id=task_id))
        case Succeeded(url):
            done = replace(job, state=State.FETCHING, slot=None, result_url=url)
            return Transition(done, settle=((BUDGET, "commit"),), attempt="succeeded")
        case Fetched():
            return _stored(job)
        case Delivered():
            return Transition(replace(job, state=State.DELIVERED))
        case CancelRequested():
            return _cancel(job)
        case AwaitingConsent() | ConsentGiven():
            return _consent(job, event)
        case Expired():
            return _fail(job, ErrorCode.DRAFT_EXPIRED if job.turn is None else ErrorCode.PHOTO_EXPIRED, "expired")
        case _:
            return _setback(job, event, now, jitter)


def _consent(job: Job, event: AwaitingConsent | ConsentGiven) -> Transition:
    if isinstance(event, ConsentGiven):
        return Transition(replace(job, consent="given", asker_name=None, subject_name=None))
    # Its card asks another person, so it leaves its album.
    return Transition(replace(job, style=event.style, consent="asked", album_id=None))


def backoff(tries: int, jitter: float) -> float:
    """Seconds before the next try: doubled each time, bounded, with equal jitter (`jitter` in 0..1)."""
    step = min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** min(tries, 16))
    return float(step * (0.5 + 0.5 * jitter))


def pause_seconds(tries: int) -> float:
    """Seconds for which an account rests after a refusal that only its owner can end: doubled each time, bounded."""
    return float(min(MAX_PAUSE_SECONDS, PAUSE_SECONDS * 2 ** min(tries, 16)))


def _setback(job: Job, event: Event, now: float, jitter: float) -> Transition:
    match event:
        case SubmitRejected(code, decision):
            return _after_failure(job, code, decision, now, jitter, counted=False)
        case TaskFailed(code, decision):
            return _after_failure(job, code, decision, now, jitter, counted=True)
        case SubmitNotFound(times) if times < MAX_MISSES:
            # At once after the first one, which was most likely a crash of this process.
            seconds = min(MISSED_SECONDS, backoff(times - 2, jitter)) if times > 1 else 0.0
            return _requeue(job, now + seconds, "missed")
        case SubmitNotFound():
            return _fail(job, ErrorCode.SERVICE_DOWN, "missed")
        case SubmitAmbiguous(times) if times <= ONCE_MORE and not job.cancel_requested:
            return _requeue(replace(job, resubmits=job.resubmits + 1), now, "ambiguous")
        case SubmitAmbiguous():
            return _fail(job, ErrorCode.SERVICE_DOWN, "ambiguous", budget="commit")
        case Orphaned(free=True):
            return _requeue(job, now, "orphaned")
        case Declined(reason):
            return _fail(job, reason, "declined")
        case TaskLost(state):
            return _fail(job, ErrorCode.NOT_FINISHED, state, budget="commit")
        case _:  # FetchFailed, Orphaned
            return _fail(job, ErrorCode.RESULT_LOST, "lost", budget="commit")


def _after_failure(job: Job, code: str, decision: Decision, now: float, jitter: float, *, counted: bool) -> Transition:
    tries = job.resubmits
    again = replace(job, resubmits=tries + 1)
    match decision:
        case Decision.PAUSE_ACCOUNT:
            # Should only this job be refused, the others go on without it.
            rest = 1.0 + pause_seconds(job.attempts) if job.attempts > PATIENT_ATTEMPTS else 0.0
            return replace(_requeue(job, now + rest, code), pause_account=code)
        # Nothing was accepted: the job keeps its place, and the circuit breaker decides when to go on.
        case Decision.RETRY_LATER | Decision.RETRY_NEXT_MINUTE if not counted:
            return _requeue(job, now, code)
        case Decision.NOT_THE_API if not counted:  # a firewall may dislike this job alone
            return _requeue(job, now + backoff(job.attempts - 1, jitter), code)
        case Decision.RETRY_LATER | Decision.RETRY_NEXT_MINUTE | Decision.NOT_THE_API | Decision.UNRECOGNISED if (
            tries < MAX_RESUBMITS
        ):
            return _requeue(again, now + backoff(2 * tries + 1, jitter), code)
        case Decision.NEW_LINK if tries < MAX_RESUBMITS:
            # At once, in another way; then later.
            return _requeue(again, now + (backoff(tries - 1, jitter) if tries else 0.0), code)
        case Decision.PERHAPS_NO_FACE if tries < ONCE_MORE:
            return _requeue(again, now, code)
        case _:
            return _fail(job, _REASONS.get(decision, ErrorCode.SERVICE_FAILED), code)


_REASONS = {
    Decision.NO_FACE: ErrorCode.NO_FACE,
    Decision.PERHAPS_NO_FACE: ErrorCode.NO_FACE,
    Decision.BAD_PHOTO: ErrorCode.PHOTO_REFUSED,
    Decision.REFUSED: ErrorCode.CONTENT_REFUSED,
    Decision.NEW_LINK: ErrorCode.PHOTO_UNREACHABLE,
    Decision.OUR_BUG: ErrorCode.SERVICE_REFUSED,
}


def _requeue(job: Job, next_at: float, outcome: str) -> Transition:
    freed = replace(job, slot=None, account_id=None, task_id=None, result_url=None)
    if job.cancel_requested:
        canceled = replace(freed, state=State.CANCELED)
        return Transition(canceled, settle=((EVERYTHING, "release"),), attempt=outcome)
    return Transition(replace(freed, state=State.QUEUED, next_at=next_at), attempt=outcome)


def _fail(job: Job, reason: ErrorCode, code: str, *, budget: Settlement = "release") -> Transition:
    """A failure always releases the requester's unit. `budget`: "commit" if the API may bill it all the same."""
    settle: tuple[tuple[frozenset[ScopeKind], Settlement], ...] = ((REQUESTER, "release"), (BUDGET, budget))
    attempt = code if job.state in ACTIVE else None
    if job.cancel_requested:  # the person was notified when they cancelled
        return Transition(
            replace(job, state=State.CANCELED, slot=None, result_url=None), settle=settle, attempt=attempt
        )
    ended = replace(job, state=State.FAILED, slot=None, result_url=None)
    failed = replace(ended, error=reason.value, error_code=code)
    return Transition(failed, settle=settle, notify=True, attempt=attempt)


def _stored(job: Job) -> Transition:
    if job.cancel_requested:
        return Transition(replace(job, state=State.CANCELED, result_url=None))
    return Transition(replace(job, state=State.STORED, result_url=None), settle=((REQUESTER, "commit"),), notify=True)


def _cancel(job: Job) -> Transition:
    """Nobody is notified of a hidden job: its person has deleted it, or it was merged into another."""
    if job.state in ACTIVE:
        return Transition(replace(job, cancel_requested=True), settle=((REQUESTER, "release"),), notify=not job.hidden)
    return Transition(replace(job, state=State.CANCELED), settle=((EVERYTHING, "release"),), notify=not job.hidden)
