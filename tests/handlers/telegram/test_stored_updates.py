"""Stored updates are handled from their rows: those from before first, an album whole, and once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr
from telegram import Message

from bot.cluster.update_inbox import UpdateInbox
from bot.conversation.responder import Retry
from bot.runtime.clock import WallClock
from bot.runtime.wakeups import Wakeups
from handlers.telegram.bot_client import Bot, create_bot
from handlers.telegram.update_dispatcher import UpdateDispatcher
from handlers.telegram.update_handlers import UpdateHandlers
from handlers.telegram.update_intake import UpdateIntake
from storage.database import Database, open_database
from tests.fakes.postgres import place_of
from tests.fakes.telegram_api.server import TOKEN
from tests.harness.databases import add_database
from tests.harness.rows import count_open_updates
from tests.harness.telegram import SPEEDUP

pytestmark = pytest.mark.usefixtures("database_kind")

Json = Any


@dataclass
class RecordingResponder:
    """Records the message ids of each request."""

    requests: list[list[int]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def on_message(self, messages: Sequence[Message], **_: Any) -> None:
        self.requests.append([message.message_id for message in messages])
        self.changed.set()
        if messages[0].text == "odd":
            raise ValueError

    async def until(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.requests) < count:
                self.changed.clear()
                await self.changed.wait()


@dataclass
class StoredUpdates:
    """What was stored, by a process that stores only; and a process that comes after it."""

    database: Database
    bot: Bot = field(default_factory=lambda: create_bot(SecretStr(TOKEN), "http://127.0.0.1:9"))
    responder: RecordingResponder = field(default_factory=RecordingResponder)

    def intake(self, owner: str) -> UpdateIntake:
        inbox = UpdateInbox(self.database, "telegram:1", WallClock(), Wakeups(), owner, is_alone=True)
        return UpdateIntake(self.bot, inbox)

    @asynccontextmanager
    async def handling(self, *before_the_first_look: Json) -> AsyncIterator[UpdateIntake]:
        """A new process handles updates until the end of the block."""
        intake = self.intake("new")
        handlers = UpdateHandlers(cast("Any", self.responder), cast("Any", None))
        clock = WallClock(SPEEDUP)
        dispatcher = UpdateDispatcher(self.bot, intake.inbox, handlers, Retry(clock), clock)
        intake.handle = dispatcher.add
        await intake.store(before_the_first_look)
        task = asyncio.create_task(dispatcher.run())
        try:
            yield intake
        finally:
            task.cancel()
            await asyncio.wait([task])
            await dispatcher.shutdown()


@pytest.fixture
async def stored(tmp_path: Path) -> AsyncIterator[StoredUpdates]:
    add_database(tmp_path)
    async with open_database(place_of(tmp_path)) as database:
        yield StoredUpdates(database)


def message(number: int, chat: int = 5, **content: Json) -> Json:
    """An update; its message has the same number."""
    user = {"id": chat, "is_bot": False, "first_name": "Anna"}
    body = {"message_id": number, "date": 1, "from": user, "chat": {"id": chat, "type": "private"}}
    return {"update_id": number, "message": body | (content or {"text": "hi"})}


async def test_what_comes_before_the_first_look_waits_for_what_was_stored(stored: StoredUpdates) -> None:
    await stored.intake("before").store([message(1), message(3)])
    async with stored.handling(message(2), message(4, chat=6)):
        await stored.responder.until(4)
    assert [one for one in stored.responder.requests if one != [4]] == [[1], [2], [3]]


async def test_an_album_is_one_request_although_a_photo_of_it_comes_before_the_first_look(
    stored: StoredUpdates,
) -> None:
    first, second, third = (message(number, media_group_id="album", caption="x") for number in (1, 2, 4))
    await stored.intake("before").store([first])
    async with stored.handling(second, message(3)) as intake:
        await intake.store([third])
        await stored.responder.until(2)
    assert stored.responder.requests == [[1, 2, 4], [3]]
    assert await count_open_updates(stored.database) == 0


async def test_an_update_whose_content_was_deleted_or_that_fails_does_not_hold_its_chat(stored: StoredUpdates) -> None:
    before = stored.intake("before")
    await before.store([message(1), message(2, text="odd"), message(3), message(4)])
    await before.inbox.done([3])
    async with stored.handling():
        await stored.responder.until(3)
    assert stored.responder.requests == [[1], [2], [4]]
    assert await count_open_updates(stored.database) == 0
