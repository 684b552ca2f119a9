"""What an owner reads about keys: names that match `.env`, which of them share an account, and which are gone."""

from pathlib import Path

from bot.admin.service import status_lines
from bot.worker.identity import display_names, key_name
from storage import accounts
from storage.accounts import Account
from storage.database import open_database
from tests.harness.rows import NOON


def account(name: str, key: str | None) -> Account:
    return Account(name, 1, 0.0, 0, 0.0, None, 1.0, 1.0, name=key)


def test_a_key_is_called_by_its_last_four_characters_unless_that_reveals_too_much() -> None:
    assert key_name("sk-0123456789abcd4f2a") == "key …4f2a"
    assert key_name("sk-12345678") is None


def test_accounts_of_the_same_name_are_told_apart() -> None:
    rows = [account("key-1", "key …aaaa"), account("key-2", "key …aaaa"), account("key-3", "key …bbbb")]
    names = display_names([*rows, account("stand-in", None)])
    assert names["key-3"] == "key …bbbb"
    assert names["stand-in"] == "stand-in"
    assert names["key-1"] == "key …aaaa (key-1)"


async def test_the_status_shows_shared_accounts_and_keys_that_are_gone(tmp_path: Path) -> None:
    async with open_database(tmp_path / "rows.db") as database:
        async with database.write() as connection:
            for name, main_id in (("key-1", "1"), ("key-2", "1"), ("key-3", "2")):
                await accounts.take_over(connection, name, mean=1.0, deviation=1.0, name=f"key …000{name[-1]}")
                await accounts.set_identity(connection, name, key_id=name, main_id=main_id)
        lines = await status_lines(database, None, NOON, {"key-1": 0, "key-3": 0})
    assert any(line.startswith("key …0002: gone") for line in lines)
    assert any("the same account as key …0002" in line for line in lines)
    assert any(line.startswith("key …0003: running") for line in lines)
