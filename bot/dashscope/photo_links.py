"""Makes a photo available to the API as a URL: a signed link to us or to the bucket, an upload to the API's own
storage, or a data URL."""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Protocol

from itsdangerous import BadData, URLSafeSerializer

from bot.dashscope import wire
from bot.dashscope.errors import Decision, NotAccepted
from storage.bucket import BucketStore

# A stored JPEG → one of at most a few hundred kilobytes, for links that carry the photo itself over our line.
Shrink = Callable[[bytes], Awaitable[bytes]]

LINK_SECONDS = 15 * 60  # longer than the API ever waits, too short for a leaked log to be of use
_SECRET_BYTES = 16
_TOKEN_CHARS = 1_000


class PhotoLinks(Protocol):
    """Makes a stored photo available for a while."""

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:
        """A URL for the photo stored under `key`; `now` in epoch seconds. It is a secret: whoever has it sees the
        photo."""


class SignedLinks:
    """Links to our own `GET /photos/{token}`, for installations that can be reached from outside."""

    def __init__(self, public_url: str, secret: bytes, *, seconds: int = LINK_SECONDS) -> None:
        self._photos = public_url.rstrip("/") + "/photos/"
        self._serializer = _serializer(secret)
        self._seconds = seconds

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:  # noqa: ARG002  # the route reads the store
        return self._photos + str(self._serializer.dumps([key, int(now) + self._seconds]))


class BucketLinks:
    """Links to the bucket itself, which doesn't count uses; they expire by this machine's clock."""

    def __init__(self, photos: BucketStore, *, seconds: int = LINK_SECONDS) -> None:
        self._photos = photos
        self._seconds = seconds

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:  # noqa: ARG002  # it is there, and signed as of now
        return await self._photos.link(key, self._seconds)


class UploadLinks:
    """Links to the API's temporary storage. `upload` is the client's: file name and bytes in, `oss://…` out."""

    def __init__(self, upload: Callable[[str, bytes], Awaitable[str]], shrink: Shrink | None = None) -> None:
        self._upload = upload
        self._shrink = shrink

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:  # noqa: ARG002  # it lives 48 h over there
        jpeg = jpeg if self._shrink is None else await self._shrink(jpeg)
        return await self._upload(sha256(key.encode()).hexdigest()[:32] + ".jpg", jpeg)


class InlineLinks:
    """The photo itself as a data URL. Raises NotAccepted for one that is longer than the API takes."""

    def __init__(self, shrink: Shrink | None = None) -> None:
        self._shrink = shrink

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:  # noqa: ARG002  # it carries its own bytes
        jpeg = jpeg if self._shrink is None else await self._shrink(jpeg)
        url = "data:image/jpeg;base64," + b64encode(jpeg).decode()
        if len(url) > wire.MAX_DATA_URL:  # only if it could not be made smaller
            raise NotAccepted("PhotoTooLarge", "The photo is too large for a request.", decision=Decision.BAD_PHOTO)
        return url


def are_fetched(links: PhotoLinks) -> bool:
    """Whether the API must reach us, or our bucket, to load a photo."""
    return isinstance(links, SignedLinks | BucketLinks)


def read_token(secret: bytes, token: str, now: float) -> str | None:
    """The key of the photo that a link's token stands for; None for a forged, foreign or expired token."""
    if len(token) > _TOKEN_CHARS or not token.isascii():
        return None
    serializer = _serializer(secret)
    try:
        payload = serializer.loads(token)  # compares in constant time, before it unpacks anything
    except BadData:
        return None
    # Base64 has unused bits in its last character: without this check one link would have four spellings, each counted.
    if serializer.dumps(payload) != token:
        return None
    match payload:
        case [str(key), int(expires)] if now <= expires:
            return key
    return None


def _serializer(secret: bytes) -> URLSafeSerializer:
    if len(secret) < _SECRET_BYTES:
        raise ValueError("A secret of fewer than 16 bytes can be guessed.")
    # The salt names the purpose, so that a token signed with this secret for anything else is not accepted.
    return URLSafeSerializer(
        secret, salt="photo-link", signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"}
    )
