"""Balances: units that were put in (credits, group credits) and last until a job is paid from them.

A balance is a row of `quota` whose limit is all that was ever put in; what jobs take is in the ledger like everything
else. What is put in, or taken out other than for jobs, is a row of `credit` with a key of its own: a key counts once.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.ledger import Balance, Scope, ScopeKind

_INSERT_CREDIT = text("""
    INSERT INTO credit (key, scope_kind, scope, period, units, why, at)
    VALUES (:key, :scope_kind, :scope, :period, :units, :why, :now)
    ON CONFLICT (key) DO NOTHING
""")
_IS_RECORDED = text("SELECT 1 FROM credit WHERE key IN :keys").bindparams(bindparam("keys", expanding=True))
_DEPOSIT = text("""
    INSERT INTO quota (scope_kind, scope, period, lim, reserved, used)
    VALUES (:scope_kind, :scope, :period, :units, 0, 0)
    ON CONFLICT (scope, period) DO UPDATE SET lim = quota.lim + excluded.lim
""")
_WITHDRAW = text("""
    UPDATE quota SET used = used + :units
    WHERE scope = :scope AND period = :period AND reserved + used + :units <= lim
""")
_WITHDRAW_WITHIN_LIMIT = text("""
    UPDATE quota SET used = used + :units, lim = :lim
    WHERE scope = :scope AND period = :period AND reserved + used + :units <= :lim
""")
_INSERT_QUOTA = text("""
    INSERT INTO quota (scope_kind, scope, period, lim, reserved, used) VALUES (:scope_kind, :scope, :period, :lim, 0, 0)
    ON CONFLICT (scope, period) DO NOTHING
""")
_GET = text("SELECT lim - reserved - used FROM quota WHERE scope = :scope AND period = :period")
_SUM_WITHDRAWALS = text("""
    SELECT COALESCE(-SUM(units), 0) FROM credit WHERE scope = :scope AND period = :period AND units < 0
""")
_AUDIT = text("""
    SELECT q.scope, q.period FROM quota q
    LEFT JOIN (
        SELECT scope_kind, scope, period, SUM(units) AS units
        FROM credit WHERE units > 0 GROUP BY scope_kind, scope, period
    ) c ON c.scope_kind = q.scope_kind AND c.scope = q.scope AND c.period = q.period
    WHERE q.scope_kind IN :kinds AND (q.lim <> COALESCE(c.units, 0) OR q.reserved + q.used > q.lim)
""").bindparams(bindparam("kinds", expanding=True))


async def deposit(connection: AsyncConnection, balance: Balance, units: int, *, key: str, why: str, now: float) -> bool:
    """Add units (at least one) to a balance; False if this key was recorded before."""
    values = {**balance.values, "units": units, "key": key, "why": why, "now": now}
    if (await connection.execute(_INSERT_CREDIT, values)).rowcount == 0:
        return False
    await connection.execute(_DEPOSIT, values)
    return True


async def withdraw(
    connection: AsyncConnection, scope: Balance | Scope, units: int, *, key: str, why: str, now: float
) -> bool:
    """Withdraw units from a balance, or from a scope with a limit; False if there are too few: then roll back."""
    values = {**scope.values, "units": units, "key": key, "why": why, "now": now}
    if isinstance(scope, Balance):
        taken = await connection.execute(_WITHDRAW, values)
    else:
        await connection.execute(_INSERT_QUOTA, values)
        taken = await connection.execute(_WITHDRAW_WITHIN_LIMIT, values)
    if taken.rowcount == 0:
        return False
    await connection.execute(_INSERT_CREDIT, {**values, "units": -units})
    return True


async def is_recorded(connection: AsyncConnection, keys: Sequence[str]) -> bool:
    """Whether one of these keys was recorded before."""
    return (await connection.execute(_IS_RECORDED, {"keys": list(keys)})).first() is not None


async def get(connection: AsyncConnection, balance: Balance) -> int:
    """Return how many units are left in a balance."""
    return max(0, (await connection.execute(_GET, balance.values)).scalar_one_or_none() or 0)


async def sum_withdrawals(connection: AsyncConnection, scope: Balance | Scope) -> int:
    """Return how many units were withdrawn other than for jobs."""
    return int((await connection.execute(_SUM_WITHDRAWALS, scope.values)).scalar_one())


async def audit(connection: AsyncConnection) -> tuple[tuple[str, str], ...]:
    """Return the balances whose limit is not the sum of deposits, or that are overdrawn. There should be none."""
    kinds = [ScopeKind.CREDITS, ScopeKind.GROUP_CREDITS]
    return tuple((row.scope, row.period) for row in (await connection.execute(_AUDIT, {"kinds": kinds})).all())
