"""Visitors of the web chat: HTTP clients with their own cookie jars, and their requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bot.app import Installation, web_application
from tests.fakes.dashscope.service import portrait_jpeg

BASE_URL = "http://localhost"


def visitor(app: Installation, language: str = "en") -> httpx.AsyncClient:
    """A new visitor's client, connected to the app without a network."""
    transport = httpx.ASGITransport(web_application(app))
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers={"Accept-Language": language})


@asynccontextmanager
async def visitors(app: Installation, count: int = 2) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Several new visitors of one app."""
    asgi = web_application(app)
    clients = [httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url=BASE_URL) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            await client.aclose()


async def post_job(client: httpx.AsyncClient, *, style: str | None = "0", **more: Any) -> httpx.Response:
    """POST a portrait. `more`: `photo`, `reference` (bytes), `key`."""
    photo, reference, key = more.get("photo", portrait_jpeg()), more.get("reference"), more.get("key")
    files = {"photo": ("me.jpg", photo, "image/jpeg")}
    if reference is not None:
        files["reference"] = ("like.jpg", reference, "image/jpeg")
    fields = {name: value for name, value in {"style": style, "key": key}.items() if value is not None}
    return await client.post("/api/jobs", files=files, data=fields)


async def job_events(client: httpx.AsyncClient, job_id: int) -> list[dict[str, Any]]:
    """Every event of a job until its stream ends."""
    lines = (await client.get(f"/api/jobs/{job_id}/events")).text.splitlines()
    return [httpx.Response(200, text=line.removeprefix("data: ")).json() for line in lines if line.startswith("data: ")]


async def finished_job(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    """Post a job and return its last event once it has ended."""
    answer = await post_job(client, **more)
    assert answer.status_code == 202, answer.text
    return (await job_events(client, answer.json()["id"]))[-1]
