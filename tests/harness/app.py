"""The whole product in one loop, for everybody's journeys: real storage, studio, dispatcher, courier, the stand-in
service behind its ASGI transport, and a quick engine that paints real JPEGs in milliseconds.

    async with house(tmp_path) as parts:
        view = await parts.studio.wish(person, chat, photo=portrait_jpeg(), style=0, source="test:1")
        done = await ended(parts, person, view.id)

    async with house(tmp_path, platforms=[my_platform], daily_free_images=3) as parts: ...
    async with served_house(tmp_path) as (parts, url): ...     # with the HTTP server on a loopback port

The same folder may be used again after the block has ended: that is a restart. `engine=quick_engine(until=path)` holds
tasks RUNNING until that file exists. Keywords are fields of `bot.config.settings.Settings`.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.app import Installation, open_installation, running, web_application
from bot.config.settings import Settings
from bot.domain.job_view import ENDED, JobView, UserError
from bot.messaging.platform import Chat, Person, Platform
from bot.runtime.clock import Clock, WallClock
from stylizer.engines import Engine
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import served
from tests.fakes.postgres import place_of

ANNA = Person("test", "anna")
BEN = Person("test", "ben")


def private(person: Person) -> Chat:
    """The person's own chat."""
    return Chat(person.platform, person.platform_id)


def settings_for(data_dir: Path, **changes: Any) -> Settings:
    """Settings of a test's own, with nothing from the environment's .env."""
    usual: dict[str, Any] = {"port": 0, "max_queued_per_person": 50, "messages_per_minute": 100_000}
    if isinstance(place := place_of(data_dir), str):
        usual |= {"database_url": place, "secret_key": "of no use to anybody " * 3}
    return Settings(_env_file=None, data_dir=data_dir, **{**usual, **changes})


@asynccontextmanager
async def house(
    data_dir: Path,
    *,
    engine: Engine | None = None,
    clock: Clock | None = None,
    platforms: Sequence[Platform] = (),
    **settings: Any,
) -> AsyncIterator[Installation]:
    """Everything open and at work until the block ends."""
    chosen = settings_for(data_dir, **settings)
    opening = open_installation(chosen, clock=clock or WallClock(), engine=engine or quick_engine())
    async with opening as parts, running(parts, platforms):
        yield parts


@asynccontextmanager
async def served_house(data_dir: Path, **options: Any) -> AsyncIterator[tuple[Installation, str]]:
    """The same with its HTTP server; yields the parts and the server's address."""
    async with house(data_dir, **options) as parts, served(web_application(parts)) as url:
        yield parts, url


async def ended(parts: Installation, person: Person, job_id: int) -> JobView:
    """The job once it has ended."""
    last = None
    async for view in parts.job_service.watch(person, job_id):
        last = view
    assert last is not None, "no such job"
    assert last.state in ENDED, last
    return last


def accepted(answer: JobView | UserError) -> JobView:
    """The view of a wish that was taken."""
    assert isinstance(answer, JobView), answer
    return answer
