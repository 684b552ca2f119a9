"""Fixtures that several test modules share."""

import functools
import ssl
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import Installation
from storage import accounts
from storage.database import open_database
from tests.fakes.postgres import NoServer, Server, postgres_server
from tests.harness.app import running_app
from tests.harness.databases import add_database

pytest_plugins = ["tests.harness.selection", "tests.harness.timeouts"]

# As structlog is by default, but for tracebacks: with every frame's variables, drawn by Rich, one takes half a second.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

SHARED_LOOP = pytest.mark.asyncio(loop_scope="module")  # for tests that use the fixture `app`


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """The bot's own event loop (`bot.runtime.event_loop`), unless a test's module names another as its `LOOP`."""
    assert isinstance(item, pytest.Function)
    return {"loop": getattr(item.module, "LOOP", uvloop.new_event_loop)}


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Iterator[None]:
    """Every httpx client reads all certificate authorities, which takes longer than many a test that opens three."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


DATABASES = ["sqlite", "postgresql"]
ON_BOTH = pytest.mark.usefixtures("database_kind")  # for tests that open something in `tmp_path`


def app_on_both(metafunc: pytest.Metafunc) -> None:
    """As a module's `pytest_generate_tests`: its `app` runs on SQLite, and then on PostgreSQL."""
    if "app" in metafunc.fixturenames:
        metafunc.parametrize("app", DATABASES, indirect=True, scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    """One app for a whole module, in which each test acts as people of its own."""
    folder = tmp_path_factory.mktemp("app")
    on_postgres = getattr(request, "param", "sqlite") == "postgresql"
    with request.getfixturevalue("postgres").use_in(folder) if on_postgres else nullcontext():
        async with running_app(folder) as app:
            yield app


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL, started when the first test asks for it; without one installed, its tests are skipped."""
    try:
        with postgres_server() as server:
            yield server
    except NoServer as reason:
        pytest.skip(str(reason))


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """A database of the test's own, with the newest schema."""
    url = postgres.new_database()
    yield url
    postgres.release(url)


@pytest.fixture(params=DATABASES)
def database_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Runs a test twice: what it opens in `tmp_path` (a database at `place_of(tmp_path)`, an app) is on SQLite, and
    then on PostgreSQL."""
    on_postgres = request.param == "postgresql"
    with request.getfixturevalue("postgres").use_in(tmp_path) if on_postgres else nullcontext():
        yield request.param


@pytest.fixture
async def connection(tmp_path: Path, database_kind: str) -> AsyncIterator[AsyncConnection]:
    """One transaction for the length of a test, with the API accounts key-a and key-b; on each database in turn."""
    async with open_database(add_database(tmp_path)) as database, database.write() as writing:
        if database.is_shared:  # a busy machine may pause a test for longer than a process may pause
            await writing.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        for account in ("key-a", "key-b"):
            await accounts.take_over(writing, account, mean=15.0, deviation=3.75)
        yield writing
