"""Writes and changes messages: one call each, by our own right in a channel, or by that of an interaction.

Raises TryLater, Gone, TooLate or TooBig.
"""

import hashlib
from typing import TYPE_CHECKING, Any

from discord import File, Message, MessageReference, Object, PartialMessage, Webhook, WebhookType
from discord.ui import View

from bot.messaging.platform import TryLater
from handlers.discord.client import Line, Wire
from handlers.discord.errors import NETWORK_PAUSE, translated
from handlers.discord.interaction_replies import Reply
from handlers.discord.rendering import Drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

NONCE_LETTERS = 25
MOST_CALLED = 10_000


class Pen:
    """`line` may be away: then patience is asked for."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._private: dict[int, int] = {}  # channels by person
        self._called: set[str] = set()  # the cards on which somebody was

    def calls_first(self, drawn: Drawn, card: str) -> bool:
        """Whether this card calls somebody for the first time. Discord tells people of a mention in a new message, not
        in one that was changed: so there has to be one, once."""
        if not drawn.call or card in self._called:
            return False
        if len(self._called) >= MOST_CALLED:
            self._called.clear()
        self._called.add(card)
        return True

    async def private_channel(self, user: int) -> int:
        """The channel of a person's private chat with us."""
        if user not in self._private:
            with translated():
                self._private[user] = (await self._client.create_dm(Object(user))).id
        return self._private[user]

    async def write(self, channel: int, drawn: Drawn, answers: str | None) -> str:
        """A new message; `answers`: the id of the message that it is an answer to, if that is still there."""
        reference = None
        if answers is not None:
            reference = MessageReference(message_id=int(answers), channel_id=channel, fail_if_not_exists=False)
        optional: dict[str, Any] = {"reference": reference, "view": drawn.view}
        with translated():
            message = await self._client.get_partial_messageable(channel).send(
                drawn.text or None,
                files=drawn.files,
                nonce=_nonce(channel, drawn, answers),
                allowed_mentions=drawn.mentions,
                **{name: value for name, value in optional.items() if value is not None},
            )
        if not _says(message, drawn):
            await self.change(channel, str(message.id), drawn)
        return str(message.id)

    async def change(self, channel: int, message: str, drawn: Drawn) -> None:
        """The message becomes this card."""
        with translated():
            await self._message(channel, message).edit(
                content=drawn.text or None,
                attachments=drawn.files,
                view=drawn.view,
                allowed_mentions=drawn.mentions,
            )

    async def set_view(self, channel: int, message: str, view: View | None) -> None:
        """Only the buttons."""
        with translated():
            await self._message(channel, message).edit(view=view)

    async def remove(self, channel: int, message: str) -> None:
        with translated():
            await self._message(channel, message).delete()

    async def follow_up(self, reply: Reply, drawn: Drawn) -> str:
        """One more message of an interaction."""
        files: Sequence[File] = drawn.files
        optional: dict[str, Any] = {} if drawn.view is None else {"view": drawn.view}
        with translated():
            message = await self._webhook(reply).send(
                drawn.text,
                files=files,
                ephemeral=reply.unseen,
                allowed_mentions=drawn.mentions,
                wait=True,
                **optional,
            )
        return str(message.id)

    async def change_reply(self, reply: Reply, message: str, drawn: Drawn) -> None:
        """A message of an interaction becomes this card."""
        with translated():
            await self._webhook(reply).edit_message(
                int(message),
                content=drawn.text or None,
                attachments=drawn.files,
                view=drawn.view,
                allowed_mentions=drawn.mentions,
            )

    async def set_reply_view(self, reply: Reply, message: str, view: View | None) -> None:
        with translated():
            await self._webhook(reply).edit_message(int(message), view=view)

    async def remove_reply(self, reply: Reply, message: str) -> None:
        with translated():
            await self._webhook(reply).delete_message(int(message))

    @property
    def _client(self) -> Wire:
        if self.line.client is None:
            raise TryLater(NETWORK_PAUSE)
        return self.line.client

    def _message(self, channel: int, message: str) -> PartialMessage:
        return self._client.get_partial_messageable(channel).get_partial_message(int(message))

    def _webhook(self, reply: Reply) -> Webhook:
        webhook = Webhook.partial(reply.application, reply.token, client=self._client)
        webhook.type = WebhookType.application  # an interaction's, which may say what only one person sees
        return webhook


def _nonce(channel: int, drawn: Drawn, answers: str | None) -> str:
    """The same for the same card: Discord takes it once, also when we didn't hear that it was taken."""
    said = f"{channel}:{answers}:{drawn.about}"
    return hashlib.sha256(said.encode()).hexdigest()[:NONCE_LETTERS]


def _says(message: Message, drawn: Drawn) -> bool:
    """Whether this is what was sent, and not what was sent before and has been overtaken."""
    return message.content.strip() == drawn.text.strip() and len(message.attachments) == len(drawn.attached)
