"""Bad input: files, updates and requests as nobody should send them. Each is answered or turned away, the process lives
on, answers good ones as before, and its memory stays bounded."""

import asyncio
import io
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from urllib.parse import quote, urlsplit

import httpx
from PIL import Image

from bot.dashscope.photo_links import LINK_SECONDS, SignedLinks
from bot.http.routes import MAX_USES
from bot.imaging import Intake, Portrait, UnusablePhoto
from chaos import audit, fuzz_http, fuzz_images, fuzz_updates
from chaos.bot_process import BotProcess
from chaos.processes import children, peak_mib
from chaos.summary import Summary
from chaos.testbed import Testbed, open_testbed
from chaos.users import Users
from tests.fakes.telegram_api.people import Someone

SPEED = 8.0
PORTRAIT_BYTES = 10 * 1024 * 1024
ANSWER_TIMEOUT = 60.0  # seconds for a good request among bad ones
BATCH = 20  # bad ones between two good ones
MAX_BOT_MIB = 700  # that the bot itself may take; the intake's worker has its own bound


@dataclass
class Report:
    """What was sent, what came of it, and everything that was wrong."""

    sent: Counter[str] = field(default_factory=Counter)
    responses: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    worker_mib: int = 0
    bot_mib: int = 0
    worker_deaths: int = 0
    violations: list[str] = field(default_factory=list)


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part as the command runs it."""
    report = asyncio.run(run_inputs(folder, number, seed))
    figures = [
        ("inputs", str(report.sent.total())),
        *((f"  {name}", str(count)) for name, count in sorted(report.sent.items())),
        *((f"answered: {name}", str(count)) for name, count in sorted(report.responses.items())),
        ("slowest file, s", f"{report.slowest:.1f}"),
        ("most memory of a worker that reads files, MiB", str(report.worker_mib)),
        ("such workers that died", str(report.worker_deaths)),
        ("most memory of the bot, MiB", str(report.bot_mib)),
    ]
    return Summary(figures, report.violations)


async def run_inputs(folder: Path, number: int, seed: int) -> Report:
    """A half files, a quarter updates, an eighth requests, an eighth photo links."""
    report, rng = Report(), random.Random(seed)
    await fuzz_files(report, number // 2, rng)
    async with open_testbed(folder, speed=SPEED) as testbed, testbed.bot() as bot:
        address = await bot.address
        assert address is not None
        attack = Fuzzer(testbed, bot, address, rng, report)
        await attack.fuzz_updates(number // 4)
        await attack.requests(number // 8)
        await attack.links(number // 8)
        report.bot_mib = peak_mib(bot.pid)
        if report.bot_mib > MAX_BOT_MIB:
            report.violations.append(f"the bot took {report.bot_mib} MiB")
    return report


async def fuzz_files(report: Report, number: int, rng: random.Random) -> None:
    """Every bomb, then broken files, through the intake and its worker process."""
    async with Intake() as intake:
        known = children()
        for count, (name, data) in enumerate(_files(number, rng)):
            began = monotonic()
            outcome = await intake.accept(data)
            report.slowest = max(report.slowest, monotonic() - began)
            report.sent["files"] += 1
            report.responses[_label(outcome)] += 1
            report.violations += [f"{name}: {violations}" for violations in _portrait_problems(outcome)]
            if count % BATCH == 0 and (now := children()) != known:
                report.worker_deaths += len(now - known)
                known = now
            report.worker_mib = max(report.worker_mib, *(peak_mib(pid) for pid in known), 0)


def _files(number: int, rng: random.Random) -> list[tuple[str, bytes]]:
    bombs = fuzz_images.decompression_bombs()
    return [*bombs, *(fuzz_images.corrupt_image(rng) for _ in range(number - len(bombs)))][:number]


def _label(outcome: Portrait | UnusablePhoto) -> str:
    return "portrait" if isinstance(outcome, Portrait) else f"file refused, {outcome.reason.value}"


def _portrait_problems(outcome: Portrait | UnusablePhoto) -> list[str]:
    """What is wrong with a portrait: it must be one that the API takes, and hold nothing but pixels."""
    if isinstance(outcome, UnusablePhoto):
        return []
    with Image.open(io.BytesIO(outcome.jpeg)) as image:
        wide, high = image.size
        good = image.format == "JPEG" and image.mode == "RGB" and 256 <= wide <= 5760 and 256 <= high <= 5760
        clean = not image.getexif() and not set(image.info) & {"exif", "comment", "icc_profile", "xmp"}
    return [] if good and clean and max(wide, high) <= 2 * min(wide, high) else [f"became {wide} x {high}"]


@dataclass
class Fuzzer:
    """Bad updates and requests against one life of the bot."""

    testbed: Testbed
    bot: BotProcess
    address: str
    rng: random.Random
    report: Report

    async def fuzz_updates(self, number: int) -> None:
        """Bad updates, with a question in between that is answered as ever."""
        api = self.testbed.telegram
        kinds = await fuzz_updates.valid_updates(api)
        for count in range(number):
            await fuzz_updates.push_malformed_update(api, kinds, self.rng)
            self.report.sent["updates"] += 1
            if count % BATCH == BATCH - 1:
                anna = Someone(api, 2**41 + count, 2**41 + count)
                await anna.says("/help")
                await self._within("/help", lambda anna=anna: bool(anna.sees))  # type: ignore[misc]
        self.report.violations += [f"the Bot API was misused: {breach}" for breach in sorted(set(api.breaches))]

    async def requests(self, number: int) -> None:
        """Bad requests; none is answered with a 500, and the page is there all the time."""
        parts = urlsplit(self.address)
        host = f"{parts.hostname}:{parts.port}"
        async with httpx.AsyncClient(base_url=self.address, timeout=ANSWER_TIMEOUT, trust_env=False) as http:
            cookie = (await http.get("/api/quota")).cookies["visitor"]
            for count in range(number):
                request = fuzz_http.random_request(self.rng, cookie, cookie)
                status = await self._ask(host, request.bytes(host))
                self.report.sent["requests"] += 1
                self.report.responses[f"HTTP {status}"] += 1
                if status >= 500:
                    self.report.violations.append(
                        f"{status} for {request.method} {request.path[:80]} {request.headers}"
                    )
                if count % BATCH == 0 and (await http.get("/api/quota")).status_code != 200:
                    self.report.violations.append("the page is not there any more")

    async def links(self, number: int) -> None:
        """Photo links that we never gave, or gave long ago: none shows the photo. The good one does, for a while."""
        good, late, key = await self._good_links()
        async with httpx.AsyncClient(base_url=self.address, timeout=ANSWER_TIMEOUT, trust_env=False) as http:
            for link in (late, *(fuzz_http.mutate_token(good, self.rng) for _ in range(number))):
                self.report.sent["photo links"] += 1
                if (
                    link != good
                    and (await http.get(f"/photos/{quote(link, safe='', errors='replace')}")).status_code != 404
                ):
                    self.report.violations.append(f"the link {link[:200]!r} shows {key}")
            responses = Counter([(await http.get(f"/photos/{good}")).status_code for _ in range(MAX_USES + 5)])
            if responses != {200: MAX_USES, 404: 5}:
                self.report.violations.append(f"the good link gave {dict(responses)}")

    async def _good_links(self) -> tuple[str, str, str]:
        """The tokens of a good link and of one that is over, for a photo in store; and its key there."""
        users = Users(self.testbed, self.rng)
        await users.add_web_request()
        await users.send(self.address)
        [(key,)] = audit.query(self.testbed.database, "SELECT photo FROM job ORDER BY id DESC LIMIT 1")
        links = SignedLinks("http://here", (self.testbed.folder / "data" / "secret.key").read_bytes())
        now = self.testbed.time_scale.now()
        good, late = [await links.expose(key, b"", at) for at in (now, now - LINK_SECONDS - 1)]
        return good.rpartition("/")[2], late.rpartition("/")[2], key

    async def _ask(self, host: str, request: bytes) -> int:
        """The status that a request was answered with; 0: none."""
        name, _, port = host.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                writer.write(request)
                await writer.drain()
                line = await reader.readline()
        except (OSError, TimeoutError):
            return 0
        finally:
            writer.close()
        words = line.split(b" ")
        return int(words[1]) if len(words) > 1 else 0

    async def _within(self, what: str, so: Callable[[], bool]) -> None:
        try:
            await self.testbed.telegram.until(so, ANSWER_TIMEOUT)
        except TimeoutError:
            self.report.violations.append(f"{what} was not answered within {ANSWER_TIMEOUT:.0f} s")
