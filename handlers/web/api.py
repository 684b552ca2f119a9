"""The routes of the JSON API: each one turns a request into one call on the studio, and its answer into JSON."""

import asyncio
import secrets

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.domain import styles
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import WAITING, JobView
from bot.jobs.service import JobService
from handlers.web.errors import Problem
from handlers.web.forms import FORM_BYTES, SMALL_FORM_BYTES, Fields, fields_of, form_of
from handlers.web.json_shapes import JOBS, file_name, job_json, quota_json, style_json
from handlers.web.visitors import Visit, visit_of

AT_ONCE = 8  # forms held in memory; the others wait on disk
_LARGEST_ID = 2**63 - 1


def style_index(words: str | None, *, has_reference: bool) -> int:
    """The index that a form's `style` (number, slug or name) and `reference` stand for. Raises Problem."""
    if has_reference:
        if words not in {None, str(styles.REFERENCE)}:
            raise Problem(400, "one_look")
        return styles.REFERENCE
    found = styles.find(words, styles.STYLES) if words else None
    if found is None:
        raise Problem.of(UserError(ErrorCode.STYLE_INVALID))
    return found.index


def job_id(request: Request) -> int:
    """The id in the path. Raises Problem for one that no store could hold."""
    number: int = request.path_params["id"]
    if number > _LARGEST_ID:
        raise Problem.of(UserError(ErrorCode.NOT_FOUND))
    return number


class Jobs:
    """The routes under /api, over one studio."""

    def __init__(self, job_service: JobService) -> None:
        self._job_service = job_service
        self._room = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[BaseRoute]:
        one = f"{JOBS}/{{id:int}}"
        return [
            Route("/api/styles", self.styles),
            Route("/api/quota", self.quota),
            Route(JOBS, self.history),
            Route(JOBS, self.wish, methods=["POST"]),
            Route(one, self.job),
            Route(one, self.remove, methods=["DELETE"]),
            Route(f"{one}/again", self.again, methods=["POST"]),
            Route(f"{one}/result", self.result),
            Route(f"{one}/photo", self.photo),
        ]

    async def styles(self, request: Request) -> Response:
        language = visit_of(request).texts.language
        looks = [
            style_json(look, language, has_sample=bool(styles.sample(look.slug))) for look in self._job_service.styles()
        ]
        return JSONResponse({"styles": looks})

    async def quota(self, request: Request) -> Response:
        return JSONResponse(quota_json(await self._job_service.quota(visit_of(request).person)))

    async def history(self, request: Request) -> Response:
        visit = visit_of(request)
        views = await self._job_service.history(visit.person)
        body = {"jobs": [job_json(view, visit.texts) for view in views]}
        return JSONResponse(body, background=BackgroundTask(self._job_service.mark_told, views))

    async def job(self, request: Request) -> Response:
        view = await self.view(request)
        body = job_json(view, visit_of(request).texts)
        return JSONResponse(body, background=BackgroundTask(self._job_service.mark_told, [view]))

    async def wish(self, request: Request) -> Response:
        visit = visit_of(request)
        async with form_of(request, FORM_BYTES) as form, self._room:
            fields = await fields_of(form)
            if fields.photo is None:
                raise Problem.of(UserError(ErrorCode.PHOTO_MISSING))
            style = style_index(fields.style, has_reference=fields.reference is not None)
            answer = await self._job_service.request(
                visit.person,
                visit.chat,
                photo=fields.photo,
                style=style,
                reference=fields.reference,
                source=_source(visit, fields),
            )
        return _accepted(answer, visit)

    async def again(self, request: Request) -> Response:
        visit, number = visit_of(request), job_id(request)
        async with form_of(request, SMALL_FORM_BYTES) as form:
            fields = await fields_of(form)
        style = style_index(fields.style, has_reference=False) if fields.style else None
        answer = await self._job_service.repeat(visit.person, number, style=style, source=_source(visit, fields))
        return _accepted(answer, visit)

    async def remove(self, request: Request) -> Response:
        """What still waits is cancelled, and what has ended is deleted: once more, then, for both."""
        visit, view = visit_of(request), await self.view(request)
        if view.state not in WAITING:
            user_error = await self._job_service.delete(visit.person, view.id)
            if user_error:
                raise Problem.of(user_error)
            return Response(status_code=204)
        answer = await self._job_service.cancel(visit.person, view.id)
        if isinstance(answer, UserError):
            raise Problem.of(answer)
        return JSONResponse(
            job_json(answer, visit.texts), background=BackgroundTask(self._job_service.mark_told, [answer])
        )

    async def result(self, request: Request) -> Response:
        visit, number = visit_of(request), job_id(request)
        picture = await self._job_service.result(visit.person, number)
        name = file_name(await self.view(request)) if "download" in request.query_params else None
        response = _jpeg(picture, name)
        if request.method == "GET":  # told after the last byte: until then the visitor has not seen it
            response.background = BackgroundTask(self._job_service.mark_delivered, visit.person, number)
        return response

    async def photo(self, request: Request) -> Response:
        return _jpeg(await self._job_service.original(visit_of(request).person, job_id(request)))

    async def view(self, request: Request) -> JobView:
        """The visitor's own job that the path names. Raises Problem."""
        view = await self._job_service.job(visit_of(request).person, job_id(request))
        if view is None:
            raise Problem.of(UserError(ErrorCode.NOT_FOUND))
        return view


def _source(visit: Visit, fields: Fields) -> str:
    return f"web:{visit.person.platform_id}:{fields.key or secrets.token_urlsafe(16)}"


def _accepted(answer: JobView | UserError, visit: Visit) -> Response:
    if isinstance(answer, UserError):
        raise Problem.of(answer)
    return JSONResponse(job_json(answer, visit.texts), 202, {"Location": f"{JOBS}/{answer.id}"})


def _jpeg(picture: bytes | None, download_as: str | None = None) -> Response:
    if picture is None:
        raise Problem.of(UserError(ErrorCode.NOT_FOUND))
    headers = {"Content-Disposition": f'attachment; filename="{download_as}"'} if download_as else {}
    return Response(picture, media_type="image/jpeg", headers=headers)
