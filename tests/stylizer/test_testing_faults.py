"""Errors on demand: every code of the API can be had at every place, by any client, and only where that is on."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dashscope
import pytest
from dashscope.client.base_api import BaseAsyncApi

from stylizer.errors import Refused
from stylizer.testing_faults import HEADER, KNOWN, Place, fault_at, parse_testing_fault
from tests.fakes.dashscope.api_calls import MODEL, data_url, open_api, refused
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import CREATE_PATH, portrait_jpeg, stand_in

RARELY_LIMITED: dict[str, Any] = {"submits_per_second": 1000, "queries_per_second": 1000}
DOCUMENTED = """
    InvalidURL InvalidURL.Timeout InvalidURL.ConnectionRefused BadRequest.InputDownloadFailed
    InvalidParameter.DataInspection InvalidImageResolution InvalidImageFormat InvalidImage.FileFormat
    InvalidImage.ImageSize DataInspectionFailed IPInfringementSuspect InvalidImage.NoHumanFace InvalidFile.NoHuman
    InvalidFile.FacePose InternalError.Algo InvalidParameter CustomRoleBlocked Arrearage InvalidApiKey AccessDenied
    AccessDenied.Unpurchased Model.AccessDenied Workspace.AccessDenied Endpoint.AccessDenied
    BailianGateway.Workspace.NotAuthorised AllocationQuota.FreeTierOnly ModelNotFound NotFound Throttling
    Throttling.RateQuota Throttling.BurstRate Throttling.AllocationQuota CommodityNotPurchased PrepaidBillOverdue
    PostpaidBillOverdue InternalError InternalError.Timeout SystemError RequestTimeOut ModelServiceFailed
    ModelServingError ModelUnavailable
"""


def test_every_documented_code_is_known_with_its_status() -> None:
    assert set(DOCUMENTED.split()) <= set(KNOWN)
    assert {KNOWN[code].status for code in ("Arrearage", "InvalidApiKey", "NotFound", "Throttling")} == {
        400,
        401,
        404,
        429,
    }
    assert KNOWN["BailianGateway.Workspace.NotAuthorised"].status == 200


@pytest.mark.parametrize("value", ["", "task:", "anywhere:Arrearage", "Arrearage \u00fc", "x" * 99, "task: Arrearage"])
def test_nonsense_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="InvalidParameter"):
        parse_testing_fault(value)


def test_what_is_stored_is_read_again() -> None:
    wanted = parse_testing_fault("query:Throttling.AllocationQuota Free allocated quota exceeded.")
    assert parse_testing_fault(wanted.text) == wanted
    assert (wanted.fault.status, wanted.fault.message) == (429, "Free allocated quota exceeded.")
    assert fault_at(Place.QUERY, wanted.text) == wanted.fault
    assert fault_at(Place.TASK, wanted.text) is None
    assert parse_testing_fault("Brand.NewCode").fault.status == 400


async def test_any_call_is_refused_with_the_code_that_it_asks_for(tmp_path: Path) -> None:
    async with open_api(tmp_path, testing_faults=True, **RARELY_LIMITED) as (service, caller):
        authorized = {"Authorization": f"Bearer {caller.key}"}
        for code, fault in KNOWN.items():
            headers = {**authorized, HEADER: code}
            answers = [
                await caller.post({}, X_Stylizer_Fault=code),
                await caller.http.get("/api/v1/tasks/1111", headers=headers),
                await caller.http.get("/api/v1/tasks/", headers=headers),
                await caller.http.post("/api/v1/tasks/1111/cancel", headers=headers),
                await caller.http.get(
                    "/api/v1/uploads", params={"action": "getPolicy", "model": MODEL}, headers=headers
                ),
            ]
            assert {answer.status_code for answer in answers} == {fault.status}
            for answer in answers:
                assert {name: answer.json()[name] for name in ("code", "message")} == {
                    "code": code,
                    "message": fault.message,
                }
        assert refused(await caller.post({}, X_Stylizer_Fault="nowhere:Arrearage"))[1] == "InvalidParameter"
        assert await service.tasks() == []


@pytest.mark.parametrize("code", ["InvalidImage.NoHumanFace", "InternalError.Algo", "DataInspectionFailed", "New.Code"])
async def test_a_task_fails_with_the_code_that_its_submit_asks_for(tmp_path: Path, code: str) -> None:
    async with open_api(tmp_path, testing_faults=True) as (_, caller):
        given = {"image_url": data_url(portrait_jpeg()), "style_index": 0}
        answer = await caller.post({"model": MODEL, "input": given}, X_Stylizer_Fault=f"task:{code} In words.")
        output = (await caller.until(answer.json()["output"]["task_id"]))["output"]
    assert (output["task_status"], output["code"], output["message"]) == ("FAILED", code, "In words.")


async def test_queries_and_the_list_are_refused_as_a_submit_asked_for(tmp_path: Path) -> None:
    hold = tmp_path / "go"
    engine = quick_engine(until=hold)
    async with open_api(tmp_path / "data", engine=engine, testing_faults=True, **RARELY_LIMITED) as (_, caller):
        given = {"image_url": data_url(portrait_jpeg()), "style_index": 0}
        body = {"model": MODEL, "input": given}
        answer = await caller.post(body, X_Stylizer_Fault="query:Arrearage")
        task_id = answer.json()["output"]["task_id"]
        assert refused(await caller.get(f"/tasks/{task_id}"))[:2] == (400, "Arrearage")
        listed = (await caller.get("/tasks/")).json()["data"]
        assert [task["task_id"] for task in listed] == [task_id]
        other = await caller.post(body, X_Stylizer_Fault="list:AccessDenied")
        assert refused(await caller.get("/tasks/"))[:2] == (403, "AccessDenied")
        hold.touch()
        await caller.until(other.json()["output"]["task_id"])
        assert (await caller.get("/tasks/")).json()["total"] == 2


async def test_nobody_gets_errors_on_demand_unless_they_are_on(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        given = {"image_url": data_url(portrait_jpeg()), "style_index": 0}
        for value in ("Arrearage", "task:Arrearage", "nonsense:"):
            answer = await caller.post({"model": MODEL, "input": given}, X_Stylizer_Fault=value)
            if answer.status_code == 429:
                continue
            body = await caller.until(answer.json()["output"]["task_id"])
            assert body["output"]["task_status"] == "SUCCEEDED"


async def test_the_official_client_can_ask_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand_in(tmp_path / "data", testing_faults=True, **RARELY_LIMITED) as service:
        monkeypatch.setattr(dashscope, "base_http_api_url", service.base_url)
        place: dict[str, Any] = {"task_group": "aigc", "task": "image-generation", "function": "generation"}
        given = {"image_url": data_url(portrait_jpeg()), "style_index": 0}

        async def ask(call: Callable[..., Any], fault: str) -> Any:
            return await asyncio.to_thread(
                call, model=MODEL, input=given, api_key="sk-x", headers={HEADER: fault}, **place
            )

        refused_at_once = await ask(BaseAsyncApi.async_call, "Throttling.RateQuota")
        failed = await ask(BaseAsyncApi.call, "task:InvalidFile.FacePose")
    assert (refused_at_once.status_code, refused_at_once.code) == (429, "Throttling.RateQuota")
    assert (failed.output["task_status"], failed.output["code"]) == ("FAILED", "InvalidFile.FacePose")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (None, 400),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
    ],
)
async def test_a_submit_says_that_it_is_json(tmp_path: Path, content_type: str | None, status: int) -> None:
    async with open_api(tmp_path) as (_, caller):
        picture = data_url(portrait_jpeg())
        body = f'{{"model": "{MODEL}", "input": {{"image_url": "{picture}", "style_index": 0}}}}'
        headers = {"Authorization": f"Bearer {caller.key}", "X-DashScope-Async": "enable"}
        headers |= {} if content_type is None else {"Content-Type": content_type}
        answer = await caller.http.post(CREATE_PATH, content=body.encode(), headers=headers)
    assert answer.status_code == status
    if status != 200:
        assert refused(answer)[1] == "InvalidParameter"
        assert "Content-Type" in answer.json()["message"]


async def test_the_list_names_the_key_that_made_each_task(tmp_path: Path) -> None:
    async with open_api(tmp_path, **RARELY_LIMITED) as (_, caller):
        for _ in range(2):
            await caller.task()
        rows = (await caller.get("/tasks/")).json()["data"]
    assert len({(row["api_key_id"], row["caller_parent_id"], row["caller_uid"]) for row in rows}) == 1
    assert rows[0]["api_key_id"] not in caller.key
