"""Shows cards on Discord: in a channel or a private chat by our own right, elsewhere by that of an interaction."""

import asyncio
from collections.abc import Sequence

import structlog
from starlette.routing import BaseRoute

from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Address, Capabilities, Card, TargetGone, TryLater
from bot.messaging.platform_files import PlatformFiles
from handlers.discord import rendering
from handlers.discord.api_writer import Pen
from handlers.discord.connection import Connection
from handlers.discord.errors import TooBig, TooLate
from handlers.discord.identities import PLATFORM, Channel, Hook, Place, Private, place_of
from handlers.discord.interaction_messages import Hooks
from handlers.discord.interaction_replies import Replies
from handlers.discord.rendering import Drawn
from handlers.discord.upload_limits import LEAST, USUAL, Sizes

log = structlog.get_logger(__name__)

LOOKS = 24  # a menu has 25 options, and one of them asks for a picture


class DiscordPlatform:
    """Shows cards, as `bot.messaging.platform.Platform` says. `routes` are for our HTTP server."""

    name = PLATFORM
    capabilities = Capabilities(styles_per_page=LOOKS, samples_per_page=8, max_file_bytes=USUAL, has_forms=True)

    def __init__(
        self,
        pen: Pen,
        replies: Replies,
        memory: PlatformFiles,
        sizes: Sizes,
        *,
        connection: Connection,
        routes: Sequence[BaseRoute] = (),
    ) -> None:
        self.routes = routes
        self._connection = connection
        self._pen = pen
        self._replies = replies
        self._memory = memory
        self.sizes = sizes
        self.hooks = Hooks(pen, replies)

    async def receive(self, stop: asyncio.Event) -> None:
        """See `bot.messaging.platform.Receives`."""
        await self._connection.receive(stop)

    async def show(self, address: Address, card: Card) -> str:
        """Send or edit. Raises TryLater or TargetGone."""
        veiled = await self._memory.is_spoiler(address)
        most = self.sizes.most(address.chat)
        while True:
            fitting = await self.sizes.fitting(card, most)
            drawn = rendering.drawn(fitting, veiled=veiled, commands=self._pen.line.commands)
            try:
                message = await self._shown(place_of(address.chat), address, drawn)
            except TooBig:
                most //= 2
                if most < LEAST:
                    raise TargetGone(card_only=False) from None
                self.sizes.learn(address.chat, most)
            else:
                break
        if veiled and drawn.attached:
            await self._memory.mark_spoilers(address.chat, [message])
        return message

    async def set_rows(self, address: Address, rows: ButtonRows) -> None:
        """Change only the buttons of a message. Raises TryLater or TargetGone."""
        view, place, message = rendering.view(rows), place_of(address.chat), _message_of(address)
        if isinstance(place, Hook):
            await self.hooks.set_view(place, message, view)
        else:
            await self._pen.set_view(await self._channel(place), message, view)

    async def remove(self, address: Address, instead: str = "") -> None:  # noqa: ARG002  # we can always delete ours
        """Delete a message. Raises TryLater or TargetGone."""
        place, message = place_of(address.chat), _message_of(address)
        if isinstance(place, Hook):
            await self.hooks.remove(place, message)
        else:
            await self._pen.remove(await self._channel(place), message)

    async def _shown(self, place: Place, address: Address, drawn: Drawn) -> str:
        if isinstance(place, Hook):
            return await self.hooks.show(place, address, drawn)
        channel = await self._channel(place)
        if address.message_id is not None:
            await self._pen.change(channel, address.message_id, drawn)
            await self._call(channel, drawn, address.message_id)
            return address.message_id
        if (filled := await self._filled(address.reply_to, drawn)) is None:
            return await self._pen.write(channel, drawn, address.reply_to)
        await self._call(channel, drawn, filled)
        return filled

    async def _call(self, channel: int, drawn: Drawn, card: str) -> None:
        """A mention, where the card itself tells nobody of its own."""
        if not self._pen.calls_first(drawn, card):
            return
        try:
            await self._pen.write(channel, drawn.only_call, card)
        except (TryLater, TargetGone) as error:
            log.info("somebody was not told that they are asked", error=type(error).__name__)

    async def _filled(self, message: str | None, drawn: Drawn) -> str | None:
        """The message itself, when it was an answer of ours that said only that we are thinking."""
        reply = None if message is None else await self._replies.waiting(message)
        if reply is None:
            return None
        try:
            async with self._replies.filling(reply) as is_ours:
                if is_ours:
                    await self._pen.change_reply(reply, reply.message, drawn)
        except TooLate:
            return None
        except TargetGone as gone:
            if gone.card_only:  # somebody has deleted it already
                return None
            raise
        return reply.message if is_ours else None

    async def _channel(self, place: Private | Channel) -> int:
        return place.id if isinstance(place, Channel) else await self._pen.private_channel(place.user)


def _message_of(address: Address) -> str:
    if address.message_id is None:
        raise TargetGone(card_only=True)
    return address.message_id
