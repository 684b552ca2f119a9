"""What to do about each error of the API: a table of codes, messages and statuses. Pure."""

import re
from typing import NamedTuple

from bot.dashscope.errors import Decision


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
