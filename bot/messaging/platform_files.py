"""What a platform keeps for us, and what it has told us: the file of each picture that it was given, photos that came
under a veil, messages that one of us has heard."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.messaging.platform import Address, Chat
from bot.runtime.clock import Clock
from storage import platform_files, update_inbox
from storage.database import Database

log = structlog.get_logger(__name__)

SPOILER_SECONDS = 30 * 24 * 3600.0
SEEN_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class PlatformFiles:
    """Rows of one bot; `account` names the platform and the bot, for files mean nothing to another.

    A file, veil or message that can't be written is not worth losing a message over: it is logged.
    """

    database: Database
    account: str
    clock: Clock

    async def get(self, job: int | None) -> str | None:
        """The file that the platform keeps of a job's picture."""
        return None if job is None else (await self.get_many([job])).get(job)

    async def get_many(self, jobs: Sequence[int]) -> dict[int, str]:
        """The same for many, by job."""
        if not jobs:
            return {}
        async with self.database.read() as connection:
            return await platform_files.get_many(connection, self.account, jobs)

    async def put(self, job: int, file: str) -> None:
        """The platform has the picture now."""
        try:
            async with self.database.write() as connection:
                await platform_files.upsert(connection, account=self.account, job_id=job, file=file)
        except SQLAlchemyError:
            log.exception("a file was not remembered", job=job)

    async def delete(self, job: int) -> None:
        """The platform doesn't know the file any more."""
        async with self.database.write() as connection:
            await platform_files.delete(connection, job)

    async def mark_spoilers(self, chat: Chat, messages: Sequence[str]) -> None:
        """What answers these messages is to be veiled, as they are."""
        now = self.clock.now()
        place = {"account": self.account, "chat": chat.platform_id}
        try:
            async with self.database.write() as connection:
                for message in messages:
                    await platform_files.mark_spoiler(
                        connection, **place, message=message, at=now, before=now - SPOILER_SECONDS
                    )
        except SQLAlchemyError:
            log.exception("a veil was not remembered")

    async def is_spoiler(self, address: Address) -> bool:
        """Whether a picture there is to be veiled."""
        if address.reply_to is None:
            return False
        place = {"account": self.account, "chat": address.chat.platform_id}
        async with self.database.read() as connection:
            return await platform_files.is_spoiler(connection, **place, message=address.reply_to)

    async def is_new_message(self, message: int) -> bool:
        """Whether none of our processes has heard this message: for a moment two may listen."""
        now = self.clock.now()
        try:
            async with self.database.write() as connection:
                return await update_inbox.mark_seen(
                    connection, self.account, message, now=now, before=now - SEEN_SECONDS
                )
        except SQLAlchemyError:
            log.exception("a message was not noted")
            return True
