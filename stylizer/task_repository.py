"""The task table: every task from its create call until, 24 hours later, nobody remembers it.

PENDING → RUNNING → SUCCEEDED or FAILED; PENDING → CANCELED. Each method is one transaction. A task that was RUNNING
when the service died or stopped is PENDING again, and keeps its place: at the next start where the service is alone,
and where painters share the table as soon as the lease of whoever ran it is over. Each start is an attempt of its own,
and only the last one can end the task. What is written takes its moment from the database, within the transaction: so
moments are in the order of what happened, whoever wrote them.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from stylizer import task_sql as sql
from stylizer.database import Database, unbroken
from stylizer.errors import QUOTA_USED_UP, TOO_FAST, TOO_MANY_WAITING, Fault, Refused
from stylizer.tasks import Task, as_task


class TaskTable:
    """All SQL about tasks. `life` in seconds: an older task is as if it had never been."""

    def __init__(self, database: Database, *, life: int) -> None:
        self._database = database
        self._life = life

    def since(self, now: int) -> int:
        """Tasks submitted after this moment are remembered."""
        return now - self._life * 1000

    @unbroken
    async def add(
        self, task: Task, *, max_pending: int, free_images: int | None = None, per_second: int | None = None
    ) -> Task:
        """Put a new task at the end, submitted now.

        Raises Refused when too many wait, when they come too fast (`per_second` of one account, whichever service took
        them), or when the account's free quota is used up.

        Unfinished tasks count as spent; what fails gives its image back by ending.
        """
        async with self._database.writing(rings=True) as connection:
            task = replace(task, submitted=await self._database.moment(connection))
            if await _number(connection, sql.COUNT_UNFINISHED, {}) >= max_pending:
                raise Refused(TOO_MANY_WAITING)
            if per_second is not None:
                latest = {"account": task.account, "before": task.submitted - 1000}
                if await _number(connection, sql.COUNT_LATEST, latest) >= per_second:
                    raise Refused(TOO_FAST)
            if free_images is not None:
                spent = await _number(connection, sql.COUNT_SPENT, {"account": task.account})
                if spent >= free_images:
                    raise Refused(QUOTA_USED_UP)
            await connection.execute(sql.INSERT, {name: getattr(task, name) for name in Task.__dataclass_fields__})
        return task

    @unbroken
    async def find(self, account: str, task_id: str, now: int) -> Task | None:
        """The account's task, or None: never there, another's, or expired."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                sql.FIND, {"task_id": task_id, "account": account, "since": self.since(now)}
            )
            row = rows.mappings().first()
        return None if row is None else as_task(dict(row))

    @unbroken
    async def claim(self, *, lease: float | None = None) -> Task | None:
        """Start the next task whose account has a slot free, or None.

        `lease`: for so many seconds the others shall believe that we live; what others had for longer waits again.
        """
        async with self._database.writing() as connection:
            now = await self._database.moment(connection)
            values = {"now": now, "since": self.since(now), "lease": None if lease is None else _later(now, lease)}
            if lease is not None:
                await connection.execute(sql.TAKE_OVER, values)
            row = (await connection.execute(sql.CLAIM, values)).mappings().first()
        return None if row is None else as_task(dict(row))

    @unbroken
    async def renew(self, task: Task, lease: float) -> bool:
        """Say that we live, for so many seconds; False when the task isn't ours any more."""
        async with self._database.writing() as connection:
            until = _later(await self._database.moment(connection), lease)
            return await _changed(connection, sql.RENEW, task, lease=until)

    @unbroken
    async def cancel(self, account: str, task_id: str) -> tuple[str, ...] | None:
        """Cancel it if it is still PENDING: the places of its inputs. None if there is nothing to cancel."""
        async with self._database.writing() as connection:
            now = await self._database.moment(connection)
            values = {"task_id": task_id, "account": account, "now": now, "since": self.since(now)}
            row = (await connection.execute(sql.CANCEL, values)).first()
        return None if row is None else tuple(place for place in row if place)

    @unbroken
    async def succeed(self, task: Task, result: str) -> bool:
        """End it with a result (a name on the shelf) and count the image; False when it isn't ours to end any more."""
        async with self._database.writing(rings=True) as connection:
            now = await self._database.moment(connection)
            if not await _changed(connection, sql.SUCCEED, task, result=result, now=now):
                return False
            await connection.execute(sql.COUNT_IMAGE, {"account": task.account})
            return True

    @unbroken
    async def fail(self, task: Task, fault: Fault) -> bool:
        """End it with a fault; False when it isn't ours to end any more."""
        async with self._database.writing(rings=True) as connection:
            now = await self._database.moment(connection)
            return await _changed(connection, sql.FAIL, task, code=fault.code, message=fault.message, now=now)

    @unbroken
    async def release(self, task: Task) -> None:
        """Back to its place, not counted as a run: the service stops."""
        async with self._database.writing(rings=True) as connection:
            await _changed(connection, sql.RELEASE, task)

    @unbroken
    async def reclaim(self) -> None:
        """Whatever was running when the service died waits again, in its old place: for who has the table alone."""
        async with self._database.writing() as connection:
            await connection.execute(sql.RECLAIM)

    @unbroken
    async def allow(self, max_running: int) -> None:
        """How many tasks of one account may run at the same time, whoever runs them."""
        async with self._database.writing(rings=True) as connection:
            await connection.execute(sql.RULE, {"name": "max_running", "value": max_running})

    @unbroken
    async def is_turn_to_sweep(self, *, interval: int) -> bool:
        """Whether nobody was told yes in the last `interval` seconds."""
        async with self._database.writing() as connection:
            now = await self._database.moment(connection)
            return bool((await connection.execute(sql.SWEPT, {"now": now, "before": _later(now, -interval)})).rowcount)

    @unbroken
    async def forget(self) -> list[str]:
        """Delete expired tasks; the places of the bytes that go with them."""
        async with self._database.writing() as connection:
            since = {"since": self.since(await self._database.moment(connection))}
            rows = (await connection.execute(sql.EXPIRED, since)).all()
            await connection.execute(sql.FORGET, since)
        return [place for row in rows for place in row[1:] if place]


def _later(now: int, seconds: float) -> int:
    return now + int(seconds * 1000)


async def _changed(connection: AsyncConnection, statement: Any, task: Task, **values: Any) -> bool:
    """Change the task, if this attempt is still the one that runs it."""
    given = {"task_id": task.task_id, "attempt": task.attempt, **values}
    return bool((await connection.execute(statement, given)).rowcount)


async def _number(connection: AsyncConnection, statement: Any, values: Mapping[str, Any]) -> int:
    return int((await connection.execute(statement, values)).scalar_one())
