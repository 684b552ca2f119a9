"""The documented errors, with the API's own codes and messages.

A `Refused` raised while a request is handled becomes the HTTP answer; raised while a task runs, it makes the task
FAILED with the same code.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Fault:
    """One documented error: HTTP status (unused inside a task), code, and message, verbatim.

    `close_connection`: for a caller who never stops sending. Others may finish, or they would not read the answer.
    """

    status: int
    code: str
    message: str
    close_connection: bool = False


class Refused(Exception):
    """Carries the fault to the exception handler or the scheduler."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


INVALID_KEY = Fault(401, "InvalidApiKey", "Invalid API-key provided.")
NOT_ASYNC = Fault(403, "AccessDenied", "current user api does not support synchronous calls.")
QUOTA_USED_UP = Fault(
    403,
    "AllocationQuota.FreeTierOnly",
    "The free tier of the model has been exhausted. If you wish to continue access the model on a paid basis, "
    'please disable the "use free tier only" mode in the management console.',
)
MODEL_NOT_FOUND = Fault(404, "ModelNotFound", "Model can not be found.")
RATE_LIMITED = Fault(429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")
QUEUE_FULL = Fault(429, "Throttling", "Requests throttling triggered.")
INVALID_STYLE = Fault(400, "InvalidParameter", "The style is invalid.")
INVALID_BODY = Fault(400, "InvalidParameter", "Required body invalid, please check the request body format.")
BODY_TOO_LARGE = Fault(413, "BadRequest.TooLarge", "Payload Too Large")
BODY_OVERRUN = replace(BODY_TOO_LARGE, close_connection=True)
BODY_TOO_SLOW = Fault(503, "RequestTimeOut", "Request timed out, please try again later.", close_connection=True)
NOT_CANCELABLE = Fault(
    400, "UnsupportedOperation", "Failed to cancel the task, please confirm if the task is in PENDING status."
)
INVALID_URL = Fault(400, "InvalidURL", "The request URL is invalid, make sure the url is correct and is an image")
INVALID_RESOLUTION = Fault(400, "InvalidImageResolution", "The input image resolution is too large or small")
INVALID_FORMAT = Fault(400, "InvalidImageFormat", "The input image is in invalid format")
IMAGE_TOO_LARGE = Fault(400, "InvalidImage.ImageSize", "The size of image is beyond limit.")
ALGORITHM_FAILED = Fault(500, "InternalError.Algo", "The picture could not be painted; is there a clear face in it?")
TIMED_OUT = Fault(500, "InternalError.Timeout", "The task took too long, please try again later.")
INTERNAL_ERROR = Fault(500, "InternalError", "An internal error has occured, please try again later.")

PICTURE_FAULTS = {
    fault.code: fault for fault in (INVALID_RESOLUTION, INVALID_FORMAT, IMAGE_TOO_LARGE, ALGORITHM_FAILED)
}


def invalid_parameter(name: str) -> Fault:
    """A parameter is missing or invalid."""
    message = f"Required parameter({name}) missing or invalid, please check the request parameters."
    return Fault(400, "InvalidParameter", message)
