"""The JSON bodies of the API's answers. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from stylizer.errors import Fault
from stylizer.settings import MODEL
from stylizer.tasks import Status, Task

BEIJING = timezone(timedelta(hours=8))
REGION = "cn-beijing"


def refusal(fault: Fault, request_id: str) -> dict[str, Any]:
    """The body of any answer other than 200."""
    return {"code": fault.code, "message": fault.message, "request_id": request_id}


def created(task_id: str, request_id: str) -> dict[str, Any]:
    """A task was accepted."""
    return {"output": {"task_status": "PENDING", "task_id": task_id}, "request_id": request_id}


def unknown(task_id: str, request_id: str) -> dict[str, Any]:
    """The task is unknown, another account's, or expired."""
    return {"request_id": request_id, "output": {"task_id": task_id, "task_status": "UNKNOWN"}}


def queried(task: Task, request_id: str, result_url: str | None) -> dict[str, Any]:
    """The state of one task; `result_url` for one that has succeeded."""
    output: dict[str, Any] = {"task_id": task.task_id, "task_status": task.status.value, **_times(task)}
    body: dict[str, Any] = {"request_id": request_id, "output": output}
    match task.status:
        case Status.SUCCEEDED:
            output |= {"error_message": "Success", "error_code": 0, "style_index": task.style_index}
            output |= {"results": [{"url": result_url}], "task_metrics": _metrics(succeeded=1)}
            body["usage"] = {"image_count": 1}
        case Status.FAILED:
            output |= {"code": task.code, "message": task.message, "task_metrics": _metrics(failed=1)}
            body["usage"] = {"image_num": 0}
        case _:
            output["task_metrics"] = _metrics()
    return body


def listed(tasks: Sequence[Task], total: int, page_no: int, page_size: int, request_id: str) -> dict[str, Any]:
    """One page of the account's tasks. Times in it are milliseconds since the epoch."""
    return {
        "total": total,
        "data": [_entry(task) for task in tasks],
        "total_page": -(-total // page_size),
        "page_no": page_no,
        "page_size": page_size,
        "request_id": request_id,
    }


def beijing_time(milliseconds: int, *, fraction: bool = True) -> str:
    """`2024-03-02 22:22:13.026`: Beijing time, without a time zone."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC).astimezone(BEIJING)
    text = moment.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{milliseconds % 1000:03d}" if fraction else text


def _times(task: Task) -> dict[str, str]:
    """Leaving the queue and starting are the same moment; the API gives it once with a fraction, once without."""
    times = {"submit_time": beijing_time(task.submitted)}
    if task.started is not None:
        times["scheduled_time"] = beijing_time(task.started)
    if task.started is not None and task.status is Status.SUCCEEDED:
        times["start_time"] = beijing_time(task.started, fraction=False)
    if task.ended is not None:
        times["end_time"] = beijing_time(task.ended)
    return times


def _metrics(*, succeeded: int = 0, failed: int = 0) -> dict[str, int]:
    return {"TOTAL": 1, "SUCCEEDED": succeeded, "FAILED": failed}


def _entry(task: Task) -> dict[str, Any]:
    entry = {
        "api_key_id": task.account[:8],
        "caller_parent_id": task.account[:16],
        "caller_uid": task.account[:16],
        "gmt_create": task.submitted,
        "start_time": task.started,
        "end_time": task.ended,
        "model_name": MODEL,
        "region": REGION,
        "request_id": task.request_id,
        "status": task.status.value,
        "task_id": task.task_id,
        "user_api_unique_key": f"apikey:v1:{task.account[:16]}:{MODEL}",
    }
    return {name: value for name, value in entry.items() if value is not None}
