"""The owner of a private chat: stored with the first message, and derived from jobs for chats of older versions."""

import sqlite3
from pathlib import Path

from sqlalchemy import text

from bot.messaging.platform import Chat, Person
from storage import broadcasts, people
from storage.database import open_database
from tests.conftest import ON_BOTH
from tests.harness.app import ANNA, private, running_app
from tests.harness.rows import NOON
from tests.storage.test_migrations import create_database

pytestmark = ON_BOTH

GROUP = Chat("test", "group", is_group=True)


async def test_old_private_chats_belong_to_their_requester_and_groups_to_nobody(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    create_database("0005", path)
    with sqlite3.connect(path) as old:
        old.execute(
            "INSERT INTO chat (id, platform, platform_id, is_group, created) VALUES (2, 'telegram', '42', 0, 0)"
        )
        old.execute(
            "INSERT INTO job"
            " (id, source, person_id, chat_id, state, cropped, cancel_requested, hidden, created, updated)"
            " VALUES (9, 'telegram:9', 1, 2, 'delivered', 0, 0, 0, 0, 0)"
        )
    old.close()
    async with open_database(path) as database, database.write() as connection:
        found = await connection.execute(text("SELECT id, person_id FROM chat ORDER BY id"))
        assert [tuple(row) for row in found] == [(1, None), (2, 1)]
        begun = await broadcasts.insert(connection, "Hello", NOON)
        letter = await broadcasts.take_next(connection, "telegram", NOON)
        assert letter is not None
        assert (letter.broadcast_id, letter.chat) == (begun, "42")


async def test_a_private_chat_is_stored_once_and_forgotten_with_its_person(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        control, database = app.services.admin, app.deps.database

        async def is_known(chat: Chat) -> bool:
            async with database.read() as connection:
                return await people.is_private_chat_known(connection, platform="test", platform_id=chat.platform_id)

        assert not await is_known(private(ANNA))
        for _ in range(2):
            await control.remember_private_chat(ANNA, private(ANNA))
        assert await is_known(private(ANNA))
        assert not await is_known(GROUP)
        await app.services.privacy.forget(ANNA)
        assert not await is_known(private(ANNA))
        async with database.read() as connection:
            names = (await connection.execute(text("SELECT platform_id FROM chat"))).scalars().all()
        assert names == ["forgotten:1"]


async def test_a_private_chat_with_another_id_than_its_person_is_forgotten_too(tmp_path: Path) -> None:
    ben, channel = Person("test", "ben"), Chat("test", "channel-9")
    async with running_app(tmp_path) as app:
        await app.services.admin.remember_private_chat(ben, channel)
        await app.services.privacy.forget(ben)
        async with app.deps.database.read() as connection:
            names = (await connection.execute(text("SELECT platform_id FROM chat"))).scalars().all()
    assert names == ["forgotten:1"]
