"""Drafts: jobs that are not queued yet, made from an upload or from an earlier job of the same person."""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import State
from bot.domain.styles import REFERENCE
from bot.jobs import admission
from bot.jobs.photo_intake import AcceptedPhoto, PhotoIntake, StoredPhoto
from bot.jobs.request import JobRequest, StyleChoice, display_name
from bot.runtime.clock import Clock
from storage import jobs, saved_styles
from storage.database import Database
from storage.jobs import Job, NewJob
from storage.photos import Kind
from storage.saved_styles import SavedStyleRow

CHOICE_SECONDS = 600.0  # how long a style that was chosen before its photo waits for it

AnyJob = TypeVar("AnyJob", NewJob, Job)


@dataclass(frozen=True)
class Drafts:
    """Makes drafts and stores the photos they need."""

    database: Database
    photo_intake: PhotoIntake
    clock: Clock

    async def from_upload(self, request: JobRequest, owner: tuple[int, int] | None) -> NewJob | UserError:
        """A draft of an upload: its pictures are checked and stored, a saved style is copied. `owner`: the ids of the
        person's and the chat's rows, if these are known and up to date."""
        choice = request.style
        photo = await self._check_picture(request.photo, Kind.ORIGINAL)
        if isinstance(photo, UserError):
            return photo
        reference = await self._check_picture(None if choice is None else choice.picture, Kind.REFERENCE)
        if isinstance(reference, UserError):
            return reference
        draft = await self._store_pictures(request, owner, photo, reference)
        if choice is None or choice.saved is None:
            return draft
        styled = await self.with_saved_style(draft, choice.saved)
        if isinstance(styled, UserError):
            await self.discard(draft)
        return styled

    async def from_job(self, request: JobRequest, job: Job, owner: tuple[int, int] | None) -> NewJob | UserError:
        """A new draft with the photo of an earlier job, in the chat of the request.

        Returns NOT_NOW while the job waits for consent, PHOTO_EXPIRED when its photo is no longer stored.
        """
        if job.consent == "asked":  # the person in the photo hasn't answered yet
            return UserError(ErrorCode.NOT_NOW)
        if not await self.photos_are_kept(job):
            return UserError(ErrorCode.PHOTO_EXPIRED)
        now = self.clock.now()
        _, chat_id = owner or await self._rows_of(request, now)
        copied = NewJob(**{field.name: getattr(job, field.name) for field in fields(NewJob)})
        return replace(
            copied,
            source=request.source,
            chat_id=chat_id,
            thread=request.chat.thread,
            reply_to=request.reply_to,
            state=State.DRAFT,
            turn=None,
            album_id=None,
            created=now,
            asker_name=display_name(request.person.name) if job.subject is not None and request.chat.is_group else None,
            subject_name=None,
        )

    async def with_choice(self, draft: AnyJob, choice: StyleChoice) -> AnyJob | UserError:
        """The draft with the chosen reference: a saved style, an upload, or (neither) the one it has."""
        if choice.saved is not None:
            return await self.with_saved_style(draft, choice.saved)
        accepted = await self._check_picture(choice.picture, Kind.REFERENCE)
        if accepted is None or isinstance(accepted, UserError):
            return accepted or draft
        stored = await self.photo_intake.store(Kind.REFERENCE, draft.person_id, accepted, self.clock.now())
        return _with_reference(draft, stored, None)

    async def with_saved_style(self, draft: AnyJob, style_id: int) -> AnyJob | UserError:
        """The draft with a saved style as its reference: the person's own, or one of the group library.

        The job gets its own copy of the picture, so later changes to the saved style don't affect it. Returns
        STYLE_GONE when the style doesn't exist or may not be used here.
        """
        async with self.database.read() as connection:
            style = await saved_styles.get(connection, style_id)
        if style is None or not may_use_style(style, draft.person_id, draft.chat_id):
            return UserError(ErrorCode.STYLE_GONE)
        jpeg = await self.photo_intake.photos.get(style.key)
        if jpeg is None:
            return UserError(ErrorCode.STYLE_GONE)
        accepted = AcceptedPhoto(jpeg, style.sha256, cropped=False)
        stored = await self.photo_intake.store(Kind.REFERENCE, draft.person_id, accepted, self.clock.now())
        return _with_reference(draft, stored, style.name)

    async def with_next_seed(self, draft: NewJob) -> NewJob:
        """The draft with a seed that this person has not used with this photo and style."""
        async with self.database.read() as connection:
            last = await jobs.get_last_seed(
                connection, person_id=draft.person_id, photo_hash=draft.photo_hash, style=draft.style
            )
        return replace(draft, seed=last + 1)

    async def waiting_choice(self, draft: NewJob) -> Job | None:
        """This person's newest draft in the same chat that has a style or a reference but no photo yet."""
        async with self.database.read() as connection:
            drafts = await jobs.list_of_person(connection, draft.person_id, [State.DRAFT])
        now = self.clock.now()
        return next(
            (job for job in reversed(drafts) if job.chat_id == draft.chat_id and waits_for_photo(job, now)), None
        )

    async def photos_are_kept(self, job: Job | NewJob) -> bool:
        """Whether the job's photo, and its reference if it has one, are still stored."""
        keys = [key for key in (job.photo, job.reference) if key is not None]
        return job.photo is not None and all([await self.photo_intake.photos.has(key) for key in keys])

    async def discard(self, draft: NewJob | Job) -> None:
        """Delete the photos of a denied request, unless a job of the same person uses the same bytes."""
        async with self.database.read() as connection:
            keys = [key for key in (draft.photo, draft.reference) if key is not None]
            unused = [key for key in keys if not await jobs.is_photo_in_use(connection, draft.person_id, key)]
        for key in unused:
            await self.photo_intake.photos.delete(key)

    async def _store_pictures(
        self,
        request: JobRequest,
        owner: tuple[int, int] | None,
        photo: AcceptedPhoto | None,
        reference: AcceptedPhoto | None,
    ) -> NewJob:
        now = self.clock.now()
        person_id, chat_id = owner or await self._rows_of(request, now)
        original = await self._store_picture(Kind.ORIGINAL, person_id, photo, now)
        style = await self._store_picture(Kind.REFERENCE, person_id, reference, now)
        return NewJob(
            source=request.source,
            person_id=person_id,
            chat_id=chat_id,
            thread=request.chat.thread,
            reply_to=request.reply_to,
            state=State.DRAFT,
            style=None if style is None else REFERENCE,
            seed=0,
            photo=None if original is None else original.key,
            photo_hash=None if original is None else original.sha256,
            reference=None if style is None else style.key,
            reference_hash=None if style is None else style.sha256,
            cropped=original is not None and original.cropped,
            created=now,
            subject=request.subject_id,
            asker_name=request.asker_name,
            subject_name=request.subject_name,
        )

    async def _check_picture(self, data: bytes | None, kind: Kind) -> AcceptedPhoto | UserError | None:
        return None if data is None else await self.photo_intake.accept(data, kind)

    async def _store_picture(
        self, kind: Kind, owner: int, photo: AcceptedPhoto | None, now: float
    ) -> StoredPhoto | None:
        return None if photo is None else await self.photo_intake.store(kind, owner, photo, now)

    async def _rows_of(self, request: JobRequest, now: float) -> tuple[int, int]:
        async with self.database.write() as connection:
            return await admission.person_and_chat_rows(connection, request.person, request.chat, now)


def with_style(draft: NewJob, style: int | None) -> NewJob:
    """The draft in another style; it keeps its reference only if `style` is REFERENCE. Pure."""
    if style == REFERENCE:
        return replace(draft, style=style, seed=0)
    return replace(draft, style=style, seed=0, reference=None, reference_hash=None, reference_name=None)


def waits_for_photo(job: Job, now: float) -> bool:
    """Whether the next photo gets this job's style: a reference for as long as its draft lives, a style for a while.
    `now` is in epoch seconds. Pure."""
    return job.photo is None and (job.reference is not None or now - job.created < CHOICE_SECONDS)


def with_choice_of(draft: NewJob, waiting: Job) -> NewJob:
    """The draft with the style, or the reference, of a job that waited for a photo. Pure."""
    return replace(
        draft,
        style=REFERENCE if waiting.style is None else waiting.style,
        reference=waiting.reference,
        reference_hash=waiting.reference_hash,
        reference_name=waiting.reference_name,
    )


def may_use_style(style: SavedStyleRow, person_id: int, chat_id: int | None) -> bool:
    """Whether a person may use a saved style in a chat: their own, or one of that group's library. Pure."""
    return style.person_id == person_id if style.chat_id is None else style.chat_id == chat_id


def _with_reference(draft: AnyJob, stored: StoredPhoto, name: str | None) -> AnyJob:
    return replace(
        draft, style=REFERENCE, seed=0, reference=stored.key, reference_hash=stored.sha256, reference_name=name
    )
