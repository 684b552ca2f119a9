"""How a photo becomes a URL that the API can read: a signed link of ours or of its bucket's, the API's own upload, or
the photo itself."""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Protocol

from itsdangerous import BadData, URLSafeSerializer

from storage.bucket import BucketStore

LINK_SECONDS = 15 * 60  # longer than the API ever waits, shorter than a leaked log stays interesting
_SECRET_BYTES = 16
_TOKEN_CHARS = 1_000


class PhotoLinks(Protocol):
    """Exposes a stored photo for a while."""

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:
        """A URL for the photo stored under `key`; `now` in epoch seconds. A secret: whoever has it sees the photo."""


class SignedLinks:
    """Links to our own `GET /photos/{token}`, for when the outside can reach us."""

    def __init__(self, public_url: str, secret: bytes, *, seconds: int = LINK_SECONDS) -> None:
        self._photos = public_url.rstrip("/") + "/photos/"
        self._serializer = _serializer(secret)
        self._seconds = seconds

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:  # noqa: ARG002  # the route reads the store
        return self._photos + str(self._serializer.dumps([key, int(now) + self._seconds]))


class BucketLinks:
    """Links to the bucket itself, which counts nothing; they live by this machine's clock."""

    def __init__(self, photos: BucketStore, *, seconds: int = LINK_SECONDS) -> None:
        self._photos = photos
        self._seconds = seconds

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:  # noqa: ARG002  # it is there, and signed as of now
        return await self._photos.link(key, self._seconds)


class UploadLinks:
    """Links into the API's temporary storage; `upload` is the client's, takes a file name and bytes, gives `oss://…`."""

    def __init__(self, upload: Callable[[str, bytes], Awaitable[str]]) -> None:
        self._upload = upload

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:  # noqa: ARG002  # it lives 48 h over there
        return await self._upload(sha256(key.encode()).hexdigest()[:32] + ".jpg", jpeg)


class InlineLinks:
    """The photo itself as a data URL: nothing to reach, nothing to expire."""

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:  # noqa: ARG002  # it carries its own bytes
        return "data:image/jpeg;base64," + b64encode(jpeg).decode()


def read_token(secret: bytes, token: str, now: float) -> str | None:
    """The store key that a link's token stands for; None for a forged, foreign or expired one."""
    if len(token) > _TOKEN_CHARS or not token.isascii():
        return None
    serializer = _serializer(secret)
    try:
        payload = serializer.loads(token)  # compares in constant time, and before it unpacks anything
    except BadData:
        return None
    # Base64 leaves idle bits in the last character: without this a link could be spelt four ways, and counted as four.
    if serializer.dumps(payload) != token:
        return None
    match payload:
        case [str(key), int(expires)] if now <= expires:
            return key
    return None


def _serializer(secret: bytes) -> URLSafeSerializer:
    if len(secret) < _SECRET_BYTES:
        raise ValueError("A secret of fewer than 16 bytes can be guessed.")
    # The salt is the purpose: a token signed with this secret for anything else is none here.
    return URLSafeSerializer(
        secret, salt="photo-link", signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"}
    )
