"""The parent's side of a worker process: starts it, sends it files, and kills it when it takes too long."""

import asyncio
import json
import os
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path

_LENGTHS = struct.Struct("!II")
_HEAD_BYTES = 10_000
_BODY_BYTES = 40_000_000
_START_SECONDS = 60.0
_ROOT = Path(__file__).parents[2]


class WorkerCrashed(Exception):
    """The worker died or sent nonsense while it read this file."""


class Worker:
    """One process at a time; when it has died, the next request starts another."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """The process id, if the process is running."""
        return self._process.pid if self._process else None

    async def start(self) -> Process:
        """Start the process unless it is running. Raises RuntimeError when it can't start: the installation is
        broken."""
        if self._process and self._process.returncode is not None:
            await self.stop()  # killed from outside while it was idle
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-S", "-m", "bot.imaging.worker_main", *self._arguments),  # -S: starts sooner
                stdin=PIPE,
                stdout=PIPE,
                env=_environment(),
            )
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await _receive(self._process)
            except (WorkerCrashed, TimeoutError):
                await self.stop()
                raise RuntimeError("The process that reads photos does not start; see above for the reason.") from None
            except BaseException:
                await self.stop()
                raise
        return self._process

    async def ask(self, head: Mapping[str, int], body: bytes, seconds: float) -> tuple[dict[str, object], bytes]:
        """Its answer within `seconds`. Raises WorkerCrashed or TimeoutError; after these, and when cancelled, the
        process is stopped."""
        process = await self.start()
        try:
            async with asyncio.timeout(seconds):
                await _send(process, head, body)
                return await _receive(process)
        except BaseException:
            # Otherwise a half-read answer would be taken for the next file's.
            await self.stop()
            raise

    async def stop(self) -> None:
        """Kill the process and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        assert process.stdin
        process.stdin.close()
        # Reads the rest of the pipe, which ends at once: a worker has no children that keep it open.
        await asyncio.shield(process.communicate())


def _environment() -> dict[str, str]:
    """What Python needs to find its modules, and nothing else: a process that reads untrusted files gets no token."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    # One thread each: the stacks of more would use up the limited memory.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    folders = [str(_ROOT), *(path for path in sys.path if path)]  # without `site`, an editable installation isn't found
    return kept | threads | {"PYTHONPATH": os.pathsep.join(folders)}


async def _send(process: Process, head: Mapping[str, int], body: bytes) -> None:
    assert process.stdin
    text = json.dumps(head).encode()
    try:
        process.stdin.write(_LENGTHS.pack(len(text), len(body)) + text)
        process.stdin.write(body)
        await process.stdin.drain()
    except ConnectionError as error:
        raise WorkerCrashed from error


async def _receive(process: Process) -> tuple[dict[str, object], bytes]:
    assert process.stdout
    try:
        head_length, body_length = _LENGTHS.unpack(await process.stdout.readexactly(_LENGTHS.size))
        if head_length > _HEAD_BYTES or body_length > _BODY_BYTES:
            raise WorkerCrashed
        head = json.loads(await process.stdout.readexactly(head_length))
        if not isinstance(head, dict):
            raise WorkerCrashed
        return head, await process.stdout.readexactly(body_length)
    except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
        raise WorkerCrashed from error
