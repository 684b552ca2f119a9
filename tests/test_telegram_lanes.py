"""Updates of a chat one after the other, of different chats side by side, and albums as one."""

import asyncio

from telegram import Message

from bot.clock import WallClock
from handlers.telegram.albums import MOST, Album
from handlers.telegram.lanes import Lanes
from tests.telegram_house import HASTE


class Work:
    """Work that ends when told to, and notes when it began."""

    def __init__(self, name: str, began: list[str]) -> None:
        self._name, self._began = name, began
        self.end = asyncio.Event()

    async def __call__(self) -> None:
        self._began.append(self._name)
        await self.end.wait()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_lane_keeps_its_order_and_lanes_do_not_wait_for_each_other() -> None:
    began: list[str] = []
    first, second, other = (Work(name, began) for name in ("first", "second", "other"))
    lanes = Lanes()
    tasks = [lanes.start("anna", first), lanes.start("anna", second), lanes.start("ben", other)]
    await settle()
    assert began == ["first", "other"]
    first.end.set()
    await settle()
    assert began == ["first", "other", "second"]
    second.end.set()
    other.end.set()
    await asyncio.gather(*tasks)
    assert not lanes._last


async def test_only_so_much_is_in_hand_at_once_and_what_only_waits_takes_no_room() -> None:
    began: list[str] = []
    works = [Work(str(number), began) for number in range(4)]
    gathering = asyncio.Event()

    async def ready() -> None:
        await gathering.wait()

    lanes = Lanes(at_once=2)
    tasks = [lanes.start("album", works[0], ready), *(lanes.start(work, work) for work in works[1:])]
    await settle()
    assert began == ["1", "2"]
    gathering.set()
    for work in works:
        work.end.set()
    await asyncio.gather(*tasks)
    assert sorted(began) == ["0", "1", "2", "3"]


async def test_work_that_breaks_does_not_stop_its_lane() -> None:
    began: list[str] = []
    after = Work("after", began)
    after.end.set()

    async def broken() -> None:
        raise ValueError

    lanes = Lanes()
    failed, done = lanes.start("anna", broken), lanes.start("anna", after)
    await done
    assert isinstance(failed.exception(), ValueError)
    assert began == ["after"]


async def test_an_album_is_complete_when_it_has_been_quiet_or_is_full() -> None:
    part = Message.de_json({"message_id": 3, "date": 1, "chat": {"id": 5, "type": "private"}}, None)
    album = Album([part])
    waiting = asyncio.create_task(album.complete(WallClock(HASTE)))
    await settle()
    album.add(part)
    assert not waiting.done()
    await waiting
    assert len(album.messages) == 2
    full = Album([part] * MOST)
    await full.complete(WallClock(speed=1e-9))  # would wait for years
