"""A job's states as server-sent events, over a real connection."""

import json
from pathlib import Path

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from tests.fakes.dashscope.quick_engine import quick_engine
from tests.harness.app import served_app
from tests.harness.web_visitors import post_job


async def test_the_stream_sends_every_state_in_order_and_ends_with_the_job(tmp_path: Path) -> None:
    async with served_app(tmp_path) as (_, url), httpx.AsyncClient(base_url=url, timeout=30) as anna:
        job = (await post_job(anna)).json()
        async with aconnect_sse(anna, "GET", job["events_url"]) as stream:
            assert stream.response.headers["content-type"].startswith("text/event-stream")
            assert stream.response.headers["cache-control"] == "no-store"
            events = [event async for event in stream.aiter_sse()]
        states = [json.loads(event.data)["state"] for event in events]
        order = ["queued", "submitting", "running", "fetching", "stored"]
        assert states == sorted(states, key=order.index)
        assert states[-1] == "stored"
        assert {event.event for event in events} == {"job"}


async def test_an_interrupted_stream_resumes_at_the_jobs_current_state(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with (
        served_app(tmp_path / "data", engine=quick_engine(until=go)) as (_, url),
        httpx.AsyncClient(base_url=url, timeout=30) as anna,
    ):
        at = (await post_job(anna)).json()["events_url"]
        running = await first_event(anna, at, "running")
        go.touch()
        async with aconnect_sse(anna, "GET", at, headers={"Last-Event-ID": running.id}) as stream:
            last = [event async for event in stream.aiter_sse()][-1]
        assert (last.id, json.loads(last.data)["ended"]) == ("stored", True)
        reconnected = await anna.get(at, headers={"Last-Event-ID": last.id})
        assert reconnected.status_code == 204, "which stops a browser from reconnecting"


async def first_event(client: httpx.AsyncClient, path: str, state: str) -> ServerSentEvent:
    """The first event of a state; the connection is dropped in the middle of the stream."""
    async with aconnect_sse(client, "GET", path) as stream:
        async for event in stream.aiter_sse():
            if event.id == state:
                return event
    raise AssertionError(state)


async def test_a_visitor_can_open_only_a_limited_number_of_streams(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with (
        served_app(tmp_path / "data", engine=quick_engine(until=go)) as (_, url),
        httpx.AsyncClient(base_url=url, timeout=30) as anna,
    ):
        at = (await post_job(anna)).json()["events_url"]
        open_streams = [await anna.send(anna.build_request("GET", at), stream=True) for _ in range(13)]
        assert [stream.status_code for stream in open_streams] == [200] * 12 + [429]
        for stream in open_streams:
            await stream.aclose()
        go.touch()


async def test_the_server_stops_while_a_stream_is_open(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with httpx.AsyncClient(timeout=30) as anna:
        async with served_app(tmp_path / "data", engine=quick_engine(until=go)) as (_, url):
            anna.base_url = url
            at = (await post_job(anna)).json()["events_url"]
            stream = await anna.send(anna.build_request("GET", at), stream=True)
            go.touch()
        await stream.aclose()
