"""Failures on Discord's side that users must not notice: nothing is lost and nothing is sent twice."""

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import open_installation
from bot.runtime.clock import WallClock
from handlers.discord import TokenRefused, discord
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.faults import Fault, bad_gateway, rate_limited
from tests.fakes.discord_api.people import SimulatedUser
from tests.fakes.discord_api.server import DiscordServer, discord_server
from tests.fakes.discord_api.shown_messages import Message
from tests.harness.app import ended, settings_for
from tests.harness.discord import DiscordApp, discord_app

POST, EDIT = r"POST /channels/\d+/messages", r"PATCH /channels/\d+/messages/\d+"
CALLBACK, WEBHOOK = r"POST /interactions/.*", r"(POST|PATCH) /webhooks/.*"


async def expect_one_picture(app: DiscordApp, user: SimulatedUser) -> Message:
    """One request made one message and used one unit, and every scripted fault has occurred."""
    await user.wait_for_pictures()
    [card] = user.messages
    assert await app.units(user) == (1, 0)
    assert not any(fault.times for fault in app.discord.faults)
    return card


@pytest.mark.parametrize(
    "faults",
    [
        [rate_limited(POST, 0.1), rate_limited(EDIT, 0.1, is_global=True)],
        [bad_gateway(POST), bad_gateway(EDIT)],
        [Fault(POST), Fault(EDIT)],
        [Fault(POST, response_lost=True), Fault(EDIT, response_lost=True)],
        [bad_gateway(POST, 200), bad_gateway(EDIT, 200)],
        [bad_gateway(r"GET /attachments/.*", 503), Fault(r"GET /attachments/.*")],
    ],
    ids=["rate limits", "bad gateways", "dropped before", "dropped after", "proxy's page", "files"],
)
async def test_a_private_request_survives(tmp_path: Path, faults: list[Fault]) -> None:
    go = tmp_path / "go"
    async with discord_app(tmp_path, until=go) as app:
        app.discord.faults += faults
        anna = app.person(1)
        await anna.send("/style 2", portrait_jpeg())
        await app.discord.wait_until(lambda: anna.messages)
        go.touch()
        await expect_one_picture(app, anna)


@pytest.mark.parametrize(
    "faults",
    [
        [rate_limited(CALLBACK, 0.1), rate_limited(WEBHOOK, 0.1)],
        [bad_gateway(CALLBACK), bad_gateway(WEBHOOK)],
        [Fault(CALLBACK), Fault(WEBHOOK)],
        [Fault(CALLBACK, response_lost=True), Fault(WEBHOOK, response_lost=True)],
        [bad_gateway(WEBHOOK, 200, times=2)],
    ],
    ids=["rate limits", "bad gateways", "dropped before", "dropped after", "proxy's page"],
)
async def test_a_command_survives_and_is_answered_within_three_seconds(tmp_path: Path, faults: list[Fault]) -> None:
    go = tmp_path / "go"
    async with discord_app(tmp_path, until=go) as app:
        app.discord.faults += faults
        anna = app.member(1)
        await anna.wait_for_answer(await anna.use_command("style", photo=portrait_jpeg(), style="2", private=True))
        go.touch()
        await expect_one_picture(app, anna)


async def drop(discord: DiscordServer) -> None:
    await discord.gateway.drop_connections()


async def reconnect(discord: DiscordServer) -> None:
    await discord.gateway.request_reconnect()


async def invalidate(discord: DiscordServer) -> None:
    await discord.gateway.invalidate_sessions()


async def invalidate_but_resume(discord: DiscordServer) -> None:
    await discord.gateway.invalidate_sessions(resumable=True)


@pytest.mark.parametrize(
    ("breaks", "identified", "resumed"),
    [(drop, 1, 1), (reconnect, 1, 1), (invalidate_but_resume, 1, 1), (invalidate, 2, 0)],
)
async def test_an_interrupted_gateway_connection_is_resumed(
    tmp_path: Path, breaks: object, identified: int, resumed: int
) -> None:
    assert callable(breaks)
    go = tmp_path / "go"
    async with discord_app(tmp_path, until=go) as app:
        anna, ben, server = app.member(1), app.person(2), app.discord
        await anna.wait_for_answer(await anna.use_command("style", photo=portrait_jpeg(), style="2"))
        await breaks(server)
        await server.wait_until(lambda: not server.gateway.is_connected)
        go.touch()  # a job in progress needs no gateway
        await anna.wait_for_pictures()
        if resumed:
            await ben.send("/style 5", portrait_jpeg())  # sent while disconnected, received on resume
        await server.wait_until(lambda: server.gateway.is_connected)
        await anna.use_command("style", photo=portrait_jpeg(), style="5")
        await anna.wait_for_pictures(2)
        if resumed:
            await expect_one_picture(app, ben)
        assert (len(server.gateway.identify_payloads), server.gateway.resume_count) == (identified, resumed)


async def test_an_expired_link_gets_an_explanation_and_costs_nothing(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.person(1)
        app.discord.faults.append(bad_gateway(r"GET /attachments/.*", 404))
        await anna.send("/style 2", portrait_jpeg())
        await app.discord.wait_until(lambda: anna.messages)
        assert "photo" in anna.messages[0].text
        assert await app.units(anna) == (0, 0)


async def test_a_deleted_card_is_sent_again(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_app(tmp_path, until=go) as app:
        anna = app.member(1)
        card = await anna.wait_for_answer(await anna.use_command("style", photo=portrait_jpeg(), style="2"))
        app.discord.state.delete_message(card)
        go.touch()
        assert (await expect_one_picture(app, anna)).id != card.id


async def test_a_bot_removed_from_the_channel_loses_no_picture(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_app(tmp_path, until=go) as app:
        anna = app.member(1)
        await anna.wait_for_answer(await anna.use_command("style", photo=portrait_jpeg(), style="2"))
        anna.channel.permissions = 0
        go.touch()
        await ended(app.installation, anna.person, 1)
        await anna.in_dm.send("/history")
        await app.discord.wait_until(lambda: any(card.labels for card in anna.in_dm.messages))
        await anna.in_dm.press(anna.in_dm.messages[-1], "1")
        await anna.in_dm.wait_for_pictures()


async def test_no_secret_is_ever_logged_not_even_at_debug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    go = tmp_path / "go"
    with caplog.at_level(logging.DEBUG):
        async with discord_app(tmp_path, until=go) as app:
            app.discord.faults += [
                Fault(WEBHOOK),
                bad_gateway(CALLBACK),
                rate_limited(EDIT, 0.1),
                Fault(r"GET /ephemeral.*"),
            ]
            anna = app.member(1)
            await anna.wait_for_answer(await anna.use_command("style", photo=portrait_jpeg(), style="2"))
            go.touch()
            await expect_one_picture(app, anna)
    printed = capsys.readouterr()
    logs = caplog.text + printed.out + printed.err
    tokens = [interaction.token for interaction in app.discord.interactions.all.values()]
    assert not any(token in logs for token in (*tokens, app.discord.token)), "a token was logged"


async def test_a_refused_token_is_reported_at_once_without_quoting_it(
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


async def test_the_bot_waits_until_discord_is_available(tmp_path: Path) -> None:
    async with discord_server() as server:
        server.faults += [Fault("GET /users/@me", times=2), bad_gateway("GET /gateway/bot", 503), Fault("PUT .*")]
        server.faults += [bad_gateway("GET /users/@me", 200), bad_gateway("GET /gateway/bot", 200)]
        server.faults += [bad_gateway("GET /applications/.*", 200)]
        async with discord_app(tmp_path, server=server) as app:
            anna = app.person(1)
            await anna.send("/quota")
            await server.wait_until(lambda: anna.messages)


async def test_commands_that_could_not_be_registered_are_registered_later(tmp_path: Path) -> None:
    """Not only on the next connection, which may be weeks away."""
    async with discord_server() as server:
        server.faults.append(bad_gateway(r"GET /applications/\d+/commands", 200, times=2))
        async with discord_app(tmp_path, server=server):
            assert server.commands.registrations == 1
            assert len(server.gateway.identify_payloads) == 1
