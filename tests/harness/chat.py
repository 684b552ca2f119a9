"""Chats on an in-memory platform: people send messages and press buttons; the platform keeps the cards shown.
Everything below the platform is real (`tests.harness.app`).

    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
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
from bot.domain.error_codes import ErrorCode, UserError
from bot.messaging.incoming import Attachment, ButtonPress, CallbackAnswer, IncomingMessage
from bot.messaging.platform import DEFAULT_CAPABILITIES, Address, Capabilities, Card, Chat, Person
from bot.services import Conversation, open_conversation
from tests.harness.app import running_app

US = "repaint_test_bot"
GROUP = Chat("test", "group", is_group=True)
TIMEOUT_SECONDS = 60.0  # seconds

_numbers = count(1)


@dataclass
class ChatPlatform:
    """A platform in memory. `cards`: the current cards, `chats` their chats and `answers` what they reply to, all by
    message id."""

    name: str = "test"
    capabilities: Capabilities = DEFAULT_CAPABILITIES
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
        """Wait until `wanted()` is true; it is checked after every card. Raises TimeoutError."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while not wanted():
                self._changed.clear()
                await self._changed.wait()


@dataclass(frozen=True)
class ChatUser:
    """A person in their private chat or in a group."""

    harness: "ChatHarness"
    person: Person
    chat: Chat
    is_admin: bool = False

    @property
    def cards(self) -> list[Card]:
        """The cards of this chat: job cards and answers."""
        platform = self.harness.platform
        return [card for message, card in platform.cards.items() if platform.chats[message] == self.chat]

    async def says(self, text: str, **how: Any) -> Card | None:
        """Send a message and show its answer in the chat. `how`: fields of `IncomingMessage`."""
        number = str(next(_numbers))
        how = {"addressed": not self.chat.is_group, "source": f"test:{number}", "message_id": number, **how}
        message = IncomingMessage(self.person, self.chat, text=text, is_admin=self.admin, **how)
        card = await self.harness.conversation.messages.answer(message)
        if card is not None:
            await self.harness.platform.show(*(card.replaces or (Address(self.chat, reply_to=number), card)))
        return card

    async def sends(self, photo: bytes, text: str = "", **how: Any) -> Card | None:
        return await self.says(text, attachments=(file(photo),), **how)

    async def presses(self, card: Card, label: str) -> CallbackAnswer:
        """Press the button with `label` on a card, and apply the answer."""
        button = next(button for button in chain(*card.buttons) if label in button.label)
        return await self.presses_data(card, button.data)

    async def presses_data(self, card: Card, data: str) -> CallbackAnswer:
        platform = self.harness.platform
        message_id = next((message for message, shown in platform.cards.items() if shown is card), "gone")
        source = f"test:press:{next(_numbers)}"
        pressed = ButtonPress(self.person, self.chat, data, source, message_id, is_admin=self.admin)
        answer = await self.harness.conversation.buttons.press(pressed)
        here = Address(self.chat, message_id=message_id)
        if answer.remove:
            await platform.remove(here, answer.notice)
        elif answer.edit is not None:
            await platform.show(here, answer.edit)
        elif answer.rows is not None:
            await platform.show(here, replace(card, buttons=answer.rows))
        elif answer.card is not None:
            await platform.show(Address(self.chat, reply_to=message_id), answer.card)
        return answer

    async def sees(self, text: str) -> Card:
        """Wait for a card here that contains `text`; returns the newest one."""
        await self.harness.platform.until(lambda: any(text in card.text for card in self.cards))
        return [card for card in self.cards if text in card.text][-1]

    async def picture(self, nth: int = 1) -> Card:
        """Wait for the nth picture (from 1) shown here."""
        await self.harness.platform.until(lambda: len(self.pictures) >= nth)
        return self.pictures[nth - 1]

    @property
    def pictures(self) -> list[Card]:
        return [card for card in self.cards if card.picture is not None]

    async def admin(self) -> bool:
        return self.is_admin


@dataclass(frozen=True)
class ChatHarness:
    """The app, its platform, and the routers that answer."""

    app: Installation
    platform: ChatPlatform
    conversation: Conversation

    def person(self, name: str, language: str = "en") -> ChatUser:
        """A person in their private chat."""
        return ChatUser(self, Person("test", name, language), Chat("test", name))

    def member(self, name: str, language: str = "en", *, admin: bool = False) -> ChatUser:
        """A person in the group."""
        return ChatUser(self, Person("test", name, language), GROUP, is_admin=admin)


@asynccontextmanager
async def chat_harness(data_dir: Path, **options: Any) -> AsyncIterator[ChatHarness]:
    """The running app with its chat platform; keywords as for `running_app`."""
    platform = ChatPlatform()
    async with running_app(data_dir, platforms=[platform], **options) as app:
        conversation = open_conversation(app.services, US, link=link, randbelow=lambda _: 0)
        yield ChatHarness(app, platform, conversation)


def link(payload: str) -> str:
    return f"https://chat.example/{US}?start={payload}"


def file(data: bytes, owner: Person | None = None, message: str = "") -> Attachment:
    """A photo as a message's attachment; `owner` is whose profile photo it is, if any."""

    async def read() -> bytes | UserError:
        return data

    return Attachment(message or f"photo{next(_numbers)}", len(data), is_picture=True, read=read, owner=owner)


def hidden_photo() -> Attachment:
    """A profile photo that can't be seen."""

    async def read() -> bytes | UserError:
        return UserError(ErrorCode.PHOTO_MISSING)

    return Attachment("", None, is_picture=True, read=read)


def said(card: Card | None) -> Card:
    """The answer, which must not be None."""
    assert card is not None
    return card


def labels(card: Card) -> list[str]:
    return [button.label for button in chain(*card.buttons)]
