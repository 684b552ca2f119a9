"""The API's notice that a task is over, as EventBridge brings it: a CloudEvent in JSON, several in a list, or nothing
but an event's data. It may come twice, late or never, and is no answer: it only says when to ask."""

import json
import re

MOST = 100  # events in one request
SOURCE, KIND = "acs.dashscope", "dashscope:System:AsyncTaskFinish"

_TASK = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)


def finished_tasks(body: bytes) -> frozenset[str] | None:
    """The ids of the tasks that are said to be over; events of any other kind say nothing. None: this is no JSON, or
    more than anybody sends. Pure."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    events = found if isinstance(found, list) else [found]
    if len(events) > MOST:
        return None
    return frozenset(task for event in events if (task := _task(event)) is not None)


def _task(event: object) -> str | None:
    match event:
        case {"source": source, "type": kind} if (source, kind) != (SOURCE, KIND):
            return None
        case {"data": {"task_id": str(task)}} | {"task_id": str(task)}:
            return task if _TASK.fullmatch(task) else None
    return None
