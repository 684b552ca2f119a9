"""Errors as JSON: `{"code", "message"}`, with a message in the visitor's language."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.domain.error_codes import ErrorCode, UserError
from bot.i18n import error_message, mark
from handlers.web.headers import SECURITY_HEADERS
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


_MESSAGES: Mapping[str, str] = {
    "unknown_host": mark("This page only works at its own address."),
    "other_site": mark("This request came from another page, so nothing was done. Please try again here."),
    "too_fast": mark("That was a little fast. Please wait a moment and try again."),
    "too_large": mark("That file is too large. Photos can be up to 20 MB."),
    "too_slow_upload": mark("The upload took too long. Please try again on a better connection."),
    "bad_form": mark("I couldn't read what was sent. Please reload the page and try again."),
    "one_look": mark("Choose a style or your own style picture, not both."),
    "method_not_allowed": mark("This can't be done here."),
    "not_found": mark("This page doesn't exist, or you don't have access to it."),
    "internal_server_error": mark("Something went wrong on our side. Please try again in a moment."),
}


class HttpProblem(Exception):
    """Ends a request with an error response. May be raised anywhere below a route."""

    def __init__(
        self, status: int, code: str, *, user_error: UserError | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.user_error = user_error
        self.retry_after = retry_after

    @classmethod
    def of(cls, user_error: UserError) -> "HttpProblem":
        """The problem for a user error; 422 unless its code maps to another status."""
        return cls(_STATUS.get(user_error.code, 422), user_error.code, user_error=user_error)


def problem_response(request: Request, problem: HttpProblem, *, now: float | None = None) -> Response:
    """The JSON response for a problem. `now` (epoch seconds) is needed for messages that say how long to wait."""
    texts = texts_of(request)
    error = problem.user_error
    message = error_message(error, texts, now=now) if error else texts.gettext(_MESSAGES[problem.code])
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(problem.retry_after)))
    return JSONResponse({"code": problem.code, "message": message}, problem.status, headers)


def problem_handler(clock: Callable[[], float]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Starlette's exception handler for HttpProblem."""

    async def handler(request: Request, error: Exception) -> Response:
        assert isinstance(error, HttpProblem)
        return problem_response(request, error, now=clock())

    return handler


async def handle_http_exception(request: Request, error: Exception) -> Response:
    """Return Starlette's own 4xx errors (unknown route or method, malformed form) in our format."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_form")
    response = problem_response(request, HttpProblem(error.status_code, code))
    response.headers.update(error.headers or {})
    return response


async def handle_unexpected_error(request: Request, _: Exception) -> Response:
    """Return a generic message for an unexpected exception; the server logs its details."""
    response = problem_response(request, HttpProblem(500, "internal_server_error"))
    response.headers.update(SECURITY_HEADERS)  # Starlette answers these outside the middleware
    return response
