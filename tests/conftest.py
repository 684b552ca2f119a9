"""Fixtures that several test modules share."""

from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
import pytest_asyncio
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import Installation
from storage import accounts
from storage.database import open_database
from tests.fakes.postgres import NoServer, Server, place_of, postgres_server
from tests.harness.app import house

IN_HOUSE = pytest.mark.asyncio(loop_scope="module")  # for tests that share `open_house`


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """The bot's own event loop (`bot.runtime.event_loop`), unless a test's module names another as its `LOOP`."""
    assert isinstance(item, pytest.Function)
    return {"loop": getattr(item.module, "LOOP", uvloop.new_event_loop)}


BOTH = ["sqlite", "postgresql"]
ON_BOTH = pytest.mark.usefixtures("database_kind")  # for tests that open something in `tmp_path`


def house_on_both(metafunc: pytest.Metafunc) -> None:
    """As a module's `pytest_generate_tests`: its `open_house` is on SQLite, and then on PostgreSQL."""
    if "open_house" in metafunc.fixturenames:
        metafunc.parametrize("open_house", BOTH, indirect=True, scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_house(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Installation]:
    """One house for a whole module, where each test comes as people of its own."""
    folder = tmp_path_factory.mktemp("house")
    on_postgres = getattr(request, "param", "sqlite") == "postgresql"
    with request.getfixturevalue("postgres").lent(folder) if on_postgres else nullcontext():
        async with house(folder) as parts:
            yield parts


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
    postgres.drop(url)


@pytest.fixture(params=BOTH)
def database_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Runs a test twice: what it opens at `place_of(tmp_path)`, a workshop or a house in `tmp_path`, is on SQLite, and
    then on PostgreSQL."""
    on_postgres = request.param == "postgresql"
    with request.getfixturevalue("postgres").lent(tmp_path) if on_postgres else nullcontext():
        yield request.param


@pytest.fixture
async def connection(tmp_path: Path, database_kind: str) -> AsyncIterator[AsyncConnection]:
    """One transaction for the length of a test, with the lanes key-a and key-b; on each database in turn."""
    async with open_database(place_of(tmp_path)) as database, database.write() as writing:
        if database.is_shared:  # a busy machine may pause a test for longer than a process may pause
            await writing.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        for lane in ("key-a", "key-b"):
            await accounts.take_over(writing, lane, mean=15.0, deviation=3.75)
        yield writing
