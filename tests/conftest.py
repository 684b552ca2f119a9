"""Fixtures that several test modules share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app import Parts
from tests.house import house
from tests.postgres import URL_FILE, NoServer, Server, postgres_server

IN_HOUSE = pytest.mark.asyncio(loop_scope="module")  # for tests that share `open_house`


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    """One house for a whole module, where each test comes as people of its own."""
    async with house(tmp_path_factory.mktemp("house")) as parts:
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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Runs a test twice: what it opens at `place_of(tmp_path)`, a workshop or a house in `tmp_path`, is on SQLite, and
    then on PostgreSQL."""
    if request.param == "postgresql":
        (tmp_path / URL_FILE).write_text(request.getfixturevalue("postgres_url"))
    return str(request.param)
