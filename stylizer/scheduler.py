"""Starts pending tasks in order of arrival, up to each account's limit of running tasks, and carries them to an end."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from stylizer.errors import INTERNAL_ERROR, Fault, Refused
from stylizer.file_store import FileStore
from stylizer.input_images import InputImages
from stylizer.lease import Leases
from stylizer.pool import Pool
from stylizer.task_repository import TaskRepository
from stylizer.tasks import Task
from stylizer.testing_faults import Place, fault_at
from stylizer.worker import RenderJob

_log = logging.getLogger(__name__)
MAX_RUNS = 5  # starts of one task, each cut short by a crash of the whole service
_PAUSE = 1.0  # seconds until the table is asked again: after a failure, or in case a notification was lost


@dataclass(frozen=True)
class Scheduler:
    """`run` until cancelled; call `wake` when a task was added. Unfinished tasks stay for the next start.

    `start_slots` limits the tasks started here: with a shared table (`leases`), to those that can be rendered now.
    `memory_slots` limits the pictures in memory: a service by itself fetches the next one while it renders.
    """

    tasks: TaskRepository
    inputs: InputImages
    files: FileStore
    pool: Pool
    start_slots: asyncio.Semaphore
    memory_slots: asyncio.Semaphore
    leases: Leases | None
    wakeup: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """A task may be ready to start."""
        self.wakeup.set()

    async def run(self) -> None:
        """Start whatever may start, each time it is woken."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self.start_slots.acquire()
                try:
                    task = await self._next_task()
                except asyncio.CancelledError:
                    self.start_slots.release()
                    raise
                group.create_task(self._run_task(task))

    async def _next_task(self) -> Task:
        """The next task to start; waits until there is one."""
        while True:
            self.wakeup.clear()
            try:
                if (task := await self._claim()) is not None:
                    return task
                await self._wait(None if self.leases is None else _PAUSE)
            except SQLAlchemyError:
                _log.exception("could not read the task table; trying again in a second")
                await self._wait(_PAUSE)

    async def _claim(self) -> Task | None:
        """A task claimed at the very moment of cancellation is released at once."""
        lease = None if self.leases is None else self.leases.seconds
        claiming = asyncio.create_task(self.tasks.claim(lease=lease))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            if (task := await claiming) is not None:
                await self.tasks.release(task)
            raise

    async def _wait(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wakeup.wait(), seconds)

    async def _run_task(self, task: Task) -> None:
        """One task from start to end; if the service stops meanwhile, it is released."""
        try:
            async with self._lease(task):
                async with self.memory_slots:
                    outcome = await self._render(task)
                await self._finish(task, outcome)
        except asyncio.CancelledError:
            await self.tasks.release(task)
            raise
        except Exception:  # noqa: BLE001  # a full disk, or a bug: other tasks must go on
            _log.exception("task %s failed unexpectedly", task.task_id)
            await self._record_failure(task)
        finally:
            self.start_slots.release()
            self.wake()

    def _lease(self, task: Task) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self.leases is None else self.leases.hold(task)

    async def _record_failure(self, task: Task) -> None:
        """Fail the task as soon as the table can be written, or its slot would stay taken."""
        while True:
            with suppress(SQLAlchemyError):
                await self.tasks.fail(task, INTERNAL_ERROR)
                return
            await asyncio.sleep(_PAUSE)

    async def _render(self, task: Task) -> bytes | Fault:
        if task.runs > MAX_RUNS:
            return INTERNAL_ERROR
        if (on_demand := fault_at(Place.TASK, task.fault)) is not None:
            return on_demand
        try:
            photo = await self.inputs.load(task.photo, task.account)
            reference = None if task.reference is None else await self.inputs.load(task.reference, task.account)
        except Refused as refusal:
            return refusal.fault
        given = {"strength": task.strength, "brush": task.brush, "seed": task.seed}
        extras = {name: value for name, value in given.items() if value is not None}
        return await self.pool.render(RenderJob(photo, task.style_index, reference, extras))

    async def _finish(self, task: Task, outcome: bytes | Fault) -> None:
        """Record the end and delete the inputs, unless another worker has taken over the task and needs them."""
        if isinstance(outcome, Fault):
            is_ours = await self.tasks.fail(task, outcome)
        else:
            is_ours = await self._store_result(task, outcome)
        if is_ours:
            await self.inputs.delete(task.photo, task.reference)

    async def _store_result(self, task: Task, picture: bytes) -> bool:
        """Each attempt writes its own file, so that a late one never replaces the right one."""
        name = f"results/{task.task_id}_style{task.style_index}_{task.attempt}.jpg"
        await self.files.put(name, picture)
        is_ours = await self.tasks.succeed(task, name)
        if not is_ours:
            await self.files.delete(name)
        return is_ours
