"""Shows cards through an interaction, where the bot may not write by itself; after it expires, in a private message."""

from contextlib import suppress
from dataclasses import replace

import structlog
from discord.ui import View

from bot.i18n import texts_for
from bot.messaging.platform import Address, Refusal, Refused, TargetGone, TryLater
from handlers.discord.api_writer import ApiWriter
from handlers.discord.errors import InteractionExpired
from handlers.discord.identities import ViaInteraction
from handlers.discord.interaction_replies import InteractionReplies, InteractionReply
from handlers.discord.rendering import RenderedMessage

log = structlog.get_logger(__name__)

_MOVED_TO_DM = "private:"  # prefix of the id of a message that had to move to the person's private chat


class InteractionMessages:
    """Every method raises TryLater or Refused."""

    def __init__(self, api_writer: ApiWriter, replies: InteractionReplies) -> None:
        self._api_writer = api_writer
        self._replies = replies

    async def show(self, destination: ViaInteraction, address: Address, rendered: RenderedMessage) -> str:
        """Show the card and return the id of its message."""
        if address.message_id is not None and address.message_id.startswith(_MOVED_TO_DM):
            await self._api_writer.edit(
                await self._dm_channel(address), address.message_id.removeprefix(_MOVED_TO_DM), rendered
            )
            return address.message_id
        reply = await self._replies.get(destination.interaction)
        if reply is not None:
            try:
                message = await self._send_or_edit(reply, address, _with_delivery_note(rendered, reply, address))
            except InteractionExpired:
                pass
            else:
                await self._send_mention(destination, rendered, message)
                return message
        try:
            return f"{_MOVED_TO_DM}{await self._api_writer.send(await self._dm_channel(address), rendered, None)}"
        except Refused as error:
            if error.refusal is not Refusal.CHAT or address.message_id is None:
                raise
            raise Refused(Refusal.MESSAGE) from None  # its card stands, and can't be changed any more

    async def show_with_rights(self, address: Address, rendered: RenderedMessage) -> str:
        """Show a channel's card with the rights of the interaction that asked for it, or in which its buttons were used
        last. Raises Refused where none lives."""
        for message in (address.message_id, address.reply_to):
            reply = None if message is None else await self._replies.get_of_message(message)
            if reply is None:
                continue
            is_its_message = address.message_id == reply.message
            try:
                return await self._send_or_edit(
                    reply, address if is_its_message else replace(address, message_id=None), rendered
                )
            except InteractionExpired:
                continue
        raise Refused(Refusal.CHAT)

    async def send_notice(self, reply: InteractionReply, rendered: RenderedMessage) -> None:
        """Send a notice that only the requester can see; skipped if no follow-up is left or the interaction has
        expired."""
        if not reply.followups_left:
            return
        await self._replies.count_followup(reply)
        try:
            await self._api_writer.send_followup(replace(reply, ephemeral=True), rendered)
        except InteractionExpired:
            return

    async def show_to_requester(self, reply: InteractionReply, address: Address, rendered: RenderedMessage) -> None:
        """Send a message that only the requester can see, although the placeholder is public: as Discord would turn the
        first follow-up into that, it is deleted. After the interaction has expired it is a private message."""
        try:
            async with self._replies.fill(reply) as is_unused:
                if is_unused:
                    with suppress(Refused):
                        await self._api_writer.delete_response(reply, reply.message)
            await self._replies.count_followup(reply)
            await self._api_writer.send_followup(replace(reply, ephemeral=True), rendered)
        except InteractionExpired:
            await self._api_writer.send(await self._dm_channel(address), rendered, None)

    async def edit_view(self, destination: ViaInteraction, message: str, view: View | None) -> None:
        """Replace only the buttons."""
        reply = await self._require_reply(destination)
        try:
            await self._api_writer.edit_response_view(reply, message, view)
        except InteractionExpired:
            raise TargetGone(card_only=True) from None

    async def delete(self, destination: ViaInteraction, message: str) -> None:
        reply = await self._require_reply(destination)
        try:
            await self._api_writer.delete_response(reply, message)
        except InteractionExpired:
            raise TargetGone(card_only=True) from None

    async def _send_or_edit(self, reply: InteractionReply, address: Address, rendered: RenderedMessage) -> str:
        if address.message_id is not None:
            await self._api_writer.edit_response(reply, address.message_id, rendered)
            return address.message_id
        if reply.is_placeholder and await self._fill_placeholder(reply, rendered):
            return reply.message
        if not reply.followups_left:
            raise InteractionExpired
        await self._replies.count_followup(reply)
        return await self._api_writer.send_followup(reply, rendered)

    async def _send_mention(self, destination: ViaInteraction, rendered: RenderedMessage, card: str) -> None:
        """Mention somebody in a message of its own if editing the card did not notify them."""
        reply = await self._replies.get(destination.interaction)
        if reply is None or reply.ephemeral or not reply.followups_left:
            return
        if not self._api_writer.claim_first_mention(rendered, card):
            return
        await self._replies.count_followup(reply)
        try:
            await self._api_writer.send_followup(reply, rendered.mention_only)
        except (TryLater, Refused, InteractionExpired) as error:
            log.info("a mention could not be sent", error=type(error).__name__)

    async def _fill_placeholder(self, reply: InteractionReply, rendered: RenderedMessage) -> bool:
        """Turn the placeholder into the card. False if it was deleted or already became another card."""
        try:
            async with self._replies.fill(reply) as claimed:
                if claimed:
                    await self._api_writer.edit_response(reply, reply.message, rendered)
        except Refused as gone:
            if not gone.card_only:
                raise
            return False
        return claimed

    async def _dm_channel(self, address: Address) -> int:
        """The private chat of the card's owner. Raises TargetGone for a card without one."""
        if address.person is None:
            raise TargetGone(card_only=False)
        return await self._api_writer.dm_channel(int(address.person.platform_id))

    async def _require_reply(self, destination: ViaInteraction) -> InteractionReply:
        reply = await self._replies.get(destination.interaction)
        if reply is None:
            raise TargetGone(card_only=True)
        return reply


def _with_delivery_note(rendered: RenderedMessage, reply: InteractionReply, address: Address) -> RenderedMessage:
    """Add where the picture will arrive if it takes long."""
    if not rendered.in_progress:
        return rendered
    texts = texts_for(address.person.language if address.person else "en")
    if reply.ephemeral:
        note = texts.gettext(
            "Only you can see this. If it takes longer than 15 minutes, I'll send it to you in private."
        )
    else:
        note = texts.gettext("If it takes longer than 15 minutes, I'll send it to you in private.")
    return replace(rendered, text=f"{rendered.text}\n-# {note}")
