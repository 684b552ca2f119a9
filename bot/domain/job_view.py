"""What comes back when a person asks for something: a view of their job, or the reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from storage.jobs import ENDED, WAITING, State

__all__ = ["ENDED", "WAITING", "ErrorCode", "JobView", "QueueView", "QuotaView", "State", "UserError"]


class ErrorCode(StrEnum):
    """Why not. Each has its sentence in every language (`bot.i18n`)."""

    # the photo, found at intake: no unit was spent
    EMPTY = "empty"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    NOT_A_PICTURE = "not_a_picture"
    UNSUPPORTED = "unsupported"
    DAMAGED = "damaged"
    TOO_SLOW = "too_slow"
    # the wish
    STYLE_INVALID = "style_invalid"
    PHOTO_MISSING = "photo_missing"
    QUOTA_USED_UP = "quota_used_up"  # resets_at
    QUEUE_FULL = "queue_full"  # limit
    BUDGET_USED_UP = "budget_used_up"
    NOT_FOUND = "not_found"
    NOT_NOW = "not_now"  # e.g. cancelling what has ended
    PHOTO_EXPIRED = "photo_expired"
    # who asks, and where
    BANNED = "banned"
    GROUP_OFF = "group_off"
    GROUP_STYLE = "group_style"
    GROUP_LIMIT = "group_limit"  # limit, resets_at
    GROUP_COOLDOWN = "group_cooldown"  # seconds
    GROUP_ADMINS_ONLY = "group_admins_only"
    GROUP_QUIET = "group_quiet"  # until
    SETTING_INVALID = "setting_invalid"
    OPTED_OUT = "opted_out"  # whose photo it is
    CONSENT_REFUSED = "consent_refused"
    # saved styles
    NAME_INVALID = "name_invalid"  # limit
    NAME_TAKEN = "name_taken"
    WARDROBE_FULL = "wardrobe_full"  # limit
    STYLE_GONE = "style_gone"
    # the owner
    TEXT_INVALID = "text_invalid"  # limit
    # units
    NOT_FOR_SALE = "not_for_sale"
    UNITS_INVALID = "units_invalid"
    TOO_FEW_UNITS = "too_few_units"  # left
    GROUPS_ONLY = "groups_only"
    PAYMENT_UNKNOWN = "payment_unknown"
    REFUNDED = "refunded"
    # the run, found by the API: the unit was given back
    PHOTO_REFUSED = "photo_refused"  # resolution or format, says the API
    NO_FACE = "no_face"  # by the intake too, where a face is required: then no unit was spent
    CONTENT_REFUSED = "content_refused"
    SERVICE_DOWN = "service_down"  # tried again and again, gave up
    RESULT_LOST = "result_lost"
    DRAFT_EXPIRED = "draft_expired"


@dataclass(frozen=True)
class UserError:
    """Why not, with the numbers its sentence needs."""

    code: ErrorCode
    details: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class JobView:
    """A job as its person may see it, at one moment.

    `place` counts from 1 and is None unless QUEUED; `eta_seconds` is to the finished picture, `eta_is_least` when later
    jobs of others may still come before it; `progress` is 0..1 while RUNNING.
    """

    id: int
    state: State
    style: int | None
    has_reference: bool
    created: float
    updated: float
    place: int | None = None
    eta_seconds: float | None = None
    eta_is_minimum: bool = False
    progress: float | None = None
    error: UserError | None = None
    cropped: bool = False
    paused: bool = False  # the lane stopped; the job keeps its place
    repeated: bool = False  # the same wish was already there: this is that job
    merged: bool = False  # … and it came from another message: somebody asked for the same again
    asked: float | None = None  # when it was queued
    has_photo: bool = False
    subject: str | None = None  # whose photo it is, when somebody else's: an id of the platform
    consent: str | None = None  # "asked": nothing happens before their yes; "given"
    reference_name: str | None = None  # of the saved style that it is painted like
    width: int | None = None
    height: int | None = None
    expires_at: float | None = None  # of the result


@dataclass(frozen=True)
class QuotaView:
    """Today's units of one person. `left` = limit - used - reserved - given.

    `given`: of today's, put into groups' pots; `credits`: on top of the day's, for as long as it takes;
    `group_credits`: what the group where they ask has together, None elsewhere. They pay in this order: the day, the
    purse, the pot.
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
    """The lane as a person may see it: how many wait, what runs, and their own jobs in it."""

    waiting: int
    running: int
    mine: tuple[JobView, ...]
    paused: bool = False
