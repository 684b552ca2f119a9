"""Drives the real bot through cases of the scripted API, in fast time, and says what came of them.

runs = play(folder, {"f_noface": case, "q_html": other})     # at once, by one bot with one key
assert runs["f_noface"].violations() == []
"""

import asyncio
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import httpx
from PIL import Image

from bot.admin.doctor import examine
from bot.admin.service import status_lines
from bot.app import Installation, web_application
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import ENDED, JobView, State
from bot.imaging.worker_client import Worker
from bot.jobs.request import JobRequest, StyleChoice
from bot.messaging.platform import Person
from storage import ledger
from tests.fakes.dashscope.scripted_api import ScriptedApi, scripted_api
from tests.fakes.dashscope.scripted_cases import Case
from tests.fakes.dashscope.scripted_tasks import STYLE_INDICES, colour_of
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import private, running_app
from tests.harness.fast_time import FastTime, fast_runner

SPEED = 25.0
LOOK_SECONDS = 2.0
TOGETHER = 10  # slots of an account whose cases are played at once
KEY = "sk-kkkkkkkkkkkkkkkkkkkkkkkk"
MOST_SUBMITS = 12  # of a request, where a case says nothing
MOST_QUERIES = 240  # of a request
SHOWN = {"JPEG", "PNG", "WEBP"}  # the formats of pictures that every chat shows
SAYS = {
    "face": {ErrorCode.NO_FACE},
    "content": {ErrorCode.CONTENT_REFUSED},
    "photo": {ErrorCode.PHOTO_REFUSED},
    "service": {
        ErrorCode.SERVICE_DOWN,
        ErrorCode.SERVICE_FAILED,
        ErrorCode.SERVICE_REFUSED,
        ErrorCode.NOT_FINISHED,
        ErrorCode.RESULT_LOST,
    },
}


@dataclass
class Asked:
    """One person's request: its last view, and the person's units (reserved, used)."""

    person: Person
    style: int
    answer: JobView | UserError
    view: JobView | None = None
    units: tuple[int, int] = (0, 0)
    picture: bytes | None = None

    def __str__(self) -> str:
        """For the report of a failed test."""
        view = self.view
        if view is None:
            return f"{self.person.platform_id}: {self.answer}"
        return f"{self.person.platform_id}: {view.state}, paused={view.paused}, error={view.error and view.error.code}"

    @property
    def end(self) -> str:
        """How it ended: stored, failed, waits or refused."""
        if self.view is None:
            return "refused"
        if self.view.state in {State.STORED, State.DELIVERED}:
            return "stored"
        return "failed" if self.view.state in ENDED else "waits"


@dataclass
class Run:
    """What came of a case. `while_waiting`: views before the trouble was mended; `owner`: what the owner could read
    then, or at the end; `submits`: those until it was mended, if it was."""

    name: str
    case: Case
    requests: list[Asked] = field(default_factory=list)
    while_waiting: list[JobView] = field(default_factory=list)
    owner: str = ""
    metrics: str = ""
    submits: int = 0
    all_submits: int = 0
    queries: int = 0
    paid: dict[int, int] = field(default_factory=dict)
    workspaces: set[str | None] = field(default_factory=set)
    api_wrong: list[str] = field(default_factory=list)
    most_submits_per_second: int = 0
    ledger_faults: tuple[str, ...] = ()

    def violations(self) -> list[str]:
        """Everything that is not as the case expects, or as every case must be."""
        found = [fault for asked in self.requests for fault in self._faults_of(asked)]
        found += self._faults_of_calls() + self._faults_of_waiting() + self._unread()
        stored = sum(asked.end == "stored" for asked in self.requests)
        if self.case.expect.stored not in (None, stored):
            found.append(f"{stored} pictures, not {self.case.expect.stored}")
        return found

    def _faults_of(self, asked: Asked) -> list[str]:
        expect, found = self.case.expect, []
        who = asked.person.platform_id
        if asked.end not in expect.end:
            found.append(f"{asked}, not {expect.end}")
        wanted = {"stored": (0, 1), "failed": (0, 0), "refused": (0, 0), "waits": (1, 0)}[asked.end]
        if asked.units != wanted:
            found.append(f"{who}: units (reserved, used) are {asked.units}")
        if asked.end == "stored" and (fault := _picture_fault(asked)):
            found.append(f"{who}: {fault}")
        if asked.end == "failed" and expect.says and _said(asked.view) not in SAYS[expect.says]:
            found.append(f"{who}: is told {_said(asked.view)}, not {expect.says}")
        if self.paid.get(asked.style, 0) > self.case.expect.paid:
            found.append(f"{who}: paid {self.paid[asked.style]} times")
        return found

    def _faults_of_calls(self) -> list[str]:
        expect, found = self.case.expect, []
        most_submits = expect.submits or MOST_SUBMITS * self.case.requests
        most_queries = expect.queries or MOST_QUERIES * self.case.requests
        if self.submits > most_submits:
            found.append(f"{self.submits} submits, more than {most_submits}")
        if self.queries > most_queries:
            found.append(f"{self.queries} queries, more than {most_queries}")
        if expect.workspace is not None and self.workspaces != {expect.workspace}:
            found.append(f"workspaces {self.workspaces}")
        if self.most_submits_per_second > 2:
            found.append(f"{self.most_submits_per_second} submits within a second")
        return [*found, *self.api_wrong, *self.ledger_faults]

    def _faults_of_waiting(self) -> list[str]:
        expect = self.case.expect
        found = [
            f"{view.id} failed before it was mended: {view.error}"
            for view in self.while_waiting
            if view.state == State.FAILED
        ]
        queued = [view for view in self.while_waiting if view.state == State.QUEUED]
        waits = [asked.view for asked in self.requests if asked.view is not None and asked.end == "waits"]
        if expect.waits_paused and waits:
            queued += [view for view in waits if view.state == State.QUEUED]
        wanted = expect.paused or (expect.waits_paused and bool(waits))
        if wanted and not (queued and all(view.paused for view in queued)):
            states = [(view.state.value, view.paused) for view in self.while_waiting]
            found.append(f"people don't see the pause: {states}")
        return found

    def _unread(self) -> list[str]:
        """What the owner ought to read, and can't."""
        expect = self.case.expect
        waits = any(asked.end == "waits" for asked in self.requests)
        wanted = [*expect.tells, *(expect.waits_tells if waits else ())]
        missing = [text for text in wanted if not re.search(text, self.owner, re.IGNORECASE)]
        missing += [text for text in expect.metrics if not re.search(text, self.metrics)]
        return [f"the owner does not read {text!r}" for text in missing]


def _said(view: JobView | None) -> ErrorCode | None:
    return None if view is None or view.error is None else view.error.code


def _picture_fault(asked: Asked) -> str | None:
    """Why this is not the whole picture of this request."""
    if asked.picture is None:
        return "no picture"
    try:
        with Image.open(io.BytesIO(asked.picture)) as image:
            image.load()
            seen, size, kind = image.convert("RGB").getpixel((50, 50)), image.size, image.format
    except OSError as error:
        return f"a broken picture: {error}"
    assert isinstance(seen, tuple)
    wanted = colour_of(asked.style)
    if any(abs(a - b) > 12 for a, b in zip(seen, wanted, strict=True)):
        return f"somebody else's picture: {seen}, not {wanted}"
    return None if size == (1536, 2048) and kind in SHOWN else f"{size} {kind}"


@dataclass(frozen=True)
class Bot:
    """One bot, which goes through stages one after the other; the cases of a stage are played at once.

    All have the settings of the first case, and each request has a style of its own. Cases of one stage must not be in
    each other's way: whatever concerns a whole account has a stage, or a bot, of its own.
    """

    stages: Sequence[Mapping[str, Case]]

    @property
    def first(self) -> Case:
        return next(iter(self.stages[0].values()))

    @property
    def seconds(self) -> float:
        """How long it takes at most."""
        return sum(max((c.expect.waits or 0) + c.expect.within for c in stage.values()) for stage in self.stages)


def bots_for(cases: Mapping[str, Case]) -> list[Bot]:
    """The bots that play these cases, those that take longest first."""
    stages: dict[tuple[str, str], list[dict[str, Case]]] = {}
    for name, case in cases.items():
        if case.together is not None:
            stages.setdefault(("together", case.together), [{}])[0][name] = case
        elif case.chain is not None:
            stages.setdefault(("chain", case.chain), []).append({name: case})
        else:
            stages["alone", name] = [{name: case}]
    return sorted(map(Bot, stages.values()), key=lambda bot: -bot.seconds)


def play(folder: Path, bots: Sequence[Bot]) -> dict[str, Run]:
    """Play cases with several bots at the same time, each with an API of its own. Returns what came of each case."""
    with fast_runner(SPEED) as fast, mock.patch.object(Worker, "ask", _in_machine_time(fast, Worker.ask)):
        plays = [_Play(folder / str(number), bot, fast) for number, bot in enumerate(bots)]
        fast.runner.run(_play(plays, fast))
    return {name: run for played in plays for name, run in played.runs.items()}


def _in_machine_time(
    fast: FastTime, ask: Callable[..., Awaitable[tuple[dict[str, object], bytes]]]
) -> Callable[..., Awaitable[tuple[dict[str, object], bytes]]]:
    """The same call to an imaging process, whose time isn't the loop's: it may take as long as ever."""

    async def patient(*arguments: Any) -> tuple[dict[str, object], bytes]:
        with fast.slowly():
            return await ask(*arguments)

    return patient


async def _play(plays: Sequence["_Play"], fast: FastTime) -> None:
    """Time is the machine's while bots start and stop, and while photos are taken in."""
    async with AsyncExitStack() as stack:
        with fast.slowly():
            for played in plays:
                await stack.enter_async_context(played.opened())
        await asyncio.gather(*(played.run() for played in plays))


class _Play:
    """One bot and its API."""

    api: ScriptedApi
    app: Installation

    def __init__(self, folder: Path, bot: Bot, fast: FastTime) -> None:
        styles = iter(STYLE_INDICES[1:])
        cases = {name: case for stage in bot.stages for name, case in stage.items()}
        self.runs = {name: Run(name, case) for name, case in cases.items()}
        self.styles = {name: [next(styles) for _ in range(case.requests)] for name, case in cases.items()}
        self.folder, self.fast, self.bot = folder, fast, bot
        self.running = TOGETHER if len(bot.stages[0]) > 1 else 1
        folder.mkdir()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open the API and the bot, which may have been restarted by the end of the block."""
        case = self.bot.first
        async with (
            scripted_api(case, now=self.fast.now, max_running=self.running) as self.api,
            AsyncExitStack() as self._stack,
        ):
            await self._open_app(case.settings)
            yield

    async def _open_app(self, changes: Mapping[str, Any]) -> None:
        address = {"dashscope_base_url": self.api.base_url, "dashscope_max_running": self.running}
        settings = {"dashscope_api_key": KEY, **address, **changes}
        self.app = await self._stack.enter_async_context(running_app(self.folder, clock=self.fast.clock, **settings))

    async def run(self) -> None:
        """Play all stages."""
        for stage in self.bot.stages:
            began, wrong = self.fast.now(), len(self.api.wrong)
            self.api.play({style: case for name, case in stage.items() for style in self.styles[name]})
            runs = [self.runs[name] for name in stage]
            with self.fast.slowly():
                for run in runs:
                    await self._ask(run)
            await self._see_through(runs)
            for run in runs:
                await self._conclude(run)
            if any(asked.end == "waits" for run in runs for asked in run.requests):  # the next stage is not to suffer
                self.api.mend()
                await self.app.services.admin.resume()
            for run in runs:
                run.api_wrong = self.api.wrong[wrong:]
                run.most_submits_per_second = self.api.most_per_second("submit", since=began)
        with self.fast.slowly():
            await self._stack.aclose()

    async def _ask(self, run: Run) -> None:
        """Every person's request."""
        for number, style in enumerate(self.styles[run.name], 1):
            person = Person("test", f"{run.name} {number}")
            photo = _photo(run.case.photo, style)
            request = JobRequest(person, private(person), f"{run.name}:{number}", photo=photo, style=StyleChoice(style))
            answer = await self.app.services.jobs.submit(request)
            view = answer if isinstance(answer, JobView) else None
            run.requests.append(Asked(person, style, answer, view))

    async def _see_through(self, runs: Sequence[Run]) -> None:
        """Wait until all requests have ended, or their time is over."""
        first = runs[0].case
        if first.restart is not None:
            while not self.api.tasks:
                await self.fast.clock.sleep(LOOK_SECONDS)
            await self._stack.aclose()
            await self._open_app({**first.settings, **first.restart})
        if first.expect.waits is not None:
            await self._wait_out(runs, first.expect.waits)
        until = max(run.case.expect.within for run in runs) + self.fast.now()
        everything = [asked for run in runs for asked in run.requests]
        while self.fast.now() < until and any(asked.end == "waits" for asked in everything):
            await self.fast.clock.sleep(LOOK_SECONDS)
            await self._look(everything)

    async def _wait_out(self, runs: Sequence[Run], seconds: float) -> None:
        """Wait while the trouble lasts, look around, mend it, and resume as the owner would."""
        await self.fast.clock.sleep(seconds)
        for run in runs:
            await self._look(run.requests)
            run.while_waiting = [asked.view for asked in run.requests if asked.view is not None]
            run.submits = sum(len(self.api.calls("submit", style)) for style in self.styles[run.name])
            run.owner = await _read_by_owner(self.app, self.fast.now())
        self.api.mend()
        await self.app.services.admin.resume()

    async def _look(self, requests: Sequence[Asked]) -> None:
        for asked in requests:
            if asked.view is not None and asked.view.state not in ENDED:
                asked.view = await self.app.services.queries.job(asked.person, asked.view.id)

    async def _conclude(self, run: Run) -> None:
        """Everything that can be seen from outside."""
        app, api, styles = self.app, self.api, self.styles[run.name]
        for asked in run.requests:
            quota = await app.services.queries.quota(asked.person)
            asked.units = quota.reserved, quota.used
            if asked.view is not None and asked.end == "stored":
                asked.picture = await app.services.queries.result(asked.person, asked.view.id)
        submits = [call for style in styles for call in api.calls("submit", style)]
        run.all_submits, run.submits = len(submits), run.submits or len(submits)
        run.queries = sum(len(api.calls("query", style)) for style in styles)
        run.paid = {style: len(api.paid(style)) for style in styles}
        run.workspaces = {call.workspace for call in submits}
        run.owner = run.owner or await _read_by_owner(app, self.fast.now())
        run.metrics = await _metrics(app)
        async with app.deps.database.read() as connection:
            run.ledger_faults = tuple(map(str, await ledger.audit(connection)))


async def _read_by_owner(app: Installation, now: float) -> str:
    """What `repaint doctor` and `repaint admin status` say."""
    lines = [finding.text async for finding in examine(app.settings)]
    lines += await status_lines(app.deps.database, app.settings.monthly_budget_cny, now)
    return "\n".join(lines)


async def _metrics(app: Installation) -> str:
    transport = httpx.ASGITransport(web_application(app), client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return (await http.get("/metrics")).text


@cache
def _large_photo(width: int, height: int, quality: int) -> bytes:
    grain = Image.frombytes("L", (width, height), Random(7).randbytes(width * height))
    out = io.BytesIO()
    Image.merge("RGB", (grain,) * 3).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _photo(kind: str, style: int) -> bytes:
    """A person's photo: small, as a phone takes it (12 megapixels), or nearly as large as the API accepts."""
    match kind:
        case "large":
            return _large_photo(4000, 3000, 60)
        case "huge":
            return _large_photo(4000, 3000, 75)
    return portrait_jpeg(300 + 4 * style, 400)
