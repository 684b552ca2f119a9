"""Actions on all photos of a request. Each photo is a job of its own, so one failure doesn't stop the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import WAITING, JobView, State
from bot.jobs.request import JobRequest
from bot.jobs.service import NOT_FOUND, JobService
from bot.messaging.platform import Address, Person
from storage import albums

MAX_PHOTOS = 10
LIMIT_ERRORS = frozenset(
    {ErrorCode.QUOTA_USED_UP, ErrorCode.QUEUE_FULL, ErrorCode.BUDGET_USED_UP, ErrorCode.GROUP_LIMIT}
)


@dataclass(frozen=True)
class AlbumService:
    """Works through `JobService`, which checks whose jobs they are. A single job is an album of one."""

    jobs: JobService

    async def close(self, source: str) -> None:
        """Mark all photos of this request as received: from now on its card can show how many there are."""
        async with self.jobs.database.write() as connection:
            await albums.close(connection, source)
        self.jobs.wakeups.notify()

    async def choose_style(self, request: JobRequest, job_id: int) -> JobView | UserError:
        """Choose the request's style for all drafts in the album of this job.

        When a limit is reached, the remaining drafts move to an album of their own, and the limit's error is returned.
        """
        album = await self.jobs.queries.album_of(request.person, job_id)
        drafts = [view for view in album if view.state is State.DRAFT]
        if not drafts:  # for its error
            return await self.jobs.choose_style(request, job_id)
        answer: JobView | UserError = NOT_FOUND
        for done, view in enumerate(drafts):
            answer = await self.jobs.choose_style(replace(request, in_album=done > 0), view.id)
            if isinstance(answer, UserError) and answer.code in LIMIT_ERRORS:
                if done:
                    await self._move_to_own_album([left.id for left in drafts[done:]], request.source)
                break
        return answer

    async def cancel(self, person: Person, job_id: int) -> JobView | UserError:
        """Cancel all unfinished jobs in the album of this job. Returns one of them, or NOT_FOUND or NOT_NOW."""
        album = await self.jobs.queries.album_of(person, job_id)
        if not album:
            return NOT_FOUND
        answers = [
            await self.jobs.cancel(person, view.id)
            for view in album
            if view.state in WAITING or view.state is State.DRAFT
        ]
        canceled = [answer for answer in answers if isinstance(answer, JobView)]
        return canceled[0] if canceled else UserError(ErrorCode.NOT_NOW)

    async def redraft(self, request: JobRequest, views: Sequence[JobView]) -> JobView | UserError:
        """New drafts with the same photos, as a new album."""
        answers = [
            await self.jobs.redraft(request.of_album(number, len(views)), view.id) for number, view in enumerate(views)
        ]
        await self.close(request.source)
        return _first_accepted(answers)

    async def repeat(self, request: JobRequest, views: Sequence[JobView]) -> JobView | UserError:
        """Repeat the jobs in the style of the request, as a new album."""
        answers = [
            await self.jobs.repeat(request.of_album(number, len(views)), view.id) for number, view in enumerate(views)
        ]
        await self.close(request.source)
        return _first_accepted(answers)

    async def restyle(self, request: JobRequest, views: Sequence[JobView]) -> JobView | UserError:
        """Repeat jobs in the style of the request, as a new album; those still queued are canceled for it, so that
        each photo costs one unit."""
        answers = [await self._restyle(request.of_album(number, len(views)), view) for number, view in enumerate(views)]
        await self.close(request.source)
        return _first_accepted(answers)

    async def _restyle(self, request: JobRequest, view: JobView) -> JobView | UserError:
        answer = await self.jobs.repeat(request, view.id)
        if view.state is not State.QUEUED:
            return answer
        if isinstance(answer, UserError) and answer.code not in LIMIT_ERRORS:
            return answer
        canceled = await self.jobs.cancel(request.person, view.id)
        if isinstance(answer, JobView):
            if isinstance(canceled, UserError):  # it is being painted since
                await self.jobs.cancel(request.person, answer.id)
            return answer
        return answer if isinstance(canceled, UserError) else await self.jobs.repeat(request, view.id)

    async def delete(self, person: Person, views: Sequence[JobView]) -> tuple[Address, ...]:
        """Delete photos and pictures; returns the addresses of messages that still show a picture."""
        places = [await self.jobs.queries.card_address(person, view.id) for view in views]
        for view in views:
            await self.jobs.delete(person, view.id)
        return tuple(place for place in places if place is not None)

    async def _move_to_own_album(self, job_ids: Sequence[int], source: str) -> None:
        async with self.jobs.database.write() as connection:
            await albums.move_jobs(connection, job_ids, f"{source}:rest", self.jobs.clock.now())
        self.jobs.wakeups.notify()


def _first_accepted(answers: Sequence[JobView | UserError]) -> JobView | UserError:
    """The first view; the first error if there is none."""
    taken = [answer for answer in answers if isinstance(answer, JobView)]
    return taken[0] if taken else answers[0]
