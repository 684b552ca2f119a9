"""Messages as JSON, as the API returns them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.fakes.discord_api.objects import timestamp
from tests.fakes.discord_api.shown_messages import Message, StoredFile

Json = Any


def message_json(
    message: Message, file_url: Callable[[StoredFile], str], now: float, quoted: Message | None = None
) -> Json:
    """A message, with the message it replies to if that still exists."""
    body: Json = {"id": str(message.id), "channel_id": str(message.channel_id), "type": 19 if message.reply_to else 0}
    body |= {"author": message.author.as_json(), "content": message.content, "timestamp": timestamp(message.created_at)}
    body |= {"edited_timestamp": timestamp(now) if message.edit_count else None, "flags": message.flags}
    body |= {"mentions": [], "mention_roles": [], "mention_everyone": False, "pinned": False, "tts": False}
    body |= {"embeds": [{"type": "rich", **embed} for embed in message.embeds]}
    body |= {"components": numbered_components(message.components)}
    body |= {"attachments": [file.as_json(file_url(file)) for file in message.files]}
    if message.author.bot:
        body |= {"application_id": str(message.author.id)}
    if message.reply_to:
        reference = {"type": 0, "channel_id": str(message.channel_id), "message_id": str(message.reply_to)}
        referenced = quoted and message_json(_without_reference(quoted), file_url, now)
        body |= {"message_reference": reference, "referenced_message": referenced}
    return body


def _without_reference(message: Message) -> Message:
    """A referenced message is returned without its own reference."""
    return replace(message, reply_to=None)


def numbered_components(components: tuple[Json, ...]) -> list[Json]:
    """Components as Discord returns them, each with an id."""
    last = 0

    def number(part: Json) -> Json:
        nonlocal last
        last += 1
        numbered = {**part, "id": part.get("id") or last}
        numbered.pop("required", None)  # has no meaning in messages, and Discord does not return it
        if "components" in part:
            numbered["components"] = [number(inner) for inner in part["components"]]
        if "accessory" in part:
            numbered["accessory"] = number(part["accessory"])
        return numbered

    return [number(part) for part in components]
