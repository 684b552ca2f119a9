"""The quota ledger: every unit is reserved, then committed or released, each as a row that is never changed.

A job takes one unit of most scopes; of the budget it takes what its picture costs, and what is committed may differ
from what was reserved. The `quota` row of a scope and period carries the sums, and the numbers of jobs, so that a limit
is kept by one conditional UPDATE and its row count, however many writers compete for it; `audit` proves that sums and
rows agree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

Settlement = Literal["commit", "release"]


class ScopeKind(StrEnum):
    """What a scope counts. The values are stored in `scope_kind`."""

    PERSON = "person"  # a person's free units of a day
    CREDITS = "purse"  # a person's units on top of those
    GROUP_CREDITS = "pot"  # units that were given to a group
    GROUP = "group"  # what is requested in a group in a day
    BUDGET = "budget"  # what the owner pays in a month, in 1/10000 CNY
    ACCOUNT = "account"  # all images of an API account


@dataclass(frozen=True)
class Scope:
    """What units are counted against, e.g. (PERSON, "person:7", "2026-11-22", 20); `bot.domain.quota` makes them.
    `amount`: how many units a job takes."""

    kind: ScopeKind
    name: str
    period: str
    limit: int
    amount: int = 1

    @property
    def values(self) -> Mapping[str, object]:
        """As parameters of a statement."""
        return {
            "scope_kind": self.kind,
            "scope": self.name,
            "period": self.period,
            "lim": self.limit,
            "amount": self.amount,
        }


@dataclass(frozen=True)
class Balance:
    """A scope without a limit of its own: it has as many units as were put in (`storage.balances`)."""

    kind: ScopeKind
    name: str
    period: str

    @property
    def values(self) -> Mapping[str, object]:
        """As parameters of a statement."""
        return {"scope_kind": self.kind, "scope": self.name, "period": self.period, "amount": 1}


@dataclass(frozen=True)
class Sums:
    """How many units of a scope (or jobs, see `count_jobs`) are reserved and used."""

    reserved: int
    used: int


_INSERT_QUOTA = text("""
    INSERT INTO quota (scope_kind, scope, period, lim, reserved, used) VALUES (:scope_kind, :scope, :period, :lim, 0, 0)
    ON CONFLICT (scope, period) DO NOTHING
""")
_RESERVE = text("""
    UPDATE quota SET reserved = reserved + :amount, jobs_reserved = jobs_reserved + 1, lim = :lim
    WHERE scope = :scope AND period = :period AND reserved + used + :amount <= :lim
""")
_RESERVE_FROM_BALANCE = text("""
    UPDATE quota SET reserved = reserved + 1, jobs_reserved = jobs_reserved + 1
    WHERE scope = :scope AND period = :period AND reserved + used + 1 <= lim
""")
_INSERT_LEDGER = text("""
    INSERT INTO ledger (job_id, scope_kind, scope, period, kind, amount, at)
    VALUES (:job_id, :scope_kind, :scope, :period, :kind, :amount, :now)
    ON CONFLICT DO NOTHING
""")
_LIST_RESERVED = text("""
    SELECT scope_kind, scope, period, amount FROM ledger
    WHERE job_id = :job_id AND kind = 'reserve' AND scope_kind IN :kinds ORDER BY scope
""").bindparams(bindparam("kinds", expanding=True))
_COMMIT = text("""
    UPDATE quota SET reserved = reserved - :reserved, used = used + :amount,
        jobs_reserved = jobs_reserved - 1, jobs_used = jobs_used + 1
    WHERE scope = :scope AND period = :period
""")
_RELEASE = text("""
    UPDATE quota SET reserved = reserved - :reserved, jobs_reserved = jobs_reserved - 1
    WHERE scope = :scope AND period = :period
""")
_COUNT = text("""
    UPDATE quota SET used = used + :amount, jobs_used = jobs_used + 1 WHERE scope = :scope AND period = :period
""")
_COUNT_JOBS = text("SELECT jobs_reserved, jobs_used FROM quota WHERE scope = :scope AND period = :period")
_GET_SUMS = text("SELECT reserved, used FROM quota WHERE scope = :scope AND period = :period")
_AUDIT = text("""
    SELECT q.scope, q.period FROM quota q
    LEFT JOIN (
        SELECT r.scope_kind, r.scope, r.period,
            SUM(CASE WHEN s.kind IS NULL THEN r.amount ELSE 0 END) AS reserved,
            SUM(CASE WHEN s.kind IS NULL THEN 1 ELSE 0 END) AS jobs_reserved,
            SUM(CASE s.kind WHEN 'commit' THEN s.amount ELSE 0 END) AS used,
            SUM(CASE s.kind WHEN 'commit' THEN 1 ELSE 0 END) AS jobs_used
        FROM ledger r LEFT JOIN ledger s ON s.job_id = r.job_id AND s.scope = r.scope AND s.kind <> 'reserve'
        WHERE r.kind = 'reserve' GROUP BY r.scope_kind, r.scope, r.period
    ) l ON l.scope_kind = q.scope_kind AND l.scope = q.scope AND l.period = q.period
    LEFT JOIN (
        SELECT scope_kind, scope, period, -SUM(units) AS units
        FROM credit WHERE units < 0 GROUP BY scope_kind, scope, period
    ) c ON c.scope_kind = q.scope_kind AND c.scope = q.scope AND c.period = q.period
    WHERE q.used <> COALESCE(l.used, 0) + COALESCE(c.units, 0)
       OR q.reserved <> COALESCE(l.reserved, 0)
       OR q.jobs_used <> COALESCE(l.jobs_used, 0)
       OR q.jobs_reserved <> COALESCE(l.jobs_reserved, 0)
""")


async def reserve(connection: AsyncConnection, job_id: int, scopes: Iterable[Scope], *, now: float) -> Scope | None:
    """Reserve what this job takes of each scope. Returns the first scope that has none left: then roll back."""
    for scope in sorted(scopes, key=lambda scope: scope.name):  # always in the same order: no deadlock
        if not await _reserve_one(connection, scope.values):
            return scope
        await connection.execute(_INSERT_LEDGER, {**scope.values, "job_id": job_id, "kind": "reserve", "now": now})
    return None


async def _reserve_one(connection: AsyncConnection, values: Mapping[str, object]) -> bool:
    if (await connection.execute(_RESERVE, values)).rowcount == 1:
        return True
    await connection.execute(_INSERT_QUOTA, values)  # it may be the first of its period
    return (await connection.execute(_RESERVE, values)).rowcount == 1


async def reserve_from_balance(connection: AsyncConnection, job_id: int, balance: Balance, *, now: float) -> bool:
    """Reserve one unit of a balance for this job (`storage.balances`); False if it is empty."""
    if (await connection.execute(_RESERVE_FROM_BALANCE, balance.values)).rowcount == 0:
        return False
    await connection.execute(_INSERT_LEDGER, {**balance.values, "job_id": job_id, "kind": "reserve", "now": now})
    return True


async def settle(
    connection: AsyncConnection,
    job_id: int,
    settlement: Settlement,
    kinds: Iterable[ScopeKind],
    *,
    now: float,
    cost: int | None = None,
) -> None:
    """Commit or release what this job reserved of scopes of these kinds. Settling again changes nothing.

    `cost`: what is committed of the budget, in its units; None: what was reserved.
    """
    sums = _COMMIT if settlement == "commit" else _RELEASE
    for row in (await connection.execute(_LIST_RESERVED, {"job_id": job_id, "kinds": list(kinds)})).mappings().all():
        is_known = settlement == "commit" and row["scope_kind"] == ScopeKind.BUDGET and cost is not None
        values = {**row, "job_id": job_id, "amount": cost if is_known else row["amount"], "reserved": row["amount"]}
        written = await connection.execute(_INSERT_LEDGER, {**values, "kind": settlement, "now": now})
        if written.rowcount == 1:
            await connection.execute(sums, values)


async def count(connection: AsyncConnection, job_id: int, scope: Scope, *, now: float) -> None:
    """Count a job's units of a scope as used, once per job, whatever its limit."""
    values = {**scope.values, "job_id": job_id, "now": now}
    written = await connection.execute(_INSERT_LEDGER, {**values, "kind": "reserve"})
    if written.rowcount == 1:
        await connection.execute(_INSERT_LEDGER, {**values, "kind": "commit"})
        if (await connection.execute(_COUNT, values)).rowcount == 0:  # the first of its period
            await connection.execute(_INSERT_QUOTA, values)
            await connection.execute(_COUNT, values)


async def get_sums(connection: AsyncConnection, scope: Scope) -> Sums:
    """Return how many units of a scope are reserved and used."""
    row = (await connection.execute(_GET_SUMS, scope.values)).one_or_none()
    return Sums(0, 0) if row is None else Sums(row.reserved, row.used)


async def count_jobs(connection: AsyncConnection, scope: Scope) -> Sums:
    """Return how many jobs have something of a scope reserved, and how many have used something."""
    row = (await connection.execute(_COUNT_JOBS, scope.values)).one_or_none()
    return Sums(0, 0) if row is None else Sums(row.jobs_reserved, row.jobs_used)


async def audit(connection: AsyncConnection) -> tuple[tuple[str, str], ...]:
    """Return the (scope, period) pairs whose sums don't agree with their rows. There should be none."""
    return tuple((row.scope, row.period) for row in (await connection.execute(_AUDIT)).all())
