"""Forgotten means gone: bytes by the store's own list, names by every row; sums and other people's things stay."""

from pathlib import Path

from sqlalchemy import text

from bot.app import Installation
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import State
from bot.domain.styles import REFERENCE
from bot.jobs.request import JobRequest, StyleChoice
from bot.jobs.retention import Retention
from bot.messaging.platform import Chat, Person
from bot.privacy.service import DeletedCounts, privacy_facts
from tests.conftest import SHARED_LOOP, app_on_both
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.harness.app import ANNA, BEN, accepted, ended, private, running_app, settings_for
from tests.harness.memory_platform import MemoryPlatform
from tests.harness.requests import (
    ManualClock,
    a_group,
    a_person,
    a_photo,
    audit,
    reason,
    rows,
    stored_keys,
    submit_request,
)
from tests.harness.rows import NOON

pytest_generate_tests = app_on_both

SECRET = Person("test", "somebody-unmistakable")
HOME = Chat("test", "somebody-unmistakable")


async def sweep(app: Installation) -> None:
    await Retention(app.services.database, app.services.photo_intake.photos, app.services.clock).sweep()


async def mentions(app: Installation, words: str) -> list[str]:
    """The tables and columns where these words stand."""
    found = []
    async with app.services.database.read() as connection:
        tables = (await connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))).scalars().all()
        for table in tables:
            for column in (await connection.execute(text(f"PRAGMA table_info({table})"))).all():
                hit = text(f"SELECT 1 FROM {table} WHERE CAST({column.name} AS TEXT) LIKE :words LIMIT 1")
                if (await connection.execute(hit, {"words": f"%{words}%"})).first():
                    found.append(f"{table}.{column.name}")
    return found


def files_with(folder: Path, words: bytes) -> list[str]:
    """The files, the database's own among them, where these words stand."""
    return [file.name for file in folder.iterdir() if file.is_file() and words in file.read_bytes()]


async def settled(app: Installation, *people: Person) -> None:
    for person in people:
        for view in await app.services.queries.history(person):
            await ended(app, person, view.id)


async def live(app: Installation, person: Person, home: Chat, group: Chat) -> None:
    """Leave a bit of everything behind."""
    services, service = app.services, app.services
    accepted(await submit_request(app, person, home, source=f"update of {person.platform_id}", reply_to="41"))
    accepted(await submit_request(app, person, group, REFERENCE, reference=a_photo()))
    await settled(app, person)
    accepted(await services.jobs.draft(JobRequest(person, home, f"draft of {person.platform_id}", photo=a_photo())))
    await service.saved_styles.save(person, "Waves", a_photo())
    await service.saved_styles.save(person, f"For all by {person.platform_id}", a_photo(), library=group, by_admin=True)
    await services.jobs.set_language(person, "zh")


async def test_after_forgetting_no_byte_is_left_and_others_keep_theirs(tmp_path: Path) -> None:
    group = a_group()
    async with running_app(tmp_path) as app:
        await live(app, SECRET, HOME, group)
        await live(app, BEN, private(BEN), group)
        bens = await stored_keys(app, BEN)
        mine = await stored_keys(app, SECRET)
        assert {key.split("/")[0] for key in mine} == {"original", "reference", "result", "style"}
        gone = await app.services.privacy.forget(SECRET)
        assert gone == DeletedCounts(photos=4, results=2, styles=2, jobs=2)
        assert set(await app.services.photo_intake.photos.keys()) == bens
        assert not [path for path in (tmp_path / "photos").rglob("*") if path.is_file() and path.name in str(mine)]
        assert await app.services.queries.history(SECRET) == ()
        assert await app.services.saved_styles.of_person(SECRET) == ()
        assert [style.name for style in await app.services.saved_styles.library(group)] == ["For all by ben"]
        assert len(await app.services.queries.history(BEN)) == 2
        await audit(app)


async def test_the_name_goes_when_the_day_is_over_and_not_with_it_the_units(tmp_path: Path) -> None:
    day, group = ManualClock(NOON), a_group()
    async with running_app(tmp_path, clock=day.clock(), daily_free_images=2) as app:
        await live(app, SECRET, HOME, group)
        await app.services.credits.add_purchase("charge-1", SECRET, 1, 5)
        await app.services.credits.give_to_group(SECRET, group, 1, "gift")
        before = await rows(app, "SELECT scope, period, used FROM quota ORDER BY scope")
        await app.services.privacy.forget(SECRET)
        assert await mentions(app, "unmistakable") == ["person.platform_id", "chat.platform_id"]
        assert (
            reason(await submit_request(app, SECRET, HOME)) == ErrorCode.QUOTA_USED_UP
        )  # to be forgotten is no way to more units
        await app.services.privacy.forget(SECRET)
        await sweep(app)
        assert "person.platform_id" in await mentions(app, "unmistakable")
        day.time += 13 * 3600
        await sweep(app)
        assert await mentions(app, "unmistakable") == []
        while not await app.services.database.checkpoint():
            await sweep(app)  # somebody was reading
        assert not files_with(tmp_path, b"unmistakable")
        assert await rows(app, "SELECT scope, period, used FROM quota ORDER BY scope") == before
        assert await rows(app, "SELECT * FROM purchase") == [("charge-1", None, 1, 5, None, NOON_LIKE, None)]
        await audit(app)
        again = await app.services.queries.quota(SECRET)
        assert (again.left, again.used) == (2, 0)


class _Anything:
    def __eq__(self, _other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # only compared


NOON_LIKE = _Anything()


async def test_bought_units_keep_the_name_until_they_are_spent(tmp_path: Path) -> None:
    async with running_app(tmp_path, daily_free_images=0) as app:
        await app.services.credits.add_purchase("charge-1", SECRET, 2, 5)
        accepted(await submit_request(app, SECRET, HOME))
        await settled(app, SECRET)
        await app.services.privacy.forget(SECRET)
        await sweep(app)
        assert await app.services.credits.balance(SECRET) == 1
        accepted(await submit_request(app, SECRET, HOME))  # they are back
        await settled(app, SECRET)
        await app.services.privacy.forget(SECRET)
        await sweep(app)
        assert await mentions(app, "unmistakable") == []


async def test_bans_and_opt_outs_outlive_forgetting(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        await app.services.privacy.opt_out(SECRET, out=True)
        await app.services.admin.ban(BEN)
        for person in (SECRET, BEN):
            await app.services.privacy.forget(person)
        await sweep(app)
        assert await app.services.privacy.has_opted_out("test", SECRET.platform_id)
        assert reason(await submit_request(app, BEN, private(BEN))) == ErrorCode.BANNED


async def test_what_waits_or_runs_is_cancelled_and_what_comes_home_later_is_dropped(tmp_path: Path) -> None:
    go, screen = tmp_path / "go", MemoryPlatform()
    async with running_app(tmp_path, engine=quick_engine(until=go), platforms=[screen]) as app:
        running = accepted(await submit_request(app, SECRET, HOME))
        accepted(await submit_request(app, SECRET, HOME))
        while await rows(app, "SELECT 1 FROM job WHERE state <> 'running' AND id = :id", id=running.id):
            await app.deps.clock.wait(app.deps.wakeups.subscribe(), 0.05)
        while await rows(app, "SELECT 1 FROM job WHERE message_id IS NULL"):
            await app.deps.clock.wait(app.deps.wakeups.subscribe(), 0.05)
        await app.services.privacy.forget(SECRET)
        quota = await app.services.queries.quota(SECRET)
        assert (quota.used, quota.reserved) == (0, 0)
        go.touch()
        while await rows(app, "SELECT 1 FROM job WHERE state <> 'canceled'"):
            await app.deps.clock.wait(app.deps.wakeups.subscribe(), 0.05)
        while await rows(app, "SELECT 1 FROM outbox"):
            await app.deps.clock.wait(app.deps.wakeups.subscribe(), 0.05)
        await sweep(app)
        assert await app.services.photo_intake.photos.keys() == ()
        assert [card.text for card in screen.messages.values()] == ["Cancelled.", "Cancelled."]
        assert await mentions(app, "unmistakable") == []
        await audit(app)


async def test_what_others_made_of_a_forgotten_persons_photos_is_gone_too(tmp_path: Path) -> None:
    group = a_group()
    async with running_app(tmp_path) as app:
        services = app.services
        painted = accepted(await submit_request(app, ANNA, group, subject=SECRET))
        await services.consent.answer(SECRET, painted.id, allow=True)
        await ended(app, ANNA, painted.id)
        asked = accepted(await submit_request(app, ANNA, group, subject=SECRET))
        own = accepted(await submit_request(app, ANNA, group))
        await ended(app, ANNA, own.id)
        accepted(await submit_request(app, SECRET, HOME))
        await settled(app, SECRET)
        gone = await app.services.privacy.forget(SECRET)
        assert gone.of_others == 2
        assert [view.id for view in await services.queries.history(ANNA)] == [own.id]
        assert await services.queries.job(ANNA, asked.id) is None
        assert len(await stored_keys(app, ANNA)) == 2  # the photo and the picture of their own job
        assert reason(await services.consent.answer(SECRET, asked.id, allow=True)) == ErrorCode.NOT_FOUND
        assert "job.subject" not in await mentions(app, "unmistakable")
        await audit(app)


@SHARED_LOOP
async def test_who_never_came_can_be_forgotten_too(app: Installation) -> None:
    assert await app.services.privacy.forget(a_person()) == DeletedCounts()
    async with app.services.privacy.export(a_person()) as files:
        assert len(files) == 1


@SHARED_LOOP
async def test_a_redelivered_update_after_forgetting_brings_nothing_back(app: Installation) -> None:
    anna, services = a_person(), app.services
    first = accepted(await submit_request(app, anna, private(anna), source="the same update"))
    await ended(app, anna, first.id)
    await app.services.privacy.forget(anna)
    assert await services.queries.job(anna, first.id) is None
    assert await services.queries.result(anna, first.id) is None
    assert (
        reason(await services.jobs.repeat(JobRequest(anna, private(anna), "again", style=StyleChoice(2)), first.id))
        == ErrorCode.NOT_FOUND
    )
    assert reason(await services.jobs.cancel(anna, first.id)) == ErrorCode.NOT_FOUND
    second = accepted(await submit_request(app, anna, private(anna), source="the same update"))
    assert second.id != first.id
    await audit(app)


def test_the_facts_are_those_of_the_settings(tmp_path: Path) -> None:
    facts = privacy_facts(settings_for(tmp_path, original_hours=6, result_days=3))
    assert (facts.original_hours, facts.result_days, facts.draft_hours, facts.waiting_days) == (6, 3, 24, 7)


@SHARED_LOOP
async def test_people_speak_the_language_they_chose(app: Installation) -> None:
    anna, services = Person("test", "a linguist", "de"), app.services
    assert await services.queries.language(anna) == "de"
    await services.jobs.set_language(anna, "zh")
    assert await services.queries.language(anna) == "zh"
    view = accepted(await submit_request(app, anna, private(anna)))  # whatever their app says meanwhile
    (card,) = await rows(
        app,
        "SELECT p.language, p.chosen_language FROM job j JOIN person p ON p.id = j.person_id WHERE j.id = :id",
        id=view.id,
    )
    assert card == ("de", "zh")
    await services.jobs.set_language(anna, None)
    assert await services.queries.language(anna) == "de"


@SHARED_LOOP
async def test_favourites_come_by_use(app: Installation) -> None:
    anna, services = a_person(), app.services
    assert await services.queries.favourites(anna) == ()
    for style in (2, 5, 5, 0, 5, 2):
        accepted(await submit_request(app, anna, private(anna), style))
    accepted(await submit_request(app, anna, private(anna), REFERENCE, reference=a_photo()))
    await services.jobs.draft(JobRequest(anna, private(anna), f"{anna.platform_id} draft", photo=a_photo()))
    assert await services.queries.favourites(anna) == (5, 2, 0)
    assert await services.queries.favourites(anna, limit=1) == (5,)
    assert isinstance(
        await services.jobs.choose_style(JobRequest(anna, private(anna), "test:press", style=StyleChoice(0)), 10**9),
        UserError,
    )
    assert (await services.queries.quota(anna)).group_credits is None
    await settled(app, anna)
    assert {view.state for view in await services.queries.history(anna)} == {State.STORED}
