"""What goes wrong at Discord's side, and must not be seen by people: nothing is lost, nothing comes twice."""

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import open_installation
from bot.runtime.clock import WallClock
from handlers.discord import TokenRefused, discord
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.faults import Fault, broken, flood
from tests.fakes.discord_api.people import Somebody
from tests.fakes.discord_api.server import Discord, discord_server
from tests.fakes.discord_api.shown_messages import Shown
from tests.harness.app import ended, settings_for
from tests.harness.discord import Town, discord_house

POST, EDIT = r"POST /channels/\d+/messages", r"PATCH /channels/\d+/messages/\d+"
CALLBACK, HOOK = r"POST /interactions/.*", r"(POST|PATCH) /webhooks/.*"


async def one_picture(town: Town, someone: Somebody) -> Shown:
    """One wish is one message and one unit, whatever happened to it."""
    await someone.gets()
    [card] = someone.sees
    assert await town.units(someone) == (1, 0)
    assert not any(fault.times for fault in town.discord.faults)
    return card


@pytest.mark.parametrize(
    "faults",
    [
        [flood(POST, 0.1), flood(EDIT, 0.1, everywhere=True)],
        [broken(POST), broken(EDIT)],
        [Fault(POST), Fault(EDIT)],
        [Fault(POST, lost=True), Fault(EDIT, lost=True)],
        [broken(POST, 200), broken(EDIT, 200)],
        [broken(r"GET /attachments/.*", 503), Fault(r"GET /attachments/.*")],
    ],
    ids=["floods", "bad gateways", "dropped before", "dropped after", "somebody else's page", "files"],
)
async def test_a_wish_in_private_survives(tmp_path: Path, faults: list[Fault]) -> None:
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        town.discord.faults += faults
        anna = town.person(1)
        await anna.writes("/style 2", portrait_jpeg())
        await town.discord.until(lambda: anna.sees)
        go.touch()
        await one_picture(town, anna)


@pytest.mark.parametrize(
    "faults",
    [
        [flood(CALLBACK, 0.1), flood(HOOK, 0.1)],
        [broken(CALLBACK), broken(HOOK)],
        [Fault(CALLBACK), Fault(HOOK)],
        [Fault(CALLBACK, lost=True), Fault(HOOK, lost=True)],
        [broken(HOOK, 200, times=2)],
    ],
    ids=["floods", "bad gateways", "dropped before", "dropped after", "somebody else's page"],
)
async def test_a_command_survives_and_is_answered_within_three_seconds(tmp_path: Path, faults: list[Fault]) -> None:
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        town.discord.faults += faults
        anna = town.member(1)
        await anna.reads(await anna.types("style", photo=portrait_jpeg(), style="2", private=True))
        go.touch()
        await one_picture(town, anna)


async def drop(discord: Discord) -> None:
    await discord.gateway.drop()


async def reconnect(discord: Discord) -> None:
    await discord.gateway.ask_to_reconnect()


async def invalidate(discord: Discord) -> None:
    await discord.gateway.invalidate()


async def invalidate_but_resume(discord: Discord) -> None:
    await discord.gateway.invalidate(resumable=True)


@pytest.mark.parametrize(
    ("breaks", "identified", "resumed"),
    [(drop, 1, 1), (reconnect, 1, 1), (invalidate_but_resume, 1, 1), (invalidate, 2, 0)],
)
async def test_a_gateway_that_breaks_off_is_taken_up_again(
    tmp_path: Path, breaks: object, identified: int, resumed: int
) -> None:
    assert callable(breaks)
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        anna, ben, server = town.member(1), town.person(2), town.discord
        await anna.reads(await anna.types("style", photo=portrait_jpeg(), style="2"))
        await breaks(server)
        await server.until(lambda: not server.gateway.is_heard)
        go.touch()  # what is under way needs no gateway
        await anna.gets()
        if resumed:
            await ben.writes("/style 5", portrait_jpeg())  # said while nobody listens, heard later
        await server.until(lambda: server.gateway.is_heard)
        await anna.types("style", photo=portrait_jpeg(), style="5")
        await anna.gets(2)
        if resumed:
            await one_picture(town, ben)
        assert (len(server.gateway.identified), server.gateway.resumed) == (identified, resumed)


async def test_a_link_that_has_expired_is_said_and_costs_nothing(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.person(1)
        town.discord.faults.append(broken(r"GET /attachments/.*", 404))
        await anna.writes("/style 2", portrait_jpeg())
        await town.discord.until(lambda: anna.sees)
        assert "photo" in anna.sees[0].text
        assert await town.units(anna) == (0, 0)


async def test_a_card_that_somebody_deleted_comes_anew(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        anna = town.member(1)
        card = await anna.reads(await anna.types("style", photo=portrait_jpeg(), style="2"))
        town.discord.world.delete(card)
        go.touch()
        assert (await one_picture(town, anna)).id != card.id


async def test_a_bot_that_was_thrown_out_of_the_channel_loses_nothing(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        anna = town.member(1)
        await anna.reads(await anna.types("style", photo=portrait_jpeg(), style="2"))
        anna.place.rights = 0
        go.touch()
        await ended(town.app, anna.person, 1)
        await anna.dms.writes("/history")
        await town.discord.until(lambda: any(card.labels for card in anna.dms.sees))
        await anna.dms.presses(anna.dms.sees[-1], "1")
        await anna.dms.gets()


async def test_no_secret_is_ever_logged_not_even_at_debug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    go = tmp_path / "go"
    with caplog.at_level(logging.DEBUG):
        async with discord_house(tmp_path, until=go) as town:
            town.discord.faults += [Fault(HOOK), broken(CALLBACK), flood(EDIT, 0.1), Fault(r"GET /ephemeral.*")]
            anna = town.member(1)
            await anna.reads(await anna.types("style", photo=portrait_jpeg(), style="2"))
            go.touch()
            await one_picture(town, anna)
    printed = capsys.readouterr()
    said = caplog.text + printed.out + printed.err
    tokens = [asked.token for asked in town.discord.asks.all.values()]
    assert not any(token in said for token in (*tokens, town.discord.token)), "a token was logged"


async def test_a_refused_token_is_said_at_once_without_quoting_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "MTI2MDAwMDAwMDAwMDAwMDAwMA.another.token-that-nobody-knows"
    async with (
        discord_server() as server,
        open_installation(settings_for(tmp_path), clock=WallClock(), engine=quick_engine()) as app,
    ):
        with pytest.raises(TokenRefused) as refused:
            async with discord(app.services, token=SecretStr(wrong), secret=b"", api_url=server.api_url):
                raise AssertionError("the bot must not start")
    chain = [refused.value, refused.value.__cause__]
    assert "nobody-knows" not in "".join(f"{error!r}" for error in chain) + caplog.text


async def test_a_discord_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    async with discord_server() as server:
        server.faults += [Fault("GET /users/@me", times=2), broken("GET /gateway/bot", 503), Fault("PUT .*")]
        server.faults += [broken("GET /users/@me", 200), broken("GET /gateway/bot", 200)]
        server.faults += [broken("GET /applications/.*", 200)]
        async with discord_house(tmp_path, server=server) as town:
            anna = town.person(1)
            await anna.writes("/quota")
            await server.until(lambda: anna.sees)


async def test_commands_that_discord_did_not_take_are_told_again(tmp_path: Path) -> None:
    """Not only with the next connection, which may be weeks away."""
    async with discord_server() as server:
        server.faults.append(broken(r"GET /applications/\d+/commands", 200, times=2))
        async with discord_house(tmp_path, server=server):
            assert server.commands.puts == 1
            assert len(server.gateway.identified) == 1
