"""What an interaction with a platform still allows us to say: kept in rows for a while, so that whichever process shows
a card can, also after a restart. The token that it goes by is sealed by whoever keeps it here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.runtime.clock import Clock
from storage import interaction_tokens
from storage.database import Database
from storage.interaction_tokens import InteractionToken as Ticket

__all__ = ["InteractionTokens", "Ticket"]


@dataclass(frozen=True)
class InteractionTokens:
    """Rows of one bot; `account` names the platform and the bot."""

    database: Database
    account: str
    clock: Clock

    async def keep(self, ticket: Ticket) -> bool:
        """Whether it is new: an interaction that two processes hear of is answered by one."""
        async with self.database.write() as connection:
            await interaction_tokens.forget(connection, self.clock.now())
            return await interaction_tokens.keep(connection, self.account, ticket)

    async def of(self, interaction: str) -> Ticket | None:
        """What this interaction still allows."""
        async with self.database.read() as connection:
            return self._alive(await interaction_tokens.get(connection, self.account, interaction))

    async def waiting(self, message: str) -> Ticket | None:
        """The interaction whose answer this message is, if that still says nothing."""
        async with self.database.read() as connection:
            return self._alive(await interaction_tokens.waiting(connection, self.account, message))

    async def take(self, ticket: Ticket) -> bool:
        """Whether its answer is ours to fill."""
        async with self.database.write() as connection:
            return await interaction_tokens.take(connection, self.account, ticket.interaction)

    async def give_back(self, ticket: Ticket) -> None:
        """Its answer could not be filled for now."""
        await self._write(interaction_tokens.reopen, ticket)

    async def followed(self, ticket: Ticket) -> None:
        """One more message was written."""
        await self._write(interaction_tokens.followed, ticket)

    async def _write(self, change: Callable[[AsyncConnection, str, str], Awaitable[None]], ticket: Ticket) -> None:
        async with self.database.write() as connection:
            await change(connection, self.account, ticket.interaction)

    def _alive(self, ticket: Ticket | None) -> Ticket | None:
        return None if ticket is None or ticket.until <= self.clock.now() else ticket
