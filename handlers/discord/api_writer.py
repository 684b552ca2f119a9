"""Sends, edits and deletes messages, one API call each: with the bot's own token or with an interaction's.

Every method raises TryLater, Refused, InteractionExpired or FileTooLarge.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from discord import File, Message, MessageReference, Object, PartialMessage, Webhook, WebhookType
from discord.ui import View

from bot.messaging.platform import TryLater
from bot.runtime.clock import Clock
from handlers.discord.client import ClientRef, DiscordClient
from handlers.discord.errors import NETWORK_PAUSE, Banned, translated_errors
from handlers.discord.interaction_replies import InteractionReply
from handlers.discord.rendering import RenderedMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

NONCE_LENGTH = 25
MAX_REMEMBERED_MENTIONS = 10_000


class ApiWriter:
    """Writes through the current client; raises TryLater while there is none, or while Discord's firewall has banned
    our address: calls during a ban prolong it."""

    def __init__(self, client_ref: ClientRef, clock: Clock) -> None:
        self.client_ref = client_ref
        self._clock = clock
        self._banned_until = 0.0
        self._dm_channels: dict[int, int] = {}  # channel ids by user id
        self._mentioned: set[str] = set()  # ids of cards whose mention was sent

    def claim_first_mention(self, rendered: RenderedMessage, card: str) -> bool:
        """Whether this card mentions somebody for the first time; later calls for the same card return False. Discord
        notifies people of a mention in a new message but not in an edited one, so the first mention needs a message of
        its own."""
        if not rendered.mention_text or card in self._mentioned:
            return False
        if len(self._mentioned) >= MAX_REMEMBERED_MENTIONS:
            self._mentioned.clear()
        self._mentioned.add(card)
        return True

    async def dm_channel(self, user: int) -> int:
        """The id of the channel of a user's private chat with the bot."""
        if user not in self._dm_channels:
            with self._calls():
                self._dm_channels[user] = (await self._client.create_dm(Object(user))).id
        return self._dm_channels[user]

    async def send(self, channel: int, rendered: RenderedMessage, reply_to: str | None) -> str:
        """Send a new message and return its id. `reply_to`: id of the message it replies to, if that still exists."""
        reference = None
        if reply_to is not None:
            reference = MessageReference(message_id=int(reply_to), channel_id=channel, fail_if_not_exists=False)
        optional: dict[str, Any] = {"reference": reference, "view": rendered.view}
        with self._calls(has_files=bool(rendered.attachments)):
            message = await self._client.get_partial_messageable(channel).send(
                rendered.text or None,
                files=rendered.files,
                nonce=_nonce(channel, rendered, reply_to),
                allowed_mentions=rendered.allowed_mentions,
                **{name: value for name, value in optional.items() if value is not None},
            )
        if not _matches(message, rendered):
            await self.edit(channel, str(message.id), rendered)
        return str(message.id)

    async def edit(self, channel: int, message: str, rendered: RenderedMessage) -> None:
        """Replace a message's content, files and buttons."""
        with self._calls(has_files=bool(rendered.attachments)):
            await self._message(channel, message).edit(
                content=rendered.text or None,
                attachments=rendered.files,
                view=rendered.view,
                allowed_mentions=rendered.allowed_mentions,
            )

    async def edit_view(self, channel: int, message: str, view: View | None) -> None:
        """Replace only a message's buttons."""
        with self._calls():
            await self._message(channel, message).edit(view=view)

    async def delete(self, channel: int, message: str) -> None:
        with self._calls():
            await self._message(channel, message).delete()

    async def send_followup(self, reply: InteractionReply, rendered: RenderedMessage) -> str:
        """Send a follow-up message of an interaction and return its id."""
        files: Sequence[File] = rendered.files
        optional: dict[str, Any] = {} if rendered.view is None else {"view": rendered.view}
        with self._calls(has_files=bool(rendered.attachments)):
            message = await self._webhook(reply).send(
                rendered.text,
                files=files,
                ephemeral=reply.ephemeral,
                allowed_mentions=rendered.allowed_mentions,
                wait=True,
                **optional,
            )
        return str(message.id)

    async def edit_response(self, reply: InteractionReply, message: str, rendered: RenderedMessage) -> None:
        """Replace the content, files and buttons of an interaction's message."""
        with self._calls(has_files=bool(rendered.attachments)):
            await self._webhook(reply).edit_message(
                int(message),
                content=rendered.text or None,
                attachments=rendered.files,
                view=rendered.view,
                allowed_mentions=rendered.allowed_mentions,
            )

    async def edit_response_view(self, reply: InteractionReply, message: str, view: View | None) -> None:
        with self._calls():
            await self._webhook(reply).edit_message(int(message), view=view)

    async def delete_response(self, reply: InteractionReply, message: str) -> None:
        with self._calls():
            await self._webhook(reply).delete_message(int(message))

    @contextmanager
    def _calls(self, *, has_files: bool = False) -> Iterator[None]:
        if (left := self._banned_until - self._clock.now()) > 0:
            raise TryLater(left)
        try:
            with translated_errors(has_files=has_files):
                yield
        except Banned as ban:
            self._banned_until = self._clock.now() + ban.retry_after
            raise

    @property
    def _client(self) -> DiscordClient:
        if self.client_ref.client is None:
            raise TryLater(NETWORK_PAUSE)
        return self.client_ref.client

    def _message(self, channel: int, message: str) -> PartialMessage:
        return self._client.get_partial_messageable(channel).get_partial_message(int(message))

    def _webhook(self, reply: InteractionReply) -> Webhook:
        webhook = Webhook.partial(reply.application, reply.token, client=self._client)
        webhook.type = (
            WebhookType.application
        )  # the type of an interaction's webhook, which may send ephemeral messages
        return webhook


def _nonce(channel: int, rendered: RenderedMessage, reply_to: str | None) -> str:
    """Equal for equal cards: Discord creates one message per nonce, even if we did not hear that the first attempt
    succeeded. At most 25 characters."""
    identity = f"{channel}:{reply_to}:{rendered.dedup_key}"
    return hashlib.sha256(identity.encode()).hexdigest()[:NONCE_LENGTH]


def _matches(message: Message, rendered: RenderedMessage) -> bool:
    """Whether Discord returned the message we sent, rather than an older one with the same nonce."""
    return message.content.strip() == rendered.text.strip() and len(message.attachments) == len(rendered.attachments)
