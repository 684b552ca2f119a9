"""Telegram Stars: invoice, checkout, repeated payment updates, refunds."""

from pathlib import Path

from tests.fakes.telegram_api.actions import complete_payment, start_checkout
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import Fault, bad_gateway
from tests.harness.telegram import TelegramHarness, telegram_harness

PACKAGES = "10:50,50:200"


async def invoice_message(harness: TelegramHarness, user: ChatUser) -> ChatMessage:
    """The invoice after /buy and a choice."""
    await user.says("/buy")
    await harness.api.until(lambda: user.sees)
    await user.presses(user.sees[0], "10 credits")
    await harness.api.until(lambda: user.sees[-1].invoice)
    return user.sees[-1]


async def credit_balance(harness: TelegramHarness, user: ChatUser) -> int:
    return await harness.app.services.credits.balance(user.person)


async def test_a_payment_is_credited_once_however_often_it_is_delivered(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, stars_packages=PACKAGES) as harness:
        anna = harness.person(1)
        invoice = (await invoice_message(harness, anna)).invoice
        assert (await start_checkout(anna, invoice))["ok"] == "true"
        update = await complete_payment(anna, invoice, "charge-1")
        await harness.api.until(lambda: "Thank you" in anna.sees[-1].text)
        await harness.api.handled()
        await harness.api.push({name: value for name, value in update.items() if name != "update_id"})
        await harness.api.handled()
        assert await credit_balance(harness, anna) == 10


async def test_an_outdated_price_is_declined_at_checkout(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, stars_packages=PACKAGES) as harness:
        anna = harness.person(1)
        invoice = (await invoice_message(harness, anna)).invoice
        cheaper = invoice | {"prices": '[{"label": "x", "amount": 1}]'}
        for odd in (cheaper, invoice | {"payload": "units:10:1"}, invoice | {"payload": "nonsense"}):
            decision = await start_checkout(anna, odd)
            assert (decision["ok"], bool(decision["error_message"])) == ("false", True)


async def test_a_checkout_is_answered_even_after_a_dropped_connection(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, stars_packages=PACKAGES) as harness:
        anna = harness.person(1)
        invoice = (await invoice_message(harness, anna)).invoice
        harness.api.faults.append(Fault("answerPreCheckoutQuery"))
        assert (await start_checkout(anna, invoice))["ok"] == "true"


async def test_a_payment_is_not_lost_when_telegram_fails(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, stars_packages=PACKAGES) as harness:
        anna, api = harness.person(1), harness.api
        invoice = (await invoice_message(harness, anna)).invoice
        api.faults += [bad_gateway("getUpdates", times=2), bad_gateway("sendMessage", times=2)]
        await complete_payment(anna, invoice, "charge-1")
        await api.until(lambda: "Thank you" in anna.sees[-1].text)
        assert await credit_balance(harness, anna) == 10


async def test_an_owner_refunds_a_payment_once(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, stars_packages=PACKAGES, admins="telegram:42") as harness:
        anna, owner = harness.person(1), harness.person(42)
        invoice = (await invoice_message(harness, anna)).invoice
        await complete_payment(anna, invoice, "charge-1")
        await harness.api.until(lambda: "Thank you" in anna.sees[-1].text)
        for answers in (1, 2):
            await owner.says("/admin refund charge-1")
            await harness.api.until(lambda answers=answers: len(owner.sees) == answers)  # type: ignore[misc]
        assert harness.api.queries.refunds == ["charge-1"]
        assert await credit_balance(harness, anna) == 0


async def test_without_packages_nothing_is_sold(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.says("/buy")
        await harness.api.until(lambda: anna.sees)
        assert anna.sees[0].labels == []
