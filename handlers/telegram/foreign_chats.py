"""Our message in a chat that we are no member of: it can be changed, never answered, and takes pictures only by file.

So a picture goes to its person's own chat with us first, and from there by its file. Who never wrote to us can't be
written to: then the message says where the picture is.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from bot.i18n import texts_for
from bot.messaging.platform import Address, Button, Card, Chat, Person, TargetGone
from handlers.telegram import rendering
from handlers.telegram.api_writer import Pen, without_picture

HISTORY = "history"  # what the link asks us to start with


class Hand(Protocol):
    """Moves the pen at each chat's pace. Raises NotNow or TargetGone."""

    async def send(self, address: Address, card: Card, *, quietly: bool = False) -> str: ...

    async def change(self, address: Address, card: Card) -> None: ...


@dataclass(frozen=True)
class FarAway:
    """One such message, by the id that Telegram gave it."""

    hand: Hand
    pen: Pen
    message: str

    async def show(self, address: Address, card: Card) -> str:
        """The message becomes this card. Raises TargetGone for a card that would be an answer to it."""
        if address.message_id is None and address.reply_to in {None, "", self.message}:
            raise TargetGone(card_only=False)
        here = replace(address, message_id=self.message)
        if card.picture is None or not rendering.is_photo(card):
            await self.hand.change(here, without_picture(card))
        elif await self._is_known(address.person, card):
            await self.hand.change(here, card)
        else:
            await self.hand.change(here, self._elsewhere(address.person, card))
        return self.message

    async def _is_known(self, person: Person | None, card: Card) -> bool:
        """Whether Telegram has the picture as a file; it is sent to its person's own chat for that."""
        job = None if card.picture is None else card.picture.job
        if job is None or person is None:
            return False
        if await self.pen.memory.file(job) is None:
            try:
                await self.hand.send(Address(Chat(person.platform, person.platform_id)), card, quietly=True)
            except TargetGone:
                return False
        return await self.pen.memory.file(job) is not None

    def _elsewhere(self, person: Person | None, card: Card) -> Card:
        """Where the picture is, for somebody who never wrote to us."""
        texts = texts_for(person.language if person else "en")
        words = texts.gettext("The picture is ready. Write to me to see it: I can't show it here before you have.")
        username = self.pen.us.username if self.pen.us else None
        link = f"https://t.me/{username}?start={HISTORY}" if username else None
        buttons = ((Button(texts.gettext("Open"), link=link),),) if link else ()
        return Card(f"{card.text}\n{words}", buttons)
