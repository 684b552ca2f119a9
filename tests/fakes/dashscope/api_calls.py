"""A client with short names for the API's calls, for the service's own tests."""

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
    """A client with an API key."""

    http: httpx.AsyncClient
    key: str = "sk-one"

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        """A create call with any body."""
        given = {"Authorization": f"Bearer {self.key}", "X-DashScope-Async": "enable"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return await self.http.post(CREATE_PATH, json=body, headers={k: v for k, v in given.items() if v})

    async def submit(self, image_url: str | None = None, style_index: int = 0, **fields: Any) -> httpx.Response:
        """A create call for a small portrait, or for the given URL."""
        parameters = fields.pop("parameters", {})
        given = {"image_url": image_url or data_url(portrait_jpeg()), "style_index": style_index, **fields}
        return await self.post(
            {"model": MODEL, "input": given, "parameters": parameters}, X_DashScope_OssResourceResolve="enable"
        )

    async def task(self, image_url: str | None = None, style_index: int = 0, **fields: Any) -> str:
        """Create a task that must be accepted; its id."""
        answer = await self.submit(image_url, style_index, **fields)
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
        """The body of a query."""
        answer = await self.get(f"/tasks/{task_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def until(self, task_id: str, statuses: frozenset[str] = FINAL) -> dict[str, Any]:
        """Query until the task is in one of these states (the test's time limit ends the wait otherwise)."""
        while (body := await self.state(task_id))["output"]["task_status"] not in statuses:
            continue
        return body

    async def picture(self, task_id: str) -> bytes:
        """The picture of a task, which must succeed."""
        body = await self.until(task_id)
        assert body["output"]["task_status"] == "SUCCEEDED", body
        return (await self.http.get(body["output"]["results"][0]["url"])).content


@asynccontextmanager
async def open_api(data_dir: Path, **settings: Any) -> AsyncIterator[tuple[StandIn, Caller]]:
    """The service on loopback and a client. Rate limits are off unless a test sets them."""
    loose: dict[str, Any] = {"queries_per_second": 10**6, "submits_per_second": 10**6}
    async with (
        stand_in(data_dir, **(loose | settings)) as service,
        httpx.AsyncClient(base_url=service.url, trust_env=False) as http,
    ):
        yield service, Caller(http)


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of an error, which must be complete."""
    body = answer.json()
    assert set(body) == {"code", "message", "request_id"} and body["request_id"]
    return answer.status_code, body["code"], body["message"]
