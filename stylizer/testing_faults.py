"""Errors on demand, so that clients can be tested against every one of the API's. Off unless a setting turns it on.

    X-Stylizer-Fault: Throttling.RateQuota             this very call is refused, whichever it is
    X-Stylizer-Fault: task:InvalidImage.NoHumanFace    at a submit: accepted, and the task ends FAILED
    X-Stylizer-Fault: query:Arrearage                  at a submit: accepted, and every query for the task is refused
    X-Stylizer-Fault: list:AccessDenied Not for you.   at a submit: accepted, and the account's list is refused until
                                                       the task has ended; with a message of one's own

A code that is not in `KNOWN` is answered with 400, as an unknown one of the API's may be.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from stylizer.errors import (
    IMAGE_TOO_LARGE,
    INVALID_FORMAT,
    INVALID_KEY,
    INVALID_RESOLUTION,
    INVALID_URL,
    MODEL_NOT_FOUND,
    NOT_ASYNC,
    QUEUE_FULL,
    QUOTA_USED_UP,
    RATE_LIMITED,
    Fault,
    Refused,
    invalid_parameter,
)

HEADER = "X-Stylizer-Fault"
_WANTED = re.compile(r"(?:(task|query|list):)?([A-Za-z][A-Za-z0-9._-]{0,79})(?: ([ -~]{1,500}))?")
_LATER = "please try again later."


class Place(StrEnum):
    """Where a fault shows: in this call, in the task's end, or in later queries and lists."""

    CALL = ""
    TASK = "task"
    QUERY = "query"
    LIST = "list"


@dataclass(frozen=True)
class WantedFault:
    """A fault that a caller has asked for."""

    place: Place
    fault: Fault

    @property
    def text(self) -> str:
        """As in the header, to be stored with a task."""
        return f"{self.place}:{self.fault.code} {self.fault.message}"


KNOWN: Mapping[str, Fault] = {
    fault.code: fault
    for fault in (
        INVALID_URL,
        Fault(400, "InvalidURL.Timeout", "The request URL timed out."),
        Fault(400, "InvalidURL.ConnectionRefused", "The connection to the request URL was refused."),
        Fault(400, "BadRequest.InputDownloadFailed", "Failed to download the input file."),
        Fault(400, "InvalidParameter.DataInspection", "Unable to download the media resource for the data inspection."),
        INVALID_RESOLUTION,
        INVALID_FORMAT,
        Fault(400, "InvalidImage.FileFormat", "The format of the input image is not supported."),
        IMAGE_TOO_LARGE,
        Fault(400, "DataInspectionFailed", "Input data may contain inappropriate content."),
        Fault(400, "IPInfringementSuspect", "Input data is suspected of being involved in IP infringement."),
        Fault(400, "InvalidImage.NoHumanFace", "No human face detected."),
        Fault(400, "InvalidFile.NoHuman", "The input image has no human body."),
        Fault(400, "InvalidFile.FacePose", "The pose of the detected face is invalid."),
        Fault(500, "InternalError.Algo", "An internal error has occured during algorithm execution."),
        Fault(500, "InternalError.Algo.DataInspectionFailed", "Input image data may contain inappropriate content."),
        Fault(500, "InternalError.Algo.InvalidParameter", "The input image could not be downloaded."),
        Fault(400, "InvalidParameter", "The image content does not comply with green network verification."),
        Fault(400, "CustomRoleBlocked", "Input or output data may contain inappropriate content with custom rule."),
        Fault(400, "Arrearage", "Access denied, please make sure your account is in good standing."),
        INVALID_KEY,
        NOT_ASYNC,
        Fault(403, "AccessDenied.Unpurchased", "Access to model denied. Please make sure you have purchased it."),
        Fault(403, "Model.AccessDenied", "Model access denied."),
        Fault(403, "Workspace.AccessDenied", "Workspace access denied."),
        Fault(403, "Endpoint.AccessDenied", "Endpoint access denied."),
        Fault(200, "BailianGateway.Workspace.NotAuthorised", "The workspace is not authorised."),
        QUOTA_USED_UP,
        MODEL_NOT_FOUND,
        Fault(404, "NotFound", "Not found!"),
        QUEUE_FULL,
        RATE_LIMITED,
        Fault(429, "Throttling.BurstRate", f"Request rate increased too quickly, {_LATER}"),
        Fault(429, "Throttling.AllocationQuota", "Allocated quota exceeded, please increase your quota limit."),
        Fault(429, "CommodityNotPurchased", "Commodity has not purchased yet."),
        Fault(429, "PrepaidBillOverdue", "The prepaid bill is overdue."),
        Fault(429, "PostpaidBillOverdue", "The postpaid bill is overdue."),
        Fault(500, "InternalError", f"An internal error has occured, {_LATER}"),
        Fault(500, "InternalError.Timeout", f"An internal timeout error has occured during execution, {_LATER}"),
        Fault(500, "SystemError", f"An system error has occured, {_LATER}"),
        Fault(503, "RequestTimeOut", f"Request timed out, {_LATER}"),
        Fault(500, "ModelServiceFailed", "Failed to request model service."),
        Fault(503, "ModelServingError", f"Too many requests. Your requests are being throttled, {_LATER}"),
        Fault(503, "ModelUnavailable", f"Model is unavailable, {_LATER}"),
    )
}


def parse_testing_fault(value: str) -> WantedFault:
    """What the header says. Raises Refused if that makes no sense."""
    found = _WANTED.fullmatch(value.strip())
    if found is None:
        raise Refused(invalid_parameter(HEADER))
    place, code, message = found.groups()
    known = KNOWN.get(code, Fault(400, code, "An error on demand."))
    return WantedFault(Place(place or ""), Fault(known.status, code, message or known.message))


def fault_at(place: Place, stored: str | None) -> Fault | None:
    """The fault that a task has for this place, if any. `stored`: its text."""
    wanted = None if stored is None else parse_testing_fault(stored)
    return wanted.fault if wanted is not None and wanted.place is place else None
