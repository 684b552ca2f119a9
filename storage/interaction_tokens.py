"""What a platform lets us still say to an interaction: for a quarter of an hour, by a token that is sealed."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERT = text("""
    INSERT INTO reply (account, interaction, application, sealed, message, until, is_open, unseen, remaining)
    VALUES (:account, :interaction, :application, :sealed, :message, :until, :is_open, :unseen, :remaining)
    ON CONFLICT DO NOTHING
""")
_COLUMNS = "interaction, application, sealed, message, until, is_open, unseen, remaining"
_GET = text(f"SELECT {_COLUMNS} FROM reply WHERE account = :account AND interaction = :interaction")  # noqa: S608  # constant
_FIND_OPEN = text(f"SELECT {_COLUMNS} FROM reply WHERE account = :account AND message = :message AND is_open")  # noqa: S608  # constant
_CLAIM = text("UPDATE reply SET is_open = :no WHERE account = :account AND interaction = :interaction AND is_open")
_REOPEN = text("UPDATE reply SET is_open = :yes WHERE account = :account AND interaction = :interaction")
_COUNT_MESSAGE = text("""
    UPDATE reply SET remaining = remaining - 1 WHERE account = :account AND interaction = :interaction
""")
_DELETE_EXPIRED = text("DELETE FROM reply WHERE until < :before")


@dataclass(frozen=True)
class InteractionToken:
    """`message`: our answer, or the message whose button was pressed. `is_open`: the answer says nothing yet. `unseen`:
    only one person sees it. `remaining`: how many more messages it allows."""

    interaction: str
    application: int
    sealed: str = field(repr=False)
    message: str
    until: float
    is_open: bool
    unseen: bool
    remaining: int


async def insert(connection: AsyncConnection, account: str, reply: InteractionToken) -> bool:
    """Whether it is new: an interaction is answered once, whoever hears of it."""
    values = {
        "interaction": reply.interaction,
        "application": reply.application,
        "sealed": reply.sealed,
        "message": reply.message,
        "until": reply.until,
        "is_open": reply.is_open,
        "unseen": reply.unseen,
        "remaining": reply.remaining,
    }
    return (await connection.execute(_INSERT, {"account": account, **values})).rowcount == 1


async def get(connection: AsyncConnection, account: str, interaction: str) -> InteractionToken | None:
    """What this interaction allows."""
    found = await connection.execute(_GET, {"account": account, "interaction": interaction})
    return _token_from_row(found.one_or_none())


async def find_open(connection: AsyncConnection, account: str, message: str) -> InteractionToken | None:
    """The interaction whose answer this message is, if that still says nothing."""
    found = await connection.execute(_FIND_OPEN, {"account": account, "message": message})
    return _token_from_row(found.first())


async def claim(connection: AsyncConnection, account: str, interaction: str) -> bool:
    """Whether its answer is ours to fill: nobody else fills it meanwhile."""
    return (
        await connection.execute(_CLAIM, {"account": account, "interaction": interaction, "no": False})
    ).rowcount == 1


async def reopen(connection: AsyncConnection, account: str, interaction: str) -> None:
    """Its answer was not filled after all."""
    await connection.execute(_REOPEN, {"account": account, "interaction": interaction, "yes": True})


async def count_message(connection: AsyncConnection, account: str, interaction: str) -> None:
    """One more message was written by its right."""
    await connection.execute(_COUNT_MESSAGE, {"account": account, "interaction": interaction})


async def delete_expired(connection: AsyncConnection, before: float) -> None:
    """Those whose time was over by then."""
    await connection.execute(_DELETE_EXPIRED, {"before": before})


def _token_from_row(row: Row[Any] | None) -> InteractionToken | None:
    if row is None:
        return None
    told = row.interaction, row.application, row.sealed, row.message, row.until
    return InteractionToken(*told, is_open=bool(row.is_open), unseen=bool(row.unseen), remaining=row.remaining)
