"""What can go wrong with the API, and what to do about it.

DashScopeError      every failure; its `decision` says what to do
├── NotAccepted     the API has certainly not accepted the request: sending it again costs nothing
├── InDoubt         the API may have accepted it: check the task list before sending it again
└── ResultGone      the link to the picture has expired: query the task for a new one, or give up
"""

import re
from enum import StrEnum


class Decision(StrEnum):
    """What to do about a failure; `decisions` has the table. How often is up to the caller."""

    RETRY_LATER = "again_later"  # wait, then send the same again
    RETRY_NEXT_MINUTE = "again_next_minute"  # the same, but a limit per minute is used up
    NOT_THE_API = "not_the_api"  # a gateway's or a login page answered: wait, and let another job try first
    NEW_LINK = "re_expose"  # the API could not fetch the photo: offer it in another way
    BAD_PHOTO = "photo_fault"  # the photo will never be accepted: tell its sender why
    NO_FACE = "no_face"  # no face that it can use: tell its sender
    PERHAPS_NO_FACE = "perhaps_no_face"  # the same is likely: one more try, then tell its sender
    REFUSED = "refused"  # rejected by content inspection: final
    PAUSE_ACCOUNT = "stop_lane"  # key, money, permission, model or address: the owner must act
    OUR_BUG = "our_bug"  # our request was wrong: tell the owner, with the request id
    UNRECOGNISED = "unrecognised"  # a refusal that this program doesn't know: a few tries, far apart

    @property
    def is_temporary(self) -> bool:
        """Whether it says nothing about the request or the account: the same call may succeed later."""
        return self in {Decision.RETRY_LATER, Decision.RETRY_NEXT_MINUTE, Decision.NOT_THE_API}


class DashScopeError(Exception):
    """A failed call. `code` and `message` come from the API, or say what failed on the way; both are bounded and hold
    no secret. `http_status` is None when there was no answer."""

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        decision: Decision,
        request_id: str = "",
        http_status: int | None = None,
    ) -> None:
        self.code = sanitize(code, 100)
        self.message = sanitize(message)
        self.request_id = sanitize(request_id, 100)
        self.http_status = http_status
        self.decision = decision
        super().__init__(self.code, self.message)

    def __str__(self) -> str:
        status = f"HTTP {self.http_status} " if self.http_status else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{status}{self.code}: {self.message}{request}"


class NotAccepted(DashScopeError):
    """The API has certainly not accepted the request: there was no connection, or it answered with a 4xx."""


class InDoubt(DashScopeError):
    """The API may have accepted the request: its answer was lost, a 5xx, or nonsense."""


class ResultGone(DashScopeError):
    """The link to a picture has expired: it answers 403, 404 or 410."""


_URL = re.compile(r"\b([a-z][a-z0-9+.-]{0,15})://(?:[^\s/@?#\"'<>]*@)?([^\s/?#\"'<>]*)[^\s\"'<>]*", re.IGNORECASE)
_DATA = re.compile(r"\bdata:[^\s\"'<>]*", re.IGNORECASE)
_KEY = re.compile(r"\b(?:bearer\s+\S+|sk-[\w.-]{4,})", re.IGNORECASE)


def sanitize(text: str, limit: int = 300) -> str:
    """`text` on one line of at most `limit` characters, safe for logs and the database: links are cut to their host,
    since ours and theirs are signed; pictures and keys are removed."""
    text = text[:20_000].encode("utf-8", "replace").decode()
    text = _DATA.sub("data:…", text)
    text = _URL.sub(r"\1://\2/…", text)
    text = _KEY.sub("[key]", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
