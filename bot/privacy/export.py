"""Export of a person's data as zip files: photos, pictures, saved styles, and a machine-readable history.

Pictures are read one at a time and written in a thread. A new file is begun before one gets too big to be sent.
"""

import asyncio
import json
import re
import tempfile
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.domain.styles import INDICES, by_index
from bot.jobs.queries import NO_PERSON, JobQueries
from bot.messaging.platform import MAX_FILE_BYTES, Person
from storage import jobs, people, purchases, results, saved_styles
from storage.jobs import Job, State
from storage.results import Result


@dataclass(frozen=True)
class ExportContents:
    """`history`: JSON values; `pictures`: file name in the zip by photo store key."""

    history: Mapping[str, Any]
    pictures: Mapping[str, str]


@asynccontextmanager
async def export_files(
    queries: JobQueries, person: Person, *, max_bytes: int = MAX_FILE_BYTES
) -> AsyncIterator[tuple[Path, ...]]:
    """Write the person's data into zip files of up to `max_bytes` each (a single larger picture excepted).

    Yields their paths, in a temporary folder that is deleted at the end of the block.
    """
    contents = await _contents(queries, person)
    with tempfile.TemporaryDirectory(prefix="repaint-export-") as folder:
        zips = ZipParts(Path(folder), max_bytes)
        history = json.dumps(contents.history, ensure_ascii=False, indent=2)
        await asyncio.to_thread(zips.add, "history.json", history.encode())
        for key, name in contents.pictures.items():
            jpeg = await queries.photos.get(key)
            if jpeg is not None:
                await asyncio.to_thread(zips.add, name, jpeg)
        yield tuple(zips.files)


@dataclass
class ZipParts:
    """Zip files in a folder, a new one whenever the last is full. Stored uncompressed: JPEGs don't compress."""

    folder: Path
    max_bytes: int
    files: list[Path] = field(default_factory=list)
    free_bytes: int = 0

    def add(self, name: str, data: bytes) -> None:
        """Add a file. One that is larger than `max_bytes` gets a zip to itself."""
        if not self.files or len(data) + _ENTRY_OVERHEAD > self.free_bytes:
            self.files.append(self.folder / f"repaint-{len(self.files) + 1}.zip")
            self.free_bytes = self.max_bytes
        with zipfile.ZipFile(self.files[-1], "a", zipfile.ZIP_STORED) as archive:
            archive.writestr(name, data)
        self.free_bytes -= len(data) + _ENTRY_OVERHEAD


_ENTRY_OVERHEAD = 512  # bytes; an upper bound for a name and its zip headers


async def _contents(queries: JobQueries, person: Person) -> ExportContents:
    async with queries.database.read() as connection:
        found = await people.find_person_id(connection, platform=person.platform, platform_id=person.platform_id)
        person_id = NO_PERSON if found is None else found
        own_jobs = [job for job in await jobs.list_of_person(connection, person_id, list(State)) if not job.hidden]
        painted = {job.id: await results.get(connection, job.id) for job in own_jobs}
        styles = await saved_styles.list_of_person(connection, person_id)
        bought = await purchases.list_of_person(connection, person_id)
        status = await people.get_status(connection, person_id)
    units = await queries.quota(person)
    pictures = {
        **{job.photo: f"photos/{job.photo_hash}.jpg" for job in own_jobs if job.photo},
        **{job.reference: f"references/{job.reference_hash}.jpg" for job in own_jobs if job.reference},
        **{result.key: f"pictures/{job_id}.jpg" for job_id, result in painted.items() if result},
        **{style.key: f"styles/{style.id}-{_file_name(style.name)}.jpg" for style in styles},
    }
    history = {
        "person": {"platform": person.platform, "id": person.platform_id, "language": await queries.language(person)},
        "others_may_use_my_photos": not status.has_opted_out,
        "units": {"a_day": units.limit, "used_today": units.used, "given_today": units.given, "credits": units.credits},
        "jobs": [_job(job, painted[job.id]) for job in own_jobs],
        "saved_styles": [{"id": style.id, "name": style.name, "saved": _moment(style.created)} for style in styles],
        "purchases": [
            {"charge": row.charge_id, "units": row.units, "stars": row.stars, "at": _moment(row.at)} for row in bought
        ],
    }
    return ExportContents(history, pictures)


def _job(job: Job, result: Result | None) -> dict[str, Any]:
    return {
        "id": job.id,
        "asked": _moment(job.created),
        "state": job.state.value,
        "style": by_index(job.style).slug if job.style in INDICES else job.reference_name,
        "photo": job.photo_hash,
        "reference": job.reference_hash,
        "picture": None if result is None else f"pictures/{job.id}.jpg",
        "kept_until": None if result is None else _moment(result.expires),
        "why_not": job.error,
    }


def _moment(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds")


def _file_name(name: str) -> str:
    return re.sub(r"[^\w-]+", "_", name)[:40]
