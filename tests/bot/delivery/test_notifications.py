"""One new message for those who waited long: when it is sent, what it says, and that it is sent at most once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import Installation
from bot.delivery.notifications import LONG_SECONDS, Notifier, needs_notification, notification_card
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.messaging.platform import Address, Chat, Person, TargetGone, TryLater
from bot.runtime.wakeups import Wakeups
from storage import cards, notifications
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.harness.app import ANNA, accepted, ended, private, running_app
from tests.harness.memory_platform import MemoryPlatform
from tests.harness.requests import ManualClock, a_group, a_person, submit_request
from tests.harness.rows import NOON

VIEW = JobView(7, State.STORED, style=0, has_reference=False, created=NOON, updated=NOON, asked=NOON)


@pytest.mark.parametrize(
    ("view", "later", "worth"),
    [
        (VIEW, LONG_SECONDS, False),
        (VIEW, LONG_SECONDS + 1, True),
        (replace(VIEW, state=State.DELIVERED), 3600, True),
        (replace(VIEW, state=State.FAILED), 3600, True),
        (replace(VIEW, state=State.CANCELED), 3600, False),
        (replace(VIEW, state=State.RUNNING), 3600, False),
        (replace(VIEW, asked=None), 3600, False),
    ],
)
def test_outcomes_that_took_long_are_notified(view: JobView, later: float, worth: bool) -> None:
    assert needs_notification(view, NOON + later) == worth


def test_it_says_whether_there_is_a_picture() -> None:
    assert "ready" in notification_card(VIEW, "en").text
    assert "画好了" in notification_card(VIEW, "zh").text
    failed = replace(VIEW, state=State.FAILED, error=UserError(ErrorCode.SERVICE_DOWN))
    assert "didn't work out" in notification_card(failed, "en").text


def notifier_of(app: Installation, platform: MemoryPlatform) -> Notifier:
    services = app.services
    return Notifier(platform, services.database, services.queries.capacity, Wakeups(), services.clock)


async def until(app: Installation, fits: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until `fits` is true, checking at every wake-up."""
    while True:
        wakeup, so = app.deps.wakeups.subscribe(), fits()
        if so if isinstance(so, bool) else await so:
            return
        await app.deps.clock.wait(wakeup, 0.05)


async def test_a_picture_after_a_long_wait_is_notified_once(tmp_path: Path) -> None:
    go, day, platform = tmp_path / "go", ManualClock(NOON), MemoryPlatform()
    engine = quick_engine(until=go)
    async with running_app(tmp_path, engine=engine, clock=day.clock(), platforms=[platform]) as app:
        slow = accepted(await submit_request(app, ANNA, private(ANNA)))
        await until(app, lambda: bool(platform.sent))
        day.time += LONG_SECONDS + 60
        go.touch()
        await until(app, lambda: len(platform.sent) == 2)
        address, card = platform.sent[1]
        assert card == notification_card(VIEW, "en")
        assert address == Address(private(ANNA), reply_to="1")
        await ended(app, ANNA, slow.id)
        quick = accepted(await submit_request(app, ANNA, private(ANNA)))
        await until(
            app, lambda: any(message.picture and number == "3" for number, message in platform.messages.items())
        )
        await ended(app, ANNA, quick.id)
        await notifier_of(app, platform).send_due()
        assert len(platform.sent) == 3  # the second job's card, and nothing more


async def owed(app: Installation, chat: Chat, person: Person | None = None) -> int:
    """A finished job that has a card in a chat and is owed a notification; returns its id."""
    person = person or a_person()
    view = accepted(await submit_request(app, person, chat))
    await ended(app, person, view.id)
    async with app.services.database.write() as connection:
        await cards.set_message(connection, view.id, "77")
        await notifications.insert(connection, view.id, app.services.clock.now())
    return view.id


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (TryLater(0.0, perhaps_sent=True), 1),
        (TargetGone(card_only=False), 0),
        (ZeroDivisionError(), 0),
    ],
)
async def test_a_notification_that_may_have_arrived_or_never_will_is_not_sent_again(
    tmp_path: Path, trouble: Exception, said: int
) -> None:
    platform = MemoryPlatform(trouble=lambda _address, _card: trouble)
    async with running_app(tmp_path) as app:
        notifier = notifier_of(app, platform)
        await owed(app, a_group())
        for _ in range(3):
            await notifier.send_due()
        platform.trouble = lambda _address, _card: None
        await notifier.send_due()
        assert len(platform.sent) == said


async def test_a_notification_that_was_surely_not_sent_is_sent_later(tmp_path: Path) -> None:
    day, platform = ManualClock(NOON), MemoryPlatform(trouble=lambda _address, _card: TryLater(30.0))
    async with running_app(tmp_path, clock=day.clock()) as app:
        notifier = notifier_of(app, platform)
        await owed(app, a_group())
        await notifier.send_due()
        platform.trouble = lambda _address, _card: None
        await notifier.send_due()
        assert platform.sent == []
        day.time += 60
        await notifier.send_due()
        await notifier.send_due()
        assert len(platform.sent) == 1


async def test_several_notifiers_at_once_send_it_once(tmp_path: Path) -> None:
    platform = MemoryPlatform()
    async with running_app(tmp_path) as app:
        for _ in range(5):
            await owed(app, a_group())
        await asyncio.gather(*(notifier_of(app, platform).send_due() for _ in range(4)))
        assert len(platform.sent) == 5


async def test_deleted_cards_and_jobs_are_not_notified(tmp_path: Path) -> None:
    platform, anna = MemoryPlatform(), a_person()
    async with running_app(tmp_path) as app:
        without_card = await owed(app, a_group(), a_person())
        async with app.services.database.write() as connection:
            await cards.set_message(connection, without_card, None)
        await app.services.jobs.delete(anna, await owed(app, a_group(), anna))
        await notifier_of(app, platform).send_due()
        assert platform.sent == []
