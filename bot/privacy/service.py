"""Privacy: retention times, deletion and export of a person's data, and opting out of others using their photos."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.config.settings import Settings
from bot.domain import job_lifecycle, quota
from bot.domain.error_codes import ErrorCode
from bot.domain.job_lifecycle import InvalidTransition
from bot.domain.job_view import State
from bot.jobs.admission import person_row
from bot.jobs.queries import JobQueries
from bot.jobs.retention import DRAFT_SECONDS, WAIT_SECONDS, erase
from bot.jobs.transitions import apply_event
from bot.messaging.incoming import Attachment
from bot.messaging.platform import MAX_FILE_BYTES, Person
from bot.privacy import export
from storage import anonymize, jobs, people, results, update_inbox
from storage.jobs import ENDED, Job
from storage.photos import Kind


@dataclass(frozen=True)
class PrivacyFacts:
    """How long data is kept. A photo whose job is still queued is kept until the job ends, up to `waiting_days`."""

    original_hours: float
    result_days: float
    draft_hours: float
    waiting_days: float


@dataclass(frozen=True)
class DeletedCounts:
    """What was deleted: photos and style pictures, painted pictures, saved styles, jobs in the history, and jobs of
    others (`of_others`) that used this person's photos."""

    photos: int = 0
    results: int = 0
    styles: int = 0
    jobs: int = 0
    of_others: int = 0


def privacy_facts(settings: Settings) -> PrivacyFacts:
    """The retention times that /privacy shows. Pure."""
    return PrivacyFacts(
        original_hours=settings.original_hours,
        result_days=settings.result_days,
        draft_hours=DRAFT_SECONDS / 3600,
        waiting_days=WAIT_SECONDS / 86400,
    )


@dataclass(frozen=True)
class PrivacyService:
    """What people may do with the data stored about them."""

    queries: JobQueries

    async def forget(self, person: Person) -> DeletedCounts:
        """Delete a person's data and return what was deleted.

        Unfinished jobs are cancelled, and results that arrive later are discarded. All pictures are deleted when this
        returns. Today's quota and bought credits stay as they are.
        """
        queries, now = self.queries, self.queries.clock.now()
        async with queries.database.write() as connection:
            person_id = await people.find_person_id(
                connection, platform=person.platform, platform_id=person.platform_id
            )
            if person_id is None:
                await update_inbox.delete_of_sender(connection, person.platform, person.platform_id)
                return DeletedCounts()
            await people.lock_person(connection, person_id)
            visible_jobs = await anonymize.count_visible_jobs(connection, person_id)
            for job in await jobs.list_of_person(connection, person_id, sorted(set(State) - ENDED)):
                await _cancel(connection, job, now)
            others = await _withdraw_jobs_of_others(connection, person, person_id, now)
            styles = await anonymize.anonymize_person(connection, person_id, now)
        photos = queries.photos
        gone = {kind: await photos.delete_all(kind, person_id) for kind in Kind}
        for job in others:
            await erase(queries.database, photos, job)
        async with queries.database.write() as connection:
            await anonymize.delete_unneeded_identities(connection, partial(quota.kept_scopes, now=now))
            # Last, because the press that asked for all this is one of them: after a crash it has to come again.
            await update_inbox.delete_of_sender(connection, person.platform, person.platform_id)
        queries.wakeups.notify()
        return DeletedCounts(
            photos=gone[Kind.ORIGINAL] + gone[Kind.REFERENCE],
            results=gone[Kind.RESULT],
            styles=styles,
            jobs=visible_jobs,
            of_others=len(others),
        )

    @asynccontextmanager
    async def export(self, person: Person, max_bytes: int = MAX_FILE_BYTES) -> AsyncIterator[tuple[Path, ...]]:
        """Zip files of the person's data, of up to `max_bytes` each; deleted at the end of the block."""
        async with export.export_files(self.queries, person, max_bytes=max_bytes) as files:
            yield files

    async def opt_out(self, person: Person, *, out: bool) -> None:
        """Forbid (`out`) or allow again that others have this person's photos painted."""
        now = self.queries.clock.now()
        async with self.queries.database.write() as connection:
            await people.set_opted_out(connection, await person_row(connection, person, now), now if out else None)

    async def withholds(self, attachment: Attachment, person: Person) -> bool:
        """Whether `person` may not use this attachment, since its owner is somebody else who has opted out."""
        owner = attachment.owner
        if owner is None or owner.platform_id == person.platform_id:
            return False
        return await self.has_opted_out(owner.platform, owner.platform_id)

    async def has_opted_out(self, platform: str, platform_id: str) -> bool:
        """Whether this person has opted out of others having their photos painted."""
        async with self.queries.database.read() as connection:
            person_id = await people.find_person_id(connection, platform=platform, platform_id=platform_id)
            return person_id is not None and (await people.get_status(connection, person_id)).has_opted_out


async def _cancel(connection: AsyncConnection, job: Job, now: float) -> Job:
    try:
        return (await apply_event(connection, job, job_lifecycle.CancelRequested(), now)).job
    except InvalidTransition:  # already cancelled, its task still running
        return job


async def _withdraw_jobs_of_others(
    connection: AsyncConnection, person: Person, person_id: int, now: float
) -> tuple[Job, ...]:
    """End and hide the jobs of others that use this person's photos; returns them. Their pictures are still stored."""
    withdrawn = []
    for job in await jobs.list_of_subject(connection, platform=person.platform, subject=person.platform_id):
        if job.person_id == person_id:
            continue
        ended = job
        if job.state == State.DRAFT:
            ended = (await apply_event(connection, job, job_lifecycle.Declined(ErrorCode.CONSENT_REFUSED), now)).job
        elif job.state not in ENDED:
            ended = await _cancel(connection, job, now)
        else:
            await results.remove_from_outbox(connection, job.id)
        hidden = replace(ended, hidden=True, subject=None)
        await jobs.update(connection, hidden)
        withdrawn.append(replace(hidden, version=hidden.version + 1))
    return tuple(withdrawn)
