"""Shows cards on Discord: with the bot's own rights where it has them, else through an interaction."""

import asyncio
from collections.abc import Sequence

import structlog
from starlette.routing import BaseRoute

from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Address, Capabilities, Card, Refusal, Refused, TargetGone, TryLater
from bot.messaging.platform_files import PlatformFiles
from handlers.discord import rendering
from handlers.discord.api_writer import ApiWriter
from handlers.discord.connection import Connection
from handlers.discord.errors import FileTooLarge, InteractionExpired
from handlers.discord.identities import PLATFORM, Channel, Destination, PrivateChat, ViaInteraction, destination_of
from handlers.discord.interaction_messages import InteractionMessages
from handlers.discord.interaction_replies import InteractionReplies
from handlers.discord.rendering import RenderedMessage
from handlers.discord.upload_limits import DEFAULT_LIMIT, MIN_LIMIT, UploadLimits

log = structlog.get_logger(__name__)

STYLES_PER_PAGE = 24  # a select menu has 25 options; one of them asks for a reference picture


class DiscordPlatform:
    """Implements `bot.messaging.platform.Platform`. `routes` are for our HTTP server."""

    name = PLATFORM
    capabilities = Capabilities(
        styles_per_page=STYLES_PER_PAGE,
        samples_per_page=8,
        max_file_bytes=DEFAULT_LIMIT,
        shows_samples=True,
        has_forms=True,
        has_interactions=True,
    )

    def __init__(
        self,
        api_writer: ApiWriter,
        replies: InteractionReplies,
        platform_files: PlatformFiles,
        upload_limits: UploadLimits,
        *,
        connection: Connection,
        routes: Sequence[BaseRoute] = (),
    ) -> None:
        self.routes = routes
        self._connection = connection
        self._api_writer = api_writer
        self._replies = replies
        self._platform_files = platform_files
        self.upload_limits = upload_limits
        self.interaction_messages = InteractionMessages(api_writer, replies)

    async def receive(self, stop: asyncio.Event) -> None:
        """Implements `bot.messaging.platform.Receiver`."""
        await self._connection.receive(stop)

    async def show(self, address: Address, card: Card) -> str:
        """Send or edit a card and return its message id. Raises TryLater or Refused."""
        spoiler = await self._platform_files.is_spoiler(address)
        limit = self.upload_limits.limit(address.chat)
        while True:
            fitting = await self.upload_limits.fit(card, limit)
            rendered = rendering.render(fitting, spoiler=spoiler, command_ids=self._api_writer.client_ref.command_ids)
            try:
                message = await self._show(destination_of(address.chat), address, rendered)
            except FileTooLarge:
                limit //= 2
                if limit < MIN_LIMIT:
                    raise Refused(Refusal.FILES) from None
                self.upload_limits.record(address.chat, limit)
            else:
                break
        if spoiler and rendered.attachments:
            await self._platform_files.mark_spoilers(address.chat, [message])
        return message

    async def set_rows(self, address: Address, rows: ButtonRows) -> None:
        """Replace only a message's buttons. Raises TryLater or Refused."""
        view, destination, message = rendering.button_view(rows), destination_of(address.chat), _message_id(address)
        if isinstance(destination, ViaInteraction):
            await self.interaction_messages.edit_view(destination, message, view)
        else:
            await self._api_writer.edit_view(await self._channel_id(destination), message, view)

    async def remove(self, address: Address, instead: str = "") -> None:  # noqa: ARG002  # ours can always be deleted
        """Delete a message. Raises TryLater or Refused."""
        destination, message = destination_of(address.chat), _message_id(address)
        if isinstance(destination, ViaInteraction):
            await self.interaction_messages.delete(destination, message)
        else:
            await self._api_writer.delete(await self._channel_id(destination), message)

    async def _show(self, destination: Destination, address: Address, rendered: RenderedMessage) -> str:
        if isinstance(destination, ViaInteraction):
            return await self.interaction_messages.show(destination, address, rendered)
        if address.by_interaction:
            return await self.interaction_messages.show_with_rights(address, rendered)
        channel = await self._channel_id(destination)
        if address.message_id is not None:
            await self._api_writer.edit(channel, address.message_id, rendered)
            await self._send_mention(channel, rendered, address.message_id)
            return address.message_id
        if (filled := await self._fill_placeholder(address.reply_to, rendered)) is None:
            return await self._api_writer.send(channel, rendered, address.reply_to)
        await self._send_mention(channel, rendered, filled)
        return filled

    async def _send_mention(self, channel: int, rendered: RenderedMessage, card: str) -> None:
        """Mention somebody in a message of its own if editing the card did not notify them."""
        if not self._api_writer.claim_first_mention(rendered, card):
            return
        try:
            await self._api_writer.send(channel, rendered.mention_only, card)
        except (TryLater, Refused) as error:
            log.info("a mention could not be sent", error=type(error).__name__)

    async def _fill_placeholder(self, message: str | None, rendered: RenderedMessage) -> str | None:
        """Turn the placeholder that `message` is into the card; None if it is no placeholder of ours."""
        reply = None if message is None else await self._replies.get_pending(message)
        if reply is None:
            return None
        try:
            async with self._replies.fill(reply) as claimed:
                if claimed:
                    await self._api_writer.edit_response(reply, reply.message, rendered)
        except InteractionExpired:
            return None
        except Refused as gone:
            if gone.card_only:  # the placeholder was deleted
                return None
            raise
        return reply.message if claimed else None

    async def _channel_id(self, destination: PrivateChat | Channel) -> int:
        return (
            destination.id if isinstance(destination, Channel) else await self._api_writer.dm_channel(destination.user)
        )


def _message_id(address: Address) -> str:
    if address.message_id is None:
        raise TargetGone(card_only=True)
    return address.message_id
