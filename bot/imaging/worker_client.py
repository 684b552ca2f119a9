"""The parent's side of one worker process: started, asked, and killed when it takes too long."""

import asyncio
import json
import os
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping

_LENGTHS = struct.Struct("!II")
_HEAD_BYTES = 10_000
_BODY_BYTES = 40_000_000
_START_SECONDS = 60.0


class WorkerCrashed(Exception):
    """The worker died, or talked nonsense, over this file."""


class Worker:
    """One process at a time; after a death the next question starts another."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that waits for the next file, if there is one."""
        return self._process.pid if self._process else None

    async def start(self) -> Process:
        """Start the process unless it runs; RuntimeError when it cannot, which is a broken installation."""
        if self._process and self._process.returncode is not None:
            await self.stop()  # killed from outside while it waited
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "bot.imaging.worker_main", *self._arguments),
                stdin=PIPE,
                stdout=PIPE,
                env=_environment(),
            )
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await _receive(self._process)
            except (WorkerCrashed, TimeoutError):
                await self.stop()
                raise RuntimeError("The process that reads photos does not start; its reason stands above.") from None
            except BaseException:
                await self.stop()
                raise
        return self._process

    async def ask(self, head: Mapping[str, int], body: bytes, seconds: float) -> tuple[dict[str, object], bytes]:
        """Its answer within `seconds`, or Crashed, or TimeoutError; after these, and when cancelled, it is dead."""
        process = await self.start()
        try:
            async with asyncio.timeout(seconds):
                await _send(process, head, body)
                return await _receive(process)
        except BaseException:
            # Whatever happened, a half-read answer would be taken for the next file's.
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
        # Reads what is left, to the pipe's end: a worker has no children to keep it open.
        await asyncio.shield(process.communicate())


def _environment() -> dict[str, str]:
    """What Python needs to find its parts, and nothing else: a process that reads foreign files gets no token."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    # One thread each: their stacks would eat the memory that is bounded.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return kept | threads | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


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
