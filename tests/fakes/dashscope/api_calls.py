"""The API as its callers use it: short names for the calls, for the service's own tests."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.dashscope.service import CREATE_PATH, StandIn, portrait_jpeg, stand_in

FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"})
MODEL = "wanx-style-repaint-v1"


def data_url(picture: bytes) -> str:
    """A picture within the request."""
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()


@dataclass(frozen=True)
class Caller:
    """Somebody with an API key."""

    http: httpx.AsyncClient
    key: str = "sk-one"

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        """A create call with this body, whatever it is."""
        given = {"Authorization": f"Bearer {self.key}", "X-DashScope-Async": "enable"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return await self.http.post(CREATE_PATH, json=body, headers={k: v for k, v in given.items() if v})

    async def submit(self, image_url: str | None = None, style_index: int = 0, **wish: Any) -> httpx.Response:
        """A create call for a small portrait, or the one given."""
        parameters = wish.pop("parameters", {})
        given = {"image_url": image_url or data_url(portrait_jpeg()), "style_index": style_index, **wish}
        return await self.post(
            {"model": MODEL, "input": given, "parameters": parameters}, X_DashScope_OssResourceResolve="enable"
        )

    async def task(self, image_url: str | None = None, style_index: int = 0, **wish: Any) -> str:
        """A task that was accepted: its id."""
        answer = await self.submit(image_url, style_index, **wish)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["output"]["task_id"])

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """Any GET under the API's base path."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return await self.http.get(f"/api/v1{path}", params=query, headers=headers)

    async def cancel(self, task_id: str, *, end: str = "") -> httpx.Response:
        """A cancel call."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return await self.http.post(f"/api/v1/tasks/{task_id}/cancel{end}", headers=headers)

    async def state(self, task_id: str) -> dict[str, Any]:
        """The query's whole body."""
        answer = await self.get(f"/tasks/{task_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def until(self, task_id: str, statuses: frozenset[str] = FINAL) -> dict[str, Any]:
        """Ask until the task is in one of these states (the test's own time limit ends a vain wait)."""
        while (body := await self.state(task_id))["output"]["task_status"] not in statuses:
            continue
        return body

    async def picture(self, task_id: str) -> bytes:
        """The finished picture of a task that ends well."""
        body = await self.until(task_id)
        assert body["output"]["task_status"] == "SUCCEEDED", body
        return (await self.http.get(body["output"]["results"][0]["url"])).content


@asynccontextmanager
async def open_api(data_dir: Path, **settings: Any) -> AsyncIterator[tuple[StandIn, Caller]]:
    """The service on loopback and a caller. The rate limits are off unless a test is about them."""
    loose: dict[str, Any] = {"queries_per_second": 10**6, "submits_per_second": 10**6}
    async with (
        stand_in(data_dir, **(loose | settings)) as service,
        httpx.AsyncClient(base_url=service.url, trust_env=False) as http,
    ):
        yield service, Caller(http)


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of a refusal, which must be complete."""
    body = answer.json()
    assert set(body) == {"code", "message", "request_id"} and body["request_id"]
    return answer.status_code, body["code"], body["message"]
