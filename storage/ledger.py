"""The quota ledger: every unit is reserved, then committed or released, each as a row that is never changed.

The `quota` row of a scope and period carries the sums, so that a limit is kept by one conditional UPDATE and its row
count, whoever else is at it; `audit` proves that sums and rows agree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Settlement = Literal["commit", "release"]


@dataclass(frozen=True)
class Scope:
    """What a unit is taken from: e.g. ("person:7", "2026-11-22", 20), or ("budget", "2026-11", 100)."""

    name: str
    period: str
    limit: int


@dataclass(frozen=True)
class Sums:
    """How much of a scope is reserved and used."""

    reserved: int
    used: int


_OPEN = text("""
    INSERT INTO quota (scope, period, lim, reserved, used) VALUES (:scope, :period, :lim, 0, 0)
    ON CONFLICT (scope, period) DO NOTHING
""")
_TAKE = text("""
    UPDATE quota SET reserved = reserved + 1, lim = :lim
    WHERE scope = :scope AND period = :period AND reserved + used + 1 <= :lim
""")
_DRAW = text("""
    UPDATE quota SET reserved = reserved + 1 WHERE scope = :scope AND period = :period AND reserved + used + 1 <= lim
""")
_WRITE = text("""
    INSERT INTO ledger (job_id, scope, period, kind, at) VALUES (:job_id, :scope, :period, :kind, :now)
    ON CONFLICT DO NOTHING
""")
_RESERVED = text("""
    SELECT scope, period FROM ledger WHERE job_id = :job_id AND kind = 'reserve' AND scope LIKE :scopes ORDER BY scope
""")
_COMMIT = text("UPDATE quota SET reserved = reserved - 1, used = used + 1 WHERE scope = :scope AND period = :period")
_RELEASE = text("UPDATE quota SET reserved = reserved - 1 WHERE scope = :scope AND period = :period")
_COUNT = text("UPDATE quota SET used = used + 1 WHERE scope = :scope AND period = :period")
_SUMS = text("SELECT reserved, used FROM quota WHERE scope = :scope AND period = :period")
_AUDIT = text("""
    SELECT q.scope, q.period FROM quota q
    LEFT JOIN (
        SELECT scope, period,
            SUM(CASE kind WHEN 'reserve' THEN 1 ELSE 0 END) AS reserves,
            SUM(CASE kind WHEN 'commit' THEN 1 ELSE 0 END) AS commits,
            SUM(CASE kind WHEN 'release' THEN 1 ELSE 0 END) AS releases
        FROM ledger GROUP BY scope, period
    ) l ON l.scope = q.scope AND l.period = q.period
    LEFT JOIN (SELECT scope, period, -SUM(units) AS units FROM credit WHERE units < 0 GROUP BY scope, period) c
        ON c.scope = q.scope AND c.period = q.period
    WHERE q.used <> COALESCE(l.commits, 0) + COALESCE(c.units, 0)
       OR q.reserved <> COALESCE(l.reserves - l.commits - l.releases, 0)
""")


async def reserve(connection: AsyncConnection, job_id: int, scopes: Iterable[Scope], *, now: float) -> Scope | None:
    """Take one unit of each scope for this job. Returns the first scope that has none left: then roll back."""
    for scope in sorted(scopes, key=lambda scope: scope.name):  # one order for everybody: no deadlock
        values = {"scope": scope.name, "period": scope.period, "lim": scope.limit}
        if not await _taken(connection, values):
            return scope
        await connection.execute(_WRITE, {**values, "job_id": job_id, "kind": "reserve", "now": now})
    return None


async def _taken(connection: AsyncConnection, values: Mapping[str, object]) -> bool:
    if (await connection.execute(_TAKE, values)).rowcount == 1:
        return True
    await connection.execute(_OPEN, values)  # it may be the first of its period
    return (await connection.execute(_TAKE, values)).rowcount == 1


async def draw(connection: AsyncConnection, job_id: int, scope: str, period: str, *, now: float) -> bool:
    """Take one unit of a balance for this job (`storage.balances`); False when it is empty."""
    values = {"scope": scope, "period": period}
    if (await connection.execute(_DRAW, values)).rowcount == 0:
        return False
    await connection.execute(_WRITE, {**values, "job_id": job_id, "kind": "reserve", "now": now})
    return True


async def settle(
    connection: AsyncConnection, job_id: int, settlement: Settlement, *, now: float, scopes: str = "%"
) -> None:
    """Commit or release what this job reserved of the scopes LIKE `scopes`. Settling again changes nothing."""
    sums = _COMMIT if settlement == "commit" else _RELEASE
    for row in (await connection.execute(_RESERVED, {"job_id": job_id, "scopes": scopes})).all():
        values = {"job_id": job_id, "scope": row.scope, "period": row.period}
        if (await connection.execute(_WRITE, {**values, "kind": settlement, "now": now})).rowcount == 1:
            await connection.execute(sums, values)


async def count(connection: AsyncConnection, job_id: int, scope: Scope, *, now: float) -> None:
    """Count one unit against a scope that is watched and has no limit of its own, once a job."""
    values = {"job_id": job_id, "scope": scope.name, "period": scope.period, "lim": scope.limit}
    written = await connection.execute(_WRITE, {**values, "kind": "reserve", "now": now})
    if written.rowcount == 1:
        await connection.execute(_WRITE, {**values, "kind": "commit", "now": now})
        if (await connection.execute(_COUNT, values)).rowcount == 0:  # the first of its period
            await connection.execute(_OPEN, values)
            await connection.execute(_COUNT, values)


async def sums(connection: AsyncConnection, name: str, period: str) -> Sums:
    """What is reserved and used of a scope in a period."""
    row = (await connection.execute(_SUMS, {"scope": name, "period": period})).one_or_none()
    return Sums(0, 0) if row is None else Sums(row.reserved, row.used)


async def audit(connection: AsyncConnection) -> tuple[tuple[str, str], ...]:
    """The (scope, period) pairs whose sums don't agree with their rows: always none."""
    return tuple((row.scope, row.period) for row in (await connection.execute(_AUDIT)).all())
