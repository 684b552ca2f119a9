"""Drafts: jobs in the making, from what somebody sent or from an earlier job of theirs."""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import State
from bot.domain.styles import REFERENCE
from bot.jobs import admission
from bot.jobs.photo_intake import AcceptedPhoto, StoredPhoto
from bot.jobs.queries import JobQueries
from bot.messaging.platform import Chat, Person
from storage import jobs, saved_styles
from storage.jobs import Job, NewJob
from storage.photos import Kind
from storage.saved_styles import SavedStyleRow

AnyJob = TypeVar("AnyJob", NewJob, Job)


@dataclass(frozen=True)
class Sent:
    """What came with one update: pictures, its unique source, the message that is to be answered, whose photo it is."""

    photo: bytes | None = None
    reference: bytes | None = None
    source: str = ""
    reply_to: str | None = None
    subject: str | None = None


def subject_id(person: Person, subject: Person | None) -> str | None:
    """The id of whose photo it is, unless it is their own."""
    return None if subject is None or subject.platform_id == person.platform_id else subject.platform_id


async def from_upload(queries: JobQueries, person: Person, chat: Chat, sent: Sent) -> NewJob | UserError:
    """The draft of what they sent, its pictures looked at and in store."""
    photo = None if sent.photo is None else await queries.photo_intake.accept(sent.photo, Kind.ORIGINAL)
    if isinstance(photo, UserError):
        return photo
    reference = None if sent.reference is None else await queries.photo_intake.accept(sent.reference, Kind.REFERENCE)
    if isinstance(reference, UserError):
        return reference
    now = queries.clock.now()
    async with queries.database.write() as connection:
        person_id, chat_id = await admission.person_and_chat_rows(connection, person, chat, now)
    original = await _kept(queries, Kind.ORIGINAL, person_id, photo, now)
    style = await _kept(queries, Kind.REFERENCE, person_id, reference, now)
    return NewJob(
        source=sent.source,
        person_id=person_id,
        chat_id=chat_id,
        thread=chat.thread,
        reply_to=sent.reply_to,
        state=State.DRAFT,
        style=None if style is None else REFERENCE,
        seed=0,
        photo=None if original is None else original.key,
        photo_hash=None if original is None else original.sha256,
        reference=None if style is None else style.key,
        reference_hash=None if style is None else style.sha256,
        cropped=original is not None and original.cropped,
        created=now,
        subject=sent.subject,
    )


async def from_job(queries: JobQueries, person: Person, job: Job, chat: Chat | None, sent: Sent) -> NewJob | UserError:
    """A new draft with the photo of an old job, while that is kept; in the same chat unless another is named."""
    if job.consent == "asked":  # whose photo it is has yet to say yes
        return UserError(ErrorCode.NOT_NOW)
    if not await photos_are_kept(queries, job):
        return UserError(ErrorCode.PHOTO_EXPIRED)
    now = queries.clock.now()
    copy = NewJob(**{field.name: getattr(job, field.name) for field in fields(NewJob)})
    copy = replace(copy, source=sent.source, reply_to=sent.reply_to, state=State.DRAFT, tag=None, created=now)
    copy = replace(copy, album_id=None)
    if chat is None:
        return copy
    async with queries.database.write() as connection:
        _, chat_id = await admission.person_and_chat_rows(connection, person, chat, now)
    return replace(copy, chat_id=chat_id, thread=chat.thread)


async def photos_are_kept(queries: JobQueries, job: Job | NewJob) -> bool:
    """Whether the job's photo, and its reference if it has one, are still in store."""
    keys = [key for key in (job.photo, job.reference) if key is not None]
    return job.photo is not None and all([await queries.photo_intake.photos.has(key) for key in keys])


async def discard(queries: JobQueries, draft: NewJob | Job) -> None:
    """The photos of a wish that was refused, unless a job of theirs uses the same bytes."""
    async with queries.database.read() as connection:
        keys = [key for key in (draft.photo, draft.reference) if key is not None]
        unused = [key for key in keys if not await jobs.is_photo_in_use(connection, draft.person_id, key)]
    for key in unused:
        await queries.photo_intake.photos.delete(key)


async def with_next_seed(queries: JobQueries, draft: NewJob) -> NewJob:
    """The same wish with brushwork that this person has not had yet."""
    async with queries.database.read() as connection:
        last = await jobs.get_last_seed(
            connection, person_id=draft.person_id, photo_hash=draft.photo_hash, style=draft.style
        )
    return replace(draft, seed=last + 1)


def with_style(draft: NewJob, style: int | None) -> NewJob:
    """The same photo in another style; its reference stays only when that is the style."""
    if style == REFERENCE:
        return replace(draft, style=style, seed=0)
    return replace(draft, style=style, seed=0, reference=None, reference_hash=None, reference_name=None)


def with_reference_of(draft: NewJob, waiting: Job) -> NewJob:
    """A photo meets the reference that waited for it."""
    return replace(
        draft,
        style=REFERENCE,
        reference=waiting.reference,
        reference_hash=waiting.reference_hash,
        reference_name=waiting.reference_name,
    )


async def with_saved_style(queries: JobQueries, draft: AnyJob, style_id: int) -> AnyJob | UserError:
    """The draft with a saved style as its reference: one of this person's own, or of the shelf where it is asked.

    The job gets a copy of its own, so that it doesn't matter to it what becomes of the saved style.
    """
    async with queries.database.read() as connection:
        style = await saved_styles.get(connection, style_id)
    if style is None or not may_use_style(style, draft.person_id, draft.chat_id):
        return UserError(ErrorCode.STYLE_GONE)
    jpeg = await queries.photo_intake.photos.get(style.key)
    if jpeg is None:
        return UserError(ErrorCode.STYLE_GONE)
    looked = AcceptedPhoto(jpeg, style.sha256, cropped=False)
    kept = await queries.photo_intake.store(Kind.REFERENCE, draft.person_id, looked, queries.clock.now())
    return replace(
        draft, style=REFERENCE, seed=0, reference=kept.key, reference_hash=kept.sha256, reference_name=style.name
    )


async def with_reference(
    queries: JobQueries, draft: AnyJob, saved_style: int | None, reference: bytes | None
) -> AnyJob | UserError:
    """The draft with its reference, if it is to have another: a saved style, or a picture that came now."""
    if saved_style is not None:
        return await with_saved_style(queries, draft, saved_style)
    if reference is None:
        return draft
    looked = await queries.photo_intake.accept(reference, Kind.REFERENCE)
    if isinstance(looked, UserError):
        return looked
    kept = await queries.photo_intake.store(Kind.REFERENCE, draft.person_id, looked, queries.clock.now())
    return replace(draft, style=REFERENCE, seed=0, reference=kept.key, reference_hash=kept.sha256, reference_name=None)


def may_use_style(style: SavedStyleRow, person_id: int, chat_id: int | None) -> bool:
    """Whether a person may use a saved style in a chat: their own, or one of the shelf there. Pure."""
    return style.person_id == person_id if style.chat_id is None else style.chat_id == chat_id


async def find_waiting_reference(queries: JobQueries, draft: NewJob) -> Job | None:
    """This person's reference that waits for a photo in the same chat."""
    async with queries.database.read() as connection:
        drafts = await jobs.list_of_person(connection, draft.person_id, [State.DRAFT])
    return next((job for job in drafts if job.photo is None and job.chat_id == draft.chat_id), None)


async def _kept(
    queries: JobQueries, kind: Kind, owner: int, looked: AcceptedPhoto | None, now: float
) -> StoredPhoto | None:
    return None if looked is None else await queries.photo_intake.store(kind, owner, looked, now)
