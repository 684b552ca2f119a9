"""Many people at once: every request is answered once, despite duplicates and any order."""

import random
from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import BotApi, bot_api
from tests.harness.telegram import GROUP, telegram_harness

PEOPLE = range(1, 7)
OTHER_TEXTS = ("/help", "/quota", "/queue", "/styles", "hello", "/style", "/style@other_bot 2", "/dance", "🙂" * 500)


async def send_everything(api: BotApi, rng: random.Random) -> None:
    """Each person sends a caption in private, a reply to a photo in the group, and more: in any order, a third of it
    twice.
    """
    for number in PEOPLE:
        alone, member = ChatUser(api, number, number), ChatUser(api, number, GROUP)
        await alone.sends(portrait_jpeg(shade=number), caption="/style 2")
        await member.sends(portrait_jpeg(shade=100 + number))
        await member.says("/style 0", reply_to=member.last)
        for words in rng.sample(OTHER_TEXTS, 4):
            await rng.choice((alone, member)).says(words)
    rng.shuffle(api.updates)
    api.updates = [update | {"update_id": number} for number, update in enumerate(api.updates, 500)]
    api.updates += rng.sample(api.updates, len(api.updates) // 3)


def finished_cards(api: BotApi, chat: int) -> list[ChatMessage]:
    """The finished jobs in a chat, without other pictures such as the style gallery."""
    return [message for message in api.chats.pictures(chat) if "🔁 Again" in message.labels]


async def test_a_crowd_gets_each_picture_once(tmp_path: Path) -> None:
    async with bot_api() as api:
        await send_everything(api, random.Random(11))
        async with telegram_harness(tmp_path, api=api) as harness:
            await api.until(lambda: len(finished_cards(api, GROUP)) == len(PEOPLE))
            await api.until(lambda: all(len(finished_cards(api, number)) == 1 for number in PEOPLE))
            await api.handled()
            for number in PEOPLE:
                assert await harness.units(harness.person(number)) == (2, 0)
                assert len(await harness.app.services.queries.history(harness.person(number).person)) == 2
        assert len({card.reply_to for card in finished_cards(api, GROUP)}) == len(PEOPLE)
