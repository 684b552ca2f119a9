"""Albums: one card for all photos of a request; their pictures are delivered together and once, despite failures."""

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
from bot.messaging.platform import Address, Capabilities, Card, Person, Picture, Refusal, Refused, TryLater
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
class AlbumCardPlatform(MemoryPlatform):
    """A platform whose messages hold many pictures; a test can wait for its changes."""

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
class SinglePicturePlatform(AlbumCardPlatform):
    """A platform whose messages hold one picture. `albums_sent`: the albums sent beside cards; `errors`: one for each
    call of `send_album`."""

    capabilities: Capabilities = ONE_PICTURE_A_MESSAGE
    albums_sent: list[tuple[Picture, ...]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    async def send_album(
        self, address: Address, pictures: Sequence[Picture], *, as_files: bool = False
    ) -> tuple[str, ...]:
        trouble = self.errors.pop(0) if self.errors else None
        if trouble is None or (isinstance(trouble, TryLater) and trouble.perhaps_sent):
            self.albums_sent.append(tuple(pictures))
        self.note()
        if trouble is not None:
            raise trouble
        return tuple(f"picture-{picture.job}" for picture in pictures)


@asynccontextmanager
async def app_with(
    tmp_path: Path, platform: AlbumCardPlatform, *, held: bool = False, **settings: object
) -> AsyncIterator[Installation]:
    engine = quick_engine(until=tmp_path / "go") if held else quick_engine()
    async with (
        asyncio.timeout(60),
        running_app(tmp_path / "data", engine=engine, platforms=[platform], **settings) as app,  # type: ignore[arg-type]
    ):
        yield app


async def album(app: Installation, photos: int, *, person: Person = ANNA, close: bool = True) -> list[JobView]:
    """Submit one request with this many photos in one style."""
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


def press_request(person: Person = ANNA, style: StyleChoice | None = None) -> JobRequest:
    """The request of a button press."""
    return JobRequest(person, private(person), f"press:{next(numbers)}", reply_to="1", style=style)


async def outbox_size(app: Installation) -> int:
    async with app.deps.database.read() as connection:
        return int((await connection.execute(text("SELECT COUNT(*) FROM outbox"))).scalar_one())


async def outbox_emptied(app: Installation) -> None:
    while await outbox_size(app):
        await app.deps.clock.sleep(0.02)


async def age_albums(app: Installation, seconds: float) -> None:
    """Make all albums older by `seconds`."""
    async with app.deps.database.write() as connection:
        await connection.execute(text("UPDATE album SET created = created - :seconds"), {"seconds": seconds + 1})
    app.deps.wakeups.notify()


async def test_one_card_counts_the_pictures_and_finally_shows_all(tmp_path: Path) -> None:
    platform = AlbumCardPlatform()
    async with app_with(tmp_path, platform) as app:
        views = await album(app, 3)
        await platform.until(lambda: platform.messages and platform.card().pictures)
        await outbox_emptied(app)
        jobs = [picture.job for picture in platform.card().pictures]
        states = {(await app.services.queries.job(ANNA, view.id)).state for view in views}  # type: ignore[union-attr]
    assert jobs == [view.id for view in views]
    assert states == {State.DELIVERED}
    assert len(platform.sent) == 1
    assert "All 3 pictures are ready." in platform.card().text


async def test_where_a_message_holds_one_picture_the_album_is_sent_once_beside_the_card(tmp_path: Path) -> None:
    platform = SinglePicturePlatform()
    async with app_with(tmp_path, platform) as app:
        views = await album(app, 3)
        await platform.until(lambda: platform.messages and "All 3" in platform.card().text)
        await outbox_emptied(app)
        place = await app.services.queries.card_address(ANNA, views[1].id)
    assert [[picture.job for picture in pictures] for pictures in platform.albums_sent] == [[view.id for view in views]]
    assert (platform.card().picture, platform.card().pictures) == (None, ())
    assert place is not None
    assert place.message_id == f"picture-{views[1].id}"


@pytest.mark.parametrize(
    "stop",
    [TryLater(0.01), TryLater(0.01, perhaps_sent=True), Refused(Refusal.PHOTO), ZeroDivisionError()],
    ids=["not-now", "perhaps-sent", "not-as-photos", "a-bug"],
)
async def test_an_album_that_may_have_been_sent_is_not_resent_and_the_card_says_so(
    tmp_path: Path, stop: Exception
) -> None:
    platform = SinglePicturePlatform(errors=[stop])
    certainly_unsent = isinstance(stop, Refused) or (isinstance(stop, TryLater) and not stop.perhaps_sent)
    async with app_with(tmp_path, platform) as app:
        await album(app, 2)
        await platform.until(lambda: platform.messages and "All 2" in platform.card().text)
        await outbox_emptied(app)
    assert len(platform.albums_sent) == (1 if isinstance(stop, TryLater | Refused) else 0)
    assert ("tap a number" in platform.card().text) is not certainly_unsent
    assert len(platform.sent) == 1


async def test_a_crash_while_sending_an_album_leaves_one_card_with_a_button_for_each_picture(tmp_path: Path) -> None:
    platform = SinglePicturePlatform()
    async with app_with(tmp_path, platform, held=True) as app:
        views = await album(app, 2)
        await platform.until(lambda: len(platform.messages) == 1)
        async with app.deps.database.write() as connection:  # as after a crash between writing and sending
            assert await albums.mark_pictures_sending(connection, 1)
            assert not await albums.mark_pictures_sending(connection, 1)
    (tmp_path / "go").touch()
    async with app_with(tmp_path, platform) as app:
        await platform.until(lambda: "All 2" in platform.card().text)
        await outbox_emptied(app)
    assert platform.albums_sent == []
    assert "tap a number" in platform.card().text
    assert [button.label for button in platform.card().buttons[0]] == ["🖼 1", "🖼 2"]
    assert len(platform.sent) == 1
    assert len(views) == 2


async def test_a_restart_between_two_pictures_still_makes_one_card_and_one_delivery(tmp_path: Path) -> None:
    platform = SinglePicturePlatform()
    async with app_with(tmp_path, platform, held=True) as app:
        first = await album(app, 2)
        await platform.until(lambda: len(platform.messages) == 1)
        await app.services.jobs.cancel(ANNA, first[1].id)
        await album(app, 2, person=BEN)
    (tmp_path / "go").touch()
    async with app_with(tmp_path, platform) as app:
        await platform.until(
            lambda: len(platform.albums_sent) == 1 and any(card.picture for card in platform.messages.values())
        )
        await outbox_emptied(app)
    assert len(platform.sent) == 2
    assert [len(pictures) for pictures in platform.albums_sent] == [2]
    assert any("Photo 2: Cancelled." in card.text for card in platform.messages.values()), "one picture is the card's"


async def test_the_card_waits_for_an_open_album_but_not_forever(tmp_path: Path) -> None:
    platform = AlbumCardPlatform()
    async with app_with(tmp_path, platform, held=True) as app:
        await album(app, 2, close=False)
        await album(app, 1, person=BEN)
        await platform.until(lambda: len(platform.messages) == 1)
        assert platform.card().text.startswith("🎨 Retro comic\n"), "Ben's"
        await age_albums(app, GATHERING_SECONDS)
        await platform.until(lambda: len(platform.messages) == 2)
        (tmp_path / "go").touch()
        await age_albums(app, ALBUM_OPEN_SECONDS)
        await platform.until(lambda: any(card.pictures for card in platform.messages.values()))


async def test_a_late_photo_of_a_delivered_album_gets_its_own_card(tmp_path: Path) -> None:
    platform = AlbumCardPlatform()
    async with app_with(tmp_path, platform) as app:
        await album(app, 2)
        await platform.until(lambda: platform.messages and platform.card().pictures)
        late = accepted(
            await app.services.jobs.submit(
                JobRequest(
                    ANNA, private(ANNA), "late", photo=portrait_jpeg(700, 700), album=f"album:{1}", style=StyleChoice(0)
                )
            )
        )
        assert len(await app.services.queries.album_of(ANNA, late.id)) == 1


async def test_choosing_a_style_applies_to_all_drafts_of_the_album(tmp_path: Path) -> None:
    platform = AlbumCardPlatform()
    async with app_with(tmp_path, platform) as app:
        views = await drafts(app, 3)
        await platform.until(lambda: platform.messages)
        assert "these 3 photos" in platform.card().text
        album_views = await app.services.queries.album_of(ANNA, views[0].id)
        assert isinstance(
            await app.services.albums.choose_style(press_request(style=StyleChoice(2)), album_views[0].id), JobView
        )
        await platform.until(lambda: platform.card().pictures)
        assert await app.services.queries.album_of(BEN, views[0].id) == ()
    assert "Anime · 3 photos" in platform.card().text


async def test_drafts_over_a_limit_keep_waiting_on_a_card_of_their_own(tmp_path: Path) -> None:
    platform = AlbumCardPlatform()
    async with app_with(tmp_path, platform, held=True, max_queued_per_person=2) as app:
        views = await drafts(app, 5)
        await platform.until(lambda: platform.messages)
        outcome = await app.services.albums.choose_style(press_request(style=StyleChoice(2)), views[0].id)
        assert isinstance(outcome, UserError)
        assert outcome.code is ErrorCode.QUEUE_FULL
        await platform.until(lambda: any("these 3 photos" in card.text for card in platform.messages.values()))
        (tmp_path / "go").touch()
        await platform.until(lambda: any(len(card.pictures) == 2 for card in platform.messages.values()))
        rest = await app.services.queries.album_of(ANNA, views[2].id)
        assert [view.id for view in rest] == [view.id for view in views[2:]]
        again = await app.services.albums.choose_style(press_request(style=StyleChoice(2)), rest[0].id)
        assert isinstance(again, UserError)
        await platform.until(lambda: len(platform.messages) == 3)
        assert any(
            "for this photo" in card.text or "Which style would you like?" in card.text
            for card in platform.messages.values()
        )


async def test_cancelling_applies_to_all_unfinished_jobs_of_the_album(tmp_path: Path) -> None:
    platform = AlbumCardPlatform()
    async with app_with(tmp_path, platform, held=True) as app:
        views = await album(app, 3)
        await platform.until(lambda: platform.messages)
        await app.services.albums.cancel(ANNA, views[0].id)
        await platform.until(lambda: "Cancelled." in platform.card().text)
        assert (await app.services.queries.quota(ANNA)).left == 20
        outcome = await app.services.albums.cancel(ANNA, views[0].id)
        assert outcome == UserError(ErrorCode.NOT_NOW)


async def test_another_style_makes_a_new_album_and_deleting_removes_all(tmp_path: Path) -> None:
    platform = SinglePicturePlatform()
    async with app_with(tmp_path, platform) as app:
        views = await album(app, 2)
        await platform.until(lambda: platform.messages and "All 2" in platform.card().text)
        await outbox_emptied(app)
        album_views = await app.services.queries.album_of(ANNA, views[0].id)
        draft = await app.services.albums.redraft(press_request(), album_views)
        assert isinstance(draft, JobView)
        await platform.until(lambda: len(platform.messages) == 2)
        fresh = await app.services.queries.album_of(ANNA, draft.id)
        assert len(fresh) == 2
        assert not {view.id for view in fresh} & {view.id for view in views}
        places = await app.services.albums.delete(ANNA, album_views)
        assert [place.message_id for place in places] == [f"picture-{view.id}" for view in views]
        assert await app.services.queries.history(ANNA) == ()
        assert await app.services.queries.original(ANNA, draft.id), "the new album still needs the photos"


async def test_forgetting_a_person_cancels_their_album_and_anonymizes_its_row(tmp_path: Path) -> None:
    platform = AlbumCardPlatform()
    async with app_with(tmp_path, platform, held=True) as app:
        await album(app, 2)
        await platform.until(lambda: platform.messages)
        await app.services.privacy.forget(ANNA)
        await platform.until(lambda: platform.card().text.startswith("Cancelled."))
        assert platform.card().buttons == ()
        await outbox_emptied(app)
        (tmp_path / "go").touch()
        await app.retention.sweep()
        async with app.deps.database.read() as connection:
            rows = (await connection.execute(text("SELECT source, message_id FROM album"))).all()
    assert [tuple(row) for row in rows] == [("forgotten:1", None)]


async def test_after_a_long_wait_one_message_says_that_all_pictures_are_ready(tmp_path: Path) -> None:
    platform = AlbumCardPlatform()
    async with app_with(tmp_path, platform, held=True) as app:
        await album(app, 2)
        await platform.until(lambda: platform.messages)
        async with app.deps.database.write() as connection:
            await connection.execute(text("UPDATE job SET asked = asked - 300"))
        (tmp_path / "go").touch()
        await platform.until(lambda: len(platform.messages) == 2)
        await outbox_emptied(app)
    assert [card.text for card in platform.messages.values()][1] == "Your pictures are ready: here they are."
    assert platform.sent[1][0].reply_to == "1"


async def test_a_deleted_card_is_sent_again_with_the_pictures(tmp_path: Path) -> None:
    platform = AlbumCardPlatform()
    async with app_with(tmp_path, platform, held=True) as app:
        await album(app, 2)
        await platform.until(lambda: platform.messages)
        platform.messages.clear()
        (tmp_path / "go").touch()
        await platform.until(lambda: platform.messages and platform.card().pictures)
        await outbox_emptied(app)
    assert len(platform.sent) == 2


def test_the_first_photo_of_a_request_has_its_source() -> None:
    assert [photo_source("a", number) for number in range(3)] == ["a", "a:1", "a:2"]
