"""Figures for the owner: requests and outcomes since a time, and the latest failures."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_DAY_FIGURES = text("""
    SELECT COUNT(DISTINCT person_id) AS people,
        COALESCE(SUM(CASE WHEN state IN ('stored', 'delivered') THEN 1 ELSE 0 END), 0) AS painted,
        COALESCE(SUM(CASE state WHEN 'failed' THEN 1 ELSE 0 END), 0) AS failed,
        COALESCE(SUM(CASE state WHEN 'canceled' THEN 1 ELSE 0 END), 0) AS canceled,
        COUNT(*) AS asked
    FROM job WHERE asked >= :since
""")
_FAILURES_BY_PERSON = text("""
    SELECT p.platform || ':' || p.platform_id AS who, COUNT(*) AS times
    FROM job j JOIN person p ON p.id = j.person_id
    WHERE j.error = :reason AND j.error IS NOT NULL AND j.asked >= :since
    GROUP BY p.platform, p.platform_id ORDER BY times DESC, who
""")
_SUM_SPENDING = text("""
    SELECT COALESCE(SUM(amount), 0) FROM ledger WHERE scope_kind = 'budget' AND kind = 'commit' AND at >= :since
""")
_LIST_FAILURES = text("""
    SELECT id, updated, error, COALESCE(error_code, '') FROM job WHERE error IS NOT NULL
    ORDER BY updated DESC LIMIT :limit
""")
_COUNT_PEOPLE = text("SELECT COUNT(*) FROM person WHERE platform_id NOT LIKE 'forgotten:%'")


@dataclass(frozen=True)
class DayFigures:
    """Requests since a time (`asked`), the number of people who made them, and their outcomes."""

    people: int
    finished: int
    failed: int
    canceled: int
    asked: int


@dataclass(frozen=True)
class Failure:
    """A failed job: when, our reason, and the API's error code ("" if none)."""

    job_id: int
    at: float
    reason: str
    code: str


async def get_day_figures(connection: AsyncConnection, since: float) -> DayFigures:
    """Return the figures since a time."""
    return DayFigures(*(await connection.execute(_DAY_FIGURES, {"since": since})).one())


async def count_failures_by_person(
    connection: AsyncConnection, reason: str, since: float
) -> tuple[tuple[str, int], ...]:
    """Return (`platform:id`, number of failures) for this reason since a time, most failures first."""
    values = {"reason": reason, "since": since}
    return tuple((row.who, row.times) for row in await connection.execute(_FAILURES_BY_PERSON, values))


async def sum_spending(connection: AsyncConnection, since: float) -> int:
    """Return what the owner has spent since a time, in units of the budget."""
    return int((await connection.execute(_SUM_SPENDING, {"since": since})).scalar_one())


async def list_failures(connection: AsyncConnection, limit: int) -> tuple[Failure, ...]:
    """Return the latest failures, newest first."""
    return tuple(Failure(*row) for row in await connection.execute(_LIST_FAILURES, {"limit": limit}))


async def count_people(connection: AsyncConnection) -> int:
    """Count the people who have not deleted their data."""
    return int((await connection.execute(_COUNT_PEOPLE)).scalar_one())
