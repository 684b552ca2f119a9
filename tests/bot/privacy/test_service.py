"""Forgetting deletes every stored picture and every mention of the person; ledger sums and other people's data stay."""

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
CHAT = Chat("test", "somebody-unmistakable")


async def sweep(app: Installation) -> None:
    await Retention(app.services.database, app.services.photo_intake.photos, app.services.clock).sweep()


async def mentions(app: Installation, part: str) -> list[str]:
    """The "table.column" names that contain the text."""
    found = []
    async with app.services.database.read() as connection:
        tables = (await connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))).scalars().all()
        for table in tables:
            for column in (await connection.execute(text(f"PRAGMA table_info({table})"))).all():
                hit = text(f"SELECT 1 FROM {table} WHERE CAST({column.name} AS TEXT) LIKE :part LIMIT 1")
                if (await connection.execute(hit, {"part": f"%{part}%"})).first():
                    found.append(f"{table}.{column.name}")
    return found


def files_with(folder: Path, part: bytes) -> list[str]:
    """The files in the folder, the database's included, that contain the bytes."""
    return [file.name for file in folder.iterdir() if file.is_file() and part in file.read_bytes()]


async def all_ended(app: Installation, *people: Person) -> None:
    """Wait until all jobs of these people have ended."""
    for person in people:
        for view in await app.services.queries.history(person):
            await ended(app, person, view.id)


async def create_data(app: Installation, person: Person, chat: Chat, group: Chat) -> None:
    """Create data of every kind for a person."""
    services, service = app.services, app.services
    accepted(await submit_request(app, person, chat, source=f"update of {person.platform_id}", reply_to="41"))
    accepted(await submit_request(app, person, group, REFERENCE, reference=a_photo()))
    await all_ended(app, person)
    accepted(await services.jobs.draft(JobRequest(person, chat, f"draft of {person.platform_id}", photo=a_photo())))
    await service.saved_styles.save(person, "Waves", a_photo())
    await service.saved_styles.save(person, f"For all by {person.platform_id}", a_photo(), library=group, by_admin=True)
    await services.jobs.set_language(person, "zh")


async def test_forgetting_deletes_every_picture_and_leaves_those_of_others(tmp_path: Path) -> None:
    group = a_group()
    async with running_app(tmp_path) as app:
        await create_data(app, SECRET, CHAT, group)
        await create_data(app, BEN, private(BEN), group)
        bens = await stored_keys(app, BEN)
        mine = await stored_keys(app, SECRET)
        assert {key.split("/")[0] for key in mine} == {"original", "reference", "result", "style"}
        gone = await app.services.privacy.forget(SECRET)
        assert gone == DeletedCounts(photos=4, results=2, styles=2, jobs=2)
        assert set(await app.services.photo_intake.photos.keys()) == bens
        assert not [path for path in (tmp_path / "photos").rglob("*") if path.is_file() and path.name in str(mine)]
        assert await app.services.queries.history(SECRET) == ()
        assert await app.services.saved_styles.of_person(SECRET) == ()
        assert [style.name for style in await app.services.saved_styles.of_group(group)] == ["For all by ben"]
        assert len(await app.services.queries.history(BEN)) == 2
        await audit(app)


async def test_the_identity_is_deleted_after_the_day_and_the_ledger_stays(tmp_path: Path) -> None:
    day, group = ManualClock(NOON), a_group()
    async with running_app(tmp_path, clock=day.clock(), daily_free_images=2) as app:
        await create_data(app, SECRET, CHAT, group)
        await app.services.credits.add_purchase("charge-1", SECRET, 1, 5)
        await app.services.credits.give_to_group(SECRET, group, 1, "gift")
        before = await rows(app, "SELECT scope, period, used FROM quota ORDER BY scope")
        await app.services.privacy.forget(SECRET)
        assert await mentions(app, "unmistakable") == ["person.platform_id", "chat.platform_id"]
        assert (
            reason(await submit_request(app, SECRET, CHAT)) == ErrorCode.QUOTA_USED_UP
        )  # forgetting does not reset the quota
        await app.services.privacy.forget(SECRET)
        await sweep(app)
        assert "person.platform_id" in await mentions(app, "unmistakable")
        day.time += 13 * 3600
        await sweep(app)
        assert await mentions(app, "unmistakable") == []
        while not await app.services.database.checkpoint():
            await sweep(app)  # a reader was active
        assert not files_with(tmp_path, b"unmistakable")
        assert await rows(app, "SELECT scope, period, used FROM quota ORDER BY scope") == before
        assert await rows(app, "SELECT * FROM purchase") == [("charge-1", None, 1, 5, None, ANY_TIME, None)]
        await audit(app)
        again = await app.services.queries.quota(SECRET)
        assert (again.left, again.used) == (2, 0)


class _Anything:
    def __eq__(self, _other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # only compared


ANY_TIME = _Anything()


async def test_the_identity_is_kept_until_bought_units_are_spent(tmp_path: Path) -> None:
    async with running_app(tmp_path, daily_free_images=0) as app:
        await app.services.credits.add_purchase("charge-1", SECRET, 2, 5)
        accepted(await submit_request(app, SECRET, CHAT))
        await all_ended(app, SECRET)
        await app.services.privacy.forget(SECRET)
        await sweep(app)
        assert await app.services.credits.balance(SECRET) == 1
        accepted(await submit_request(app, SECRET, CHAT))  # the person uses the bot again
        await all_ended(app, SECRET)
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


async def test_unfinished_jobs_are_cancelled_and_later_results_discarded(tmp_path: Path) -> None:
    go, screen = tmp_path / "go", MemoryPlatform()
    async with running_app(tmp_path, engine=quick_engine(until=go), platforms=[screen]) as app:
        running = accepted(await submit_request(app, SECRET, CHAT))
        accepted(await submit_request(app, SECRET, CHAT))
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


async def test_pictures_that_others_made_of_the_persons_photos_are_deleted(tmp_path: Path) -> None:
    group = a_group()
    async with running_app(tmp_path) as app:
        services = app.services
        painted = accepted(await submit_request(app, ANNA, group, subject=SECRET))
        await services.consent.answer(SECRET, painted.id, allow=True)
        await ended(app, ANNA, painted.id)
        asked = accepted(await submit_request(app, ANNA, group, subject=SECRET))
        own = accepted(await submit_request(app, ANNA, group))
        await ended(app, ANNA, own.id)
        accepted(await submit_request(app, SECRET, CHAT))
        await all_ended(app, SECRET)
        gone = await app.services.privacy.forget(SECRET)
        assert gone.of_others == 2
        assert [view.id for view in await services.queries.history(ANNA)] == [own.id]
        assert await services.queries.job(ANNA, asked.id) is None
        assert len(await stored_keys(app, ANNA)) == 2  # the photo and the picture of their own job
        assert reason(await services.consent.answer(SECRET, asked.id, allow=True)) == ErrorCode.NOT_FOUND
        assert "job.subject" not in await mentions(app, "unmistakable")
        await audit(app)


@SHARED_LOOP
async def test_an_unknown_person_can_be_forgotten_and_exported(app: Installation) -> None:
    assert await app.services.privacy.forget(a_person()) == DeletedCounts()
    async with app.services.privacy.export(a_person()) as files:
        assert len(files) == 1


@SHARED_LOOP
async def test_a_redelivered_update_after_forgetting_restores_nothing(app: Installation) -> None:
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


def test_privacy_facts_come_from_the_settings(tmp_path: Path) -> None:
    facts = privacy_facts(settings_for(tmp_path, original_hours=6, result_days=3))
    assert (facts.original_hours, facts.result_days, facts.draft_hours, facts.waiting_days) == (6, 3, 24, 7)


@SHARED_LOOP
async def test_the_chosen_language_wins_over_that_of_the_app(app: Installation) -> None:
    anna, services = Person("test", "a linguist", "de"), app.services
    assert await services.queries.language(anna) == "de"
    await services.jobs.set_language(anna, "zh")
    assert await services.queries.language(anna) == "zh"
    view = accepted(await submit_request(app, anna, private(anna)))  # with the app's language
    (card,) = await rows(
        app,
        "SELECT p.language, p.chosen_language FROM job j JOIN person p ON p.id = j.person_id WHERE j.id = :id",
        id=view.id,
    )
    assert card == ("de", "zh")
    await services.jobs.set_language(anna, None)
    assert await services.queries.language(anna) == "de"


@SHARED_LOOP
async def test_favourites_are_ordered_by_use(app: Installation) -> None:
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
    await all_ended(app, anna)
    assert {view.state for view in await services.queries.history(anna)} == {State.STORED}
