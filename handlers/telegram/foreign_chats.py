"""Inline messages: the bot's messages in chats where it isn't a member.

They can be edited but not replied to, and they show a picture only by its file id. So a picture is first sent to the
person's private chat with the bot. A bot can't write to people who never started it: then the message says where to
find the picture.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from bot.delivery.fallbacks import HISTORY_PAYLOAD
from bot.i18n import texts_for
from bot.messaging.platform import Address, Button, Card, Chat, Person, Picture, Refusal, Refused, TargetGone
from handlers.telegram import rendering
from handlers.telegram.api_writer import ApiWriter, without_media


class MessageSender(Protocol):
    """Sends and edits within each chat's limits. Raises TryLater or Refused."""

    async def send(self, address: Address, card: Card, *, silent: bool = False) -> str: ...

    async def edit(self, address: Address, card: Card) -> None: ...


@dataclass(frozen=True)
class InlineMessage:
    """One inline message."""

    sender: MessageSender
    writer: ApiWriter
    message_id: str

    async def show(self, address: Address, card: Card) -> str:
        """Show the card in this message. Raises TargetGone for a card that would have to be a reply to it."""
        if address.message_id is None and address.reply_to in {None, "", self.message_id}:
            raise TargetGone(card_only=False)
        if isinstance(card.document, Picture):
            raise Refused(Refusal.FILES)
        target = replace(address, message_id=self.message_id)
        if card.picture is None or card.picture.asset or not rendering.is_photo(card):
            await self.sender.edit(target, without_media(card))
        elif await self._has_file(address.person, card):
            await self.sender.edit(target, card)
        else:
            await self.sender.edit(target, self._fallback_card(address.person, card))
        return self.message_id

    async def _has_file(self, person: Person | None, card: Card) -> bool:
        """Whether Telegram has the picture as a file; if not, it is sent to the person's private chat first."""
        job = None if card.picture is None else card.picture.job
        if job is None or person is None:
            return False
        if await self.writer.chat_state.get(job) is None:
            try:
                await self.sender.send(Address(Chat(person.platform, person.platform_id)), card, silent=True)
            except Refused:
                return False
        return await self.writer.chat_state.get(job) is not None

    def _fallback_card(self, person: Person | None, card: Card) -> Card:
        """Says where to find the picture, for a person who never started the bot."""
        texts = texts_for(person.language if person else "en")
        text = texts.gettext(
            "The picture is ready. To see it, send me a message first: I can't show it here until you have."
        )
        return Card(f"{card.text}\n{text}", ((Button(texts.gettext("Open"), start=HISTORY_PAYLOAD),),))
