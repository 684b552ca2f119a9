"""The web chat: a page, its JSON API, and the middleware in front of them.

The package translates between HTTP and the core; it takes no decisions of its own.
"""

import secrets
import time

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from bot.jobs.service import JobService
from handlers.web.api import JobApi
from handlers.web.errors import HttpProblem, handle_http_exception, handle_unexpected_error, problem_handler
from handlers.web.event_stream import JobEvents
from handlers.web.page import Page, read_static
from handlers.web.request_guard import RequestGuard
from handlers.web.visitors import VisitorCookies, VisitorMiddleware

__all__ = ["web_chat"]


def web_chat(
    jobs: JobService, *, secret: bytes, allowed_hosts: frozenset[str] | None, secure: bool = False
) -> Starlette:
    """The ASGI application, to be mounted at the root.

    `secret` signs the visitors' cookies. `allowed_hosts` are the names (without ports) accepted in the Host header,
    None for any; pass them when the server is bound to loopback. `secure`: the page is reached over https only.
    """
    page, job_api = Page(read_static(), on_open=jobs.expect_photo), JobApi(jobs)
    events = JobEvents(jobs, job_api)
    cookies = VisitorCookies(secret, secure=secure, new_id=lambda: secrets.token_hex(16))
    return Starlette(
        routes=[
            Route("/", page.index),
            Route("/static/{path:path}", page.static),
            Route("/samples/{slug}.jpg", page.sample),
            Route("/api/texts", page.texts),
            *job_api.routes(),
            Route("/api/jobs/{id:int}/events", events.stream),
        ],
        middleware=[
            Middleware(RequestGuard, allowed_hosts=allowed_hosts),
            Middleware(VisitorMiddleware, cookies=cookies, clock=time.monotonic),
        ],
        exception_handlers={
            HttpProblem: problem_handler(jobs.clock.now),
            HTTPException: handle_http_exception,
            Exception: handle_unexpected_error,
        },
    )
