"""What can go wrong with the API, and what to do about it: a table of codes, messages and statuses.

DashScopeError      every failure; its `decision` says what to do
├── NotAccepted     the API has certainly not accepted the request: sending it again costs nothing
├── InDoubt         the API may have accepted it: check the task list before sending it again
└── ResultGone      the link to the picture has expired: query the task for a new one, or give up
"""

import re
from enum import StrEnum
from typing import NamedTuple


class Decision(StrEnum):
    """What to do about a failure. How often is up to the caller."""

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


GARBLED = "Garbled"  # the code of an answer with 2xx that is not the API's; others are called HTTP and their status


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

    @property
    def is_silence(self) -> bool:
        """Whether the API said nothing: there was no answer, or one of something that stands before it."""
        return self.http_status is None or self.code in {GARBLED, f"HTTP{self.http_status}"}

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


class _Row(NamedTuple):
    code: str  # with all the codes that continue it after a dot
    decision: Decision
    says: str = ""  # what the message must say, as a pattern without regard to case; "": anything


_DOWNLOAD = r"download|fetch the|invalid ?url|image_url"

# The first row that fits decides, so a row with a message stands before the row without.
TABLE = (
    # the photo can't be fetched from where we offered it
    _Row("InvalidURL", Decision.NEW_LINK),
    _Row("BadRequest.InputDownloadFailed", Decision.NEW_LINK),
    _Row("InvalidParameter.DataInspection", Decision.BAD_PHOTO, r"media format|format is not supported"),
    _Row("InvalidParameter.DataInspection", Decision.NEW_LINK),
    # the photo itself
    _Row("InvalidImage.NoHumanFace", Decision.NO_FACE),
    _Row("InvalidFile.Resolution", Decision.BAD_PHOTO),
    _Row("InvalidFile.Size", Decision.BAD_PHOTO),
    _Row("InvalidFile.Format", Decision.BAD_PHOTO),
    _Row("InvalidFile.AspectRatio", Decision.BAD_PHOTO),
    _Row("InvalidFile.DownloadFailed", Decision.NEW_LINK),
    _Row("InvalidFile.Content", Decision.REFUSED, "inappropriate|green net"),
    _Row("InvalidFile", Decision.NO_FACE),  # NoHuman, BodyProportion, FacePose, FullFace, multiple people …
    _Row("InvalidImageResolution", Decision.BAD_PHOTO),
    _Row("InvalidImageFormat", Decision.BAD_PHOTO),
    _Row("InvalidImage", Decision.NO_FACE, r"human face|no face|face detect"),
    _Row("InvalidImage", Decision.BAD_PHOTO),
    # its content
    _Row("DataInspectionFailed", Decision.REFUSED),
    _Row("IPInfringementSuspect", Decision.REFUSED),
    _Row("CustomRoleBlocked", Decision.REFUSED),
    _Row("InvalidParameter", Decision.REFUSED, r"green[ -]?net|inappropriate content"),
    # the service's own trouble, unless it says what is behind it
    _Row("InternalError.Algo.DataInspectionFailed", Decision.REFUSED),
    _Row("InternalError.Algo", Decision.REFUSED, r"inappropriate|green[ -]?net|data ?inspection"),
    _Row("InternalError.Algo.InvalidParameter", Decision.NEW_LINK),
    _Row("InternalError.Algo", Decision.NEW_LINK, _DOWNLOAD),
    _Row("InternalError.Algo", Decision.PERHAPS_NO_FACE, r"inference error|face|human"),
    _Row("InternalError", Decision.RETRY_LATER),
    _Row("SystemError", Decision.RETRY_LATER),
    _Row("RequestTimeOut", Decision.RETRY_LATER),
    _Row("ModelServiceFailed", Decision.RETRY_LATER),
    _Row("ModelServingError", Decision.RETRY_LATER),
    _Row("ModelUnavailable", Decision.RETRY_LATER),
    # limits
    _Row("Throttling.AllocationQuota", Decision.PAUSE_ACCOUNT, "free allocated quota"),
    _Row("Throttling.AllocationQuota", Decision.RETRY_NEXT_MINUTE),
    _Row("Throttling", Decision.RETRY_LATER),
    # what only the owner can change
    _Row("Arrearage", Decision.PAUSE_ACCOUNT),
    _Row("InvalidApiKey", Decision.PAUSE_ACCOUNT),
    _Row("AccessDenied", Decision.PAUSE_ACCOUNT),
    _Row("Model.AccessDenied", Decision.PAUSE_ACCOUNT),
    _Row("Workspace.AccessDenied", Decision.PAUSE_ACCOUNT),
    _Row("Endpoint.AccessDenied", Decision.PAUSE_ACCOUNT),
    _Row("App.AccessDenied", Decision.PAUSE_ACCOUNT),
    _Row("BailianGateway.Workspace.NotAuthorised", Decision.PAUSE_ACCOUNT),
    _Row("AllocationQuota", Decision.PAUSE_ACCOUNT),
    _Row("CommodityNotPurchased", Decision.PAUSE_ACCOUNT),
    _Row("PrepaidBillOverdue", Decision.PAUSE_ACCOUNT),
    _Row("PostpaidBillOverdue", Decision.PAUSE_ACCOUNT),
    _Row("ModelNotFound", Decision.PAUSE_ACCOUNT),
    _Row("NotFound", Decision.PAUSE_ACCOUNT),
    # our request
    _Row("InvalidParameter", Decision.OUR_BUG),
    _Row("BadRequest", Decision.OUR_BUG),
    _Row("UnsupportedOperation", Decision.OUR_BUG),
)


def decide(code: str, message: str = "", http_status: int | None = None) -> Decision:
    """The decision for an error of the API, which has a `code`. `http_status` is None for the error of a FAILED task.

    An unknown code is judged by its status; one of a task, which has none, is worth another try.
    """
    for row in TABLE:
        if f"{code}.".startswith(f"{row.code}.") and re.search(row.says, message[:1_000], re.IGNORECASE):
            return row.decision
    match http_status:
        case 401 | 402 | 403 | 404:
            # Every documented code with these says that the account has no access, so the next job would fail too.
            return Decision.PAUSE_ACCOUNT
        case None | 408 | 425 | 429:
            return Decision.RETRY_LATER
        case status if 400 <= status < 500:
            return Decision.UNRECOGNISED
        case _:
            return Decision.RETRY_LATER


def decide_without_code(http_status: int) -> Decision:
    """The decision for an answer that is not the API's: a page of a gateway, firewall or captive portal, an empty or
    broken body. It says nothing about the account, nor about the photo, unless that is too large for the gateway."""
    if http_status == 413:
        return Decision.UNRECOGNISED
    return Decision.NOT_THE_API if 300 <= http_status < 500 and http_status != 429 else Decision.RETRY_LATER
