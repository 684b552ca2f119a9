"""Answers commands and private messages: passes each to the core and shows its answer."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from discord import Attachment, Message, MessageType

from bot.conversation.keyed_executor import KeyedExecutor
from bot.conversation.messages import MessageRouter
from bot.conversation.responder import Interrupted, Responder
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import Address, Card
from bot.messaging.platform_files import PlatformFiles
from handlers.discord.client import BotInteraction
from handlers.discord.deferral import Deferral
from handlers.discord.parsing import FilledCommand, Parser, has_spoiler
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
    executor: KeyedExecutor

    async def handle_command(self, interaction: BotInteraction, filled: FilledCommand, *, ephemeral: bool) -> None:
        """Answer a command. `ephemeral`: only the requester sees the answer."""
        reply = await self.deferral.defer_reply(interaction, ephemeral=ephemeral)
        if reply is None:
            return
        request = self.parser.parse_command(interaction, filled, reply)
        self.upload_limits.record(request.chat, interaction.filesize_limit)
        files = (*filled.attachments, *(filled.target_message.attachments if filled.target_message else ()))
        await self.executor.submit(
            str(interaction.user.id), lambda: self._process(request, files, spoiler=filled.spoiler)
        )

    async def handle_message(self, message: Message, *, edited: bool = False) -> None:
        """Answer a private message; ignores servers, bots, system messages and repeated deliveries."""
        if message.guild is not None or message.author.bot or message.type not in _USER_MESSAGES:
            return
        if edited and message.edited_at is None:  # Discord added a link preview; the author changed nothing
            return
        if not edited and not await self.platform_files.is_new_message(message.id):
            return
        request = self.parser.parse_message(message, edited=edited)
        await self.executor.submit(str(message.author.id), lambda: self._process(request, message.attachments))

    async def handle_edit(self, message: Message) -> None:
        """Answer a private message that its author has edited."""
        await self.handle_message(message, edited=True)

    async def _process(self, request: IncomingMessage, files: Sequence[Attachment], *, spoiler: bool = False) -> None:
        with suppress(Interrupted):
            await self._answer(request, files, spoiler=spoiler)

    async def _answer(self, request: IncomingMessage, files: Sequence[Attachment], *, spoiler: bool = False) -> None:
        if spoiler or has_spoiler(files):
            await self.platform_files.mark_spoilers(request.chat, [request.message_id])
        failure: Card | None = self.message_router.failure_card(request.person)
        card = await self.responder.retry.until_done(lambda: self.message_router.answer(request), failed=failure)
        if card is not None:
            where = Address(request.chat, reply_to=request.message_id, person=request.person)
            await self.responder.show(where, card)
