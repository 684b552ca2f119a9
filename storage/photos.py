"""Bytes at rest: photos and results, named by content, each with its time to live in its name.

A key is `kind/owner/expiry-hour/sha256.jpg`. With the hour in the name, whoever purges and whoever stores never meet
at the same key (what is stored now always expires in a later hour), purging needs no index, and the same photo sent
twice within the hour is one file. The owner in the name keeps one person's deletion from touching another's copy.
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

PAGE = 1000  # keys that are looked at, and held in memory, at a time; a bucket's own pages have as many
PARALLEL_DELETES = 8  # deletions under way
NO_EXPIRY = datetime(9999, 12, 31, 23, tzinfo=UTC).timestamp()  # until it is deleted

_KEY = re.compile(r"(original|reference|result|style)/\d{1,19}/\d{10}/[0-9a-f]{64}\.jpg", re.ASCII)


class Kind(StrEnum):
    """What a stored picture is."""

    ORIGINAL = "original"
    REFERENCE = "reference"
    RESULT = "result"
    STYLE = "style"


class StoreDown(Exception):
    """The store did not do it, whatever that was: nothing is known of the picture, later it may work. A bucket's own
    words are left out: they quote keys, and whose they are."""


class PhotoStore:
    """Pictures by key, over any object store of obstore's; `folder`: where they are, when that is on this machine.

    Everything here raises StoreDown.
    """

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        self._purged_until: str | None = None  # the hour up to which nothing is left to purge

    async def put(self, kind: Kind, owner: int, jpeg: bytes, *, expires: float) -> str:
        """Store the bytes until `expires` (rounded up to the hour); returns the key once they would survive a power
        cut."""
        key = f"{kind}/{owner}/{_hour(expires)}/{hashlib.sha256(jpeg).hexdigest()}.jpg"
        with self._store_errors("put"):
            try:
                await obstore.put_async(self._store, key, jpeg, use_multipart=False)  # whole or not at all
            except FileNotFoundError as error:  # for what is written, that is no answer: the bucket itself is gone
                raise StoreDown("put: there is no such place") from error
        if self._folder is not None:
            await asyncio.to_thread(make_durable, self._folder, key)
        return key

    async def get(self, key: str) -> bytes | None:
        """The bytes, or None when they are gone (or the key is none of ours)."""
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
        """Delete the bytes; nothing happens when they are gone already."""
        if _KEY.fullmatch(key) is None:
            return
        with self._store_errors("delete"):
            try:
                await obstore.delete_async(self._store, key)
            except FileNotFoundError:
                await self._require_bucket()

    async def has(self, key: str) -> bool:
        """Whether the bytes are there."""
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
        """Delete every picture whose hour has passed, but for those to `keep`; returns how many. Several processes may
        do it at once. A bucket is listed, which costs, once an hour: that is when pictures expire."""
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
        """Delete every picture of one kind that somebody owns; returns how many there were."""
        number = 0
        async for page in self._pages(f"{kind}/{owner}/"):
            await self._delete_each(page)
            number += len(page)
        return number

    async def keys(self) -> tuple[str, ...]:
        """Every key in the store, for proofs and exports."""
        return tuple([key async for page in self._pages() for key in page])

    async def _pages(self, prefix: str | None = None) -> AsyncIterator[list[str]]:
        """What is there, a page at a time; what is deleted meanwhile moves no other off its page."""
        with self._store_errors("list"):
            async for batch in obstore.list(self._store, prefix, chunk_size=PAGE):
                yield [entry["path"] for entry in batch]

    async def _delete_each(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), PARALLEL_DELETES):
            await asyncio.gather(*map(self.delete, keys[start : start + PARALLEL_DELETES]))

    async def _require_bucket(self) -> None:
        """A whole bucket that is missing says the same as one picture that is: so it is asked for something else."""
        if self._folder is None:
            await anext(aiter(obstore.list(self._store, "probe", chunk_size=1)), None)

    @contextmanager
    def _store_errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except BaseError as error:
            cause = None if self._folder is None else error  # a disk's own words say what to do
            raise StoreDown(f"{doing}: {type(error).__name__}") from cause


def open_photos(folder: Path) -> PhotoStore:
    """A store in a folder of this machine, readable by its owner only, rid of what a crash left half written."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_unfinished(folder)
    return PhotoStore(LocalStore(folder, automatic_cleanup=True), folder)  # each hour of each owner is a folder


def is_key(name: str) -> bool:
    """Whether it is a key of ours."""
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
