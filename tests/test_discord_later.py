"""What takes long on Discord: jobs that outlive their interaction, restarts, presses of very old buttons."""

import asyncio
from pathlib import Path

from tests.discord_house import Town, discord_house
from tests.discord_people import Somebody
from tests.discord_server import discord_server
from tests.house import ended
from tests.stand_in import portrait_jpeg
from tests.test_journey_discord import painted

TWENTY_MINUTES = 20 * 60.0


async def waits(town: Town, someone: Somebody, **how: object) -> None:
    """Asks for a picture, and twenty minutes go by."""
    await someone.reads(await someone.types("style", photo=portrait_jpeg(), style="2", **how))
    assert not someone.pictures
    town.discord.ahead += TWENTY_MINUTES


async def test_a_picture_that_takes_twenty_minutes_comes_in_its_channel(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        anna = town.member(1)
        await waits(town, anna)
        go.touch()
        await anna.gets()
        [card] = anna.sees
        assert "look=2" in painted(card)
        assert town.discord.rest.dms_opened == []


async def test_one_that_only_its_person_may_see_comes_in_private_and_so_does_one_from_abroad(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        anna, ben = town.member(1), town.abroad(2)
        await waits(town, anna, private=True)
        assert "private" in anna.sees[0].text
        await waits(town, ben)
        go.touch()
        for someone in (anna, ben):
            await someone.dms.gets()
            assert len(someone.dms.sees) == 1
            await someone.dms.presses(someone.dms.sees[0], "Again")
            await someone.dms.gets(2)


async def test_who_takes_no_private_messages_finds_the_picture_in_their_history(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        anna = town.member(1)
        town.discord.world.closed.add(anna.user.id)
        await waits(town, anna, private=True)
        go.touch()
        await ended(town.parts, anna.person, 1)
        asked = await anna.types("history")
        await anna.presses(await anna.reads(asked), "1")
        await anna.gets()
        assert await town.units(anna) == (1, 0)


async def test_buttons_and_menus_from_before_a_restart_work_and_a_second_press_does_nothing_twice(
    tmp_path: Path,
) -> None:
    async with discord_server() as server:
        async with discord_house(tmp_path, server=server) as town:
            anna = town.member(1)
            await anna.reads(await anna.types("style", photo=portrait_jpeg()))
        server.ahead += 3600
        async with discord_house(tmp_path, server=server) as town:
            [question] = anna.sees
            await asyncio.gather(*(anna.chooses(question, "Anime") for _ in range(3)))
            await anna.gets()
            assert await town.units(anna) == (1, 0)
            assert len(anna.pictures) == 1
        async with discord_house(tmp_path, server=server) as town:
            [card] = anna.pictures
            await anna.presses(card, "Again")
            await anna.gets(2)
            assert await town.units(anna) == (2, 0)
        assert server.commands.puts == 1  # they had not changed
        assert len(server.gateway.identified) == 3


async def test_a_picture_that_was_on_its_way_arrives_after_a_restart(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_server() as server:
        async with discord_house(tmp_path, server=server, until=go) as town:
            anna, ben = town.member(1), town.member(2)
            for someone, private in ((anna, False), (ben, True)):
                await someone.reads(await someone.types("style", photo=portrait_jpeg(), style="2", private=private))
        go.touch()
        async with discord_house(tmp_path, server=server, until=go):
            await server.until(lambda: anna.pictures and ben.dms.pictures)
            assert len([card for card in anna.sees if not card.is_ephemeral]) == 1
