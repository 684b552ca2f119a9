"""Chats as people see them: messages with their words, pictures and buttons, changed by a bot's calls."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.bot_api_spec import Uploads

Json = Any
Key = tuple[int, int]  # chat, message


class Trouble(Exception):
    """What the server refuses, as it says it."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status, self.description = status, description


@dataclass(frozen=True)
class Shown:
    """A message as it is seen. `edits` counts its changes, `rows` its buttons as (label, data)."""

    chat: int
    id: int
    text: str = ""
    photo: bytes | None = None
    document: bytes | None = None
    rows: tuple[tuple[tuple[str, str], ...], ...] = ()
    answers: int | None = None
    thread: int | None = None
    by_bot: bool = True
    edits: int = 0
    filename: str = ""

    @property
    def labels(self) -> list[str]:
        return [label for row in self.rows for label, _ in row]

    def data(self, label: str) -> str:
        """What the button that says `label` (or begins or ends so) sends."""
        return next(data for row in self.rows for text, data in row if label in text)

    def as_json(self) -> Json:
        body: Json = {"message_id": self.id, "date": 1_790_000_000, "chat": chat_json(self.chat)}
        if self.thread:
            body |= {"message_thread_id": self.thread, "is_topic_message": True}
        if self.photo is None and self.document is None:
            return body | {"text": self.text}
        if self.photo is not None:
            return body | {"caption": self.text, "photo": photo_json(f"shown-{self.chat}-{self.id}")}
        return body | {"caption": self.text, "document": {"file_id": "sent", "file_unique_id": "usent"}}


def chat_json(chat: int) -> Json:
    if chat > 0:
        return {"id": chat, "type": "private", "first_name": "Somebody"}
    return {"id": chat, "type": "supergroup", "title": "A group"}


def photo_json(file_id: str, size: int = 1000) -> Json:
    """Two sizes, as Telegram makes them, the smaller first."""
    small = {"file_id": f"{file_id}-small", "file_unique_id": f"us{file_id}", "width": 90, "height": 120}
    large = {"file_id": file_id, "file_unique_id": f"u{file_id}", "width": 960, "height": 1280, "file_size": size}
    return [small, large]


@dataclass
class Chats:
    """Every message of every chat. `blocked` chats have shut the bot out; `topics` exist besides General."""

    messages: dict[Key, Shown] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    topics: set[Key] = field(default_factory=set)
    written: dict[Key, Json] = field(default_factory=dict)  # people's messages, as Telegram would quote them
    forms: dict[Key, list[Shown]] = field(default_factory=dict)
    _last: int = 100

    def of_bot(self, chat: int) -> list[Shown]:
        """What the bot shows in a chat now, in order."""
        return [shown for (where, _), shown in sorted(self.messages.items()) if where == chat and shown.by_bot]

    def pictures(self, chat: int) -> list[Shown]:
        return [shown for shown in self.of_bot(chat) if shown.photo is not None]

    def quoted(self, shown: Shown, bot: Json) -> Json:
        """A message as it comes in `reply_to_message`."""
        return self.written.get((shown.chat, shown.id)) or shown.as_json() | {"from": bot}

    def history(self, shown: Shown) -> Iterator[str]:
        """The words of a message through all its changes."""
        return (form.text for form in self.forms[shown.chat, shown.id])

    def new_id(self) -> int:
        self._last += 1
        return self._last

    def add(self, shown: Shown) -> Shown:
        self.messages[shown.chat, shown.id] = shown
        self.forms.setdefault((shown.chat, shown.id), []).append(shown)
        return shown

    def carry_out(self, method: str, params: dict[str, str], uploads: Uploads) -> Shown | bool:
        """Do what a call says. Raises Trouble."""
        chat = int(params["chat_id"])
        if chat in self.blocked:
            raise Trouble(403, "Forbidden: bot was blocked by the user")
        match method:
            case "sendMessage":
                return self._send(chat, params, Shown(chat, 0, params["text"]))
            case "sendPhoto":
                return self._send(chat, params, Shown(chat, 0, params.get("caption", ""), photo=_one(uploads)))
            case "sendDocument":
                return self._send(chat, params, Shown(chat, 0, params.get("caption", ""), document=_one(uploads)))
        shown = self._present(chat, int(params["message_id"]), "delete" if method == "deleteMessage" else "edit")
        if method == "deleteMessage":
            del self.messages[shown.chat, shown.id]
            return True
        return self._edit(shown, self._edited(method, shown, params, uploads))

    def _send(self, chat: int, params: dict[str, str], shown: Shown) -> Shown:
        thread = int(params["message_thread_id"]) if "message_thread_id" in params else None
        if thread is not None and (chat, thread) not in self.topics:
            raise Trouble(400, "Bad Request: message thread not found")
        reply = json.loads(params.get("reply_parameters", "{}"))
        answers = reply.get("message_id")
        if answers is not None and (chat, answers) not in self.messages:
            if not reply.get("allow_sending_without_reply"):
                raise Trouble(400, "Bad Request: message to be replied not found")
            answers = None
        return self.add(replace(shown, id=self.new_id(), rows=_rows(params), answers=answers, thread=thread))

    def _present(self, chat: int, message: int, verb: str) -> Shown:
        shown = self.messages.get((chat, message))
        if shown is None:
            raise Trouble(400, f"Bad Request: message to {verb} not found")
        if not shown.by_bot and verb == "edit":
            raise Trouble(400, "Bad Request: message can't be edited")
        return shown

    @staticmethod
    def _edited(method: str, shown: Shown, params: dict[str, str], uploads: Uploads) -> Shown:
        has_media = shown.photo is not None or shown.document is not None
        match method:
            case "editMessageText" if has_media:
                raise Trouble(400, "Bad Request: there is no text in the message to edit")
            case "editMessageText":
                return replace(shown, text=params["text"], rows=_rows(params))
            case "editMessageCaption":
                return replace(shown, text=params.get("caption", ""), rows=_rows(params))
            case "editMessageReplyMarkup":
                return replace(shown, rows=_rows(params))
            case "editMessageMedia":
                media = json.loads(params["media"])
                kept = {"text": media.get("caption", ""), "rows": _rows(params), "photo": None, "document": None}
                return replace(shown, **(kept | {media["type"]: _one(uploads)}))
        raise Trouble(404, "Not Found: method not found")

    def _edit(self, old: Shown, new: Shown) -> Shown:
        if new == old:
            raise Trouble(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        return self.add(replace(new, edits=old.edits + 1))


def _one(uploads: Uploads) -> bytes:
    if len(uploads) != 1:
        raise Trouble(400, "Bad Request: there is no photo in the request")
    return next(iter(uploads.values()))


def _rows(params: dict[str, str]) -> tuple[tuple[tuple[str, str], ...], ...]:
    keyboard = json.loads(params.get("reply_markup", "{}")).get("inline_keyboard", [])
    return tuple(tuple((button["text"], button["callback_data"]) for button in row) for row in keyboard)
