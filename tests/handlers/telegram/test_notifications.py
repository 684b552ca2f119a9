"""What happens long after a request: a reply that the picture is ready, and the deletion of old cards."""

from pathlib import Path

from bot.runtime.clock import Clock, WallClock
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.people import ChatUser
from tests.harness.telegram import TelegramHarness, telegram_harness

FAST = 400.0  # speed of the clock: hours must pass in these tests
LONG_SECONDS = 130.0  # more than two minutes count as a long wait


async def pass_time(harness: TelegramHarness, clock: Clock, seconds: float) -> None:
    """Use another private chat until that many seconds have passed."""
    until, idler = clock.now() + seconds, ChatUser(harness.api, 99, 99)
    while clock.now() < until:
        await idler.says("/quota")
        await harness.api.handled()


async def test_after_a_long_wait_one_short_reply_notifies_the_person(tmp_path: Path) -> None:
    clock = WallClock(FAST)
    async with telegram_harness(tmp_path, until=tmp_path / "go", clock=clock, daily_free_images=100) as harness:
        anna, ben = harness.person(1), harness.member(2)
        for user in (anna, ben):
            await user.sends(portrait_jpeg(), caption="/style 2")
            await harness.api.until(lambda user=user: user.sees)  # type: ignore[misc]
        await pass_time(harness, clock, LONG_SECONDS)
        (tmp_path / "go").touch()
        for user in (anna, ben):
            await harness.api.until(lambda user=user: len(user.sees) == 2)  # type: ignore[misc]
            card, notice = user.sees
            assert card.photo is not None
            assert (notice.reply_to, notice.photo) == (card.id, None)
        await pass_time(harness, clock, LONG_SECONDS)
        assert (len(anna.sees), len(ben.sees)) == (2, 2)


async def test_cards_are_deleted_after_a_while_where_the_group_wants_it(tmp_path: Path) -> None:
    clock = WallClock(FAST)
    async with telegram_harness(tmp_path, clock=clock, daily_free_images=100) as harness:
        anna, ben = harness.member(1), harness.member(2, chat=-3003)
        harness.api.groups.admins.add((anna.chat, anna.id))
        await anna.says("/settings delete 1")
        for user in (anna, ben):
            await user.sends(portrait_jpeg(), caption="/style 2")
            await harness.api.until(lambda user=user: user.pictures)  # type: ignore[misc]
        await anna.sends_album([portrait_jpeg(shade=1), portrait_jpeg(shade=90)], caption="/style 2")
        await harness.api.until(lambda: any("All 2" in message.text for message in anna.sees))
        await pass_time(harness, clock, 3700.0)
        await harness.api.until(lambda: not anna.pictures and not any("All 2" in message.text for message in anna.sees))
        assert ben.pictures
        assert await harness.app.services.queries.history(anna.person), "it is still theirs"
