"""The lane: takes waiting tasks in their order, as many at a time as each account may run, and ends them."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from stylizer.errors import BROKEN, Fault, Refused
from stylizer.file_store import Shelf
from stylizer.input_images import Inputs
from stylizer.lease import Leases
from stylizer.pool import Pool
from stylizer.task_repository import TaskTable
from stylizer.tasks import Task
from stylizer.worker import RenderJob

_log = logging.getLogger(__name__)
MOST_RUNS = 5  # starts of one task, each cut short by a crash of the whole service
_PAUSE = 1.0  # seconds before the table is asked again after it failed, or in case somebody else's word was lost


@dataclass(frozen=True)
class Lane:
    """`run` until cancelled; `wake` it when a task was added. What is unfinished then stays for the next start.

    `hands` bounds what is started here; where others share the table (`leases`), nobody takes more than they can paint.
    `seats` bounds the pictures in memory: who is alone fetches one more while the others are painted.
    """

    table: TaskTable
    inputs: Inputs
    shelf: Shelf
    pool: Pool
    hands: asyncio.Semaphore
    seats: asyncio.Semaphore
    leases: Leases | None
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """There may be something to start."""
        self.bell.set()

    async def run(self) -> None:
        """Start what may start, whenever the bell rings."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self.hands.acquire()
                try:
                    task = await self._next()
                except asyncio.CancelledError:
                    self.hands.release()
                    raise
                group.create_task(self._carry(task))

    async def _next(self) -> Task:
        """The next task to start, however long it takes until there is one."""
        while True:
            self.bell.clear()
            try:
                if (task := await self._claimed()) is not None:
                    return task
                await self._rest(None if self.leases is None else _PAUSE)
            except SQLAlchemyError:
                _log.exception("the task table could not be asked; once more in a second")
                await self._rest(_PAUSE)

    async def _claimed(self) -> Task | None:
        """What was claimed at the very moment when we are told to stop goes back at once."""
        lease = None if self.leases is None else self.leases.seconds
        claiming = asyncio.create_task(self.table.claim(lease=lease))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            if (task := await claiming) is not None:
                await self.table.release(task)
            raise

    async def _rest(self, most: float | None) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.bell.wait(), most)

    async def _carry(self, task: Task) -> None:
        """One task from start to end; if the service stops meanwhile, back to its place."""
        try:
            async with self._held(task):
                async with self.seats:
                    outcome = await self._outcome(task)
                await self._end(task, outcome)
        except asyncio.CancelledError:
            await self.table.release(task)
            raise
        except Exception:  # noqa: BLE001  # a full disk, or a mistake of ours: it must not stop the tasks of others
            _log.exception("task %s could not be ended as it should", task.task_id)
            await self._give_up(task)
        finally:
            self.hands.release()
            self.wake()

    def _held(self, task: Task) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self.leases is None else self.leases.held(task)

    async def _give_up(self, task: Task) -> None:
        """A full disk, say: end the task as broken as soon as that can be written down, or its slot stays taken."""
        while True:
            with suppress(SQLAlchemyError):
                await self.table.fail(task, BROKEN)
                return
            await asyncio.sleep(_PAUSE)

    async def _outcome(self, task: Task) -> bytes | Fault:
        if task.runs > MOST_RUNS:
            return BROKEN
        try:
            photo = await self.inputs.gather(task.photo, task.account)
            reference = None if task.reference is None else await self.inputs.gather(task.reference, task.account)
        except Refused as refusal:
            return refusal.fault
        given = {"strength": task.strength, "brush": task.brush, "seed": task.seed}
        extras = {name: value for name, value in given.items() if value is not None}
        return await self.pool.render(RenderJob(photo, task.style_index, reference, extras))

    async def _end(self, task: Task, outcome: bytes | Fault) -> None:
        """Write it down; the inputs go with that, unless somebody else has the task by now and needs them."""
        if isinstance(outcome, Fault):
            is_ours = await self.table.fail(task, outcome)
        else:
            is_ours = await self._hand_over(task, outcome)
        if is_ours:
            await self.inputs.drop(task.photo, task.reference)

    async def _hand_over(self, task: Task, picture: bytes) -> bool:
        """Each attempt has a file of its own, so that a late one never lies where the right one should."""
        name = f"results/{task.task_id}_style{task.style_index}_{task.attempt}.jpg"
        await self.shelf.put(name, picture)
        is_ours = await self.table.succeed(task, name)
        if not is_ours:
            await self.shelf.drop(name)
        return is_ours
