"""From an update at Telegram to the submit at the API, beside scripts that make the same calls: a bare one, and one
that is as durable as the bot.

Bot and script are separate processes, each with a Telegram and a service of its own on loopback, measured in turns.
The second row of each is the same over a simulated network.
"""

import asyncio
import io
import random
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from PIL import Image

from bench.delayed_link import delayed_link
from bench.report import ROOT, Aim, Section, Table, publish
from bench.slot import ONE_WAY_DELAY
from bot.runtime import event_loop
from stylizer.settings import BASE_PATH
from tests.fakes.dashscope.service import CREATE_PATH, StandIn, stand_in
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import TOKEN, BotApi, bot_api
from tests.harness.bot_process import bot_process

PHOTOS = 20
SLOTS = 50  # no queueing
SUBMIT_INTERVAL = 0.7  # seconds: an account may submit twice a second
TIMEOUT = 60.0
MAX_RATIO = 1.3
Delay = Callable[[], float]


@dataclass(frozen=True)
class SystemUnderTest:
    """The servers around one system: the Telegram that users write to, and the service that it submits to."""

    telegram: BotApi
    service: StandIn

    async def measure(self, photo: bytes, number: int) -> float:
        """Seconds from a user's photo to its submit."""
        before, start = self._submits(), time.monotonic()
        await ChatUser(self.telegram, number, number).sends(photo, caption="/style 0")
        async with asyncio.timeout(TIMEOUT):
            while len(now := self._submits()) == len(before):  # noqa: ASYNC110  # the fake server signals nothing
                await asyncio.sleep(0.005)  # the time of arrival is recorded in the call
        return now[-1] - start

    def _submits(self) -> list[float]:
        return [call.at for call in self.service.calls if call.path == CREATE_PATH]


@dataclass(frozen=True)
class Comparison:
    """Seconds for every photo: by the bot, by the bare script, and by the durable one."""

    where: str
    bot: list[float]
    script: list[float]
    durable: list[float]


def photos(number: int) -> list[bytes]:
    """The portrait as Telegram's clients would send it (1280 px), each with a different corner."""
    with Image.open(ROOT / "docs" / "images" / "portrait.jpg") as image:
        large = image.convert("RGB").resize((1280, 1280), Image.Resampling.LANCZOS)
    results = []
    for at in range(number):
        out = io.BytesIO()
        large.paste((at % 256, at // 256, 99), (0, 0, 16, 16))
        large.save(out, "JPEG", quality=87)
        results.append(out.getvalue())
    return results


@asynccontextmanager
async def servers(folder: Path, delay: Delay | None) -> AsyncIterator[tuple[SystemUnderTest, str, str]]:
    """A Telegram and a service, the Bot API's URL and the API's base URL."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(bot_api())
        service = await stack.enter_async_context(stand_in(folder, max_running=SLOTS, max_pending=1000))
        urls = telegram.url, service.url
        if delay is not None:
            urls = (
                await stack.enter_async_context(delayed_link(telegram.url, delay)),
                await stack.enter_async_context(delayed_link(service.url, delay)),
            )
        yield SystemUnderTest(telegram, service), urls[0], urls[1] + BASE_PATH


@asynccontextmanager
async def running_bot(folder: Path, delay: Delay | None) -> AsyncIterator[SystemUnderTest]:
    """The bot, started as an owner starts it."""
    async with servers(folder / "service", delay) as (system, api, base_url):
        settings = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": api,
            "DASHSCOPE_BASE_URL": base_url,
            "DASHSCOPE_MAX_RUNNING": str(SLOTS),
            "DAILY_FREE_IMAGES": "100000",
            "MESSAGES_PER_MINUTE": "100000",
        }
        async with bot_process(folder / "bot", log=folder / "bot.log", **settings):
            yield system


@asynccontextmanager
async def running_script(folder: Path, delay: Delay | None, *, durable: bool = False) -> AsyncIterator[SystemUnderTest]:
    """A peer."""
    async with servers(folder / "service", delay) as (system, api, base_url):
        command = (sys.executable, "-m", "bench.bare_script", api, TOKEN, base_url, *([str(folder)] if durable else []))
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
        try:
            assert process.stdout is not None
            await process.stdout.readline()
            yield system
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def compare(where: str, number: int, delay: Delay | None) -> Comparison:
    """The same photos to both, in turns."""
    results = Comparison(where, [], [], [])
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "bot").mkdir()
        (Path(name) / "durable").mkdir()
        async with (
            running_bot(Path(name) / "bot", delay) as bot,
            running_script(Path(name) / "script", delay) as script,
            running_script(Path(name) / "durable", delay, durable=True) as durable,
        ):
            for at, photo in enumerate(photos(number + 2)):
                for system, times in ((bot, results.bot), (script, results.script), (durable, results.durable)):
                    times.append(await system.measure(photo, at + 1))
                    await asyncio.sleep(SUBMIT_INTERVAL / 3)
    # By the third all connections are open.
    return Comparison(where, results.bot[2:], results.script[2:], results.durable[2:])


def section(results: Sequence[Comparison]) -> Section:
    """The section of the report."""
    head = ("update to submit", "p50, ms", "p95, ms", "of the script", "of the durable one")
    rows = []
    for one in results:
        rows += [
            _row(f"script, {one.where}", one.script, one),
            _row(f"durable script, {one.where}", one.durable, one),
            _row(f"bot, {one.where}", one.bot, one),
        ]
    aims = []
    for one in results:
        ratio = median(one.bot) / median(one.durable)
        aim = f"≤ {MAX_RATIO} × the durable script"
        aims.append(Aim(f"update to submit, {one.where}", aim, f"{ratio:.2f} ×", ratio <= MAX_RATIO))
    how = f"""
        A photo of 1280 px with a caption arrives by long polling; the clock stops when the submit arrives at the
        service. The script requests the file, downloads it, has it decoded in a worker process and submits it, all
        inline ({len(results[0].bot)} photos each). The durable script also flushes the update, the photo and two rows
        to the disk, and sends a first card before it submits: the least that survives a crash and answers at once. The
        bot does all of that, and limits, units, turns and attempts besides.
    """
    return Section("submit", "From an update to the submit", how, [Table(head, rows)], aims)


def _row(name: str, times: Sequence[float], one: Comparison) -> tuple[str, ...]:
    p95 = quantiles(times, n=20)[-1]
    ratios = [f"{median(times) / median(peer):.2f}" for peer in (one.script, one.durable)]
    return (name, f"{median(times) * 1000:.0f}", f"{p95 * 1000:.0f}", *ratios)


async def measure(number: int) -> Section:
    """On loopback, then over a simulated network."""
    rng = random.Random(5)
    near = await compare("on loopback", number, None)
    far = await compare("40 to 120 ms away", number, lambda: rng.uniform(*ONE_WAY_DELAY))
    return section([near, far])


def main() -> None:
    """Print the results and write them to the page."""
    publish(event_loop.run(measure(PHOTOS)))
