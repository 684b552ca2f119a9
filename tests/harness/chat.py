"""A chat without a messenger: people write and press, the courier shows cards on a wall, the core answers. Everything
below the platform is real (`tests.harness.app`).

    async with parlour(tmp_path) as room:
        anna = room.person("anna")
        await anna.sends(portrait_jpeg(), "/style 0")
        card = await anna.picture()
        answer = await anna.presses(card, "As file")
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from bot.app import Installation
from bot.conversation.buttons import ButtonPress, ButtonRouter, CallbackAnswer
from bot.conversation.messages import MessageRouter
from bot.domain.job_view import ErrorCode, UserError
from bot.messaging.incoming import Attachment, IncomingMessage
from bot.messaging.platform import Address, Card, Chat, Person
from tests.harness.app import house

US = "repaint_test_bot"
GROUP = Chat("test", "group", is_group=True)
PATIENCE = 60.0  # seconds

_numbers = count(1)


@dataclass
class Wall:
    """The platform: where every card hangs, by message id, with all that it has shown."""

    name: str = "test"
    cards: dict[str, Card] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict)
    answers: dict[str, str | None] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def show(self, address: Address, card: Card) -> str:
        message_id = address.message_id or f"m{next(_numbers)}"
        self.cards[message_id] = card
        self.chats[message_id] = address.chat
        self.answers.setdefault(message_id, address.reply_to)
        self._changed.set()
        return message_id

    async def remove(self, address: Address, instead: str) -> None:
        self.cards.pop(address.message_id or "", None)

    async def until(self, wanted: Callable[[], Any]) -> None:
        """Wait until `wanted` is true after some card was shown."""
        async with asyncio.timeout(PATIENCE):
            while not wanted():
                self._changed.clear()
                await self._changed.wait()


@dataclass(frozen=True)
class Guest:
    """Somebody in a chat: their own, or a group."""

    room: "Parlour"
    person: Person
    chat: Chat
    is_admin: bool = False

    @property
    def cards(self) -> list[Card]:
        """The cards of jobs that hang in this chat, and what was said."""
        wall = self.room.wall
        return [card for message, card in wall.cards.items() if wall.chats[message] == self.chat]

    async def says(self, words: str, **how: Any) -> Card | None:
        """Writes; the answer hangs on the wall too."""
        number = str(next(_numbers))
        how = {"addressed": not self.chat.is_group, "source": f"test:{number}", "message_id": number, **how}
        message = IncomingMessage(self.person, self.chat, text=words, is_admin=self.admin, **how)
        card = await self.room.conversation.answer(message)
        if card is not None:
            await self.room.wall.show(Address(self.chat, reply_to=number), card)
        return card

    async def sends(self, photo: bytes, words: str = "", **how: Any) -> Card | None:
        return await self.says(words, attachments=(file(photo),), **how)

    async def presses(self, card: Card, label: str) -> CallbackAnswer:
        """Taps the button with `label` on a card that hangs on the wall, and carries the answer out."""
        button = next(button for button in chain(*card.buttons) if label in button.label)
        return await self.presses_data(card, button.data)

    async def presses_data(self, card: Card, data: str) -> CallbackAnswer:
        wall = self.room.wall
        message_id = next((message for message, shown in wall.cards.items() if shown is card), "gone")
        source = f"test:press:{next(_numbers)}"
        pressed = ButtonPress(self.person, self.chat, data, source, message_id, is_admin=self.admin)
        answer = await self.room.presses.press(pressed)
        here = Address(self.chat, message_id=message_id)
        if answer.remove:
            await wall.remove(here, answer.notice)
        elif answer.edit is not None:
            await wall.show(here, answer.edit)
        elif answer.rows is not None:
            await wall.show(here, replace(card, buttons=answer.rows))
        elif answer.card is not None:
            await wall.show(Address(self.chat, reply_to=message_id), answer.card)
        return answer

    async def sees(self, words: str) -> Card:
        """The newest card here that says so, once there is one."""
        await self.room.wall.until(lambda: any(words in card.text for card in self.cards))
        return [card for card in self.cards if words in card.text][-1]

    async def picture(self, nth: int = 1) -> Card:
        """The nth picture that was shown here."""
        await self.room.wall.until(lambda: len(self.pictures) >= nth)
        return self.pictures[nth - 1]

    @property
    def pictures(self) -> list[Card]:
        return [card for card in self.cards if card.picture is not None]

    async def admin(self) -> bool:
        return self.is_admin


@dataclass(frozen=True)
class Parlour:
    """The inside, the wall, and who answers."""

    parts: Installation
    wall: Wall
    conversation: MessageRouter
    presses: ButtonRouter

    def person(self, name: str, language: str = "en") -> Guest:
        """Somebody in their own chat."""
        return Guest(self, Person("test", name, language), Chat("test", name))

    def member(self, name: str, language: str = "en", *, admin: bool = False) -> Guest:
        """Somebody in the group."""
        return Guest(self, Person("test", name, language), GROUP, is_admin=admin)


@asynccontextmanager
async def parlour(data_dir: Path, **options: Any) -> AsyncIterator[Parlour]:
    """Everything at work until the block ends; keywords as for `house`."""
    wall = Wall()
    async with house(data_dir, platforms=[wall], **options) as parts:
        now = parts.job_service.clock.now
        conversation = MessageRouter(parts.services, US, now, link=link)
        yield Parlour(parts, wall, conversation, ButtonRouter(parts.services, now, link=link, dice=lambda _: 0))


def link(payload: str) -> str:
    return f"https://chat.example/{US}?start={payload}"


def file(data: bytes, owner: Person | None = None, message: str = "") -> Attachment:
    """A photo, as it hangs on a message; of `owner`, when it is somebody's."""

    async def read() -> bytes | UserError:
        return data

    return Attachment(message or f"photo{next(_numbers)}", len(data), is_picture=True, read=read, owner=owner)


def nothing() -> Attachment:
    """A profile photo that is hidden."""

    async def read() -> bytes | UserError:
        return UserError(ErrorCode.PHOTO_MISSING)

    return Attachment("", None, is_picture=True, read=read)


def said(card: Card | None) -> Card:
    """The answer, which there must be."""
    assert card is not None
    return card


def labels(card: Card) -> list[str]:
    return [button.label for button in chain(*card.buttons)]
