"""The bodies of the answers, compared whole with recorded ones."""

from dataclasses import replace

from stylizer import answers
from stylizer.errors import INVALID_RESOLUTION
from stylizer.tasks import Status, Task

TASK = Task("c4f94e00", "0123456789abcdef" * 2, "made-by", 3, submitted=1709389333026)
RUNNING = replace(TASK, status=Status.RUNNING, started=1709389333051)
METRICS = {"TOTAL": 1, "SUCCEEDED": 0, "FAILED": 0}


def test_a_created_task() -> None:
    assert answers.created("c4f94e00", "r") == {
        "output": {"task_status": "PENDING", "task_id": "c4f94e00"},
        "request_id": "r",
    }


def test_an_unknown_task() -> None:
    assert answers.unknown("1111", "r") == {
        "request_id": "r",
        "output": {"task_id": "1111", "task_status": "UNKNOWN"},
    }


def test_a_pending_and_a_running_task() -> None:
    waiting = {"task_id": "c4f94e00", "task_status": "PENDING", "submit_time": "2024-03-02 22:22:13.026"}
    running = waiting | {"task_status": "RUNNING", "scheduled_time": "2024-03-02 22:22:13.051"}
    assert answers.queried(TASK, "r", None) == {"request_id": "r", "output": waiting | {"task_metrics": METRICS}}
    assert answers.queried(RUNNING, "r", None) == {"request_id": "r", "output": running | {"task_metrics": METRICS}}


def test_a_task_that_succeeded() -> None:
    done = replace(RUNNING, status=Status.SUCCEEDED, ended=1709389341999, result="results/x.jpg")
    assert answers.queried(done, "r", "https://x/y.jpg") == {
        "request_id": "r",
        "output": {
            "task_id": "c4f94e00",
            "task_status": "SUCCEEDED",
            "submit_time": "2024-03-02 22:22:13.026",
            "scheduled_time": "2024-03-02 22:22:13.051",
            "start_time": "2024-03-02 22:22:13",
            "end_time": "2024-03-02 22:22:21.999",
            "error_message": "Success",
            "error_code": 0,
            "style_index": 3,
            "results": [{"url": "https://x/y.jpg"}],
            "task_metrics": {"TOTAL": 1, "SUCCEEDED": 1, "FAILED": 0},
        },
        "usage": {"image_count": 1},
    }


def test_a_failed_task_gives_the_reason_and_no_usage() -> None:
    fault = INVALID_RESOLUTION
    failed = replace(RUNNING, status=Status.FAILED, ended=1709389341000, code=fault.code, message=fault.message)
    body = answers.queried(failed, "r", None)
    assert body["output"]["code"] == "InvalidImageResolution" and body["usage"] == {"image_num": 0}
    assert body["output"]["message"] == "The input image resolution is too large or small"
    assert body["output"]["task_metrics"] == {"TOTAL": 1, "SUCCEEDED": 0, "FAILED": 1}
    assert "results" not in body["output"]


def test_a_canceled_task_has_no_start_time() -> None:
    output = answers.queried(replace(TASK, status=Status.CANCELED, ended=1709389334000), "r", None)["output"]
    assert output["task_status"] == "CANCELED" and "scheduled_time" not in output
    assert output["end_time"] == "2024-03-02 22:22:14.000"


def test_the_list_counts_pages_and_omits_missing_times() -> None:
    body = answers.listed([RUNNING], 11, 2, 10, "r")
    assert {name: body[name] for name in ("total", "total_page", "page_no", "page_size", "request_id")} == {
        "total": 11,
        "total_page": 2,
        "page_no": 2,
        "page_size": 10,
        "request_id": "r",
    }
    assert body["data"] == [
        {
            "api_key_id": "01234567",
            "caller_parent_id": "0123456789abcdef",
            "caller_uid": "0123456789abcdef",
            "gmt_create": 1709389333026,
            "start_time": 1709389333051,
            "model_name": "wanx-style-repaint-v1",
            "region": "cn-beijing",
            "request_id": "made-by",
            "status": "RUNNING",
            "task_id": "c4f94e00",
            "user_api_unique_key": "apikey:v1:0123456789abcdef:wanx-style-repaint-v1",
        }
    ]
    assert answers.listed([], 0, 1, 10, "r")["total_page"] == 0
