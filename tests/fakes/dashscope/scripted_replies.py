"""The scripted API's replies, and the checks that it makes of a submit."""

import io
import json
import uuid
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tests.fakes.dashscope import scripted_tasks
from tests.fakes.dashscope.scripted_cases import Rule
from tests.fakes.dashscope.scripted_tasks import MODEL, STYLE_INDICES, ScriptedTask
from tests.fakes.dashscope.wire_server import HttpReply, HttpRequest

MAX_DATA_URI = 10_485_760
_PARAMETER = "Required parameter(%s) missing or invalid, please check the request parameters."


@dataclass(frozen=True)
class Refusal:
    status: int
    code: str
    message: str

    def reply(self) -> HttpReply:
        return json_reply({"code": self.code, "message": self.message, "request_id": str(uuid.uuid4())}, self.status)


NOT_FOUND = Refusal(404, "NotFound", "Not found!")
RATE_LIMIT = Refusal(429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")
_INVALID_URL = Refusal(400, "InvalidURL", "The request URL is invalid, make sure the url is correct and is an image")
NOT_PENDING = Refusal(
    400, "UnsupportedOperation", "Failed to cancel the task, please confirm if the task is in PENDING status."
)


def submit_refusal(request: HttpRequest, is_uploaded: Callable[[str], bool]) -> Refusal | None:
    """Why the API would not create this task. `is_uploaded`: whether an `oss://` link leads to a file."""
    headers, given = request.headers, input_of(request.body)
    style = given.get("style_index")
    if not headers.get("content-type", "").startswith("application/json"):
        return Refusal(400, "InvalidParameter", "Content-Type must be application/json.")
    if headers.get("x-dashscope-async") != "enable":
        return Refusal(403, "AccessDenied", "current user api does not support synchronous calls.")
    if _parsed(request.body).get("model") != MODEL:
        return Refusal(404, "ModelNotFound", "Model can not be found.")
    if style not in STYLE_INDICES:
        return Refusal(400, "InvalidParameter", "The style is invalid.")
    if (style == -1) != bool(given.get("style_ref_url")):
        return Refusal(400, "InvalidParameter", _PARAMETER % "style_ref_url")
    photo = str(given.get("image_url"))
    match photo.partition(":")[0]:
        case "http" | "https":
            return None if photo.isascii() else _INVALID_URL
        case "oss":
            resolved = headers.get("x-dashscope-ossresourceresolve") == "enable"
            return None if resolved and is_uploaded(photo) else _INVALID_URL
        case "data":
            return _data_refusal(photo)
    return Refusal(400, "InvalidParameter", _PARAMETER % "image_url")


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def input_of(body: bytes) -> Mapping[str, Any]:
    found = _parsed(body).get("input")
    return found if isinstance(found, dict) else {}


def _data_refusal(photo: str) -> Refusal | None:
    if len(photo) > MAX_DATA_URI:
        message = f"Exceeded limit on max bytes per data-uri item : {MAX_DATA_URI}"
        return Refusal(400, "InvalidParameter", message)
    try:
        with Image.open(io.BytesIO(b64decode(photo.partition(",")[2]))) as image:
            short, long = sorted(image.size)
    except (OSError, ValueError):
        return Refusal(400, "InvalidImageFormat", "The input image is in invalid format")
    if short < 256 or long > 5760 or short > 3240 or long > 2 * short:
        return Refusal(400, "InvalidImageResolution", "The input image resolution is too large or small")
    return None


def json_reply(content: object, status: int = 200) -> HttpReply:
    return HttpReply(status, json.dumps(content).encode())


def created_reply(task: ScriptedTask) -> HttpReply:
    return json_reply({"output": {"task_status": "PENDING", "task_id": task.task_id}, "request_id": task.request_id})


def raw_reply(rule: Rule) -> HttpReply | None:
    """The answer that the rule spells out, whatever was asked."""
    status, headers = rule.status or 200, {} if rule.location is None else {"Location": rule.location}
    if rule.html is not None:
        return HttpReply(status, rule.html.encode(), "text/html", headers, rule.cut_after)
    if rule.body is not None:
        return HttpReply(status, rule.body.encode(), headers=headers, cut_after=rule.cut_after)
    if rule.json_body is not None:
        return json_reply(rule.json_body, status)
    return None if rule.code is None else Refusal(rule.status or 400, rule.code, rule.message).reply()


def picture_reply(how: str, task: ScriptedTask, request: HttpRequest) -> HttpReply:
    colour = scripted_tasks.colour_of(task.style)
    whole = scripted_tasks.picture(colour)
    match how:
        case "half":
            return HttpReply(200, whole[: len(whole) // 2], "image/jpeg")
        case "cut":
            return HttpReply(200, whole, "image/jpeg", cut_after=1000)
        case "slow":
            return ranged_reply(scripted_tasks.large_picture(colour), request, scripted_tasks.SLOW_BYTES_PER_SECOND)
        case "png" | "webp" | "bmp" | "tiff":
            return HttpReply(200, scripted_tasks.picture(colour, how.upper()), f"image/{how}")
        case "empty":
            return HttpReply(200, b"", "image/jpeg")
        case "text":
            return HttpReply(200, b"<html>Welcome</html>", "text/html")
        case "gone":
            return HttpReply(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
    expired = b"<Error><Code>AccessDenied</Code><Message>Request has expired.</Message></Error>"
    return HttpReply(403, expired, "application/xml")


def ranged_reply(picture: bytes, request: HttpRequest, bytes_per_second: float | None = None) -> HttpReply:
    """The picture, or what is asked for of it (`Range: bytes=100-`)."""
    headers, unit = {"ETag": f'"{hash(picture):x}"', "Accept-Ranges": "bytes"}, "bytes="
    wanted = request.headers.get("range", "")
    first = wanted.removeprefix(unit).partition("-")[0]
    if not wanted.startswith(unit) or not first.isdigit() or int(first) >= len(picture):
        return HttpReply(200, picture, "image/jpeg", headers, bytes_per_second=bytes_per_second)
    headers["Content-Range"] = f"bytes {first}-{len(picture) - 1}/{len(picture)}"
    return HttpReply(206, picture[int(first) :], "image/jpeg", headers, bytes_per_second=bytes_per_second)
