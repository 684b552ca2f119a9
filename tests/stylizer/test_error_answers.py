"""Every limit and every documented error over a real loopback port, verbatim."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.dashscope.api_calls import MODEL, Caller, data_url, open_api, refused
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import CREATE_PATH, portrait_jpeg, stand_in

RUNNING = frozenset({"RUNNING"})
REQUIRED = "Required parameter({}) missing or invalid, please check the request parameters."
STYLE_INVALID = (400, "InvalidParameter", "The style is invalid.")
BODY_INVALID = (400, "InvalidParameter", "Required body invalid, please check the request body format.")
URL_INVALID = (400, "InvalidURL", "The request URL is invalid, make sure the url is correct and is an image")


async def test_a_third_submit_within_a_second_is_refused(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    async with open_api(tmp_path, clock=lambda: now[0], submits_per_second=2) as (service, caller):
        answers = [await caller.submit() for _ in range(3)]
        other = await Caller(caller.http, "sk-two").submit()
        now[0] += 0.999
        early = await caller.submit()
        now[0] += 0.002
        late = await caller.submit()
        report = await service.report()
    assert [answer.status_code for answer in (*answers, other, early, late)] == [200, 200, 429, 200, 429, 200]
    assert refused(answers[2]) == (
        429,
        "Throttling.RateQuota",
        "Requests rate limit exceeded, please try again later.",
    )
    assert report.tasks == 4 and report.refused_submits == 2


async def test_queries_lists_and_cancels_are_limited_to_twenty_a_second_each(tmp_path: Path) -> None:
    async with open_api(tmp_path, clock=lambda: 1_800_000_000.0, queries_per_second=20) as (_, caller):
        queries = [(await caller.get("/tasks/nobody")).status_code for _ in range(21)]
        lists = [(await caller.get("/tasks")).status_code for _ in range(21)]
        cancels = [(await caller.cancel("nobody")).status_code for _ in range(21)]
    assert queries == lists == [200] * 20 + [429]
    assert cancels == [400] * 20 + [429]


async def test_the_free_quota_runs_out_and_failures_do_not_use_it(tmp_path: Path) -> None:
    async with open_api(tmp_path, free_images=2) as (_, caller):
        failed = await caller.until(await caller.task(data_url(portrait_jpeg(100, 100))))
        for _ in range(2):
            await caller.until(await caller.task())
        answer = await caller.submit()
        assert (await Caller(caller.http, "sk-two").submit()).status_code == 200
    assert failed["output"]["task_status"] == "FAILED"
    assert refused(answer) == (
        403,
        "AllocationQuota.FreeTierOnly",
        "The free tier of the model has been exhausted. If you wish to continue access the model on a paid basis, "
        'please disable the "use free tier only" mode in the management console.',
    )


async def test_a_burst_never_gets_more_than_the_free_quota(tmp_path: Path) -> None:
    async with open_api(tmp_path, free_images=3) as (service, caller):
        answers = await asyncio.gather(*[caller.submit() for _ in range(12)])
        for answer in answers:
            if answer.status_code == 200:
                await caller.until(answer.json()["output"]["task_id"])
        report = await service.report()
    assert report.by_status == {"SUCCEEDED": 3}


async def test_a_full_queue_refuses_tasks_until_some_have_ended(tmp_path: Path) -> None:
    hold = tmp_path / "go"
    async with open_api(tmp_path / "data", engine=quick_engine(until=hold), max_pending=2) as (_, caller):
        tasks = [await caller.task() for _ in range(2)]
        assert refused(await caller.submit())[:2] == (429, "Throttling")
        hold.touch()
        for task_id in tasks:
            await caller.until(task_id)
        assert (await caller.submit()).status_code == 200


async def test_a_key_is_required_and_must_be_a_configured_one(tmp_path: Path) -> None:
    async with open_api(tmp_path, keys=frozenset({"sk-one", "sk-other"})) as (service, caller):
        assert (await caller.submit()).status_code == 200
        wrong = [await Caller(caller.http, key).submit() for key in ("sk-wrong", "sk-on", "sk-one2")]
        without = [
            await caller.http.get("/api/v1/tasks/x"),
            await caller.http.get("/api/v1/tasks"),
            await caller.http.post("/api/v1/tasks/x/cancel"),
            await caller.http.get("/api/v1/uploads"),
            await caller.http.get("/api/v1/tasks", headers={"Authorization": "Basic sk-one"}),
        ]
    assert "sk-one" not in repr(service.settings)
    assert {refused(answer) for answer in (*wrong, *without)} == {(401, "InvalidApiKey", "Invalid API-key provided.")}


async def test_a_call_that_is_not_asynchronous_is_denied(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        answer = await caller.post({"model": MODEL}, X_DashScope_Async="")
    assert refused(answer) == (403, "AccessDenied", "current user api does not support synchronous calls.")


INPUT = {"image_url": "https://example.org/a.png", "style_index": 0}
BAD_BODIES: list[tuple[Any, tuple[int, str, str]]] = [
    ({"model": "wanx-v9", "input": INPUT}, (404, "ModelNotFound", "Model can not be found.")),
    ({"input": INPUT}, (400, "InvalidParameter", REQUIRED.format("model"))),
    ({"model": MODEL}, (400, "InvalidParameter", REQUIRED.format("input"))),
    ({"model": MODEL, "input": {"style_index": 0}}, (400, "InvalidParameter", REQUIRED.format("image_url"))),
    ({"model": MODEL, "input": {**INPUT, "style_index": 41}}, STYLE_INVALID),
    ({"model": MODEL, "input": {**INPUT, "style_index": 1}}, STYLE_INVALID),
    ({"model": MODEL, "input": {**INPUT, "style_index": -2}}, STYLE_INVALID),
    (
        {"model": MODEL, "input": {**INPUT, "style_index": -1}},
        (400, "InvalidParameter", REQUIRED.format("style_ref_url")),
    ),
    ({"model": MODEL, "input": {**INPUT, "image_url": "ftp://example.org/a.png"}}, URL_INVALID),
    ({"model": MODEL, "input": {**INPUT, "image_url": "https://example.org/图.png"}}, URL_INVALID),
    ({"model": MODEL, "input": {**INPUT, "image_url": "data:image/png;base64,!!!"}}, URL_INVALID),
    ([1, 2], BODY_INVALID),
    ("words", BODY_INVALID),
]


async def test_every_invalid_request_gets_its_documented_error_and_creates_no_task(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (service, caller):
        answers = [refused(await caller.post(body)) for body, _ in BAD_BODIES]
        assert await service.tasks() == []
    assert answers == [expected for _, expected in BAD_BODIES]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"model": ' + b"9" * 5000 + b"}"])
async def test_an_unparseable_body_is_a_400(tmp_path: Path, body: bytes) -> None:
    headers = {"Authorization": "Bearer sk-one", "X-DashScope-Async": "enable", "Content-Type": "application/json"}
    async with open_api(tmp_path) as (_, caller):
        answer = await caller.http.post(CREATE_PATH, content=body, headers=headers)
    assert refused(answer) == BODY_INVALID


async def test_two_pictures_of_ten_megabytes_fit_and_larger_bodies_do_not(tmp_path: Path) -> None:
    big = portrait_jpeg() + bytes(10 * 1024 * 1024 - len(portrait_jpeg()))
    headers = {"Authorization": "Bearer sk-one", "X-DashScope-Async": "enable"}
    async with open_api(tmp_path) as (_, caller):
        both = await caller.task(data_url(big), -1, style_ref_url=data_url(big))
        assert (await caller.until(both))["output"]["task_status"] == "SUCCEEDED"
        declared = await caller.http.post(CREATE_PATH, content=bytes(40 * 1024 * 1024), headers=headers)
    assert refused(declared) == (413, "BadRequest.TooLarge", "Payload Too Large")


async def test_an_endless_body_closes_the_connection(tmp_path: Path) -> None:
    head = f"POST {CREATE_PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk\r\nX-DashScope-Async: enable\r\n"
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    async with stand_in(tmp_path) as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.rpartition(":")[2]))
        writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        with pytest.raises(ConnectionError):
            while True:
                writer.write(chunk)
                await writer.drain()
        assert [call.status for call in service.calls] == [413]
        writer.close()
        del reader


PICTURES = [
    (b"this is no picture", "InvalidImageFormat", "The input image is in invalid format"),
    (portrait_jpeg(255, 400), "InvalidImageResolution", "The input image resolution is too large or small"),
    (portrait_jpeg(300, 601), "InvalidImageResolution", "The input image resolution is too large or small"),
    (bytes(10 * 1024 * 1024 + 1), "InvalidImage.ImageSize", "The size of image is beyond limit."),
]


async def test_an_unusable_picture_fails_its_task(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        bodies = [await caller.until(await caller.task(data_url(picture))) for picture, _, _ in PICTURES]
        reference = await caller.until(await caller.task(None, -1, style_ref_url=data_url(b"no picture")))
    for body, (_, code, message) in zip(bodies, PICTURES, strict=True):
        output = body["output"]
        assert (output["task_status"], output["code"], output["message"]) == ("FAILED", code, message)
        assert body["usage"] == {"image_num": 0} and "results" not in output and output["end_time"]
    assert reference["output"]["code"] == "InvalidImageFormat"


async def test_an_unknown_path_and_a_wrong_method_are_answered_in_json(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        assert refused(await caller.get("/nothing"))[:2] == (404, "NotFound")
        assert refused(await caller.http.put("/api/v1/tasks"))[:2] == (405, "MethodNotAllowed")
