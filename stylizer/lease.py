"""A lease on a task: while painters share the table, whoever runs a task says every other second that they live."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from stylizer.task_repository import TaskTable
from stylizer.tasks import Task

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Leases:
    """`seconds` after the last word from whoever runs a task, others may start it again."""

    table: TaskTable
    seconds: float

    @asynccontextmanager
    async def held(self, task: Task) -> AsyncIterator[None]:
        """Keep the task ours while the block lasts. When it is lost all the same (we were frozen, say), the block goes
        on: what it writes at its end changes nothing.
        """
        beat = asyncio.create_task(self._renewed(task))
        try:
            yield
        finally:
            beat.cancel()
            await asyncio.wait([beat])

    async def _renewed(self, task: Task) -> None:
        while True:
            await asyncio.sleep(self.seconds / 3)
            try:
                if not await self.table.renew(task, self.seconds):
                    _log.warning("task %s was taken over by another painter", task.task_id)
                    return
            except SQLAlchemyError:
                _log.warning("the lease on task %s could not be renewed; soon once more", task.task_id)
