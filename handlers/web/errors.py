"""What went wrong, as `{"code", "message"}`: one warm sentence in the visitor's language."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.domain.error_codes import ErrorCode, UserError
from bot.i18n import error_message, mark
from handlers.web.headers import HEADERS
from handlers.web.language import texts_of

_STATUS: Mapping[ErrorCode, int] = {
    ErrorCode.TOO_MANY_BYTES: 413,
    ErrorCode.UNSUPPORTED: 415,
    ErrorCode.QUOTA_USED_UP: 429,
    ErrorCode.QUEUE_FULL: 429,
    ErrorCode.BUDGET_USED_UP: 429,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.NOT_NOW: 409,
    ErrorCode.PHOTO_EXPIRED: 410,
}


_SENTENCES: Mapping[str, str] = {
    "unknown_host": mark("This page answers only under its own address."),
    "other_site": mark("This request came from another page, so nothing was done. Please try again here."),
    "too_fast": mark("That was a little fast. Please wait a moment and try again."),
    "too_large": mark("That is more than fits. One photo may have up to 20 MB."),
    "too_slow_upload": mark("The upload took too long. Please try again on a better connection."),
    "bad_form": mark("This form could not be read. Please reload the page and try again."),
    "one_look": mark("Choose a look or give a picture of your own, not both."),
    "method_not_allowed": mark("This can't be done here."),
    "not_found": mark("This page doesn't exist, or it is not yours to see."),
    "internal_server_error": mark("Something went wrong on our side. Please try again in a moment."),
}


class Problem(Exception):
    """A request that ends here. Raised anywhere under a route, answered by `answer`."""

    def __init__(
        self, status: int, code: str, *, user_error: UserError | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.error = user_error
        self.retry_after = retry_after

    @classmethod
    def of(cls, user_error: UserError) -> "Problem":
        """The studio's refusal as an HTTP status; what names no other is 422."""
        return cls(_STATUS.get(user_error.code, 422), user_error.code, user_error=user_error)


def answer(request: Request, problem: Problem, *, now: float | None = None) -> Response:
    """The JSON answer for a problem. `now` (epoch seconds): for those that say how long to wait."""
    texts = texts_of(request)
    why = problem.error
    message = error_message(why, texts, now=now) if why else texts.gettext(_SENTENCES[problem.code])
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(problem.retry_after)))
    return JSONResponse({"code": problem.code, "message": message}, problem.status, headers)


def on_problem(clock: Callable[[], float]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Starlette's exception handler for a Problem."""

    async def handler(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(request, error, now=clock())

    return handler


async def on_http(request: Request, error: Exception) -> Response:
    """Starlette's own 4xx (no such route, no such method, a body that is no form) in our shape."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_form")
    response = answer(request, Problem(error.status_code, code))
    response.headers.update(error.headers or {})
    return response


async def on_crash(request: Request, _: Exception) -> Response:
    """A fault of ours: one sentence to the visitor; the server logs the rest."""
    response = answer(request, Problem(500, "internal_server_error"))
    response.headers.update(HEADERS)  # this one is answered outside the guard
    return response
