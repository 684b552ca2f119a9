"""Care for people: what is kept of them and for how long, and that it is gone, or theirs to take, when they say so."""

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
from storage import anonymize, jobs, people, results
from storage.jobs import ENDED, Job
from storage.photos import Kind


@dataclass(frozen=True)
class PrivacyFacts:
    """For how long things are kept; a photo that still waits for its turn is kept until that is over, up to
    `waiting_days`."""

    original_hours: float
    result_days: float
    draft_hours: float
    waiting_days: float


@dataclass(frozen=True)
class DeletedCounts:
    """How much is gone: photos and style pictures, painted pictures, saved styles, entries in the history; and jobs of
    others that were made from this person's photos."""

    photos: int = 0
    results: int = 0
    styles: int = 0
    jobs: int = 0
    of_others: int = 0


def privacy_facts(settings: Settings) -> PrivacyFacts:
    """What `/privacy` tells. Pure."""
    return PrivacyFacts(
        original_hours=settings.original_hours,
        result_days=settings.result_days,
        draft_hours=DRAFT_SECONDS / 3600,
        waiting_days=WAIT_SECONDS / 86400,
    )


@dataclass(frozen=True)
class PrivacyService:
    """What everybody may ask for about themselves."""

    queries: JobQueries

    async def forget(self, person: Person) -> DeletedCounts:
        """Delete everything of theirs: what waits or runs is cancelled, the bytes are gone when this returns, and
        pictures that come home later are dropped. Units of today and bought ones stay as they are."""
        queries, now = self.queries, self.queries.clock.now()
        async with queries.database.write() as connection:
            person_id = await people.find_person_id(
                connection, platform=person.platform, platform_id=person.platform_id
            )
            if person_id is None:
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
        """Zip files with everything of theirs, each small enough to be sent; gone at the end of the block."""
        async with export.export_files(self.queries, person, max_bytes=max_bytes) as files:
            yield files

    async def opt_out(self, person: Person, *, out: bool) -> None:
        """Nobody else may have this person's photos painted from now on; or (not `out`) others may again."""
        now = self.queries.clock.now()
        async with self.queries.database.write() as connection:
            await people.set_opted_out(connection, await person_row(connection, person, now), now if out else None)

    async def withholds(self, attachment: Attachment, person: Person) -> bool:
        """Whether it is a photo of somebody else who doesn't want others to use theirs."""
        owner = attachment.owner
        if owner is None or owner.platform_id == person.platform_id:
            return False
        return await self.has_opted_out(owner.platform, owner.platform_id)

    async def has_opted_out(self, platform: str, platform_id: str) -> bool:
        """Whether others must not have this person's photos painted."""
        async with self.queries.database.read() as connection:
            person_id = await people.find_person_id(connection, platform=platform, platform_id=platform_id)
            return person_id is not None and (await people.get_status(connection, person_id)).has_opted_out


async def _cancel(connection: AsyncConnection, job: Job, now: float) -> Job:
    try:
        return (await apply_event(connection, job, job_lifecycle.CancelRequested(), now)).job
    except InvalidTransition:  # cancelled already, and on its way home
        return job


async def _withdraw_jobs_of_others(
    connection: AsyncConnection, person: Person, person_id: int, now: float
) -> tuple[Job, ...]:
    """What others had painted from this person's photos ends, and is hidden; returns it, its bytes are still there."""
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
