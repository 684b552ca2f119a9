"""Chats as people see them: messages with their words, pictures and buttons, changed by a bot's calls."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.telegram_api.spec import Uploads

Json = Any
Key = tuple[int, int]  # chat, message


class Trouble(Exception):
    """What the server refuses, as it says it."""

    def __init__(self, status: int, description: str, parameters: Json = None) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


@dataclass(frozen=True)
class Shown:
    """A message as it is seen. `edits` counts its changes, `rows` its buttons as (label, data), where data is also what
    a button shares or links to. `bill`: what an invoice asks for.
    """

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
    spoiler: bool = False
    quiet: bool = False
    bill: Json = None
    inline: str = ""  # the id of a message in a chat that the bot is no member of

    @property
    def file_id(self) -> str:
        """Under which its picture can be sent again."""
        return f"shown-{self.chat}-{self.id}-{self.edits}"

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
        if self.spoiler:
            body |= {"has_media_spoiler": True}
        if self.photo is None and self.document is None:
            return body | ({"text": self.text} if self.bill is None else {"invoice": _invoice(self.bill)})
        if self.photo is not None:
            return body | {"caption": self.text, "photo": photo_json(self.file_id)}
        return body | {"caption": self.text, "document": {"file_id": "sent", "file_unique_id": "usent"}}


def _invoice(bill: Json) -> Json:
    """An invoice as a message shows it."""
    told = {name: bill[name] for name in ("title", "description", "currency")}
    return told | {"start_parameter": "", "total_amount": json.loads(bill["prices"])[0]["amount"]}


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
    """Every message of every chat. `blocked` chats have shut the bot out; `strangers` never wrote to it; `topics` exist
    besides General; `moved` groups have a new number; `inline`: our messages in other people's chats.
    """

    messages: dict[Key, Shown] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    topics: set[Key] = field(default_factory=set)
    written: dict[Key, Json] = field(default_factory=dict)  # people's messages, as Telegram would quote them
    forms: dict[Key, list[Shown]] = field(default_factory=dict)
    strangers: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    inline: dict[str, Shown] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
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
        if shown.photo is not None:
            self.files[shown.file_id] = shown.photo
        self.forms.setdefault((shown.chat, shown.id), []).append(shown)
        return shown

    def carry_out(self, method: str, params: dict[str, str], uploads: Uploads) -> Shown | list[Shown] | bool:
        """Do what a call says. Raises Trouble."""
        if "inline_message_id" in params:
            return self._edit_inline(method, params)
        chat = int(params["chat_id"])
        if chat in self.moved:
            new = {"migrate_to_chat_id": self.moved[chat]}
            raise Trouble(400, "Bad Request: group chat was upgraded to a supergroup chat", new)
        if chat in self.blocked:
            raise Trouble(403, "Forbidden: bot was blocked by the user")
        if chat in self.strangers:
            raise Trouble(400, "Bad Request: chat not found")
        match method:
            case "sendMessage":
                return self._send(chat, params, Shown(chat, 0, params["text"]))
            case "sendPhoto":
                photo = self._photo(params.get("photo", ""), uploads)
                return self._send(chat, params, Shown(chat, 0, params.get("caption", ""), photo=photo))
            case "sendDocument":
                return self._send(chat, params, Shown(chat, 0, params.get("caption", ""), document=_one(uploads)))
            case "sendMediaGroup":
                return self._send_album(chat, params, uploads)
            case "sendInvoice":
                bill = {name: params[name] for name in ("title", "description", "payload", "currency", "prices")}
                return self._send(chat, params, Shown(chat, 0, params["title"], bill=bill))
        shown = self._present(chat, int(params["message_id"]), "delete" if method == "deleteMessage" else "edit")
        if method == "deleteMessage":
            del self.messages[shown.chat, shown.id]
            return True
        return self._edit(shown, self._edited(method, shown, params, uploads))

    def _edit_inline(self, method: str, params: dict[str, str]) -> bool:
        """A message in somebody else's chat; it takes pictures only by file."""
        old = self.inline.get(params["inline_message_id"])
        if old is None:
            raise Trouble(400, "Bad Request: MESSAGE_ID_INVALID")
        new = self._edited(method, old, params, {})
        if new == old:
            raise Trouble(400, "Bad Request: message is not modified")
        self.inline[old.inline] = replace(new, edits=old.edits + 1)
        self.forms.setdefault((0, old.id), [old]).append(self.inline[old.inline])
        return True

    def _photo(self, given: str, uploads: Uploads) -> bytes:
        """The picture that a call shows: uploaded, or by the file that the server has of it."""
        if uploads:
            return _one(uploads)
        if given not in self.files:
            raise Trouble(400, "Bad Request: wrong file identifier/HTTP URL specified")
        return self.files[given]

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
        kept: Json = {"spoiler": params.get("has_spoiler") == "true"}
        kept["quiet"] = params.get("disable_notification") == "true"
        return self.add(replace(shown, id=self.new_id(), rows=_rows(params), answers=answers, thread=thread, **kept))

    def _send_album(self, chat: int, params: dict[str, str], uploads: Uploads) -> list[Shown]:
        """Several pictures at once, a message each."""
        sent = []
        for item in json.loads(params["media"]):
            name = item["media"].removeprefix("attach://")
            data = self._photo(item["media"], {name: uploads[name]} if name in uploads else {})
            kind: Json = {item["type"]: data}
            shown = Shown(chat, 0, item.get("caption", ""), **kind)
            spoiler = {"has_spoiler": "true"} if item.get("has_spoiler") else {}
            sent.append(self._send(chat, params | spoiler, shown))
        return sent

    def _present(self, chat: int, message: int, verb: str) -> Shown:
        shown = self.messages.get((chat, message))
        if shown is None:
            raise Trouble(400, f"Bad Request: message to {verb} not found")
        if not shown.by_bot and verb == "edit":
            raise Trouble(400, "Bad Request: message can't be edited")
        return shown

    def _edited(self, method: str, shown: Shown, params: dict[str, str], uploads: Uploads) -> Shown:
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
                kept |= {media["type"]: self._photo(media["media"], uploads), "spoiler": bool(media.get("has_spoiler"))}
                return replace(shown, **kept)
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
    return tuple(tuple((button["text"], _does(button)) for button in row) for row in keyboard)


def _does(button: Json) -> str:
    """What a button sends, opens or shares."""
    shares = button.get("switch_inline_query_chosen_chat", {}).get("query")
    return str(button.get("callback_data") or button.get("url") or shares or "")
