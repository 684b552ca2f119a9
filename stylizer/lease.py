"""Leases: while workers share the table, the one that runs a task renews its lease every other second."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from stylizer.task_repository import TaskRepository
from stylizer.tasks import Task

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Leases:
    """A task may be started again `seconds` after its lease was last renewed."""

    tasks: TaskRepository
    seconds: float

    @asynccontextmanager
    async def hold(self, task: Task) -> AsyncIterator[None]:
        """Renew the lease until the end of the block. If the task is lost all the same (this process was frozen, say),
        the block continues: what it writes at the end changes nothing.
        """
        renewing = asyncio.create_task(self._keep_renewing(task))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])

    async def _keep_renewing(self, task: Task) -> None:
        while True:
            await asyncio.sleep(self.seconds / 3)
            try:
                if not await self.tasks.renew(task, self.seconds):
                    _log.warning("task %s was taken over by another worker", task.task_id)
                    return
            except SQLAlchemyError:
                _log.warning("could not renew the lease on task %s; trying again", task.task_id)
