"""The real bot in a process of its own. A test may kill it at any moment and start it again on the same folder.

    async with bot_process(tmp_path, base_url=gate.base_url) as bot:
        job = await bot.request(portrait_jpeg(), key="1")
        await bot.kill()
    async with bot_process(tmp_path, base_url=gate.base_url) as bot:
        done = await bot.ended(job)

The visitor's cookie is kept in the folder, so that it is the same person after a restart.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests import ROOT

START_SECONDS = 60.0


@dataclass
class Bot:
    """A running bot and its one visitor."""

    process: Process
    visitor: httpx.AsyncClient
    cookies: Path
    log: Path | None = None

    async def request(self, photo: bytes, *, key: str, style: int = 0) -> int:
        """Request a picture as the visitor; returns the id of the accepted job."""
        data = {"style": str(style), "key": key}
        answer = await self.visitor.post("/api/jobs", data=data, files={"photo": ("me.jpg", photo)})
        assert answer.status_code == 202, answer.text
        if "visitor" in answer.cookies:
            self.cookies.write_text(json.dumps(dict(answer.cookies)))
        return int(answer.json()["id"])

    async def job(self, job_id: int) -> dict[str, Any]:
        """A job as the API shows it."""
        answer = await self.visitor.get(f"/api/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def when(self, job_id: int, *states: str) -> dict[str, Any]:
        """The job, once it is in one of these states, from the event stream."""
        async with self.visitor.stream("GET", f"/api/jobs/{job_id}/events", timeout=60) as events:
            async for line in events.aiter_lines():
                if line.startswith("data: ") and (job := json.loads(line[6:]))["state"] in states:
                    return dict(job)
        raise AssertionError(f"the job ended otherwise: {await self.job(job_id)}")

    async def ended(self, job_id: int) -> dict[str, Any]:
        """The job, once it has ended."""
        return await self.when(job_id, "stored", "delivered", "failed", "canceled")

    async def picture(self, job_id: int) -> bytes:
        """The job's picture."""
        answer = await self.visitor.get(f"/api/jobs/{job_id}/result")
        assert answer.status_code == 200, answer.text
        return answer.content

    async def quota(self) -> tuple[int, int]:
        """The visitor's units: reserved, used."""
        answer = (await self.visitor.get("/api/quota")).json()
        return answer["reserved"], answer["used"]

    async def history(self) -> list[int]:
        """The ids of the visitor's jobs."""
        return [job["id"] for job in (await self.visitor.get("/api/jobs")).json()["jobs"]]

    async def kill(self) -> None:
        """End it with SIGKILL: no clean-up."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def bot_process(
    folder: Path, *, log: Path | None = None, command: Sequence[str] = ("-m", "bot", "run"), **settings: str
) -> AsyncIterator[Bot]:
    """Start the bot on a folder, until the end of the block; `settings` as in `.env`. `log`: where its stderr goes;
    `command`: Python's arguments."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240  # quick, and nothing else is going on yet
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    chosen = {"DATA_DIR": str(folder / "data"), "PORT": "0", "WEB_CHAT": "on", "DASHSCOPE_API_KEY": "sk-crash-test"}
    with ExitStack() as stack:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command),
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **chosen, **settings},
            stdout=PIPE,
            stderr=None if log is None else stack.enter_context(log.open("ab")),
        )
    try:
        async with httpx.AsyncClient(base_url=await _address(process), timeout=20, trust_env=False) as visitor:
            cookies = folder / "cookies.json"
            if cookies.exists():
                visitor.cookies.update(json.loads(cookies.read_text()))
            yield Bot(process, visitor, cookies, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _address(process: Process) -> str:
    """The address that the bot prints when it is ready."""
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        line = (await process.stdout.readline()).decode()
    assert "http://" in line, f"it did not start: {line!r}"
    return line.split()[-1]
