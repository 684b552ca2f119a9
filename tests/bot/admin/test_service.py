"""Administration: the figures shown to owners, and their actions."""

from decimal import Decimal
from pathlib import Path

from sqlalchemy import text

from bot.admin.cards import admin_card, failures_text
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import State
from bot.i18n import texts_for
from bot.jobs.request import JobRequest, StyleChoice
from storage import accounts
from storage.accounts import PAUSED_BY_OWNER
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.harness.app import ANNA, BEN, accepted, ended, private, running_app
from tests.harness.requests import a_group, a_person, a_photo, access_error, reason, stored_keys, submit_request


async def test_owners_are_those_in_the_settings(tmp_path: Path) -> None:
    async with running_app(tmp_path, admins="test:anna, other:ben") as app:
        assert app.services.admin.is_admin(ANNA)
        assert not app.services.admin.is_admin(BEN)
    async with running_app(tmp_path) as app:
        assert not app.services.admin.is_admin(ANNA)


async def test_figures_count_people_and_jobs(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with running_app(tmp_path, engine=quick_engine(until=go)) as app:
        admin = app.services.admin
        empty = await admin.figures()
        assert (empty.waiting, empty.running, empty.people, empty.today.asked) == (0, 0, 0, 0)
        for person in (ANNA, ANNA, BEN):
            accepted(await submit_request(app, person, private(person)))
        last = accepted(await submit_request(app, BEN, private(BEN)))
        await app.services.jobs.cancel(BEN, last.id)
        busy = await admin.figures()
        assert busy.waiting + busy.running == 3
        assert (busy.people, busy.today.people, busy.today.asked, busy.today.canceled) == (2, 2, 4, 1)
        go.touch()
        for person in (ANNA, BEN):
            for view in await app.services.queries.history(person):
                await ended(app, person, view.id)
        done = await admin.figures()
        assert (done.today.finished, done.today.failed) == (3, 0)
        assert (done.today_cny, done.month_cny, done.budget_cny) == (Decimal(0), Decimal(0), None)
        (api_account,) = done.accounts
        assert (api_account.paused_reason, api_account.failures, api_account.images) == (None, 0, 3)


async def test_failures_come_with_their_reason(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        group = a_group()
        view = accepted(await submit_request(app, ANNA, group, subject=BEN))
        await app.services.consent.answer(BEN, view.id, allow=False)
        (failure,) = (await app.services.admin.figures()).failures
        assert (failure.job_id, failure.reason, failure.code) == (view.id, ErrorCode.CONSENT_REFUSED, "declined")


async def test_an_unknown_error_code_is_shown_to_owners_only(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        view = accepted(await submit_request(app, ANNA, private(ANNA)))
        await ended(app, ANNA, view.id)
        async with app.services.database.write() as connection:
            await connection.execute(text("UPDATE job SET state = 'failed', error = 'from_a_later_version'"))
        (failed,) = await app.services.queries.history(ANNA)
        assert failed.error == UserError(ErrorCode.UNKNOWN)
        listed = failures_text((await app.services.admin.figures()).failures, texts_for("en"))
        assert f"Something went wrong. Please try again. (from_a_later_version, {view.id})" in listed


async def test_photos_declined_for_their_content_are_counted_by_person(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        assert (await app.services.admin.figures()).declined == ()
        for person in (BEN, ANNA, ANNA):
            view = accepted(await submit_request(app, person, private(person)))
            await ended(app, person, view.id)
        async with app.services.database.write() as connection:
            await connection.execute(text(f"UPDATE job SET state = 'failed', error = '{ErrorCode.CONTENT_REFUSED}'"))
        state = await app.services.admin.figures()
        assert state.declined == (("test:anna", 2), ("test:ben", 1))
        card = admin_card(state, texts_for("en"), app.deps.clock.now())
        assert "Declined for their content today: 3, the most from test:anna (2)" in card.text.splitlines()
        chinese = admin_card(state, texts_for("zh"), app.deps.clock.now())
        assert "今天因内容被拒：3，最多的是 test:anna（2）" in chinese.text.splitlines()


async def test_paused_jobs_wait_and_finish_after_resuming(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        admin = app.services.admin
        while not (await admin.figures()).accounts:  # the dispatcher may not have registered its account yet
            await app.deps.clock.wait(app.deps.wakeups.subscribe(), 0.05)
        assert await admin.pause() == 1
        view = accepted(await submit_request(app, ANNA, private(ANNA)))
        state = await admin.figures()
        assert state.is_paused
        assert [api_account.paused_reason for api_account in state.accounts] == [PAUSED_BY_OWNER]
        held = await app.services.queries.job(ANNA, view.id)
        assert held is not None
        assert (held.state, held.paused) == (State.QUEUED, True)
        assert await admin.resume() == 1
        assert (await ended(app, ANNA, view.id)).state is State.STORED
        assert not (await admin.figures()).is_paused


async def test_a_pause_also_stops_accounts_that_another_process_drives(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app, app.services.database.write() as connection:
        await accounts.take_over(connection, "sk-elsewhere", mean=15, deviation=1)
    async with running_app(tmp_path) as app:
        await app.services.admin.pause()
        async with app.services.database.read() as connection:
            assert (await accounts.get(connection, "sk-elsewhere")).paused_reason == PAUSED_BY_OWNER
        await app.services.admin.resume()
        async with app.services.database.read() as connection:
            assert (await accounts.get(connection, "sk-elsewhere")).paused_reason is None


async def test_a_banned_person_is_denied_until_unbanned(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        admin, services = app.services.admin, app.services
        draft = accepted(await services.jobs.draft(JobRequest(ANNA, private(ANNA), "draft", photo=a_photo())))
        await admin.ban(ANNA)
        kept = await stored_keys(app, ANNA)
        assert reason(await access_error(services, ANNA, private(ANNA))) == ErrorCode.BANNED
        assert reason(await submit_request(app, ANNA, a_group())) == ErrorCode.BANNED
        assert (
            reason(
                await services.jobs.choose_style(
                    JobRequest(ANNA, private(ANNA), "test:press", style=StyleChoice(0)), draft.id
                )
            )
            == ErrorCode.BANNED
        )
        assert (
            reason(await services.jobs.draft(JobRequest(ANNA, private(ANNA), "draft 2", photo=a_photo())))
            == ErrorCode.BANNED
        )
        assert await stored_keys(app, ANNA) == kept
        assert reason(await app.services.credits.give_to_group(ANNA, a_group(), 1, "gift")) == ErrorCode.BANNED
        accepted(await submit_request(app, BEN, private(BEN)))
        await admin.unban(ANNA)
        assert (
            accepted(
                await services.jobs.choose_style(
                    JobRequest(ANNA, private(ANNA), "test:press", style=StyleChoice(0)), draft.id
                )
            ).state
            is State.QUEUED
        )


async def test_an_unknown_person_can_be_banned(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        stranger = a_person()
        await app.services.admin.ban(stranger)
        assert reason(await submit_request(app, stranger, private(stranger))) == ErrorCode.BANNED


async def test_the_budget_comes_from_the_settings(tmp_path: Path) -> None:
    async with running_app(tmp_path, monthly_budget_cny=Decimal(10)) as app:
        assert (await app.services.admin.figures()).budget_cny == Decimal(10)
