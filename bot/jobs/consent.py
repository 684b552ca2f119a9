"""Consent of the person in a photo that somebody else wants repainted."""

from dataclasses import dataclass, replace

from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_lifecycle import InvalidTransition
from bot.domain.job_view import JobView, State
from bot.jobs.access import RequestDenied
from bot.jobs.admission import admit
from bot.jobs.drafts import Drafts
from bot.jobs.queries import JobQueries
from bot.jobs.request import Rights
from bot.jobs.transitions import StaleJob, apply_event
from bot.messaging.platform import Person
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import jobs, people
from storage.database import Database
from storage.jobs import Job

_ADMITTED_BEFORE = Rights(by_admin=True, skips_cooldown=True)


@dataclass(frozen=True)
class ConsentService:
    """Handles the answers to consent questions."""

    database: Database
    wakeups: Wakeups
    clock: Clock
    queries: JobQueries
    drafts: Drafts

    async def answer(self, subject: Person, job_id: int, *, allow: bool) -> JobView | UserError:
        """The job after the answer: queued, a draft that still asks for its style, or failed with a reason. Only
        `subject` can answer, and only once.

        If they agree but a limit no longer allows the job, it fails, and its requester is notified of the reason.
        Returns NOT_FOUND for jobs that are not theirs to answer, NOT_NOW when nothing is asked any more.
        """
        async with self.database.read() as connection:
            job = await jobs.get(connection, job_id)
            platform = None if job is None else await people.get_chat_platform(connection, job.chat_id)
        if job is None or job.hidden or (platform, job.subject) != (subject.platform, subject.platform_id):
            return UserError(ErrorCode.NOT_FOUND)
        if job.state != State.DRAFT or job.consent != "asked":
            return UserError(ErrorCode.NOT_NOW)
        try:
            answered = await self._allow(job) if allow else await self._fail(job, ErrorCode.CONSENT_REFUSED)
        except (InvalidTransition, StaleJob):  # cancelled or answered concurrently
            return UserError(ErrorCode.NOT_NOW)
        self.wakeups.notify()
        return await self.queries.view(answered)

    async def _allow(self, job: Job) -> Job:
        if not await self.drafts.photos_are_kept(job):
            return await self._fail(job, ErrorCode.PHOTO_EXPIRED)
        if job.style is not None:
            return await self._queue(job, job.style)
        async with self.database.write() as connection:
            return (await apply_event(connection, job, job_lifecycle.ConsentGiven(), self.clock.now())).job

    async def _queue(self, job: Job, style: int) -> Job:
        given, rules = replace(job, consent="given"), self.queries.rules
        try:
            async with self.database.write() as connection:
                return await admit(connection, given, style, rules, self.clock.now(), rights=_ADMITTED_BEFORE)
        except RequestDenied as denied:
            return await self._fail(job, denied.error.code)

    async def _fail(self, job: Job, code: ErrorCode) -> Job:
        """End the job for this reason; after a refusal, delete the photo as well."""
        refused = code == ErrorCode.CONSENT_REFUSED
        kept = replace(job, photo=None, photo_hash=None) if refused else job
        async with self.database.write() as connection:
            change = await apply_event(connection, kept, job_lifecycle.Declined(code), self.clock.now())
            is_needed = job.photo is None or await jobs.is_photo_in_use(connection, job.person_id, job.photo)
        if refused and job.photo is not None and not is_needed:
            await self.queries.photos.delete(job.photo)
        return change.job
