"""From what a caller gave (a URL, a data URL, an upload) to a picture's bytes.

In the table an input is a *place*: `https://…`, `oss://…`, or `shelf:…` for bytes that came within the request.
"""

from dataclasses import dataclass

from stylizer.create_request import Inline, Source, Uploaded, Web
from stylizer.errors import INVALID_URL, Refused
from stylizer.fetch import Fetcher
from stylizer.file_store import Shelf
from stylizer.uploads import Uploads

_SHELF, _OSS = "shelf:", "oss://"


@dataclass(frozen=True)
class Inputs:
    """Keeps inputs until their task ends."""

    shelf: Shelf
    uploads: Uploads
    fetcher: Fetcher

    async def keep(self, name: str, source: Source) -> str:
        """Note where this input is; inline bytes go on the shelf under `name` (unique to the task)."""
        match source:
            case Web(url):
                return url
            case Uploaded(key):
                return _OSS + key
            case Inline(data):
                await self.shelf.put(f"inputs/{name}", data)
                return f"{_SHELF}inputs/{name}"

    async def gather(self, place: str | None, account: str) -> bytes:
        """The bytes at this place. Raises Refused (InvalidURL) when there are none for this account."""
        if place is None:
            raise Refused(INVALID_URL)
        if place.startswith(_SHELF):
            data = await self.shelf.get(place.removeprefix(_SHELF))
        elif place.startswith(_OSS):
            data = await self.uploads.read(account, place.removeprefix(_OSS))
        else:
            data = await self.fetcher.fetch(place)
        if data is None:
            raise Refused(INVALID_URL)
        return data

    async def drop(self, *places: str | None) -> None:
        """The task has ended: forget what came with it."""
        kept = [place.removeprefix(_SHELF) for place in places if place is not None and place.startswith(_SHELF)]
        await self.shelf.drop(*kept)
