"""Answers commands and private messages: hands each to the core, then shows what the core says."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from discord import Attachment, Message, MessageType

from bot.conversation.keyed_executor import KeyedExecutor
from bot.conversation.messages import MessageRouter
from bot.conversation.responder import Responder
from bot.conversation.retry import Interrupted
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import Address, Card
from bot.messaging.platform_files import PlatformFiles
from handlers.discord.client import Ask
from handlers.discord.deferral import Promptness
from handlers.discord.parsing import Filled, Reading, is_veiled
from handlers.discord.upload_limits import Sizes

_WRITTEN = frozenset({MessageType.default, MessageType.reply})


@dataclass(frozen=True)
class Answering:
    """Raises nothing. What one person asks is dealt with in order; what is cut short when we are told to stop is lost,
    for Discord tells everything once."""

    reading: Reading
    promptness: Promptness
    conversation: MessageRouter
    telling: Responder
    memory: PlatformFiles
    sizes: Sizes
    lineup: KeyedExecutor

    async def command(self, interaction: Ask, filled: Filled, *, unseen: bool) -> None:
        """A command as it was filled in. `unseen`: only they are to see the answer."""
        reply = await self.promptness.thinking(interaction, unseen=unseen)
        if reply is None:
            return
        request = self.reading.command(interaction, filled, reply)
        self.sizes.learn(request.chat, interaction.filesize_limit)
        files = (*filled.own, *(filled.message.attachments if filled.message else ()))
        await self.lineup.submit(
            str(interaction.user.id), lambda: self._dealt_with(request, files, veiled=filled.veiled)
        )

    async def message(self, message: Message, *, edited: bool = False) -> None:
        """What somebody wrote to us in private."""
        if message.guild is not None or message.author.bot or message.type not in _WRITTEN:
            return
        if edited and message.edited_at is None:  # Discord itself has added a preview
            return
        if not edited and not await self.memory.is_new_message(message.id):
            return
        request = self.reading.message(message, edited=edited)
        await self.lineup.submit(str(message.author.id), lambda: self._dealt_with(request, message.attachments))

    async def edit(self, message: Message) -> None:
        """They have changed what they wrote."""
        await self.message(message, edited=True)

    async def _dealt_with(self, request: IncomingMessage, files: Sequence[Attachment], *, veiled: bool = False) -> None:
        with suppress(Interrupted):
            await self._heard(request, files, veiled=veiled)

    async def _heard(self, request: IncomingMessage, files: Sequence[Attachment], *, veiled: bool = False) -> None:
        if veiled or is_veiled(files):
            await self.memory.mark_spoilers(request.chat, [request.message_id])
        sorry: Card | None = self.conversation.sorry(request.person)
        card = await self.telling.patience.until_done(lambda: self.conversation.answer(request), failed=sorry)
        if card is not None:
            where = Address(request.chat, reply_to=request.message_id, person=request.person)
            await self.telling.show(where, card)
