"""The fake Discord behaves like Discord towards users, and records a violation when a bot breaks its rules."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.fakes.discord_api.faults import Fault, bad_gateway, rate_limited
from tests.fakes.discord_api.interactions import (
    APPLICATION_COMMAND,
    CHANNEL_MESSAGE,
    DEFERRED_CHANNEL_MESSAGE,
    DEFERRED_UPDATE_MESSAGE,
    MESSAGE_COMPONENT,
    UPDATE_MESSAGE,
    Interaction,
)
from tests.fakes.discord_api.limits import EPHEMERAL
from tests.fakes.discord_api.objects import BOT_PERMISSIONS, Guild
from tests.fakes.discord_api.people import SimulatedUser
from tests.fakes.discord_api.server import BOT_USER, DiscordServer, discord_server
from tests.fakes.discord_api.state import ApiError

Json = Any
MESSAGES = "/channels/{}/messages"
BUTTON_ROW = {"type": 1, "components": [{"type": 2, "style": 2, "label": "Go", "custom_id": "go:1"}]}


@dataclass(frozen=True)
class Bot:
    """A holder of the token. Every call returns the status and the JSON body."""

    discord: DiscordServer
    http: httpx.AsyncClient

    async def call(self, method: str, path: str, body: Json = None, **options: Any) -> tuple[int, Json]:
        headers = {"Authorization": f"Bot {self.discord.token}", "User-Agent": "DiscordBot (test, 1)"}
        response = await self.http.request(
            method, self.discord.api_url + "/v10" + path, json=body, headers=headers, **options
        )
        return response.status_code, response.json() if response.content else None

    async def respond(self, interaction: Interaction, kind: int, **data: Json) -> tuple[int, Json]:
        body = {"type": kind, "data": data} if data else {"type": kind}
        return await self.call(
            "POST", f"/interactions/{interaction.id}/{interaction.token}/callback?with_response=1", body
        )

    async def send_followup(self, interaction: Interaction, content: str, **more: Json) -> tuple[int, Json]:
        return await self.call(
            "POST", f"/webhooks/{BOT_USER.id}/{interaction.token}?wait=true", {"content": content, **more}
        )


@asynccontextmanager
async def open_bot() -> AsyncIterator[Bot]:
    async with discord_server() as discord, httpx.AsyncClient(trust_env=False) as http:
        yield Bot(discord, http)


@pytest_asyncio.fixture
async def bot() -> AsyncIterator[Bot]:
    async with open_bot() as opened:
        yield opened


def member(bot: Bot, *, has_bot: bool = True, permissions: int = BOT_PERMISSIONS) -> SimulatedUser:
    """A member of a server."""
    state = bot.discord.state
    place = state.channel(
        1_240_000_000_000_000_000, guild=Guild(1_230_000_000_000_000_000, has_bot=has_bot), permissions=permissions
    )
    return SimulatedUser(bot.discord, state.user(1), place)


def new_interaction(anna: SimulatedUser, kind: int = APPLICATION_COMMAND, **fields: Any) -> Interaction:
    return anna.discord.interactions.create(kind, anna.user, anna.channel, **fields)


async def test_an_interaction_is_deferred_once_and_filled_later(bot: Bot) -> None:
    anna = member(bot)
    interaction = new_interaction(anna)
    status, result = await bot.respond(interaction, DEFERRED_CHANNEL_MESSAGE, flags=EPHEMERAL)
    assert (status, result["interaction"]["response_message_ephemeral"]) == (200, True)
    assert (await bot.send_followup(interaction, "here it is"))[0] == 200
    [message] = anna.messages
    assert (message.text, message.is_ephemeral, message.id) == ("here it is", True, interaction.response_message)
    assert SimulatedUser(bot.discord, bot.discord.state.user(2), anna.channel).messages == []
    assert bot.discord.violations == []


async def test_a_second_response_is_refused_and_recorded(bot: Bot) -> None:
    interaction = new_interaction(member(bot))
    await bot.respond(interaction, CHANNEL_MESSAGE, content="once")
    assert (await bot.respond(interaction, CHANNEL_MESSAGE, content="twice"))[1]["code"] == 40060
    assert "was answered twice" in bot.discord.violations[0]


async def test_a_response_after_three_seconds_is_refused_and_recorded(bot: Bot) -> None:
    interaction = new_interaction(member(bot))
    bot.discord.clock_offset += 3.5
    assert (await bot.respond(interaction, DEFERRED_CHANNEL_MESSAGE))[1]["code"] == 10062
    assert "was answered after 3" in bot.discord.violations[0]
    assert bot.discord.interactions.unanswered == [interaction]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (APPLICATION_COMMAND, UPDATE_MESSAGE),
        (APPLICATION_COMMAND, DEFERRED_UPDATE_MESSAGE),
        (APPLICATION_COMMAND, 8),
        (MESSAGE_COMPONENT, 8),
        (4, 4),
        (5, 9),
    ],
)
async def test_responses_of_the_wrong_type_are_refused_and_recorded(bot: Bot, kind: int, answer: int) -> None:
    interaction = new_interaction(member(bot), kind)
    data: dict[int, Json] = {8: {"choices": []}, 9: {"custom_id": "x", "title": "x", "components": []}}
    assert (await bot.respond(interaction, answer, **data.get(answer, {"content": "x"})))[0] == 400
    assert any("was answered by" in violation for violation in bot.discord.violations)


async def test_an_unknown_interaction_cannot_be_answered(bot: Bot) -> None:
    interaction = new_interaction(member(bot))
    asked_elsewhere = Interaction(
        interaction.id,
        APPLICATION_COMMAND,
        interaction.user,
        interaction.channel,
        interaction.created_at,
        token="guessed",
    )
    assert (await bot.respond(asked_elsewhere, DEFERRED_CHANNEL_MESSAGE))[0] == 404
    assert (await bot.send_followup(interaction, "too early"))[1]["code"] == 10015
    assert len(bot.discord.violations) == 2


async def test_a_token_expires_after_fifteen_minutes(bot: Bot) -> None:
    interaction = new_interaction(member(bot))
    await bot.respond(interaction, DEFERRED_CHANNEL_MESSAGE)
    bot.discord.clock_offset += 899
    assert (await bot.send_followup(interaction, "just in time"))[0] == 200
    bot.discord.clock_offset += 2
    assert (await bot.send_followup(interaction, "too late"))[1]["code"] == 50027
    assert "after 15 minutes" in bot.discord.violations[0]


async def test_a_user_install_allows_five_followups(bot: Bot) -> None:
    anna = member(bot, has_bot=False)
    interaction = new_interaction(anna)
    await bot.respond(interaction, CHANNEL_MESSAGE, content="hello")
    statuses = [(await bot.send_followup(interaction, "more"))[0] for _ in range(6)]
    assert statuses == [200] * 5 + [400]
    assert "more than five follow-ups" in bot.discord.violations[0]
    assert (await bot.call("POST", MESSAGES.format(anna.channel.id), {"content": "x"}))[1]["code"] == 50001


async def test_an_ephemeral_message_cannot_be_edited_with_the_bots_token(bot: Bot) -> None:
    anna = member(bot)
    interaction = new_interaction(anna)
    await bot.respond(interaction, CHANNEL_MESSAGE, content="psst", flags=EPHEMERAL)
    path = f"{MESSAGES.format(anna.channel.id)}/{interaction.response_message}"
    assert (await bot.call("PATCH", path, {"content": "loud"}))[1]["code"] == 10008
    assert "touched with the bot's token" in bot.discord.violations[0]


async def test_a_press_can_update_its_message(bot: Bot) -> None:
    anna = member(bot)
    await bot.call("POST", MESSAGES.format(anna.channel.id), {"content": "old", "components": [BUTTON_ROW]})
    [card] = anna.messages
    assert card.action("Go") == "go:1"
    interaction = new_interaction(anna, MESSAGE_COMPONENT, message=card)
    assert (await bot.respond(interaction, UPDATE_MESSAGE, content="new", components=[]))[0] == 200
    [card] = anna.messages
    assert (card.text, card.labels, card.edit_count) == ("new", [], 1)
    assert bot.discord.violations == []


async def test_sending_needs_access_and_permission(bot: Bot) -> None:
    anna = member(bot, permissions=BOT_PERMISSIONS & ~(1 << 11))
    private = bot.discord.state.dm_channel(anna.user)
    bot.discord.state.dms_closed.add(anna.user.id)
    for place, status, code in ((anna.channel.id, 403, 50013), (private.id, 403, 50278), (5, 404, 10003)):
        assert await bot.call("POST", MESSAGES.format(place), {"content": "x"}) == (
            status,
            {"message": (await bot.call("POST", MESSAGES.format(place), {"content": "x"}))[1]["message"], "code": code},
        )
    refused = await bot.http.get(bot.discord.api_url + "/v10/users/@me", headers={"Authorization": "Bot wrong"})
    assert refused.status_code == 401


async def test_a_message_with_a_nonce_is_created_once(bot: Bot) -> None:
    anna = member(bot)
    body = {"content": "x", "nonce": "job-1", "enforce_nonce": True}
    first, second = [await bot.call("POST", MESSAGES.format(anna.channel.id), body) for _ in range(2)]
    assert first[1]["id"] == second[1]["id"]
    assert len(anna.messages) == 1


async def test_a_file_may_be_no_larger_than_the_limit_the_bot_was_told(bot: Bot) -> None:
    anna = member(bot)
    anna.channel.max_file_bytes = 10
    for announced in (False, True):
        if announced:
            bot.discord.state.announced_limits.add(anna.channel.id)
        with pytest.raises(ApiError) as refused:
            bot.discord.state.create_message(anna.channel.id, {}, {0: ("a.jpg", b"x" * 11)})
        assert (refused.value.status, refused.value.code) == (413, 40005)
        assert len(bot.discord.violations) == int(announced)
    assert bot.discord.state.create_message(anna.channel.id, {}, {0: ("a.jpg", b"x" * 10)}).files


async def test_links_to_files_expire_after_a_day_and_cannot_be_guessed(bot: Bot) -> None:
    message = await member(bot).send("look", b"not a picture")
    [file] = message.files
    link = bot.discord.cdn.signed_url(file)
    assert (await bot.http.get(link)).content == b"not a picture"
    assert (await bot.http.get(link.partition("?")[0])).status_code == 404
    assert (await bot.http.get(link + "0")).status_code == 404
    bot.discord.clock_offset += 25 * 3600
    assert (await bot.http.get(link)).status_code == 404


async def test_faults_occur_as_scripted_and_then_stop(bot: Bot) -> None:
    anna = member(bot)
    path, body = MESSAGES.format(anna.channel.id), {"content": "x"}
    bot.discord.faults += [rate_limited("POST /channels/.*", 2, is_global=True), bad_gateway("POST .*")]
    bot.discord.faults += [Fault("POST .*"), Fault("POST .*", response_lost=True)]
    status, result = await bot.call("POST", path, body)
    assert (status, result["global"], result["retry_after"]) == (429, True, 2)
    with pytest.raises(ValueError, match="Expecting value"):
        await bot.call("POST", path, body)
    for seen in (0, 1):  # before and after it was carried out
        with pytest.raises(httpx.RemoteProtocolError):
            await bot.call("POST", path, body)
        assert len(anna.messages) == seen
    assert (await bot.call("POST", path, body))[0] == 200


async def test_calls_over_the_rate_limit_have_to_wait(bot: Bot) -> None:
    anna = member(bot)
    bot.discord.rate_limits.overrides["POST /channels/.*"] = (2, 60.0)
    statuses = [(await bot.call("POST", MESSAGES.format(anna.channel.id), {"content": "x"}))[0] for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert bot.discord.rate_limits.exceeded == 1


async def test_users_only_see_commands_registered_for_them(bot: Bot) -> None:
    anna = member(bot)
    option = {"name": "photo", "description": "x", "type": 11, "required": True}
    command = {"name": "style", "description": "x", "options": [option], "contexts": [1]}
    manage = {"name": "settings", "description": "x", "default_member_permissions": 1 << 5, "integration_types": [0]}
    await bot.call("PUT", f"/applications/{BOT_USER.id}/commands", [command, manage])
    dm = anna.in_dm
    for refused, message in (
        (anna.use_command("style", photo=b"x"), "this kind of chat"),
        (anna.use_command("settings"), "not shown to them"),
        (dm.use_command("paint"), "no command paint"),
        (dm.use_command("style"), "needs"),
        (dm.use_command("style", photo="x"), "no option of type 11"),
        (dm.use_command("style", photo=b"x", colour="red"), "has only the options"),
        (dm.autocomplete("style", "photo", "x"), "no option of type 11"),
    ):
        with pytest.raises(AssertionError, match=message):
            await refused
    assert bot.discord.violations == []
