"""What can go wrong with the API, and what to do about it.

DashScopeError      every failure; its `decision` says what to do
├── NotAccepted     the API has certainly not accepted the request: sending it again costs nothing
├── InDoubt         the API may have accepted it: check the task list before sending it again
└── ResultGone      the link to the picture has expired: query the task for a new one, or give up
"""

import re
from enum import StrEnum


class Decision(StrEnum):
    """What to do about a failure. How often is up to the caller."""

    RETRY_LATER = "again_later"  # wait, then send the same again
    NEW_LINK = "re_expose"  # the API could not fetch the photo: try a new link
    BAD_PHOTO = "photo_fault"  # the photo will never be accepted: tell its sender why
    NO_FACE = "no_face"  # most likely no clear face: one more try, then tell its sender
    REFUSED = "refused"  # rejected by content inspection: final
    PAUSE_ACCOUNT = "stop_lane"  # key, purchase or quota: nothing is accepted until the owner acts
    OUR_BUG = "our_bug"  # our request was wrong: tell the owner, with the request id


# A code with dots also belongs to the prefix before each dot; the longest entry wins.
_DECISIONS = {
    "InvalidURL": Decision.NEW_LINK,
    "BadRequest.InputDownloadFailed": Decision.NEW_LINK,
    "InvalidParameter.DataInspection": Decision.NEW_LINK,
    "InvalidImageResolution": Decision.BAD_PHOTO,
    "InvalidImageFormat": Decision.BAD_PHOTO,
    "InvalidImage": Decision.BAD_PHOTO,
    "InternalError.Algo": Decision.NO_FACE,
    "DataInspectionFailed": Decision.REFUSED,
    "IPInfringementSuspect": Decision.REFUSED,
    "Arrearage": Decision.PAUSE_ACCOUNT,
    "InvalidApiKey": Decision.PAUSE_ACCOUNT,
    "AccessDenied": Decision.PAUSE_ACCOUNT,
    "AllocationQuota": Decision.PAUSE_ACCOUNT,
    "ModelNotFound": Decision.PAUSE_ACCOUNT,
    "Throttling.AllocationQuota": Decision.PAUSE_ACCOUNT,
    "CommodityNotPurchased": Decision.PAUSE_ACCOUNT,
    "PrepaidBillOverdue": Decision.PAUSE_ACCOUNT,
    "PostpaidBillOverdue": Decision.PAUSE_ACCOUNT,
    "InvalidParameter": Decision.OUR_BUG,
    "BadRequest": Decision.OUR_BUG,
    "Throttling": Decision.RETRY_LATER,
    "InternalError": Decision.RETRY_LATER,
    "SystemError": Decision.RETRY_LATER,
    "RequestTimeOut": Decision.RETRY_LATER,
    "ModelServiceFailed": Decision.RETRY_LATER,
    "ModelServingError": Decision.RETRY_LATER,
    "ModelUnavailable": Decision.RETRY_LATER,
}


def decide(code: str, http_status: int | None) -> Decision:
    """The decision for an API error `code`. `http_status` is None for the error of a FAILED task.

    An unknown code is judged by its status; one of a task, which has none, is worth another try.
    """
    family = code
    while family:
        if family in _DECISIONS:
            return _DECISIONS[family]
        family = family.rpartition(".")[0]
    match http_status:
        case None | 408 | 425 | 429:
            return Decision.RETRY_LATER
        case 401 | 402 | 403:
            # Every documented code with these says that the account has no access, so the next job would fail too.
            return Decision.PAUSE_ACCOUNT
        case status if 300 <= status < 500:
            return Decision.OUR_BUG
        case _:
            return Decision.RETRY_LATER


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
