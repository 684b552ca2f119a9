"""Presses on the card of several photos: what goes for all of them at once."""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.job_view import JobView, Reason, Refusal, State
from bot.i18n import speak
from bot.jobs.albums import Asking
from bot.messaging.album_card import PAINTED, Deed, really_delete_all, settled_rows
from bot.messaging.callback_data import Press
from bot.messaging.callbacks import Answer, refused
from bot.messaging.job_card import look_name
from bot.messaging.platform import Card, Person, Picture

if TYPE_CHECKING:
    from bot.services import Service


class AlbumDesk:
    """A job of its own is an album of one. `clock` gives epoch seconds."""

    def __init__(self, service: "Service", clock: Callable[[], float]) -> None:
        self._studio, self._albums, self._clock = service.studio, service.albums, clock

    async def choose(
        self, asking: Asking, job: int, style: int, saved: int | None = None, reference: bytes | None = None
    ) -> JobView | Refusal:
        """A style for all that wait for one on the card of this job."""
        together = await self._studio.together(asking.person, job)
        drafts = [view for view in together if view.state is State.DRAFT]
        if not drafts:  # the studio knows best why not
            return await self._studio.choose(asking.person, job, style, saved=saved, by_admin=asking.by_admin)
        return await self._albums.choose(asking, drafts, style, saved, reference)

    async def cancel(self, asking: Asking, job: int) -> JobView | Refusal:
        """All that is not painted yet."""
        together = await self._studio.together(asking.person, job)
        return await self._albums.cancel(asking.person, together) if together else Refusal(Reason.NOT_FOUND)

    async def pressed(self, press: Press, asking: Asking) -> Answer:
        """A button of the card when all is done."""
        person, views = asking.person, await self._studio.together(asking.person, press.about)
        if not views:
            return refused(Refusal(Reason.NOT_FOUND), person, self._clock())
        match press.number:
            case Deed.OTHER:
                with_photo = [view for view in views if view.has_photo]
                outcome = await self._albums.redraft(asking, with_photo or views)
                return refused(outcome, person, self._clock()) if isinstance(outcome, Refusal) else Answer()
            case Deed.FILES:
                return await self._files(person, [view for view in views if view.state in PAINTED])
            case Deed.DELETE:
                return Answer(rows=really_delete_all(views, person.language))
            case Deed.REALLY_DELETE:
                done = speak(person.language).gettext("Deleted: the photos and the pictures are gone.")
                return Answer(done, remove=True, also=await self._albums.delete(person, views))
            case _:
                return Answer(rows=settled_rows(views, person.language))

    async def _files(self, person: Person, views: Sequence[JobView]) -> Answer:
        """The pictures as files, read one by one while they are sent."""
        for at, view in enumerate(views):
            if (first := await self._file(person, view)) is not None:
                return Answer(card=Card("", document=first, follow=partial(self._more, person, views[at + 1 :])))
        return Answer(speak(person.language).gettext("I no longer keep these pictures."), alert=True)

    async def _more(self, person: Person, views: Sequence[JobView]) -> AsyncIterator[Card]:
        for view in views:
            if (file := await self._file(person, view)) is not None:
                yield Card("", document=file)

    async def _file(self, person: Person, view: JobView) -> Picture | None:
        jpeg = await self._studio.result(person, view.id)
        if jpeg is None:
            return None
        return Picture(jpeg, f"repaint-{view.id}.jpg", look_name(view, speak(person.language)))
