"""Photos that we already have, once more: by /again, a reply to their card or picture, or an edited caption."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.conversation.feedback import being_painted_text, did_you_mean, feedback_text
from bot.domain.error_codes import UserError
from bot.domain.job_view import ACTIVE, WAITING, JobView, State
from bot.jobs.albums import AlbumService
from bot.jobs.request import JobRequest, StyleChoice
from bot.messaging.album_card import PAINTED
from bot.messaging.incoming import Attachment, IncomingMessage
from bot.messaging.platform import Card, Person
from bot.messaging.style_text import UnknownStyle


@dataclass(frozen=True)
class EarlierPhotos:
    """Finds them and has them painted again. `clock` gives epoch seconds."""

    albums: AlbumService
    clock: Callable[[], float]

    async def replied(self, message: IncomingMessage) -> list[JobView]:
        """The person's photos with a style whose card or picture the message replies to."""
        return [view for view in await self._shown(message) if view.has_photo and view.style is not None]

    async def is_gone(self, message: IncomingMessage) -> bool:
        """Whether the message replies to pictures of theirs whose photos we no longer have."""
        shown = await self._shown(message)
        return bool(shown) and all(view.state in PAINTED and not view.has_photo for view in shown)

    async def _shown(self, message: IncomingMessage) -> Sequence[JobView]:
        """The person's jobs whose card or picture the message replies to."""
        queries = self.albums.jobs.queries
        shown = await queries.job_of_message(message.person, message.chat, message.replied_to)
        return () if shown is None else await queries.album_of(message.person, shown)

    async def replied_or_last(self, message: IncomingMessage) -> list[JobView]:
        """The same, else their last photo, if there is one."""
        if found := await self.replied(message):
            return found
        past = await self.albums.jobs.queries.history(message.person)
        return [view for view in past if view.has_photo and view.style is not None][:1]

    async def with_photo_of(self, message: IncomingMessage) -> IncomingMessage:
        """The message; where it replies to a picture that we painted of somebody else's photo, as if it did to that
        photo, so that its owner is asked."""
        if message.replied is None or message.replied_to is None:
            return message
        shown = await self.albums.jobs.queries.photo_of_message(message.chat, message.replied_to)
        if shown is None:
            return message
        owner, read = shown
        return replace(message, replied=Attachment(message.replied_to, None, is_picture=True, read=read, owner=owner))

    async def paint(
        self, person: Person, request: JobRequest, choice: StyleChoice | UnknownStyle | None, views: Sequence[JobView]
    ) -> Card | None:
        """Paint them in the style; in the one that they have, with new brushwork. Without a style, a new card asks."""
        if not isinstance(choice, StyleChoice):
            asked = await self.albums.redraft(request, views)
            if choice is not None and isinstance(asked, JobView):
                return did_you_mean(choice, asked, person)
            return self.feedback(person, asked)
        others = [view for view in views if choice.saved is not None or view.style != choice.index]
        if others:
            return await self.restyle(person, replace(request, style=choice), others)
        if waiting := [view for view in views if view.state in WAITING]:
            return self.feedback(person, replace(waiting[0], merged=True))
        return self.feedback(person, await self.albums.repeat(request, views))

    async def restyle(self, person: Person, request: JobRequest, views: Sequence[JobView]) -> Card | None:
        """Paint them in the request's style instead. Those that are being painted can't be stopped any more: they are
        not painted a second time, which would cost another unit."""
        choice = request.style
        assert choice is not None
        suffix = f"{choice.index}" if choice.saved is None else f"saved:{choice.saved}"
        request = replace(request, source=f"{request.source}:{suffix}")
        painting = next((view for view in views if view.state in ACTIVE), None)
        if painting is None:
            return self.feedback(person, await self.albums.restyle(request, views))
        if queued := [view for view in views if view.state is State.QUEUED]:
            await self.albums.restyle(request, queued)
        return Card(being_painted_text(painting, person))

    def feedback(self, person: Person, outcome: JobView | UserError) -> Card | None:
        """What there is to say beside the card; None if that is enough."""
        text = feedback_text(outcome, person, self.clock())
        return Card(text) if text else None
