"""What takes long on Discord: jobs that outlive their interaction, restarts, presses of very old buttons."""

import asyncio
from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.server import discord_server
from tests.harness.app import ended
from tests.harness.discord import discord_house

TWENTY_MINUTES = 20 * 60.0


async def test_pictures_that_take_twenty_minutes_still_arrive(tmp_path: Path) -> None:
    """In a channel as its card; in private what only one person may see, or what was asked where the bot is not."""
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        anna, ben, carla, dora = town.member(1), town.member(2), town.abroad(3), town.member(4)
        town.discord.world.closed.add(dora.user.id)
        cards = {}
        for someone, private in ((anna, False), (ben, True), (carla, False), (dora, True)):
            asked = await someone.types("style", photo=portrait_jpeg(), style="2", private=private)
            cards[someone.user.id] = await someone.reads(asked)
        assert "private" in cards[ben.user.id].text
        town.discord.ahead += TWENTY_MINUTES
        go.touch()

        [card] = await anna.gets()
        assert card.id == cards[anna.user.id].id
        assert anna.dms.sees == []
        for someone in (ben, carla):
            [card] = await someone.dms.gets()
            await someone.dms.presses(card, "Again")
            await someone.dms.gets(2)
        await ended(town.app, dora.person, 4)  # nobody opens the door: it stays in the history
        history = await dora.reads(await dora.types("history"))
        await dora.presses(history, "1")
        await dora.gets()
        assert await town.units(dora) == (1, 0)


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
    """In its card, also where only one person sees that; in private once the quarter of an hour is over."""
    go, later = tmp_path / "go", tmp_path / "later"
    async with discord_server() as server:
        async with discord_house(tmp_path, server=server, until=go) as town:
            anna, ben, carla = town.member(1), town.member(2), town.abroad(3)
            cards = set()
            for someone, private in ((anna, False), (ben, True)):
                asked = await someone.types("style", photo=portrait_jpeg(), style="2", private=private)
                cards.add((await someone.reads(asked)).id)
        go.touch()
        async with discord_house(tmp_path, server=server, until=go):
            await server.until(lambda: {card.id for card in ben.pictures} == cards)
            assert ben.dms.sees == []
        async with discord_house(tmp_path, server=server, until=later):
            await carla.reads(await carla.types("style", photo=portrait_jpeg(), style="2"))
        later.touch()
        server.ahead += TWENTY_MINUTES
        async with discord_house(tmp_path, server=server, until=later):
            await carla.dms.gets()


async def test_commands_are_registered_again_only_when_they_have_changed(tmp_path: Path) -> None:
    async with discord_server() as server:
        for puts, changed in ((1, False), (1, True), (2, False)):
            async with discord_house(tmp_path, server=server):
                assert server.commands.puts == puts
            if changed:
                server.commands.all[0] |= {"description": "as an older version said it"}
