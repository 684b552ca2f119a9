"""Nobody makes the bot deaf: a stranger is answered although time stands still, and others wait for it.

So nothing here depends on how fast the machine is: who waits for flood control or for a chat's pace waits for ever.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.conversation.concurrency import MAX_CONCURRENT
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.server import bot_api, flood
from tests.handlers.telegram import BY_BOTH
from tests.harness.paused_clock import PausedClock
from tests.harness.rows import count_open_updates
from tests.harness.telegram import GROUP, TelegramHarness, telegram_harness

pytestmark = [BY_BOTH, pytest.mark.usefixtures("database_kind")]

MEMBERS, EACH = range(1, 4), 50
STRANGERS = range(1001, 1111)  # more than the hundred that Telegram hands out at a time
BANNED = range(-2000, -2000 + MAX_CONCURRENT + 4)  # more groups than there are places


@asynccontextmanager
async def paused(folder: Path, *, by_webhook: bool) -> AsyncIterator[TelegramHarness]:
    """The bot, whose handlers' time stands still until the end of the block."""
    clock = PausedClock()
    async with telegram_harness(folder, by_webhook=by_webhook, handler_clock=clock) as harness:
        try:
            yield harness
        finally:
            clock.run()


async def test_three_people_who_write_fifty_commands_each_keep_nobody_waiting(
    tmp_path: Path, *, by_webhook: bool
) -> None:
    async with paused(tmp_path, by_webhook=by_webhook) as harness:
        api, ben, stranger = harness.api, harness.person(4), harness.person(1001)
        await ben.sends(portrait_jpeg(), caption="my new hat")  # without a word, it would be waited for more
        await api.until(lambda: ben.sees)
        for _ in range(EACH):
            await asyncio.gather(*(harness.member(number).says("/queue") for number in MEMBERS))
        await api.acknowledged()
        await api.until(lambda: harness.member(1).sees)
        await stranger.says("/start")
        await api.until(lambda: stranger.sees)
        press = await ben.presses(ben.sees[0], "Anime")
        member_press = await harness.member(9).presses_data(harness.member(1).sees[0], "page:1")
        await api.until(lambda: {press, member_press} <= set(api.notices))
        assert len(harness.member(1).sees) == 1, "the group is written to at Telegram's pace"
        assert await count_open_updates(harness.app.services.database) >= len(MEMBERS) * EACH - 1


async def test_chats_under_a_long_flood_wait_keep_nobody_waiting(tmp_path: Path, *, by_webhook: bool) -> None:
    async with paused(tmp_path, by_webhook=by_webhook) as harness:
        api = harness.api
        api.faults += [flood("sendMessage", 600, times=1, chat=group) for group in BANNED]
        for group in BANNED:
            await harness.member(1, chat=group).says("/help")
        await api.until(lambda: not any(fault.times for fault in api.faults))
        strangers = [harness.person(number) for number in STRANGERS]
        await asyncio.gather(*(one.says("/help") for one in strangers))
        await api.until(lambda: all(one.sees for one in strangers))
        assert not any(api.chats.bot_messages(group) for group in BANNED)
        assert await count_open_updates(harness.app.services.database) >= len(BANNED)


async def test_forget_deletes_what_waits_too(tmp_path: Path, *, by_webhook: bool) -> None:
    async with paused(tmp_path, by_webhook=by_webhook) as harness:
        api, anna, ben = harness.api, harness.member(1), harness.member(2)
        api.faults.append(flood("sendMessage", 600, chat=GROUP))
        await ben.says("/help")
        await anna.says("/style 3 of somebody's secret")
        await ben.says("/queue")
        await api.until(lambda: not any(fault.times for fault in api.faults))
        await api.acknowledged()
        await harness.app.services.privacy.forget(anna.person)
        async with harness.app.services.database.read() as connection:
            stored = (await connection.execute(text("SELECT body FROM arrived WHERE body IS NOT NULL"))).scalars().all()
        assert len(stored) == 2
        assert not any("secret" in body for body in stored)


async def test_what_waited_at_a_stop_is_answered_once_after_it(tmp_path: Path, *, by_webhook: bool) -> None:
    async with bot_api() as api:
        clock = PausedClock()
        options: dict[str, Any] = {"api": api, "by_webhook": by_webhook}
        async with telegram_harness(tmp_path, **options, handler_clock=clock) as harness:
            for text in ("/ref", "/help", "/queue"):
                await harness.member(1).says(text)
            await api.until(lambda: harness.member(1).sees)
            await api.acknowledged()
            clock.run()
        async with telegram_harness(tmp_path, **options) as harness:
            await api.handled()
            asked = [message.id for (chat, _), message in api.chats.messages.items() if chat == GROUP]
            answers = [message.reply_to or 0 for message in harness.member(1).sees]
            assert answers == sorted(answers)
            assert len(answers) == len(set(answers)) == 3
            assert set(answers) <= set(asked)
