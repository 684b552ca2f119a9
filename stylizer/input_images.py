"""A task's input pictures: from what the caller gave (a URL, a data URL, an upload) to bytes.

In the table an input is a string: `https://…`, `oss://…`, or `shelf:…` for bytes that came with the request.
"""

from dataclasses import dataclass

from stylizer.create_request import Inline, Source, Uploaded, Web
from stylizer.errors import INVALID_URL, Refused
from stylizer.fetch import Fetcher
from stylizer.file_store import FileStore
from stylizer.uploads import Uploads

_INLINE, _OSS = "shelf:", "oss://"


@dataclass(frozen=True)
class InputImages:
    """Stores inputs until their task ends."""

    files: FileStore
    uploads: Uploads
    fetcher: Fetcher

    async def save(self, name: str, source: Source) -> str:
        """The input as the table holds it. Inline bytes are stored under `name`, which is unique to the task."""
        match source:
            case Web(url):
                return url
            case Uploaded(key):
                return _OSS + key
            case Inline(data):
                await self.files.put(f"inputs/{name}", data)
                return f"{_INLINE}inputs/{name}"

    async def load(self, stored: str | None, account: str) -> bytes:
        """The bytes of this input. Raises Refused (InvalidURL) when there are none for this account."""
        if stored is None:
            raise Refused(INVALID_URL)
        if stored.startswith(_INLINE):
            data = await self.files.get(stored.removeprefix(_INLINE))
        elif stored.startswith(_OSS):
            data = await self.uploads.read(account, stored.removeprefix(_OSS))
        else:
            data = await self.fetcher.fetch(stored)
        if data is None:
            raise Refused(INVALID_URL)
        return data

    async def delete(self, *inputs: str | None) -> None:
        """Delete stored inputs, after their task has ended."""
        names = [stored.removeprefix(_INLINE) for stored in inputs if stored is not None and stored.startswith(_INLINE)]
        await self.files.delete(*names)
