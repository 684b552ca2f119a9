"""Buttons on the card of several photos, for actions on all of them."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial

from bot.conversation.job_actions import JobActions
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView
from bot.i18n import texts_for
from bot.jobs.albums import AlbumService
from bot.jobs.queries import JobQueries
from bot.messaging.album_card import DELETING, PAINTED, confirm_delete_all_rows, settled_rows
from bot.messaging.callback_data import AlbumAction, AlbumPress
from bot.messaging.callbacks import ButtonPress, CallbackAnswer, error_answer
from bot.messaging.job_card import style_title
from bot.messaging.platform import Card, Person, Picture
from bot.messaging.registry import Feature, on_press


class AlbumActions:
    """Handles presses on album cards. `clock` gives epoch seconds."""

    def __init__(
        self, queries: JobQueries, albums: AlbumService, actions: JobActions, clock: Callable[[], float]
    ) -> None:
        self._queries, self._albums, self._actions, self._clock = queries, albums, actions, clock

    def feature(self) -> Feature:
        """What it registers."""
        return Feature(presses=(on_press(AlbumPress, self.pressed),))

    async def pressed(self, data: AlbumPress, press: ButtonPress) -> CallbackAnswer:
        """Handle a press on the card of an ended album."""
        if data.action in DELETING and (requester := await self._actions.managed_requester(data.job, press)):
            press = replace(press, person=requester)
        person, views = press.person, await self._queries.album_of(press.person, data.job)
        if not views:
            return error_answer(UserError(ErrorCode.NOT_FOUND), person, self._clock())
        match data.action:
            case AlbumAction.OTHER_STYLE:
                with_photo = [view for view in views if view.has_photo]
                outcome = await self._albums.redraft(await self._actions.request(press), with_photo or views)
                if isinstance(outcome, UserError):
                    return error_answer(outcome, person, self._clock())
                return CallbackAnswer()
            case AlbumAction.FILES:
                return await self._files(person, [view for view in views if view.state in PAINTED])
            case AlbumAction.DELETE:
                return CallbackAnswer(rows=confirm_delete_all_rows(views, person.language))
            case AlbumAction.CONFIRM_DELETE:
                done = texts_for(person.language).gettext("Deleted: the photos and the pictures are gone.")
                return CallbackAnswer(done, remove=True, also=await self._albums.delete(person, views))
            case AlbumAction.KEEP:
                return CallbackAnswer(rows=settled_rows(views, person.language))

    async def _files(self, person: Person, views: Sequence[JobView]) -> CallbackAnswer:
        """The pictures as files, read one by one while they are sent."""
        for at, view in enumerate(views):
            if (first := await self._file(person, view)) is not None:
                rest = partial(self._more, person, views[at + 1 :])
                return CallbackAnswer(card=Card("", document=first, followups=rest))
        return CallbackAnswer(texts_for(person.language).gettext("I no longer have these pictures."), alert=True)

    async def _more(self, person: Person, views: Sequence[JobView]) -> AsyncIterator[Card]:
        for view in views:
            if (file := await self._file(person, view)) is not None:
                yield Card("", document=file)

    async def _file(self, person: Person, view: JobView) -> Picture | None:
        jpeg = await self._queries.result(person, view.id)
        if jpeg is None:
            return None
        return Picture(jpeg, f"repaint-{view.id}.jpg", style_title(view, texts_for(person.language)))
