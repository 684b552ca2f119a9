"""People who write to the bot: their actions become updates as Telegram would send them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.messaging.platform import Person
from tests.fakes.telegram_api.chats import ChatMessage, chat_json, photo_json
from tests.fakes.telegram_api.server import ME, BotApi

Json = Any
NOW = 1_790_000_000


@dataclass(frozen=True)
class ChatUser:
    """A person in one chat: their private chat, or a group if `chat` is negative. `thread` is a forum's topic."""

    api: BotApi
    id: int
    chat: int
    language: str = "en"
    thread: int | None = None

    @property
    def person(self) -> Person:
        """The same person in the core's terms."""
        return Person("telegram", str(self.id), self.language)

    @property
    def sees(self) -> list[ChatMessage]:
        """The bot's messages in this chat as they are now."""
        return self.api.chats.bot_messages(self.chat)

    @property
    def last(self) -> ChatMessage:
        """The newest message in this chat, whoever wrote it."""
        return max(
            (message for (chat, _), message in self.api.chats.messages.items() if chat == self.chat),
            key=lambda message: message.id,
        )

    @property
    def pictures(self) -> list[ChatMessage]:
        return self.api.chats.pictures(self.chat)

    async def says(self, text: str, reply_to: ChatMessage | None = None) -> Json:
        return await self._writes({"text": text}, reply_to)

    async def sends(self, photo: bytes, caption: str = "", reply_to: ChatMessage | None = None, **more: Json) -> Json:
        """Send a photo, as Telegram's clients compress it. `more`: other fields of the message."""
        return await self._writes(self.photo_body(photo) | _caption(caption) | more, reply_to)

    async def sends_file(self, data: bytes, name: str, mime: str, caption: str = "", size: int | None = None) -> Json:
        """Send an uncompressed file. `size` is the size that Telegram reports, by default the real one."""
        file: Json = {"file_id": self.add_file(data), "file_unique_id": "udoc", "file_name": name, "mime_type": mime}
        file["file_size"] = len(data) if size is None else size
        return await self._writes({"document": file} | _caption(caption), None)

    async def sends_album(self, photos: Sequence[bytes], caption: str = "") -> list[Json]:
        """Send several photos at once: one update each, with the caption on the first."""
        group = f"album-{self.api.chats.new_id()}"
        return [
            await self._writes(
                self.photo_body(photo) | {"media_group_id": group} | _caption("" if index else caption), None
            )
            for index, photo in enumerate(photos)
        ]

    async def posts(self, body: Json) -> Json:
        """Send any other message."""
        return await self._writes(body, None)

    async def presses(self, message: ChatMessage, label: str) -> str:
        """Press a button; returns the id of the callback query, by which its answer is found in `api.notices`."""
        return await self.presses_data(message, message.data(label))

    async def presses_data(self, message: ChatMessage, data: str) -> str:
        query = f"query-{self.api.chats.new_id()}"
        body = {"id": query, "from": self.user(), "chat_instance": "1", "data": data}
        if message.inline_message_id:
            body["inline_message_id"] = message.inline_message_id
        else:
            body["message"] = message.as_json() | {"from": ME, "chat": chat_json(message.chat)}
        await self.api.push({"callback_query": body})
        return query

    async def notice(self, query: str) -> str:
        """The text with which a callback query was answered."""
        await self.api.until(lambda: query in self.api.notices)
        return self.api.notices[query].get("text", "")

    async def _writes(self, body: Json, reply_to: ChatMessage | None) -> Json:
        chats = self.api.chats
        text = body.get("text", body.get("caption", ""))
        stored = chats.add(ChatMessage(self.chat, chats.new_id(), text, from_bot=False, thread=self.thread))
        message = {"message_id": stored.id, "date": NOW, "chat": chat_json(self.chat), "from": self.user(), **body}
        if self.thread:
            message |= {"message_thread_id": self.thread, "is_topic_message": True}
        if reply_to:
            message["reply_to_message"] = chats.quoted(reply_to, ME)
        chats.user_messages[stored.chat, stored.id] = message
        return await self.api.push({"message": message})

    def photo_body(self, photo: bytes) -> Json:
        """The fields of a message with this photo."""
        return {"photo": photo_json(self.add_file(photo), len(photo))}

    def add_file(self, data: bytes) -> str:
        """Store a file on the server; returns its id."""
        file_id = f"file-{len(self.api.files)}"
        self.api.files[file_id] = data
        return file_id

    def user(self) -> Json:
        """The person as a User object of the Bot API."""
        return {"id": self.id, "is_bot": False, "first_name": f"Person {self.id}", "language_code": self.language}


def _caption(caption: str) -> Json:
    return {"caption": caption} if caption else {}
