"""Commands on jobs, the same on every platform.

The service writes requests to the jobs table and `bot.worker` processes them; the two share nothing but these rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_lifecycle import AwaitingConsent, CancelRequested, InvalidTransition
from bot.domain.job_view import WAITING, JobView, State
from bot.domain.styles import REFERENCE
from bot.jobs import admission, views
from bot.jobs.access import RequestDenied, check_access, needs_consent
from bot.jobs.drafts import Drafts, with_choice_of, with_style
from bot.jobs.queries import JobQueries
from bot.jobs.request import JobRequest, Rights
from bot.jobs.retention import erase
from bot.jobs.transitions import StaleJob, apply_event
from bot.messaging.platform import Person
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import jobs, people, results
from storage.database import Database
from storage.jobs import Job, NewJob

LEARN_EACH = 4  # of so many deliveries one is measured
NOT_FOUND = UserError(ErrorCode.NOT_FOUND)


@dataclass(frozen=True)
class JobService:
    """Changes jobs. Every method returns a view of the job or a `UserError`; expected failures are not raised."""

    database: Database
    wakeups: Wakeups
    clock: Clock
    queries: JobQueries
    drafts: Drafts

    def expect_photo(self) -> None:
        """A photo is probably on its way: what reads photos starts now."""
        self.drafts.photo_intake.warm_up()

    async def submit(self, request: JobRequest) -> JobView | UserError:
        """Queue a photo in a style; if its picture is stored already, the job is done at once.

        Where the person in the photo has to be asked first, the result is a draft that waits for their consent.
        """
        known, owner = await self._seen_before(request)
        if known is not None:
            return known
        choice = request.style
        if choice is None or not self._is_offered(choice.index, has_reference=choice.has_picture):
            return UserError(ErrorCode.STYLE_INVALID)
        draft = await self.drafts.from_upload(request, owner)
        if isinstance(draft, UserError):
            return draft
        return await self._queue(replace(draft, style=choice.index), request)

    async def draft(self, request: JobRequest, *, take_waiting: bool = True) -> JobView | UserError:
        """Make a draft: a photo without a style, or a style or a reference without a photo. A photo sent after one of
        those is queued with it; unless `take_waiting` is False, then its card asks."""
        known, owner = await self._seen_before(request)
        if known is not None:
            return known
        draft = await self.drafts.from_upload(request, owner)
        if isinstance(draft, UserError):
            return draft
        if request.photo is None and request.style is not None and not request.style.has_picture:
            draft = replace(draft, style=request.style.index)
        waiting = await self.drafts.waiting_choice(draft) if take_waiting else None
        if waiting is None or request.photo is None:
            answer = await self._insert(draft, request)
        else:
            answer = await self._queue(with_choice_of(draft, waiting), request)
        if waiting is not None and isinstance(answer, JobView):  # after a refused photo the reference keeps waiting
            await self._cancel(waiting, hide=True)
        return answer

    async def choose_style(self, request: JobRequest, job_id: int) -> JobView | UserError:
        """Queue a draft in the request's style. REFERENCE: a saved style, an upload, or the draft's own reference."""
        job, choice = await self.queries.own(request.person, job_id), request.style
        if job is None:
            return NOT_FOUND
        if job.state != State.DRAFT:
            return UserError(ErrorCode.NOT_NOW)
        if job.photo is None:
            return UserError(ErrorCode.PHOTO_MISSING)
        if choice is None or not self._is_offered(
            choice.index, has_reference=choice.index == REFERENCE and (choice.has_picture or job.reference is not None)
        ):
            return UserError(ErrorCode.STYLE_INVALID)
        chosen = await self.drafts.with_choice(job, choice)
        if isinstance(chosen, UserError):
            return chosen
        answer = await self._queue_draft(chosen, choice.index, request.rights)
        if isinstance(answer, UserError) or answer.merged:
            await self.drafts.discard(chosen)  # the reference that it was given just now
        return answer

    async def repeat(self, request: JobRequest, job_id: int) -> JobView | UserError:
        """Queue the same photo again: in the request's style, or (None) in the same one with another seed."""
        copied = await self._copied(request, job_id)
        if not isinstance(copied, NewJob):
            return copied
        draft: NewJob | UserError
        if request.style is None:
            draft = await self.drafts.with_next_seed(copied)
        elif request.style.saved is not None:
            draft = await self.drafts.with_saved_style(copied, request.style.saved)
        else:
            draft = with_style(copied, request.style.index)
        if isinstance(draft, UserError):
            return draft
        if not self._is_offered(draft.style, has_reference=draft.reference is not None):
            return UserError(ErrorCode.STYLE_INVALID)
        return await self._queue(draft, request)

    async def redraft(self, request: JobRequest, job_id: int) -> JobView | UserError:
        """The same photo once more, to be given another style."""
        copied = await self._copied(request, job_id)
        if not isinstance(copied, NewJob):
            return copied
        return await self._insert(with_style(copied, None), request)

    async def cancel(self, person: Person, job_id: int) -> JobView | UserError:
        """Cancel a job and release its unit. Returns NOT_NOW when it has ended already."""
        job = await self.queries.own(person, job_id)
        if job is None:
            return NOT_FOUND
        ended = await self._cancel(job)
        return UserError(ErrorCode.NOT_NOW) if ended is None else await self.queries.view(ended)

    async def cancel_all(self, person: Person) -> int:
        """Cancel all waiting and running jobs, and the drafts; returns how many were cancelled."""
        person_id = await self.queries.person_id(person)
        async with self.database.read() as connection:
            mine = await jobs.list_of_person(connection, person_id, sorted((*WAITING, State.DRAFT)))
        return sum([await self._cancel(job) is not None for job in mine])

    async def delete(self, person: Person, job_id: int) -> UserError | None:
        """Delete a job's photo, picture and history entry, cancelling it first if necessary. None on success."""
        job = await self.queries.own(person, job_id)
        if job is None:
            return NOT_FOUND
        await self._cancel(job)
        async with self.database.write() as connection:
            now = await jobs.get(connection, job_id) or job
            await jobs.update(connection, replace(now, hidden=True, updated=self.clock.now()))
            await results.remove_from_outbox(connection, job_id)
        await erase(self.database, self.queries.photos, job)
        self.wakeups.notify()
        return None

    async def mark_delivered(self, person: Person, job_id: int) -> None:
        """Mark a stored job as delivered: the picture has reached the person. Nothing happens in other states."""
        job = await self.queries.own(person, job_id)
        if job is None or job.state != State.STORED:
            return
        try:
            async with self.database.write() as connection:
                await apply_event(connection, job, job_lifecycle.Delivered(), self.clock.now())
                await results.remove_from_outbox(connection, job.id)
                if job.id % LEARN_EACH == 0 and job.album_id is None:
                    await views.learn_delivery(connection, max(0.0, self.clock.now() - job.updated))
        except (InvalidTransition, StaleJob):
            return  # marked concurrently, e.g. from another tab
        self.wakeups.notify()

    async def mark_notified(self, views: Sequence[JobView]) -> None:
        """Remove failed and cancelled jobs from the outbox, once their person has seen on the page how they ended.
        Finished pictures stay there until they are delivered."""
        ended = [view.id for view in views if view.state in {State.FAILED, State.CANCELED}]
        if not ended:
            return
        async with self.database.read() as connection:
            owed = await results.list_owed(connection, ended)
        if owed:
            async with self.database.write() as connection:
                for job_id in owed:
                    await results.remove_from_outbox(connection, job_id)

    async def set_language(self, person: Person, language: str | None) -> None:
        """Set the person's language (a language tag); None: the one their app reports."""
        async with self.database.write() as connection:
            person_id = await admission.person_row(connection, person, self.clock.now())
            await people.set_language(connection, person_id, language)

    def _is_offered(self, style: int | None, *, has_reference: bool) -> bool:
        if style == REFERENCE or has_reference:
            return style == REFERENCE and has_reference and REFERENCE in self.queries.capacity.styles
        return any(style == offered.index for offered in self.queries.offered)

    async def _seen_before(self, request: JobRequest) -> tuple[JobView | UserError | None, tuple[int, int] | None]:
        """The outcome of this source if it was seen before, NOT_FOUND if it is another person's; and the ids of the
        person's and the chat's rows, if nothing has to be changed there."""
        async with self.database.read() as connection:
            job = await jobs.get_by_source(connection, request.source)
            owner = await admission.known_person_and_chat(connection, request.person, request.chat)
        if job is None:
            return None, owner
        is_theirs = job.person_id == await self.queries.person_id(request.person)
        return await self.queries.view(job, repeated=True) if is_theirs else NOT_FOUND, owner

    async def _copied(self, request: JobRequest, job_id: int) -> NewJob | JobView | UserError:
        """A draft with the photo of an earlier job; or the outcome, if the source was seen before or that fails."""
        known, owner = await self._seen_before(request)
        if known is not None:
            return known
        job = await self.queries.own(request.person, job_id)
        return NOT_FOUND if job is None else await self.drafts.from_job(request, job, owner)

    async def _queue(self, new: NewJob, request: JobRequest) -> JobView | UserError:
        """Queue a new job; or return the existing one of this source or of an identical request."""
        try:
            async with self.database.write() as connection:
                job = await admission.find_same(connection, new)
                repeated = job is not None
                if job is None:
                    now, rules = self.clock.now(), self.queries.rules
                    draft = await admission.insert_job(connection, new, request.album, now)
                    job = await admission.admit(connection, draft, new.style or 0, rules, now, rights=request.rights)
                view = await self.queries.view_in(connection, job, repeated=repeated)
        except RequestDenied as denied:
            await self.drafts.discard(new)
            return denied.error
        if repeated:
            await self.drafts.discard(new)
        self.wakeups.notify()
        return replace(view, merged=job.source != new.source)

    async def _queue_draft(self, draft: Job, style: int, rights: Rights) -> JobView | UserError:
        if not await self.drafts.photos_are_kept(draft):
            return UserError(ErrorCode.PHOTO_EXPIRED)
        bare = replace(draft, reference=None, reference_hash=None, reference_name=None)
        chosen, rules = draft if style == REFERENCE else bare, self.queries.rules
        try:
            async with self.database.write() as connection:
                job = await admission.admit_draft(connection, chosen, style, rules, self.clock.now(), rights=rights)
        except RequestDenied as denied:
            return denied.error
        except (InvalidTransition, StaleJob):  # two taps at once: the other one won
            return UserError(ErrorCode.NOT_NOW)
        self.wakeups.notify()
        merged = job.id != draft.id
        return replace(await self.queries.view(job, repeated=merged), merged=merged)

    async def _insert(self, new: NewJob, request: JobRequest) -> JobView | UserError:
        """Insert a draft's row."""
        try:
            async with self.database.write() as connection:
                now = self.clock.now()
                group = await check_access(connection, new, None, request.rights, now)
                job = await jobs.get_by_source(connection, new.source)
                if job is None:
                    job = await admission.insert_job(connection, new, request.album, now)
                    if job.photo is not None and needs_consent(job, group):
                        job = (await apply_event(connection, job, AwaitingConsent(None), now)).job
        except RequestDenied as denied:
            await self.drafts.discard(new)
            return denied.error
        self.wakeups.notify()
        return await self.queries.view(job)

    async def _cancel(self, job: Job, *, hide: bool = False) -> Job | None:
        """Cancel, from the row's current state; None when there is nothing to cancel any more."""
        try:
            async with self.database.write() as connection:
                now = await jobs.get(connection, job.id) or job
                hidden = replace(now, hidden=now.hidden or hide)
                change = await apply_event(connection, hidden, CancelRequested(), self.clock.now())
        except (InvalidTransition, StaleJob):
            return None
        self.wakeups.notify()
        return change.job
