"""Views of a job, a quota and the queue, as a person may see them."""

from dataclasses import dataclass

from bot.domain.error_codes import UserError
from storage.jobs import ACTIVE, ENDED, WAITING, State

__all__ = ["ACTIVE", "ENDED", "WAITING", "JobView", "QueueView", "QuotaView", "State"]


@dataclass(frozen=True)
class JobView:
    """A job as its person may see it, at one moment. Times are epoch seconds.

    `place` counts from 1 and is None unless it is its person's next in the queue. `eta_seconds`: until the picture is
    there, most likely; `eta_range`: at least and at most, which nine of ten keep; `eta_is_minimum`: it comes after
    another queued one of theirs, and others may still come before it. `progress` is in 0..1 while RUNNING or FETCHING.
    `width` and `height` are the result's, in pixels.
    """

    id: int
    state: State
    style: int | None
    has_reference: bool
    created: float
    updated: float
    place: int | None = None
    eta_seconds: float | None = None
    eta_range: tuple[float, float] | None = None
    eta_is_minimum: bool = False
    progress: float | None = None
    error: UserError | None = None
    cropped: bool = False
    paused: bool = False  # all accounts are paused; the job keeps its place
    away: bool = False  # the painting service doesn't answer; the job keeps its place
    repeated: bool = False  # the same request existed already: this is its job
    merged: bool = False  # … and came from another message
    asked: float | None = None  # when it was queued
    has_photo: bool = False
    subject: str | None = None  # the person in the photo, if not the requester: an id of the platform
    consent: str | None = None  # "asked": it waits for their answer; "given"
    asker_name: str | None = None  # while they are asked: how the requester is called
    subject_name: str | None = None  # … and they themselves
    reference_name: str | None = None  # name of the saved style that is used
    width: int | None = None
    height: int | None = None
    expires_at: float | None = None  # of the result


@dataclass(frozen=True)
class QuotaView:
    """Today's units of one person. `left` = limit - used - reserved - given.

    `given`: today's units that were given to groups; `resets_at`: epoch seconds; `credits`: units that don't expire;
    `group_credits`: those of the group where the request is made, None elsewhere. They are used in this order: today's
    units, credits, group credits.
    """

    limit: int
    used: int
    reserved: int
    resets_at: float
    given: int = 0
    credits: int = 0
    group_credits: int | None = None

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used - self.reserved - self.given)


@dataclass(frozen=True)
class QueueView:
    """The queue as a person may see it: how many wait, how many run, and their own jobs in it."""

    waiting: int
    running: int
    mine: tuple[JobView, ...]
    paused: bool = False
    away: bool = False
