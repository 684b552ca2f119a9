"""Checks uploaded photos before anything is charged, and stores them for as long as the owner configured."""

from dataclasses import dataclass

from bot.domain.error_codes import ErrorCode, UserError
from bot.imaging.intake import Intake
from bot.imaging.results import UnusablePhoto
from storage.photos import Kind, PhotoStore

SMALLER = (2048, 1440, 1080, 720, 480)  # short sides in px


@dataclass(frozen=True)
class StoredPhoto:
    """A stored photo: its key, the SHA-256 of its bytes (hex), and whether it had to be cropped to 2:1."""

    key: str
    sha256: str
    cropped: bool


@dataclass(frozen=True)
class PhotoIntake:
    """`keep_seconds`: how long originals and references are kept. `face_required`: originals without a face are
    refused."""

    intake: Intake
    photos: PhotoStore
    keep_seconds: float
    face_required: bool = False

    async def accept(self, data: bytes, kind: Kind) -> "AcceptedPhoto | UserError":
        """Decode an upload, apply its orientation and strip its metadata; or the reason why it can't be used."""
        portrait = await self.intake.accept(data, with_face=self.face_required and kind is Kind.ORIGINAL)
        if isinstance(portrait, UnusablePhoto):
            return UserError(ErrorCode(portrait.reason.value))
        return AcceptedPhoto(portrait.jpeg, portrait.sha256, portrait.cropped)

    def warm_up(self) -> None:
        """Start what reads photos."""
        self.intake.warm_up()

    async def fit_within(self, jpeg: bytes, max_bytes: int) -> bytes:
        """A JPEG scaled down until it has at most `max_bytes` bytes; the smallest size in SMALLER if none fits."""
        for short_side in SMALLER:
            if len(jpeg) <= max_bytes:
                break
            jpeg = await self.intake.preview(jpeg, short_side)
        return jpeg

    async def store(self, kind: Kind, owner: int, accepted: "AcceptedPhoto", now: float) -> StoredPhoto:
        """Store a photo for `owner` (a person's row id). `now` is in epoch seconds."""
        key = await self.photos.put(kind, owner, accepted.jpeg, expires=now + self.keep_seconds)
        return StoredPhoto(key, accepted.sha256, accepted.cropped)


@dataclass(frozen=True)
class AcceptedPhoto:
    """A photo that passed all checks and is not stored yet; fields as in `StoredPhoto`."""

    jpeg: bytes
    sha256: str
    cropped: bool
