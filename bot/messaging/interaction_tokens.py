"""What an interaction with a platform still allows us to say: kept in rows for a while, so that whichever process shows
a card can, also after a restart. The token that it goes by is sealed by whoever keeps it here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.runtime.clock import Clock
from storage import interaction_tokens
from storage.database import Database
from storage.interaction_tokens import InteractionToken

__all__ = ["InteractionToken", "InteractionTokens"]


@dataclass(frozen=True)
class InteractionTokens:
    """Rows of one bot; `account` names the platform and the bot."""

    database: Database
    account: str
    clock: Clock

    async def insert(self, token: InteractionToken) -> bool:
        """Whether it is new: an interaction that two processes hear of is answered by one."""
        async with self.database.write() as connection:
            await interaction_tokens.delete_expired(connection, self.clock.now())
            return await interaction_tokens.insert(connection, self.account, token)

    async def get(self, interaction: str) -> InteractionToken | None:
        """What this interaction still allows."""
        async with self.database.read() as connection:
            return self._alive(await interaction_tokens.get(connection, self.account, interaction))

    async def find_open(self, message: str) -> InteractionToken | None:
        """The interaction whose answer this message is, if that still says nothing."""
        async with self.database.read() as connection:
            return self._alive(await interaction_tokens.find_open(connection, self.account, message))

    async def claim(self, token: InteractionToken) -> bool:
        """Whether its answer is ours to fill."""
        async with self.database.write() as connection:
            return await interaction_tokens.claim(connection, self.account, token.interaction)

    async def reopen(self, token: InteractionToken) -> None:
        """Its answer could not be filled for now."""
        await self._write(interaction_tokens.reopen, token)

    async def count_message(self, token: InteractionToken) -> None:
        """One more message was written."""
        await self._write(interaction_tokens.count_message, token)

    async def _write(
        self, change: Callable[[AsyncConnection, str, str], Awaitable[None]], token: InteractionToken
    ) -> None:
        async with self.database.write() as connection:
            await change(connection, self.account, token.interaction)

    def _alive(self, token: InteractionToken | None) -> InteractionToken | None:
        return None if token is None or token.until <= self.clock.now() else token
