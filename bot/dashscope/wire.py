"""The API's requests and answers as values. No I/O: `client` sends an ApiCall and passes the ApiResponse to
`answers`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self, TypeGuard

from bot.dashscope import timestamps
from bot.dashscope.errors import Decision

MODEL = "wanx-style-repaint-v1"
REFERENCE = -1  # the style index that says "like this reference picture"
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_DAY = 86_400


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


@dataclass(frozen=True)
class ListedTask:
    """A task in the task list; times are epoch seconds, `created` is 0 when the list has none. `request_id`: that of
    the answer to the create call."""

    task_id: str
    status: TaskStatus
    created: float
    request_id: str
    model: str = ""
    start_time: float | None = None
    end_time: float | None = None


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


def create(task_request: TaskRequest) -> ApiCall:
    """The submit call. Style 0 is a style like any other."""
    given: dict[str, object] = {"image_url": task_request.image_url, "style_index": task_request.style_index}
    if task_request.style_ref_url is not None:
        given["style_ref_url"] = task_request.style_ref_url
    body: dict[str, object] = {"model": MODEL, "input": given}
    if task_request.parameters:
        body["parameters"] = dict(task_request.parameters)
    headers = {"X-DashScope-Async": "enable"}
    if any(url.startswith("oss://") for url in (task_request.image_url, task_request.style_ref_url or "")):
        headers["X-DashScope-OssResourceResolve"] = "enable"
    return ApiCall("POST", "/services/aigc/image-generation/generation", headers, json=body)


def query(task_id: str) -> ApiCall:
    """The state of a task."""
    return ApiCall("GET", f"/tasks/{task_id}")


def cancel(task_id: str) -> ApiCall:
    """Cancel a task that is still pending."""
    return ApiCall("POST", f"/tasks/{task_id}/cancel")


def listing(start: float | None, end: float | None, status: TaskStatus | None, page: int, page_size: int) -> ApiCall:
    """A page of the account's tasks; `start` and `end` are epoch seconds, at most 24 h apart."""
    if start is not None and end is not None and not 0 <= end - start <= _DAY:
        raise ValueError("The task list covers at most 24 hours.")
    params = {"model_name": MODEL, "page_no": str(page), "page_size": str(page_size)}
    if start is not None:
        params["start_time"] = timestamps.stamp(start)
    if end is not None:
        params["end_time"] = timestamps.stamp(end, up=True)
    if status is not None:
        params["status"] = status
    return ApiCall("GET", "/tasks/", params=params)


def policy() -> ApiCall:
    """Permission to upload a picture for this model."""
    return ApiCall("GET", "/uploads", params={"action": "getPolicy", "model": MODEL})
