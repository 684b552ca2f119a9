"""What may happen to a job, as values; `bot.domain.job_lifecycle` says what each makes of it."""

from dataclasses import dataclass

from bot.dashscope.errors import Decision
from bot.domain.error_codes import ErrorCode


@dataclass(frozen=True)
class StyleChosen:
    """A draft has all it needs: a style, a turn."""

    style: int
    tag: int


@dataclass(frozen=True)
class ResultKnown:
    """The picture for this photo and style is in store already: no turn, and a unit only if none was spent on it."""

    style: int


@dataclass(frozen=True)
class Claimed:
    """Its turn has come; this slot of this account is held for it, and the attempt is written down."""

    account_id: str
    slot: int


@dataclass(frozen=True)
class SubmitAccepted:
    """The API has made a task of it (heard from the answer, or found in the task list)."""

    task_id: str


@dataclass(frozen=True)
class SubmitRejected:
    """The API surely did not take it: refused, or not reached."""

    code: str
    decision: Decision


@dataclass(frozen=True)
class SubmitNotFound:
    """The answer was lost and the task list does not know it: not taken either, for the n-th time of this job."""

    times: int


@dataclass(frozen=True)
class SubmitAmbiguous:
    """The task list shows several tasks that could be this one; adopting could show somebody else's face."""


@dataclass(frozen=True)
class TaskFailed:
    """The API worked on it and failed."""

    code: str
    decision: Decision


@dataclass(frozen=True)
class TaskLost:
    """The API took it and now does not know it; it may have been paid for, so it is not sent again."""


@dataclass(frozen=True)
class Succeeded:
    """The API is done; the picture lies behind this link."""

    url: str


@dataclass(frozen=True)
class Fetched:
    """The picture is in our store."""


@dataclass(frozen=True)
class FetchFailed:
    """The picture cannot be had any more."""


@dataclass(frozen=True)
class Orphaned:
    """Its account is not ours any more. `free`: nothing that was begun there can have cost anything."""

    free: bool


@dataclass(frozen=True)
class Delivered:
    """The person has seen the picture."""


@dataclass(frozen=True)
class Expired:
    """The photo's time was over before it could be used."""


@dataclass(frozen=True)
class AwaitingConsent:
    """It has all it needs but the yes of the person whose photo it is."""

    style: int


@dataclass(frozen=True)
class Declined:
    """It won't be painted: the person whose photo it is said no, or there was no room any more when they said yes."""

    reason: ErrorCode


@dataclass(frozen=True)
class CancelRequested:
    """The person does not want it any more."""


Event = (
    StyleChosen | ResultKnown | Claimed | SubmitAccepted | SubmitRejected | SubmitNotFound | SubmitAmbiguous
    | TaskFailed | TaskLost | Succeeded | Fetched | FetchFailed | Orphaned | Delivered | Expired | AwaitingConsent
    | Declined | CancelRequested
)  # fmt: skip
