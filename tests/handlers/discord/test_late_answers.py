"""Long waits on Discord: jobs that outlive their interaction, restarts, presses of old buttons."""

import asyncio
from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.server import discord_server
from tests.harness.app import ended
from tests.harness.discord import discord_app

TWENTY_MINUTES = 20 * 60.0


async def test_pictures_that_take_twenty_minutes_still_arrive(tmp_path: Path) -> None:
    """In a server they replace the card; ephemeral cards and user installs get a private message."""
    go = tmp_path / "go"
    async with discord_app(tmp_path, until=go) as app:
        anna, ben, carla, dora = app.member(1), app.member(2), app.user_install(3), app.member(4)
        app.discord.state.dms_closed.add(dora.user.id)
        cards = {}
        for user, private in ((anna, False), (ben, True), (carla, False), (dora, True)):
            interaction = await user.use_command("style", photo=portrait_jpeg(), style="2", private=private)
            cards[user.user.id] = await user.wait_for_answer(interaction)
        assert "private" in cards[ben.user.id].text
        app.discord.clock_offset += TWENTY_MINUTES
        go.touch()

        [card] = await anna.wait_for_pictures()
        assert card.id == cards[anna.user.id].id
        assert anna.in_dm.messages == []
        for user in (ben, carla):
            [card] = await user.in_dm.wait_for_pictures()
            await user.in_dm.press(card, "Again")
            await user.in_dm.wait_for_pictures(2)
        await ended(app.installation, dora.person, 4)  # cannot be delivered: it stays in the history
        history = await dora.wait_for_answer(await dora.use_command("history"))
        await dora.press(history, "1")
        await dora.wait_for_pictures()
        assert await app.units(dora) == (1, 0)


async def test_buttons_and_menus_work_after_a_restart_and_repeated_presses_have_no_effect(
    tmp_path: Path,
) -> None:
    async with discord_server() as server:
        async with discord_app(tmp_path, server=server) as app:
            anna = app.member(1)
            await anna.wait_for_answer(await anna.use_command("style", photo=portrait_jpeg()))
        server.clock_offset += 3600
        async with discord_app(tmp_path, server=server) as app:
            [question] = anna.messages
            await asyncio.gather(*(anna.select(question, "Anime") for _ in range(3)))
            await anna.wait_for_pictures()
            assert await app.units(anna) == (1, 0)
            assert len(anna.pictures) == 1
        async with discord_app(tmp_path, server=server) as app:
            [card] = anna.pictures
            await anna.press(card, "Again")
            await anna.wait_for_pictures(2)
            assert await app.units(anna) == (2, 0)
        assert server.commands.registrations == 1  # they have not changed
        assert len(server.gateway.identify_payloads) == 3


async def test_a_picture_in_progress_arrives_after_a_restart(tmp_path: Path) -> None:
    """It replaces its card, ephemeral or not; after the interaction has expired it is sent as a private message."""
    go, later = tmp_path / "go", tmp_path / "later"
    async with discord_server() as server:
        async with discord_app(tmp_path, server=server, until=go) as app:
            anna, ben, carla = app.member(1), app.member(2), app.user_install(3)
            cards = set()
            for user, private in ((anna, False), (ben, True)):
                interaction = await user.use_command("style", photo=portrait_jpeg(), style="2", private=private)
                cards.add((await user.wait_for_answer(interaction)).id)
        go.touch()
        async with discord_app(tmp_path, server=server, until=go):
            await server.wait_until(lambda: {card.id for card in ben.pictures} == cards)
            assert ben.in_dm.messages == []
        async with discord_app(tmp_path, server=server, until=later):
            await carla.wait_for_answer(await carla.use_command("style", photo=portrait_jpeg(), style="2"))
        later.touch()
        server.clock_offset += TWENTY_MINUTES
        async with discord_app(tmp_path, server=server, until=later):
            await carla.in_dm.wait_for_pictures()


async def test_commands_are_registered_again_only_when_they_have_changed(tmp_path: Path) -> None:
    async with discord_server() as server:
        for puts, changed in ((1, False), (1, True), (2, False)):
            async with discord_app(tmp_path, server=server):
                assert server.commands.registrations == puts
            if changed:
                server.commands.all[0] |= {"description": "as in an older version"}
