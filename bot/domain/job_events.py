"""What may happen to a job, as values; `bot.domain.job_lifecycle` says what each changes."""

from dataclasses import dataclass

from bot.dashscope.errors import Decision
from bot.domain.error_codes import ErrorCode


@dataclass(frozen=True)
class StyleChosen:
    """A draft has all it needs: a style, and its place in the queue (`tag`)."""

    style: int
    tag: int


@dataclass(frozen=True)
class ResultKnown:
    """The picture for this photo and style is stored already: no place in the queue, and no unit if one was spent."""

    style: int


@dataclass(frozen=True)
class Claimed:
    """Its turn has come: this slot of this account is held for it, and an attempt begins."""

    account_id: str
    slot: int


@dataclass(frozen=True)
class SubmitAccepted:
    """The API has created a task (known from its answer, or found in the task list)."""

    task_id: str


@dataclass(frozen=True)
class SubmitRejected:
    """The API has certainly not accepted it: refused, or not reached."""

    code: str
    decision: Decision


@dataclass(frozen=True)
class SubmitNotFound:
    """The answer was lost and the task list has no task: not accepted, for the n-th time of this job."""

    times: int


@dataclass(frozen=True)
class SubmitAmbiguous:
    """Several tasks in the list could be this one; adopting one could show somebody else's face."""


@dataclass(frozen=True)
class TaskFailed:
    """The task failed at the API."""

    code: str
    decision: Decision


@dataclass(frozen=True)
class TaskLost:
    """The API accepted the task and no longer knows it. It may have been paid, so the job is not sent again."""


@dataclass(frozen=True)
class Succeeded:
    """The task succeeded; the picture is at this link."""

    url: str


@dataclass(frozen=True)
class Fetched:
    """The picture was downloaded and stored."""


@dataclass(frozen=True)
class FetchFailed:
    """The picture can't be downloaded any more."""


@dataclass(frozen=True)
class Orphaned:
    """Its account is no longer ours. `free`: nothing at that account costs anything."""

    free: bool


@dataclass(frozen=True)
class Delivered:
    """The person has seen the picture."""


@dataclass(frozen=True)
class Expired:
    """The photo expired before it could be used."""


@dataclass(frozen=True)
class AwaitingConsent:
    """It has all it needs except the consent of the person whose photo it is."""

    style: int


@dataclass(frozen=True)
class Declined:
    """It won't be painted: the person whose photo it is refused, or agreed when a limit no longer allowed it."""

    reason: ErrorCode


@dataclass(frozen=True)
class CancelRequested:
    """Its person has cancelled it."""


Event = (
    StyleChosen | ResultKnown | Claimed | SubmitAccepted | SubmitRejected | SubmitNotFound | SubmitAmbiguous
    | TaskFailed | TaskLost | Succeeded | Fetched | FetchFailed | Orphaned | Delivered | Expired | AwaitingConsent
    | Declined | CancelRequested
)  # fmt: skip
