"""Error codes of refused requests and failed jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ErrorCode(StrEnum):
    """Each code has a message in every language (`bot.i18n`). The values are stored in job rows, so they never change.

    Comments name the details that a code comes with (`UserError.details`).
    """

    # the photo, rejected at intake: no unit was charged
    EMPTY = "empty"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    NOT_A_PICTURE = "not_a_picture"
    UNSUPPORTED = "unsupported"
    DAMAGED = "damaged"
    TOO_SLOW = "too_slow"
    # the request
    STYLE_INVALID = "style_invalid"
    PHOTO_MISSING = "photo_missing"
    QUOTA_USED_UP = "quota_used_up"  # resets_at
    QUEUE_FULL = "queue_full"  # limit
    BUDGET_USED_UP = "budget_used_up"
    NOT_FOUND = "not_found"
    NOT_NOW = "not_now"  # e.g. cancelling what has ended
    PHOTO_EXPIRED = "photo_expired"
    # the person, and the chat
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
    CHAT_CLOSED = "chat_closed"  # we may not write in the chat of the request
    # saved styles
    NAME_INVALID = "name_invalid"  # limit
    NAME_TAKEN = "name_taken"
    SAVED_STYLES_FULL = "wardrobe_full"  # limit
    STYLE_GONE = "style_gone"
    # the owner
    TEXT_INVALID = "text_invalid"  # limit
    # credits
    NOT_FOR_SALE = "not_for_sale"
    UNITS_INVALID = "units_invalid"
    TOO_FEW_UNITS = "too_few_units"  # left
    GROUPS_ONLY = "groups_only"
    PAYMENT_UNKNOWN = "payment_unknown"
    REFUNDED = "refunded"
    # processing: the unit is released
    PHOTO_REFUSED = "photo_refused"  # the API refused its resolution or format
    NO_FACE = "no_face"  # also from intake, where a face is required: then no unit was charged
    CONTENT_REFUSED = "content_refused"
    SERVICE_DOWN = "service_down"  # no answer, although it was tried several times
    SERVICE_FAILED = "service_failed"  # the API failed at it several times
    SERVICE_REFUSED = "service_refused"  # the API doesn't accept our request; nothing was tried again
    PHOTO_UNREACHABLE = "photo_unreachable"  # the API could not fetch the photo, in whatever way it was offered
    NOT_FINISHED = "not_finished"  # the API has taken it and doesn't know it any more, or never finished it
    RESULT_LOST = "result_lost"
    DRAFT_EXPIRED = "draft_expired"
    UNKNOWN = "unknown"  # stored by another version of this program

    @classmethod
    def read(cls, value: str) -> "ErrorCode":
        """The code stored in a row; UNKNOWN for a string that is none of these."""
        try:
            return cls(value)
        except ValueError:
            return cls.UNKNOWN


@dataclass(frozen=True)
class UserError:
    """An error for a person, with the values that its message needs: `limit` and `left` are counts, `resets_at` and
    `until` epoch seconds, `seconds` a duration."""

    code: ErrorCode
    details: Mapping[str, int | float | str] = field(default_factory=dict)
