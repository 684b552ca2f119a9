"""State kept per platform account: ids of uploaded pictures, messages with spoilers, messages already processed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messaging.platform import Address, Chat
from bot.runtime.clock import Clock
from storage import platform_files, update_inbox
from storage.database import Database

log = structlog.get_logger(__name__)

SPOILER_SECONDS = 30 * 24 * 3600.0


@dataclass(frozen=True)
class PlatformFiles:
    """The state of one bot; `account` identifies the platform and the bot, since file ids are valid for one bot only.

    Failed writes are logged and ignored: they are not worth losing a message.
    """

    database: Database
    account: str
    clock: Clock
    _unwritten: dict[int, str] = field(default_factory=dict, init=False)  # file ids by job

    async def get(self, job: int | None) -> str | None:
        """The platform's file id of a job's picture."""
        return None if job is None else (await self.get_many([job])).get(job)

    async def get_many(self, jobs: Sequence[int]) -> dict[int, str]:
        """The file ids of many jobs, by job."""
        if not jobs:
            return {}
        async with self.database.read() as connection:
            return await self._files(connection, jobs)

    async def put(self, job: int, file: str) -> None:
        """Remember the file id of a job's picture, with the next write: without it, the picture is sent again."""

        async def write(connection: AsyncConnection) -> None:
            if self._unwritten.get(job) == file:  # else it was deleted meanwhile
                await platform_files.upsert(connection, account=self.account, job_id=job, file=file)

        def stored(written: asyncio.Future[None]) -> None:
            if self._unwritten.get(job) == file:
                del self._unwritten[job]
            if not written.cancelled() and written.exception() is not None:
                log.error("could not store a file id", job=job, error=type(written.exception()).__name__)

        self._unwritten[job] = file
        self.database.write_soon(write).add_done_callback(stored)

    async def delete(self, job: int) -> None:
        """Forget the file id of a job's picture: the platform doesn't know it any more."""
        self._unwritten.pop(job, None)
        async with self.database.write() as connection:
            await platform_files.delete(connection, job)

    async def mark_spoilers(self, chat: Chat, messages: Sequence[str]) -> None:
        """Remember messages whose photos have a spoiler: replies to them need one too."""
        now = self.clock.now()
        place = {"account": self.account, "chat": chat.platform_id}
        try:
            async with self.database.write() as connection:
                for message in messages:
                    await platform_files.mark_spoiler(
                        connection, **place, message=message, at=now, before=now - SPOILER_SECONDS
                    )
        except SQLAlchemyError:
            log.exception("could not store a spoiler")

    async def file_and_spoiler(self, job: int | None, address: Address) -> tuple[str | None, bool]:
        """The file id of a job's picture, and whether a picture sent to this address needs a spoiler."""
        if job is None and address.reply_to is None:
            return None, False
        async with self.database.read() as connection:
            known = {} if job is None else await self._files(connection, [job])
            return known.get(job or 0), await self._is_spoiler(connection, address)

    async def is_spoiler(self, address: Address) -> bool:
        """Whether a picture sent to this address needs a spoiler."""
        if address.reply_to is None:
            return False
        async with self.database.read() as connection:
            return await self._is_spoiler(connection, address)

    async def _files(self, connection: AsyncConnection, jobs: Sequence[int]) -> dict[int, str]:
        written = await platform_files.get_many(connection, self.account, jobs)
        return written | {job: self._unwritten[job] for job in jobs if job in self._unwritten}

    async def _is_spoiler(self, connection: AsyncConnection, address: Address) -> bool:
        if address.reply_to is None:
            return False
        place = {"account": self.account, "chat": address.chat.platform_id}
        return await platform_files.is_spoiler(connection, **place, message=address.reply_to)

    async def is_new_message(self, message: int) -> bool:
        """Whether no process has seen this message before; when leadership changes, two may receive it."""
        now = self.clock.now()
        try:
            async with self.database.write() as connection:
                return await update_inbox.mark_seen(connection, self.account, message, now=now)
        except SQLAlchemyError:
            log.exception("could not mark a message as seen")
            return True
