"""Sends the core's answers: cards with their follow-ups, and the effects of button presses.

It is the same for every platform with chats. Each step is retried while the platform raises TryLater,
a limited number of times.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

import structlog

from bot.conversation.concurrency import given_away
from bot.delivery.fallbacks import as_file, refused_answer
from bot.i18n import texts_for
from bot.messaging.incoming import ButtonPress, CallbackAnswer
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Address, Card, Chat, InPrivate, Platform, Refusal, Refused, TryLater
from bot.runtime.clock import Clock

log = structlog.get_logger(__name__)

T = TypeVar("T")

ATTEMPTS = 6
MAX_WAIT_SECONDS = 900.0  # between two attempts; flood control may ask for more than ten minutes
BACKOFF_SECONDS = 2.0


class Interrupted(Exception):
    """The process is stopping while an update waits for its next attempt: the update has to be delivered again."""


class Retry:
    """Runs work until it succeeds; between two attempts it gives its place away. Raises only Interrupted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let current attempts finish; waits for further ones raise Interrupted."""
        self._stopping.set()

    async def until_done(self, work: Callable[[], Awaitable[T]], *, failed: T, attempts: int = ATTEMPTS) -> T | None:
        """The result of `work`, retried on errors; `failed` after `attempts` attempts, None on Refused.

        Repeating a request is harmless: a source makes only one job.

        Raises:
            Interrupted: `stop` was called while waiting for the next attempt.
        """
        for attempt in range(1, attempts + 1):
            wait = BACKOFF_SECONDS * 2**attempt
            try:
                return await work()
            except Refused:
                return None
            except TryLater as error:
                wait = error.retry_after
            except Exception:  # anything may fail below, the database too; one update must not stop the others
                log.exception("an update could not be handled", attempt=attempt)
            if attempt < attempts:
                await self.pause(min(wait, MAX_WAIT_SECONDS))
        log.warning("an update was given up", attempts=attempts)
        return failed

    async def pause(self, seconds: float) -> None:
        """Wait before another attempt. Raises Interrupted when `stop` is called."""
        async with given_away():
            if await self._clock.wait(self._stopping, seconds):
                raise Interrupted


if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class ButtonPlatform(Platform, Protocol):
    """A platform where the buttons of a message can be changed without its text."""

    async def set_rows(self, address: Address, rows: ButtonRows) -> None:
        """Change only the buttons of a message. Raises TryLater or Refused."""


@dataclass(frozen=True)
class Responder:
    """Sends answers to a platform. Its methods raise only Interrupted."""

    platform: ButtonPlatform
    retry: Retry

    async def show(self, where: Address, card: Card) -> None:
        """Send a card and its follow-ups; or change the message that it replaces; or send it to the person's private
        chat, and say so."""
        if card.replaces is not None:
            here, instead = card.replaces
            if await self.retry.until_done(lambda: self._replace(here, instead), failed=False):
                return
        if card.privately is not None:
            where, card = await self._in_private(where, card, card.privately)
        await self.retry.until_done(lambda: self._show(where, card), failed="")
        if card.followups is not None:
            # Closing the generator releases the files that it holds, however the sending ends.
            async with aclosing(cast("AsyncGenerator[Card, None]", card.followups())) as more:
                async for one in more:
                    await self.retry.until_done(partial(self._show, where, one), failed="")

    async def _in_private(self, here: Address, card: Card, said: InPrivate) -> tuple[Address, Card]:
        """Send a card to the private chat of the person it is for. Returns what is to be said in the group."""
        if here.person is None:
            return here, said.closed
        private = Address(Chat(here.person.platform, here.person.platform_id), person=here.person)
        sent = await self.retry.until_done(lambda: self._show(private, card), failed="")
        return here, said.sent if sent else said.closed

    async def _replace(self, here: Address, card: Card) -> bool:
        """Change a message of ours, without the card's picture where that is refused. Raises TryLater or Refused."""
        try:
            await self.platform.show(here, card)
        except Refused as error:
            if card.picture is None or error.refusal not in {Refusal.PHOTO, Refusal.FILES}:
                raise
            await self.platform.show(here, replace(card, picture=None))
        return True

    async def _show(self, where: Address, card: Card) -> str:
        """Send a card. Where its picture is refused, it goes as a file, or else whoever asked for it learns where to
        get it: here, or in private. Raises TryLater or Refused."""
        forms = [card, as_file(card)] if card.picture is not None else [card]
        for form in forms:
            try:
                return await self.platform.show(where, form)
            except Refused as error:
                has_files = card.picture is not None or card.document is not None
                if not has_files or error.refusal in {Refusal.MESSAGE, Refusal.TOPIC}:
                    raise
        language = where.person.language if where.person is not None else "en"
        words = refused_answer(texts_for(language), self.platform.capabilities)
        try:
            return await self.platform.show(where, words)
        except Refused:
            if where.person is None or not where.chat.is_group:
                raise
            private = Chat(where.person.platform, where.person.platform_id)
            return await self.platform.show(Address(private, person=where.person), card)

    async def carry_out(self, request: ButtonPress, answer: CallbackAnswer) -> None:
        """Apply the answer to a press, except its notice, which each platform shows in its own way."""
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
