"""How Discord's API writes messages."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.fakes.discord_api.objects import moment
from tests.fakes.discord_api.shown_messages import Filed, Shown

Json = Any


def written(shown: Shown, link: Callable[[Filed], str], now: float, quoted: Shown | None = None) -> Json:
    """A message, and the one that it answers if that is still there."""
    body: Json = {"id": str(shown.id), "channel_id": str(shown.place), "type": 19 if shown.answers else 0}
    body |= {"author": shown.author.as_json(), "content": shown.content, "timestamp": moment(shown.at)}
    body |= {"edited_timestamp": moment(now) if shown.edits else None, "flags": shown.flags}
    body |= {"mentions": [], "mention_roles": [], "mention_everyone": False, "pinned": False, "tts": False}
    body |= {"embeds": [{"type": "rich", **embed} for embed in shown.embeds], "components": numbered(shown.parts)}
    body |= {"attachments": [file.as_json(link(file)) for file in shown.files]}
    if shown.author.bot:
        body |= {"application_id": str(shown.author.id)}
    if shown.answers:
        reference = {"type": 0, "channel_id": str(shown.place), "message_id": str(shown.answers)}
        body |= {"message_reference": reference, "referenced_message": quoted and written(_alone(quoted), link, now)}
    return body


def _alone(shown: Shown) -> Shown:
    """A quoted message is told without what it quotes itself."""
    return replace(shown, answers=None)


def numbered(parts: tuple[Json, ...]) -> list[Json]:
    """Components as they come back: each with a number."""
    last = 0

    def numbered_one(part: Json) -> Json:
        nonlocal last
        last += 1
        told = {**part, "id": part.get("id") or last}
        told.pop("required", None)  # means nothing in a message, and does not come back
        if "components" in part:
            told["components"] = [numbered_one(inner) for inner in part["components"]]
        if "accessory" in part:
            told["accessory"] = numbered_one(part["accessory"])
        return told

    return [numbered_one(part) for part in parts]
