"""Wishes in a chat: photos with the words that say how to paint them. Job cards are shown by the courier; what comes
back here is only what there is to say besides."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.conversation.feedback import album_feedback, did_you_mean, error_text, feedback_text, unknown_style_text
from bot.conversation.help import how_to_style_text
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.domain.styles import REFERENCE, Style
from bot.groups.chat_commands import admin_matters
from bot.i18n import texts_for
from bot.jobs.albums import LIMIT_ERRORS, MAX_PHOTOS, RequestContext, photo_source
from bot.messaging.commands import ParsedText, UnknownStyle, find_style, split_me
from bot.messaging.incoming import Attachment, IncomingMessage, is_withheld, read_attachment
from bot.messaging.platform import Card

if TYPE_CHECKING:
    from bot.services import Services


@dataclass(frozen=True)
class StyleChoice:
    """How to paint: a style's index, and for REFERENCE the id of a saved style, or the picture itself."""

    style: int
    saved: int | None = None
    like: bytes | None = None


class PhotoRequests:
    """Takes photos in. `clock` gives epoch seconds."""

    def __init__(self, services: "Services", clock: Callable[[], float]) -> None:
        self._services = services
        self._job_service = services.job_service
        self._clock = clock

    async def style(self, message: IncomingMessage, said: ParsedText) -> Card | None:
        """Photos with the name of a style, or without one: then the card asks for it."""
        words, mine = split_me(said.words)
        photos = _photos(message, mine=mine)
        if not photos:
            return Card(how_to_style_text(texts_for(message.person.language)))
        if problem := await self._unwelcome(message):
            return problem
        look = await self._look(message, words)
        if isinstance(look, StyleChoice):
            return await self._wishes(message, photos, look)
        meant_a_style = look is not None and (said.command or look.meant or look.known)
        return await self._drafts(message, photos, look if meant_a_style else None)

    async def names_a_style(self, message: IncomingMessage, said: ParsedText) -> bool:
        """Whether plain words name a style: then they are a wish when they answer a photo."""
        return isinstance(await self._look(message, said.words), StyleChoice)

    async def repeat(self, message: IncomingMessage, said: ParsedText) -> Card | None:
        """The last photo once more: with fresh brushwork, or in the style that is named."""
        look = await self._look(message, said.words)
        if isinstance(look, UnknownStyle):
            return Card(unknown_style_text(look, message.person))
        past = await self._job_service.history(message.person)
        last = next((view for view in past if view.has_photo and view.style is not None), None)
        if last is None:
            texts = texts_for(message.person.language)
            return Card(texts.gettext("There is no photo that I could paint again. Please send me one."))
        return self._said(message, await self._once_more(message, last, look, message.source))

    async def edited(self, message: IncomingMessage, said: ParsedText) -> Card | None:
        """A changed caption: what waits for its style gets it, what has another one is painted in the new one."""
        known = await self.by_source(message)
        if known is None:
            return await self.style(message, said)
        look = await self._look(message, split_me(said.words)[0])
        if not isinstance(look, StyleChoice) or (known.style == look.style and look.saved is None):
            return None
        together = await self._job_service.album_of(message.person, known.id)
        if known.state is State.DRAFT and known.style is None:
            request_context = await self._asking(message, message.source)
            return self._said(
                message, await self._services.albums.choose(request_context, together, look.style, look.saved)
            )
        source = f"{message.source}:{look.style}" if look.saved is None else f"{message.source}:saved:{look.saved}"
        request_context = await self._asking(message, source)
        answer = await self._services.albums.again(request_context, together, look.style, look.saved)
        if isinstance(answer, JobView):
            for view in together:
                if view.state is State.QUEUED:
                    await self._job_service.cancel(message.person, view.id)
        return self._said(message, answer)

    async def by_source(self, message: IncomingMessage) -> JobView | None:
        """The job that this message has made, if it has, or that one of its photos has."""
        sources = [message.source, *(photo.source for photo in message.attachments if photo.source)]
        views = [await self._job_service.by_source(message.person, source) for source in sources]
        return next((view for view in views if view is not None), None)

    async def reference_draft(self, message: IncomingMessage, style: Attachment) -> Card | None:
        """A style picture that waits for its photo."""
        if problem := await self._unwelcome(message):
            return problem
        data = await self._read(message, style)
        if isinstance(data, UserError):
            return self._refused(message, data)
        view = await self._job_service.draft(
            message.person,
            message.chat,
            reference=data,
            source=message.source,
            reply_to=message.message_id,
            by_admin=await self._by_admin(message),
        )
        return self._refused(message, view) if isinstance(view, UserError) else None

    async def reference_request(
        self, message: IncomingMessage, photos: tuple[Attachment, ...], style: Attachment
    ) -> Card | None:
        """Photos, and the picture whose style they are to have."""
        if problem := await self._unwelcome(message):
            return problem
        data = await self._read(message, style)
        if isinstance(data, UserError):
            return self._refused(message, data)
        return await self._wishes(message, photos, StyleChoice(REFERENCE, like=data))

    async def _look(self, message: IncomingMessage, words: str) -> StyleChoice | UnknownStyle | None:
        """What the words name: a style of the catalogue, else one that was saved; None when there are no words."""
        style = find_style(words, self._job_service.styles())
        if isinstance(style, Style):
            return StyleChoice(style.index)
        if style is None:
            return None
        saved = await self._services.saved_styles.find(message.person, message.chat, words)
        return style if saved is None else StyleChoice(REFERENCE, saved.id)

    async def _wishes(self, message: IncomingMessage, photos: tuple[Attachment, ...], look: StyleChoice) -> Card | None:
        """One wish a photo; a want of room ends it, for what follows would only be refused again."""
        outcomes: list[JobView | UserError] = []
        for number, photo in enumerate(photos):
            outcomes.append(await self._wish(message, photo, look, number, album=_album(message, photos)))
            if isinstance(outcomes[-1], UserError) and outcomes[-1].code in LIMIT_ERRORS:
                break
        return await self._taken(message, photos, outcomes)

    async def _wish(
        self, message: IncomingMessage, photo: Attachment, look: StyleChoice, number: int, *, album: str | None
    ) -> JobView | UserError:
        data = await self._read(message, photo)
        if isinstance(data, UserError):
            return data
        return await self._job_service.request(
            message.person,
            message.chat,
            photo=data,
            style=look.style,
            saved=look.saved,
            reference=look.like,
            subject=photo.owner,
            source=photo.source or photo_source(message.source, number),
            reply_to=photo.message_id if photo in message.attachments else message.message_id,
            by_admin=await self._by_admin(message),
            in_album=number > 0,
            album=album,
        )

    async def _taken(
        self, message: IncomingMessage, photos: tuple[Attachment, ...], outcomes: list[JobView | UserError]
    ) -> Card | None:
        """What there is to say of photos that were taken in, or not."""
        if (album := _album(message, photos)) is not None:
            await self._services.albums.close(album)
        return album_feedback(outcomes, photos, message.person, self._clock())

    async def _once_more(
        self, message: IncomingMessage, view: JobView, look: StyleChoice | None, source: str
    ) -> JobView | UserError:
        return await self._job_service.repeat(
            message.person,
            view.id,
            style=None if look is None else look.style,
            saved=None if look is None else look.saved,
            source=source,
            chat=message.chat,
            reply_to=message.message_id,
            by_admin=await self._by_admin(message),
        )

    async def _drafts(
        self, message: IncomingMessage, photos: tuple[Attachment, ...], unknown: UnknownStyle | None
    ) -> Card | None:
        """Keep the photos and let their card ask for the style; say what was not understood."""
        outcomes: list[JobView | UserError] = []
        like: bytes | None = None  # a style picture that has waited for photos: it is for all of them
        for number, photo in enumerate(photos):
            outcomes.append(await self._draft(message, photo, number, like, album=_album(message, photos)))
            match outcomes[-1]:
                case JobView(id=job, style=int(style)) if style == REFERENCE and like is None:
                    like = await self._job_service.reference(message.person, job)
        said = await self._taken(message, photos, outcomes)
        waiting = [view for view in outcomes if isinstance(view, JobView) and view.state is State.DRAFT]
        if said is None and unknown and waiting and not waiting[0].repeated:
            return did_you_mean(unknown, waiting[0], message.person)
        return said

    async def _draft(
        self, message: IncomingMessage, photo: Attachment, number: int, like: bytes | None, *, album: str | None
    ) -> JobView | UserError:
        if like is not None:
            return await self._wish(message, photo, StyleChoice(REFERENCE, like=like), number, album=album)
        data = await self._read(message, photo)
        if isinstance(data, UserError):
            return data
        return await self._job_service.draft(
            message.person,
            message.chat,
            photo=data,
            subject=photo.owner,
            source=photo.source or photo_source(message.source, number),
            reply_to=photo.message_id if photo in message.attachments else message.message_id,
            by_admin=await self._by_admin(message),
            album=album,
        )

    async def _read(self, message: IncomingMessage, photo: Attachment) -> bytes | UserError:
        """The bytes; of somebody who doesn't want that, nothing is fetched."""
        if await is_withheld(self._services.privacy, photo, message.person):
            return UserError(ErrorCode.OPTED_OUT)
        return await read_attachment(photo)

    async def _asking(self, message: IncomingMessage, source: str) -> RequestContext:
        by_admin = await self._by_admin(message)
        return RequestContext(message.person, message.chat, source, message.message_id, by_admin)

    async def _unwelcome(self, message: IncomingMessage) -> Card | None:
        """Why they can't ask here at all, before anything of theirs is fetched."""
        by_admin = await self._by_admin(message)
        user_error = await self._job_service.check_access(message.person, message.chat, by_admin=by_admin)
        return None if user_error is None else self._refused(message, user_error)

    async def _by_admin(self, message: IncomingMessage) -> bool:
        """Whether an admin of the group asks; the platform is asked only where it matters."""
        return await admin_matters(self._services.groups, message.chat) and await message.is_admin()

    def _said(self, message: IncomingMessage, outcome: JobView | UserError) -> Card | None:
        said = feedback_text(outcome, message.person, self._clock())
        return Card(said) if said else None

    def _refused(self, message: IncomingMessage, why: UserError) -> Card:
        return Card(error_text(why, message.person, self._clock()))


def _photos(message: IncomingMessage, *, mine: bool) -> tuple[Attachment, ...]:
    """What is to be painted: what was sent, else what is answered, else a profile photo."""
    if message.attachments:
        return message.attachments[:MAX_PHOTOS]
    if mine:
        return () if message.profile_photo is None else (replace(message.profile_photo, owner=None),)
    found = message.replied or message.replied_profile_photo
    return (found,) if found else ()


def _album(message: IncomingMessage, photos: tuple[Attachment, ...]) -> str | None:
    """Several photos are an album, known by the source of their request."""
    return message.source if len(photos) > 1 else None
