"""A job's states as server-sent events: each event is the job's JSON; the stream ends after the job has ended."""

import json
from collections import Counter
from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from bot.domain.job_view import ENDED, JobView
from bot.i18n import Texts
from bot.jobs.service import JobService
from handlers.web.api import JobApi
from handlers.web.errors import HttpProblem
from handlers.web.json_shapes import job_json
from handlers.web.visitors import Visit, visit_of

MAX_STREAMS = 12  # open at once, per visitor
_ENDED_IDS = frozenset(state.value for state in ENDED)


class JobEvents:
    """The route for one job's events."""

    def __init__(self, jobs: JobService, job_api: JobApi) -> None:
        self._jobs = jobs
        self._job_api = job_api
        self._open_streams: Counter[str] = Counter()

    async def stream(self, request: Request) -> Response:
        """The event stream. If the client has seen the last event: 204, which stops browsers from reconnecting."""
        visit, view = visit_of(request), await self._job_api.own_job(request)
        if request.headers.get("last-event-id") in _ENDED_IDS and view.state in ENDED:
            return Response(status_code=204)
        if self._open_streams[visit.person.platform_id] >= MAX_STREAMS:
            raise HttpProblem(429, "too_fast", retry_after=5)
        return EventSourceResponse(self._events(visit, view.id), sep="\n")

    async def _events(self, visit: Visit, job_id: int) -> AsyncIterator[ServerSentEvent]:
        visitor = visit.person.platform_id
        self._open_streams[visitor] += 1
        try:
            async for view in self._jobs.queries.watch(visit.person, job_id):
                yield job_event(view, visit.texts)
                await self._jobs.mark_notified([view])
        finally:
            self._open_streams[visitor] -= 1
            if not self._open_streams[visitor]:
                del self._open_streams[visitor]


def job_event(view: JobView, texts: Texts) -> ServerSentEvent:
    """One view as an event. Its id is the state, which a reconnecting browser sends as Last-Event-ID."""
    return ServerSentEvent(json.dumps(job_json(view, texts), ensure_ascii=False), event="job", id=view.state.value)
