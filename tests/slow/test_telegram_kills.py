"""The real bot, killed with a backlog of stored updates: nobody is forgotten, nothing is painted or counted twice."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.dashscope.service import portrait_jpeg, stand_in
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import TOKEN, BotApi, bot_api
from tests.harness.bot_process import Bot, bot_process
from tests.harness.telegram import GROUP

MEMBERS, STRANGERS, PAINTER = range(1, 4), range(1001, 1006), 2001
NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("by_webhook", "each"), [(False, 50), (True, 12)], ids=["polling", "webhook"])
async def test_killed_with_a_backlog(tmp_path: Path, *, by_webhook: bool, each: int) -> None:
    async with bot_api() as api, stand_in(tmp_path / "service") as service:
        settings: Any = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": api.url,
            "DASHSCOPE_BASE_URL": service.base_url,
        }
        if by_webhook:
            settings |= {"TELEGRAM_WEBHOOK": "on", "PUBLIC_URL": "https://repaint.example.org", "PHOTO_LINKS": "inline"}
            api.webhook.listener = NOBODY_LISTENS
        strangers = [ChatUser(api, number, number) for number in STRANGERS]
        painter, member = ChatUser(api, PAINTER, PAINTER), ChatUser(api, 1, GROUP)
        async with bot_process(tmp_path / "bot", **settings) as bot:
            _listen(api, bot)
            for _ in range(each):
                await asyncio.gather(*(ChatUser(api, number, GROUP).says("/queue") for number in MEMBERS))
            await api.until(lambda: member.sees)
            await asyncio.gather(*(one.says("/start") for one in strangers))
            await painter.sends(portrait_jpeg(), caption="/style 7")
            await api.acknowledged()
            await bot.kill()
            api.webhook.listener = NOBODY_LISTENS
        async with bot_process(tmp_path / "bot", **settings) as bot:
            _listen(api, bot)
            await api.until(lambda: all(one.sees for one in strangers) and painter.pictures)
            assert all(len(one.sees) <= 2 for one in strangers), "an answer that was on its way may come once more"
            assert len(painter.pictures) == 1
            assert len(await service.tasks()) == 1
            assert len(member.sees) < len(MEMBERS) * each, "the group is still being answered"


def _listen(api: BotApi, bot: Bot) -> None:
    """Let a webhook's updates reach this process, as a proxy in front of it does."""
    if api.webhook.listener:
        api.webhook.listener = str(bot.visitor.base_url).rstrip("/")
