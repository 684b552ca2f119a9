"""Completion events of the API, recorded with the attempt: the worker that polls the task, on whichever machine, finds
them there."""

from collections.abc import Collection

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

_COUNT_UNRECORDED = text("""
    SELECT COUNT(*) FROM attempt WHERE task_id IN :task_ids AND noted_at IS NULL AND outcome IS NULL
""").bindparams(bindparam("task_ids", expanding=True))
_RECORD = text("""
    UPDATE attempt SET noted_at = :now WHERE task_id IN :task_ids AND noted_at IS NULL AND outcome IS NULL
""").bindparams(bindparam("task_ids", expanding=True))
_COUNT_RECORDED = text("SELECT COUNT(*) FROM attempt WHERE job_id = :job_id AND n = :n AND noted_at IS NOT NULL")


async def has_unrecorded(connection: AsyncConnection, task_ids: Collection[str]) -> bool:
    """Whether one of these tasks is ours and has no completion event yet."""
    return int((await connection.execute(_COUNT_UNRECORDED, {"task_ids": list(task_ids)})).scalar_one()) > 0


async def record(connection: AsyncConnection, task_ids: Collection[str], now: float) -> None:
    """Record completion events for these tasks; unknown tasks are ignored."""
    await connection.execute(_RECORD, {"task_ids": list(task_ids), "now": now})


async def is_recorded(connection: AsyncConnection, *, job_id: int, n: int) -> bool:
    """Whether the task of a job's n-th attempt has a completion event."""
    return int((await connection.execute(_COUNT_RECORDED, {"job_id": job_id, "n": n})).scalar_one()) > 0
