"""Several photos of one request: one card for all of them, their pictures together and once, whatever goes wrong."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.app import Installation
from bot.delivery.outbox import GATHERING_SECONDS
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.jobs.request import JobRequest, StyleChoice, photo_source
from bot.messaging.platform import Address, Capabilities, Card, Person, Picture, TargetGone, TryLater
from storage import albums
from storage.results import ALBUM_OPEN_SECONDS
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import ANNA, BEN, accepted, private, running_app
from tests.harness.memory_platform import MemoryPlatform

pytestmark = ON_BOTH

numbers = itertools.count(1)
ONE_PICTURE_A_MESSAGE = Capabilities(sends_albums=True)


@dataclass
class Roomy(MemoryPlatform):
    """A screen whose messages hold many pictures; it can be waited for."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def show(self, address: Address, card: Card) -> str:
        try:
            return await super().show(address, card)
        finally:
            self.note()

    def note(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    async def until(self, fits: Callable[[], object]) -> None:
        while not fits():
            await self.changed.wait()

    def card(self) -> Card:
        """The only message."""
        [card] = self.messages.values()
        return card


@dataclass
class Narrow(Roomy):
    """A screen whose messages hold one picture. `hung`: what was sent beside cards; `stops`: what goes wrong then."""

    capabilities: Capabilities = ONE_PICTURE_A_MESSAGE
    hung: list[tuple[Picture, ...]] = field(default_factory=list)
    stops: list[Exception] = field(default_factory=list)

    async def send_album(self, address: Address, pictures: Sequence[Picture]) -> tuple[str, ...]:
        trouble = self.stops.pop(0) if self.stops else None
        if trouble is None or (isinstance(trouble, TryLater) and trouble.perhaps_sent):
            self.hung.append(tuple(pictures))
        self.note()
        if trouble is not None:
            raise trouble
        return tuple(f"picture-{picture.job}" for picture in pictures)


@asynccontextmanager
async def shown(
    tmp_path: Path, screen: Roomy, *, held: bool = False, **settings: object
) -> AsyncIterator[Installation]:
    engine = quick_engine(until=tmp_path / "go") if held else quick_engine()
    async with (
        asyncio.timeout(60),
        running_app(tmp_path / "house", engine=engine, platforms=[screen], **settings) as app,  # type: ignore[arg-type]
    ):
        yield app


async def album(app: Installation, photos: int, *, person: Person = ANNA, close: bool = True) -> list[JobView]:
    """So many photos in one style, by one request."""
    source = f"album:{next(numbers)}"
    views = [
        accepted(
            await app.services.jobs.submit(
                JobRequest(
                    person,
                    private(person),
                    photo_source(source, number),
                    photo=portrait_jpeg(256 + next(numbers), 300),
                    in_album=number > 0,
                    album=source,
                    style=StyleChoice(0),
                )
            )
        )
        for number in range(photos)
    ]
    if close:
        await app.services.albums.close(source)
    return views


async def drafts(app: Installation, photos: int) -> list[JobView]:
    source = f"album:{next(numbers)}"
    views = [
        accepted(
            await app.services.jobs.draft(
                JobRequest(
                    ANNA,
                    private(ANNA),
                    photo_source(source, number),
                    photo=portrait_jpeg(256 + next(numbers), 300),
                    album=source,
                )
            )
        )
        for number in range(photos)
    ]
    await app.services.albums.close(source)
    return views


def press(person: Person = ANNA, style: StyleChoice | None = None) -> JobRequest:
    """What a button asks for."""
    return JobRequest(person, private(person), f"press:{next(numbers)}", reply_to="1", style=style)


async def owed(app: Installation) -> int:
    async with app.deps.database.read() as connection:
        return int((await connection.execute(text("SELECT COUNT(*) FROM outbox"))).scalar_one())


async def settled(app: Installation) -> None:
    while await owed(app):
        await app.deps.clock.sleep(0.02)


async def grow_old(app: Installation, seconds: float) -> None:
    """All albums are so much older."""
    async with app.deps.database.write() as connection:
        await connection.execute(text("UPDATE album SET created = created - :seconds"), {"seconds": seconds + 1})
    app.deps.wakeups.notify()


async def test_one_card_counts_the_pictures_and_then_holds_them_all(tmp_path: Path) -> None:
    screen = Roomy()
    async with shown(tmp_path, screen) as app:
        views = await album(app, 3)
        await screen.until(lambda: screen.messages and screen.card().pictures)
        await settled(app)
        jobs = [picture.job for picture in screen.card().pictures]
        states = {(await app.services.queries.job(ANNA, view.id)).state for view in views}  # type: ignore[union-attr]
    assert jobs == [view.id for view in views]
    assert states == {State.DELIVERED}
    assert len(screen.sent) == 1
    assert "All 3 pictures are ready." in screen.card().text


async def test_where_a_message_holds_one_they_hang_beside_the_card_once(tmp_path: Path) -> None:
    screen = Narrow()
    async with shown(tmp_path, screen) as app:
        views = await album(app, 3)
        await screen.until(lambda: screen.messages and "All 3" in screen.card().text)
        await settled(app)
        place = await app.services.queries.card_address(ANNA, views[1].id)
    assert [[picture.job for picture in pictures] for pictures in screen.hung] == [[view.id for view in views]]
    assert (screen.card().picture, screen.card().pictures) == (None, ())
    assert place is not None
    assert place.message_id == f"picture-{views[1].id}"


@pytest.mark.parametrize(
    "stop",
    [TryLater(0.01), TryLater(0.01, perhaps_sent=True), TargetGone(card_only=False), ZeroDivisionError()],
    ids=["not-now", "perhaps-sent", "not-taken", "a-bug"],
)
async def test_what_may_have_been_sent_is_not_sent_again_and_the_card_says_so(tmp_path: Path, stop: Exception) -> None:
    screen = Narrow(stops=[stop])
    surely_not = isinstance(stop, TryLater) and not stop.perhaps_sent
    async with shown(tmp_path, screen) as app:
        await album(app, 2)
        await screen.until(lambda: screen.messages and "All 2" in screen.card().text)
        await settled(app)
    assert len(screen.hung) == (1 if isinstance(stop, TryLater) else 0)
    assert ("tap a number" in screen.card().text) is not surely_not
    assert len(screen.sent) == 1


async def test_a_crash_while_they_are_sent_leaves_one_card_that_leads_to_each_picture(tmp_path: Path) -> None:
    screen = Narrow()
    async with shown(tmp_path, screen, held=True) as app:
        views = await album(app, 2)
        await screen.until(lambda: len(screen.messages) == 1)
        async with app.deps.database.write() as connection:  # as if it had been written and then the power went
            assert await albums.mark_pictures_sending(connection, 1)
            assert not await albums.mark_pictures_sending(connection, 1)
    (tmp_path / "go").touch()
    async with shown(tmp_path, screen) as app:
        await screen.until(lambda: "All 2" in screen.card().text)
        await settled(app)
    assert screen.hung == []
    assert "tap a number" in screen.card().text
    assert [button.label for button in screen.card().buttons[0]] == ["🖼 1", "🖼 2"]
    assert len(screen.sent) == 1
    assert len(views) == 2


async def test_a_restart_between_two_pictures_still_makes_one_card_and_one_delivery(tmp_path: Path) -> None:
    screen = Narrow()
    async with shown(tmp_path, screen, held=True) as app:
        first = await album(app, 2)
        await screen.until(lambda: len(screen.messages) == 1)
        await app.services.jobs.cancel(ANNA, first[1].id)
        await album(app, 2, person=BEN)
    (tmp_path / "go").touch()
    async with shown(tmp_path, screen) as app:
        await screen.until(lambda: len(screen.hung) == 1 and any(card.picture for card in screen.messages.values()))
        await settled(app)
    assert len(screen.sent) == 2
    assert [len(pictures) for pictures in screen.hung] == [2]
    assert any("Photo 2: Cancelled." in card.text for card in screen.messages.values()), "one picture is the card's"


async def test_the_card_waits_for_photos_that_still_come_but_not_for_ever(tmp_path: Path) -> None:
    screen = Roomy()
    async with shown(tmp_path, screen, held=True) as app:
        await album(app, 2, close=False)
        await album(app, 1, person=BEN)
        await screen.until(lambda: len(screen.messages) == 1)
        assert screen.card().text.startswith("🎨 Retro comic\n"), "Ben's"
        await grow_old(app, GATHERING_SECONDS)
        await screen.until(lambda: len(screen.messages) == 2)
        (tmp_path / "go").touch()
        await grow_old(app, ALBUM_OPEN_SECONDS)
        await screen.until(lambda: any(card.pictures for card in screen.messages.values()))


async def test_a_late_photo_of_an_album_that_is_told_stands_alone(tmp_path: Path) -> None:
    screen = Roomy()
    async with shown(tmp_path, screen) as app:
        await album(app, 2)
        await screen.until(lambda: screen.messages and screen.card().pictures)
        late = accepted(
            await app.services.jobs.submit(
                JobRequest(
                    ANNA, private(ANNA), "late", photo=portrait_jpeg(700, 700), album=f"album:{1}", style=StyleChoice(0)
                )
            )
        )
        assert len(await app.services.queries.album_of(ANNA, late.id)) == 1


async def test_one_style_is_for_all_photos_that_wait_for_it(tmp_path: Path) -> None:
    screen = Roomy()
    async with shown(tmp_path, screen) as app:
        views = await drafts(app, 3)
        await screen.until(lambda: screen.messages)
        assert "these 3 photos" in screen.card().text
        together = await app.services.queries.album_of(ANNA, views[0].id)
        assert isinstance(await app.services.albums.choose_style(press(style=StyleChoice(2)), together[0].id), JobView)
        await screen.until(lambda: screen.card().pictures)
        assert await app.services.queries.album_of(BEN, views[0].id) == ()
    assert "Anime · 3 photos" in screen.card().text


async def test_those_for_which_there_is_no_room_go_on_waiting_with_a_card_of_their_own(tmp_path: Path) -> None:
    screen = Roomy()
    async with shown(tmp_path, screen, held=True, max_queued_per_person=2) as app:
        views = await drafts(app, 5)
        await screen.until(lambda: screen.messages)
        outcome = await app.services.albums.choose_style(press(style=StyleChoice(2)), views[0].id)
        assert isinstance(outcome, UserError)
        assert outcome.code is ErrorCode.QUEUE_FULL
        await screen.until(lambda: any("these 3 photos" in card.text for card in screen.messages.values()))
        (tmp_path / "go").touch()
        await screen.until(lambda: any(len(card.pictures) == 2 for card in screen.messages.values()))
        rest = await app.services.queries.album_of(ANNA, views[2].id)
        assert [view.id for view in rest] == [view.id for view in views[2:]]
        again = await app.services.albums.choose_style(press(style=StyleChoice(2)), rest[0].id)
        assert isinstance(again, UserError)
        await screen.until(lambda: len(screen.messages) == 3)
        assert any(
            "for this photo" in card.text or "Which style would you like?" in card.text
            for card in screen.messages.values()
        )


async def test_a_cancel_is_for_all_that_are_not_painted(tmp_path: Path) -> None:
    screen = Roomy()
    async with shown(tmp_path, screen, held=True) as app:
        views = await album(app, 3)
        await screen.until(lambda: screen.messages)
        await app.services.albums.cancel(ANNA, views[0].id)
        await screen.until(lambda: "Cancelled." in screen.card().text)
        assert (await app.services.queries.quota(ANNA)).left == 20
        outcome = await app.services.albums.cancel(ANNA, views[0].id)
        assert outcome == UserError(ErrorCode.NOT_NOW)


async def test_another_style_is_a_new_album_and_deleting_takes_all(tmp_path: Path) -> None:
    screen = Narrow()
    async with shown(tmp_path, screen) as app:
        views = await album(app, 2)
        await screen.until(lambda: screen.messages and "All 2" in screen.card().text)
        await settled(app)
        together = await app.services.queries.album_of(ANNA, views[0].id)
        draft = await app.services.albums.redraft(press(), together)
        assert isinstance(draft, JobView)
        await screen.until(lambda: len(screen.messages) == 2)
        fresh = await app.services.queries.album_of(ANNA, draft.id)
        assert len(fresh) == 2
        assert not {view.id for view in fresh} & {view.id for view in views}
        places = await app.services.albums.delete(ANNA, together)
        assert [place.message_id for place in places] == [f"picture-{view.id}" for view in views]
        assert await app.services.queries.history(ANNA) == ()
        assert await app.services.queries.original(ANNA, draft.id), "the new album still needs the photos"


async def test_who_is_forgotten_is_told_cancelled_and_leaves_no_trace_of_the_request(tmp_path: Path) -> None:
    screen = Roomy()
    async with shown(tmp_path, screen, held=True) as app:
        await album(app, 2)
        await screen.until(lambda: screen.messages)
        await app.services.privacy.forget(ANNA)
        await screen.until(lambda: screen.card().text.startswith("Cancelled."))
        assert screen.card().buttons == ()
        await settled(app)
        (tmp_path / "go").touch()
        await app.retention.sweep()
        async with app.deps.database.read() as connection:
            rows = (await connection.execute(text("SELECT source, message_id FROM album"))).all()
    assert [tuple(row) for row in rows] == [("forgotten:1", None)]


async def test_who_waited_long_is_told_once_that_all_are_there(tmp_path: Path) -> None:
    screen = Roomy()
    async with shown(tmp_path, screen, held=True) as app:
        await album(app, 2)
        await screen.until(lambda: screen.messages)
        async with app.deps.database.write() as connection:
            await connection.execute(text("UPDATE job SET asked = asked - 300"))
        (tmp_path / "go").touch()
        await screen.until(lambda: len(screen.messages) == 2)
        await settled(app)
    assert [card.text for card in screen.messages.values()][1] == "Your pictures are ready: here they are."
    assert screen.sent[1][0].reply_to == "1"


async def test_a_deleted_card_comes_back_with_the_pictures(tmp_path: Path) -> None:
    screen = Roomy()
    async with shown(tmp_path, screen, held=True) as app:
        await album(app, 2)
        await screen.until(lambda: screen.messages)
        screen.messages.clear()
        (tmp_path / "go").touch()
        await screen.until(lambda: screen.messages and screen.card().pictures)
        await settled(app)
    assert len(screen.sent) == 2


def test_the_first_photo_of_a_request_has_its_source() -> None:
    assert [photo_source("a", number) for number in range(3)] == ["a", "a:1", "a:2"]
