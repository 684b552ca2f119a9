"""The whole app in one event loop: real storage, job service, dispatcher and card sender, the painting service behind
an ASGI transport, and a fake engine that makes real JPEGs in milliseconds.

    async with running_app(tmp_path) as app:
        request = JobRequest(ANNA, private(ANNA), "test:1", photo=portrait_jpeg(), style=StyleChoice(0))
        view = accepted(await app.services.jobs.submit(request))
        done = await ended(app, ANNA, view.id)

    async with running_app(tmp_path, platforms=[my_platform], daily_free_images=3) as app: ...
    async with served_app(tmp_path) as (app, url): ...     # with the HTTP server on a loopback port

Opening the same folder again simulates a restart. `engine=quick_engine(until=path)` keeps tasks RUNNING until that file
exists. Keywords are fields of `bot.config.settings.Settings`.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.app import Installation, open_installation, running, web_application
from bot.config.settings import Settings
from bot.domain.error_codes import UserError
from bot.domain.job_view import ENDED, JobView
from bot.messaging.platform import Chat, Person, Platform
from bot.runtime.clock import Clock, WallClock
from stylizer.engines import Engine
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import served
from tests.fakes.postgres import place_of
from tests.harness.databases import add_database

ANNA = Person("test", "anna")
BEN = Person("test", "ben")


def private(person: Person) -> Chat:
    """The person's private chat with the bot."""
    return Chat(person.platform, person.platform_id)


def settings_for(data_dir: Path, **changes: Any) -> Settings:
    """Settings for one test; no .env file is read."""
    defaults: dict[str, Any] = {"port": 0, "max_queued_per_person": 50, "messages_per_minute": 100_000}
    if isinstance(place := place_of(data_dir), str):
        defaults |= {"database_url": place, "secret_key": "of no use to anybody " * 3}
    return Settings(_env_file=None, data_dir=data_dir, **{**defaults, **changes})


@asynccontextmanager
async def running_app(
    data_dir: Path,
    *,
    engine: Engine | None = None,
    clock: Clock | None = None,
    platforms: Sequence[Platform] = (),
    **settings: Any,
) -> AsyncIterator[Installation]:
    """The app, running until the end of the block; `settings`: as in `settings_for`."""
    chosen = settings_for(data_dir, **settings)
    if chosen.database_url is None:
        add_database(data_dir)
    opening = open_installation(chosen, clock=clock or WallClock(), engine=engine or quick_engine())
    async with opening as app, running(app, platforms):
        yield app


@asynccontextmanager
async def served_app(data_dir: Path, **options: Any) -> AsyncIterator[tuple[Installation, str]]:
    """As `running_app`, with its HTTP server; yields the app and the server's base URL."""
    async with running_app(data_dir, **options) as app, served(web_application(app)) as url:
        yield app, url


async def ended(app: Installation, person: Person, job_id: int) -> JobView:
    """Wait until the job has ended; returns its last view."""
    last = None
    async for view in app.services.queries.watch(person, job_id):
        last = view
    assert last is not None, "no such job"
    assert last.state in ENDED, last
    return last


def accepted(answer: JobView | UserError) -> JobView:
    """The view of a request that was accepted."""
    assert isinstance(answer, JobView), answer
    return answer
