"""The web chat: a page, its JSON API, and who may use them. It translates and decides nothing."""

import secrets
import time

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from bot.jobs.service import JobService
from handlers.web.api import Jobs
from handlers.web.errors import Problem, on_crash, on_http, on_problem
from handlers.web.event_stream import Events
from handlers.web.page import Page, read_static
from handlers.web.request_guard import Guard
from handlers.web.visitors import Cookies, Visitors

__all__ = ["web_chat"]


def web_chat(
    job_service: JobService, *, secret: bytes, allowed_hosts: frozenset[str] | None, secure: bool = False
) -> Starlette:
    """The ASGI application, to be mounted at the root.

    `secret` signs the visitors' cookies. `allowed_hosts`: the names (without ports) that a Host header may carry, None
    for any; give them when bound to loopback. `secure`: reached by https only.
    """
    page, jobs = Page(read_static()), Jobs(job_service)
    events = Events(job_service, jobs)
    cookies = Cookies(secret, secure=secure, fresh=lambda: secrets.token_hex(16))
    return Starlette(
        routes=[
            Route("/", page.index),
            Route("/static/{path:path}", page.static),
            Route("/samples/{slug}.jpg", page.sample),
            Route("/api/texts", page.texts),
            *jobs.routes(),
            Route("/api/jobs/{id:int}/events", events.follow),
        ],
        middleware=[
            Middleware(Guard, allowed_hosts=allowed_hosts),
            Middleware(Visitors, cookies=cookies, clock=time.monotonic),
        ],
        exception_handlers={Problem: on_problem(job_service.clock.now), HTTPException: on_http, Exception: on_crash},
    )
