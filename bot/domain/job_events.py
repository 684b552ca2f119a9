"""The events of a job, as values; `bot.domain.job_lifecycle` decides what each changes."""

from dataclasses import dataclass

from bot.dashscope.errors import Decision
from bot.domain.error_codes import ErrorCode


@dataclass(frozen=True)
class StyleChosen:
    """A draft has all it needs: a style, and its person's number in the queue."""

    style: int
    turn: int


@dataclass(frozen=True)
class ResultKnown:
    """The picture for this photo and style is stored already, so the job skips the queue."""

    style: int


@dataclass(frozen=True)
class Claimed:
    """A worker has claimed it: this slot of this account is held for it, and an attempt begins."""

    account_id: str
    slot: int


@dataclass(frozen=True)
class SubmitAccepted:
    """The API has created a task (known from its answer, or found in the task list)."""

    task_id: str


@dataclass(frozen=True)
class SubmitRejected:
    """The API has certainly not accepted it: it refused, or was not reached."""

    code: str
    decision: Decision


@dataclass(frozen=True)
class SubmitNotFound:
    """The response was lost, and the task list has no task: not accepted. `times`: how often that happened to this job,
    from 1."""

    times: int


@dataclass(frozen=True)
class SubmitAmbiguous:
    """Tasks in the list could be this one, and none is proven to be: adopting one could show somebody else's face.
    `times`: how often that happened to this job, from 1."""

    times: int


@dataclass(frozen=True)
class TaskFailed:
    """The task failed at the API."""

    code: str
    decision: Decision


@dataclass(frozen=True)
class TaskLost:
    """The API accepted the task and no longer knows it, or never ends it. It may be billed, so the job is not submitted
    again. `state`: the last state that it was seen in."""

    state: str = "lost"


@dataclass(frozen=True)
class Succeeded:
    """The task succeeded; the picture is at this link. None: the answer had none."""

    url: str | None


@dataclass(frozen=True)
class Fetched:
    """The picture was downloaded and stored."""


@dataclass(frozen=True)
class FetchFailed:
    """The picture can't be downloaded any more."""


@dataclass(frozen=True)
class Orphaned:
    """Its account is no longer configured. `free`: tasks at that account cost nothing."""

    free: bool


@dataclass(frozen=True)
class Delivered:
    """The person has seen the picture."""


@dataclass(frozen=True)
class Expired:
    """The photo expired before it could be used."""


@dataclass(frozen=True)
class AwaitingConsent:
    """The person in the photo is asked for their consent. `style`: None if none was chosen yet."""

    style: int | None


@dataclass(frozen=True)
class ConsentGiven:
    """The person in the photo has agreed, before a style was chosen."""


@dataclass(frozen=True)
class Declined:
    """It won't be processed: the person in the photo refused, or agreed when a limit no longer allowed it; or we may
    not write in its chat; or it is queued for a style that no account paints any more."""

    reason: ErrorCode


@dataclass(frozen=True)
class CancelRequested:
    """Its person has cancelled it."""


Event = (
    StyleChosen | ResultKnown | Claimed | SubmitAccepted | SubmitRejected | SubmitNotFound | SubmitAmbiguous
    | TaskFailed | TaskLost | Succeeded | Fetched | FetchFailed | Orphaned | Delivered | Expired | AwaitingConsent
    | ConsentGiven | Declined | CancelRequested
)  # fmt: skip
