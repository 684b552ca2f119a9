"""The bytes at rest: photos and references until their task ends, results for a day, uploads for two."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from obstore.exceptions import BaseError
from obstore.store import ObjectStore


class ShelfError(OSError):
    """The disk is full, gone, or not ours; or the bucket does not answer."""


class Shelf:
    """Named bytes in a folder or a bucket. Names are made by the service, never by a caller.

    Every method raises ShelfError.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, name: str, data: bytes) -> None:
        """Write all or nothing; what was there under this name is replaced."""
        with _translated():
            await self._store.put_async(name, data)

    async def get(self, name: str) -> bytes | None:
        """The bytes, or None when they were never there or are gone."""
        with _translated():
            try:
                found = await self._store.get_async(name)
                return bytes(await found.bytes_async())
            except FileNotFoundError:
                return None

    async def drop(self, *names: str) -> None:
        """Delete them; those that are gone already are no trouble."""
        for name in names:
            with _translated():
                try:
                    await self._store.delete_async(name)
                except FileNotFoundError:
                    continue

    async def drop_older(self, folder: str, now: datetime, life: timedelta) -> None:
        """Delete what no row remembers any more (left by a crash between file and row), by the age of the file."""
        with _translated():
            async for batch in self._store.list(prefix=folder):
                await self.drop(*[entry["path"] for entry in batch if entry["last_modified"] < now - life])


@contextmanager
def _translated() -> Iterator[None]:
    """The store's own errors end here."""
    try:
        yield
    except BaseError as error:
        raise ShelfError(str(error)) from error
