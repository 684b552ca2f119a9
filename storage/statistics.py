"""Counts over everything, for whoever watches."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_JOBS_BY_STATE = text("SELECT state, COUNT(*) AS number FROM job GROUP BY state")
_FAILURES_BY_REASON = text("SELECT error, COUNT(*) AS number FROM job WHERE error IS NOT NULL GROUP BY error")
_COUNT_OUTBOX = text("SELECT COUNT(*) FROM outbox")
_COUNT_LINK_USE = text("""
    INSERT INTO link_use (key, uses, last_used) VALUES (:key, 1, :now)
    ON CONFLICT (key) DO UPDATE SET uses = link_use.uses + 1, last_used = excluded.last_used
    RETURNING uses
""")
_DELETE_LINK_USES = text("DELETE FROM link_use WHERE last_used < :before")


async def count_jobs_by_state(connection: AsyncConnection) -> dict[str, int]:
    """How many jobs stand where."""
    return {row.state: row.number for row in await connection.execute(_JOBS_BY_STATE)}


async def count_failures_by_reason(connection: AsyncConnection) -> dict[str, int]:
    """Why jobs failed."""
    return {row.error: row.number for row in await connection.execute(_FAILURES_BY_REASON)}


async def count_outcomes_owed(connection: AsyncConnection) -> int:
    """Outcomes that people have yet to see."""
    return int((await connection.execute(_COUNT_OUTBOX)).scalar_one())


async def count_link_use(connection: AsyncConnection, key: str, now: float) -> int:
    """One more use of a link; returns how many that makes. `key` stands for the link and does not give it away."""
    return int((await connection.execute(_COUNT_LINK_USE, {"key": key, "now": now})).scalar_one())


async def delete_link_uses(connection: AsyncConnection, before: float) -> None:
    """Counts of links that are dead for long."""
    await connection.execute(_DELETE_LINK_USES, {"before": before})
