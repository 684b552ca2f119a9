"""Reads what a person may see: their jobs, pictures, units and place. Other people's rows are treated as missing."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import eta, quota
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import ENDED, WAITING, JobView, QueueView, QuotaView, State
from bot.domain.styles import Style
from bot.jobs import views
from bot.jobs.access import ChatAccess, chat_access
from bot.jobs.admission import AdmissionRules
from bot.jobs.queue_snapshot import QueueSnapshots
from bot.jobs.views import Capacity
from bot.messaging.platform import Address, Chat, Person
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import albums, balances, cards, jobs, ledger, people, results, undelivered
from storage.database import Database
from storage.jobs import Job
from storage.photos import PhotoStore

RECHECK_SECONDS = 1.0  # a wake-up may be lost
PROGRESS_STEP = 0.02
NO_PERSON = 0  # no person's row has this id


@dataclass(frozen=True)
class Acquaintance:
    """A person with their language, whether this is their private chat and known, and whether an outcome of theirs, or
    in this chat, could not be shown."""

    person: Person
    is_private_chat_known: bool
    is_owed_something: bool


@dataclass(frozen=True)
class JobQueries:
    """Reads jobs; `JobService` changes them."""

    database: Database
    photos: PhotoStore
    wakeups: Wakeups
    clock: Clock
    capacity: Capacity
    rules: AdmissionRules
    offered: Sequence[Style]
    snapshots: QueueSnapshots

    def styles(self) -> tuple[Style, ...]:
        """The styles that are offered now; a reference picture can always be used."""
        return tuple(self.offered)

    async def job(self, person: Person, job_id: int) -> JobView | None:
        """A job's current view; None if it isn't theirs or was deleted."""
        async with self.database.read() as connection:
            job = await _get_own_job(connection, person, job_id)
            return None if job is None else await views.read_view(connection, job, self.capacity, self.clock.now())

    async def by_source(self, person: Person, source: str) -> JobView | None:
        """The job that their message or press with this source has created, if any."""
        async with self.database.read() as connection:
            job = await jobs.get_by_source(connection, source)
        return None if job is None else await self.job(person, job.id)

    async def album_of(self, person: Person, job_id: int) -> tuple[JobView, ...]:
        """A job and those that were requested together with it, in the order of their photos; empty if not theirs."""
        async with self.database.read() as connection:
            if await _get_own_job(connection, person, job_id) is None:
                return ()
            ids = await albums.list_requested_together(connection, job_id)
            return tuple(await views.views_by_id(connection, ids, self.capacity, self.clock.now()))

    async def requester(self, chat: Chat, job_id: int) -> Person | None:
        """Who requested a job in this group; None if it was requested elsewhere."""
        async with self.database.read() as connection:
            job = await jobs.get(connection, job_id)
            if job is None or job.hidden or await people.get_chat_platform(connection, job.chat_id) != chat.platform:
                return None
            place = await cards.get_of_job(connection, job_id)
        is_here = place.is_group and place.chat == chat.platform_id
        return Person(chat.platform, place.person, place.language) if is_here else None

    async def card_address(self, person: Person, job_id: int, *, together: bool = False) -> Address | None:
        """The address of the message that shows only this job, if there is one. `together`: of the job's card, which it
        may share with others."""
        async with self.database.read() as connection:
            job = await _get_own_job(connection, person, job_id)
            if job is None:
                return None
            place = await cards.get_of_job(connection, job.id)
        message_id = place.message_id if together else job.message_id
        if message_id is None:
            return None
        chat = Chat(person.platform, place.chat, thread=place.thread, is_group=place.is_group)
        return Address(chat, message_id=message_id, person=person if together else None)

    async def job_of_message(self, person: Person, chat: Chat, message_id: str | None) -> int | None:
        """Their job that this message of the chat shows, alone or with others; None if it shows none of theirs."""
        if message_id is None:
            return None
        async with self.database.read() as connection:
            found = await _ids(connection, person, chat)
            if found is None:
                return None
            person_id, chat_id = found
            return await jobs.find_of_message(connection, person_id=person_id, chat_id=chat_id, message_id=message_id)

    async def photo_of_message(
        self, chat: Chat, message_id: str
    ) -> tuple[Person, Callable[[], Awaitable[bytes | UserError]]] | None:
        """Who is in the photo whose picture this message of the chat shows, and how to read it (PHOTO_EXPIRED when it
        isn't kept any more); None if it shows none."""
        async with self.database.read() as connection:
            chat_id = await people.find_chat_id(connection, platform=chat.platform, platform_id=chat.platform_id)
            job_id = None if chat_id is None else await jobs.find_shown(connection, chat_id, message_id)
            job = None if job_id is None else await jobs.get(connection, job_id)
            if job is None or (job.photo is None and job.state not in ENDED):
                return None
            place = await cards.get_of_job(connection, job.id)
        owner = Person(chat.platform, place.person) if job.subject is None else Person(chat.platform, job.subject)
        return owner, partial(self._read_photo, job.photo)

    async def _read_photo(self, key: str | None) -> bytes | UserError:
        return (None if key is None else await self.photos.get(key)) or UserError(ErrorCode.PHOTO_EXPIRED)

    async def open_question(self, person: Person, chat: Chat, shown_by: str | None = None) -> JobView | None:
        """Their newest photo in this chat whose card asks for a style; with `shown_by`, only that message's."""
        shown = await self.job_of_message(person, chat, shown_by)
        async with self.database.read() as connection:
            found = await _ids(connection, person, chat)
            if found is None or (shown_by is not None and shown is None):
                return None
            drafts = await jobs.list_of_person(connection, found[0], [State.DRAFT])
            asking = [job.id for job in drafts if job.chat_id == found[1] and asks_for_style(job)]
            if shown is not None:
                together = await albums.list_requested_together(connection, shown)
                asking = [job_id for job_id in asking if job_id in together]
            newest = await jobs.get(connection, asking[-1]) if asking else None
            return (
                None if newest is None else await views.read_view(connection, newest, self.capacity, self.clock.now())
            )

    async def history(self, person: Person, *, limit: int = 50) -> tuple[JobView, ...]:
        """Their jobs, newest first, without drafts and deleted ones. `limit` is capped at 200."""
        person_id, now = await self.person_id(person), self.clock.now()
        async with self.database.read() as connection:
            found = await jobs.list_history(connection, person_id, min(limit, 200))
            return await views.views_of_jobs(connection, found, self.capacity, now)

    async def quota(self, person: Person, chat: Chat | None = None) -> QuotaView:
        """Today's units and credits of a person; with `chat`, also those of that group."""
        now, person_id = self.clock.now(), await self.person_id(person)
        scope = quota.person_scope(person_id, self.rules.daily_free_images, now)
        async with self.database.read() as connection:
            sums = await ledger.get_sums(connection, scope)
            given = await balances.sum_withdrawals(connection, scope)
            own_credits = await balances.get(connection, quota.credits_scope(person_id))
            group_credits = await group_balance(connection, chat, now)
        resets_at = quota.resets_at(now)
        return QuotaView(
            scope.limit,
            sums.used - given,
            sums.reserved,
            resets_at,
            given=given,
            credits=own_credits,
            group_credits=group_credits,
        )

    async def favourites(self, person: Person, *, limit: int = 8) -> tuple[int, ...]:
        """The indices of their most used styles that are still offered, most used first."""
        person_id = await self.person_id(person)
        async with self.database.read() as connection:
            used = await jobs.list_favorite_styles(connection, person_id, limit=limit)
        offered = {style.index for style in self.offered}
        return tuple(index for index in used if index in offered)

    async def language(self, person: Person) -> str:
        """Their language: the one they chose, else the one their app reports or last reported. A language tag."""
        async with self.database.read() as connection:
            known = await people.get_language(
                connection, platform=person.platform, platform_id=person.platform_id, reported=person.language
            )
        return known or person.language

    async def in_their_language(self, person: Person) -> Person:
        """The same person with `language` set to theirs, and `app_language` to what their app reported."""
        reported = person.language if person.app_language is None else person.app_language
        language = await self.language(replace(person, language=reported))
        return replace(person, language=language, app_language=reported)

    async def meet(self, person: Person, chat: Chat) -> Acquaintance:
        """What is known of a person who has written in this chat."""
        reported = person.language if person.app_language is None else person.app_language
        platform, names = person.platform, {"person": person.platform_id, "chat": chat.platform_id}
        async with self.database.read() as connection:
            language = await people.get_language(
                connection, platform=platform, platform_id=person.platform_id, reported=reported
            )
            is_known = await people.is_private_chat_known(connection, platform=platform, platform_id=chat.platform_id)
            owed = await undelivered.is_any(connection, platform=platform, **names)
        known = replace(person, language=language or reported, app_language=reported)
        return Acquaintance(known, is_private_chat_known=is_known, is_owed_something=owed)

    async def chat_access(self, person: Person, chat: Chat) -> ChatAccess:
        """Their access in this chat, for a check before their photo is downloaded."""
        async with self.database.read() as connection:
            return await chat_access(connection, person, chat)

    async def queue(self, person: Person) -> QueueView:
        """The length of the queue, and the person's own jobs in it."""
        person_id, now = await self.person_id(person), self.clock.now()
        async with self.database.read() as connection:
            state = await views.read_queue_state(connection, self.capacity, now)
            mine = await jobs.list_of_person(connection, person_id, sorted(WAITING))
            wanted = [job for job in mine if not job.cancel_requested]
            own = await views.views_of_jobs(connection, wanted, self.capacity, now)
        return QueueView(state.waiting, state.running, own, state.paused, away=state.is_away(None))

    async def result(self, person: Person, job_id: int) -> bytes | None:
        """The finished picture as JPEG, while it is kept."""
        async with self.database.read() as connection:
            job = await _get_own_job(connection, person, job_id)
            if job is None or job.cancel_requested:
                return None
            result = await results.get(connection, job.id)
        return None if result is None else await self.photos.get(result.key)

    async def original(self, person: Person, job_id: int) -> bytes | None:
        """The normalized photo as JPEG, while it is kept."""
        job = await self.own(person, job_id)
        return None if job is None or job.photo is None else await self.photos.get(job.photo)

    async def reference(self, person: Person, job_id: int) -> bytes | None:
        """The reference picture as JPEG, while it is kept."""
        job = await self.own(person, job_id)
        return None if job is None or job.reference is None else await self.photos.get(job.reference)

    async def watch(self, person: Person, job_id: int) -> AsyncIterator[JobView]:
        """The job now, then after every change worth sending. Ends when the job has ended or isn't theirs."""
        last: JobView | None = None
        person_id = await self.person_id(person)
        while True:
            wakeup = self.wakeups.subscribe()
            now = await self._view_from_snapshot(person_id, job_id) or await self.job(person, job_id)
            if now is None:
                return
            if last is None or _is_worth_sending(last, now):
                last = now
                yield now
            if now.state in ENDED:
                return
            await self.clock.wait(wakeup, RECHECK_SECONDS)

    async def _view_from_snapshot(self, person_id: int, job_id: int) -> JobView | None:
        """Their waiting or running job, from the shared snapshot; None for all others."""
        snapshot = await self.snapshots.current(job_id)
        job = snapshot.waiting.get(job_id)
        if job is None or job.person_id != person_id or job.hidden:
            return None
        place, now = snapshot.places.get(job_id), self.clock.now()
        return views.view_of(job, place, None, snapshot.state, now=now)

    async def person_id(self, person: Person) -> int:
        """The id of their row, or NO_PERSON."""
        async with self.database.read() as connection:
            found = await people.find_person_id(connection, platform=person.platform, platform_id=person.platform_id)
        return NO_PERSON if found is None else found

    async def own(self, person: Person, job_id: int) -> Job | None:
        """The job's row, if it is this person's and not deleted."""
        async with self.database.read() as connection:
            return await _get_own_job(connection, person, job_id)

    async def view(self, job: Job, *, repeated: bool = False) -> JobView:
        """The view of a job's row."""
        async with self.database.read() as connection:
            return await self.view_in(connection, job, repeated=repeated)

    async def view_in(self, connection: AsyncConnection, job: Job, *, repeated: bool = False) -> JobView:
        """The same, within a transaction."""
        return await views.read_view(connection, job, self.capacity, self.clock.now(), repeated=repeated)


def asks_for_style(job: Job) -> bool:
    """Whether the job's card asks which style its photo should get. Pure."""
    return job.state == State.DRAFT and job.photo is not None and job.style is None and not job.hidden


async def _ids(connection: AsyncConnection, person: Person, chat: Chat) -> tuple[int, int] | None:
    """The ids of a person's and a chat's rows, if both have one."""
    person_id = await people.find_person_id(connection, platform=person.platform, platform_id=person.platform_id)
    chat_id = await people.find_chat_id(connection, platform=chat.platform, platform_id=chat.platform_id)
    return None if person_id is None or chat_id is None else (person_id, chat_id)


async def _get_own_job(connection: AsyncConnection, person: Person, job_id: int) -> Job | None:
    return await jobs.get_own(connection, job_id, platform=person.platform, platform_id=person.platform_id)


def _is_worth_sending(last: JobView, now: JobView) -> bool:
    return (
        (last.state, last.place, last.paused, last.away, last.style)
        != (now.state, now.place, now.paused, now.away, now.style)
        or eta.eta_differs(last.eta_seconds, now.eta_seconds)
        or abs((last.progress or 0.0) - (now.progress or 0.0)) >= PROGRESS_STEP
    )


async def group_balance(connection: AsyncConnection, chat: Chat | None, now: float) -> int | None:
    """A group's credits: those given for today plus those that don't expire. None outside groups."""
    if chat is None or not chat.is_group:
        return None
    chat_id = await people.find_chat_id(connection, platform=chat.platform, platform_id=chat.platform_id)
    if chat_id is None:
        return 0
    scopes = [quota.group_credits_scope(chat_id, period) for period in (quota.day(now), quota.EVER)]
    return sum([await balances.get(connection, scope) for scope in scopes])
