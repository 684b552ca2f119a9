"""What can go wrong with the API, and what to do about it.

DashScopeError      every failure; its `decision` says what to do
├── NotAccepted        the API surely did not take the request: sending it again costs nothing
├── InDoubt         the API may have taken it: ask the task list before sending it again
└── ResultGone      the link to the picture is dead: ask the task for a fresh one, or give up
"""

import re
from enum import StrEnum


class Decision(StrEnum):
    """What to do about a failure. How often is the caller's business."""

    RETRY_LATER = "again_later"  # back off, then the same again
    NEW_LINK = "re_expose"  # the API could not fetch the photo: a fresh link, once
    BAD_PHOTO = "photo_fault"  # the photo will never pass: say what would
    NO_FACE = "no_face"  # most likely no clear face: say so, one more try
    REFUSED = "refused"  # content inspection said no: final
    PAUSE_ACCOUNT = "stop_lane"  # key, purchase or quota: nothing will pass until the owner acts
    OUR_BUG = "our_bug"  # we asked wrongly: tell the owner, with the request id


# A code with dots belongs to the families before each dot; the longest entry wins.
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
    """The decision for an API error `code`; `http_status` is None when it stood inside a FAILED task.

    An unknown code is judged by its status; inside a task, where there is none, it is worth another try.
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
            # Every documented code with these says that the account is not let in: the next job would not be either.
            return Decision.PAUSE_ACCOUNT
        case status if 300 <= status < 500:
            return Decision.OUR_BUG
        case _:
            return Decision.RETRY_LATER


class DashScopeError(Exception):
    """A failed call. `code` and `message` come from the API, or name what broke on the way; both are bounded and
    hold no secret. `http_status` is None when no answer came."""

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
    """The API surely did not take the request: not connected, or refused with a 4xx."""


class InDoubt(DashScopeError):
    """The API may have taken the request: the answer was lost, a 5xx, or nonsense."""


class ResultGone(DashScopeError):
    """The link to a picture answers 403, 404 or 410: it has expired."""


_URL = re.compile(r"\b([a-z][a-z0-9+.-]{0,15})://(?:[^\s/@?#\"'<>]*@)?([^\s/?#\"'<>]*)[^\s\"'<>]*", re.IGNORECASE)
_DATA = re.compile(r"\bdata:[^\s\"'<>]*", re.IGNORECASE)
_KEY = re.compile(r"\b(?:bearer\s+\S+|sk-[\w.-]{4,})", re.IGNORECASE)


def sanitize(text: str, limit: int = 300) -> str:
    """`text` on one line of at most `limit` characters, fit for logs and the database: links shrink to their host
    (ours and theirs are signed), pictures and keys vanish."""
    text = text[:20_000].encode("utf-8", "replace").decode()
    text = _DATA.sub("data:…", text)
    text = _URL.sub(r"\1://\2/…", text)
    text = _KEY.sub("[key]", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
