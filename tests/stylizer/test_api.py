"""Create, query, list and cancel over a real loopback port."""

from pathlib import Path

import pytest

from tests.fakes.dashscope.api_calls import MODEL, Caller, data_url, open_api, refused
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg

RUNNING = frozenset({"RUNNING"})
REQUIRED = "Required parameter({}) missing or invalid, please check the request parameters."


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
    assert url.startswith(f"{service.url}/results/{task_id}_style32_1.jpg?Expires=")
    assert picture.headers["Content-Type"] == "image/jpeg" and picture.content[:3] == b"\xff\xd8\xff"
    assert output["style_index"] == 32 and output["error_message"] == "Success" and output["error_code"] == 0
    assert body["usage"] == {"image_count": 1}
    assert (report.tasks, report.by_status, report.most_running) == (1, {"SUCCEEDED": 1}, 1)


async def test_all_parameters_reach_the_engine(tmp_path: Path) -> None:
    parameters = {"strength": 0.25, "brush": 0.75, "seed": 7}
    async with open_api(tmp_path) as (_, caller):
        plain = await caller.picture(await caller.task(style_index=0, style_ref_url=None))
        reference = data_url(portrait_jpeg(shade=9))
        repainted = await caller.picture(await caller.task(None, -1, style_ref_url=reference, parameters=parameters))
    assert b"look=0 reference=False strength=1.0 brush=0.5 seed=0" in plain
    assert b"look=-1 reference=True strength=0.25 brush=0.75 seed=7" in repainted


async def test_a_preset_wins_over_a_reference_that_comes_with_it(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        picture = await caller.picture(await caller.task(style_index=5, style_ref_url="http://192.0.2.1/never-fetched"))
    assert b"look=5 reference=False" in picture


@pytest.mark.parametrize("end", ["", "/"])
async def test_every_path_also_works_with_a_trailing_slash(tmp_path: Path, end: str) -> None:
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


async def test_the_list_can_be_filtered_to_the_second(tmp_path: Path) -> None:
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


async def test_one_task_runs_and_the_rest_wait_in_order(tmp_path: Path) -> None:
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


async def test_as_many_tasks_run_as_the_account_is_allowed(tmp_path: Path) -> None:
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
