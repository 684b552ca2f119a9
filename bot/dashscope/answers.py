"""Parses what the API sends: its answers, and its completion events. No I/O.

An answer becomes a value, or the error that says what to do. No field is trusted: any may be missing, of another type,
or nonsense.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress

from bot.dashscope import wire
from bot.dashscope.errors import GARBLED, Decision, InDoubt, NotAccepted, decide, decide_without_code, sanitize
from bot.dashscope.wire import (
    ApiResponse,
    CreatedTask,
    Failure,
    ListedTask,
    Task,
    TaskPage,
    TaskStatus,
    is_link,
    is_task_id,
)

MAX_EVENTS = 100  # in one request
EVENT_SOURCE, EVENT_TYPE = "acs.dashscope", "dashscope:System:AsyncTaskFinish"

_MAX_COUNT = 1_000_000_000
_LINK_NAMES = ("url", "result_url", "output_image_url", "image")
_MAX_ID_CHARS = 100
_EVENT_TASK = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)


def created(answer: ApiResponse) -> CreatedTask:
    """The task that a submit created. Raises InDoubt for an answer without one, NotAccepted or InDoubt for an error."""
    body = _accepted(answer)
    output = _mapping(body.get("output"))
    task_id = output.get("task_id")
    if not is_task_id(task_id):
        raise api_error(answer)
    return CreatedTask(task_id, _text(body.get("request_id")), TaskStatus.read(output.get("task_status")))


def task(answer: ApiResponse, task_id: str) -> Task:
    """The state of the task `task_id`."""
    body = _accepted(answer)
    output = _mapping(body.get("output"))
    if "task_status" not in output:
        raise api_error(answer)
    status = TaskStatus.read(output["task_status"])
    url = _result_url(output) if status is TaskStatus.SUCCEEDED else None
    return Task(
        task_id=task_id,
        status=status,
        submit_time=wire.from_beijing(output.get("submit_time")),
        scheduled_time=wire.from_beijing(output.get("scheduled_time")),
        start_time=wire.from_beijing(output.get("start_time")),
        end_time=wire.from_beijing(output.get("end_time")),
        result_url=url,
        failure=None if url else _failure(status, output),
        image_count=_image_count(status, _mapping(body.get("usage"))),
        stated=sanitize(str(output["task_status"]), 40) if status is TaskStatus.UNRECOGNISED else "",
    )


def task_page(answer: ApiResponse) -> TaskPage:
    """One page of the task list, without entries that have no usable id."""
    body = _accepted(answer)
    data = body.get("data")
    if not isinstance(data, list):
        raise api_error(answer)
    listed = tuple(found for entry in data if (found := _listed(_mapping(entry))))
    return TaskPage(
        tasks=listed,
        total=_count(body.get("total"), len(listed)),
        page=_count(body.get("page_no"), 1),
        pages=_count(body.get("total_page"), 1),
        server_time=wire.from_http_date(answer.headers.get("date")),
    )


def cancelled(answer: ApiResponse) -> bool:
    """Whether the task was cancelled; False when it is no longer PENDING."""
    if answer.status == 400 and _parse(answer.body).get("code") == "UnsupportedOperation":
        return False
    _accepted(answer)
    return True


def policy_fields(answer: ApiResponse) -> Mapping[str, object]:
    """The upload policy as the API sent it."""
    data = _mapping(_accepted(answer).get("data"))
    if not data:
        raise api_error(answer)
    return data


def api_error(answer: ApiResponse) -> NotAccepted | InDoubt:
    """The error of an answer. Nothing was accepted with 3xx and 4xx, nor with 2xx and a code that says so; with 5xx, or
    nonsense with 2xx, something may have been. An answer without a code is not the API's own."""
    body = _parse(answer.body)
    code = _error_code(body)
    decision = decide(code, _text(body.get("message")), answer.status) if code else decide_without_code(answer.status)
    is_refusal = answer.status < 300 and bool(code) and decision is not Decision.RETRY_LATER
    kind = NotAccepted if is_refusal or 300 <= answer.status < 500 else InDoubt
    return kind(
        code or (GARBLED if answer.status < 300 else f"HTTP{answer.status}"),
        _text(body.get("message")) or "The answer was not one that the API is known to give.",
        decision=decision,
        request_id=_text(body.get("request_id")),
        http_status=answer.status,
    )


def finished_tasks(body: bytes) -> frozenset[str] | None:
    """The ids of the tasks that a request of EventBridge reports as finished.

    The body is a CloudEvent in JSON, a list of several, or an event's data alone. An event may come twice, late or
    never, and carries no result: it only says when to query the task. Events of other types are ignored. None: this is
    not JSON, or has more than MAX_EVENTS events.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    events = found if isinstance(found, list) else [found]
    if len(events) > MAX_EVENTS:
        return None
    return frozenset(task_id for event in events if (task_id := _finished_task(event)) is not None)


def _finished_task(event: object) -> str | None:
    match event:
        case {"source": source, "type": kind} if (source, kind) != (EVENT_SOURCE, EVENT_TYPE):
            return None
        case {"data": {"task_id": str(task_id)}} | {"task_id": str(task_id)}:
            return task_id if _EVENT_TASK.fullmatch(task_id) else None
    return None


def _accepted(answer: ApiResponse) -> Mapping[str, object]:
    if not 200 <= answer.status < 300:
        raise api_error(answer)
    body = _parse(answer.body)
    if not body:
        raise api_error(answer)
    return body


def _parse(body: bytes) -> Mapping[str, object]:
    # RecursionError: thousands of opening brackets
    with suppress(ValueError, RecursionError):
        return _mapping(json.loads(body))
    return {}


def _error_code(body: Mapping[str, object]) -> str:
    """The API's code; "" when there is none, since numbers are what other programs put there."""
    code = body.get("code") or _mapping(body.get("output")).get("code")
    return code if isinstance(code, str) and code[:1].isalpha() else ""


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return sanitize(value) if isinstance(value, str) else ""


def _count(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT else default


def _entries(value: object) -> list[Mapping[str, object]]:
    """The first few entries of a list; what is no list counts as one entry."""
    return [_mapping(entry) for entry in (value[:10] if isinstance(value, list) else [value])]


def _results(output: Mapping[str, object]) -> list[Mapping[str, object]]:
    return _entries(output.get("results"))


def _result_url(output: Mapping[str, object]) -> str | None:
    """The first link to a picture. `results[].url` is documented; the API's other image models have the rest."""
    choices = [_mapping(choice.get("message")) for choice in _entries(output.get("choices"))]
    contents = [content for message in choices for content in _entries(message.get("content"))]
    for place in (*_results(output), output, *contents):
        for name in _LINK_NAMES:
            url = place.get(name)
            if is_link(url):
                return url
    return None


def _failure(status: TaskStatus, output: Mapping[str, object]) -> Failure | None:
    if status is TaskStatus.SUCCEEDED:
        stated = next((result for result in _results(output) if result.get("code")), {})
        code, message = _text(stated.get("code")), _text(stated.get("message"))
        if not code:
            return Failure("ResultMissing", "The task succeeded without a picture.", Decision.RETRY_LATER)
    elif status is TaskStatus.FAILED:
        code = _text(output.get("code")) or _text(output.get("error_code"))
        message = _text(output.get("message")) or _text(output.get("error_message"))
    else:
        return None
    return Failure(code, message, decide(code, message))


def _image_count(status: TaskStatus, usage: Mapping[str, object]) -> int:
    """`image_count` or `image_num`; a success without either counts as one picture."""
    assumed = 1 if status is TaskStatus.SUCCEEDED else 0
    return _count(usage.get("image_count"), _count(usage.get("image_num"), assumed))


def _listed(entry: Mapping[str, object]) -> ListedTask | None:
    task_id = entry.get("task_id")
    if not is_task_id(task_id):
        return None
    start = wire.from_milliseconds(entry.get("start_time"))
    end = wire.from_milliseconds(entry.get("end_time"))
    return ListedTask(
        task_id=task_id,
        status=TaskStatus.read(entry.get("status")),
        created=wire.from_milliseconds(entry.get("gmt_create")) or start or end or 0.0,
        request_id=_text(entry.get("request_id")),
        model=_text(entry.get("model_name")),
        start_time=start,
        end_time=end,
        api_key_id=_id(entry.get("api_key_id")),
        caller_parent_id=_id(entry.get("caller_parent_id")),
        caller_uid=_id(entry.get("caller_uid")),
    )


def _id(value: object) -> str:
    """An id that may come as a number or as text; one that is too long to be kept whole is none."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)
    return text if len(text) <= _MAX_ID_CHARS else ""
