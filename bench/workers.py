"""Tasks per minute with one worker and with two: `repaint stylizer worker` as owners start it, on a real PostgreSQL.

Every worker has one rendering process with one thread, like a machine with one core, so each needs a core here. The
peer is the engine alone, in as many bare processes that share nothing: the most that this machine can do. All tasks
are one look on photos of one size that no process has seen, so that both do the same work.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import text

from bench.portraits import Sitter, photo
from bench.report import ROOT, Aim, Section, Table, publish
from bot.runtime import event_loop
from stylizer.database import open_database
from stylizer.engine import stylize, warm_up
from stylizer.server import service
from stylizer.settings import StylizerSettings
from tests.fakes.dashscope.api_calls import Caller, data_url
from tests.fakes.postgres import NoServer, postgres_server

AIM = 1.9
LOOK, TASKS = 2, 8
ONE_THREAD = {"OPENCV_FOR_THREADS_NUM": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
SITTER = Sitter(0.5, 0.55, 0.38, skin="e8b795", hair="7a4a22", dress="8a2f3f")
_SPAN = text("select min(started), max(ended), max(runs) from task where seq > :after")


@dataclass(frozen=True)
class Throughput:
    """So many workers did so many tasks in so many seconds."""

    workers: int
    tasks: int
    seconds: float

    @property
    def per_minute(self) -> float:
        return 60 * self.tasks / self.seconds


def photos(number: int) -> list[bytes]:
    """All different, of one size."""
    return [photo((960, 720), (SITTER,), wall=("9fb4c4", "5a6b7c"), seed=seed) for seed in range(number)]


@asynccontextmanager
async def worker(folder: Path, url: str) -> AsyncIterator[None]:
    """The worker command, running until the end of the block."""
    command = (sys.executable, "-m", "bot", "stylizer", "worker", "--threads", "1", "--data-dir", str(folder))
    env = {**os.environ, "STYLIZER_DATABASE_URL": url}
    process = await asyncio.create_subprocess_exec(*command, env=env, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield
    finally:
        process.terminate()
        await process.wait()


async def measure_workers(url: str, workers: int, pictures: Sequence[bytes], *, look: int = LOOK) -> Throughput:
    """Through the task table: a service that renders nothing itself, and workers."""
    unlimited = 10**6
    with tempfile.TemporaryDirectory() as name:
        settings = StylizerSettings(
            Path(name),
            url,
            workers=0,
            max_running=unlimited,
            submits_per_second=unlimited,
            queries_per_second=unlimited,
        )
        async with AsyncExitStack() as stack:
            app = await stack.enter_async_context(service(settings))
            transport = httpx.ASGITransport(app)
            http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://bench"))
            for _ in range(workers):
                await stack.enter_async_context(worker(settings.data_dir, url))
            caller = Caller(http)
            await run_tasks(caller, pictures[:workers], look)  # warm-up: the networks are loaded
            await run_tasks(caller, pictures[workers:], look)
    return Throughput(workers, len(pictures) - workers, await span(url, workers))


async def run_tasks(caller: Caller, pictures: Sequence[bytes], look: int) -> None:
    """Create all tasks, and wait until every one has succeeded."""
    for task_id in [await caller.task(data_url(picture), look) for picture in pictures]:
        while (state := (await caller.state(task_id))["output"]["task_status"]) != "SUCCEEDED":
            assert state in {"PENDING", "RUNNING"}, state
            await asyncio.sleep(0.25)


async def span(url: str, after: int) -> float:
    """Seconds from the first start to the last end of all tasks after the first few. Each was run once."""
    async with open_database(url) as database, database.read() as connection:
        started, last, runs = (await connection.execute(_SPAN, {"after": after})).one()
    assert runs == 1
    return float(last - started) / 1000


def measure_bare(workers: int, pictures: Sequence[bytes]) -> Throughput:
    """The engine alone, in processes that share nothing."""
    with ExitStack() as stack:
        shares = [pictures[number::workers] for number in range(workers)]
        processes = [stack.enter_context(bare_process(share)) for share in shares]
        start = time.monotonic()
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()  # the signal to start
        for process in processes:
            assert process.wait() == 0
        return Throughput(workers, len(pictures), time.monotonic() - start)


@contextmanager
def bare_process(pictures: Sequence[bytes]) -> Iterator[subprocess.Popen[str]]:
    """A bare process with its networks loaded and these photos beside it."""
    folder = Path(tempfile.mkdtemp())
    for number, picture in enumerate(pictures):
        (folder / f"{number:03}.jpg").write_bytes(picture)
    command = [sys.executable, "-m", "bench.workers", str(folder)]
    env = {**os.environ, **ONE_THREAD}
    try:
        with subprocess.Popen(command, env=env, cwd=ROOT, stdin=-1, stdout=-1, text=True) as process:
            assert process.stdout is not None and process.stdout.readline()
            yield process
    finally:
        shutil.rmtree(folder)


def run_bare(folder: Path) -> None:
    """The main function of a bare process: load everything, print a line, wait for end of input, render."""
    warm_up()
    stylize(photo((960, 720), (SITTER,), wall=("9fb4c4", "5a6b7c"), seed=10**6), LOOK)
    print("ready", flush=True)
    sys.stdin.read()
    for path in sorted(folder.iterdir()):
        stylize(path.read_bytes(), LOOK)


async def measure_one_and_two(tasks: int) -> list[Throughput]:
    """One worker, then two, each on a new table."""
    with postgres_server(durable=True) as server:
        return [
            await measure_workers(server.new_database(migrated=False), workers, photos(tasks + workers))
            for workers in (1, 2)
        ]


def measure(tasks: int = TASKS) -> Section:
    """Both ways, one and two."""
    ours = event_loop.run(measure_one_and_two(tasks))
    return section(ours, [measure_bare(workers, photos(tasks)) for workers in (1, 2)])


def section(ours: Sequence[Throughput], peers: Sequence[Throughput]) -> Section:
    """The section of the report; each pair is one worker, and two."""
    rows = [
        (name, str(one.workers), f"{one.per_minute:.1f}", f"{one.per_minute / pair[0].per_minute:.2f}")
        for name, pair in (("workers on one table", ours), ("the engine alone", peers))
        for one in pair
    ]
    ratio = ours[1].per_minute / ours[0].per_minute
    allowed = peers[1].per_minute / peers[0].per_minute
    return Section(
        "workers",
        "Rendering on more than one machine",
        f"""`repaint stylizer worker`, once and twice, on one PostgreSQL, each with one rendering process of one
        thread, like a machine with one core; the service and the database run beside them. {ours[0].tasks} tasks
        of one look. The peer is the engine alone, in as many bare processes that share nothing: the most that
        this machine can do.""",
        [Table(("what", "at once", "tasks a minute", "of one"), rows)],
        [Aim("two workers", f"≥ {AIM} × one", f"{ratio:.2f} ×", ratio >= AIM)],
        [
            f"Beside a bare process, a worker does {ours[0].per_minute / peers[0].per_minute:.2f} × as much; two bare "
            f"processes do {allowed:.2f} × as much as one, the most that this machine allows. Rendering is the "
            "bottleneck: a task needs a few queries of milliseconds each, where a picture takes seconds."
        ],
    )


def main() -> None:
    """Print the results and write them to the page."""
    try:
        publish(measure())
    except NoServer as error:
        print(f"Not measured: {error}.")


if __name__ == "__main__":
    run_bare(Path(sys.argv[1]))
