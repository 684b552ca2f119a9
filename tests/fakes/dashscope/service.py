"""The stylizer on a loopback port, with a quick engine, as the bot's tests use it; see README.md.

    async with stand_in(tmp_path) as service:
        client = Client(base_url=service.base_url, key="sk-test")
        ...
        report = await service.report()
        assert report.most_running == 1 and report.most_submits == 2 and report.refused_submits == 0

Counting is done at the server: `calls` holds every request with its time of arrival and the status of its answer
(errors too), `tasks()` and `report()` read the task table.
"""

import asyncio
import io
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from obstore.store import ObjectStore
from PIL import Image
from sqlalchemy import text
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import http_server
from stylizer.database import open_database
from stylizer.engines import Engine
from stylizer.server import server_config, service
from stylizer.settings import BASE_PATH, StylizerSettings
from stylizer.tasks import TASK_COLUMNS, Task, as_task
from tests.fakes.dashscope.quick_engine import quick_engine

CREATE_PATH = f"{BASE_PATH}/services/aigc/image-generation/generation"


@dataclass(frozen=True)
class Call:
    """One request: when its head arrived (monotonic seconds), method, path, and the status of the answer."""

    at: float
    method: str
    path: str
    status: int


@dataclass(frozen=True)
class Report:
    """What the server saw. `most_submits`: create calls within any one second, refused ones included."""

    tasks: int
    by_status: dict[str, int]
    most_running: int
    most_submits: int
    refused_submits: int
    refused_queries: int


@dataclass(frozen=True)
class StandIn:
    """A running service. `url` is the server's, `base_url` the API's (`…/api/v1`)."""

    url: str
    app: ASGIApp
    settings: StylizerSettings
    calls: list[Call] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        """The base URL for clients."""
        return self.url + BASE_PATH

    async def tasks(self) -> list[Task]:
        """Every task ever created here, oldest first."""
        return await all_tasks(self.settings.data_dir)

    async def report(self) -> Report:
        """Counts from the task table and the calls so far."""
        tasks = await self.tasks()
        submits = [call for call in self.calls if call.path.rstrip("/") == CREATE_PATH]
        queries = [call for call in self.calls if call.path.startswith(f"{BASE_PATH}/tasks")]
        return Report(
            tasks=len(tasks),
            by_status=dict(Counter(task.status.value for task in tasks)),
            most_running=most_running(tasks),
            most_submits=most_within_a_second([call.at for call in submits]),
            refused_submits=sum(call.status == 429 for call in submits),
            refused_queries=sum(call.status == 429 for call in queries),
        )


@asynccontextmanager
async def stand_in(
    data_dir: Path,
    *,
    engine: Engine | None = None,
    store: ObjectStore | None = None,
    clock: Callable[[], float] | None = time.time,
    **settings: Any,
) -> AsyncIterator[StandIn]:
    """Serve on a free loopback port, in this event loop. `settings`: fields of StylizerSettings."""
    chosen = replace(StylizerSettings(data_dir=data_dir, allow_private_addresses=True), **settings)
    async with service(chosen, engine=engine or quick_engine(), store=store, clock=clock) as app:
        calls: list[Call] = []
        async with served(counted(app, calls)) as url:
            yield StandIn(url=url, app=app, settings=chosen, calls=calls)


def counted(app: ASGIApp, calls: list[Call]) -> ASGIApp:
    """The same application; every request is appended to `calls`."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        arrived, statuses = time.monotonic(), []

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        try:
            await app(scope, receive, note)
        finally:
            calls.append(Call(arrived, scope["method"], scope["path"], statuses[0] if statuses else 0))

    return noted


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Any ASGI application on a free loopback port; yields its `http://127.0.0.1:port`."""
    # asyncio switches Nagle's algorithm off only where the socket says that it is TCP: else 40 ms for every answer
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        stop = asyncio.Event()
        serving = asyncio.create_task(http_server.serve(server_config(app), stop, listener=listener))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            await serving


async def all_tasks(data_dir: Path) -> list[Task]:
    """Every task in a service's folder, oldest first."""
    async with open_database(data_dir / "stylizer.db") as database, database.read() as connection:
        rows = await connection.execute(text(f"select {TASK_COLUMNS} from task order by seq"))
        return [as_task(dict(row)) for row in rows.mappings()]


def most_running(tasks: Sequence[Task]) -> int:
    """The most tasks of one account that ran at the same time."""
    most = 0
    for account in {task.account for task in tasks}:
        steps = [(task.started, 1) for task in tasks if task.account == account and task.started is not None]
        steps += [
            (task.ended, -1)
            for task in tasks
            if task.account == account and task.started is not None and task.ended is not None
        ]
        running = 0
        for _, step in sorted(steps):
            running += step
            most = max(most, running)
    return most


def most_within_a_second(moments: Sequence[float]) -> int:
    """The largest number of times within any one second."""
    ordered = sorted(moments)
    return max((sum(start <= other < start + 1 for other in ordered[n:]) for n, start in enumerate(ordered)), default=0)


def portrait_jpeg(width: int = 300, height: int = 400, *, shade: int = 128) -> bytes:
    """A small picture within the API's limits; another `shade` gives other bytes."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (shade, 96, 160)).save(out, "JPEG")
    return out.getvalue()
