"""The task table: every task from its create call until it expires, 24 hours later.

PENDING → RUNNING → SUCCEEDED or FAILED; PENDING → CANCELED. Each method is one transaction. A task that was RUNNING
when the service died or stopped becomes PENDING again and keeps its place: at the next start if the service is by
itself, and as soon as the lease runs out if the table is shared. Each start is an attempt with its own number, and only
the latest can end the task. Times are read from the database's clock within the transaction, so they are in the order
of events, whichever process wrote them.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from stylizer import task_sql as sql
from stylizer.database import Database, uncancellable
from stylizer.errors import QUEUE_FULL, QUOTA_USED_UP, RATE_LIMITED, Fault, Refused
from stylizer.tasks import Task, as_task


class TaskRepository:
    """All access to tasks. `life` in seconds: an older task counts as missing."""

    def __init__(self, database: Database, *, life: int) -> None:
        self._database = database
        self._life = life

    def oldest_visible(self, now: int) -> int:
        """Tasks submitted after this time (ms since the epoch) have not expired."""
        return now - self._life * 1000

    @uncancellable
    async def add(
        self, task: Task, *, max_pending: int, free_images: int | None = None, per_second: int | None = None
    ) -> Task:
        """Add a new task at the end of the queue, submitted now.

        Raises Refused when too many are pending, when the account submits too fast (more than `per_second`, over all
        services), or when its free quota is used up. Unfinished tasks count as used; a task that fails no longer does.
        """
        async with self._database.write(notify=True) as connection:
            task = replace(task, submitted=await self._database.now_ms(connection))
            if await _count(connection, sql.COUNT_UNFINISHED, {}) >= max_pending:
                raise Refused(QUEUE_FULL)
            if per_second is not None:
                latest = {"account": task.account, "before": task.submitted - 1000}
                if await _count(connection, sql.COUNT_RECENT, latest) >= per_second:
                    raise Refused(RATE_LIMITED)
            if free_images is not None:
                spent = await _count(connection, sql.COUNT_SPENT, {"account": task.account})
                if spent >= free_images:
                    raise Refused(QUOTA_USED_UP)
            await connection.execute(sql.INSERT, {name: getattr(task, name) for name in Task.__dataclass_fields__})
        return task

    @uncancellable
    async def find(self, account: str, task_id: str, now: int) -> Task | None:
        """The account's task, or None: unknown, another account's, or expired."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                sql.FIND, {"task_id": task_id, "account": account, "since": self.oldest_visible(now)}
            )
            row = rows.mappings().first()
        return None if row is None else as_task(dict(row))

    @uncancellable
    async def list_fault(self, account: str, now: int) -> str | None:
        """The fault that an unfinished task of the account has for its list, if any."""
        async with self._database.read() as connection:
            found = await connection.execute(sql.LIST_FAULT, {"account": account, "since": self.oldest_visible(now)})
            return found.scalar()

    @uncancellable
    async def claim(self, *, lease: float | None = None) -> Task | None:
        """Start the next task whose account has a free slot, or return None.

        `lease`: how many seconds the task is ours without renewal; tasks whose lease has run out are pending again.
        """
        async with self._database.write() as connection:
            now = await self._database.now_ms(connection)
            values = {
                "now": now,
                "since": self.oldest_visible(now),
                "lease": None if lease is None else _after(now, lease),
            }
            if lease is not None:
                await connection.execute(sql.REQUEUE_LAPSED, values)
            row = (await connection.execute(sql.CLAIM, values)).mappings().first()
        return None if row is None else as_task(dict(row))

    @uncancellable
    async def renew(self, task: Task, lease: float) -> bool:
        """Extend the lease by so many seconds from now; False when the task is no longer ours."""
        async with self._database.write() as connection:
            until = _after(await self._database.now_ms(connection), lease)
            return await _update(connection, sql.RENEW, task, lease=until)

    @uncancellable
    async def cancel(self, account: str, task_id: str) -> tuple[str, ...] | None:
        """Cancel a PENDING task and return its inputs; None if there is nothing to cancel."""
        async with self._database.write() as connection:
            now = await self._database.now_ms(connection)
            values = {"task_id": task_id, "account": account, "now": now, "since": self.oldest_visible(now)}
            row = (await connection.execute(sql.CANCEL, values)).first()
        return None if row is None else tuple(name for name in row if name)

    @uncancellable
    async def succeed(self, task: Task, result: str) -> bool:
        """End it with a result (a file's name) and count the image; False when the task is no longer ours."""
        async with self._database.write(notify=True) as connection:
            now = await self._database.now_ms(connection)
            if not await _update(connection, sql.SUCCEED, task, result=result, now=now):
                return False
            await connection.execute(sql.COUNT_IMAGE, {"account": task.account})
            return True

    @uncancellable
    async def fail(self, task: Task, fault: Fault) -> bool:
        """End it with a fault; False when the task is no longer ours."""
        async with self._database.write(notify=True) as connection:
            now = await self._database.now_ms(connection)
            return await _update(connection, sql.FAIL, task, code=fault.code, message=fault.message, now=now)

    @uncancellable
    async def release(self, task: Task) -> None:
        """Make it PENDING again without counting the run: the service stops."""
        async with self._database.write(notify=True) as connection:
            await _update(connection, sql.RELEASE, task)

    @uncancellable
    async def requeue_running(self) -> None:
        """Make tasks PENDING that were running when the service died. Not for shared tables."""
        async with self._database.write() as connection:
            await connection.execute(sql.REQUEUE_RUNNING)

    @uncancellable
    async def set_max_running(self, max_running: int) -> None:
        """Set how many tasks of one account may run at the same time, in all processes."""
        async with self._database.write(notify=True) as connection:
            await connection.execute(sql.SET_RULE, {"name": "max_running", "value": max_running})

    @uncancellable
    async def claim_sweep(self, *, interval: int) -> bool:
        """Whether to sweep now: True for one caller in `interval` seconds."""
        async with self._database.write() as connection:
            now = await self._database.now_ms(connection)
            return bool(
                (await connection.execute(sql.CLAIM_SWEEP, {"now": now, "before": _after(now, -interval)})).rowcount
            )

    @uncancellable
    async def delete_expired(self) -> list[str]:
        """Delete expired tasks and return their inputs and results, for deletion too."""
        async with self._database.write() as connection:
            since = {"since": self.oldest_visible(await self._database.now_ms(connection))}
            rows = (await connection.execute(sql.SELECT_EXPIRED, since)).all()
            await connection.execute(sql.DELETE_EXPIRED, since)
        return [name for row in rows for name in row[1:] if name]


def _after(now: int, seconds: float) -> int:
    return now + int(seconds * 1000)


async def _update(connection: AsyncConnection, statement: Any, task: Task, **values: Any) -> bool:
    """Change the task if this attempt is still the current one."""
    given = {"task_id": task.task_id, "attempt": task.attempt, **values}
    return bool((await connection.execute(statement, given)).rowcount)


async def _count(connection: AsyncConnection, statement: Any, values: Mapping[str, Any]) -> int:
    return int((await connection.execute(statement, values)).scalar_one())
