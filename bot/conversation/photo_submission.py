"""From a message to the jobs of its photos: access, the files, one job or draft for each, and what there is to say."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from bot.conversation.feedback import album_feedback
from bot.conversation.style_answers import StyleAnswers
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.domain.styles import REFERENCE
from bot.jobs.albums import LIMIT_ERRORS, AlbumService
from bot.jobs.request import JobRequest, StyleChoice, like_picture
from bot.messaging.incoming import Attachment, IncomingMessage, Withholds, read_attachment
from bot.messaging.platform import Card
from bot.messaging.style_text import UnknownStyle


class PhotoSubmission:
    """Makes jobs of photos. `withholds` decides whether a photo may not be used; `clock` gives epoch seconds."""

    def __init__(
        self, albums: AlbumService, answers: StyleAnswers, withholds: Withholds, clock: Callable[[], float]
    ) -> None:
        self._jobs, self._albums, self._answers = albums.jobs, albums, answers
        self._withholds, self._clock = withholds, clock

    async def submit(self, message: IncomingMessage, request: JobRequest, photos: Sequence[Attachment]) -> Card | None:
        """Submit one job per photo; stop at a limit, since the rest would be denied as well."""
        outcomes: list[JobView | UserError] = []
        for number, photo in enumerate(photos):
            one = _request_for_photo(request, message, photo, number, len(photos))
            outcomes.append(await self._read_and_submit(message, one, photo, self._jobs.submit))
            if isinstance(outcomes[-1], UserError) and outcomes[-1].code in LIMIT_ERRORS:
                break
        return await self._close_album(message, photos, outcomes)

    async def draft(
        self,
        message: IncomingMessage,
        request: JobRequest,
        photos: Sequence[Attachment],
        unknown: UnknownStyle | None,
    ) -> Card | None:
        """Make a draft per photo, whose card asks for the style, and says what was not understood."""
        outcomes: list[JobView | UserError] = []
        waited: StyleChoice | None = None  # a style that waited for a photo applies to the whole album
        draft = partial(self._jobs.draft, take_waiting=unknown is None)
        for number, photo in enumerate(photos):
            one = replace(_request_for_photo(request, message, photo, number, len(photos)), style=waited)
            work = draft if waited is None else self._jobs.submit
            outcomes.append(await self._read_and_submit(message, one, photo, work))
            match outcomes[-1]:
                case JobView(id=job, style=int(style)) if style == REFERENCE and waited is None:
                    picture = await self._jobs.queries.reference(message.person, job)
                    waited = None if picture is None else like_picture(picture)
                case JobView(style=int(style)) if waited is None:
                    waited = StyleChoice(style)
        card = await self._close_album(message, photos, outcomes)
        waiting = [view for view in outcomes if isinstance(view, JobView) and view.state is State.DRAFT]
        if card is None and unknown and waiting and not waiting[0].repeated:
            return await self._answers.ask_again(message.person, unknown, waiting[0])
        return card

    async def style_earlier(self, message: IncomingMessage, request: JobRequest) -> None:
        """A caption that comes after the other photos of its album holds for those that still ask for a style."""
        for source in message.earlier_sources:
            view = await self._jobs.queries.by_source(message.person, source)
            if view is not None and view.state is State.DRAFT and view.has_photo and view.style is None:
                await self._albums.choose_style(request, view.id)

    async def _read_and_submit(
        self,
        message: IncomingMessage,
        request: JobRequest,
        photo: Attachment,
        work: Callable[[JobRequest], Awaitable[JobView | UserError]],
    ) -> JobView | UserError:
        data = await self.read(message, photo)
        return data if isinstance(data, UserError) else await work(replace(request, photo=data))

    async def _close_album(
        self, message: IncomingMessage, photos: Sequence[Attachment], outcomes: Sequence[JobView | UserError]
    ) -> Card | None:
        """Close the album of several photos; returns the feedback on all outcomes."""
        if len(photos) > 1:
            await self._albums.close(message.source)
        return album_feedback(outcomes, photos, message.person, self._clock())

    async def request(self, message: IncomingMessage) -> JobRequest | UserError:
        """The request without its photo; or why they have no access here, before any file is downloaded.

        The group's rules are read once for all photos of an album, and the platform is asked for admin rights only
        where they matter. Each job's admission reads the rules again: limits hold only inside its transaction.
        """
        self._jobs.expect_photo()
        access = await self._jobs.queries.chat_access(message.person, message.chat)
        by_admin = access.admin_matters and await message.is_admin()
        problem = access.problem(by_admin=by_admin, now=self._clock())
        if problem is not None:
            return problem
        return JobRequest(message.person, message.chat, message.source, reply_to=message.message_id, by_admin=by_admin)

    async def read(self, message: IncomingMessage, photo: Attachment) -> bytes | UserError:
        """The bytes of a photo; OPTED_OUT, without downloading it, if its owner has opted out."""
        if await self._withholds(photo, message.person):
            return UserError(ErrorCode.OPTED_OUT)
        return await read_attachment(photo)


def _request_for_photo(
    request: JobRequest, message: IncomingMessage, photo: Attachment, number: int, photos: int
) -> JobRequest:
    """The request for photo `number` (from 0) of `photos`; the photo's own source is preferred to the request's."""
    one = request.of_album(number, photos)
    return replace(
        one,
        source=photo.source or one.source,
        subject=photo.owner,
        reply_to=photo.message_id if photo in message.attachments else message.message_id,
    )
