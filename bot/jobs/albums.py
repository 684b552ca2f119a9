"""What can be done with all photos of a request at once. Each is a job of its own: what can't be done with one doesn't
keep the others back."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import WAITING, JobView, State
from bot.jobs.service import NOT_FOUND, JobService
from bot.messaging.platform import Address, Chat, Person
from storage import albums

MAX_PHOTOS = 10
LIMIT_ERRORS = frozenset(
    {ErrorCode.QUOTA_USED_UP, ErrorCode.QUEUE_FULL, ErrorCode.BUDGET_USED_UP, ErrorCode.GROUP_LIMIT}
)


@dataclass(frozen=True)
class RequestContext:
    """Who asks for something, and how: `source` is unique to it; the cards answer `reply_to` in the `chat`."""

    person: Person
    chat: Chat
    source: str
    reply_to: str
    by_admin: bool


@dataclass(frozen=True)
class AlbumService:
    """Over the studio, which checks whose jobs they are."""

    job_service: JobService

    async def close(self, source: str) -> None:
        """All photos of this request have been taken in: its card may say how many there are."""
        async with self.job_service.database.write() as connection:
            await albums.close(connection, source)
        self.job_service.wakeups.notify()

    async def choose(
        self,
        request_context: RequestContext,
        drafts: Sequence[JobView],
        style: int,
        saved: int | None = None,
        reference: bytes | None = None,
    ) -> JobView | UserError:
        """A style for all that wait for one. Those for which there is no room go on waiting, with a card of their own;
        the answer then says why."""
        answer: JobView | UserError = NOT_FOUND
        for done, view in enumerate(drafts):
            answer = await self.job_service.choose_style(
                *(request_context.person, view.id, style),
                saved=saved,
                reference=reference,
                by_admin=request_context.by_admin,
                in_album=done > 0,
            )
            if isinstance(answer, UserError) and answer.code in LIMIT_ERRORS:
                if done:
                    await self._set_apart([left.id for left in drafts[done:]], request_context.source)
                break
        return answer

    async def cancel(self, person: Person, views: Sequence[JobView]) -> JobView | UserError:
        """What is not painted yet is not wanted any more."""
        answers = [
            await self.job_service.cancel(person, view.id)
            for view in views
            if view.state in WAITING or view.state is State.DRAFT
        ]
        canceled = [answer for answer in answers if isinstance(answer, JobView)]
        return canceled[0] if canceled else UserError(ErrorCode.NOT_NOW)

    async def redraft(self, request_context: RequestContext, views: Sequence[JobView]) -> JobView | UserError:
        """The same photos, to be given another style, as an album of their own."""
        answers = [
            await self.job_service.redraft(
                request_context.person,
                view.id,
                source=photo_source(request_context.source, number),
                chat=request_context.chat,
                reply_to=request_context.reply_to,
                by_admin=request_context.by_admin,
                album=request_context.source if len(views) > 1 else None,
            )
            for number, view in enumerate(views)
        ]
        await self.close(request_context.source)
        return _best(answers)

    async def again(
        self, request_context: RequestContext, views: Sequence[JobView], style: int, saved: int | None = None
    ) -> JobView | UserError:
        """The same photos in another style, as an album of their own."""
        answers = [
            await self.job_service.repeat(
                request_context.person,
                view.id,
                style=style,
                saved=saved,
                source=photo_source(request_context.source, number),
                chat=request_context.chat,
                reply_to=request_context.reply_to,
                by_admin=request_context.by_admin,
                in_album=number > 0,
                album=request_context.source if len(views) > 1 else None,
            )
            for number, view in enumerate(views)
        ]
        await self.close(request_context.source)
        return _best(answers)

    async def delete(self, person: Person, views: Sequence[JobView]) -> tuple[Address, ...]:
        """Photos and pictures are gone; where the pictures still are on screen."""
        places = [await self.job_service.card_address(person, view.id) for view in views]
        for view in views:
            await self.job_service.delete(person, view.id)
        return tuple(place for place in places if place is not None)

    async def _set_apart(self, job_ids: Sequence[int], source: str) -> None:
        async with self.job_service.database.write() as connection:
            await albums.move_jobs(connection, job_ids, f"{source}:rest", self.job_service.clock.now())
        self.job_service.wakeups.notify()


def photo_source(source: str, number: int) -> str:
    """The source of one photo of a request; the first one's is that of the request."""
    return f"{source}:{number}" if number else source


def _best(answers: Sequence[JobView | UserError]) -> JobView | UserError:
    """The first that was taken; else why none was."""
    taken = [answer for answer in answers if isinstance(answer, JobView)]
    return taken[0] if taken else answers[0]
