"""The photo store: photos and results, named by content, with the expiry in the name.

A key is `kind/owner/expiry-hour/sha256.jpg`. With the hour in the key, purging and storing never touch the same key
(what is stored now always expires in a later hour), purging needs no index, and a photo that is sent twice within an
hour is stored once. With the owner in the key, deleting one person's photos never affects another's copy.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore

from storage.durable_files import make_durable, remove_unfinished

PAGE = 1000  # keys listed at a time; the page size of buckets
PARALLEL_DELETES = 8  # concurrent deletions
NO_EXPIRY = datetime(9999, 12, 31, 23, tzinfo=UTC).timestamp()  # kept until deleted

_KEY = re.compile(r"(original|reference|result|style)/\d{1,19}/\d{10}/[0-9a-f]{64}\.jpg", re.ASCII)


class Kind(StrEnum):
    """The kind of a stored picture."""

    ORIGINAL = "original"
    REFERENCE = "reference"
    RESULT = "result"
    STYLE = "style"


class StoreDown(Exception):
    """The store failed; whether the picture exists is unknown, and a retry may work. Messages of buckets are left out:
    they contain keys, and thereby owners."""


class PhotoStore:
    """Pictures by key, in any store of obstore; `folder`: their location if it is on this machine.

    All methods raise StoreDown.
    """

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        self._purged_until: str | None = None  # the hour up to which everything is purged

    async def put(self, kind: Kind, owner: int, jpeg: bytes, *, expires: float) -> str:
        """Store a JPEG until `expires` (rounded up to the hour); return its key once it would survive a power cut."""
        key = f"{kind}/{owner}/{_hour(expires)}/{hashlib.sha256(jpeg).hexdigest()}.jpg"
        with self._store_errors("put"):
            try:
                await obstore.put_async(self._store, key, jpeg, use_multipart=False)  # atomic
            except FileNotFoundError as error:  # a write does not fail so unless the bucket is missing
                raise StoreDown("put: there is no such place") from error
        if self._folder is not None:
            await asyncio.to_thread(make_durable, self._folder, key)
        return key

    async def get(self, key: str) -> bytes | None:
        """Return the bytes, or None if they do not exist or the key is not valid."""
        if _KEY.fullmatch(key) is None:
            return None
        with self._store_errors("get"):
            try:
                answer = await obstore.get_async(self._store, key)
                return bytes(await answer.bytes_async())
            except FileNotFoundError:
                await self._require_bucket()
                return None

    async def delete(self, key: str) -> None:
        """Delete the bytes, if they exist."""
        if _KEY.fullmatch(key) is None:
            return
        with self._store_errors("delete"):
            try:
                await obstore.delete_async(self._store, key)
            except FileNotFoundError:
                await self._require_bucket()

    async def has(self, key: str) -> bool:
        """Whether the bytes exist."""
        if _KEY.fullmatch(key) is None:
            return False
        with self._store_errors("head"):
            try:
                await obstore.head_async(self._store, key)
            except FileNotFoundError:
                await self._require_bucket()
                return False
            return True

    async def purge(self, now: float, *, keep: Collection[str] = frozenset()) -> int:
        """Delete all expired pictures except those to `keep`; return how many. Several processes may do so at once. A
        bucket is listed once an hour only, as listing costs money and pictures expire on the hour."""
        this_hour, number, kept = _floor_hour(now), 0, 0
        if self._folder is None and self._purged_until == this_hour:
            return 0
        async for page in self._pages():
            expired = [key for key in page if _expired(key, this_hour)]
            gone = [key for key in expired if key not in keep]
            await self._delete_each(gone)
            number, kept = number + len(gone), kept + len(expired) - len(gone)
        self._purged_until = None if kept else this_hour
        return number

    async def delete_all(self, kind: Kind, owner: int) -> int:
        """Delete all pictures of one kind and owner; return how many."""
        number = 0
        async for page in self._pages(f"{kind}/{owner}/"):
            await self._delete_each(page)
            number += len(page)
        return number

    async def keys(self) -> tuple[str, ...]:
        """Return all keys in the store."""
        return tuple([key async for page in self._pages() for key in page])

    async def _pages(self, prefix: str | None = None) -> AsyncIterator[list[str]]:
        """List the keys a page at a time; deletions in between do not skip others."""
        with self._store_errors("list"):
            async for batch in obstore.list(self._store, prefix, chunk_size=PAGE):
                yield [entry["path"] for entry in batch]

    async def _delete_each(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), PARALLEL_DELETES):
            await asyncio.gather(*map(self.delete, keys[start : start + PARALLEL_DELETES]))

    async def _require_bucket(self) -> None:
        """Raise unless the bucket exists: a missing bucket gives the same error as a missing picture."""
        if self._folder is None:
            await anext(aiter(obstore.list(self._store, "probe", chunk_size=1)), None)

    @contextmanager
    def _store_errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except BaseError as error:
            cause = None if self._folder is None else error  # errors of a disk contain no keys and help
            raise StoreDown(f"{doing}: {type(error).__name__}") from cause


def open_photos(folder: Path) -> PhotoStore:
    """Open a store in a local folder, readable by its owner only, and delete partial files left by a crash."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_unfinished(folder)
    return PhotoStore(LocalStore(folder, automatic_cleanup=True), folder)  # empty folders are removed


def is_key(name: str) -> bool:
    """Whether this is a valid key."""
    return _KEY.fullmatch(name) is not None


def _expired(key: str, this_hour: str) -> bool:
    return _KEY.fullmatch(key) is not None and key.split("/")[2] <= this_hour


def _floor_hour(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%d%H")


def _hour(expires: float) -> str:
    """The first full hour at or after `expires`."""
    at = datetime.fromtimestamp(expires, UTC)
    rounded = at.replace(minute=0, second=0, microsecond=0)
    return (rounded if rounded == at else rounded + timedelta(hours=1)).strftime("%Y%m%d%H")
