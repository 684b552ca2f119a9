"""Photos at the door: looked at before anything is spent, then kept for as long as the owner says."""

from dataclasses import dataclass

from bot.domain.job_view import Reason, Refusal
from bot.imaging import Intake, Rejected
from storage.photos import Kind, PhotoStore

SMALLER = (2048, 1440, 1080, 720, 480)  # short sides in px


@dataclass(frozen=True)
class Kept:
    """A photo in store: its key, the hash of its bytes, and whether it had to be cropped to 2:1."""

    key: str
    sha256: str
    cropped: bool


@dataclass(frozen=True)
class Reception:
    """`keep_seconds`: how long originals and references are kept. `face_required`: no face, no picture."""

    intake: Intake
    photos: PhotoStore
    keep_seconds: float
    face_required: bool = False

    async def look(self, data: bytes, kind: Kind) -> "Looked | Refusal":
        """Decode, straighten, strip; or the reason why not."""
        portrait = await self.intake.accept(data, with_face=self.face_required and kind is Kind.ORIGINAL)
        if isinstance(portrait, Rejected):
            return Refusal(Reason(portrait.reason.value))
        return Looked(portrait.jpeg, portrait.sha256, portrait.cropped)

    async def within(self, jpeg: bytes, most: int) -> bytes:
        """The picture in at most `most` bytes: smaller, where it has to be."""
        for short_side in SMALLER:
            if len(jpeg) <= most:
                break
            jpeg = await self.intake.preview(jpeg, short_side)
        return jpeg

    async def keep(self, kind: Kind, owner: int, looked: "Looked", now: float) -> Kept:
        """Into the store, under its owner."""
        key = await self.photos.put(kind, owner, looked.jpeg, expires=now + self.keep_seconds)
        return Kept(key, looked.sha256, looked.cropped)


@dataclass(frozen=True)
class Looked:
    """A photo that will do, not yet in store."""

    jpeg: bytes
    sha256: str
    cropped: bool
