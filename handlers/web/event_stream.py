"""A job's life as server-sent events: each event is the job's JSON; the stream ends after the job has."""

import json
from collections import Counter
from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from bot.domain.job_view import ENDED, JobView
from bot.i18n import Texts
from bot.jobs.service import JobService
from handlers.web.api import Jobs
from handlers.web.errors import Problem
from handlers.web.json_shapes import job_json
from handlers.web.visitors import Visit, visit_of

STREAMS = 12  # open at once, per visitor
_ENDED_IDS = frozenset(state.value for state in ENDED)


class Events:
    """The route of one job's events."""

    def __init__(self, job_service: JobService, jobs: Jobs) -> None:
        self._job_service = job_service
        self._jobs = jobs
        self._open: Counter[str] = Counter()

    async def follow(self, request: Request) -> Response:
        """The stream. A browser that comes back after the end is told to stop coming (204)."""
        visit, view = visit_of(request), await self._jobs.view(request)
        if request.headers.get("last-event-id") in _ENDED_IDS and view.state in ENDED:
            return Response(status_code=204)
        if self._open[visit.person.platform_id] >= STREAMS:
            raise Problem(429, "too_fast", retry_after=5)
        return EventSourceResponse(self._stream(visit, view.id), sep="\n")

    async def _stream(self, visit: Visit, job_id: int) -> AsyncIterator[ServerSentEvent]:
        visitor = visit.person.platform_id
        self._open[visitor] += 1
        try:
            async for view in self._job_service.watch(visit.person, job_id):
                yield event(view, visit.texts)
                await self._job_service.mark_told([view])
        finally:
            self._open[visitor] -= 1
            if not self._open[visitor]:
                del self._open[visitor]


def event(view: JobView, texts: Texts) -> ServerSentEvent:
    """One view as an event. Its id is the state, so that a browser that reconnects says where it left off."""
    return ServerSentEvent(json.dumps(job_json(view, texts), ensure_ascii=False), event="job", id=view.state.value)
