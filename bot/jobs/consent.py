"""The yes or no of the person whose photo somebody else wants painted."""

from dataclasses import replace

from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_lifecycle import InvalidTransition
from bot.domain.job_view import State
from bot.jobs import drafts
from bot.jobs.access import KNOWN, RequestDenied
from bot.jobs.admission import admit
from bot.jobs.queries import JobQueries
from bot.jobs.transitions import StaleJob, apply_event
from bot.messaging.platform import Person
from storage import jobs, people
from storage.jobs import Job

_NOT_FOUND = UserError(ErrorCode.NOT_FOUND)


async def answer_consent(queries: JobQueries, subject: Person, job_id: int, *, allow: bool) -> Job | UserError:
    """The job as it is after their word: queued, or failed with the reason; only they can give it, and only once.

    When it was a yes and there is no room or unit left by now, the job ends and tells so to the person who asked.
    """
    async with queries.database.read() as connection:
        job = await jobs.get(connection, job_id)
        chat = None if job is None else await people.get_chat_platform(connection, job.chat_id)
    if job is None or job.hidden or (chat, job.subject) != (subject.platform, subject.platform_id):
        return _NOT_FOUND
    if job.state != State.DRAFT or job.consent != "asked" or job.style is None:
        return UserError(ErrorCode.NOT_NOW)
    try:
        return (
            await _queued(queries, job, job.style) if allow else await _ended(queries, job, ErrorCode.CONSENT_REFUSED)
        )
    except (InvalidTransition, StaleJob):  # cancelled, or answered, in the same moment
        return UserError(ErrorCode.NOT_NOW)


async def _queued(queries: JobQueries, job: Job, style: int) -> Job | UserError:
    if not await drafts.photos_are_kept(queries, job):
        return await _ended(queries, job, ErrorCode.PHOTO_EXPIRED)
    given = replace(job, consent="given")
    try:
        async with queries.database.write() as connection:
            return await admit(connection, given, style, queries.rules, queries.clock.now(), asked=KNOWN)
    except RequestDenied as refused:
        return await _ended(queries, job, refused.error.code)


async def _ended(queries: JobQueries, job: Job, reason: ErrorCode) -> Job:
    """Ended for this reason; after a no, the photo is gone as well."""
    said_no = reason == ErrorCode.CONSENT_REFUSED
    kept = replace(job, photo=None, photo_hash=None) if said_no else job
    async with queries.database.write() as connection:
        change = await apply_event(connection, kept, job_lifecycle.Declined(reason), queries.clock.now())
        is_needed = job.photo is None or await jobs.is_photo_in_use(connection, job.person_id, job.photo)
    if said_no and job.photo is not None and not is_needed:
        await queries.photo_intake.photos.delete(job.photo)
    return change.job
