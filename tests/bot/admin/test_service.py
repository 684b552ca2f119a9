"""The owner's cockpit: what it shows, and what its levers do."""

from decimal import Decimal
from pathlib import Path

from sqlalchemy import text

from bot.admin.cards import admin_card
from bot.domain.job_view import ErrorCode, State
from bot.i18n import texts_for
from storage.accounts import PAUSED_BY_OWNER
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.harness.app import ANNA, BEN, accepted, ended, house, private
from tests.harness.requests import a_group, a_person, a_photo, asks, kept_of, reason


async def test_owners_are_those_in_the_settings(tmp_path: Path) -> None:
    async with house(tmp_path, admins="test:anna, other:ben") as parts:
        assert parts.services.admin.is_admin(ANNA)
        assert not parts.services.admin.is_admin(BEN)
    async with house(tmp_path) as parts:
        assert not parts.services.admin.is_admin(ANNA)


async def test_the_cockpit_counts_what_there_is(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with house(tmp_path, engine=quick_engine(until=go)) as parts:
        control = parts.services.admin
        empty = await control.figures()
        assert (empty.waiting, empty.running, empty.people, empty.today.asked) == (0, 0, 0, 0)
        for person in (ANNA, ANNA, BEN):
            accepted(await asks(parts, person, private(person)))
        last = accepted(await asks(parts, BEN, private(BEN)))
        await parts.job_service.cancel(BEN, last.id)
        busy = await control.figures()
        assert busy.waiting + busy.running == 3
        assert (busy.people, busy.today.people, busy.today.asked, busy.today.canceled) == (2, 2, 4, 1)
        go.touch()
        for person in (ANNA, BEN):
            for view in await parts.job_service.history(person):
                await ended(parts, person, view.id)
        done = await control.figures()
        assert (done.today.painted, done.today.failed) == (3, 0)
        assert (done.today_cny, done.month_cny, done.budget_cny) == (Decimal(0), Decimal(0), None)
        (api_account,) = done.accounts
        assert (api_account.paused_reason, api_account.failures, api_account.images) == (None, 0, 3)


async def test_failures_come_with_their_reason(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        group = a_group()
        view = accepted(await asks(parts, ANNA, group, subject=BEN))
        await parts.job_service.consent(BEN, view.id, allow=False)
        (trouble,) = (await parts.services.admin.figures()).failures
        assert (trouble.job_id, trouble.reason, trouble.code) == (view.id, ErrorCode.CONSENT_REFUSED, "declined")


async def test_whose_photos_were_declined_for_their_content_is_counted_for_the_owner(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        assert (await parts.services.admin.figures()).declined == ()
        for person in (BEN, ANNA, ANNA):
            view = accepted(await asks(parts, person, private(person)))
            await ended(parts, person, view.id)
        async with parts.job_service.database.write() as connection:
            await connection.execute(text(f"UPDATE job SET state = 'failed', error = '{ErrorCode.CONTENT_REFUSED}'"))
        state = await parts.services.admin.figures()
        assert state.declined == (("test:anna", 2), ("test:ben", 1))
        card = admin_card(state, texts_for("en"), parts.deps.clock.now())
        assert "Declined for their content today: 3, the most from test:anna (2)" in card.text.splitlines()
        chinese = admin_card(state, texts_for("zh"), parts.deps.clock.now())
        assert "今天因内容被拒：3，最多的是 test:anna（2）" in chinese.text.splitlines()


async def test_a_pause_holds_everything_and_loses_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        control = parts.services.admin
        while not (await control.figures()).accounts:  # the lane has just begun
            await parts.deps.clock.wait(parts.deps.wakeups.subscribe(), 0.05)
        assert await control.pause() == 1
        view = accepted(await asks(parts, ANNA, private(ANNA)))
        state = await control.figures()
        assert state.is_paused
        assert [api_account.paused_reason for api_account in state.accounts] == [PAUSED_BY_OWNER]
        held = await parts.job_service.job(ANNA, view.id)
        assert held is not None
        assert (held.state, held.paused) == (State.QUEUED, True)
        assert await control.resume() == 1
        assert (await ended(parts, ANNA, view.id)).state is State.STORED
        assert not (await control.figures()).is_paused


async def test_a_banned_person_gets_nothing_more_until_they_are_let_in_again(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        control, job_service = parts.services.admin, parts.job_service
        draft = accepted(await job_service.draft(ANNA, private(ANNA), photo=a_photo(), source="draft"))
        await control.ban(ANNA)
        kept = await kept_of(parts, ANNA)
        assert reason(await job_service.check_access(ANNA, private(ANNA))) == ErrorCode.BANNED
        assert reason(await asks(parts, ANNA, a_group())) == ErrorCode.BANNED
        assert reason(await job_service.choose_style(ANNA, draft.id, 0)) == ErrorCode.BANNED
        assert (
            reason(await job_service.draft(ANNA, private(ANNA), photo=a_photo(), source="draft 2")) == ErrorCode.BANNED
        )
        assert await kept_of(parts, ANNA) == kept
        assert reason(await parts.services.credits.give_to_group(ANNA, a_group(), 1, "gift")) == ErrorCode.BANNED
        accepted(await asks(parts, BEN, private(BEN)))
        await control.unban(ANNA)
        assert accepted(await job_service.choose_style(ANNA, draft.id, 0)).state is State.QUEUED


async def test_a_ban_reaches_people_who_never_came(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        stranger = a_person()
        await parts.services.admin.ban(stranger)
        assert reason(await asks(parts, stranger, private(stranger))) == ErrorCode.BANNED


async def test_costs_are_those_of_paid_images(tmp_path: Path) -> None:
    async with house(tmp_path, monthly_budget_cny=Decimal(10)) as parts:
        assert (await parts.services.admin.figures()).budget_cny == Decimal(10)
