"""Deletes the bytes of a job that its person has deleted. Bytes first, then the row forgets where they were: a deletion
that is cut short is taken up again by housekeeping."""

from dataclasses import replace

from storage import jobs, platform_files, results
from storage.database import Database
from storage.jobs import Job
from storage.photos import PhotoStore


async def erase(database: Database, photos: PhotoStore, job: Job) -> None:
    """Delete photo, reference and picture of a hidden job, as far as no job in sight uses the same bytes."""
    async with database.read() as connection:
        result = await results.get(connection, job.id)
        keys = [key for key in (job.photo, job.reference) if key is not None]
        gone = [key for key in keys if not await jobs.is_photo_in_use(connection, job.person_id, key)]
        if result is not None and not await results.is_in_use(connection, result.key):
            gone.append(result.key)
    for key in gone:
        await photos.delete(key)
    async with database.write() as connection:
        now = await jobs.get(connection, job.id) or job
        await jobs.update(connection, replace(now, photo=None, reference=None))
        await results.delete(connection, job.id)
        await platform_files.delete(connection, job.id)
