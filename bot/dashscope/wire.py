"""The API's requests and answers as values. No I/O: `client` sends an ApiCall and passes the ApiResponse to
`answers`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from enum import StrEnum
from math import ceil, floor
from typing import Self, TypeGuard

from bot.dashscope.errors import Decision, InDoubt, NotAccepted

REFERENCE = -1  # the style index that says "like this reference picture"
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_DAY = 86_400

MAX_DATA_URL = 10_485_760  # characters


class TaskStatus(StrEnum):
    """The state of a task. `UNRECOGNISED`: a status that this program doesn't know, treated as not final."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"  # expired after 24 h, a wrong id, or another account's
    UNRECOGNISED = "UNRECOGNISED"

    @classmethod
    def read(cls, value: object) -> Self:
        """The status in an answer, whatever it was."""
        return cls(value) if isinstance(value, str) and value in cls.__members__ else cls("UNRECOGNISED")

    @property
    def final(self) -> bool:
        """Whether another query can't change it."""
        return self in {TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELED, TaskStatus.UNKNOWN}


@dataclass(frozen=True)
class TaskRequest:
    """A portrait in a style. The links are http(s), `oss://` or `data:`, and secret: no repr shows them."""

    image_url: str = field(repr=False)
    style_index: int
    style_ref_url: str | None = field(default=None, repr=False)
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.style_index == REFERENCE) != (self.style_ref_url is not None):
            raise ValueError("A reference picture comes with style -1, and only then.")


@dataclass(frozen=True)
class CreatedTask:
    """The API has created a task."""

    task_id: str
    request_id: str
    status: TaskStatus


@dataclass(frozen=True)
class Failure:
    """Why a task has no picture."""

    code: str
    message: str
    decision: Decision


@dataclass(frozen=True)
class Task:
    """A task as a query returns it; times are epoch seconds. A SUCCEEDED task has a `result_url` or a `failure`."""

    task_id: str
    status: TaskStatus
    submit_time: float | None = None
    scheduled_time: float | None = None
    start_time: float | None = None
    end_time: float | None = None
    result_url: str | None = field(default=None, repr=False)  # signed, expires after 24 h
    failure: Failure | None = None
    image_count: int = 0  # images that were paid for
    stated: str = ""  # the status as it was sent, if it is UNRECOGNISED


@dataclass(frozen=True)
class ListedTask:
    """A task in the task list; times are epoch seconds, `created` is 0 when the list has none. `request_id`: that of
    the answer to the create call.

    The list shows all tasks of a main account. `api_key_id` says which of its keys created this one, `caller_uid` which
    of its users, `caller_parent_id` is the main account's number; "" where the list does not say.
    """

    task_id: str
    status: TaskStatus
    created: float
    request_id: str
    model: str = ""
    start_time: float | None = None
    end_time: float | None = None
    api_key_id: str = ""
    caller_parent_id: str = ""
    caller_uid: str = ""


@dataclass(frozen=True)
class TaskPage:
    """One page of the list. `server_time` is the answer's Date header (whole seconds), None when there was none."""

    tasks: tuple[ListedTask, ...]
    total: int
    page: int
    pages: int
    server_time: float | None


@dataclass(frozen=True)
class ApiCall:
    """A request without its host and its key."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ApiResponse:
    """An answer, with its body already bounded."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def is_task_id(value: object) -> TypeGuard[str]:
    """Whether it may be a part of a path."""
    return isinstance(value, str) and _TASK_ID.fullmatch(value) is not None


def is_link(value: object) -> TypeGuard[str]:
    """Whether it is a URL that may be fetched: http or https, ASCII, of a limited length."""
    return (
        isinstance(value, str)
        and value.startswith(("https://", "http://"))
        and len(value) <= 8_000
        and value.isascii()
        and value.isprintable()
    )


def create(model: str, task_request: TaskRequest) -> ApiCall:
    """The submit call of a model of this name. Style 0 is a style like any other."""
    given: dict[str, object] = {"image_url": task_request.image_url, "style_index": task_request.style_index}
    if task_request.style_ref_url is not None:
        given["style_ref_url"] = task_request.style_ref_url
    body: dict[str, object] = {"model": model, "input": given}
    if task_request.parameters:
        body["parameters"] = dict(task_request.parameters)
    headers = {"X-DashScope-Async": "enable"}
    if any(url.startswith("oss://") for url in (task_request.image_url, task_request.style_ref_url or "")):
        headers["X-DashScope-OssResourceResolve"] = "enable"
    return ApiCall("POST", "/services/aigc/image-generation/generation", headers, json=body)


def create_bytes(task_request: TaskRequest) -> int:
    """How large the submit call is, about; beside its links it is small."""
    return len(task_request.image_url) + len(task_request.style_ref_url or "")


def query(task_id: str) -> ApiCall:
    """The state of a task."""
    return ApiCall("GET", f"/tasks/{task_id}")


def cancel(task_id: str) -> ApiCall:
    """Cancel a task that is still pending."""
    return ApiCall("POST", f"/tasks/{task_id}/cancel")


def listing(
    model: str, *, start: float | None, end: float | None, status: TaskStatus | None, page: int, page_size: int
) -> ApiCall:
    """A page of the account's tasks for this model; `start` and `end` are epoch seconds, at most 24 h apart."""
    if start is not None and end is not None and not 0 <= end - start <= _DAY:
        raise ValueError("The task list covers at most 24 hours.")
    params = {"model_name": model, "page_no": str(page), "page_size": str(page_size)}
    if start is not None:
        params["start_time"] = stamp(start)
    if end is not None:
        params["end_time"] = stamp(end, up=True)
    if status is not None:
        params["status"] = status
    return ApiCall("GET", "/tasks/", params=params)


def policy(model: str) -> ApiCall:
    """Permission to upload a picture for this model."""
    return ApiCall("GET", "/uploads", params={"action": "getPolicy", "model": model})


_BEIJING = timezone(timedelta(hours=8))


def from_beijing(value: object) -> float | None:
    """`2024-03-02 22:22:13` or `2024-03-02 22:22:13.026` → epoch seconds; anything else → None."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=_BEIJING)).timestamp()
    except (ValueError, OverflowError):
        return None


def from_milliseconds(value: object) -> float | None:
    """`1709260684485` → epoch seconds; anything else → None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e15:
        return None
    return value / 1000


def from_http_date(value: str | None) -> float | None:
    """The `Date` header of an answer → epoch seconds, whole ones; anything else → None."""
    try:
        moment = parsedate_to_datetime(value or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def stamp(moment: float, *, up: bool = False) -> str:
    """Epoch seconds → `YYYYMMDDhhmmss` in Beijing time, rounded down, or `up`."""
    return datetime.fromtimestamp(ceil(moment) if up else floor(moment), _BEIJING).strftime("%Y%m%d%H%M%S")


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FIELDS = {
    "OSSAccessKeyId": "oss_access_key_id",
    "Signature": "signature",
    "policy": "policy",
    "x-oss-object-acl": "x_oss_object_acl",
    "x-oss-forbid-overwrite": "x_oss_forbid_overwrite",
}


@dataclass(frozen=True)
class UploadForm:
    """An upload ready to be posted: the fields, to be followed by the `file`. `link`: what the API will read."""

    host: str
    fields: Mapping[str, str] = field(repr=False)
    link: str


def upload_form(policy: Mapping[str, object], filename: str, size: int) -> UploadForm:
    """The form for one file of `size` bytes. Raises InDoubt for a policy without sense, NotAccepted when the file is
    too large for it."""
    if not _NAME.fullmatch(filename):
        raise ValueError("The file name of an upload consists of ASCII letters, digits, dots and dashes.")
    host, folder = policy.get("upload_host"), policy.get("upload_dir")
    values = {name: policy.get(source) for name, source in _FIELDS.items()}
    texts = {name: value for name, value in values.items() if isinstance(value, str) and value.isascii()}
    if not (is_link(host) and isinstance(folder, str) and folder and folder.isascii() and len(texts) == len(_FIELDS)):
        raise InDoubt("Garbled", "The upload policy made no sense.", decision=Decision.RETRY_LATER)
    megabytes = policy.get("max_file_size_mb")
    if isinstance(megabytes, int | float) and size > megabytes * 1_000_000:
        raise NotAccepted("TooLarge", f"Uploads end at {megabytes} MB.", decision=Decision.BAD_PHOTO)
    key = f"{folder.strip('/')}/{filename}"
    return UploadForm(host, {**texts, "key": key, "success_action_status": "200"}, f"oss://{key}")
