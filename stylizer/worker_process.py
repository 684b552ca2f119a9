"""A worker that is a process of its own: one that dies takes only its own picture along, one that hangs can be killed.

The upper half runs in the service, `_work` and below in the new process, which therefore imports this module.
"""

import logging
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING

from stylizer.engines import Engine
from stylizer.errors import Fault
from stylizer.worker import RenderJob, WorkerDied, render

if TYPE_CHECKING:
    from multiprocessing.connection import Connection  # subscripted in type checkers only

_log = logging.getLogger(__name__)
_CONTEXT = (
    multiprocessing.get_context("forkserver")
    if "forkserver" in multiprocessing.get_all_start_methods()
    else multiprocessing.get_context("spawn")
)
_THREADS = ("OPENCV_FOR_THREADS_NUM", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


class ProcessWorker:
    """See `stylizer.worker.Worker`. The first job waits until the engine is warmed up."""

    def __init__(self, engine: Engine, threads: int | None) -> None:
        self._connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_work, args=(theirs, engine.stylize, engine.warm_up, threads), daemon=True
        )
        self._process.start()
        theirs.close()  # or we would not notice that the process has died
        self._ending = threading.Lock()
        self._thread = ThreadPoolExecutor(1)  # waits for the process's answers
        self._thread.submit(self._hear_of_warm_up)

    def submit(self, job: RenderJob) -> Future[bytes | Fault]:
        return self._thread.submit(self._render, job)

    def end(self) -> None:
        with self._ending:
            self._process.kill()
            self._process.join()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._connection.close()

    def _render(self, job: RenderJob) -> bytes | Fault:
        try:
            self._connection.send(job)
            outcome: bytes | Fault = self._connection.recv()
        except (EOFError, OSError) as error:
            raise WorkerDied from error
        return outcome

    def _hear_of_warm_up(self) -> None:
        """A failed warm-up is no reason to stop: the pictures will show what is wrong."""
        with suppress(EOFError, OSError):  # the process has died: the next job will say so
            if (error := self._connection.recv()) is not None:
                _log.error("the engine's warm-up failed: %s", error)


def _work(
    connection: "Connection[object, RenderJob]",
    stylize: Callable[..., bytes],
    warm_up: Callable[[], None],
    threads: int | None,
) -> None:
    """Warm up, then render whatever comes, until the service closes the connection."""
    _configure(threads)
    connection.send(_failure_of(warm_up))
    with suppress(EOFError):
        while True:
            connection.send(render(stylize, connection.recv()))


def _failure_of(warm_up: Callable[[], None]) -> str | None:
    try:
        warm_up()
    except Exception as error:  # noqa: BLE001  # reported to the service, which logs it
        return repr(error)
    return None


def _configure(threads: int | None) -> None:
    """Before the first picture: leave Ctrl-C to the service, end when it ends, and be the first to go when memory runs
    out. `threads`: how many OpenCV and the nets may use; they read it when they are loaded, which is later.
    """
    if threads is not None:
        os.environ |= {name: str(threads) for name in _THREADS}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    os.nice(5)
    warnings.filterwarnings("ignore", "Image size")  # Pillow's, of a possible bomb: we check the resolution ourselves


def _end_with_parent() -> None:
    """End at once when the service is killed, whatever is being rendered."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
