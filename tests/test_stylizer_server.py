"""The service over a real loopback port: its calls, its limits, and every documented refusal, word for word."""

import asyncio
import base64
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from stylizer.sole import FolderInUse
from tests.api_calls import MODEL, Caller, data_url, open_api, refused
from tests.quick_engine import quick_engine
from tests.stand_in import CREATE_PATH, portrait_jpeg, stand_in

RUNNING = frozenset({"RUNNING"})
REQUIRED = "Required parameter({}) missing or invalid, please check the request parameters."
STYLE_INVALID = (400, "InvalidParameter", "The style is invalid.")
BODY_INVALID = (400, "InvalidParameter", "Required body invalid, please check the request body format.")
URL_INVALID = (400, "InvalidURL", "The request URL is invalid, make sure the url is correct and is an image")


async def test_a_preset_ends_in_a_jpeg_behind_a_signed_link(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (service, caller):
        answer = await caller.submit(style_index=32)
        assert answer.json()["output"]["task_status"] == "PENDING"
        task_id = answer.json()["output"]["task_id"]
        body = await caller.until(task_id)
        output = body["output"]
        url = output["results"][0]["url"]
        picture = await caller.http.get(url)
        report = await service.report()
    assert url.startswith(f"{service.url}/results/{task_id}_style32.jpg?Expires=")
    assert picture.headers["Content-Type"] == "image/jpeg" and picture.content[:3] == b"\xff\xd8\xff"
    assert output["style_index"] == 32 and output["error_message"] == "Success" and output["error_code"] == 0
    assert body["usage"] == {"image_count": 1}
    assert (report.tasks, report.by_status, report.most_running) == (1, {"SUCCEEDED": 1}, 1)


async def test_what_the_wish_says_reaches_the_engine(tmp_path: Path) -> None:
    wishes = {"strength": 0.25, "brush": 0.75, "seed": 7}
    async with open_api(tmp_path) as (_, caller):
        plain = await caller.picture(await caller.task(style_index=0, style_ref_url=None))
        reference = data_url(portrait_jpeg(shade=9))
        wished = await caller.picture(await caller.task(None, -1, style_ref_url=reference, parameters=wishes))
    assert b"look=0 reference=False strength=1.0 brush=0.5 seed=0" in plain
    assert b"look=-1 reference=True strength=0.25 brush=0.75 seed=7" in wished


async def test_a_preset_wins_over_a_reference_that_comes_with_it(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        picture = await caller.picture(await caller.task(style_index=5, style_ref_url="http://192.0.2.1/never-fetched"))
    assert b"look=5 reference=False" in picture


@pytest.mark.parametrize("end", ["", "/"])
async def test_every_path_also_ends_in_a_slash(tmp_path: Path, end: str) -> None:
    hold = tmp_path / "go"
    async with open_api(tmp_path / "data", engine=quick_engine(until=hold)) as (_, caller):
        first = await caller.task()
        await caller.until(first, RUNNING)
        second = await caller.task()
        assert (await caller.get(f"/tasks/{second}{end}")).json()["output"]["task_status"] == "PENDING"
        assert (await caller.get(f"/tasks{end}")).json()["total"] == 2
        assert set((await caller.cancel(second, end=end)).json()) == {"request_id"}
        assert (await caller.state(second))["output"]["task_status"] == "CANCELED"
        assert (await caller.get(f"/uploads{end}", action="getPolicy", model=MODEL)).status_code == 200
        hold.touch()


async def test_times_are_beijing_time_without_a_zone_in_the_query_and_milliseconds_in_the_list(tmp_path: Path) -> None:
    def clock() -> float:
        return 1709389333.026

    async with open_api(tmp_path, clock=clock) as (_, caller):
        task_id = await caller.task()
        output = (await caller.until(task_id))["output"]
        listed = (await caller.get("/tasks")).json()["data"][0]
    assert output["submit_time"] == output["scheduled_time"] == output["end_time"] == "2024-03-02 22:22:13.026"
    assert output["start_time"] == "2024-03-02 22:22:13"
    assert listed["gmt_create"] == listed["start_time"] == listed["end_time"] == 1709389333026


async def test_the_list_names_the_request_that_made_the_task_and_pages_from_the_newest(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        made = [(await caller.submit()).json() for _ in range(5)]
        for answer in made:
            await caller.until(answer["output"]["task_id"])
        page = (await caller.get("/tasks/", page_no=2, page_size=2, status="SUCCEEDED", model_name=MODEL)).json()
        one = (await caller.get("/tasks/", task_id=made[0]["output"]["task_id"])).json()
        none = (await caller.get("/tasks/", model_name="another-model")).json()
    assert (page["total"], page["total_page"], page["page_no"], page["page_size"]) == (5, 3, 2, 2)
    assert [entry["task_id"] for entry in page["data"]] == [made[n]["output"]["task_id"] for n in (2, 1)]
    assert one["data"][0]["request_id"] == made[0]["request_id"] and one["data"][0]["model_name"] == MODEL
    assert none["total"] == 0 and none["data"] == []


async def test_the_list_can_be_narrowed_to_the_second(tmp_path: Path) -> None:
    now = 1709260684.485  # 2024-03-01 10:38:04.485 in Beijing

    async with open_api(tmp_path, clock=lambda: now) as (_, caller):
        await caller.until(await caller.task())
        inside = await caller.get("/tasks", start_time="20240301103804", end_time="20240301103804")
        before = await caller.get("/tasks", start_time="20240301103700", end_time="20240301103803")
        after = await caller.get("/tasks", start_time="20240301103805")
        too_far = await caller.get("/tasks", start_time="20240229103803", end_time="20240301103805")
    assert [answer.json()["total"] for answer in (inside, before, after)] == [1, 0, 0]
    assert refused(too_far) == (400, "InvalidParameter", REQUIRED.format("start_time, end_time"))


async def test_another_key_does_not_see_the_task(tmp_path: Path) -> None:
    hold = tmp_path / "go"
    async with open_api(tmp_path / "data", engine=quick_engine(until=hold)) as (_, caller):
        await caller.task()
        waiting = await caller.task()
        stranger = Caller(caller.http, "sk-two")
        seen = await stranger.state(waiting)
        listed = (await stranger.get("/tasks")).json()
        canceled = await stranger.cancel(waiting)
        hold.touch()
    assert seen["output"] == {"task_id": waiting, "task_status": "UNKNOWN"}
    assert listed["total"] == 0 and canceled.status_code == 400


async def test_one_runs_and_the_rest_wait_in_order(tmp_path: Path) -> None:
    hold = tmp_path / "go"
    async with open_api(tmp_path / "data", engine=quick_engine(until=hold)) as (service, caller):
        tasks = [await caller.task() for _ in range(4)]
        running = await caller.until(tasks[0], RUNNING)
        states = [(await caller.state(task_id))["output"]["task_status"] for task_id in tasks]
        hold.touch()
        for task_id in tasks:
            await caller.until(task_id)
        rows = await service.tasks()
        report = await service.report()
    assert states == ["RUNNING", "PENDING", "PENDING", "PENDING"]
    assert running["output"]["task_metrics"] == {"TOTAL": 1, "SUCCEEDED": 0, "FAILED": 0}
    assert [row.task_id for row in sorted(rows, key=lambda row: row.started or 0)] == tasks
    assert report.most_running == 1 and report.by_status == {"SUCCEEDED": 4}


async def test_as_many_run_as_the_account_may_run(tmp_path: Path) -> None:
    hold = tmp_path / "go"
    engine = quick_engine(until=hold)
    async with open_api(tmp_path / "data", engine=engine, max_running=2, workers=2) as (service, caller):
        tasks = [await caller.task() for _ in range(3)]
        for task_id in tasks[:2]:
            await caller.until(task_id, RUNNING)
        last = await caller.state(tasks[2])
        hold.touch()
        for task_id in tasks:
            await caller.until(task_id)
        report = await service.report()
    assert last["output"]["task_status"] == "PENDING"
    assert report.most_running == 2


async def test_only_a_pending_task_can_be_canceled(tmp_path: Path) -> None:
    hold = tmp_path / "go"
    async with open_api(tmp_path / "data", engine=quick_engine(until=hold)) as (_, caller):
        running, waiting = await caller.task(), await caller.task()
        await caller.until(running, RUNNING)
        assert (await caller.cancel(waiting)).status_code == 200
        refusals = [refused(await caller.cancel(one)) for one in (running, waiting, "no-such-task")]
        hold.touch()
        assert (await caller.until(running))["output"]["task_status"] == "SUCCEEDED"
    words = "Failed to cancel the task, please confirm if the task is in PENDING status."
    assert set(refusals) == {(400, "UnsupportedOperation", words)}
    assert not list((tmp_path / "data" / "shelf" / "inputs").iterdir())


async def test_a_third_submit_within_a_second_is_refused_and_not_made(tmp_path: Path) -> None:
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


async def test_the_free_quota_runs_out_and_failures_give_it_back(tmp_path: Path) -> None:
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


async def test_too_many_waiting_tasks_are_refused_until_some_have_ended(tmp_path: Path) -> None:
    hold = tmp_path / "go"
    async with open_api(tmp_path / "data", engine=quick_engine(until=hold), max_pending=2) as (_, caller):
        tasks = [await caller.task() for _ in range(2)]
        assert refused(await caller.submit())[:2] == (429, "Throttling")
        hold.touch()
        for task_id in tasks:
            await caller.until(task_id)
        assert (await caller.submit()).status_code == 200


async def test_a_key_is_asked_for_and_must_be_one_of_those_configured(tmp_path: Path) -> None:
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


async def test_every_bad_wish_is_answered_with_its_documented_words_and_makes_no_task(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (service, caller):
        answers = [refused(await caller.post(body)) for body, _ in BAD_BODIES]
        assert await service.tasks() == []
    assert answers == [expected for _, expected in BAD_BODIES]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"model": ' + b"9" * 5000 + b"}"])
async def test_garbage_for_a_body_is_a_400(tmp_path: Path, body: bytes) -> None:
    headers = {"Authorization": "Bearer sk-one", "X-DashScope-Async": "enable"}
    async with open_api(tmp_path) as (_, caller):
        answer = await caller.http.post(CREATE_PATH, content=body, headers=headers)
    assert refused(answer)[:2] == (400, "InvalidParameter")


async def test_two_pictures_of_ten_megabytes_fit_and_larger_bodies_do_not(tmp_path: Path) -> None:
    big = portrait_jpeg() + bytes(10 * 1024 * 1024 - len(portrait_jpeg()))
    headers = {"Authorization": "Bearer sk-one", "X-DashScope-Async": "enable"}
    async with open_api(tmp_path) as (_, caller):
        both = await caller.task(data_url(big), -1, style_ref_url=data_url(big))
        assert (await caller.until(both))["output"]["task_status"] == "SUCCEEDED"
        declared = await caller.http.post(CREATE_PATH, content=bytes(40 * 1024 * 1024), headers=headers)
    assert refused(declared) == (413, "BadRequest.TooLarge", "Payload Too Large")


async def test_whoever_sends_without_end_is_hung_up_on(tmp_path: Path) -> None:
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


async def test_what_is_wrong_with_a_picture_ends_its_task_as_failed(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        bodies = [await caller.until(await caller.task(data_url(picture))) for picture, _, _ in PICTURES]
        reference = await caller.until(await caller.task(None, -1, style_ref_url=data_url(b"no picture")))
    for body, (_, code, message) in zip(bodies, PICTURES, strict=True):
        output = body["output"]
        assert (output["task_status"], output["code"], output["message"]) == ("FAILED", code, message)
        assert body["usage"] == {"image_num": 0} and "results" not in output and output["end_time"]
    assert reference["output"]["code"] == "InvalidImageFormat"


async def test_a_photo_behind_a_url_is_fetched_when_its_task_runs(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (service, caller):
        first = await caller.task()
        await caller.until(first)
        link = (await caller.state(first))["output"]["results"][0]["url"]  # 96 pixels wide: too small
        small = await caller.until(await caller.task(link))
        dead = await caller.until(await caller.task(f"{service.url}/results/nothing"))
    assert small["output"]["code"] == "InvalidImageResolution"
    assert (dead["output"]["code"], dead["output"]["message"]) == URL_INVALID[1:]


async def test_private_addresses_are_out_of_reach_unless_allowed(tmp_path: Path) -> None:
    async with open_api(tmp_path, allow_private_addresses=False) as (service, caller):
        body = await caller.until(await caller.task(f"{service.url}/results/secret"))
        assert not [call for call in service.calls if "/results/" in call.path]
    assert (body["output"]["code"], body["output"]["message"]) == URL_INVALID[1:]


async def test_an_unknown_path_and_a_wrong_verb_are_answered_in_json(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        assert refused(await caller.get("/nothing"))[:2] == (404, "NotFound")
        assert refused(await caller.http.put("/api/v1/tasks"))[:2] == (405, "MethodNotAllowed")


async def test_a_broken_disk_is_an_internal_error_and_not_the_end_of_the_service(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        await caller.until(await caller.task())
        shelf = tmp_path / "shelf"
        for folder in (shelf / "inputs", shelf / "results"):
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
            folder.touch()  # a file where a folder should be: nothing can be written in it
        broken = await caller.submit()
        (shelf / "inputs").unlink()
        unfinished = await caller.until(await caller.task())
        (shelf / "results").unlink()
        assert await caller.picture(await caller.task())
    assert refused(broken)[:2] == (500, "InternalError")
    assert unfinished["output"]["code"] == "InternalError"


async def test_a_changed_or_foreign_signature_opens_nothing(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (service, caller):
        first, second = await caller.task(), await caller.task()
        urls = [(await caller.until(task_id))["output"]["results"][0]["url"] for task_id in (first, second)]
        query = urls[0].partition("?")[2]
        foreign = f"{urls[1].partition('?')[0]}?{query}"
        later = urls[0].replace("Expires=1", "Expires=9")
        tried = [urls[0].partition("?")[0], foreign, later, f"{service.url}/results/..%2Fstylizer.db?{query}"]
        answers = [await caller.http.get(url) for url in tried]
    assert [answer.status_code for answer in answers[:3]] == [403] * 3
    assert answers[3].status_code in {403, 404} and b"<Code>AccessDenied</Code>" in answers[0].content


async def test_links_begin_with_the_public_address_when_there_is_one(tmp_path: Path) -> None:
    async with open_api(tmp_path, public_url="https://paint.example.org/") as (_, caller):
        body = await caller.until(await caller.task())
        policy = (await caller.get("/uploads", action="getPolicy", model=MODEL)).json()["data"]
    assert body["output"]["results"][0]["url"].startswith("https://paint.example.org/results/")
    assert policy["upload_host"] == "https://paint.example.org/oss"


async def test_the_bare_application_serves_within_the_process(tmp_path: Path) -> None:
    async with stand_in(tmp_path, queries_per_second=10**6) as service:
        transport = httpx.ASGITransport(service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://stand-in") as http:
            caller = Caller(http)
            assert (await caller.picture(await caller.task()))[:2] == b"\xff\xd8"
            assert (await caller.get("/tasks")).headers["Date"].endswith("GMT")


async def test_one_folder_has_one_service(tmp_path: Path) -> None:
    async with stand_in(tmp_path):
        with pytest.raises(FolderInUse, match="Another stylizer is at work"):
            async with stand_in(tmp_path):
                pass


def test_the_example_of_beijing_time_is_what_the_clock_says() -> None:
    moment = datetime(2024, 3, 2, 22, 22, 13, tzinfo=timezone(timedelta(hours=8)))
    assert int(moment.timestamp()) == 1709389333
    assert base64.b64decode(data_url(b"abc").partition(",")[2]) == b"abc"
