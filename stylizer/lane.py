"""The lane: takes waiting tasks in their order, as many at a time as each account may run, and ends them."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from stylizer.errors import BROKEN, Fault, Refused
from stylizer.inputs import Inputs
from stylizer.pool import Pool
from stylizer.shelf import Shelf
from stylizer.tasks import Task, TaskTable
from stylizer.worker import Brushwork

_log = logging.getLogger(__name__)
MOST_RUNS = 5  # starts of one task, each cut short by a crash of the whole service
_PAUSE = 1.0  # seconds before the table is asked again after it failed


@dataclass(frozen=True)
class Lane:
    """`run` until cancelled; `wake` it when a task was added. What is unfinished then stays for the next start.

    `seats` bounds the pictures in memory: one more than there are workers is fetched while the others are painted.
    """

    table: TaskTable
    inputs: Inputs
    shelf: Shelf
    pool: Pool
    now: Callable[[], int]
    max_running: int
    seats: asyncio.Semaphore
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """There may be something to start."""
        self.bell.set()

    async def run(self) -> None:
        """Start what may start, whenever the bell rings."""
        async with asyncio.TaskGroup() as group:
            while True:
                self.bell.clear()
                try:
                    while (task := await self.table.claim(self.now(), max_running=self.max_running)) is not None:
                        group.create_task(self._carry(task))
                except SQLAlchemyError:
                    _log.exception("the task table could not be asked; once more in a second")
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.bell.wait(), _PAUSE)
                    continue
                await self.bell.wait()

    async def _carry(self, task: Task) -> None:
        """One task from start to end; if the service stops meanwhile, back to its place."""
        try:
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
            self.wake()

    async def _give_up(self, task: Task) -> None:
        """A full disk, say: end the task as broken as soon as that can be written down, or its slot stays taken."""
        while True:
            with suppress(SQLAlchemyError):
                return await self.table.fail(task, BROKEN, self.now())
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
        return await self.pool.paint(Brushwork(photo, task.style_index, reference, extras))

    async def _end(self, task: Task, outcome: bytes | Fault) -> None:
        if isinstance(outcome, Fault):
            await self.table.fail(task, outcome, self.now())
        else:
            name = f"results/{task.task_id}_style{task.style_index}.jpg"
            await self.shelf.put(name, outcome)
            await self.table.succeed(task, name, self.now())
        await self.inputs.drop(task.photo, task.reference)
