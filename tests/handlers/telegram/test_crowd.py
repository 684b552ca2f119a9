"""A crowd at once: every wish is answered once, whatever comes twice or in another order."""

import random
from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.chats import Shown
from tests.fakes.telegram_api.people import Someone
from tests.fakes.telegram_api.server import BotApi, bot_api
from tests.harness.telegram import GROUP, telegram_house

PEOPLE = range(1, 7)
NOISE = ("/help", "/quota", "/queue", "/styles", "hello", "/style", "/style@other_bot 2", "/dance", "🙂" * 500)


async def everybody_writes(api: BotApi, dice: random.Random) -> None:
    """A caption in private, an answer to a photo in the group, and much besides; in any order, a third of it twice."""
    for number in PEOPLE:
        alone, member = Someone(api, number, number), Someone(api, number, GROUP)
        await alone.sends(portrait_jpeg(shade=number), caption="/style 2")
        await member.sends(portrait_jpeg(shade=100 + number))
        await member.says("/style 0", answering=member.last)
        for words in dice.sample(NOISE, 4):
            await dice.choice((alone, member)).says(words)
    dice.shuffle(api.updates)
    api.updates = [update | {"update_id": number} for number, update in enumerate(api.updates, 500)]
    api.updates += dice.sample(api.updates, len(api.updates) // 3)


def painted(api: BotApi, chat: int) -> list[Shown]:
    """The finished jobs in a chat (galleries are pictures too)."""
    return [shown for shown in api.chats.pictures(chat) if "🔁 Again" in shown.labels]


async def test_a_crowd_gets_each_picture_once(tmp_path: Path) -> None:
    async with bot_api() as api:
        await everybody_writes(api, random.Random(11))
        async with telegram_house(tmp_path, api=api) as town:
            await api.until(lambda: len(painted(api, GROUP)) == len(PEOPLE))
            await api.until(lambda: all(len(painted(api, number)) == 1 for number in PEOPLE))
            await api.acknowledged()
            for number in PEOPLE:
                assert await town.units(town.person(number)) == (2, 0)
                assert len(await town.app.job_service.history(town.person(number).person)) == 2
        assert len({card.answers for card in painted(api, GROUP)}) == len(PEOPLE)
