"""What retention looks for: expired jobs, and deleted jobs that still have files."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.jobs import COLUMNS, IS_WAITING, Job, job_from_row

_DELETED_WITH_FILES = text(f"""
    SELECT {COLUMNS} FROM job
    WHERE hidden AND (
        photo IS NOT NULL OR reference IS NOT NULL OR EXISTS (SELECT 1 FROM result r WHERE r.job_id = job.id)
    )
""")  # noqa: S608  # constant
_PHOTOS_IN_USE = text(f"""
    SELECT photo AS key FROM job WHERE {IS_WAITING} AND state <> 'fetching' AND photo IS NOT NULL
    UNION
    SELECT reference FROM job WHERE {IS_WAITING} AND state <> 'fetching' AND reference IS NOT NULL
""")  # noqa: S608  # constant
_OLD_QUEUED = text(f"SELECT {COLUMNS} FROM job WHERE state = 'queued' AND created < :before")  # noqa: S608  # constant
_OLD_DRAFTS = text(f"SELECT {COLUMNS} FROM job WHERE state = 'draft' AND updated < :before")  # noqa: S608  # constant


async def list_deleted_with_files(connection: AsyncConnection) -> tuple[Job, ...]:
    """Return deleted jobs that still have files: a result that arrived later, or an interrupted deletion."""
    return tuple(map(job_from_row, await connection.execute(_DELETED_WITH_FILES)))


async def list_photos_in_use(connection: AsyncConnection) -> frozenset[str]:
    """Return the keys of the photos and references that waiting jobs still need."""
    return frozenset((await connection.execute(_PHOTOS_IN_USE)).scalars())


async def list_old_queued(connection: AsyncConnection, before: float) -> tuple[Job, ...]:
    """Return queued jobs that were created before `before`."""
    return tuple(map(job_from_row, await connection.execute(_OLD_QUEUED, {"before": before})))


async def list_old_drafts(connection: AsyncConnection, before: float) -> tuple[Job, ...]:
    """Return drafts that were last changed before `before`."""
    rows = await connection.execute(_OLD_DRAFTS, {"before": before})
    return tuple(map(job_from_row, rows))
