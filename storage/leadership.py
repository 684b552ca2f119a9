"""Roles that only one process may hold at a time, with an epoch that fences off former holders.

Write transactions are exclusive across processes, so checking the epoch inside one is enough: nobody can acquire the
role before it ends.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ACQUIRE = text("""
    INSERT INTO role (name, owner, epoch) VALUES (:name, :owner, 1)
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = role.epoch + 1
    RETURNING epoch
""")
_IS_CURRENT_EPOCH = text("SELECT COUNT(*) FROM role WHERE name = :name AND epoch = :epoch")


async def acquire(connection: AsyncConnection, name: str, owner: str) -> int:
    """Give the role to this owner and return its new epoch; older epochs are void."""
    return int((await connection.execute(_ACQUIRE, {"name": name, "owner": owner})).scalar_one())


async def is_current_epoch(connection: AsyncConnection, name: str, epoch: int) -> bool:
    """Whether this epoch of the role is current; in a write transaction it stays so until the end."""
    return int((await connection.execute(_IS_CURRENT_EPOCH, {"name": name, "epoch": epoch})).scalar_one()) == 1
