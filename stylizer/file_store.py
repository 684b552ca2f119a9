"""Stored files: photos and references until their task ends, results for a day, uploads for two."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from obstore.exceptions import BaseError
from obstore.store import ObjectStore


class FileStoreError(OSError):
    """The disk is full, missing or not writable, or the bucket does not answer."""


class FileStore:
    """Files in a folder or a bucket. Names are chosen by the service, never by a caller.

    Every method raises FileStoreError.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, name: str, data: bytes) -> None:
        """Write atomically, replacing an older file of this name."""
        with _translated():
            await self._store.put_async(name, data)

    async def get(self, name: str) -> bytes | None:
        """The bytes, or None if there is no such file."""
        with _translated():
            try:
                found = await self._store.get_async(name)
                return bytes(await found.bytes_async())
            except FileNotFoundError:
                return None

    async def delete(self, *names: str) -> None:
        """Delete these files; missing ones are ignored."""
        for name in names:
            with _translated():
                try:
                    await self._store.delete_async(name)
                except FileNotFoundError:
                    continue

    async def delete_older_than(self, folder: str, now: datetime, life: timedelta) -> None:
        """Delete files older than `life`: those without a row, left by a crash between writing file and row."""
        with _translated():
            async for batch in self._store.list(prefix=folder):
                await self.delete(*[entry["path"] for entry in batch if entry["last_modified"] < now - life])


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the store's own errors into FileStoreError."""
    try:
        yield
    except BaseError as error:
        raise FileStoreError(str(error)) from error
