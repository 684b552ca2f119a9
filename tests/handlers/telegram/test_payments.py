"""Pictures for Telegram Stars: the invoice, the question before paying, the payment told twice, and giving it back."""

from pathlib import Path

from tests.fakes.telegram_api.actions import pays, starts_to_pay
from tests.fakes.telegram_api.chats import Shown
from tests.fakes.telegram_api.people import Someone
from tests.fakes.telegram_api.server import Fault, broken
from tests.harness.telegram import Town, telegram_house

PACKAGES = "10:50,50:200"


async def invoice(town: Town, someone: Someone) -> Shown:
    """What /buy and a tap lead to."""
    await someone.says("/buy")
    await town.api.until(lambda: someone.sees)
    await someone.presses(someone.sees[0], "10 pictures")
    await town.api.until(lambda: someone.sees[-1].bill)
    return someone.sees[-1]


async def in_purse(town: Town, someone: Someone) -> int:
    return await town.app.services.credits.balance(someone.person)


async def test_a_payment_is_credited_once_however_often_it_is_told(tmp_path: Path) -> None:
    async with telegram_house(tmp_path, stars_packages=PACKAGES) as town:
        anna = town.person(1)
        bill = (await invoice(town, anna)).bill
        assert (await starts_to_pay(anna, bill))["ok"] == "true"
        update = await pays(anna, bill, "charge-1")
        await town.api.until(lambda: "Thank you" in anna.sees[-1].text)
        await town.api.acknowledged()
        await town.api.push({name: value for name, value in update.items() if name != "update_id"})
        await town.api.acknowledged()
        assert await in_purse(town, anna) == 10


async def test_a_price_that_is_no_longer_so_is_declined_before_anybody_pays(tmp_path: Path) -> None:
    async with telegram_house(tmp_path, stars_packages=PACKAGES) as town:
        anna = town.person(1)
        bill = (await invoice(town, anna)).bill
        cheaper = bill | {"prices": '[{"label": "x", "amount": 1}]'}
        for odd in (cheaper, bill | {"payload": "units:10:1"}, bill | {"payload": "nonsense"}):
            decision = await starts_to_pay(anna, odd)
            assert (decision["ok"], bool(decision["error_message"])) == ("false", True)


async def test_who_pays_is_answered_in_time_also_when_telegram_stumbles(tmp_path: Path) -> None:
    async with telegram_house(tmp_path, stars_packages=PACKAGES) as town:
        anna = town.person(1)
        bill = (await invoice(town, anna)).bill
        town.api.faults.append(Fault("answerPreCheckoutQuery"))
        assert (await starts_to_pay(anna, bill))["ok"] == "true"


async def test_a_payment_is_not_lost_when_telegram_stumbles_or_the_bot_restarts(tmp_path: Path) -> None:
    async with telegram_house(tmp_path, stars_packages=PACKAGES) as town:
        anna, api = town.person(1), town.api
        bill = (await invoice(town, anna)).bill
        api.faults += [broken("getUpdates", times=2), broken("sendMessage", times=2)]
        await pays(anna, bill, "charge-1")
        await api.until(lambda: "Thank you" in anna.sees[-1].text)
        assert await in_purse(town, anna) == 10


async def test_an_owner_gives_a_payment_back_once(tmp_path: Path) -> None:
    async with telegram_house(tmp_path, stars_packages=PACKAGES, admins="telegram:42") as town:
        anna, owner = town.person(1), town.person(42)
        bill = (await invoice(town, anna)).bill
        await pays(anna, bill, "charge-1")
        await town.api.until(lambda: "Thank you" in anna.sees[-1].text)
        for answers in (1, 2):
            await owner.says("/admin refund charge-1")
            await town.api.until(lambda answers=answers: len(owner.sees) == answers)  # type: ignore[misc]
        assert town.api.elsewhere.refunds == ["charge-1"]
        assert await in_purse(town, anna) == 0


async def test_without_packages_nothing_is_sold(tmp_path: Path) -> None:
    async with telegram_house(tmp_path) as town:
        anna = town.person(1)
        await anna.says("/buy")
        await town.api.until(lambda: anna.sees)
        assert anna.sees[0].labels == []
