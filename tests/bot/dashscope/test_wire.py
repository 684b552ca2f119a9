"""Requests to the API as values."""

import pytest

from bot.dashscope import wire
from bot.dashscope.wire import TaskRequest, TaskStatus

MODEL = "wanx-style-repaint-v1"


def test_a_preset_request_has_its_index_even_when_it_is_0() -> None:
    call = wire.create(MODEL, TaskRequest("https://me.example/a.jpg", 0))
    assert (call.method, call.path) == ("POST", "/services/aigc/image-generation/generation")
    assert call.headers == {"X-DashScope-Async": "enable"}
    assert call.json == {
        "model": "wanx-style-repaint-v1",
        "input": {"image_url": "https://me.example/a.jpg", "style_index": 0},
    }


def test_a_reference_request_has_both_pictures_and_index_minus_1() -> None:
    call = wire.create(MODEL, TaskRequest("https://me.example/a.jpg", -1, "https://me.example/b.jpg", {"n": 1}))
    assert call.json == {
        "model": "wanx-style-repaint-v1",
        "input": {
            "image_url": "https://me.example/a.jpg",
            "style_index": -1,
            "style_ref_url": "https://me.example/b.jpg",
        },
        "parameters": {"n": 1},
    }


@pytest.mark.parametrize(
    "task_request", [TaskRequest("oss://a/b.jpg", 3), TaskRequest("https://me.example/a.jpg", -1, "oss://a/b.jpg")]
)
def test_any_temporary_upload_sets_the_resolve_header(task_request: TaskRequest) -> None:
    assert wire.create(MODEL, task_request).headers["X-DashScope-OssResourceResolve"] == "enable"


@pytest.mark.parametrize(("index", "reference"), [(-1, None), (0, "https://me.example/b.jpg")])
def test_a_reference_and_a_preset_exclude_each_other(index: int, reference: str | None) -> None:
    with pytest.raises(ValueError, match="reference"):
        TaskRequest("https://me.example/a.jpg", index, reference)


def test_no_repr_shows_a_link() -> None:
    task_request = TaskRequest("https://me.example/s3cret", -1, "data:image/jpeg;base64,s3cret")
    assert "s3cret" not in repr(task_request) + repr(wire.create(MODEL, task_request))


def test_the_list_is_queried_in_beijing_time_rounded_outwards() -> None:
    call = wire.listing(MODEL, start=1709389333.9, end=1709389333.9, status=TaskStatus.RUNNING, page=2, page_size=50)
    assert call.params == {
        "model_name": "wanx-style-repaint-v1",
        "page_no": "2",
        "page_size": "50",
        "start_time": "20240302222213",
        "end_time": "20240302222214",
        "status": "RUNNING",
    }


@pytest.mark.parametrize(("start", "end"), [(0.0, 86_401.0), (10.0, 9.0)])
def test_the_list_covers_no_more_than_a_day(start: float, end: float) -> None:
    with pytest.raises(ValueError, match="24 hours"):
        wire.listing(MODEL, start=start, end=end, status=None, page=1, page_size=10)


@pytest.mark.parametrize("value", ["", "a/b", "../x", "a?b", "a\n", "ü", "x" * 129, None, 7])
def test_an_invalid_task_id_stays_out_of_paths(value: object) -> None:
    assert not wire.is_task_id(value)


def test_a_task_id_of_the_api_is_valid() -> None:
    assert wire.is_task_id("c4f94e00-5899-431b-9579-eb1ebe686379")


@pytest.mark.parametrize("value", ["RUNNING2", "running", "", None, 3, ["RUNNING"], {}])
def test_an_unknown_status_is_not_final(value: object) -> None:
    assert TaskStatus.read(value) is TaskStatus.UNRECOGNISED
    assert not TaskStatus.read(value).final


def test_four_states_are_final() -> None:
    assert {status for status in TaskStatus if status.final} == {"SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"}
