"""Answers commands and private messages: passes each to the core and shows its answer."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from discord import Message, MessageType

from bot.conversation.concurrency import KeyedExecutor
from bot.conversation.messages import MessageRouter
from bot.conversation.responder import Interrupted, Responder
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import Address, Card
from bot.messaging.platform_files import PlatformFiles
from handlers.discord.client import BotInteraction
from handlers.discord.deferral import Deferral
from handlers.discord.interaction_messages import InteractionMessages
from handlers.discord.interaction_replies import InteractionReply
from handlers.discord.message_files import attached_file, files_with_forwarded
from handlers.discord.parsing import FilledCommand, Parser
from handlers.discord.photo_series import PhotoSeries, PhotoSeriesCollector
from handlers.discord.rendering import render
from handlers.discord.upload_limits import UploadLimits

_USER_MESSAGES = frozenset({MessageType.default, MessageType.reply})


@dataclass(frozen=True)
class DiscordResponder:
    """Never raises. Requests of one person are handled in order. A request that shutdown interrupts is lost: Discord
    sends each event once."""

    parser: Parser
    deferral: Deferral
    message_router: MessageRouter
    responder: Responder
    platform_files: PlatformFiles
    upload_limits: UploadLimits
    interaction_messages: InteractionMessages
    series: PhotoSeriesCollector
    executor: KeyedExecutor

    async def handle_command(self, interaction: BotInteraction, filled: FilledCommand, *, ephemeral: bool) -> None:
        """Answer a command. `ephemeral`: only the requester sees the answer. Nobody else sees either why a context menu
        brought no picture."""
        reply = await self.deferral.defer_reply(
            interaction, ephemeral=ephemeral or (filled.is_menu and not filled.has_picture)
        )
        if reply is None:
            return
        request = self.parser.parse_command(interaction, filled, reply)
        self.upload_limits.record(request.chat, interaction.filesize_limit)
        spoiler = filled.spoiler or any(file.is_spoiler for file in filled.files)
        hidden = reply if filled.is_menu and not reply.ephemeral and request.chat.is_group else None
        await self.executor.submit(
            str(interaction.user.id), lambda: self._process(request, spoiler=spoiler, hidden=hidden)
        )

    async def handle_message(self, message: Message, *, edited: bool = False) -> None:
        """Answer a private message; ignores servers, bots, system messages and repeated deliveries."""
        if message.guild is not None or message.author.bot or message.type not in _USER_MESSAGES:
            return
        files = files_with_forwarded(message)
        if edited and message.edited_at is None:  # Discord added link previews; the author changed nothing
            if message.attachments or not any(file.is_picture for file in files):
                return
            edited = False  # as if the message had come with its picture; its job is made only once
        elif not edited and not await self.platform_files.is_new_message(message.id):
            return
        request = self.parser.parse_message(message, edited=edited)
        spoiler, author = any(file.is_spoiler for file in files), str(message.author.id)
        if edited or spoiler or not _is_lone_photo(message):
            self.series.end(author)
            await self.executor.submit(author, lambda: self._process(request, spoiler=spoiler))
        elif (series := self.series.add(request)) is not None:
            await self.executor.submit(author, lambda: self._process_series(series))

    async def handle_edit(self, message: Message) -> None:
        """Answer a private message that its author has edited."""
        await self.handle_message(message, edited=True)

    async def _process(
        self, request: IncomingMessage, *, spoiler: bool, hidden: InteractionReply | None = None
    ) -> None:
        with suppress(Interrupted):
            await self._answer(request, spoiler=spoiler, hidden=hidden)

    async def _process_series(self, series: PhotoSeries) -> None:
        await self._process(await self.series.complete(series), spoiler=False)

    async def _answer(self, request: IncomingMessage, *, spoiler: bool, hidden: InteractionReply | None) -> None:
        """`hidden`: only the requester of this interaction may see what there is to say besides the cards of jobs."""
        if spoiler:
            await self.platform_files.mark_spoilers(request.chat, [request.message_id])
        failure: Card | None = self.message_router.failure_card(request.person)
        card = await self.responder.retry.until_done(lambda: self.message_router.answer(request), failed=failure)
        if card is None:
            return
        where = Address(request.chat, reply_to=request.message_id, person=request.person)
        if hidden is None:
            await self.responder.show(where, card)
        else:
            notice = render(card, spoiler=False)
            send = partial(self.interaction_messages.show_to_requester, hidden, where, notice)
            await self.responder.retry.until_done(send, failed=None)


def _is_lone_photo(message: Message) -> bool:
    """Whether it is nothing but uploaded pictures."""
    files = [attached_file(file) for file in message.attachments]
    is_alone = not message.content and message.reference is None
    return is_alone and bool(files) and all(file.is_picture for file in files)
