"""Parsing the API's answers: documented ones, variants, nonsense."""

import json
from collections.abc import Callable

import pytest

from bot.dashscope import answers
from bot.dashscope.errors import DashScopeError, Decision, InDoubt, NotAccepted
from bot.dashscope.wire import ApiResponse, CreatedTask, Failure, ListedTask, TaskStatus

TASK = "c4f94e00-5899-431b-9579-eb1ebe686379"


def answer(body: object, status: int = 200, **headers: str) -> ApiResponse:
    return ApiResponse(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def output(**fields: object) -> ApiResponse:
    return answer({"request_id": "r", "output": {"task_id": TASK, **fields}})


def test_a_submit_is_answered_with_a_task() -> None:
    body = {"output": {"task_status": "PENDING", "task_id": TASK}, "request_id": "565ff453"}
    assert answers.created(answer(body)) == CreatedTask(TASK, "565ff453", TaskStatus.PENDING)


GARBAGE = [
    b"",
    b"<html>502</html>",
    b"null",
    b"[]",
    b"{}",
    b'{"output": null}',
    b'{"output": []}',
    b'{"output": {"task_id": 7}, "data": 7}',
    b'{"output": {"task_id": "../../x"}, "data": "x"}',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 100_000,
]


@pytest.mark.parametrize("read", [answers.created, lambda a: answers.task(a, TASK), answers.task_page])
@pytest.mark.parametrize("body", GARBAGE)
def test_a_garbage_body_with_a_200_is_in_doubt(read: Callable[[ApiResponse], object], body: bytes) -> None:
    with pytest.raises(InDoubt) as caught:
        read(answer(body))
    assert (caught.value.code, caught.value.decision) == ("Garbled", Decision.RETRY_LATER)


@pytest.mark.parametrize(
    ("status", "code", "kind", "decision"),
    [
        (400, "InvalidParameter", NotAccepted, Decision.OUR_BUG),
        (400, "DataInspectionFailed", NotAccepted, Decision.REFUSED),
        (401, "InvalidApiKey", NotAccepted, Decision.PAUSE_ACCOUNT),
        (429, "Throttling.RateQuota", NotAccepted, Decision.RETRY_LATER),
        (404, "NotFound", NotAccepted, Decision.PAUSE_ACCOUNT),
        (500, "InternalError", InDoubt, Decision.RETRY_LATER),
        (200, "BailianGateway.Workspace.NotAuthorised", NotAccepted, Decision.PAUSE_ACCOUNT),
        (200, "InternalError", InDoubt, Decision.RETRY_LATER),  # a task may have been created
        (200, "NeverHeardOf", InDoubt, Decision.RETRY_LATER),
        (503, "ModelUnavailable", InDoubt, Decision.RETRY_LATER),
    ],
)
def test_a_refused_submit_says_whether_it_was_accepted(
    status: int, code: str, kind: type[DashScopeError], decision: Decision
) -> None:
    with pytest.raises(kind) as caught:
        answers.created(answer({"code": code, "message": "Because.", "request_id": "r-9"}, status))
    error = caught.value
    assert (error.code, error.message, error.request_id) == (code, "Because.", "r-9")
    assert (error.http_status, error.decision) == (status, decision)


@pytest.mark.parametrize(
    ("status", "kind", "decision"),
    [
        (302, NotAccepted, Decision.NOT_THE_API),
        (401, NotAccepted, Decision.NOT_THE_API),
        (403, NotAccepted, Decision.NOT_THE_API),
        (404, NotAccepted, Decision.NOT_THE_API),
        (413, NotAccepted, Decision.UNRECOGNISED),
        (429, NotAccepted, Decision.RETRY_LATER),
        (502, InDoubt, Decision.RETRY_LATER),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"code": 7, "message": [], "request_id": {}}'])
def test_a_refusal_without_a_code_is_judged_by_its_status(
    body: bytes, status: int, kind: type[DashScopeError], decision: Decision
) -> None:
    with pytest.raises(kind) as caught:
        answers.created(answer(body, status))
    assert (caught.value.code, caught.value.decision) == (f"HTTP{status}", decision)


@pytest.mark.parametrize("read", [lambda a: answers.task(a, TASK), answers.task_page])
def test_a_code_with_a_200_is_the_refusal_of_a_query_too(read: Callable[[ApiResponse], object]) -> None:
    with pytest.raises(NotAccepted) as caught:
        read(answer({"code": "InvalidApiKey", "message": "No.", "request_id": "r"}))
    assert (caught.value.code, caught.value.decision) == ("InvalidApiKey", Decision.PAUSE_ACCOUNT)


@pytest.mark.parametrize("code", [403, "403", "", None, ["AccessDenied"]])
def test_a_code_of_another_program_is_not_the_apis(code: object) -> None:
    with pytest.raises(NotAccepted) as caught:
        answers.created(answer({"code": code, "msg": "blocked by the firewall"}, 403))
    assert (caught.value.code, caught.value.decision) == ("HTTP403", Decision.NOT_THE_API)


def test_a_success_has_its_picture_and_its_times() -> None:
    task = answers.task(
        answer(
            {
                "request_id": "r",
                "output": {
                    "task_id": TASK,
                    "task_status": "SUCCEEDED",
                    "submit_time": "2024-03-02 22:22:13.026",
                    "scheduled_time": "2024-03-02 22:22:13.051",
                    "start_time": "2024-03-02 22:22:13",
                    "end_time": "2024-03-02 22:22:21",
                    "error_message": "Success",
                    "error_code": 0,
                    "style_index": 3,
                    "results": [{"url": "https://oss.example/x.jpg?Expires=1&Signature=s3cret"}],
                },
                "usage": {"image_count": 1},
            }
        ),
        TASK,
    )
    assert (task.status, task.failure, task.image_count) == (TaskStatus.SUCCEEDED, None, 1)
    assert (task.submit_time, task.scheduled_time) == (1709389333.026, 1709389333.051)
    assert (task.start_time, task.end_time) == (1709389333.0, 1709389341.0)
    assert task.result_url == "https://oss.example/x.jpg?Expires=1&Signature=s3cret"
    assert "s3cret" not in repr(task)


def test_a_failure_has_its_code_and_its_decision() -> None:
    task = answers.task(output(task_status="FAILED", code="InvalidImageResolution", message="Too large"), TASK)
    assert task.failure == Failure("InvalidImageResolution", "Too large", Decision.BAD_PHOTO)
    assert (task.result_url, task.image_count) == (None, 0)


@pytest.mark.parametrize(
    "fields", [{}, {"code": None}, {"code": 0, "error_code": 0}, {"code": "Novel.Trouble"}, {"code": ["x"]}]
)
def test_an_unknown_failure_is_worth_another_try(fields: dict[str, object]) -> None:
    failure = answers.task(output(task_status="FAILED", **fields), TASK).failure
    assert failure
    assert failure.decision is Decision.RETRY_LATER


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "SUSPENDED", "CANCELED", "UNKNOWN"])
def test_other_states_have_neither_picture_nor_failure(status: str) -> None:
    task = answers.task(output(task_status=status, task_metrics={"TOTAL": 1}), TASK)
    assert (task.status, task.result_url, task.failure) == (TaskStatus(status), None, None)


@pytest.mark.parametrize("status", ["PAUSED", None, 3])
def test_an_unknown_status_counts_as_not_final(status: object) -> None:
    task = answers.task(output(task_status=status), TASK)
    assert (task.status, task.stated) == (TaskStatus.UNRECOGNISED, str(status))


@pytest.mark.parametrize(
    "results",
    [
        None,
        [],
        {},
        [None],
        [{"url": 7}],
        [{"url": "ftp://oss.example/x"}],
        [{"url": "file:///etc/passwd"}],
        [{"url": "https://oss.example/\n"}],
        [{"url": "https://oss.example/" + "x" * 9000}],
    ],
)
def test_a_success_without_a_picture_is_a_failure(results: object) -> None:
    task = answers.task(output(task_status="SUCCEEDED", results=results), TASK)
    assert (task.result_url, task.image_count) == (None, 1)
    assert task.failure
    assert task.failure.code == "ResultMissing"


PICTURE = "https://oss.example/x.jpg?Expires=1"


@pytest.mark.parametrize(
    "fields",
    [
        {"results": [{"url": PICTURE}]},
        {"results": [{"code": "InternalError"}, {"url": PICTURE}]},
        {"results": {"url": PICTURE}},
        {"result_url": PICTURE},
        {"results": [], "output_image_url": PICTURE},
        {"choices": [{"finish_reason": "stop", "message": {"content": [{"image": PICTURE}]}}]},
        {"choices": [{"message": {"content": [{"text": "Here it is."}, {"type": "image", "image": PICTURE}]}}]},
    ],
)
def test_the_shapes_of_the_apis_other_image_models_are_taken(fields: dict[str, object]) -> None:
    task = answers.task(output(task_status="SUCCEEDED", **fields), TASK)
    assert (task.result_url, task.failure) == (PICTURE, None)


@pytest.mark.parametrize("choices", [7, [7], [{"message": 7}], [{"message": {"content": "Sorry."}}], {"message": []}])
def test_choices_without_a_picture_are_a_failure(choices: object) -> None:
    task = answers.task(output(task_status="SUCCEEDED", choices=choices), TASK)
    assert task.failure
    assert task.failure.code == "ResultMissing"


def test_a_success_whose_only_picture_failed_has_its_reason() -> None:
    results = [{"code": "DataInspectionFailed", "message": "No."}]
    task = answers.task(output(task_status="SUCCEEDED", results=results), TASK)
    assert task.failure == Failure("DataInspectionFailed", "No.", Decision.REFUSED)


@pytest.mark.parametrize(
    ("usage", "count"),
    [({"image_count": 1}, 1), ({"image_num": 0}, 0), ({}, 1), (None, 1), ({"image_count": "1"}, 1), ([], 1)],
)
def test_the_paid_pictures_are_counted_under_either_name(usage: object, count: int) -> None:
    results = [{"url": "https://oss.example/x.jpg"}]
    body = {"output": {"task_status": "SUCCEEDED", "results": results}, "usage": usage}
    assert answers.task(answer(body), TASK).image_count == count


def test_the_task_list_comes_with_the_servers_clock() -> None:
    entry = {
        "gmt_create": 1709260684485,
        "start_time": 1709260684527,
        "end_time": 1709260685184,
        "model_name": "wanx-style-repaint-v1",
        "request_id": "r-1",
        "status": "SUCCEEDED",
        "task_id": TASK,
    }
    body = {"total": 31, "data": [entry], "total_page": 4, "page_no": 2, "page_size": 10, "request_id": "r"}
    page = answers.task_page(answer(body, date="Fri, 01 Mar 2024 02:38:05 GMT"))
    assert page.tasks == (
        ListedTask(
            TASK,
            TaskStatus.SUCCEEDED,
            1709260684.485,
            "r-1",
            "wanx-style-repaint-v1",
            1709260684.527,
            1709260685.184,
        ),
    )
    assert (page.total, page.page, page.pages, page.server_time) == (31, 2, 4, 1709260685.0)


@pytest.mark.parametrize("total", [True, -1, "9", 1.5, 10**30, None])
def test_a_list_full_of_nonsense_keeps_what_makes_sense(total: object) -> None:
    data = [None, 7, {}, {"task_id": "../x"}, {"task_id": TASK, "gmt_create": "soon", "status": "NEW"}]
    page = answers.task_page(answer({"total": total, "data": data, "total_page": total, "page_no": total}))
    assert page.tasks == (ListedTask(TASK, TaskStatus.UNRECOGNISED, 0.0, ""),)
    assert (page.total, page.page, page.pages, page.server_time) == (1, 1, 1, None)


def test_a_cancellation_is_done_or_too_late() -> None:
    late = {"code": "UnsupportedOperation", "message": "Failed to cancel the task", "request_id": "r"}
    assert answers.cancelled(answer({"request_id": "r"})) is True
    assert answers.cancelled(answer(late, 400)) is False
    with pytest.raises(NotAccepted):
        answers.cancelled(answer({"code": "InvalidApiKey"}, 401))
