"""Many users, servers and styles on Discord, within its rate limits."""

import asyncio
from pathlib import Path

from bot.domain.styles import STYLES
from tests.fakes.dashscope.service import most_within_a_second, portrait_jpeg
from tests.fakes.discord_api.objects import Guild
from tests.fakes.discord_api.people import SimulatedUser
from tests.fakes.discord_api.server import discord_server
from tests.fakes.discord_api.sessions import DIRECT_MESSAGES
from tests.fakes.discord_api.shown_messages import Message
from tests.harness.discord import GUILD, discord_app

USERS, CALLS_PER_SECOND = 12, 50  # the latter is Discord's global limit
PATIENCE = 60.0  # seconds


async def test_many_simultaneous_commands_are_each_answered_before_anything_is_painted(tmp_path: Path) -> None:
    """Discord gives three seconds for that. A busy machine may need them itself, so what is shown is that no answer
    waits for the work, nor for another person's."""
    async with discord_app(tmp_path, until=tmp_path / "go") as app:
        app.discord.interactions.deadline = PATIENCE
        app.discord.rate_limits.overrides[r"PATCH /channels/.*"] = (5, 0.5)  # ten times Discord's own rate
        users = [app.member(number) for number in range(1, USERS + 1)]
        interactions = await asyncio.gather(
            *(user.use_command("style", photo=portrait_jpeg(shade=at), style="2") for at, user in enumerate(users))
        )
        await app.discord.wait_until(lambda: not app.discord.interactions.unanswered)
        assert not users[0].pictures
        (tmp_path / "go").touch()
        await users[0].wait_for_pictures(USERS)
        assert {card.id for card in users[0].pictures} == {interaction.response_message for interaction in interactions}
        calls = [call.at for call in app.discord.calls if not call.path.startswith("/interactions/")]
        assert most_within_a_second(calls) <= CALLS_PER_SECOND


async def test_rate_limits_delay_messages_but_lose_or_repeat_none(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        app.discord.rate_limits.overrides[r"PATCH /channels/.*"] = (1, 0.3)
        app.discord.rate_limits.overrides[r"POST /channels/.*"] = (2, 0.3)
        anna = app.person(1)
        for shade in (1, 90, 200):
            await anna.send("/style 2", portrait_jpeg(shade=shade))
        await anna.wait_for_pictures(3)
        assert len(anna.messages) == 3
        assert await app.units(anna) == (3, 0)


async def test_servers_are_spread_over_shards_and_only_private_messages_are_read(tmp_path: Path) -> None:
    async with discord_server() as server:
        server.gateway.shards = 2
        server.state.guilds[GUILD] = Guild(GUILD)
        other = server.state.channel(7 << 40, guild=Guild((7 << 40) + (1 << 22)))
        async with discord_app(tmp_path, server=server) as app:
            anna, ben = app.member(1), SimulatedUser(server, server.state.user(2), other)
            await server.wait_until(lambda: len(server.gateway.identify_payloads) == 2)
            for user in (anna, ben):
                await user.use_command("style", photo=portrait_jpeg(), style="2")
                await user.wait_for_pictures()
            assert [payload["shard"] for payload in server.gateway.identify_payloads] == [[0, 2], [1, 2]]
            assert {payload["intents"] for payload in server.gateway.identify_payloads} == {DIRECT_MESSAGES}


async def test_every_style_can_be_chosen_although_a_menu_holds_twenty_five(tmp_path: Path) -> None:
    every = frozenset(style.index for style in STYLES) | {-1}
    saved = [f"mine {number}" for number in range(1, 6)]
    async with discord_app(tmp_path, styles=every) as app:
        anna = app.person(1)
        for shade, name in enumerate(saved):
            await anna.wait_for_answer(
                await anna.use_command("savestyle", picture=portrait_jpeg(shade=shade * 9), name=name)
            )
        card = await anna.wait_for_answer(await anna.use_command("style", photo=portrait_jpeg()))
        found = set[str]()
        while not found.issuperset(card.options):
            assert len(card.options) <= 25
            found |= set(card.options)
            pages = [part["custom_id"] for part in card.buttons if part.get("custom_id", "").startswith("page:")]
            card = await _next_page(anna, card, pages[-1])
        assert len([name for name in found if any(one in name for one in saved)]) == len(saved)
        assert len(found) >= len(every - {-1}) + len(saved)
        await anna.select(card, "mine 5" if any("mine 5" in one for one in card.options) else card.options[0])
        await anna.wait_for_pictures()
        suggestions = await anna.autocomplete("style", "style", "", photo=portrait_jpeg())
        assert 0 < len(suggestions) <= 25
        await asyncio.gather(  # as somebody types who is fast: each is answered within Discord's three seconds
            *(anna.autocomplete("style", "style", "in", photo=portrait_jpeg()) for _ in range(24))
        )


async def _next_page(anna: SimulatedUser, card: Message, page: str) -> Message:
    """The card once it shows its next page."""
    await anna.press_data(card, page)
    messages = anna.discord.state.messages
    await anna.discord.wait_until(lambda: messages[card.id].edit_count > card.edit_count)
    return messages[card.id]
