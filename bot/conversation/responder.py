"""Says what the core has answered: cards with what follows them, and what a press of a button asks for.

The same for every platform that has chats; each step is tried again while the platform asks for patience.
"""

from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from bot.conversation.retry import Retry
from bot.messaging.callbacks import ButtonPress, CallbackAnswer
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Address, Card, Platform

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class ButtonPlatform(Platform, Protocol):
    """A platform whose messages have buttons that can be changed by themselves."""

    async def set_rows(self, address: Address, rows: ButtonRows) -> None:
        """Change only the buttons of a message. Raises NotNow or Gone."""


@dataclass(frozen=True)
class Responder:
    """Raises nothing but Interrupted."""

    platform: ButtonPlatform
    retry: Retry

    async def show(self, where: Address, card: Card) -> None:
        """A card, and what follows it."""
        await self.retry.until_done(lambda: self.platform.show(where, card), failed="")
        if card.followups is not None:
            # Closing it lets go of the files that it holds, however the sending ends.
            async with aclosing(cast("AsyncGenerator[Card, None]", card.followups())) as more:
                async for one in more:
                    await self.retry.until_done(partial(self.platform.show, where, one), failed="")

    async def carry_out(self, request: ButtonPress, answer: CallbackAnswer) -> None:
        """What a press asks for, except its notice: that is the platform's own."""
        here = Address(request.chat, message_id=request.message_id, person=request.person)
        until_done = self.retry.until_done
        if answer.remove:
            for place in (here, *answer.also):
                await until_done(partial(self.platform.remove, place, answer.notice), failed=None)
        elif answer.edit is not None:
            edit = answer.edit
            await until_done(lambda: self.platform.show(here, edit), failed="")
        elif answer.rows is not None:
            rows = answer.rows
            await until_done(lambda: self.platform.set_rows(here, rows), failed=None)
        if answer.card is not None:
            where = Address(request.chat, reply_to=request.message_id, person=request.person)
            await self.show(where, answer.card)
