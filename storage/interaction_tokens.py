"""Interaction tokens: for 15 minutes they allow replies to an interaction. They are stored encrypted."""

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
_FIND_NEWEST = text(f"""
    SELECT {_COLUMNS} FROM reply WHERE account = :account AND message = :message ORDER BY until DESC LIMIT 1
""")  # noqa: S608  # constant
_CLAIM = text("UPDATE reply SET is_open = :no WHERE account = :account AND interaction = :interaction AND is_open")
_REOPEN = text("UPDATE reply SET is_open = :yes WHERE account = :account AND interaction = :interaction")
_COUNT_MESSAGE = text("""
    UPDATE reply SET remaining = remaining - 1 WHERE account = :account AND interaction = :interaction
""")
_DELETE_EXPIRED = text("DELETE FROM reply WHERE until < :before")


@dataclass(frozen=True)
class InteractionToken:
    """`sealed`: the encrypted token. `message`: our reply, or the message whose button was pressed. `is_open`: the
    reply is still empty. `unseen`: only one person sees it. `remaining`: how many more messages are allowed."""

    interaction: str
    application: int
    sealed: str = field(repr=False)
    message: str
    until: float
    is_open: bool
    unseen: bool
    remaining: int


async def insert(connection: AsyncConnection, account: str, token: InteractionToken) -> bool:
    """Insert a token; False if the interaction is known already: each is answered once."""
    values = {
        "interaction": token.interaction,
        "application": token.application,
        "sealed": token.sealed,
        "message": token.message,
        "until": token.until,
        "is_open": token.is_open,
        "unseen": token.unseen,
        "remaining": token.remaining,
    }
    return (await connection.execute(_INSERT, {"account": account, **values})).rowcount == 1


async def get(connection: AsyncConnection, account: str, interaction: str) -> InteractionToken | None:
    """Return the token of this interaction."""
    found = await connection.execute(_GET, {"account": account, "interaction": interaction})
    return _token_from_row(found.one_or_none())


async def find_open(connection: AsyncConnection, account: str, message: str) -> InteractionToken | None:
    """Return the token whose reply is this message, if the reply has no content yet."""
    found = await connection.execute(_FIND_OPEN, {"account": account, "message": message})
    return _token_from_row(found.first())


async def find_newest(connection: AsyncConnection, account: str, message: str) -> InteractionToken | None:
    """Return the newest token whose message this is."""
    found = await connection.execute(_FIND_NEWEST, {"account": account, "message": message})
    return _token_from_row(found.first())


async def claim(connection: AsyncConnection, account: str, interaction: str) -> bool:
    """Claim filling the reply; False if another process has."""
    return (
        await connection.execute(_CLAIM, {"account": account, "interaction": interaction, "no": False})
    ).rowcount == 1


async def reopen(connection: AsyncConnection, account: str, interaction: str) -> None:
    """Release the claim: the reply was not filled."""
    await connection.execute(_REOPEN, {"account": account, "interaction": interaction, "yes": True})


async def count_message(connection: AsyncConnection, account: str, interaction: str) -> None:
    """Count a message that was sent with this token."""
    await connection.execute(_COUNT_MESSAGE, {"account": account, "interaction": interaction})


async def delete_expired(connection: AsyncConnection, before: float) -> None:
    """Delete the tokens that expired before `before`."""
    await connection.execute(_DELETE_EXPIRED, {"before": before})


def _token_from_row(row: Row[Any] | None) -> InteractionToken | None:
    if row is None:
        return None
    values = row.interaction, row.application, row.sealed, row.message, row.until
    return InteractionToken(*values, is_open=bool(row.is_open), unseen=bool(row.unseen), remaining=row.remaining)
