"""A stand-in for the service that finishes every task at once, for the soak. It stores no images."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from stylizer.answers import beijing_time
from stylizer.settings import BASE_PATH
from tests.fakes.dashscope.service import CREATE_PATH, portrait_jpeg

RESULT_IMAGE = portrait_jpeg(384, 512)
TASK_MILLISECONDS = 200
MAX_HEAD = 64 * 1024


@dataclass
class InstantService:
    """`task_count`: tasks created so far. `now`: Unix time."""

    now: Callable[[], float]
    url: str = ""
    task_count: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection for as long as the client keeps it open."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = head.lower().partition("content-length:")[2].partition("\r\n")[0]
                await reader.readexactly(int(length or 0))
                method, path, _ = head.split(" ", 2)
                writer.write(self._answer(method, path.partition("?")[0]))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has disconnected
        finally:
            writer.close()

    def _answer(self, method: str, path: str) -> bytes:
        if path == CREATE_PATH and method == "POST":
            self.task_count += 1
            return self._reply(_json({"task_status": "PENDING", "task_id": f"task-{self.task_count:012}"}))
        if path.startswith("/results/"):
            return self._reply(RESULT_IMAGE, "image/jpeg")
        if path == f"{BASE_PATH}/tasks":
            empty_page = {"total": 0, "data": [], "total_page": 0, "page_no": 1, "page_size": 50}
            return self._reply(json.dumps(empty_page).encode())
        return self._reply(_json(self._done(path.rpartition("/")[2])))

    def _done(self, task_id: str) -> dict[str, Any]:
        end = int(self.now() * 1000)
        start = beijing_time(end - TASK_MILLISECONDS)
        times = {"submit_time": start, "scheduled_time": start, "end_time": beijing_time(end)}
        results = {"results": [{"url": f"{self.url}/results/{task_id}.jpg"}]}
        return {"task_id": task_id, "task_status": "SUCCEEDED", **times, **results}

    def _reply(self, body: bytes, kind: str = "application/json") -> bytes:
        head = f"Date: {formatdate(self.now(), usegmt=True)}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
        return f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body


def _json(output: dict[str, Any]) -> bytes:
    return json.dumps({"request_id": "r", "output": output, "usage": {"image_count": 1}}).encode()


@asynccontextmanager
async def instant_service(now: Callable[[], float]) -> AsyncIterator[InstantService]:
    """On a loopback port, until the end of the block."""
    service = InstantService(now)
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0, limit=MAX_HEAD)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()
