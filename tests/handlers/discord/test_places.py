"""Where people ask on Discord: among others without being seen, where the bot is not, on messages and on people."""

from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.objects import MANAGE_SERVER
from tests.harness.discord import discord_house
from tests.journeys.test_discord import painted

PHOTO, AVATAR = "Repaint this photo", "Repaint avatar"


async def test_a_private_wish_in_a_server_is_seen_by_nobody_else(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna, ben = town.member(1), town.member(2)
        await anna.types("style", photo=portrait_jpeg(), style="2", private=True)
        await anna.gets()
        [card] = anna.sees
        assert card.is_ephemeral
        assert ben.sees == []
        await anna.presses(card, "Again")
        await anna.gets(2)
        assert ben.sees == []


async def test_who_has_installed_it_asks_where_the_bot_is_not(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        for someone in (town.abroad(1), town.abroad(2, among_people=True)):
            await someone.types("style", photo=portrait_jpeg(), style="2")
            await someone.gets()
            [card] = someone.sees
            assert "look=2" in painted(card)
            await someone.presses(card, "Again")
            await someone.gets(2)


async def test_whatever_follows_a_press_comes_where_the_bot_is_not_too(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.abroad(1)
        await anna.types("style", photo=portrait_jpeg(), style="2")
        [card] = await anna.gets()
        for number, label in enumerate(("As file", "Before and after", "Again"), start=2):
            await anna.presses(card, label)
            await anna.gets(number)
        assert anna.dms.sees == []


async def test_settings_are_for_those_who_manage_the_server(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        [settings] = [one for one in town.discord.commands.all if one["name"] == "settings"]
        assert int(settings["default_member_permissions"]) == MANAGE_SERVER
        assert (settings["contexts"], settings["integration_types"]) == ([0], [0])
        anna = town.member(1, rights=MANAGE_SERVER)
        asked = await anna.types("settings", change="limit 1")
        assert (await anna.reads(asked)).text
        ben = town.member(2)
        for _ in range(2):
            asked = await ben.types("style", photo=portrait_jpeg(), style="2")
            await anna.reads(asked)
        await ben.gets()
        assert await town.units(ben) == (1, 0)


async def test_a_photo_of_ones_own_is_repainted_from_its_menu(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.member(1)
        photo = await anna.writes("my new hat", portrait_jpeg())
        asked = await anna.uses_on_message(PHOTO, photo)
        question = await anna.reads(asked)
        await anna.chooses(question, "Anime")
        await anna.gets()
        assert "look=2" in painted(anna.pictures[0])


async def test_somebody_elses_photo_needs_their_yes(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna, ben = town.member(1), town.member(2)
        photo = await anna.writes("my new hat", portrait_jpeg())
        asked = await ben.uses_on_message(PHOTO, photo)
        first = await anna.reads(asked)
        if first.options:
            await ben.chooses(first, "Anime")
        await town.discord.until(lambda: any("may I repaint it" in card.text for card in anna.sees))
        [question] = [card for card in anna.sees if "may I repaint it" in card.text]
        await anna.presses_data(question, question.buttons[0]["custom_id"])
        await ben.gets()
        assert (await town.units(ben), await town.units(anna)) == ((1, 0), (0, 0))


async def test_an_avatar_is_repainted_but_not_that_of_who_opted_out(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        world = town.discord.world
        me, other = (
            world.with_avatar(1, portrait_jpeg(512, 512)),
            world.with_avatar(2, portrait_jpeg(512, 512, shade=9)),
        )
        anna, ben = town.member(1), town.member(2)
        asked = await anna.uses_on_user(AVATAR, me)
        await anna.chooses(await anna.reads(asked), "Anime")
        await anna.gets()
        out = await ben.types("optout")
        await anna.reads(out)
        asked = await anna.uses_on_user(AVATAR, other)
        refusal = await anna.reads(asked)
        assert not refusal.options
        assert await town.units(anna) == (1, 0)


async def test_who_has_no_avatar_is_told_so(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.person(1)
        asked = await anna.uses_on_user(AVATAR, anna.user)
        assert "photo" in (await anna.reads(asked)).text
        assert await town.units(anna) == (0, 0)


async def test_a_picture_that_is_too_large_for_a_chat_comes_smaller(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna, ben = town.member(1), town.person(2)
        for someone in (anna, ben):
            someone.place.most_bytes = 1000  # a command says so, a private message does not
        await anna.types("style", photo=portrait_jpeg(), style="2")
        await ben.writes("/style 2", portrait_jpeg())
        for someone in (anna, ben):
            [card] = await someone.gets()
            assert 0 < len(card.picture or b"") <= 1000
