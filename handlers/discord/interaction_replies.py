"""What an interaction lets us do for a quarter of an hour: fill its answer, write a few more, change them.

Its token is a secret. It is kept in our rows, so that whichever process shows a card can, but sealed: only who has the
installation's secret can use it, and after the quarter of an hour it is deleted.
"""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken

from bot.messaging.interaction_tokens import InteractionTokens, Ticket
from bot.messaging.platform import TryLater
from handlers.discord.errors import TooBig

LIFE = 14.5 * 60  # seconds; Discord says fifteen minutes
FEW = 5  # follow-ups, where only the person has installed us
MANY = 1_000_000


@dataclass(frozen=True)
class Reply:
    """`message`: our answer, or the message whose button was pressed. `is_open`: it says only that we are thinking,
    and becomes the first card. `unseen`: only one person sees it. `left`: follow-ups that we may still write."""

    interaction: str
    application: int
    token: str = field(repr=False)
    message: str
    until: float
    is_open: bool
    unseen: bool
    left: int = MANY


def seal_of(secret: bytes) -> Fernet:
    """What seals tokens: the same in every process of an installation."""
    key = hmac.new(secret, b"discord interactions", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))


@dataclass(frozen=True)
class Replies:
    """The interactions of the last quarter of an hour."""

    tickets: InteractionTokens
    seal: Fernet = field(repr=False)

    async def keep(self, reply: Reply) -> bool:
        """Whether it is new to all of us."""
        return await self.tickets.keep(self._sealed(reply))

    async def of(self, interaction: str) -> Reply | None:
        """What that interaction still lets us do."""
        return self._opened(await self.tickets.of(interaction))

    async def waiting(self, message: str) -> Reply | None:
        """The interaction whose answer this message is, if it still waits for its first card."""
        return self._opened(await self.tickets.waiting(message))

    @asynccontextmanager
    async def filling(self, reply: Reply) -> AsyncIterator[bool]:
        """Its answer becomes a card: nobody else's meanwhile, and later only if it is to be tried again. False: it is
        somebody else's already."""
        token = self._sealed(reply)
        taken = await self.tickets.take(token)
        try:
            yield taken
        except (TryLater, TooBig):
            if taken:
                await self.tickets.give_back(token)
            raise

    async def followed(self, reply: Reply) -> None:
        """One more follow-up was written."""
        await self.tickets.followed(self._sealed(reply))

    def _sealed(self, reply: Reply) -> Ticket:
        return Ticket(
            interaction=reply.interaction,
            application=reply.application,
            sealed=self.seal.encrypt(reply.token.encode()).decode(),
            message=reply.message,
            until=reply.until,
            is_open=reply.is_open,
            unseen=reply.unseen,
            remaining=reply.left,
        )

    def _opened(self, token: Ticket | None) -> Reply | None:
        """None also for what another secret has sealed."""
        if token is None:
            return None
        try:
            secret = self.seal.decrypt(token.sealed.encode()).decode()
        except InvalidToken:
            return None
        about = token.interaction, token.application, secret, token.message, token.until
        return Reply(*about, is_open=token.is_open, unseen=token.unseen, left=token.remaining)
