"""A pool of workers, each rendering one picture at a time; a worker that dies or hangs is replaced."""

import asyncio
import logging
import threading

from stylizer.engines import Engine
from stylizer.errors import INTERNAL_ERROR, TIMED_OUT, Fault
from stylizer.worker import RenderJob, Worker, WorkerDied
from stylizer.worker_process import ProcessWorker

_log = logging.getLogger(__name__)


class Pool:
    """`workers` workers, started in the background by `open`.

    Args:
        engine: renders the pictures; says what a worker is (`Engine.start_worker`; None: a process).
        workers: how many pictures are rendered at the same time.
        seconds: limit for one picture, the rest of a worker's start included.
        threads: how many each worker uses (None: one for each core).
    """

    def __init__(self, engine: Engine, *, workers: int, seconds: float, threads: int | None = None) -> None:
        self._engine = engine
        self._threads = threads
        self._count = workers
        self._seconds = seconds
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._opening: asyncio.Task[None] | None = None
        self._lock = threading.Lock()  # of the two below: workers are started in threads
        self._workers: set[Worker] = set()
        self._is_closed = False

    def open(self) -> None:
        """Start the workers without waiting for them."""
        self._opening = asyncio.create_task(self._start_all())

    async def render(self, job: RenderJob) -> bytes | Fault:
        """Render in the next free worker. One that dies is replaced and the job tried once more."""
        for _ in range(2):
            worker = await self._idle.get()
            try:
                async with asyncio.timeout(self._seconds):
                    outcome = await asyncio.wrap_future(worker.submit(job))
            except WorkerDied:
                _log.warning("a worker died while it was rendering")
            except TimeoutError:
                await self._replace(worker)
                return TIMED_OUT
            else:
                self._idle.put_nowait(worker)
                return outcome
            await self._replace(worker)
        return INTERNAL_ERROR

    async def close(self) -> None:
        """End all workers, whatever they are doing. Does not wait for one that is still being started: it is ended as
        soon as that is done."""
        if self._opening is not None:
            self._opening.cancel()
        with self._lock:
            self._is_closed = True
            workers = list(self._workers)
        await asyncio.gather(*[asyncio.to_thread(worker.end) for worker in workers])

    async def _start_all(self) -> None:
        try:
            for _ in range(self._count):
                await self._add_worker()
        except Exception:  # noqa: BLE001  # whatever it is: logged, because nobody awaits this task
            _log.exception("the workers could not be started")

    async def _add_worker(self) -> None:
        worker = await asyncio.to_thread(self._start_worker)
        if worker is not None:
            self._idle.put_nowait(worker)

    def _start_worker(self) -> Worker | None:
        """In a thread. None when the pool was closed meanwhile: by then, close() no longer waits for it."""
        worker = (self._engine.start_worker or ProcessWorker)(self._engine, self._threads)
        with self._lock:
            if not self._is_closed:
                self._workers.add(worker)
                return worker
        worker.end()
        return None

    async def _replace(self, worker: Worker) -> None:
        await asyncio.to_thread(worker.end)
        with self._lock:
            self._workers.discard(worker)
        await self._add_worker()
