"""A worker that is a thread of this process, for engines that need next to nothing: no process has to be started."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from stylizer.engines import Engine
from stylizer.errors import Fault
from stylizer.worker import RenderJob, render


class ThreadWorker:
    """See `stylizer.worker.Worker`.

    A thread cannot be killed, so the engine's `stylize` is also given `is_ended`, an event, and returns or raises soon
    after it is set.
    """

    def __init__(self, engine: Engine, _threads: int | None) -> None:
        self._is_ended = threading.Event()
        self._stylize = partial(engine.stylize, is_ended=self._is_ended)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")

    def submit(self, job: RenderJob) -> Future[bytes | Fault]:
        return self._thread.submit(render, self._stylize, job)

    def end(self) -> None:
        self._is_ended.set()
        self._thread.shutdown(wait=True, cancel_futures=True)
