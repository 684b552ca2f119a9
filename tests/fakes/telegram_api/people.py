"""People who write to the bot: what they do becomes an update, as Telegram would send it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.messaging.platform import Person
from tests.fakes.telegram_api.chats import Shown, chat_json, photo_json
from tests.fakes.telegram_api.server import ME, BotApi

Json = Any
NOW = 1_790_000_000


@dataclass(frozen=True)
class Someone:
    """A person in one chat: their private one, or a group when `chat` is negative. `thread` is a forum's topic."""

    api: BotApi
    id: int
    chat: int
    language: str = "en"
    thread: int | None = None

    @property
    def person(self) -> Person:
        """The same person, as the core knows them."""
        return Person("telegram", str(self.id), self.language)

    @property
    def sees(self) -> list[Shown]:
        """The bot's messages here, as they are now."""
        return self.api.chats.of_bot(self.chat)

    @property
    def last(self) -> Shown:
        """The newest message here, whoever wrote it."""
        return max(
            (shown for (chat, _), shown in self.api.chats.messages.items() if chat == self.chat),
            key=lambda shown: shown.id,
        )

    @property
    def pictures(self) -> list[Shown]:
        return self.api.chats.pictures(self.chat)

    async def says(self, text: str, answering: Shown | None = None) -> Json:
        return await self._writes({"text": text}, answering)

    async def sends(self, photo: bytes, caption: str = "", answering: Shown | None = None, **more: Json) -> Json:
        """A photo, as Telegram's clients compress it. `more`: other fields of the message."""
        return await self._writes(self.photo_body(photo) | _caption(caption) | more, answering)

    async def sends_file(self, data: bytes, name: str, mime: str, caption: str = "", size: int | None = None) -> Json:
        """A file, untouched. `size` is what Telegram says of it, the truth by default."""
        file: Json = {"file_id": self.keeps(data), "file_unique_id": "udoc", "file_name": name, "mime_type": mime}
        file["file_size"] = len(data) if size is None else size
        return await self._writes({"document": file} | _caption(caption), None)

    async def sends_album(self, photos: Sequence[bytes], caption: str = "") -> list[Json]:
        """Several photos at once: an update each, one group; the caption hangs on the first."""
        group = f"album-{self.api.chats.new_id()}"
        return [
            await self._writes(
                self.photo_body(photo) | {"media_group_id": group} | _caption("" if at else caption), None
            )
            for at, photo in enumerate(photos)
        ]

    async def posts(self, body: Json) -> Json:
        """Any other message."""
        return await self._writes(body, None)

    async def presses(self, shown: Shown, label: str) -> str:
        """Taps a button; returns the id under which the notice will be found in `api.notices`."""
        return await self.presses_data(shown, shown.data(label))

    async def presses_data(self, shown: Shown, data: str) -> str:
        query = f"query-{self.api.chats.new_id()}"
        body = {"id": query, "from": self.user(), "chat_instance": "1", "data": data}
        if shown.inline:
            body["inline_message_id"] = shown.inline
        else:
            body["message"] = shown.as_json() | {"from": ME, "chat": chat_json(shown.chat)}
        await self.api.push({"callback_query": body})
        return query

    async def notice(self, query: str) -> str:
        """The notice that a press was answered with."""
        await self.api.until(lambda: query in self.api.notices)
        return self.api.notices[query].get("text", "")

    async def _writes(self, body: Json, answering: Shown | None) -> Json:
        chats = self.api.chats
        words = body.get("text", body.get("caption", ""))
        shown = chats.add(Shown(self.chat, chats.new_id(), words, by_bot=False, thread=self.thread))
        message = {"message_id": shown.id, "date": NOW, "chat": chat_json(self.chat), "from": self.user(), **body}
        if self.thread:
            message |= {"message_thread_id": self.thread, "is_topic_message": True}
        if answering:
            message["reply_to_message"] = chats.quoted(answering, ME)
        chats.written[shown.chat, shown.id] = message
        return await self.api.push({"message": message})

    def photo_body(self, photo: bytes) -> Json:
        """A photo in a message."""
        return {"photo": photo_json(self.keeps(photo), len(photo))}

    def keeps(self, data: bytes) -> str:
        """The id of a new file at Telegram."""
        file_id = f"file-{len(self.api.files)}"
        self.api.files[file_id] = data
        return file_id

    def user(self) -> Json:
        """The person, as Telegram tells of them."""
        return {"id": self.id, "is_bot": False, "first_name": f"Person {self.id}", "language_code": self.language}


def _caption(caption: str) -> Json:
    return {"caption": caption} if caption else {}
