"""Messages and files of Discord as values."""

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tests.fakes.discord_api.limits import EPHEMERAL, embed_words, walk
from tests.fakes.discord_api.objects import User

Json = Any


@dataclass(frozen=True)
class Filed:
    """A file at the CDN. `private`: of a command or an ephemeral message."""

    id: int
    place: int
    filename: str
    data: bytes
    alt: str | None = None
    private: bool = False

    @property
    def is_spoiler(self) -> bool:
        return self.filename.startswith("SPOILER_")

    @property
    def path(self) -> str:
        folder = "ephemeral-attachments" if self.private else "attachments"
        return f"/{folder}/{self.place}/{self.id}/{self.filename}"

    def as_json(self, url: str) -> Json:
        body = {"id": str(self.id), "filename": self.filename, "size": len(self.data), "url": url, "proxy_url": url}
        body |= {"description": self.alt} if self.alt else {}
        body |= {"ephemeral": True} if self.private else {}
        if (seen := _seen(self.data)) is None:
            return body | {"content_type": "application/octet-stream"}
        width, height, kind = seen
        return body | {"content_type": kind, "width": width, "height": height}


def _seen(data: bytes) -> tuple[int, int, str] | None:
    """Width, height and kind of a picture, None for other files."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.width, picture.height, picture.get_format_mimetype() or "image/jpeg"
    except OSError:
        return None


@dataclass(frozen=True)
class Shown:
    """A message as it is seen now. `edits` counts its changes; `only_for`: an ephemeral one's reader."""

    place: int
    id: int
    author: User
    at: float
    content: str = ""
    embeds: tuple[Json, ...] = ()
    parts: tuple[Json, ...] = ()
    files: tuple[Filed, ...] = ()
    flags: int = 0
    answers: int | None = None
    edits: int = 0
    only_for: int | None = None
    asked: int | None = None  # the interaction that it answers

    @property
    def text(self) -> str:
        """All its words, in order."""
        words = [self.content, *(word for embed in self.embeds for word in embed_words(embed))]
        return "\n".join([*words, *(part["content"] for part in walk(list(self.parts)) if part.get("content"))]).strip()

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def picture(self) -> bytes | None:
        return next((file.data for file in self.files if _seen(file.data)), None)

    @property
    def buttons(self) -> list[Json]:
        return [part for part in walk(list(self.parts)) if part["type"] == 2]

    @property
    def labels(self) -> list[str]:
        return [
            f"{(part.get('emoji') or {}).get('name') or ''} {part.get('label') or ''}".strip() for part in self.buttons
        ]

    @property
    def selects(self) -> list[Json]:
        return [part for part in walk(list(self.parts)) if part["type"] == 3]

    @property
    def options(self) -> list[str]:
        """What its lists offer, in words."""
        return [option["label"] for select in self.selects for option in select["options"]]

    def data(self, label: str) -> str:
        """What the button that has `label` in its words sends or opens."""
        found = next(part for part, words in zip(self.buttons, self.labels, strict=True) if label in words)
        assert not found.get("disabled"), f"{label} can't be pressed"
        return str(found.get("custom_id") or found["url"])
