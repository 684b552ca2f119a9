"""Photos at the door: looked at before anything is spent, then kept for as long as the owner says."""

from dataclasses import dataclass

from bot.domain.error_codes import ErrorCode, UserError
from bot.imaging import Intake, UnusablePhoto
from storage.photos import Kind, PhotoStore

SMALLER = (2048, 1440, 1080, 720, 480)  # short sides in px


@dataclass(frozen=True)
class StoredPhoto:
    """A photo in store: its key, the hash of its bytes, and whether it had to be cropped to 2:1."""

    key: str
    sha256: str
    cropped: bool


@dataclass(frozen=True)
class PhotoIntake:
    """`keep_seconds`: how long originals and references are kept. `face_required`: no face, no picture."""

    intake: Intake
    photos: PhotoStore
    keep_seconds: float
    face_required: bool = False

    async def accept(self, data: bytes, kind: Kind) -> "AcceptedPhoto | UserError":
        """Decode, straighten, strip; or the reason why not."""
        portrait = await self.intake.accept(data, with_face=self.face_required and kind is Kind.ORIGINAL)
        if isinstance(portrait, UnusablePhoto):
            return UserError(ErrorCode(portrait.reason.value))
        return AcceptedPhoto(portrait.jpeg, portrait.sha256, portrait.cropped)

    async def fit_within(self, jpeg: bytes, most: int) -> bytes:
        """The picture in at most `most` bytes: smaller, where it has to be."""
        for short_side in SMALLER:
            if len(jpeg) <= most:
                break
            jpeg = await self.intake.preview(jpeg, short_side)
        return jpeg

    async def store(self, kind: Kind, owner: int, accepted: "AcceptedPhoto", now: float) -> StoredPhoto:
        """Into the store, under its owner."""
        key = await self.photos.put(kind, owner, accepted.jpeg, expires=now + self.keep_seconds)
        return StoredPhoto(key, accepted.sha256, accepted.cropped)


@dataclass(frozen=True)
class AcceptedPhoto:
    """A photo that will do, not yet in store."""

    jpeg: bytes
    sha256: str
    cropped: bool
