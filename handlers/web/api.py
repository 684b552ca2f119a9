"""The JSON API. Each route calls the job service once and returns its answer as JSON."""

import asyncio
import secrets

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.domain import styles
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import WAITING, JobView
from bot.jobs.request import JobRequest, StyleChoice
from bot.jobs.service import JobService
from handlers.web.errors import HttpProblem
from handlers.web.forms import MAX_FORM_BYTES, MAX_SMALL_FORM_BYTES, JobForm, open_form, parse_fields
from handlers.web.json_shapes import JOBS_PATH, download_name, job_json, quota_json, style_json
from handlers.web.visitors import Visit, visit_of

MAX_PARSED_FORMS = 8  # forms held in memory; the others wait on disk
_LARGEST_ID = 2**63 - 1


def style_index(style: str | None, *, has_reference: bool) -> int:
    """The style index for a form's `style` (a number, slug or name) and `reference`. Raises HttpProblem."""
    if has_reference:
        if style not in {None, str(styles.REFERENCE)}:
            raise HttpProblem(400, "one_look")
        return styles.REFERENCE
    found = styles.find(style, styles.STYLES) if style else None
    if found is None:
        raise HttpProblem.of(UserError(ErrorCode.STYLE_INVALID))
    return found.index


def job_id(request: Request) -> int:
    """The job id in the path. Raises HttpProblem for a number that no database could hold."""
    number: int = request.path_params["id"]
    if number > _LARGEST_ID:
        raise HttpProblem.of(UserError(ErrorCode.NOT_FOUND))
    return number


class JobApi:
    """The routes under /api."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs
        self._form_slots = asyncio.Semaphore(MAX_PARSED_FORMS)

    def routes(self) -> list[BaseRoute]:
        job = f"{JOBS_PATH}/{{id:int}}"
        return [
            Route("/api/styles", self.styles),
            Route("/api/quota", self.quota),
            Route(JOBS_PATH, self.history),
            Route(JOBS_PATH, self.create, methods=["POST"]),
            Route(job, self.job),
            Route(job, self.delete, methods=["DELETE"]),
            Route(f"{job}/again", self.repeat, methods=["POST"]),
            Route(f"{job}/result", self.result),
            Route(f"{job}/photo", self.photo),
        ]

    async def styles(self, request: Request) -> Response:
        language = visit_of(request).texts.language
        offered = [
            style_json(style, language, has_sample=bool(styles.sample(style.slug)))
            for style in self._jobs.queries.styles()
        ]
        return JSONResponse({"styles": offered})

    async def quota(self, request: Request) -> Response:
        return JSONResponse(quota_json(await self._jobs.queries.quota(visit_of(request).person)))

    async def history(self, request: Request) -> Response:
        visit = visit_of(request)
        views = await self._jobs.queries.history(visit.person)
        body = {"jobs": [job_json(view, visit.texts) for view in views]}
        return JSONResponse(body, background=BackgroundTask(self._jobs.mark_notified, views))

    async def job(self, request: Request) -> Response:
        view = await self.own_job(request)
        body = job_json(view, visit_of(request).texts)
        return JSONResponse(body, background=BackgroundTask(self._jobs.mark_notified, [view]))

    async def create(self, request: Request) -> Response:
        visit = visit_of(request)
        async with open_form(request, MAX_FORM_BYTES) as parts, self._form_slots:
            form = await parse_fields(parts)
            if form.photo is None:
                raise HttpProblem.of(UserError(ErrorCode.PHOTO_MISSING))
            style = style_index(form.style, has_reference=form.reference is not None)
            choice = StyleChoice(style, picture=form.reference)
            wanted = JobRequest(visit.person, visit.chat, _source(visit, form), photo=form.photo, style=choice)
            answer = await self._jobs.submit(wanted)
        return _accepted(answer, visit)

    async def repeat(self, request: Request) -> Response:
        visit, number = visit_of(request), job_id(request)
        async with open_form(request, MAX_SMALL_FORM_BYTES) as parts:
            form = await parse_fields(parts)
        choice = StyleChoice(style_index(form.style, has_reference=False)) if form.style else None
        answer = await self._jobs.repeat(
            JobRequest(visit.person, visit.chat, _source(visit, form), style=choice), number
        )
        return _accepted(answer, visit)

    async def delete(self, request: Request) -> Response:
        """Cancel a job that has not ended (200 with the job), or delete one that has (204)."""
        visit, view = visit_of(request), await self.own_job(request)
        if view.state not in WAITING:
            user_error = await self._jobs.delete(visit.person, view.id)
            if user_error:
                raise HttpProblem.of(user_error)
            return Response(status_code=204)
        answer = await self._jobs.cancel(visit.person, view.id)
        if isinstance(answer, UserError):
            raise HttpProblem.of(answer)
        return JSONResponse(
            job_json(answer, visit.texts), background=BackgroundTask(self._jobs.mark_notified, [answer])
        )

    async def result(self, request: Request) -> Response:
        visit, number = visit_of(request), job_id(request)
        picture = await self._jobs.queries.result(visit.person, number)
        name = download_name(await self.own_job(request)) if "download" in request.query_params else None
        response = _jpeg(picture, name)
        if request.method == "GET":  # recorded after the last byte: until then the visitor has not seen it
            response.background = BackgroundTask(self._jobs.mark_delivered, visit.person, number)
        return response

    async def photo(self, request: Request) -> Response:
        return _jpeg(await self._jobs.queries.original(visit_of(request).person, job_id(request)))

    async def own_job(self, request: Request) -> JobView:
        """The visitor's own job that the path names. Raises HttpProblem."""
        view = await self._jobs.queries.job(visit_of(request).person, job_id(request))
        if view is None:
            raise HttpProblem.of(UserError(ErrorCode.NOT_FOUND))
        return view


def _source(visit: Visit, form: JobForm) -> str:
    return f"web:{visit.person.platform_id}:{form.key or secrets.token_urlsafe(16)}"


def _accepted(answer: JobView | UserError, visit: Visit) -> Response:
    if isinstance(answer, UserError):
        raise HttpProblem.of(answer)
    return JSONResponse(job_json(answer, visit.texts), 202, {"Location": f"{JOBS_PATH}/{answer.id}"})


def _jpeg(picture: bytes | None, download_as: str | None = None) -> Response:
    if picture is None:
        raise HttpProblem.of(UserError(ErrorCode.NOT_FOUND))
    headers = {"Content-Disposition": f'attachment; filename="{download_as}"'} if download_as else {}
    return Response(picture, media_type="image/jpeg", headers=headers)
