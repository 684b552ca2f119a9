"""What an interaction allows for fifteen minutes: fill its response, send follow-ups, edit both.

Its token is a secret. It is stored in the database so that whichever process shows a card can use it, but encrypted
with a key derived from the installation's secret, and it is deleted when it expires.
"""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken

from bot.messaging.interaction_tokens import InteractionToken, InteractionTokens
from bot.messaging.platform import TryLater
from handlers.discord.errors import FileTooLarge

TOKEN_LIFETIME = 14.5 * 60  # seconds; half a minute less than Discord's fifteen minutes
USER_INSTALL_FOLLOWUPS = 5  # Discord's limit where only the user has installed the app
UNLIMITED_FOLLOWUPS = 1_000_000


@dataclass(frozen=True)
class InteractionReply:
    """One interaction's token and what it still allows.

    `message` is the id of our response, or of the message whose button was pressed. `expires_at` is in epoch seconds.
    `is_placeholder`: the response only says that we are thinking, and becomes the first card. `ephemeral`: only the
    requester sees it. `followups_left`: how many follow-ups may still be sent.
    """

    interaction: str
    application: int
    token: str = field(repr=False)
    message: str
    expires_at: float
    is_placeholder: bool
    ephemeral: bool
    followups_left: int = UNLIMITED_FOLLOWUPS


def token_cipher(secret: bytes) -> Fernet:
    """The cipher for tokens; equal in all processes of an installation."""
    key = hmac.new(secret, b"discord interactions", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))


@dataclass(frozen=True)
class InteractionReplies:
    """The interactions that have not expired."""

    tokens: InteractionTokens
    cipher: Fernet = field(repr=False)

    async def save(self, reply: InteractionReply) -> bool:
        """Store the reply. False if another process has stored it already."""
        return await self.tokens.insert(self._encrypted(reply))

    async def get(self, interaction: str) -> InteractionReply | None:
        """The reply for an interaction; None if it has expired."""
        return self._decrypted(await self.tokens.get(interaction))

    async def get_pending(self, message: str) -> InteractionReply | None:
        """The reply whose placeholder is this message, if that still waits for its first card."""
        return self._decrypted(await self.tokens.find_open(message))

    async def get_of_message(self, message: str) -> InteractionReply | None:
        """The newest reply that is this message or was made by a press on it; None if all have expired."""
        return self._decrypted(await self.tokens.find_newest(message))

    @asynccontextmanager
    async def fill(self, reply: InteractionReply) -> AsyncIterator[bool]:
        """Claim the placeholder while the card replaces it. Yields False if somebody else has claimed it. An error that
        may be retried gives it back."""
        token = self._encrypted(reply)
        claimed = await self.tokens.claim(token)
        try:
            yield claimed
        except (TryLater, FileTooLarge):
            if claimed:
                await self.tokens.reopen(token)
            raise

    async def count_followup(self, reply: InteractionReply) -> None:
        """Record that a follow-up was sent."""
        await self.tokens.count_message(self._encrypted(reply))

    def _encrypted(self, reply: InteractionReply) -> InteractionToken:
        return InteractionToken(
            interaction=reply.interaction,
            application=reply.application,
            sealed=self.cipher.encrypt(reply.token.encode()).decode(),
            message=reply.message,
            until=reply.expires_at,
            is_open=reply.is_placeholder,
            unseen=reply.ephemeral,
            remaining=reply.followups_left,
        )

    def _decrypted(self, token: InteractionToken | None) -> InteractionReply | None:
        """None also for a token that was encrypted with another secret."""
        if token is None:
            return None
        try:
            secret = self.cipher.decrypt(token.sealed.encode()).decode()
        except InvalidToken:
            return None
        fields = token.interaction, token.application, secret, token.message, token.until
        return InteractionReply(
            *fields, is_placeholder=token.is_open, ephemeral=token.unseen, followups_left=token.remaining
        )
