"""/admin in a chat; payments and refunds."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.domain.job_view import State
from bot.messaging.platform import Card, TryLater
from bot.services import open_conversation
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.chat import US, ChatHarness, ChatUser, chat_harness, labels, said

OWNER = "test:olga"
PACKAGES = ((10, 50), (50, 200))


@dataclass
class FakeRefunder:
    """A platform that refunds Stars, after `busy` failed calls. `refunded`: (person id, charge id) of each refund."""

    busy: int = 0
    refunded: list[tuple[str, str]] = field(default_factory=list)

    async def refund_payment(self, person_id: str, charge_id: str) -> None:
        if self.busy:
            self.busy -= 1
            raise TryLater(1.0)
        self.refunded.append((person_id, charge_id))


async def _pressed(user: ChatUser, card: Card, label: str) -> Card:
    return said((await user.presses(card, label)).edit)


async def test_the_admin_command_is_hidden_from_others(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, admins=(OWNER,)) as harness:
        olga, anna = harness.person("olga"), harness.person("anna")
        assert "Send me a photo and I'll ask" in said(await anna.says("/admin")).text
        card = said(await olga.says("/admin"))
        assert (await anna.presses(card, "Pause")).notice == "This button is for somebody else."
        assert "in private" in said(await harness.member("olga").says("/admin")).text


async def test_the_owner_sees_figures_and_pauses(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, admins=(OWNER,)) as harness:
        olga, anna = harness.person("olga"), harness.person("anna")
        await anna.sends(portrait_jpeg(), "/style 0")
        await anna.picture()
        card = said(await olga.says("/admin"))
        assert "Today: 1 painted, 0 failed, 0 cancelled; people: 1" in card.text
        assert "Cost: 0.00 CNY today" in card.text
        paused = await _pressed(olga, card, "Pause")
        assert "⏸" in paused.text.splitlines()[0]
        await anna.sends(portrait_jpeg(shade=9), "/style 0")
        await anna.sees("Painting is paused")
        assert "▶ Resume" in labels(paused)
        resumed = await _pressed(olga, paused, "Resume")
        assert "⏸ Pause" in labels(resumed)
        await anna.picture(2)
        assert "Nothing has gone wrong" in said((await olga.presses(resumed, "Recent problems")).card).text
        assert "As of" in (await _pressed(olga, resumed, "Refresh")).text


async def test_the_owner_grants_bans_and_unbans(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, admins=(OWNER,), daily_free_images=0) as harness:
        olga, anna = harness.person("olga"), harness.person("anna")
        for _ in range(2):  # sent twice, granted once
            assert "anna has 2 credits now." in said(await olga.says("/admin grant anna 2", source="test:g")).text
        assert "You also have 2 credits" in said(await anna.says("/quota")).text
        await anna.sends(portrait_jpeg(), "/style 0")
        await anna.picture()
        assert said(await olga.says("/admin ban anna")).text == "anna is banned."
        assert "asked me not to take" in said(await anna.sends(portrait_jpeg(shade=7), "/style 0")).text
        assert said(await olga.says("/admin unban test:anna")).text == "anna is no longer banned.".replace(
            "anna", "test:anna"
        )
        assert await anna.sends(portrait_jpeg(shade=7), "/style 0") is None
        assert said(await olga.says("/admin ban olga")).text == "That person is an owner."
        for nonsense in ("grant", "grant anna", "grant anna many", "dance", "grant anna 0"):
            assert said(await olga.says(f"/admin {nonsense}")).text


async def test_a_broadcast_is_sent_after_its_button_is_pressed(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, admins=(OWNER,)) as harness:
        olga, anna = harness.person("olga"), harness.person("anna")
        assert "No broadcasts yet" in (await _pressed(olga, said(await olga.says("/admin")), "Broadcasts")).text
        await anna.sends(portrait_jpeg(), "/style 0")
        await anna.picture()
        card = said(await olga.says("/admin broadcast Happy New Year!"))
        assert "“Happy New Year!”" in card.text
        assert labels(card) == ["↩ Back", "🔄 Refresh", "▶ Send 1 to 2 people"]
        assert not any("Happy New Year!" in shown.text for shown in anna.cards)
        resumed = await _pressed(olga, card, "▶ Send 1")
        assert "Send 1" not in "".join(labels(resumed))
        await anna.sees("Happy New Year!")


async def test_buying_is_off_until_the_owner_sets_packages(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        card = said(await harness.person("anna").says("/buy"))
        assert card.text.startswith("There is nothing to buy here")
        assert card.buttons == ()


async def test_a_broadcast_reaches_private_chats_but_no_group_and_nobody_forgotten(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, admins=(OWNER,)) as harness:
        olga, anna, ben = harness.person("olga"), harness.person("anna"), harness.person("ben", "zh")
        for someone in (olga, anna, ben, harness.member("cleo")):
            await someone.says("/start")
        assert (await anna.presses(said(await anna.says("/forget")), "Yes")).edit
        card = said(await olga.says("/admin broadcast Happy New Year!"))
        assert "to 2 people" in labels(card)[2]
        await olga.presses(card, "Send")
        assert await ben.sees("Happy New Year!")
        assert not any("Happy" in one.text for one in anna.cards)


async def test_a_package_is_paid_and_credited_once(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, stars_packages=PACKAGES, daily_free_images=0) as harness:
        anna, talk = harness.person("anna"), harness.conversation.messages
        card = said(await anna.says("/buy"))
        assert labels(card) == ["10 credits for 50 ⭐", "50 credits for 200 ⭐"]
        offered = said((await anna.presses(card, "10 credits")).card)
        invoice = offered.invoice
        assert invoice is not None
        assert (invoice.stars, len(invoice.title) <= 32, len(invoice.payload.encode()) <= 128) == (50, True, True)
        assert await talk.checkout(anna.person, invoice.payload, 50) == ""
        assert await talk.checkout(anna.person, invoice.payload, 1) != ""
        assert (
            await talk.checkout(anna.person, "units:9999:1", 1)
            == "That is no longer for sale. Please look at what is on offer now."
        )
        for _ in range(2):
            thanks = await talk.paid(anna.person, invoice.payload, 50, "charge-1")
            assert thanks.text == "Thank you! 10 credits are yours.\nYou have 10 credits now."
        await anna.sends(portrait_jpeg(), "/style 0")
        await anna.picture()
        assert "You also have 9 credits" in said(await anna.says("/quota")).text


@pytest.mark.parametrize("data", ["buy:10:51", "buy:999:1", "buy:0:0"])
async def test_an_unknown_price_is_refused(tmp_path: Path, data: str) -> None:
    async with chat_harness(tmp_path, stars_packages=PACKAGES) as harness:
        anna = harness.person("anna")
        answer = await anna.presses_data(said(await anna.says("/buy")), data)
        assert (answer.alert, answer.card) == (True, None)


async def test_a_refund_withdraws_the_unused_units(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, stars_packages=PACKAGES, admins=(OWNER,)) as harness:
        refunder = FakeRefunder(busy=1)
        with_refunds = _with(harness, refunder)
        olga, anna = with_refunds.person("olga"), with_refunds.person("anna")
        await with_refunds.conversation.messages.paid(anna.person, "units:10:50", 50, "charge-1")
        helped = said(await anna.says("/paysupport"))
        assert "charge-1" in helped.text
        assert helped.mention is not None
        assert helped.mention.platform_id == "olga"
        assert helped.mention.text in helped.text
        with pytest.raises(TryLater):
            await olga.says("/admin refund charge-1")
        done = said(await olga.says("/admin refund charge-1")).text
        assert done == "50 ⭐ refunded to anna, 10 unused credits taken back."
        assert refunder.refunded == [("anna", "charge-1")]
        assert "already been refunded" in said(await olga.says("/admin refund charge-1")).text
        assert said(await olga.says("/admin refund nonsense")).text
        assert await harness.app.services.credits.balance(anna.person) == 0


def _with(harness: ChatHarness, refunder: FakeRefunder) -> ChatHarness:
    return ChatHarness(harness.app, harness.platform, open_conversation(harness.app.services, US, refunder=refunder))


async def test_terms_and_support_are_shown(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna", "zh")
        assert "没用完的点数可以退款" in said(await anna.says("/terms")).text
        assert "联系本机器人的运营者" in said(await anna.says("/support")).text
        assert [view.state for view in await harness.app.services.queries.history(anna.person)] == list[State]()
