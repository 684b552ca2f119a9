"""The chat page before two installations on one PostgreSQL: every request of a visitor may come to another of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest_asyncio

from bot.app import running
from tests.harness.replica_apps import installations
from tests.harness.web_visitors import job_events, post_job, visitor


@pytest_asyncio.fixture
async def doors(tmp_path: Path, postgres_url: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """The same visitor at both of them."""
    async with AsyncExitStack() as stack:
        apps = await stack.enter_async_context(installations(tmp_path, postgres_url))
        for one in apps:
            await stack.enter_async_context(running(one, []))
        here, there = [await stack.enter_async_context(visitor(one)) for one in apps]
        await here.get("/")
        there.cookies.update(here.cookies)
        yield [here, there]


async def test_a_visitor_may_come_to_another_of_us_with_every_request(doors: list[httpx.AsyncClient]) -> None:
    here, there = doors
    job = (await post_job(there)).json()
    events = await job_events(here, job["id"])
    assert [event["id"] for event in events] == [job["id"]] * len(events)
    assert events[-1]["state"] == "stored"
    first, second = [await door.get(events[-1]["result_url"]) for door in (here, there)]
    assert first.status_code == 200
    assert first.content == second.content

    answers = await asyncio.gather(*(post_job(door, style="5", key="the-same-key") for door in doors))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await job_events(there, answers[0].json()["id"]))[-1]["state"] == "stored"
    for door in doors:
        assert len((await door.get("/api/jobs")).json()["jobs"]) == 2
        assert (await door.get("/api/quota")).json()["used"] == 2

    assert (await here.delete(f"/api/jobs/{job['id']}")).status_code == 204
    assert (await there.get(events[-1]["result_url"])).status_code == 404
