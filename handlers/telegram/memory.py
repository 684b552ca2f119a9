"""What we remember of Telegram's messages: the file of each picture it was given, photos under a spoiler, and where
groups have moved to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.chat import Address, Chat
from bot.clock import Clock
from storage import shown
from storage.database import Database

log = structlog.get_logger(__name__)

INLINE = "inline:"  # a chat that is one message, in a chat of somebody's that we are no member of
VEIL_SECONDS = 30 * 24 * 3600.0


@dataclass(frozen=True)
class Memory:
    """Rows of one bot. A row that can't be written is not worth losing a message over: it is logged."""

    database: Database
    account: str
    clock: Clock
    moved: dict[str, str] = field(default_factory=dict)

    async def file(self, job: int | None) -> str | None:
        """The file that Telegram keeps of a job's picture."""
        return None if job is None else (await self.files([job])).get(job)

    async def files(self, jobs: Sequence[int]) -> dict[int, str]:
        """The same for many, by job."""
        if not jobs:
            return {}
        async with self.database.read() as connection:
            return await shown.files(connection, self.account, jobs)

    async def keep(self, job: int, file: str) -> None:
        """Telegram has the picture now."""
        try:
            async with self.database.write() as connection:
                await shown.remember(connection, account=self.account, job_id=job, file=file)
        except SQLAlchemyError:
            log.exception("a file was not remembered", job=job)

    async def drop(self, job: int) -> None:
        """Telegram doesn't know the file any more."""
        async with self.database.write() as connection:
            await shown.forget(connection, job)

    async def veil(self, chat: Chat, messages: Sequence[str]) -> None:
        """What answers these messages is to be under a spoiler, as they are."""
        now = self.clock.now()
        try:
            async with self.database.write() as connection:
                for message in messages:
                    await shown.veil(
                        connection,
                        account=self.account,
                        chat=chat.platform_id,
                        message=message,
                        at=now,
                        before=now - VEIL_SECONDS,
                    )
        except SQLAlchemyError:
            log.exception("a spoiler was not remembered")

    async def is_veiled(self, address: Address) -> bool:
        """Whether a picture there is to be under a spoiler."""
        if address.reply_to is None:
            return False
        async with self.database.read() as connection:
            return await shown.is_veiled(
                connection, account=self.account, chat=address.chat.platform_id, message=address.reply_to
            )

    def followed(self, address: Address) -> Address:
        """The same place where its group is now; messages of the old place can't be reached from there."""
        new = self.moved.get(address.chat.platform_id)
        if new is None:
            return address
        return replace(address, chat=replace(address.chat, platform_id=new), reply_to=None, message_id=None)


def inline_id(chat: Chat) -> str | None:
    """The message that this chat consists of, when it is one in somebody else's chat."""
    return chat.platform_id.removeprefix(INLINE) if chat.platform_id.startswith(INLINE) else None
