"""From an update at Telegram to the submit at the API, beside a bare script of the same calls.

Bot and script are processes of their own, each with a Telegram and a service of its own on loopback; they take turns.
The second line of each is the same over a network, as it is for everybody.
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
from urllib.parse import urlsplit

from PIL import Image

from bench.delayed_link import delayed_link
from bench.report import ROOT, Aim, Section, Table, publish
from bench.slot import ONE_WAY_DELAY
from bot.runtime import event_loop
from stylizer.settings import BASE_PATH
from tests.fakes.dashscope.service import CREATE_PATH, StandIn, stand_in
from tests.fakes.telegram_api.people import Someone
from tests.fakes.telegram_api.server import TOKEN, BotApi, bot_api
from tests.harness.bot_process import bot_process

PHOTOS = 20
SLOTS = 50  # nobody waits for a turn here
SUBMIT_INTERVAL = 0.7  # seconds from one submit to the next wish: the account's limit is two submits a second
TIMEOUT = 60.0
MAX_RATIO = 1.3
Delay = Callable[[], float]


@dataclass(frozen=True)
class SystemUnderTest:
    """Somebody who answers people: the Telegram that they ask, the service that they submit to."""

    telegram: BotApi
    service: StandIn

    async def took(self, photo: bytes, number: int) -> float:
        """Seconds from a person's photo to the submit of it."""
        before, began = self._submits(), time.monotonic()
        await Someone(self.telegram, number, number).sends(photo, caption="/style 0")
        async with asyncio.timeout(TIMEOUT):
            while len(now := self._submits()) == len(before):  # noqa: ASYNC110  # the server is a test's: it rings no bell
                await asyncio.sleep(0.005)  # what counts is when the server saw it, and that is in the call
        return now[-1] - began

    def _submits(self) -> list[float]:
        return [call.at for call in self.service.calls if call.path == CREATE_PATH]


@dataclass(frozen=True)
class Comparison:
    """Seconds of every photo: by the bot, and by the script."""

    where: str
    bot: list[float]
    script: list[float]


def photos(number: int) -> list[bytes]:
    """The portrait as Telegram's clients would send it (1280 px), with another corner each time."""
    with Image.open(ROOT / "docs" / "images" / "portrait.jpg") as image:
        large = image.convert("RGB").resize((1280, 1280), Image.Resampling.LANCZOS)
    found = []
    for at in range(number):
        out = io.BytesIO()
        large.paste((at % 256, at // 256, 99), (0, 0, 16, 16))
        large.save(out, "JPEG", quality=87)
        found.append(out.getvalue())
    return found


@asynccontextmanager
async def servers(folder: Path, delay: Delay | None) -> AsyncIterator[tuple[SystemUnderTest, str, str]]:
    """A Telegram and a service, and how to reach them: the Bot API's address and the API's base URL."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(bot_api())
        service = await stack.enter_async_context(stand_in(folder, max_running=SLOTS, max_pending=1000))
        urls = telegram.url, service.url
        if delay is not None:
            places = [urlsplit(url) for url in urls]
            links = [delayed_link((str(place.hostname), place.port or 0), delay) for place in places]
            urls = await stack.enter_async_context(links[0]), await stack.enter_async_context(links[1])
        yield SystemUnderTest(telegram, service), urls[0], urls[1] + BASE_PATH


@asynccontextmanager
async def running_bot(folder: Path, delay: Delay | None) -> AsyncIterator[SystemUnderTest]:
    """The bot as it is started by its owner."""
    async with servers(folder / "service", delay) as (here, api, base_url):
        settings = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": api,
            "DASHSCOPE_BASE_URL": base_url,
            "DASHSCOPE_MAX_RUNNING": str(SLOTS),
            "DAILY_FREE_IMAGES": "100000",
            "MESSAGES_PER_MINUTE": "100000",
        }
        async with bot_process(folder / "bot", log=folder / "bot.log", **settings):
            yield here


@asynccontextmanager
async def running_script(folder: Path, delay: Delay | None) -> AsyncIterator[SystemUnderTest]:
    """The peer."""
    async with servers(folder / "service", delay) as (here, api, base_url):
        command = (sys.executable, "-m", "bench.bare_script", api, TOKEN, base_url)
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
        try:
            assert process.stdout is not None
            await process.stdout.readline()
            yield here
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def compare(where: str, number: int, delay: Delay | None) -> Comparison:
    """The same photos to both, one after the other."""
    found = Comparison(where, [], [])
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "bot").mkdir()
        async with running_bot(Path(name) / "bot", delay) as bot, running_script(Path(name) / "script", delay) as script:
            for at, photo in enumerate(photos(number + 2)):
                for here, times in ((bot, found.bot), (script, found.script)):
                    times.append(await here.took(photo, at + 1))
                    await asyncio.sleep(SUBMIT_INTERVAL / 2)
    return Comparison(where, found.bot[2:], found.script[2:])  # connections stand by then


def section(found: Sequence[Comparison]) -> Section:
    """What is said of it."""
    head = ("update to submit", "p50, ms", "p95, ms", "of the script")
    rows = []
    for one in found:
        rows += [_row(f"script, {one.where}", one.script, one), _row(f"bot, {one.where}", one.bot, one)]
    aims = []
    for one in found:
        ratio = median(one.bot) / median(one.script)
        aims.append(Aim(f"update to submit, {one.where}", f"≤ {MOST} × the script", f"{ratio:.2f} ×", ratio <= MAX_RATIO))
    how = f"""
        A photo of 1280 px and a caption come by long polling; the clock stops when the submit arrives at the service.
        The script asks for the file, loads it, has it decoded in a worker process and submits it, all inline
        ({len(found[0].bot)} photos each). The bot does the same, and before it submits, the wish is a row in the queue,
        with its photo synced to the disk, a unit reserved and the attempt written down: what it takes longer is what
        survives a crash.
    """
    return Section("submit", "From an update to the submit", how, [Table(head, rows)], aims)


def _row(name: str, times: Sequence[float], one: Comparison) -> tuple[str, ...]:
    ratio = median(times) / median(one.script)
    return (name, f"{median(times) * 1000:.0f}", f"{quantiles(times, n=20)[-1] * 1000:.0f}", f"{ratio:.2f}")


async def measure(number: int) -> Section:
    """On loopback, then with a network on the way."""
    chance = random.Random(5)
    near = await compare("on loopback", number, None)
    far = await compare("40 to 120 ms away", number, lambda: chance.uniform(*ONE_WAY_DELAY))
    return section([near, far])


def main() -> None:
    """Print and write."""
    publish(event_loop.run(measure(PHOTOS)))
