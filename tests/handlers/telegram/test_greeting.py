"""The greeting in a private chat: before and after, and what one can do at once."""

from pathlib import Path

from bot.domain.styles import before_and_after
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.people import ChatUser
from tests.harness.telegram import telegram_harness


def labels(user: ChatUser) -> list[str]:
    return [label for row in user.sees[0].rows for label, _ in row]


async def test_the_greeting_shows_before_and_after_and_leads_to_the_looks(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.says("/start")
        await harness.api.until(lambda: anna.sees)
        assert anna.sees[0].photo == before_and_after()
        assert labels(anna) == ["🎨 See the looks"]  # she has no profile photo
        await anna.presses(anna.sees[0], "See the looks")
        await harness.api.until(lambda: any("Retro comic" in message.text for message in anna.sees))


async def test_a_profile_photo_is_used_only_when_its_button_is_pressed(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.person(1), harness.person(2)
        harness.api.groups.profile_photos[1] = anna.add_file(portrait_jpeg())
        await anna.says("/start")
        await harness.api.until(lambda: anna.sees)
        assert labels(anna) == ["🎨 See the looks", "🙂 Try my profile photo"]
        assert harness.api.count("getFile") == 0
        query = await ben.presses(anna.sees[0], "profile photo")
        assert await anna.notice(query) == "This button is for somebody else."
        await anna.presses(anna.sees[0], "profile photo")
        await harness.api.until(lambda: any("Which style" in message.text for message in anna.sees))
