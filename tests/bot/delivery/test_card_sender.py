"""Each job has one card: edited when something changed, turned into the picture once, whatever goes wrong."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import Installation
from bot.cluster.leadership import SOLE_LEADER, LeadershipLost, SoleLeader, is_leadership_lost
from bot.delivery.card_sender import GIVE_UP_TRIES, UNKNOWN_TRIES, CardSender
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.domain.styles import REFERENCE
from bot.jobs.request import JobRequest, StyleChoice, like_picture
from bot.messaging.platform import Address, Card, Person, Refusal, Refused, TargetGone, TryLater
from storage import cards
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import ANNA, BEN, accepted, ended, private, running_app
from tests.harness.memory_platform import MemoryPlatform

pytestmark = ON_BOTH

numbers = itertools.count(1)


@dataclass
class RecordingPlatform(MemoryPlatform):
    """A platform that records every call: the message (None: a new one) and the card."""

    calls: list[tuple[str | None, Card]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def show(self, address: Address, card: Card) -> str:
        self.calls.append((address.message_id, card))
        try:
            return await super().show(address, card)
        finally:
            self.changed.set()
            self.changed = asyncio.Event()

    async def until(self, fits: Callable[[], bool]) -> None:
        """Wait until `fits` is true after a card was shown."""
        while not fits():
            await self.changed.wait()

    def pictures(self) -> list[Card]:
        """The cards that show a picture now."""
        return [card for card in self.messages.values() if card.picture is not None]


@asynccontextmanager
async def shown(tmp_path: Path, platform: RecordingPlatform, *, held: bool = False) -> AsyncIterator[Installation]:
    """A running installation with this platform; `held`: the engine waits for `go`."""
    engine = quick_engine(until=tmp_path / "go") if held else quick_engine()
    async with asyncio.timeout(60), running_app(tmp_path / "app", engine=engine, platforms=[platform]) as app:
        yield app


def card_sender_of(app: Installation, platform: MemoryPlatform, leadership: SoleLeader = SOLE_LEADER) -> CardSender:
    """A second card sender beside the installation's own."""
    return CardSender(
        platform, app.services.jobs, app.services.style_options, app.deps.wakeups, app.deps.clock, leadership
    )


async def request(app: Installation, person: Person = ANNA) -> JobView:
    photo = portrait_jpeg(256 + next(numbers), 300)
    return accepted(
        await app.services.jobs.submit(
            JobRequest(person, private(person), f"c:{next(numbers)}", photo=photo, style=StyleChoice(0))
        )
    )


async def state(app: Installation, view: JobView) -> State:
    now = await app.services.queries.job(ANNA, view.id)
    assert now is not None
    return now.state


async def owed(app: Installation) -> int:
    async with app.deps.database.read() as connection:
        return int((await connection.execute(text("SELECT COUNT(*) FROM outbox WHERE given_up IS NULL"))).scalar_one())


def go(tmp_path: Path) -> None:
    (tmp_path / "go").touch()


async def test_one_card_lives_as_long_as_its_job_and_becomes_the_picture(tmp_path: Path) -> None:
    platform = RecordingPlatform()
    async with shown(tmp_path, platform) as app:
        view = await request(app)
        await platform.until(lambda: bool(platform.pictures()))
        while await owed(app):
            await app.deps.clock.sleep(0.02)
        assert await state(app, view) == State.DELIVERED
    assert len(platform.sent) == 1
    assert len([card for _, card in platform.calls if card.picture]) == 1
    assert platform.calls[-1][1].picture is not None
    assert all(one != other for (_, one), (_, other) in itertools.pairwise(platform.calls))


async def test_every_job_has_its_own_card_on_its_own_platform(tmp_path: Path) -> None:
    platform = RecordingPlatform()
    async with shown(tmp_path, platform) as app:
        views = [await request(app, Person("test", name)) for name in "abc"]
        await request(app, Person("elsewhere", "d"))
        await platform.until(lambda: len(platform.pictures()) == 3)
    assert len(platform.sent) == 3
    assert {address.chat.platform_id for address, _ in platform.sent} == set("abc")
    assert len({view.id for view in views}) == 3


async def test_a_failed_edit_is_never_answered_by_a_new_message(tmp_path: Path) -> None:
    platform = RecordingPlatform(trouble=lambda address, _: TryLater(0.01) if address.message_id else None)
    async with shown(tmp_path, platform) as app:
        await request(app)
        await platform.until(lambda: len(platform.calls) > 4)
        platform.trouble = lambda *_: None
        await platform.until(lambda: bool(platform.pictures()))
    assert len(platform.sent) == 1


@pytest.mark.parametrize("what", ["draft", "request"])
async def test_a_first_card_that_the_platform_refuses_for_now_comes_later(tmp_path: Path, what: str) -> None:
    platform = RecordingPlatform(trouble=lambda *_: TryLater(0.05))
    async with shown(tmp_path, platform, held=True) as app:
        if what == "request":
            await request(app)
        else:
            await app.services.jobs.draft(JobRequest(ANNA, private(ANNA), "d:1", photo=portrait_jpeg()))
        await platform.until(lambda: len(platform.calls) > 1)
        platform.trouble = lambda *_: None
        await platform.until(lambda: len(platform.messages) == 1)
        assert len(platform.sent) == 1


async def test_an_outcome_is_owed_until_it_was_shown_also_after_a_restart(tmp_path: Path) -> None:
    platform = RecordingPlatform(trouble=lambda _, card: TryLater(0.01) if card.picture else None)
    async with shown(tmp_path, platform) as app:
        view = await request(app)
        await platform.until(lambda: any(card.picture for _, card in platform.calls))
        assert await owed(app) == 1
    platform.trouble = lambda *_: None
    async with shown(tmp_path, platform) as app:
        await platform.until(lambda: bool(platform.pictures()))
        while await owed(app):
            await app.deps.clock.sleep(0.02)
        assert await state(app, view) == State.DELIVERED
    assert len(platform.sent) == 1


@pytest.mark.parametrize(("tries", "is_owed"), [(100, True), (GIVE_UP_TRIES, False)])
async def test_an_outcome_is_owed_through_a_long_outage_but_not_for_ever(
    tmp_path: Path, tries: int, is_owed: bool
) -> None:
    platform = RecordingPlatform(trouble=lambda _, card: TryLater(0.01) if card.picture else None)
    async with shown(tmp_path, platform) as app:
        view = await request(app)
        await platform.until(lambda: any(card.picture for _, card in platform.calls))
        async with app.deps.database.write() as connection:
            await connection.execute(text("UPDATE outbox SET tries = :tries, next_at = 0"), {"tries": tries})
        before = len(platform.calls)
        await platform.until(lambda: len(platform.calls) > before)
    async with shown(tmp_path, RecordingPlatform(trouble=lambda *_: TryLater(60))) as app:
        assert await owed(app) == int(is_owed)
        assert await app.services.queries.result(ANNA, view.id)  # it is in the history all the same


async def test_a_deleted_card_stays_away_until_the_picture_comes_as_a_new_message(tmp_path: Path) -> None:
    platform = RecordingPlatform()
    async with shown(tmp_path, platform, held=True) as app:
        await request(app)
        await platform.until(lambda: len(platform.messages) == 1)
        platform.messages.clear()  # by the person
        other = await request(app)  # the first job runs now, which is worth an edit
        await platform.until(lambda: len(platform.sent) == 2)
        go(tmp_path)
        await platform.until(lambda: len(platform.pictures()) == 2)
        assert await state(app, other) in {State.STORED, State.DELIVERED}
    new = [card.picture is not None for _, card in platform.sent]
    assert new == [False, False, True]


async def test_a_chat_that_takes_no_card_gets_nothing_painted_and_the_unit_is_back(tmp_path: Path) -> None:
    platform = RecordingPlatform(
        trouble=lambda address, _: TargetGone(card_only=False) if address.chat.platform_id == "anna" else None
    )
    async with shown(tmp_path, platform) as app:
        view = await request(app)
        assert (await ended(app, ANNA, view.id)).error == UserError(ErrorCode.CHAT_CLOSED)
        quota = await app.services.queries.quota(ANNA)
        assert (quota.used, quota.reserved) == (0, 0)
        await request(app, BEN)
        await platform.until(lambda: bool(platform.pictures()))
        async with app.deps.database.read() as connection:
            assert (await connection.execute(text("SELECT COUNT(*) FROM attempt"))).scalar_one() == 1


async def test_an_answer_that_nobody_knows_counts_as_a_refusal_after_a_few_tries(tmp_path: Path) -> None:
    platform = RecordingPlatform(trouble=lambda _, card: Refused(Refusal.UNKNOWN) if card.picture else None)
    async with shown(tmp_path, platform) as app:
        view = await request(app)
        await platform.until(lambda: any(card.picture for _, card in platform.calls))
        assert await owed(app) == 1
        assert not any(card.document for _, card in platform.calls), "not now, at first"
        async with app.deps.database.write() as connection:
            await connection.execute(text("UPDATE outbox SET tries = :tries, next_at = 0"), {"tries": UNKNOWN_TRIES})
        await platform.until(lambda: any(card.document for card in platform.messages.values()))
        while await owed(app):
            await app.deps.clock.sleep(0.02)
        assert await state(app, view) == State.DELIVERED


async def test_nothing_is_painted_before_its_card_was_sent_and_others_pass(tmp_path: Path) -> None:
    platform = RecordingPlatform(
        trouble=lambda address, _: TryLater(0.05) if address.chat.platform_id == "anna" else None
    )
    async with shown(tmp_path, platform) as app:
        first, _ = await request(app), await request(app, BEN)
        await platform.until(lambda: bool(platform.pictures()))
        assert await state(app, first) == State.QUEUED
        platform.trouble = lambda *_: None
        await platform.until(lambda: len(platform.pictures()) == 2)


@pytest.mark.parametrize("when", [State.QUEUED, State.RUNNING])
async def test_a_cancellation_is_shown_at_once_and_nothing_comes_after_it(tmp_path: Path, when: State) -> None:
    platform = RecordingPlatform()
    async with shown(tmp_path, platform, held=True) as app:
        first = await request(app)
        async for view in app.services.queries.watch(ANNA, first.id):
            if view.state == State.RUNNING:
                break
        chosen = first if when == State.RUNNING else await request(app)
        await platform.until(lambda: len(platform.messages) == (1 if when == State.RUNNING else 2))
        await app.services.jobs.cancel(ANNA, chosen.id)
        await platform.until(lambda: any("Cancelled" in card.text for card in platform.messages.values()))
        go(tmp_path)
        after = await request(app, Person("test", "ben"))
        await platform.until(lambda: any(card.picture for card in platform.messages.values()))
        assert after.id
        cancelled = [card for card in platform.messages.values() if "Cancelled" in card.text]
    assert len(cancelled) == 1


async def test_an_exception_of_the_platforms_library_delays_one_card_only(tmp_path: Path) -> None:
    broken = iter([True, True])

    def trouble(address: Address, _: Card) -> Exception | None:
        return ZeroDivisionError() if address.chat.platform_id == "anna" and next(broken, False) else None

    platform = RecordingPlatform(trouble=trouble)
    async with shown(tmp_path, platform) as app:
        await request(app)
        await request(app, Person("test", "ben"))
        await platform.until(lambda: len(platform.pictures()) == 2)


async def test_a_reference_that_was_joined_to_its_photo_is_not_shown_as_cancelled(tmp_path: Path) -> None:
    platform = RecordingPlatform()
    async with shown(tmp_path, platform) as app:
        await app.services.jobs.draft(
            JobRequest(ANNA, private(ANNA), "r:1", style=like_picture(portrait_jpeg(shade=200)))
        )
        await platform.until(lambda: len(platform.messages) == 1)
        met = accepted(await app.services.jobs.draft(JobRequest(ANNA, private(ANNA), "p:1", photo=portrait_jpeg())))
        assert met.style == REFERENCE
        await platform.until(lambda: bool(platform.pictures()))
        assert await owed(app) <= 1
    assert not any("Cancelled" in card.text for _, card in platform.calls)


async def test_stopping_finishes_the_cards_being_sent_and_begins_no_more(tmp_path: Path) -> None:
    platform, release = RecordingPlatform(), asyncio.Event()

    @dataclass
    class Slow(RecordingPlatform):
        async def show(self, address: Address, card: Card) -> str:
            self.calls.append((address.message_id, card))
            await release.wait()
            return await super().show(address, card)

    slow, stop = Slow(), asyncio.Event()
    async with running_app(tmp_path) as app:
        for number in range(30):
            await app.services.jobs.draft(
                JobRequest(ANNA, private(ANNA), f"d:{number}", photo=portrait_jpeg(256 + number))
            )
        card_sender = asyncio.create_task(card_sender_of(app, slow).run(stop))
        while len(slow.calls) < 8:
            await app.deps.clock.sleep(0.01)
        stop.set()
        release.set()
        app.deps.wakeups.notify()
        await card_sender
    assert len(slow.sent) == 8
    assert platform.sent == []


async def test_losing_leadership_while_a_card_is_being_sent_owes_the_outcome_again(tmp_path: Path) -> None:
    """An edit that was frozen may arrive after the successor has shown the picture, and replace it."""
    platform = RecordingPlatform()
    async with shown(tmp_path, platform, held=True) as app:
        view = await request(app)
        await platform.until(lambda: len(platform.sent) == 1)
        slow = StuckPlatform()
        frozen = card_sender_of(app, slow)
        thawing = asyncio.create_task(frozen.run(asyncio.Event()))
        await slow.asked.wait()
        go(tmp_path)
        await platform.until(lambda: bool(platform.pictures()))
        while await owed(app):
            await app.deps.clock.sleep(0.02)
        shown_before = len(platform.calls)
        thawing.cancel()
        await asyncio.wait([thawing])
        app.deps.wakeups.notify()
        await platform.until(lambda: len(platform.calls) > shown_before)
        assert platform.calls[-1][1].picture is not None
        assert await state(app, view) == State.DELIVERED


class StuckPlatform(MemoryPlatform):
    """Never finishes an edit."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def show(self, address: Address, card: Card) -> str:
        self.asked.set()
        await asyncio.Event().wait()
        return "never"


@dataclass
class UncertainLeader(SoleLeader):
    """Leadership that is not certain until `is_sure` is set, or is lost."""

    is_sure: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    is_lost: bool = False

    async def confirm(self) -> None:
        self.asked.set()
        await self.is_sure.wait()

    async def fence(self, connection: AsyncConnection) -> None:
        if self.is_lost:
            raise LeadershipLost("somebody else sends the cards")


async def test_nothing_is_sent_before_leadership_is_certain(tmp_path: Path) -> None:
    platform, leadership, stop = RecordingPlatform(), UncertainLeader(), asyncio.Event()
    async with asyncio.timeout(60), running_app(tmp_path / "app") as app:
        await request(app)
        card_sender = card_sender_of(app, platform, leadership)
        running = asyncio.create_task(card_sender.run(stop))
        await leadership.asked.wait()
        assert not platform.calls
        leadership.is_sure.set()
        await platform.until(lambda: bool(platform.pictures()))
        stop.set()
        app.deps.wakeups.notify()
        await running


async def test_after_losing_leadership_it_writes_nothing_and_ends(tmp_path: Path) -> None:
    platform, leadership = RecordingPlatform(), UncertainLeader(is_lost=True)
    leadership.is_sure.set()
    async with asyncio.timeout(60), running_app(tmp_path / "app") as app:
        view = await request(app)
        card_sender = card_sender_of(app, platform, leadership)
        with pytest.raises(ExceptionGroup) as caught:
            await card_sender.run(asyncio.Event())
        assert is_leadership_lost(caught.value)
        async with app.deps.database.read() as connection:
            place = await cards.get_of_job(connection, view.id)
        assert place.message_id is None
