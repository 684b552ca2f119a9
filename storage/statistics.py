"""Counts for metrics, and the uses of photo links."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_JOBS_BY_STATE = text("SELECT state, COUNT(*) AS number FROM job GROUP BY state")
_FAILURES_BY_REASON = text("SELECT error, COUNT(*) AS number FROM job WHERE error IS NOT NULL GROUP BY error")
_COUNT_OUTBOX = text("SELECT COUNT(*) FROM outbox WHERE given_up IS NULL")
_COUNT_LINK_USE = text("""
    INSERT INTO link_use (key, uses, last_used) VALUES (:key, 1, :now)
    ON CONFLICT (key) DO UPDATE SET uses = link_use.uses + 1, last_used = excluded.last_used
    RETURNING uses
""")
_DELETE_LINK_USES = text("DELETE FROM link_use WHERE last_used < :before")


async def count_jobs_by_state(connection: AsyncConnection) -> dict[str, int]:
    """Count the jobs in each state."""
    return {row.state: row.number for row in await connection.execute(_JOBS_BY_STATE)}


async def count_failures_by_reason(connection: AsyncConnection) -> dict[str, int]:
    """Count the failed jobs by reason."""
    return {row.error: row.number for row in await connection.execute(_FAILURES_BY_REASON)}


async def count_outcomes_owed(connection: AsyncConnection) -> int:
    """Count the outcomes that are still to be delivered."""
    return int((await connection.execute(_COUNT_OUTBOX)).scalar_one())


async def count_link_use(connection: AsyncConnection, key: str, now: float) -> int:
    """Count a use of a link and return the total. `key` identifies the link without revealing it."""
    return int((await connection.execute(_COUNT_LINK_USE, {"key": key, "now": now})).scalar_one())


async def delete_link_uses(connection: AsyncConnection, before: float) -> None:
    """Delete the counts of links that were last used before `before`."""
    await connection.execute(_DELETE_LINK_USES, {"before": before})
