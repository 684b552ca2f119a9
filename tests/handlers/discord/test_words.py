"""Words in Discord's direct messages: they answer the question for a style, or come before the photo."""

from pathlib import Path

from bot.domain.styles import find
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.people import SimulatedUser
from tests.harness.discord import DiscordApp, discord_app


async def slugs(app: DiscordApp, user: SimulatedUser) -> list[str]:
    """The slugs of a person's jobs."""
    jobs = await app.installation.services.queries.history(user.person)
    offered = app.installation.services.queries.styles()
    return [style.slug for job in jobs if (style := find(str(job.style), offered)) is not None]


async def test_photos_are_painted_as_people_say_in_both_orders(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        people = [app.person(number) for number in range(1, 6)]
        in_words, by_number, by_reply, before, by_edit = people
        for user in (in_words, by_number, by_reply, by_edit):
            await user.send("", portrait_jpeg())
        await app.discord.wait_until(lambda: all(user.messages for user in people if user is not before))
        await in_words.send("anime, please")
        await by_number.send("/style ２")
        await by_reply.send("二次元", reply_to=by_reply.messages[0])
        typo = await by_edit.send("/sytle anime")
        await app.discord.wait_until(lambda: any("Did you mean" in shown.text for shown in by_edit.messages))
        await by_edit.edit(typo, "/style anime")
        await before.send("/style anime")
        await app.discord.wait_until(lambda: any("Now send me the photo" in shown.text for shown in before.messages))
        await before.send("", portrait_jpeg())
        for user in people:
            await user.wait_for_pictures()
            assert await slugs(app, user) == ["anime"]
            assert await app.units(user) == (1, 0)
            assert not any("Which" in shown.text for shown in user.messages)


async def test_thanks_and_help_are_answered_and_an_emoji_is_left_alone(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.person(1)
        await anna.send("😍")
        await anna.send("谢谢")
        await app.discord.wait_until(lambda: anna.messages)
        await anna.send("help")
        await app.discord.wait_until(lambda: len(anna.messages) == 2)
        assert [shown.text.split()[0] for shown in anna.messages[:1]] == ["With"]
