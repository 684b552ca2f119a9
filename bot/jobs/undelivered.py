"""Chats where we can't speak: what waits there is cancelled, and what is finished is told as soon as we can."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode
from bot.domain.job_view import State
from bot.jobs.transitions import apply_event, decline_waiting
from bot.messaging.platform import Chat, Person
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import jobs, people, results, undelivered
from storage.database import Database


@dataclass(frozen=True)
class UndeliveredService:
    """What becomes of jobs when a person blocks us or a group removes us, and when they come back."""

    database: Database
    wakeups: Wakeups
    clock: Clock

    async def left(self, chat: Chat) -> None:
        """We may not write in this chat any more: cancel what nobody has begun to paint there."""
        async with self.database.read() as connection:
            chat_id = await _find(connection, chat)
            waiting = () if chat_id is None else await undelivered.list_waiting_in_chat(connection, chat_id)
        if waiting:
            async with self.database.write() as connection:
                await decline_waiting(connection, waiting, ErrorCode.CHAT_CLOSED, self.clock.now())
            self.wakeups.notify()

    async def returned(self, chat: Chat) -> None:
        """We may write in this chat: show there what could not be shown before."""
        async with self.database.read() as connection:
            chat_id = await _find(connection, chat)
            given_up = () if chat_id is None else await undelivered.list_in_chat(connection, chat_id)
        if given_up:
            async with self.database.write() as connection:
                for job_id in given_up:
                    await undelivered.try_again(connection, job_id, self.clock.now())
            self.wakeups.notify()

    async def tell(self, person: Person, chat: Chat) -> int:
        """How many finished pictures of this person, who has just written in their private `chat`, could be shown
        nowhere. They count as told now; those of this chat itself are shown."""
        async with self.database.read() as connection:
            person_id = await people.find_person_id(
                connection, platform=person.platform, platform_id=person.platform_id
            )
            chat_id = await _find(connection, chat)
            given_up = () if chat_id is None else await undelivered.list_in_chat(connection, chat_id)
            if person_id is None:
                return 0
            waiting = await undelivered.list_pictures(connection, person_id, but_not_in=chat_id or 0)
        if given_up:
            await self.returned(chat)
        if waiting:
            async with self.database.write() as connection:
                for job in (await jobs.get_many(connection, waiting)).values():
                    if job.state is State.STORED:
                        await apply_event(connection, job, job_lifecycle.Delivered(), self.clock.now())
                    await results.remove_from_outbox(connection, job.id)
        return len(waiting)


async def _find(connection: AsyncConnection, chat: Chat) -> int | None:
    return await people.find_chat_id(connection, platform=chat.platform, platform_id=chat.platform_id)
