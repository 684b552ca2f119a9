"""Bytes at rest: photos and results, named by content, each with its time to live in its name.

A key is `kind/owner/expiry-hour/sha256.jpg`. With the hour in the name, whoever purges and whoever stores never meet
at the same key (what is stored now always expires in a later hour), purging needs no index, and the same photo sent
twice within the hour is one file. The owner in the name keeps one person's deletion from touching another's copy.
"""

import asyncio
import hashlib
import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore

from storage.disk import make_durable, remove_unfinished

FOR_EVER = datetime(9999, 12, 31, 23, tzinfo=UTC).timestamp()  # until it is deleted

_KEY = re.compile(r"(original|reference|result|style)/\d{1,19}/\d{10}/[0-9a-f]{64}\.jpg", re.ASCII)


class Kind(StrEnum):
    """What a stored picture is."""

    ORIGINAL = "original"
    REFERENCE = "reference"
    RESULT = "result"
    STYLE = "style"


class PhotoStore:
    """Pictures by key, over any object store of obstore's; `folder`: where they are, when that is on this machine."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def put(self, kind: Kind, owner: int, jpeg: bytes, *, expires: float) -> str:
        """Store the bytes until `expires` (rounded up to the hour); returns the key once they would survive a power
        cut."""
        key = f"{kind}/{owner}/{_hour(expires)}/{hashlib.sha256(jpeg).hexdigest()}.jpg"
        await obstore.put_async(self._store, key, jpeg)
        if self._folder is not None:
            await asyncio.to_thread(make_durable, self._folder, key)
        return key

    async def get(self, key: str) -> bytes | None:
        """The bytes, or None when they are gone (or the key is none of ours)."""
        if _KEY.fullmatch(key) is None:
            return None
        try:
            answer = await obstore.get_async(self._store, key)
            return bytes(await answer.bytes_async())
        except FileNotFoundError:
            return None

    async def delete(self, key: str) -> None:
        """Delete the bytes; nothing happens when they are gone already."""
        if _KEY.fullmatch(key) is None:
            return
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return

    async def has(self, key: str) -> bool:
        """Whether the bytes are there."""
        if _KEY.fullmatch(key) is None:
            return False
        try:
            await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return False
        return True

    async def purge(self, now: float, *, keep: Collection[str] = frozenset()) -> int:
        """Delete every picture whose hour has passed, but for those to `keep`; returns how many."""
        this_hour, gone = _floor_hour(now), []
        async for batch in obstore.list(self._store):
            expired = (entry["path"] for entry in batch if _expired(entry["path"], this_hour))
            gone += [key for key in expired if key not in keep]
        for key in gone:
            await self.delete(key)
        return len(gone)

    async def delete_all(self, kind: Kind, owner: int) -> int:
        """Delete every picture of one kind that somebody owns; returns how many there were."""
        prefix = f"{kind}/{owner}/"
        keys = [entry["path"] async for batch in obstore.list(self._store, prefix) for entry in batch]
        for key in keys:
            await self.delete(key)
        return len(keys)

    async def keys(self) -> tuple[str, ...]:
        """Every key in the store, for proofs and exports."""
        return tuple([entry["path"] async for batch in obstore.list(self._store) for entry in batch])


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
