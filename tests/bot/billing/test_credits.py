"""Credits: credited once for each key, spent in the right order, and never more than there are."""

import asyncio
from pathlib import Path

import pytest

from bot.app import Installation
from bot.billing.credits import MAX_UNITS, CreditPackage, Purchase, Refund
from bot.config.settings import InvalidSettings, load
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.messaging.platform import Chat, Person
from tests.conftest import SHARED_LOOP, app_on_both
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.harness.app import ANNA, BEN, accepted, ended, private, running_app
from tests.harness.requests import ManualClock, a_group, a_person, audit, reason, rows, submit_request
from tests.harness.rows import NOON

pytest_generate_tests = app_on_both


@SHARED_LOOP
async def test_fifty_concurrent_reports_of_one_charge_credit_it_once(app: Installation) -> None:
    anna, credit_service = a_person(), app.services.credits
    reported = await asyncio.gather(*(credit_service.add_purchase("charge-50", anna, 10, 50) for _ in range(50)))
    assert sorted(purchase.repeated for purchase in reported) == [False] + [True] * 49
    assert await credit_service.balance(anna) == 10
    assert await rows(app, "SELECT units, stars FROM purchase WHERE charge_id = 'charge-50'") == [(10, 50)]
    await audit(app)


@SHARED_LOOP
async def test_fifty_concurrent_grants_with_one_key_count_once(app: Installation) -> None:
    anna, credit_service = a_person(), app.services.credits
    await asyncio.gather(*(credit_service.grant(anna, 3, "sorry", f"{anna.platform_id}:1") for _ in range(50)))
    assert await credit_service.grant(anna, 4, "thanks", f"{anna.platform_id}:2") == 7
    await audit(app)


@SHARED_LOOP
@pytest.mark.parametrize("units", [0, -1, MAX_UNITS + 1])
async def test_invalid_amounts_move_nothing(app: Installation, units: int) -> None:
    anna, group, credit_service = a_person(), a_group(), app.services.credits
    assert reason(await credit_service.grant(anna, units, "", "odd")) == ErrorCode.UNITS_INVALID
    assert reason(await credit_service.give_to_group(anna, group, units, "odd")) == ErrorCode.UNITS_INVALID
    assert (await credit_service.balance(anna), await credit_service.group_balance(group)) == (0, 0)


async def painted(app: Installation, person: Person, chat: Chat) -> JobView:
    return await ended(app, person, accepted(await submit_request(app, person, chat)).id)


async def test_the_daily_quota_pays_first_then_credits_then_group_credits(tmp_path: Path) -> None:
    group = a_group()
    async with running_app(tmp_path, daily_free_images=1) as app:
        credit_service = app.services.credits
        await credit_service.grant(ANNA, 1, "gift", "a")
        await credit_service.grant(BEN, 1, "gift", "b")
        assert (
            await credit_service.give_to_group(BEN, group, 2, "c") == 2
        )  # one of Ben's daily quota, one of his credits
        left = []
        for _ in range(4):
            await painted(app, ANNA, group)
            quota = await app.services.queries.quota(ANNA, group)
            left.append((quota.left, quota.credits, quota.group_credits))
        assert left == [(0, 1, 2), (0, 0, 2), (0, 0, 1), (0, 0, 0)]
        assert reason(await submit_request(app, ANNA, group)) == ErrorCode.QUOTA_USED_UP
        assert reason(await submit_request(app, BEN, group)) == ErrorCode.QUOTA_USED_UP
        await audit(app)


async def test_group_credits_pay_only_in_their_group(tmp_path: Path) -> None:
    group = a_group()
    async with running_app(tmp_path, daily_free_images=1) as app:
        assert await app.services.credits.give_to_group(BEN, group, 1, "a") == 1
        await painted(app, ANNA, group)
        for elsewhere in (private(ANNA), a_group()):
            assert reason(await submit_request(app, ANNA, elsewhere)) == ErrorCode.QUOTA_USED_UP
        assert (await app.services.queries.quota(ANNA, private(ANNA))).group_credits is None
        await painted(app, ANNA, group)


async def test_fifty_concurrent_requests_spend_exactly_what_there_is(tmp_path: Path) -> None:
    group = a_group()
    async with running_app(tmp_path, daily_free_images=2) as app:
        await app.services.credits.grant(ANNA, 3, "gift", "a")
        await app.services.credits.give_to_group(BEN, group, 2, "b")
        answers = await asyncio.gather(*(submit_request(app, ANNA, group) for _ in range(50)))
        assert len([answer for answer in answers if isinstance(answer, JobView)]) == 7
        await audit(app)


async def test_units_of_cancelled_jobs_return_to_where_they_came_from(tmp_path: Path) -> None:
    go, group = tmp_path / "go", a_group()
    async with running_app(tmp_path, engine=quick_engine(until=go), daily_free_images=1) as app:
        await app.services.credits.grant(ANNA, 1, "gift", "a")
        await app.services.credits.give_to_group(BEN, group, 1, "b")
        for _ in range(2):
            for _ in range(3):
                accepted(await submit_request(app, ANNA, group))
            full = await app.services.queries.quota(ANNA, group)
            assert (full.left, full.credits, full.group_credits) == (0, 0, 0)
            assert await app.services.jobs.cancel_all(ANNA) == 3
            back = await app.services.queries.quota(ANNA, group)
            assert (back.left, back.credits, back.group_credits) == (1, 1, 1)
        go.touch()
        await audit(app)


async def test_given_daily_units_expire_with_the_day_and_credits_do_not(tmp_path: Path) -> None:
    day, group = ManualClock(NOON), a_group()
    async with running_app(tmp_path, clock=day.clock(), daily_free_images=5) as app:
        credit_service = app.services.credits
        await credit_service.grant(ANNA, 4, "gift", "a")
        assert (
            await credit_service.give_to_group(ANNA, group, 7, "b") == 7
        )  # all five of the daily quota, two of the credits
        quota = await app.services.queries.quota(ANNA, group)
        assert (quota.left, quota.used, quota.given, quota.credits, quota.group_credits) == (0, 0, 5, 2, 7)
        day.time += 13 * 3600
        quota = await app.services.queries.quota(ANNA, group)
        assert (quota.left, quota.used, quota.given, quota.credits, quota.group_credits) == (5, 0, 0, 2, 2)
        await audit(app)


@SHARED_LOOP
async def test_fifty_concurrent_gifts_with_one_key_count_once(app: Installation) -> None:
    anna, group, credit_service = a_person(), a_group(), app.services.credits
    await credit_service.grant(anna, 5, "gift", anna.platform_id)
    given = await asyncio.gather(
        *(credit_service.give_to_group(anna, group, 22, f"{anna.platform_id}:gift") for _ in range(50))
    )
    assert given == [22] * 50
    assert await credit_service.balance(anna) == 3
    await audit(app)


@SHARED_LOOP
async def test_nobody_gives_more_than_they_have(app: Installation) -> None:
    anna, group, credit_service = a_person(), a_group(), app.services.credits
    gifts = [credit_service.give_to_group(anna, group, 3, f"{anna.platform_id}:{number}") for number in range(10)]
    answers = await asyncio.gather(*gifts)
    assert await credit_service.group_balance(group) == 18  # six times three of twenty
    refused = [answer for answer in answers if isinstance(answer, UserError)]
    assert refused == [UserError(ErrorCode.TOO_FEW_UNITS, {"left": 2})] * 4
    assert reason(await credit_service.give_to_group(anna, private(anna), 1, "no group")) == ErrorCode.GROUPS_ONLY
    await audit(app)


async def test_what_is_for_sale_is_in_the_settings(tmp_path: Path) -> None:
    async with running_app(tmp_path, stars_packages="10:50, 50:200") as app:
        credit_service = app.services.credits
        assert credit_service.packages == (CreditPackage(10, 50), CreditPackage(50, 200))
        assert await credit_service.check_purchase(ANNA, 50, 200) is None
        assert reason(await credit_service.check_purchase(ANNA, 50, 100)) == ErrorCode.NOT_FOR_SALE
        await app.services.admin.ban(ANNA)
        assert reason(await credit_service.check_purchase(ANNA, 50, 200)) == ErrorCode.BANNED


@pytest.mark.parametrize("packages", ["10", "10:50,20", "10:0", "0:50", "ten:fifty", "10:50:90", "10:10001"])
def test_invalid_packages_are_reported(tmp_path: Path, packages: str) -> None:
    env = tmp_path / ".env"
    env.write_text(f"STARS_PACKAGES={packages}\n", encoding="utf-8")
    with pytest.raises(InvalidSettings, match="STARS_PACKAGES"):
        load(env)


@SHARED_LOOP
async def test_nothing_is_for_sale_by_default(app: Installation) -> None:
    assert app.services.credits.packages == ()
    assert reason(await app.services.credits.check_purchase(ANNA, 10, 50)) == ErrorCode.NOT_FOR_SALE


async def test_a_refund_takes_back_what_is_left_and_only_once(tmp_path: Path) -> None:
    async with running_app(tmp_path, daily_free_images=0) as app:
        credit_service = app.services.credits
        await credit_service.add_purchase("one", ANNA, 10, 50)
        await credit_service.add_purchase("two", ANNA, 5, 25)
        for _ in range(8):
            assert (await painted(app, ANNA, private(ANNA))).state is State.STORED
        anna = Person("test", "anna")
        begun = await asyncio.gather(*(credit_service.begin_refund("one") for _ in range(20)))
        assert begun == [Refund("one", anna, 50, taken_back=7)] * 20
        assert await credit_service.balance(ANNA) == 0
        await credit_service.finish_refund("one")
        assert reason(await credit_service.begin_refund("one")) == ErrorCode.REFUNDED
        assert await credit_service.begin_refund("two") == Refund("two", anna, 25, taken_back=0)
        assert reason(await credit_service.begin_refund("three")) == ErrorCode.PAYMENT_UNKNOWN
        assert [(bought.charge_id, bought.refunded) for bought in await credit_service.purchases(ANNA)] == [
            ("two", False),
            ("one", True),
        ]
        await audit(app)


@SHARED_LOOP
async def test_a_charge_reported_again_after_its_refund_credits_nothing(app: Installation) -> None:
    anna, credit_service = a_person(), app.services.credits
    first = await credit_service.add_purchase("refunded", anna, 10, 50)
    await credit_service.begin_refund("refunded")
    await credit_service.finish_refund("refunded")
    again = await credit_service.add_purchase("refunded", anna, 10, 50)
    assert isinstance(first, Purchase)
    assert again.repeated
    assert await credit_service.balance(anna) == 0
    await audit(app)
