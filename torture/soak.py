"""Soak: many jobs through the whole bot, from the page to the picture and back, against a service that answers at once.
Memory, files, the database and the time that a wish takes are looked at all the while. `make soak N=100000`."""

import asyncio
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from time import monotonic

import httpx

from stylizer.settings import BASE_PATH
from torture import audit
from torture.cloud import Cloud, cloud
from torture.haste import haste
from torture.life import Birth, life
from torture.outcome import Outcome
from torture.people import photo
from torture.processes import children, now_mib, open_files

SPEED = 10.0
LANES, SLOTS = 2, 20
VISITORS = 8  # each watches its job, and every change of the queue is told to all who watch
LOOKS = 20  # lines of the curve
MORE_MIB, MORE_FILES, SLOWER = 0.25, 16, 2.0  # how much the end may differ from the first quarter


@dataclass(frozen=True)
class Look:
    """What was seen after so many jobs. Sizes in MiB, latencies in seconds, of the jobs since the look before."""

    jobs: int
    per_second: float
    bot_mib: int
    intake_mib: int
    files: int
    database_mib: float
    median: float
    p95: float

    def line(self) -> str:
        return (
            f"{self.jobs:8} {self.per_second:7.1f} {self.bot_mib:8} {self.intake_mib:8} {self.files:6} "
            f"{self.database_mib:10.1f} {self.median:8.2f} {self.p95:6.2f}"
        )


HEAD = (
    f"{'jobs':>8} {'jobs/s':>7} {'bot MiB':>8} {'intake':>8} {'files':>6} {'rows MiB':>10} {'median s':>8} {'p95':>6}"
)


def run(folder: Path, number: int, seed: int) -> Outcome:  # noqa: ARG001  # nothing is left to chance
    """The part as the command runs it."""
    print(HEAD, flush=True)
    looks, wrong = asyncio.run(soak(folder, number, say=lambda line: print(line, flush=True)))
    per_job = looks[-1].database_mib * 1024 / looks[-1].jobs
    return Outcome([("jobs", str(looks[-1].jobs)), ("rows, KiB a job", f"{per_job:.2f}")], wrong)


async def soak(folder: Path, number: int, say: Callable[[str], None] = print) -> tuple[list[Look], list[str]]:
    """So many jobs; the curve, and what was wrong."""
    time = haste(SPEED)
    async with cloud(time.now) as service:
        settings = {
            "data_dir": folder / "data",
            "port": 0,
            "web_chat": "on",
            "dashscope_api_key": tuple(f"sk-torture-of-lane-{number}" for number in range(LANES)),
            "dashscope_base_url": service.url + BASE_PATH,
            "dashscope_max_running": SLOTS,
            "dashscope_submits_per_second": 100,
            "daily_free_images": 10**7,
        }
        shift = multiprocessing.get_context("forkserver").RawValue("d", 0.0)
        async with life(Birth(settings, time, folder / "bot.log", shift)) as living:
            address = await living.address
            assert address is not None
            crowd = Crowd(address, number, living.pid, folder, service, say)
            await crowd.all_wishes()
        return crowd.looks, [*crowd.wrong, *_curve(crowd.looks), *_rows(folder / "data" / "repaint.db", service)]


@dataclass
class Crowd:
    """Visitors who wish, wait, look, and wish again."""

    address: str
    number: int
    pid: int
    folder: Path
    service: Cloud
    say: Callable[[str], None]
    looks: list[Look] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _begun: int = 0
    _done: int = 0
    _lately: list[float] = field(default_factory=list)
    _since: float = field(default_factory=monotonic)

    async def all_wishes(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(VISITORS, self.number)):
                group.create_task(self._visitor())

    async def _visitor(self) -> None:
        async with httpx.AsyncClient(base_url=self.address, timeout=120, trust_env=False) as http:
            await http.get("/api/quota")
            while self._begun < self.number and not self.wrong:
                self._begun += 1
                began = monotonic()
                try:
                    await self._wish(http, self._begun)
                except (httpx.HTTPError, KeyError) as error:
                    self.wrong.append(f"after {self._done} jobs: {error!r}")
                self._over(monotonic() - began)

    async def _wish(self, http: httpx.AsyncClient, number: int) -> None:
        data = {"style": "2", "key": f"soak-{number:010}"}
        answer = await http.post("/api/jobs", data=data, files={"photo": ("me.jpg", photo(number))})
        if answer.status_code == 429:  # a visitor may wish four times a second
            await asyncio.sleep(0.3)
            return await self._wish(http, number)
        job = answer.json()
        async with http.stream("GET", job["events_url"]) as events:
            async for _ in events.aiter_lines():
                pass  # the stream ends when the job has
        picture = await http.get(f"/api/jobs/{job['id']}/result")
        if picture.status_code != 200:
            self.wrong.append(f"job {job['id']}: {picture.status_code} {picture.text[:200]}")
        return None

    def _over(self, seconds: float) -> None:
        self._done += 1
        self._lately.append(seconds)
        if self._done % max(1, self.number // LOOKS) == 0:
            self.looks.append(self._look())
            self.say(self.looks[-1].line())
            self._lately, self._since = [], monotonic()

    def _look(self) -> Look:
        database = self.folder / "data" / "repaint.db"
        size = sum(path.stat().st_size for path in database.parent.glob(f"{database.name}*"))
        workers = [now_mib(pid) for pid in children(self.pid)]
        many = self._lately if len(self._lately) > 1 else self._lately * 2
        return Look(
            jobs=self._done,
            per_second=len(self._lately) / (monotonic() - self._since),
            bot_mib=now_mib(self.pid),
            intake_mib=max(workers, default=0),
            files=open_files(self.pid),
            database_mib=size / 1024**2,
            median=median(many),
            p95=quantiles(many, n=20)[-1],
        )


def _curve(looks: list[Look]) -> list[str]:
    """What has grown that should not: the last quarter against the end of the first."""
    if len(looks) < LOOKS:
        return ["it did not come to its end"]
    early, late = looks[LOOKS // 4], looks[-1]
    wrong = []
    if late.bot_mib > early.bot_mib * (1 + MORE_MIB):
        wrong.append(f"the bot's memory grew from {early.bot_mib} to {late.bot_mib} MiB")
    if late.files > early.files + MORE_FILES:
        wrong.append(f"open files grew from {early.files} to {late.files}")
    if late.median > early.median * SLOWER:
        wrong.append(f"a wish took {early.median:.2f} s and takes {late.median:.2f} s now")
    return wrong


def _rows(database: Path, service: Cloud) -> list[str]:
    wrong = [*audit.ledger(database), *audit.whole(database)]
    [(stored,)] = audit.rows(database, "SELECT COUNT(*) FROM job WHERE state IN ('stored', 'delivered')")
    if stored != service.made:
        wrong.append(f"{service.made} tasks were made for {stored} pictures")
    return wrong
