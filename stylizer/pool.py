"""Worker processes for the pixels. Each is an executor of its own, so that one that dies takes only its own picture
along, and one that hangs can be ended.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress

from stylizer.engines import Engine
from stylizer.errors import BROKEN, TOOK_TOO_LONG, Fault
from stylizer.worker import Brushwork, paint, settle_in

_log = logging.getLogger(__name__)
_START_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_START_TIME = 5.0  # seconds until a new process has told its number


class Worker:
    """One process that paints one picture at a time. Starting it blocks for some milliseconds: do so in a thread."""

    def __init__(self, engine: Engine, threads: int | None) -> None:
        context = multiprocessing.get_context(_START_METHOD)
        self._executor = ProcessPoolExecutor(1, mp_context=context, initializer=settle_in, initargs=(threads,))
        self._stylize = engine.stylize
        self._pid = self._executor.submit(os.getpid)
        self._executor.submit(engine.warm_up).add_done_callback(_report_warm_up)

    def submit(self, brushwork: Brushwork) -> "Future[bytes | Fault]":
        """Begin. The future (or this call) raises BrokenProcessPool when the process dies."""
        return self._executor.submit(paint, self._stylize, brushwork)

    def end(self) -> None:
        """End the process whatever it is doing, and wait until it is gone."""
        with suppress(BrokenProcessPool, TimeoutError, ProcessLookupError):
            os.kill(self._pid.result(timeout=_START_TIME), signal.SIGKILL)
        self._executor.shutdown(wait=True, cancel_futures=True)


class Pool:
    """`workers` processes, started in the background by `open`. `seconds` bounds one picture, warm-up included;
    `threads` what each process uses (None: every core).
    """

    def __init__(self, engine: Engine, *, workers: int, seconds: float, threads: int | None = None) -> None:
        self._engine = engine
        self._threads = threads
        self._count = workers
        self._seconds = seconds
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._all: set[Worker] = set()
        self._opening: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start the processes without waiting for them."""
        self._opening = asyncio.create_task(self._fill())

    async def paint(self, brushwork: Brushwork) -> bytes | Fault:
        """Paint in the next free worker. One that dies is replaced and the picture tried once more."""
        for _ in range(2):
            worker = await self._idle.get()
            try:
                async with asyncio.timeout(self._seconds):
                    outcome = await asyncio.wrap_future(worker.submit(brushwork))
            except BrokenProcessPool:
                _log.warning("a worker process died while it was painting")
            except TimeoutError:
                await self._replace(worker)
                return TOOK_TOO_LONG
            else:
                self._idle.put_nowait(worker)
                return outcome
            await self._replace(worker)
        return BROKEN

    async def close(self) -> None:
        """End all processes, whatever they are doing."""
        if self._opening is not None:
            await self._opening
        await asyncio.gather(*[asyncio.to_thread(worker.end) for worker in self._all])

    async def _fill(self) -> None:
        for _ in range(self._count):
            await self._hire()

    async def _hire(self) -> None:
        worker = await asyncio.to_thread(Worker, self._engine, self._threads)
        self._all.add(worker)
        self._idle.put_nowait(worker)

    async def _replace(self, worker: Worker) -> None:
        await asyncio.to_thread(worker.end)
        self._all.discard(worker)
        await self._hire()


def _report_warm_up(warming: "Future[None]") -> None:
    """A warm-up that fails is no reason to stop: the pictures will say what is wrong."""
    if warming.cancelled():
        return
    error = warming.exception()
    if error is not None and not isinstance(error, BrokenProcessPool):
        _log.error("the engine's warm-up failed: %r", error)
