"""Chats as people see them: messages with text, media and buttons, changed by the bot's calls."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bot.messaging.style_samples import is_sample_sheet
from tests.fakes.telegram_api.spec import Uploads

Json = Any
Key = tuple[int, int]  # chat id, message id


class ApiError(Exception):
    """An error response."""

    def __init__(self, status: int, description: str, parameters: Json = None) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


@dataclass(frozen=True)
class ChatMessage:
    """A message as people see it.

    `edits` counts its changes. `rows` are its buttons as (label, value), where the value is the callback data, the URL
    or the inline query. `invoice` holds the parameters of sendInvoice.
    """

    chat: int
    id: int
    text: str = ""
    photo: bytes | None = None
    document: bytes | None = None
    rows: tuple[tuple[tuple[str, str], ...], ...] = ()
    reply_to: int | None = None
    thread: int | None = None
    from_bot: bool = True
    edits: int = 0
    filename: str = ""
    spoiler: bool = False
    silent: bool = False
    invoice: Json = None
    inline_message_id: str = ""  # of a message in a chat where the bot isn't a member

    @property
    def file_id(self) -> str:
        """The id by which its photo can be sent again."""
        return f"shown-{self.chat}-{self.id}-{self.edits}"

    @property
    def labels(self) -> list[str]:
        return [label for row in self.rows for label, _ in row]

    def data(self, label: str) -> str:
        """The value of the first button whose label contains `label`."""
        return next(data for row in self.rows for text, data in row if label in text)

    def as_json(self) -> Json:
        body: Json = {"message_id": self.id, "date": 1_790_000_000, "chat": chat_json(self.chat)}
        if self.thread:
            body |= {"message_thread_id": self.thread, "is_topic_message": True}
        if self.spoiler:
            body |= {"has_media_spoiler": True}
        if self.photo is None and self.document is None:
            return body | ({"text": self.text} if self.invoice is None else {"invoice": _invoice_json(self.invoice)})
        if self.photo is not None:
            return body | {"caption": self.text, "photo": photo_json(self.file_id)}
        return body | {"caption": self.text, "document": {"file_id": "sent", "file_unique_id": "usent"}}


def _invoice_json(invoice: Json) -> Json:
    """An invoice as it appears in a Message."""
    fields = {name: invoice[name] for name in ("title", "description", "currency")}
    return fields | {"start_parameter": "", "total_amount": json.loads(invoice["prices"])[0]["amount"]}


def chat_json(chat: int) -> Json:
    if chat > 0:
        return {"id": chat, "type": "private", "first_name": "Somebody"}
    return {"id": chat, "type": "supergroup", "title": "A group"}


def photo_json(file_id: str, size: int = 1000) -> Json:
    """Two sizes, as Telegram makes them, the smaller one first."""
    small = {"file_id": f"{file_id}-small", "file_unique_id": f"us{file_id}", "width": 90, "height": 120}
    large = {"file_id": file_id, "file_unique_id": f"u{file_id}", "width": 960, "height": 1280, "file_size": size}
    return [small, large]


@dataclass
class Chats:
    """All messages of all chats.

    `blocked` chats have blocked the bot, `never_started` ones never started it. `topics` exist besides General.
    `migrated` maps old chat ids to new ones. `inline_messages` are in chats where the bot isn't a member.
    """

    messages: dict[Key, ChatMessage] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    topics: set[Key] = field(default_factory=set)
    user_messages: dict[Key, Json] = field(default_factory=dict)  # people's messages as Message objects
    versions: dict[Key, list[ChatMessage]] = field(default_factory=dict)
    never_started: set[int] = field(default_factory=set)
    migrated: dict[int, int] = field(default_factory=dict)
    inline_messages: dict[str, ChatMessage] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    _last: int = 100

    def bot_messages(self, chat: int) -> list[ChatMessage]:
        """The bot's messages in a chat as they are now, in order."""
        return [message for (at, _), message in sorted(self.messages.items()) if at == chat and message.from_bot]

    def pictures(self, chat: int) -> list[ChatMessage]:
        """The bot's messages that show a photo, other than the samples that come with a question."""
        return [message for message in self.bot_messages(chat) if message.photo and not is_sample_sheet(message.photo)]

    def quoted(self, message: ChatMessage, bot: Json) -> Json:
        """A message as it appears in `reply_to_message`."""
        return self.user_messages.get((message.chat, message.id)) or message.as_json() | {"from": bot}

    def history(self, message: ChatMessage) -> Iterator[str]:
        """The text of a message in all its versions."""
        return (version.text for version in self.versions[message.chat, message.id])

    def new_id(self) -> int:
        self._last += 1
        return self._last

    def add(self, message: ChatMessage) -> ChatMessage:
        self.messages[message.chat, message.id] = message
        if message.photo is not None:
            self.files[message.file_id] = message.photo
        self.versions.setdefault((message.chat, message.id), []).append(message)
        return message

    def execute(self, method: str, params: dict[str, str], uploads: Uploads) -> ChatMessage | list[ChatMessage] | bool:
        """Carry out a call. Raises ApiError."""
        if "inline_message_id" in params:
            return self._edit_inline(method, params)
        chat = int(params["chat_id"])
        if chat in self.migrated:
            new = {"migrate_to_chat_id": self.migrated[chat]}
            raise ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", new)
        if chat in self.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat in self.never_started:
            raise ApiError(400, "Bad Request: chat not found")
        match method:
            case "sendMessage":
                return self._send(chat, params, ChatMessage(chat, 0, params["text"]))
            case "sendPhoto":
                photo = self._photo(params.get("photo", ""), uploads)
                return self._send(chat, params, ChatMessage(chat, 0, params.get("caption", ""), photo=photo))
            case "sendDocument":
                document = _only_upload(uploads)
                return self._send(chat, params, ChatMessage(chat, 0, params.get("caption", ""), document=document))
            case "sendMediaGroup":
                return self._send_album(chat, params, uploads)
            case "sendInvoice":
                invoice = {name: params[name] for name in ("title", "description", "payload", "currency", "prices")}
                return self._send(chat, params, ChatMessage(chat, 0, params["title"], invoice=invoice))
        message = self._find(chat, int(params["message_id"]), "delete" if method == "deleteMessage" else "edit")
        if method == "deleteMessage":
            del self.messages[message.chat, message.id]
            return True
        return self._store_edit(message, self._apply_edit(method, message, params, uploads))

    def _edit_inline(self, method: str, params: dict[str, str]) -> bool:
        """Edit an inline message, which shows a photo only by its file id."""
        old = self.inline_messages.get(params["inline_message_id"])
        if old is None:
            raise ApiError(400, "Bad Request: MESSAGE_ID_INVALID")
        new = self._apply_edit(method, old, params, {})
        if new == old:
            raise ApiError(400, "Bad Request: message is not modified")
        self.inline_messages[old.inline_message_id] = replace(new, edits=old.edits + 1)
        self.versions.setdefault((0, old.id), [old]).append(self.inline_messages[old.inline_message_id])
        return True

    def _photo(self, file_id: str, uploads: Uploads) -> bytes:
        """The photo of a call: uploaded, or known by its file id."""
        if uploads:
            return _only_upload(uploads)
        if file_id not in self.files:
            raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
        return self.files[file_id]

    def _send(self, chat: int, params: dict[str, str], message: ChatMessage) -> ChatMessage:
        thread = int(params["message_thread_id"]) if "message_thread_id" in params else None
        if thread is not None and (chat, thread) not in self.topics:
            raise ApiError(400, "Bad Request: message thread not found")
        reply = json.loads(params.get("reply_parameters", "{}"))
        reply_to = reply.get("message_id")
        if reply_to is not None and (chat, reply_to) not in self.messages:
            if not reply.get("allow_sending_without_reply"):
                raise ApiError(400, "Bad Request: message to be replied not found")
            reply_to = None
        sent = replace(
            message,
            id=self.new_id(),
            rows=_button_rows(params),
            reply_to=reply_to,
            thread=thread,
            spoiler=params.get("has_spoiler") == "true",
            silent=params.get("disable_notification") == "true",
        )
        return self.add(sent)

    def _send_album(self, chat: int, params: dict[str, str], uploads: Uploads) -> list[ChatMessage]:
        """Send a message for each item."""
        sent = []
        for item in json.loads(params["media"]):
            name = item["media"].removeprefix("attach://")
            data = self._photo(item["media"], {name: uploads[name]} if name in uploads else {})
            media: Json = {item["type"]: data}
            message = ChatMessage(chat, 0, item.get("caption", ""), **media)
            spoiler = {"has_spoiler": "true"} if item.get("has_spoiler") else {}
            sent.append(self._send(chat, params | spoiler, message))
        return sent

    def _find(self, chat: int, message_id: int, verb: str) -> ChatMessage:
        message = self.messages.get((chat, message_id))
        if message is None:
            raise ApiError(400, f"Bad Request: message to {verb} not found")
        if not message.from_bot and verb == "edit":
            raise ApiError(400, "Bad Request: message can't be edited")
        return message

    def _apply_edit(self, method: str, message: ChatMessage, params: dict[str, str], uploads: Uploads) -> ChatMessage:
        has_media = message.photo is not None or message.document is not None
        match method:
            case "editMessageText" if has_media:
                raise ApiError(400, "Bad Request: there is no text in the message to edit")
            case "editMessageText":
                return replace(message, text=params["text"], rows=_button_rows(params))
            case "editMessageCaption":
                return replace(message, text=params.get("caption", ""), rows=_button_rows(params))
            case "editMessageReplyMarkup":
                return replace(message, rows=_button_rows(params))
            case "editMessageMedia":
                media = json.loads(params["media"])
                new = {"text": media.get("caption", ""), "rows": _button_rows(params), "photo": None, "document": None}
                new |= {media["type"]: self._photo(media["media"], uploads), "spoiler": bool(media.get("has_spoiler"))}
                return replace(message, **new)
        raise ApiError(404, "Not Found: method not found")

    def _store_edit(self, old: ChatMessage, new: ChatMessage) -> ChatMessage:
        if new == old:
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        return self.add(replace(new, edits=old.edits + 1))


def _only_upload(uploads: Uploads) -> bytes:
    if len(uploads) != 1:
        raise ApiError(400, "Bad Request: there is no photo in the request")
    return next(iter(uploads.values()))


def _button_rows(params: dict[str, str]) -> tuple[tuple[tuple[str, str], ...], ...]:
    keyboard = json.loads(params.get("reply_markup", "{}")).get("inline_keyboard", [])
    return tuple(tuple((button["text"], _button_action(button)) for button in row) for row in keyboard)


def _button_action(button: Json) -> str:
    """What the button sends, opens or shares."""
    query = button.get("switch_inline_query_chosen_chat", {}).get("query")
    return str(button.get("callback_data") or button.get("url") or query or "")
