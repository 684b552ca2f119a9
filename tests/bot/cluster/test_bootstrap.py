"""What several processes share, and the errors when it can't be opened."""

import socket
from pathlib import Path
from typing import Any

import pytest

from bot.cluster.bootstrap import choose_clock, open_own_database, open_role_runner, open_shared_database
from bot.cluster.election import Election
from bot.cluster.leadership import SingleProcess
from bot.config.settings import Settings
from bot.messaging.platform import CannotStart
from bot.runtime.clock import SharedClock, WallClock
from common.lock_file import FolderInUse
from tests.harness.app import settings_for

KEY = "s" * 40
PASSWORD = "a-password-that-nobody-may-see"


def shared(folder: Path, url: str, **changes: Any) -> Settings:
    return settings_for(folder, database_url=url, secret_key=KEY, **changes)


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://me:{PASSWORD}@127.0.0.1:{{port}}/name", "can't be used"),
        (f"postgresql://me:{PASSWORD}@[::1/name", "is no address"),
        (f"postgresql://me:{PASSWORD}@host:port/name", "is no address"),
    ],
)
async def test_the_error_for_an_unreachable_database_hides_its_password(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(CannotStart, match=said) as caught:
        async with open_own_database(shared(tmp_path, url.format(port=unused_port()))):
            pytest.fail("nobody is there")
    assert PASSWORD not in str(caught.value)
    assert caught.value.__suppress_context__


async def test_a_single_process_locks_its_folder_and_uses_the_system_clock(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    async with open_own_database(settings) as database:
        with pytest.raises(FolderInUse):
            async with open_own_database(settings):
                pytest.fail("two would pay twice")
        async with open_shared_database(settings):  # commands of the owner may open it too
            pass
        clock = await choose_clock(database, None)
        assert isinstance(clock, WallClock)
        async with open_role_runner(settings, database, clock) as roles:
            assert isinstance(roles, SingleProcess)


async def test_several_share_a_database_and_even_a_folder(tmp_path: Path, postgres_url: str) -> None:
    settings = shared(tmp_path / "data", postgres_url)
    async with open_own_database(settings) as one, open_own_database(settings) as two:
        clocks = [await choose_clock(database, None) for database in (one, two)]
        assert all(isinstance(clock, SharedClock) for clock in clocks)
        given = WallClock()
        assert await choose_clock(one, given) is given
        async with open_role_runner(settings, one, given) as mine, open_role_runner(settings, two, given) as theirs:
            assert isinstance(mine, Election)
            assert isinstance(theirs, Election)
            assert mine.owner != theirs.owner
