"""Shows cards on Telegram: sent as an answer, edited in place, and at last turned into the picture."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute
from telegram import InputMediaPhoto
from telegram.error import BadRequest

from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Address, Card, Chat, Picture, TargetGone, TryLater
from bot.runtime.clock import Clock
from handlers.telegram import rendering
from handlers.telegram.api_writer import Pen, place
from handlers.telegram.chat_state import inline_id
from handlers.telegram.errors import Complaint, Moved, complaint, translated
from handlers.telegram.foreign_chats import FarAway
from handlers.telegram.send_limits import Pace

ANSWER_PATIENCE, PROGRESS_PATIENCE = 5.0, 1.5  # seconds that each may be held back here for the chat's pace

Follow = Callable[[Chat, Chat], Awaitable[None]]


class TelegramPlatform:
    """Shows cards, as `bot.messaging.platform.Platform` says. `follow` is told when a group has moved; `routes` are for
    our HTTP server."""

    name = "telegram"

    def __init__(self, pen: Pen, pace: Pace, clock: Clock, follow: Follow, routes: tuple[BaseRoute, ...] = ()) -> None:
        self.pen = pen
        self.routes = routes
        self._pace = pace
        self._clock = clock
        self._follow = follow

    async def show(self, address: Address, card: Card) -> str:
        """Send or edit; an edit that changes nothing is done already. Raises TryLater or TargetGone."""
        address = self.pen.memory.followed(address)
        if (inline := inline_id(address.chat)) is not None:
            return await FarAway(self, self.pen, inline).show(address, card)
        if address.message_id is None:
            return await self.send(address, card)
        await self.change(address, card)
        return address.message_id

    async def send_album(self, address: Address, pictures: Sequence[Picture]) -> tuple[str, ...]:
        """Send pictures together. Raises TryLater or TargetGone."""
        address = self.pen.memory.followed(address)
        if inline_id(address.chat) is not None:  # a chat that is one message
            raise TargetGone(card_only=False)
        await self._keep_pace(address.chat, progress=False, messages=len(pictures))
        async with self._calling(address.chat):
            return tuple(str(message.message_id) for message in await self.pen.send_album(address, pictures))

    async def send(self, address: Address, card: Card, *, quietly: bool = False) -> str:
        """Write a new message, at the chat's pace. Raises TryLater or TargetGone."""
        await self._keep_pace(address.chat, progress=False)
        async with self._calling(address.chat):
            return str((await self.pen.write(address, card, quietly=quietly)).message_id)

    async def change(self, address: Address, card: Card) -> None:
        """Change a message, at the chat's pace; what only tells progress leaves room for what people wait for."""
        await self._keep_pace(address.chat, progress=card.picture is None and card.document is None)
        async with self._calling(address.chat), _unless_it_is_so_already():
            await self.pen.change(address, card)

    async def set_rows(self, address: Address, rows: ButtonRows) -> None:
        """Change only the buttons of a message."""
        address = self.pen.memory.followed(address)
        if address.message_id is None:
            raise TargetGone(card_only=True)
        await self._keep_pace(address.chat, progress=False)
        async with self._calling(address.chat), _unless_it_is_so_already():
            keyboard = self.pen.keyboard(rows, address)
            await self.pen.bot.edit_message_reply_markup(**place(address), reply_markup=keyboard)

    async def remove(self, address: Address, instead: str = "") -> None:
        """Delete a message; one that is too old for that is painted over, with the words `instead`."""
        address = self.pen.memory.followed(address)
        if inline_id(address.chat) is not None or address.message_id is None:  # beyond our reach
            raise TargetGone(card_only=True)
        await self._keep_pace(address.chat, progress=False)
        async with self._calling(address.chat):
            try:
                await self.pen.bot.delete_message(**place(address))
            except BadRequest as error:
                if complaint(error) is not Complaint.CARD_GONE:
                    nothing = InputMediaPhoto(rendering.blank(), caption=instead or None)
                    await self.pen.bot.edit_message_media(nothing, **place(address))

    async def refund_payment(self, person_id: str, charge_id: str) -> None:
        """Refund a payment in Stars; one that was refunded before is done. Raises TryLater or TargetGone."""
        with translated():
            try:
                await self.pen.bot.refund_star_payment(int(person_id), charge_id)
            except BadRequest as error:
                if complaint(error) is not Complaint.REFUNDED:
                    raise

    async def follow(self, chat: Chat, new: str) -> None:
        """A group has a new address."""
        if new != chat.platform_id:
            self.pen.memory.moved[chat.platform_id] = new
            await self._follow(Chat(self.name, chat.platform_id, is_group=True), Chat(self.name, new, is_group=True))

    @asynccontextmanager
    async def _calling(self, chat: Chat) -> AsyncIterator[None]:
        """Calls about a chat: what Telegram says is translated, its wish for patience is kept, a move is followed."""
        try:
            with translated():
                yield
        except Moved as moved:
            await self.follow(chat, moved.new)
            raise
        except TryLater as patience:
            self._pace.hold(_key(chat), patience.retry_after)
            raise

    async def _keep_pace(self, chat: Chat, *, progress: bool, messages: int = 1) -> None:
        left = PROGRESS_PATIENCE if progress else ANSWER_PATIENCE
        while wait := self._pace.wait(_key(chat), progress=progress, messages=messages):
            if wait > left:
                raise TryLater(wait)
            left -= wait
            await self._clock.sleep(wait)


@asynccontextmanager
async def _unless_it_is_so_already() -> AsyncIterator[None]:
    try:
        yield
    except BadRequest as error:
        if complaint(error) is not Complaint.NOT_MODIFIED:
            raise


def _key(chat: Chat) -> int | str:
    """Whose pace it is: the chat's, or that of one message in somebody else's chat."""
    return chat.platform_id if inline_id(chat) is not None else int(chat.platform_id)
