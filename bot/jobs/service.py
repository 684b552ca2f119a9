"""What a person can ask for; the same for every platform.

The studio writes wishes into the jobs table and reads from it how they fare. Who does them is none of its business.
"""

from dataclasses import replace

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_lifecycle import CancelRequested, InvalidTransition
from bot.domain.job_view import WAITING, JobView, State
from bot.domain.styles import REFERENCE
from bot.jobs import admission, consent, drafts
from bot.jobs.access import Asked, RequestDenied, check_access
from bot.jobs.drafts import Sent
from bot.jobs.erasure import erase
from bot.jobs.queries import JobQueries
from bot.jobs.transitions import StaleJob, apply_event
from bot.messaging.platform import Chat, Person
from storage import jobs, people, results
from storage.jobs import Job, NewJob

NOT_FOUND = UserError(ErrorCode.NOT_FOUND)


class JobService(JobQueries):
    """The front desk. Every answer is a view of a job or the reason why not; nothing is raised at a person."""

    async def request(
        self,
        person: Person,
        chat: Chat,
        *,
        photo: bytes,
        style: int,
        reference: bytes | None = None,
        saved: int | None = None,
        subject: Person | None = None,
        source: str,
        reply_to: str | None = None,
        by_admin: bool = False,
        in_album: bool = False,
        album: str | None = None,
    ) -> JobView | UserError:
        """A photo in a style, queued; or its picture at once when it is in store already.

        `saved`: the id of a saved style, then the style is REFERENCE; `subject`: whose photo it is. When they have to
        be asked first, the answer is a draft that waits for their `consent`. `album`: the source of a request of
        several photos, `in_album`: it is not the first of them.
        """
        if (known := await self._by_source(person, source)) is not None:
            return known
        if not self._can_do(style, has_reference=reference is not None or saved is not None):
            return UserError(ErrorCode.STYLE_INVALID)
        sent = Sent(photo, reference, source, reply_to, drafts.subject_id(person, subject))
        draft = await self._received(person, chat, sent, saved)
        if isinstance(draft, UserError):
            return draft
        return await self._queue(replace(draft, style=style), Asked(by_admin, in_album, album))

    async def draft(
        self,
        person: Person,
        chat: Chat,
        *,
        photo: bytes | None = None,
        reference: bytes | None = None,
        saved: int | None = None,
        subject: Person | None = None,
        source: str,
        reply_to: str | None = None,
        by_admin: bool = False,
        album: str | None = None,
    ) -> JobView | UserError:
        """A photo that waits for its style, or a reference (also a `saved` one) that waits for its photo; a photo meets
        such a reference."""
        if (known := await self._by_source(person, source)) is not None:
            return known
        sent = Sent(photo, reference, source, reply_to, drafts.subject_id(person, subject))
        draft = await self._received(person, chat, sent, saved)
        if isinstance(draft, UserError):
            return draft
        waiting, asked = await drafts.find_waiting_reference(self, draft), Asked(by_admin, album=album)
        if waiting is None or photo is None:
            answer = await self._insert(draft, asked)
        else:
            answer = await self._queue(drafts.with_reference_of(draft, waiting), asked)
        if waiting is not None and isinstance(answer, JobView):  # a refused photo leaves the reference waiting
            await self._end(waiting, hide=True)
        return answer

    async def choose_style(
        self,
        person: Person,
        job_id: int,
        style: int,
        *,
        saved: int | None = None,
        reference: bytes | None = None,
        by_admin: bool = False,
        in_album: bool = False,
    ) -> JobView | UserError:
        """A style for a draft. REFERENCE: a `saved` one, a picture that is sent now, or the draft's own."""
        job = await self._own(person, job_id)
        if job is None:
            return NOT_FOUND
        if job.state != State.DRAFT:
            return UserError(ErrorCode.NOT_NOW)
        if job.photo is None:
            return UserError(ErrorCode.PHOTO_MISSING)
        has_reference = style == REFERENCE and (job.reference, saved, reference) != (None, None, None)
        if not self._can_do(style, has_reference=has_reference):
            return UserError(ErrorCode.STYLE_INVALID)
        chosen = await drafts.with_reference(self, job, saved, reference)
        if isinstance(chosen, UserError):
            return chosen
        answer = await self._queue_draft(chosen, style, Asked(by_admin, in_album))
        if isinstance(answer, UserError) or answer.merged:
            await drafts.discard(self, chosen)  # the reference that it was dressed in just now
        return answer

    async def repeat(
        self,
        person: Person,
        job_id: int,
        *,
        style: int | None,
        saved: int | None = None,
        source: str,
        chat: Chat | None = None,
        reply_to: str | None = None,
        by_admin: bool = False,
        in_album: bool = False,
        album: str | None = None,
    ) -> JobView | UserError:
        """The same photo once more: in another style (with `saved`, a saved one), or (None) in the same one with fresh
        brushwork."""
        if (known := await self._by_source(person, source)) is not None:
            return known
        job = await self._own(person, job_id)
        if job is None:
            return NOT_FOUND
        copy = await drafts.from_job(self, person, job, chat, Sent(source=source, reply_to=reply_to))
        if isinstance(copy, UserError):
            return copy
        fresh: NewJob | UserError
        if saved is not None:
            fresh = await drafts.with_saved_style(self, copy, saved)
        else:
            fresh = await drafts.with_next_seed(self, copy) if style is None else drafts.with_style(copy, style)
        if isinstance(fresh, UserError):
            return fresh
        if not self._can_do(fresh.style, has_reference=fresh.reference is not None):
            return UserError(ErrorCode.STYLE_INVALID)
        return await self._queue(fresh, Asked(by_admin, in_album, album))

    async def redraft(
        self,
        person: Person,
        job_id: int,
        *,
        source: str,
        chat: Chat | None = None,
        reply_to: str | None = None,
        by_admin: bool = False,
        album: str | None = None,
    ) -> JobView | UserError:
        """The same photo, to be given another style; in the same chat unless another is named."""
        if (known := await self._by_source(person, source)) is not None:
            return known
        job = await self._own(person, job_id)
        if job is None:
            return NOT_FOUND
        copy = await drafts.from_job(self, person, job, chat, Sent(source=source, reply_to=reply_to))
        if isinstance(copy, UserError):
            return copy
        return await self._insert(drafts.with_style(copy, None), Asked(by_admin, album=album))

    async def consent(self, subject: Person, job_id: int, *, allow: bool) -> JobView | UserError:
        """The word of the person whose photo somebody else wants painted."""
        job = await consent.answer_consent(self, subject, job_id, allow=allow)
        self.wakeups.notify()
        return job if isinstance(job, UserError) else await self._view(job)

    async def cancel(self, person: Person, job_id: int) -> JobView | UserError:
        """Not wanted any more; the unit goes back."""
        job = await self._own(person, job_id)
        if job is None:
            return NOT_FOUND
        ended = await self._end(job)
        return UserError(ErrorCode.NOT_NOW) if ended is None else await self._view(ended)

    async def cancel_all(self, person: Person) -> int:
        """Cancel all that waits or runs; returns how many that were."""
        person_id = await self._id(person)
        async with self.database.read() as connection:
            mine = await jobs.list_of_person(connection, person_id, sorted(WAITING))
        return sum([await self._end(job) is not None for job in mine])

    async def delete(self, person: Person, job_id: int) -> UserError | None:
        """The photo, the picture and the entry in the history are gone; what waits is cancelled first."""
        job = await self._own(person, job_id)
        if job is None:
            return NOT_FOUND
        await self._end(job)
        async with self.database.write() as connection:
            now = await jobs.get(connection, job_id) or job
            await jobs.update(connection, replace(now, hidden=True, updated=self.clock.now()))
            await results.remove_from_outbox(connection, job_id)
        await erase(self.database, self.photo_intake.photos, job)
        self.wakeups.notify()
        return None

    async def set_language(self, person: Person, language: str | None) -> None:
        """Speak this language with them from now on; None: the one that their app tells."""
        async with self.database.write() as connection:
            person_id = await admission.person_row(connection, person, self.clock.now())
            await people.set_language(connection, person_id, language)

    # --- how it is done ---------------------------------------------------------------------------------------

    def _can_do(self, style: int | None, *, has_reference: bool) -> bool:
        if style == REFERENCE or has_reference:
            return style == REFERENCE and has_reference
        return any(style == offered.index for offered in self.offered)

    async def _by_source(self, person: Person, source: str) -> JobView | UserError | None:
        async with self.database.read() as connection:
            job = await jobs.get_by_source(connection, source)
        if job is None:
            return None
        return await self._view(job, repeated=True) if job.person_id == await self._id(person) else NOT_FOUND

    async def _received(self, person: Person, chat: Chat, sent: Sent, saved: int | None) -> NewJob | UserError:
        draft = await drafts.from_upload(self, person, chat, sent)
        if saved is None or isinstance(draft, UserError):
            return draft
        dressed = await drafts.with_saved_style(self, draft, saved)
        if isinstance(dressed, UserError):
            await drafts.discard(self, draft)
        return dressed

    async def _queue(self, new: NewJob, asked: Asked) -> JobView | UserError:
        """A new job into the queue; or the job that already stands for this source or this very wish."""
        try:
            async with self.database.write() as connection:
                job = await admission.find_same(connection, new)
                repeated = job is not None
                if job is None:
                    now = self.clock.now()
                    draft = await admission.insert_job(connection, new, asked.album, now)
                    job = await admission.admit(connection, draft, new.style or 0, self.rules, now, asked=asked)
        except RequestDenied as refused:
            await drafts.discard(self, new)
            return refused.error
        if repeated:
            await drafts.discard(self, new)
        self.wakeups.notify()
        return replace(await self._view(job, repeated=repeated), merged=job.source != new.source)

    async def _queue_draft(self, draft: Job, style: int, asked: Asked) -> JobView | UserError:
        if not await drafts.photos_are_kept(self, draft):
            return UserError(ErrorCode.PHOTO_EXPIRED)
        bare = replace(draft, reference=None, reference_hash=None, reference_name=None)
        chosen = draft if style == REFERENCE else bare
        try:
            async with self.database.write() as connection:
                job = await admission.admit_draft(connection, chosen, style, self.rules, self.clock.now(), asked=asked)
        except RequestDenied as refused:
            return refused.error
        except (InvalidTransition, StaleJob):  # two taps at once: the other one was quicker
            return UserError(ErrorCode.NOT_NOW)
        self.wakeups.notify()
        merged = job.id != draft.id
        return replace(await self._view(job, repeated=merged), merged=merged)

    async def _insert(self, new: NewJob, asked: Asked) -> JobView | UserError:
        try:
            async with self.database.write() as connection:
                now = self.clock.now()
                await check_access(connection, new, None, asked, now)
                known = await jobs.get_by_source(connection, new.source)
                job = known or await admission.insert_job(connection, new, asked.album, now)
        except RequestDenied as refused:
            await drafts.discard(self, new)
            return refused.error
        self.wakeups.notify()
        return await self._view(job)

    async def _end(self, job: Job, *, hide: bool = False) -> Job | None:
        """Cancel, as the row stands now; None when there is nothing to cancel any more."""
        try:
            async with self.database.write() as connection:
                now = await jobs.get(connection, job.id) or job
                change = await apply_event(
                    connection, replace(now, hidden=now.hidden or hide), CancelRequested(), self.clock.now()
                )
        except (InvalidTransition, StaleJob):
            return None
        self.wakeups.notify()
        return change.job
