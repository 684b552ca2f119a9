"""Presses on the card of several photos: what goes for all of them at once."""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.i18n import texts_for
from bot.jobs.albums import RequestContext
from bot.messaging.album_card import PAINTED, AlbumAction, confirm_delete_all_rows, settled_rows
from bot.messaging.callback_data import Press
from bot.messaging.callbacks import CallbackAnswer, error_answer
from bot.messaging.job_card import style_title
from bot.messaging.platform import Card, Person, Picture

if TYPE_CHECKING:
    from bot.services import Services


class AlbumActions:
    """A job of its own is an album of one. `clock` gives epoch seconds."""

    def __init__(self, services: "Services", clock: Callable[[], float]) -> None:
        self._job_service, self._albums, self._clock = services.job_service, services.albums, clock

    async def choose(
        self,
        request_context: RequestContext,
        job: int,
        style: int,
        saved: int | None = None,
        reference: bytes | None = None,
    ) -> JobView | UserError:
        """A style for all that wait for one on the card of this job."""
        together = await self._job_service.album_of(request_context.person, job)
        drafts = [view for view in together if view.state is State.DRAFT]
        if not drafts:  # the studio knows best why not
            return await self._job_service.choose_style(
                request_context.person, job, style, saved=saved, by_admin=request_context.by_admin
            )
        return await self._albums.choose(request_context, drafts, style, saved, reference)

    async def cancel(self, request_context: RequestContext, job: int) -> JobView | UserError:
        """All that is not painted yet."""
        together = await self._job_service.album_of(request_context.person, job)
        return (
            await self._albums.cancel(request_context.person, together) if together else UserError(ErrorCode.NOT_FOUND)
        )

    async def pressed(self, press: Press, request_context: RequestContext) -> CallbackAnswer:
        """A button of the card when all is done."""
        person, views = request_context.person, await self._job_service.album_of(request_context.person, press.about)
        if not views:
            return error_answer(UserError(ErrorCode.NOT_FOUND), person, self._clock())
        match press.number:
            case AlbumAction.OTHER:
                with_photo = [view for view in views if view.has_photo]
                outcome = await self._albums.redraft(request_context, with_photo or views)
                return (
                    error_answer(outcome, person, self._clock()) if isinstance(outcome, UserError) else CallbackAnswer()
                )
            case AlbumAction.FILES:
                return await self._files(person, [view for view in views if view.state in PAINTED])
            case AlbumAction.DELETE:
                return CallbackAnswer(rows=confirm_delete_all_rows(views, person.language))
            case AlbumAction.REALLY_DELETE:
                done = texts_for(person.language).gettext("Deleted: the photos and the pictures are gone.")
                return CallbackAnswer(done, remove=True, also=await self._albums.delete(person, views))
            case _:
                return CallbackAnswer(rows=settled_rows(views, person.language))

    async def _files(self, person: Person, views: Sequence[JobView]) -> CallbackAnswer:
        """The pictures as files, read one by one while they are sent."""
        for at, view in enumerate(views):
            if (first := await self._file(person, view)) is not None:
                return CallbackAnswer(
                    card=Card("", document=first, followups=partial(self._more, person, views[at + 1 :]))
                )
        return CallbackAnswer(texts_for(person.language).gettext("I no longer keep these pictures."), alert=True)

    async def _more(self, person: Person, views: Sequence[JobView]) -> AsyncIterator[Card]:
        for view in views:
            if (file := await self._file(person, view)) is not None:
                yield Card("", document=file)

    async def _file(self, person: Person, view: JobView) -> Picture | None:
        jpeg = await self._job_service.result(person, view.id)
        if jpeg is None:
            return None
        return Picture(jpeg, f"repaint-{view.id}.jpg", style_title(view, texts_for(person.language)))
