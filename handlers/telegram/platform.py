"""Shows cards on Telegram: sends them as replies, edits them in place, and finally turns them into the picture."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute
from telegram import InputMediaPhoto
from telegram.error import BadRequest

from bot.conversation.concurrency import given_away
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Address, Capabilities, Card, Chat, Picture, TargetGone, TryLater
from bot.runtime.clock import Clock
from handlers.telegram import rendering
from handlers.telegram.api_writer import ApiWriter, message_kwargs
from handlers.telegram.chat_state import inline_message_id
from handlers.telegram.errors import BadRequestKind, GroupMigrated, classify, translate_errors
from handlers.telegram.foreign_chats import InlineMessage
from handlers.telegram.send_limits import SendLimits

ANSWER_MAX_WAIT, PROGRESS_MAX_WAIT = 5.0, 1.5  # seconds that a call waits for the chat's limits, before TryLater

MigrateGroup = Callable[[Chat, Chat], Awaitable[None]]


class TelegramPlatform:
    """Implements `bot.messaging.platform.Platform`.

    `migrate_group` is called with the old and the new chat when a group has migrated. `routes` are added to our HTTP
    server.
    """

    name = "telegram"
    capabilities = Capabilities(shows_samples=True, sends_albums=True, opens_private=True, has_topics=True)

    def __init__(
        self,
        writer: ApiWriter,
        limits: SendLimits,
        clock: Clock,
        migrate_group: MigrateGroup,
        routes: tuple[BaseRoute, ...] = (),
    ) -> None:
        self.writer = writer
        self.routes = routes
        self._limits = limits
        self._clock = clock
        self._migrate_group = migrate_group

    async def show(self, address: Address, card: Card) -> str:
        """Send or edit the card; an edit that changes nothing counts as done. Raises TryLater or Refused."""
        address = _reachable(self.writer.chat_state.current_address(address))
        if (inline := inline_message_id(address.chat)) is not None:
            return await InlineMessage(self, self.writer, inline).show(address, card)
        if address.message_id is None:
            return await self.send(address, card)
        await self.edit(address, card)
        return address.message_id

    async def send_album(
        self, address: Address, pictures: Sequence[Picture], *, as_files: bool = False
    ) -> tuple[str, ...]:
        """Send pictures as one album. Raises TryLater or Refused."""
        address = _reachable(self.writer.chat_state.current_address(address))
        if inline_message_id(address.chat) is not None:  # an inline message can't be replied to
            raise TargetGone(card_only=False)
        await self._wait_for_limits(address.chat, progress=False, messages=len(pictures))
        async with self._chat_call(address.chat):
            messages = await self.writer.send_album(address, pictures, as_files=as_files)
        return tuple(str(message.message_id) for message in messages)

    async def send(self, address: Address, card: Card, *, silent: bool = False) -> str:
        """Send a new message within the chat's limits. Raises TryLater or Refused."""
        await self._wait_for_limits(address.chat, progress=False)
        async with self._chat_call(address.chat):
            return str((await self.writer.send(address, card, silent=silent)).message_id)

    async def edit(self, address: Address, card: Card) -> None:
        """Edit a message within the chat's limits. Progress updates leave room for messages that people wait for."""
        await self._wait_for_limits(address.chat, progress=card.picture is None and card.document is None)
        async with self._chat_call(address.chat), _ignore_not_modified():
            await self.writer.edit(address, card)

    async def set_rows(self, address: Address, rows: ButtonRows) -> None:
        """Replace only the buttons of a message."""
        address = self.writer.chat_state.current_address(address)
        if address.message_id is None:
            raise TargetGone(card_only=True)
        await self._wait_for_limits(address.chat, progress=False)
        async with self._chat_call(address.chat), _ignore_not_modified():
            keyboard = self.writer.keyboard(rows, address)
            await self.writer.bot.edit_message_reply_markup(**message_kwargs(address), reply_markup=keyboard)

    async def remove(self, address: Address, instead: str = "") -> None:
        """Delete a message; if it is too old for that, replace it by a blank picture with the text `instead`."""
        address = self.writer.chat_state.current_address(address)
        if inline_message_id(address.chat) is not None or address.message_id is None:  # can't be deleted
            raise TargetGone(card_only=True)
        await self._wait_for_limits(address.chat, progress=False)
        async with self._chat_call(address.chat):
            try:
                await self.writer.bot.delete_message(**message_kwargs(address))
            except BadRequest as error:
                if classify(error) is not BadRequestKind.MESSAGE_GONE:
                    blank = InputMediaPhoto(rendering.blank_image(), caption=instead or None)
                    await self.writer.bot.edit_message_media(blank, **message_kwargs(address))

    async def refund_payment(self, person_id: str, charge_id: str) -> None:
        """Refund a payment in Stars; an earlier refund counts as done. Raises TryLater or Refused."""
        with translate_errors():
            try:
                await self.writer.bot.refund_star_payment(int(person_id), charge_id)
            except BadRequest as error:
                if classify(error) is not BadRequestKind.ALREADY_REFUNDED:
                    raise

    async def migrate_group(self, chat: Chat, new_chat_id: str) -> None:
        """Continue in the group's new chat."""
        if new_chat_id != chat.platform_id:
            self.writer.chat_state.migrated[chat.platform_id] = new_chat_id
            old, new = (Chat(self.name, number, is_group=True) for number in (chat.platform_id, new_chat_id))
            await self._migrate_group(old, new)

    @asynccontextmanager
    async def _chat_call(self, chat: Chat) -> AsyncIterator[None]:
        """Wraps calls to one chat: translates errors, follows a migrated group, and blocks the chat during flood
        control.
        """
        try:
            with translate_errors():
                yield
        except GroupMigrated as error:
            await self.migrate_group(chat, error.new_chat_id)
            raise
        except TryLater as error:
            self._limits.block(_limit_key(chat), error.retry_after)
            raise

    async def _wait_for_limits(self, chat: Chat, *, progress: bool, messages: int = 1) -> None:
        left = PROGRESS_MAX_WAIT if progress else ANSWER_MAX_WAIT
        while wait := self._limits.reserve(_limit_key(chat), progress=progress, messages=messages):
            if wait > left:
                raise TryLater(wait)
            left -= wait
            async with given_away():
                await self._clock.sleep(wait)


@asynccontextmanager
async def _ignore_not_modified() -> AsyncIterator[None]:
    try:
        yield
    except BadRequest as error:
        if classify(error) is not BadRequestKind.NOT_MODIFIED:
            raise


def _limit_key(chat: Chat) -> int | str:
    """Limits apply to each chat, and to each inline message."""
    return chat.platform_id if inline_message_id(chat) is not None else int(chat.platform_id)


def _reachable(address: Address) -> Address:
    """The address. Raises TargetGone for the private chat of a group or channel that speaks as a person: it has none,
    and the chat itself is not private."""
    chat = address.chat
    if not chat.is_group and chat.platform_id.startswith("-"):
        raise TargetGone(card_only=False)
    return address
