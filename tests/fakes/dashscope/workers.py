"""Services and remote workers that share a task table, in this process and in others, for tests that kill them."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from stylizer.database import Database, open_database
from stylizer.tasks import TASK_COLUMNS, Task, as_task
from tests import ROOT
from tests.fakes.dashscope.api_calls import Caller, open_api

RUNNING = frozenset({"RUNNING"})
LEASE = 5.0  # seconds: long enough for a busy machine, short enough to wait for
LONG = 3600.0  # for tests in which nothing may be taken over
DAY = 24 * 3600


@asynccontextmanager
async def api_only(data: Path, url: str, **settings: Any) -> AsyncIterator[Caller]:
    """A service that answers calls but has no workers."""
    async with open_api(data, **({"database_url": url, "clock": None, "workers": 0} | settings)) as (_, caller):
        yield caller


@asynccontextmanager
async def worker_process(
    data: Path, url: str, *, lease: float = LEASE, until: Path | None = None
) -> AsyncIterator[Process]:
    """A remote worker as a process, once it takes tasks; killed at the end of the block if it still runs."""
    arguments = [str(data), str(lease), *([str(until)] if until else [])]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fakes.dashscope.serve_worker", *arguments),
        stdout=PIPE,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"painting\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()  # until its children close the pipe: uvloop can't close before


async def rows(url: str) -> list[Task]:
    """Every task, oldest first."""
    async with open_database(url) as database:
        return await rows_of(database)


async def rows_of(database: Database) -> list[Task]:
    async with database.read() as connection:
        found = await connection.execute(text(f"select {TASK_COLUMNS} from task order by seq"))
        return [as_task(dict(row)) for row in found.mappings()]


async def images(url: str) -> int:
    """The number of pictures counted, over all accounts."""
    async with open_database(url) as database, database.read() as connection:
        return int((await connection.execute(text("select sum(images) from account"))).scalar_one())


def files(data: Path, folder: str) -> list[str]:
    return sorted(path.name for path in (data / "shelf" / folder).glob("*"))


async def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until it is true; the test's time limit ends the wait otherwise."""
    while not is_so():
        await asyncio.to_thread(os.sched_yield)
