"""The scripted API keeps the documented rules, and misbehaves only where a case says so."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.fakes.dashscope.scripted_api import SUBMIT_PATH, ScriptedApi, scripted_api
from tests.fakes.dashscope.scripted_cases import Case, Expect, Rule, load_cases
from tests.fakes.dashscope.scripted_replies import MAX_DATA_URI
from tests.fakes.dashscope.scripted_tasks import MODEL, colour_of, picture
from tests.fakes.dashscope.service import portrait_jpeg

DAY = 86_400


def inline(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + b64encode(jpeg).decode()


PHOTO = inline(portrait_jpeg())


@dataclass
class Hand:
    """Calls the API by hand; `at` is its time."""

    at: float = 1_800_000_000.0
    http: httpx.AsyncClient | None = None

    async def submit(self, style: int = 3, *, key: str = "sk-a", photo: str = PHOTO, **headers: str) -> httpx.Response:
        body = {"model": MODEL, "input": {"image_url": photo, "style_index": style}}
        sent = {"Content-Type": "application/json", "X-DashScope-Async": "enable", "Authorization": f"Bearer {key}"}
        assert self.http is not None
        return await self.http.post(f"/api/v1{SUBMIT_PATH}", content=json.dumps(body), headers=sent | headers)

    async def get(self, path: str, *, key: str = "sk-a") -> Any:
        assert self.http is not None
        return (await self.http.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {key}"})).json()

    async def task_of(self, answer: httpx.Response) -> Any:
        return (await self.get(f"/tasks/{answer.json()['output']['task_id']}"))["output"]


@asynccontextmanager
async def opened(case: str | Case = "ok") -> AsyncIterator[tuple[ScriptedApi, Hand]]:
    hand = Hand()
    async with (
        scripted_api(case, now=lambda: hand.at) as api,
        httpx.AsyncClient(base_url=api.url, trust_env=False) as hand.http,
    ):
        yield api, hand


def playing(*rules: Rule, **case: Any) -> Case:
    return Case(right="", rules=rules, expect=Expect(end=("stored",)), **case)


async def test_a_task_runs_and_ends_in_the_colour_of_its_style() -> None:
    async with opened() as (api, hand):
        first, second = await hand.submit(3), await hand.submit(5)
        assert [(await hand.task_of(task))["task_status"] for task in (first, second)] == ["RUNNING", "PENDING"]
        hand.at += 2
        link = (await hand.task_of(second))["results"][0]["url"]
        assert hand.http is not None
        assert (await hand.http.get(link)).content == picture(colour_of(5)) != picture(colour_of(3))
        cut = await hand.http.get(link, headers={"Range": "bytes=100-"})
        assert (cut.status_code, cut.content) == (206, picture(colour_of(5))[100:])
        hand.at += DAY + 2
        assert (await hand.http.get(link)).status_code == 404
        assert (await hand.task_of(second))["task_status"] == "UNKNOWN"
        assert (api.submits, len(api.paid(3)), len(api.paid(5)), api.wrong) == (2, 1, 1, [])


async def test_limits_are_the_accounts_whichever_key() -> None:
    async with opened() as (api, hand):
        answers = [await hand.submit(key=key) for key in ("sk-a", "sk-b", "sk-c")]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        hand.at += 1
        assert (await hand.submit()).status_code == 200
        assert len(api.wrong) == 1
        assert api.most_per_second("submit") == 3


async def test_the_list_shows_all_tasks_of_the_account_and_whose_they_are() -> None:
    rule = Rule(on="submit", first=1, strangers=(-30.0,))
    async with opened(playing(rule)) as (_, hand):
        await hand.submit(key="sk-a")
        hand.at += 1
        await hand.submit(key="sk-b")
        listed = (await hand.get("/tasks/?page_size=2", key="sk-b"))["data"]
        assert [task["api_key_id"] for task in listed] == ["1002", "1001"]
        foreign = (await hand.get("/tasks?page_size=2&page_no=2"))["data"]
        assert [(task["api_key_id"], task["caller_parent_id"]) for task in foreign] == [("7777", "1")]
        stranger = await hand.get(f"/tasks/{foreign[0]['task_id']}")
        assert stranger["output"]["task_status"] == "SUCCEEDED"


async def test_keys_of_several_accounts_see_nothing_of_each_other() -> None:
    async with opened(playing(accounts="each")) as (_, hand):
        await hand.submit(key="sk-a")
        assert (await hand.get("/tasks/", key="sk-b"))["data"] == []


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"Content-Type": "text/plain"}, (400, "InvalidParameter")),
        ({"X-DashScope-Async": "disable"}, (403, "AccessDenied")),
        ({"Authorization": ""}, (401, "InvalidApiKey")),
        ({"style": 11}, (400, "InvalidParameter")),
        ({"photo": "ftp://host/a.jpg"}, (400, "InvalidParameter")),
        ({"photo": "oss://never/uploaded.jpg"}, (400, "InvalidURL")),
        ({"photo": inline(b"no picture")}, (400, "InvalidImageFormat")),
        ({"photo": inline(portrait_jpeg(200, 300))}, (400, "InvalidImageResolution")),
        ({"photo": "data:image/jpeg;base64," + "A" * MAX_DATA_URI}, (400, "InvalidParameter")),
    ],
)
async def test_what_breaks_a_documented_rule_is_refused(changed: dict[str, Any], refusal: tuple[int, str]) -> None:
    async with opened() as (api, hand):
        answer = await hand.submit(**changed)
        assert (answer.status_code, answer.json()["code"]) == refusal
        assert (len(api.wrong), len(api.tasks)) == (1, 0)


async def test_a_lost_answer_may_have_created_a_task() -> None:
    async with opened(playing(Rule(on="submit", first=1, make=True, drop=True))) as (api, hand):
        with pytest.raises(httpx.RemoteProtocolError):
            await hand.submit(3)
        assert len(api.paid(3)) == 1
        assert (await hand.submit(3)).status_code == 200


async def test_trouble_ends_when_it_is_mended() -> None:
    async with opened("s_404") as (api, hand):
        assert (await hand.submit()).json()["code"] == "NotFound"
        api.mend()
        assert (await hand.submit()).status_code == 200


async def test_half_a_picture_is_as_long_as_its_head_says() -> None:
    async with opened("r_half") as (_, hand):
        task = await hand.submit(3)
        hand.at += 2
        assert hand.http is not None
        link = (await hand.task_of(task))["results"][0]["url"]
        halves = [(await hand.http.get(link)).content for _ in range(3)]
        whole = picture(colour_of(3))
        assert halves == [whole[: len(whole) // 2]] * 2 + [whole]


def test_every_case_says_how_it_must_end() -> None:
    assert len(load_cases()) >= 46
    assert all(case.expect.end for case in load_cases().values())
