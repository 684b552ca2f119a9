"""Roles: what only one process may do at a time, who does it now, and the fence before all others.

A write is alone in all processes, so a look inside it is fence enough: nobody takes the role over before it ends.
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
    """The role is this owner's from now on; returns its epoch. Whoever has an older one does not hold it any more."""
    return int((await connection.execute(_ACQUIRE, {"name": name, "owner": owner})).scalar_one())


async def is_current_epoch(connection: AsyncConnection, name: str, epoch: int) -> bool:
    """Whether the role is still held with this epoch; in a write, until the end of it."""
    return int((await connection.execute(_IS_CURRENT_EPOCH, {"name": name, "epoch": epoch})).scalar_one()) == 1
