"""Fixtures that several test modules share."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.app import Parts
from tests.house import house

IN_HOUSE = pytest.mark.asyncio(loop_scope="module")  # for tests that share `open_house`


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    """One house for a whole module, where each test comes as people of its own."""
    async with house(tmp_path_factory.mktemp("house")) as parts:
        yield parts
