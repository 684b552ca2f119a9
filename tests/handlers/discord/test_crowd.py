"""Many people, many servers, many styles on Discord, and no more calls than it allows."""

import asyncio
from pathlib import Path

from bot.domain.styles import STYLES
from tests.fakes.dashscope.service import most_within_a_second, portrait_jpeg
from tests.fakes.discord_api.objects import Guild
from tests.fakes.discord_api.people import Somebody
from tests.fakes.discord_api.server import discord_server
from tests.fakes.discord_api.sessions import DM_MESSAGES
from tests.fakes.discord_api.shown_messages import Shown
from tests.harness.discord import GUILD, discord_house

AT_ONCE, A_SECOND = 12, 50  # people; calls that Discord takes


async def test_many_ask_at_once_and_each_is_answered_within_three_seconds(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        town.discord.buckets.narrow[r"PATCH /channels/.*"] = (5, 0.5)  # ten times as fast as it is
        people = [town.member(number) for number in range(1, AT_ONCE + 1)]
        asked = await asyncio.gather(
            *(one.types("style", photo=portrait_jpeg(shade=at), style="2") for at, one in enumerate(people))
        )
        await people[0].gets(AT_ONCE)
        assert {card.id for card in people[0].pictures} == {one.original for one in asked}
        calls = [call.at for call in town.discord.calls if not call.path.startswith("/interactions/")]
        assert most_within_a_second(calls) <= A_SECOND


async def test_limits_delay_and_nothing_is_lost_or_comes_twice(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        town.discord.buckets.narrow[r"PATCH /channels/.*"] = (1, 0.3)
        town.discord.buckets.narrow[r"POST /channels/.*"] = (2, 0.3)
        anna = town.person(1)
        for shade in (1, 90, 200):
            await anna.writes("/style 2", portrait_jpeg(shade=shade))
        await anna.gets(3)
        assert len(anna.sees) == 3
        assert await town.units(anna) == (3, 0)


async def test_servers_are_shared_among_shards_and_nothing_is_read_that_nobody_meant_for_us(tmp_path: Path) -> None:
    async with discord_server() as server:
        server.gateway.shards = 2
        server.world.guilds[GUILD] = Guild(GUILD)
        other = server.world.place(7 << 40, guild=Guild((7 << 40) + (1 << 22)))
        async with discord_house(tmp_path, server=server) as town:
            anna, ben = town.member(1), Somebody(server, server.world.user(2), other)
            await server.until(lambda: len(server.gateway.identified) == 2)
            for someone in (anna, ben):
                await someone.types("style", photo=portrait_jpeg(), style="2")
                await someone.gets()
            assert [said["shard"] for said in server.gateway.identified] == [[0, 2], [1, 2]]
            assert {said["intents"] for said in server.gateway.identified} == {DM_MESSAGES}


async def test_every_style_can_be_picked_though_a_menu_holds_twenty_five(tmp_path: Path) -> None:
    every = frozenset(style.index for style in STYLES) | {-1}
    mine = [f"mine {number}" for number in range(1, 6)]
    async with discord_house(tmp_path, styles=every) as town:
        anna = town.person(1)
        for shade, name in enumerate(mine):
            await anna.reads(await anna.types("savestyle", picture=portrait_jpeg(shade=shade * 9), name=name))
        card = await anna.reads(await anna.types("style", photo=portrait_jpeg()))
        found = set[str]()
        while not found.issuperset(card.options):
            assert len(card.options) <= 25
            found |= set(card.options)
            pages = [part["custom_id"] for part in card.buttons if part.get("custom_id", "").startswith("page:")]
            card = await _turned(anna, card, pages[-1])
        assert len([name for name in found if any(one in name for one in mine)]) == len(mine)
        assert len(found) >= len(every - {-1}) + len(mine)
        await anna.chooses(card, "mine 5" if any("mine 5" in one for one in card.options) else card.options[0])
        await anna.gets()
        suggestions = await anna.suggests("style", "style", "", photo=portrait_jpeg())
        assert 0 < len(suggestions) <= 25


async def _turned(anna: Somebody, card: Shown, page: str) -> Shown:
    """The card with its next page."""
    await anna.presses_data(card, page)
    messages = anna.discord.world.messages
    await anna.discord.until(lambda: messages[card.id].edits > card.edits)
    return messages[card.id]
