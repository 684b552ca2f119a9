"""Tokens of interactions with a platform, which allow messages for a limited time. They are kept in the database, so
that any process can use them, also after a restart. The caller encrypts them."""

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
    """The tokens of one bot; `account` identifies the platform and the bot."""

    database: Database
    account: str
    clock: Clock

    async def insert(self, token: InteractionToken) -> bool:
        """Store a token; whether it is new. Of two processes that receive an interaction, one answers it."""
        async with self.database.write() as connection:
            await interaction_tokens.delete_expired(connection, self.clock.now())
            return await interaction_tokens.insert(connection, self.account, token)

    async def get(self, interaction: str) -> InteractionToken | None:
        """The unexpired token of this interaction."""
        async with self.database.read() as connection:
            return self._alive(await interaction_tokens.get(connection, self.account, interaction))

    async def find_open(self, message: str) -> InteractionToken | None:
        """The unexpired token of the interaction that this message answers, while the answer is still empty."""
        async with self.database.read() as connection:
            return self._alive(await interaction_tokens.find_open(connection, self.account, message))

    async def find_newest(self, message: str) -> InteractionToken | None:
        """The unexpired token of the newest interaction whose answer is this message, or that was a press on it."""
        async with self.database.read() as connection:
            return self._alive(await interaction_tokens.find_newest(connection, self.account, message))

    async def claim(self, token: InteractionToken) -> bool:
        """Claim the filling of its answer; whether that succeeded."""
        async with self.database.write() as connection:
            return await interaction_tokens.claim(connection, self.account, token.interaction)

    async def reopen(self, token: InteractionToken) -> None:
        """Release the claim: the answer could not be filled for now."""
        await self._write(interaction_tokens.reopen, token)

    async def count_message(self, token: InteractionToken) -> None:
        """Count one more message sent with this token."""
        await self._write(interaction_tokens.count_message, token)

    async def _write(
        self, change: Callable[[AsyncConnection, str, str], Awaitable[None]], token: InteractionToken
    ) -> None:
        async with self.database.write() as connection:
            await change(connection, self.account, token.interaction)

    def _alive(self, token: InteractionToken | None) -> InteractionToken | None:
        return None if token is None or token.until <= self.clock.now() else token
