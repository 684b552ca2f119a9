"""Malformed input: fuzzed files, updates, HTTP requests and photo links. Each is answered or rejected, the process
survives, goes on answering valid input, and its memory stays bounded."""

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
from bot.imaging.intake import Intake
from bot.imaging.results import Portrait, UnusablePhoto
from chaos import audit, fuzz_http, fuzz_images, fuzz_updates
from chaos.bot_process import BotProcess
from chaos.processes import children, peak_mib
from chaos.summary import Summary
from chaos.testbed import Testbed, open_testbed
from chaos.users import Users
from tests.fakes.telegram_api.people import ChatUser

SPEED = 8.0
PORTRAIT_BYTES = 10 * 1024 * 1024
ANSWER_TIMEOUT = 60.0  # seconds, for a valid input among malformed ones
BATCH = 20  # malformed inputs between two valid ones
MAX_BOT_MIB = 700  # of the bot process; the intake worker has its own limit


@dataclass
class Report:
    """What was sent, the results, and all violations."""

    sent: Counter[str] = field(default_factory=Counter)
    responses: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    worker_mib: int = 0
    bot_mib: int = 0
    worker_deaths: int = 0
    violations: list[str] = field(default_factory=list)


def run(folder: Path, number: int, seed: int) -> Summary:
    """The part's entry point."""
    report = asyncio.run(run_inputs(folder, number, seed))
    figures = [
        ("inputs", str(report.sent.total())),
        *((f"  {name}", str(count)) for name, count in sorted(report.sent.items())),
        *((f"answered: {name}", str(count)) for name, count in sorted(report.responses.items())),
        ("slowest file, s", f"{report.slowest:.1f}"),
        ("peak memory of an intake worker, MiB", str(report.worker_mib)),
        ("intake workers that died", str(report.worker_deaths)),
        ("peak memory of the bot, MiB", str(report.bot_mib)),
    ]
    return Summary(figures, report.violations)


async def run_inputs(folder: Path, number: int, seed: int) -> Report:
    """Half of the inputs are files, a quarter updates, an eighth HTTP requests, an eighth photo links."""
    report, rng = Report(), random.Random(seed)
    await fuzz_files(report, number // 2, rng)
    async with open_testbed(folder, speed=SPEED) as testbed, testbed.bot() as bot:
        address = await bot.address
        assert address is not None
        fuzzer = Fuzzer(testbed, bot, address, rng, report)
        await fuzzer.send_updates(number // 4)
        await fuzzer.send_requests(number // 8)
        await fuzzer.check_links(number // 8)
        report.bot_mib = peak_mib(bot.pid)
        if report.bot_mib > MAX_BOT_MIB:
            report.violations.append(f"the bot used {report.bot_mib} MiB")
    return report


async def fuzz_files(report: Report, number: int, rng: random.Random) -> None:
    """Decompression bombs and corrupted files, sent through the intake and its worker process."""
    async with Intake() as intake:
        known = children()
        for count, (name, data) in enumerate(_files(number, rng)):
            start = monotonic()
            outcome = await intake.accept(data)
            report.slowest = max(report.slowest, monotonic() - start)
            report.sent["files"] += 1
            report.responses[_label(outcome)] += 1
            report.violations += [f"{name}: {problem}" for problem in _portrait_problems(outcome)]
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
    """Why a portrait is unacceptable: the API must take it, and it must contain no metadata."""
    if isinstance(outcome, UnusablePhoto):
        return []
    with Image.open(io.BytesIO(outcome.jpeg)) as image:
        width, height = image.size
        valid = image.format == "JPEG" and image.mode == "RGB" and 256 <= width <= 5760 and 256 <= height <= 5760
        clean = not image.getexif() and not set(image.info) & {"exif", "comment", "icc_profile", "xmp"}
    return [] if valid and clean and max(width, height) <= 2 * min(width, height) else [f"became {width} x {height}"]


@dataclass
class Fuzzer:
    """Malformed input against one bot process."""

    testbed: Testbed
    bot: BotProcess
    address: str
    rng: random.Random
    report: Report

    async def send_updates(self, number: int) -> None:
        """Malformed updates, with valid messages in between that must be answered."""
        api = self.testbed.telegram
        kinds = await fuzz_updates.valid_updates(api)
        for count in range(number):
            await fuzz_updates.push_malformed_update(api, kinds, self.rng)
            self.report.sent["updates"] += 1
            if count % BATCH == BATCH - 1:
                user = ChatUser(api, 2**41 + count, 2**41 + count)
                await user.says("/help")
                await self._expect("/help", lambda user=user: bool(user.sees))  # type: ignore[misc]
        self.report.violations += [f"Bot API misuse: {breach}" for breach in sorted(set(api.breaches))]

    async def send_requests(self, number: int) -> None:
        """Malformed HTTP requests; none causes a server error, and the page stays available."""
        parts = urlsplit(self.address)
        host = f"{parts.hostname}:{parts.port}"
        async with httpx.AsyncClient(base_url=self.address, timeout=ANSWER_TIMEOUT, trust_env=False) as http:
            cookie = (await http.get("/api/quota")).cookies["visitor"]
            for count in range(number):
                request = fuzz_http.random_request(self.rng, cookie, cookie)
                status = await self._status(host, request.bytes(host))
                self.report.sent["requests"] += 1
                self.report.responses[f"HTTP {status}"] += 1
                if status >= 500:
                    self.report.violations.append(
                        f"{status} for {request.method} {request.path[:80]} {request.headers}"
                    )
                if count % BATCH == 0 and (await http.get("/api/quota")).status_code != 200:
                    self.report.violations.append("the page is no longer available")

    async def check_links(self, number: int) -> None:
        """Forged and expired photo links; none shows the photo. The valid one does, as often as allowed."""
        valid, expired, key = await self._signed_links()
        async with httpx.AsyncClient(base_url=self.address, timeout=ANSWER_TIMEOUT, trust_env=False) as http:
            for link in (expired, *(fuzz_http.mutate_token(valid, self.rng) for _ in range(number))):
                self.report.sent["photo links"] += 1
                if (
                    link != valid
                    and (await http.get(f"/photos/{quote(link, safe='', errors='replace')}")).status_code != 404
                ):
                    self.report.violations.append(f"link {link[:200]!r} shows {key}")
            responses = Counter([(await http.get(f"/photos/{valid}")).status_code for _ in range(MAX_USES + 5)])
            if responses != {200: MAX_USES, 404: 5}:
                self.report.violations.append(f"the valid link gave {dict(responses)}")

    async def _signed_links(self) -> tuple[str, str, str]:
        """The tokens of a valid and an expired link to a stored photo, and the photo's storage key."""
        users = Users(self.testbed, self.rng)
        await users.add_web_request()
        await users.send(self.address)
        [(key,)] = audit.query(self.testbed.database, "SELECT photo FROM job ORDER BY id DESC LIMIT 1")
        links = SignedLinks("http://testbed", (self.testbed.folder / "data" / "secret.key").read_bytes())
        now = self.testbed.time_scale.now()
        valid, expired = [await links.expose(key, b"", at) for at in (now, now - LINK_SECONDS - 1)]
        return valid.rpartition("/")[2], expired.rpartition("/")[2], key

    async def _status(self, host: str, request: bytes) -> int:
        """The status of the response to a raw request; 0 if there was none."""
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

    async def _expect(self, what: str, condition: Callable[[], bool]) -> None:
        try:
            await self.testbed.telegram.until(condition, ANSWER_TIMEOUT)
        except TimeoutError:
            self.report.violations.append(f"{what} was not answered within {ANSWER_TIMEOUT:.0f} s")
