"""What the owner spends: in money, at each account's price; and the free images that count down."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from bot.admin.cards import admin_card
from bot.admin.service import status_lines
from bot.domain import quota
from bot.domain.error_codes import ErrorCode, UserError
from bot.http.metrics import exposition
from bot.i18n import texts_for
from bot.worker import accounts
from storage import ledger
from storage.accounts import PAUSED_BY_OWNER, set_pause, take_over
from storage.database import open_database
from tests.fakes.dashscope.service import stand_in
from tests.harness.app import ANNA, accepted, ended, private, running_app, settings_for
from tests.harness.databases import add_database
from tests.harness.requests import submit_request
from tests.harness.rows import NOON


async def test_the_budget_counts_what_each_account_asks_for_a_picture(tmp_path: Path) -> None:
    """Reserved at the dearest price, since nobody knows yet who will paint; counted at the one that was paid."""
    async with stand_in(tmp_path / "service") as service:
        keys = "sk-cheap price_cny=0.0801, sk-dear price_cny=0.2"
        paid: dict[str, Any] = {"dashscope_api_key": keys, "dashscope_base_url": service.base_url}
        async with running_app(tmp_path / "bot", monthly_budget_cny=Decimal("0.45"), **paid) as app:
            for _ in range(2):
                await ended(app, ANNA, accepted(await submit_request(app, ANNA, private(ANNA))).id)
            asked: Any = {
                accounts.account_id(SecretStr("sk-cheap")): 801,
                accounts.account_id(SecretStr("sk-dear")): 2000,
            }
            async with app.deps.database.read() as connection:
                painters = (await connection.execute(text("SELECT account_id FROM attempt"))).scalars().all()
                spent = await ledger.get_sums(connection, quota.budget_scope(None, app.deps.clock.now()))
            assert len(painters) == 2
            assert (spent.reserved, spent.used) == (0, sum(asked[painter] for painter in painters))
            figures = await app.services.admin.figures()
            assert figures.month_cny == figures.today_cny == quota.to_cny(spent.used)
            assert figures.month_images == 2


async def test_a_new_price_counts_from_then_on(tmp_path: Path) -> None:
    async with stand_in(tmp_path / "service") as service:
        paid: dict[str, Any] = {"dashscope_api_key": "sk-one", "dashscope_base_url": service.base_url}
        for price in ("0.12", "0.05"):
            paid |= {"dashscope_price_cny": Decimal(price), "monthly_budget_cny": Decimal("0.18")}
            async with running_app(tmp_path / "bot", **paid) as app:
                await ended(app, ANNA, accepted(await submit_request(app, ANNA, private(ANNA))).id)
                figures = await app.services.admin.figures()
        assert (figures.month_cny, figures.month_images) == (Decimal("0.17"), 2)
        async with running_app(tmp_path / "bot", **paid) as app:  # 0.01 is left
            assert await submit_request(app, ANNA, private(ANNA)) == UserError(ErrorCode.BUDGET_USED_UP)


async def test_the_free_images_of_an_account_are_counted_down(tmp_path: Path) -> None:
    async with stand_in(tmp_path / "service") as service:
        keys = "sk-one, sk-none free_images=0 max_running=1"
        paid: dict[str, Any] = {"dashscope_api_key": keys, "dashscope_base_url": service.base_url}
        settings = settings_for(tmp_path / "bot", dashscope_free_images=3, **paid)
        one, none = (accounts.account_id(SecretStr(key)) for key in ("sk-one", "sk-none"))
        async with open_database(add_database(tmp_path / "bot")) as database, database.write() as connection:
            for account_id in (one, none):
                await take_over(connection, account_id, mean=15.0, deviation=4.0)
            await set_pause(connection, none, PAUSED_BY_OWNER)
        async with running_app(tmp_path / "bot", dashscope_free_images=3, **paid) as app:
            await ended(app, ANNA, accepted(await submit_request(app, ANNA, private(ANNA))).id)
            left = {figures.account_id: figures.free_left for figures in (await app.services.admin.figures()).accounts}
            assert left == {one: 2, none: None}
            card = admin_card(await app.services.admin.figures(), texts_for("en"), NOON)
            assert "   2 free images left" in card.text
            now = app.deps.clock.now()
            lines = await status_lines(app.deps.database, None, now, accounts.free_images_of(settings))
            assert [line.endswith(", 2 of 3 free images left") for line in lines if line.startswith(one)] == [True]
            assert not any("free" in line for line in lines if line.startswith(none))
            shown = (await exposition(app.deps.database, [one, none], now, app.http_deps.free_images)).decode()
            assert re.findall(r"(?m)^\w*free\w*(?:\{[^}]*\})? (.*)$", shown) == ["2.0"]
            assert 'repaint_month_cny{kind="used"} 0.12' in shown
