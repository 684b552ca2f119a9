"""A busy day: a thousand updates of every kind, in any order, many of them twice, while Telegram stumbles and the bot
is stopped and started in between. Every request is answered once, and nobody is written to too fast."""

import json
import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from bot.runtime.clock import WallClock
from tests.fakes.dashscope.service import stand_in
from tests.fakes.telegram_api.server import BotApi, Fault, bad_gateway, bot_api, flood
from tests.harness.telegram import SPEEDUP, TelegramHarness, telegram_harness
from tests.harness.telegram_load import PEOPLE, CrowdSimulation

UPDATES = 1000
PATIENCE = 180.0  # seconds; a quarter of that on a machine with nothing else to do
WRITES = {"sendMessage", "sendPhoto", "sendDocument", "editMessageText", "editMessageMedia", "editMessageCaption"}
# The pace at the wire, in the bot's seconds: so many messages take at least so long. A busy machine bunches what left
# evenly, by most of a second (`SPEEDUP` of the bot's), so the windows are long, and shorter than what Telegram asks for
# (40 and 120 s). That the limits are kept to the second is shown in `tests/handlers/telegram/test_send_limits.py`.
PRIVATE_PACE, GROUP_PACE = (41, 24.0), (41, 90.0)
# What answers the two photos of an album: a card and two pictures; or a picture each, when one came so late that the
# album was closed.
AS_ONE, AS_TWO = (3, 0), (1, 1)


def stumbles() -> list[Fault]:
    """What Telegram does to the bot that day. What was carried out is never denied: that could only be sent twice."""
    return [
        *(bad_gateway("getUpdates", 502, times=2), Fault("getUpdates"), Fault("getFile", times=3)),
        *(
            flood("sendMessage", 2, times=4),
            bad_gateway("sendMessage", 500, times=2),
            flood("editMessageMedia", 1, times=4),
        ),
        flood("sendMediaGroup", 1, times=2),
        *(
            bad_gateway("editMessageMedia", times=3),
            flood("editMessageText", 1, times=3),
            bad_gateway("answerCallbackQuery"),
        ),
        *(flood("getFile", 1, times=3), Fault("editMessageText", lost=True, times=2)),
    ]


def answered(api: BotApi) -> Counter[tuple[int, int]]:
    """How many messages of the bot answer each message of a person."""
    return Counter((chat, shown.reply_to) for (chat, _), shown in api.chats.messages.items() if shown.reply_to)


def _album_cards(api: BotApi) -> list[str]:
    """What the cards of albums say now."""
    return [
        shown.text
        for shown in api.chats.messages.values()
        if shown.from_bot and ("2 photos" in shown.text or "2 张照片" in shown.text)
    ]


def painted(api: BotApi) -> set[tuple[int, int]]:
    """The messages that were answered with a picture."""
    return {
        (chat, shown.reply_to or 0) for (chat, _), shown in api.chats.messages.items() if shown.photo and shown.from_bot
    }


def too_fast(api: BotApi) -> list[str]:
    """Where more was written within a time than Telegram lets a bot write."""
    times: dict[int, list[float]] = defaultdict(list)
    for call in api.calls:
        if call.method in WRITES and "chat_id" in call.params:
            times[int(call.params["chat_id"])].append(call.at * SPEEDUP)
        elif call.method == "sendMediaGroup":  # each of its pictures counts
            times[int(call.params["chat_id"])] += [call.at * SPEEDUP] * len(json.loads(call.params["media"]))
    return [
        f"{most} messages within {at[place + most - 1] - at[place]:.1f} s in {chat}"
        for chat, at in times.items()
        for most, seconds in [GROUP_PACE if chat < 0 else PRIVATE_PACE]
        for place in range(len(at) - most + 1)
        if at[place + most - 1] - at[place] < seconds
    ]


def _watched(api: BotApi) -> set[bool]:
    """For which kinds of chats (`True`: groups) so much was written to one that its pace could be measured."""
    written = Counter(
        int(call.params["chat_id"]) for call in api.calls if call.method in WRITES if "chat_id" in call.params
    )
    return {chat < 0 for chat, count in written.items() if count >= (GROUP_PACE if chat < 0 else PRIVATE_PACE)[0]}


async def the_end(api: BotApi, day: CrowdSimulation) -> None:
    """Wait until everybody has what they asked for."""
    await api.handled(PATIENCE)
    await api.until(lambda: day.cards | {first for first, _ in day.albums} <= painted(api), PATIENCE)
    await api.until(lambda: all("ready" in words or "好了" in words for words in _album_cards(api)), PATIENCE)
    await api.until(lambda: all(shown.photo for shown in api.chats.inline_messages.values()), PATIENCE)


async def check(harness: TelegramHarness, day: CrowdSimulation) -> None:
    """Each was answered as often as it is to be."""
    api, given = harness.api, answered(harness.api)
    assert {place: given[place] for place in day.cards | day.answers if given[place] != 1} == {}
    assert {(given[first], given[second]) for first, second in day.albums} <= {AS_ONE, AS_TWO}
    assert {place: given[place] for place in day.ignored if given[place]} == {}
    assert len(api.chats.inline_messages) == len(day.guests) == api.count("answerGuestQuery")
    for kind, method in (
        (day.presses, "answerCallbackQuery"),
        (day.inline, "answerInlineQuery"),
        (day.checkouts, "answerPreCheckoutQuery"),
    ):
        asked = Counter(call.params.get(f"{_query(method)}_id") for call in api.succeeded if call.method == method)
        assert asked == Counter(kind), method
    assert all(api.notices[query].get("text") for query in day.presses), "every press reads why not"
    purses = {number: await harness.app.services.credits.balance(harness.person(number).person) for number in PEOPLE}
    assert Counter({number: units for number, units in purses.items() if units}) == day.bought


def _query(method: str) -> str:
    return {
        "answerCallbackQuery": "callback_query",
        "answerInlineQuery": "inline_query",
        "answerPreCheckoutQuery": "pre_checkout_query",
    }[method]


@pytest.mark.timeout(400)
async def test_a_thousand_updates_are_each_answered_once(tmp_path: Path) -> None:
    fast: dict[str, Any] = {"submits_per_second": 1000, "queries_per_second": 5000, "max_running": 8}
    async with bot_api() as api, stand_in(tmp_path / "cloud", **fast) as cloud:
        day = CrowdSimulation(api, random.Random(61))
        api.updates = await day.generate(UPDATES)
        assert len(api.updates) == UPDATES
        api.faults += stumbles()
        settings: dict[str, Any] = {
            "dashscope_api_key": "sk-test",
            "dashscope_base_url": cloud.base_url,
            "dashscope_max_running": 8,
        }
        settings |= {"dashscope_submits_per_second": 20.0, "daily_free_images": 1000, "stars_packages": "10:50"}

        async with telegram_harness(tmp_path, api=api, clock=WallClock(SPEEDUP), **settings):  # asks for updates
            await api.until(lambda: len({update["update_id"] for update in api.updates}) < UPDATES * 2 // 5, PATIENCE)
        api.webhook.duplicate = True
        async with telegram_harness(
            tmp_path, api=api, clock=WallClock(SPEEDUP), by_webhook=True, **settings
        ) as harness:
            await the_end(api, day)
            await check(harness, day)
        assert too_fast(api) == []
        assert _watched(api) == {True, False}
