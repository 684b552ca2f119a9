"""Broadcasts resume where they stopped and reach nobody twice."""

import asyncio
from collections import Counter
from pathlib import Path

from bot.app import Installation
from bot.delivery.broadcasts import Broadcaster
from bot.domain.error_codes import ErrorCode
from bot.jobs.request import JobRequest
from bot.messaging.platform import Address, Card, Chat, TargetGone, TryLater
from bot.runtime.wakeups import Wakeups
from storage.broadcasts import Broadcast
from tests.harness.app import accepted, private, running_app
from tests.harness.memory_platform import MemoryPlatform
from tests.harness.requests import ManualClock, a_group, a_person, a_photo, reason, submit_request
from tests.harness.rows import NOON


def broadcaster_of(app: Installation, platform: MemoryPlatform) -> Broadcaster:
    services = app.services
    return Broadcaster(platform, services.database, Wakeups(), services.clock)


async def audience(app: Installation, number: int) -> list[str]:
    """Create people who once wrote in private; returns their ids."""
    people = [a_person() for _ in range(number)]
    for person in people:
        await app.services.jobs.draft(
            JobRequest(person, private(person), f"draft of {person.platform_id}", photo=a_photo())
        )
    return [person.platform_id for person in people]


async def broadcast(app: Installation, words: str) -> Broadcast:
    begun = await app.services.admin.broadcast(words)
    assert isinstance(begun, Broadcast), begun
    return begun


async def now(app: Installation) -> Broadcast:
    return (await app.services.admin.broadcasts())[0]


async def test_everybody_in_private_chats_gets_it_once_and_groups_do_not(tmp_path: Path) -> None:
    platform = MemoryPlatform()
    async with running_app(tmp_path) as app:
        people = await audience(app, 5)
        accepted(await submit_request(app, a_person(), a_group()))
        accepted(await submit_request(app, a_person("a visitor"), Chat("web", "a visitor")))
        accepted(await submit_request(app, a_person(), Chat("test", "inline:a message in somebody's chat")))
        banned, forgotten = a_person(), a_person()
        for person in (banned, forgotten):
            accepted(await submit_request(app, person, private(person)))
        await app.services.admin.ban(banned)
        await app.services.privacy.forget(forgotten)
        begun = await broadcast(app, "  We are back.  ")
        assert (begun.text, begun.waiting) == ("We are back.", 5)
        broadcaster = broadcaster_of(app, platform)
        while await broadcaster.send_next():
            pass
        assert sorted(address.chat.platform_id for address, _ in platform.sent) == sorted(people)
        assert {card for _, card in platform.sent} == {Card("We are back.")}
        after = await now(app)
        assert (after.waiting, after.delivered, after.gone, after.unsure) == (0, 5, 0, 0)


async def test_a_broadcast_that_was_stopped_half_way_resumes_and_reaches_nobody_twice(tmp_path: Path) -> None:
    platform = MemoryPlatform()
    async with running_app(tmp_path) as app:
        people = await audience(app, 12)
        begun = await broadcast(app, "News")
        broadcaster = broadcaster_of(app, platform)
        for _ in range(5):
            assert await broadcaster.send_next()
        assert await app.services.admin.stop_broadcast(begun.id)
        assert not await broadcaster.send_next()
        halted = await now(app)
        assert (halted.stopped, halted.delivered, halted.waiting) == (True, 5, 7)
    async with running_app(tmp_path) as app:  # and the process was started anew meanwhile
        assert not await broadcaster_of(app, platform).send_next()
        assert await app.services.admin.resume_broadcast(begun.id)
        broadcasters = [broadcaster_of(app, platform) for _ in range(3)]
        while any(await asyncio.gather(*(broadcaster.send_next() for broadcaster in broadcasters))):
            pass
        assert Counter(address.chat.platform_id for address, _ in platform.sent) == Counter(people)
        assert not await app.services.admin.resume_broadcast(begun.id + 1)


async def test_a_crash_while_sending_reaches_nobody_twice(tmp_path: Path) -> None:
    """Cancelled in the middle of a message, like a process that is killed: the row says that it may have arrived."""
    arrived = asyncio.Event()

    class Stuck(MemoryPlatform):
        async def show(self, address: Address, card: Card) -> str:
            message_id = await super().show(address, card)
            arrived.set()
            await asyncio.Event().wait()
            return message_id

    platform = Stuck()
    async with running_app(tmp_path) as app:
        await audience(app, 1)
        await broadcast(app, "News")
        sending = asyncio.create_task(broadcaster_of(app, platform).send_next())
        await arrived.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    async with running_app(tmp_path) as app:
        assert not await broadcaster_of(app, MemoryPlatform()).send_next()
        after = await now(app)
        assert (after.waiting, after.delivered, after.unsure) == (0, 0, 1)


async def test_flood_control_is_respected_and_unsent_messages_are_sent_later(tmp_path: Path) -> None:
    day, floods = ManualClock(NOON), [TryLater(30.0)]
    platform = MemoryPlatform(trouble=lambda _address, _card: floods.pop() if floods else None)
    async with running_app(tmp_path, clock=day.clock()) as app:
        people = await audience(app, 2)
        await broadcast(app, "News")
        broadcaster = broadcaster_of(app, platform)
        assert await broadcaster.send_next()
        assert not await broadcaster.send_next()
        assert platform.sent == []
        day.time += 600  # the steady clock has gone on too, on a busy machine by seconds
        while await broadcaster.send_next():
            pass
        assert sorted(address.chat.platform_id for address, _ in platform.sent) == sorted(people)


async def test_unreachable_people_are_counted_and_doubtful_messages_not_repeated(tmp_path: Path) -> None:
    troubles: list[Exception] = [TargetGone(card_only=False), TryLater(0.0, perhaps_sent=True), ZeroDivisionError()]
    platform = MemoryPlatform(trouble=lambda _address, _card: troubles.pop() if troubles else None)
    async with running_app(tmp_path) as app:
        await audience(app, 5)
        await broadcast(app, "News")
        broadcaster = broadcaster_of(app, platform)
        for _ in range(9):
            await broadcaster.send_next()
        after = await now(app)
        assert (after.waiting, after.delivered, after.gone, after.unsure) == (0, 2, 1, 2)
        assert len(platform.sent) == 3  # two told, and one whose answer was lost


async def test_a_running_installation_sends_broadcasts(tmp_path: Path) -> None:
    platform = MemoryPlatform()
    async with running_app(tmp_path, platforms=[platform]) as app:
        await audience(app, 3)
        await broadcast(app, "News")
        while (await now(app)).waiting or (await now(app)).unsure:
            await app.deps.clock.wait(app.deps.wakeups.subscribe(), 0.05)
        assert platform.texts().count("News") == 3


async def test_a_text_has_a_length(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        for words in ("", " \n", "x" * 3001):
            assert reason(await app.services.admin.broadcast(words)) == ErrorCode.TEXT_INVALID
        assert await app.services.admin.broadcasts() == ()
