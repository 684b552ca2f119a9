"""Messages and files as values."""

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image

from bot.messaging.style_samples import is_sample_sheet
from tests.fakes.discord_api.limits import EPHEMERAL, embed_texts, walk_components
from tests.fakes.discord_api.objects import User

Json = Any


@dataclass(frozen=True)
class StoredFile:
    """A file on the CDN. `is_ephemeral`: it belongs to a command or an ephemeral message."""

    id: int
    channel_id: int
    filename: str
    data: bytes
    alt: str | None = None
    is_ephemeral: bool = False

    @property
    def is_spoiler(self) -> bool:
        return self.filename.startswith("SPOILER_")

    @property
    def path(self) -> str:
        folder = "ephemeral-attachments" if self.is_ephemeral else "attachments"
        return f"/{folder}/{self.channel_id}/{self.id}/{self.filename}"

    def as_json(self, url: str) -> Json:
        body = {"id": str(self.id), "filename": self.filename, "size": len(self.data), "url": url, "proxy_url": url}
        body |= {"description": self.alt} if self.alt else {}
        body |= {"ephemeral": True} if self.is_ephemeral else {}
        if (info := _picture_info(self.data)) is None:
            return body | {"content_type": "application/octet-stream"}
        width, height, kind = info
        return body | {"content_type": kind, "width": width, "height": height}


def _picture_info(data: bytes) -> tuple[int, int, str] | None:
    """A picture's width, height and media type; None for other files."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.width, picture.height, picture.get_format_mimetype() or "image/jpeg"
    except OSError:
        return None


@dataclass(frozen=True)
class Message:
    """A message as it is now. `edit_count` counts its edits; an ephemeral message is `visible_to` one user."""

    channel_id: int
    id: int
    author: User
    created_at: float
    content: str = ""
    embeds: tuple[Json, ...] = ()
    components: tuple[Json, ...] = ()
    files: tuple[StoredFile, ...] = ()
    flags: int = 0
    reply_to: int | None = None
    edit_count: int = 0
    visible_to: int | None = None
    interaction_id: int | None = None  # of the interaction that it responds to

    @property
    def text(self) -> str:
        """All its text, in order."""
        embeds = [text for embed in self.embeds for text in embed_texts(embed)]
        components = [part["content"] for part in walk_components(list(self.components)) if part.get("content")]
        return "\n".join([self.content, *embeds, *components]).strip()

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def picture(self) -> bytes | None:
        """Its first picture, other than the samples that come with a question."""
        shown = (file.data for file in self.files if not is_sample_sheet(file.data))
        return next((data for data in shown if _picture_info(data)), None)

    @property
    def samples(self) -> bytes | None:
        """The samples that come with a question."""
        return next((file.data for file in self.files if is_sample_sheet(file.data)), None)

    @property
    def buttons(self) -> list[Json]:
        return [part for part in walk_components(list(self.components)) if part["type"] == 2]

    @property
    def labels(self) -> list[str]:
        return [
            f"{(part.get('emoji') or {}).get('name') or ''} {part.get('label') or ''}".strip() for part in self.buttons
        ]

    @property
    def selects(self) -> list[Json]:
        return [part for part in walk_components(list(self.components)) if part["type"] == 3]

    @property
    def options(self) -> list[str]:
        """The labels of its select menus' options."""
        return [option["label"] for select in self.selects for option in select["options"]]

    def action(self, label: str) -> str:
        """The custom_id or URL of the button whose label contains `label`."""
        found = next(part for part, text in zip(self.buttons, self.labels, strict=True) if label in text)
        assert not found.get("disabled"), f"{label} can't be pressed"
        return str(found.get("custom_id") or found["url"])
