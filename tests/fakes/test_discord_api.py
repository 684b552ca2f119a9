"""The Discord of the tests keeps Discord's promises to people, and complains when a bot breaks one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.fakes.discord_api.faults import Fault, broken, flood
from tests.fakes.discord_api.interactions import COMMAND, COMPONENT, HERE, LATER, LATER_HERE, REPLY, Asked
from tests.fakes.discord_api.limits import EPHEMERAL
from tests.fakes.discord_api.objects import BOT, Guild
from tests.fakes.discord_api.people import Somebody
from tests.fakes.discord_api.server import ME, Discord, discord_server
from tests.fakes.discord_api.state import Trouble

Json = Any
MESSAGES = "/channels/{}/messages"
LOUD = {"type": 1, "components": [{"type": 2, "style": 2, "label": "Go", "custom_id": "go:1"}]}


@dataclass(frozen=True)
class Bot:
    """Whoever has the token. What it does is answered with a status and Discord's own code."""

    discord: Discord
    http: httpx.AsyncClient

    async def does(self, method: str, path: str, body: Json = None, **how: Any) -> tuple[int, Json]:
        headers = {"Authorization": f"Bot {self.discord.token}", "User-Agent": "DiscordBot (test, 1)"}
        response = await self.http.request(
            method, self.discord.api_url + "/v10" + path, json=body, headers=headers, **how
        )
        return response.status_code, response.json() if response.content else None

    async def answers(self, asked: Asked, kind: int, **data: Json) -> tuple[int, Json]:
        body = {"type": kind, "data": data} if data else {"type": kind}
        return await self.does("POST", f"/interactions/{asked.id}/{asked.token}/callback?with_response=1", body)

    async def adds(self, asked: Asked, words: str, **more: Json) -> tuple[int, Json]:
        return await self.does("POST", f"/webhooks/{ME.id}/{asked.token}?wait=true", {"content": words, **more})


@asynccontextmanager
async def a_bot() -> AsyncIterator[Bot]:
    async with discord_server() as discord, httpx.AsyncClient(trust_env=False) as http:
        yield Bot(discord, http)


@pytest_asyncio.fixture
async def bot() -> AsyncIterator[Bot]:
    async with a_bot() as here:
        yield here


def somebody(bot: Bot, *, has_bot: bool = True, rights: int = BOT) -> Somebody:
    """A member of a server."""
    world = bot.discord.world
    place = world.place(
        1_240_000_000_000_000_000, guild=Guild(1_230_000_000_000_000_000, has_bot=has_bot), rights=rights
    )
    return Somebody(bot.discord, world.user(1), place)


def asks(anna: Somebody, kind: int = COMMAND, **about: Any) -> Asked:
    return anna.discord.asks.new(kind, anna.user, anna.place, **about)


async def test_an_interaction_is_answered_once_and_filled_later(bot: Bot) -> None:
    anna = somebody(bot)
    asked = asks(anna)
    status, told = await bot.answers(asked, LATER, flags=EPHEMERAL)
    assert (status, told["interaction"]["response_message_ephemeral"]) == (200, True)
    assert (await bot.adds(asked, "here it is"))[0] == 200
    [shown] = anna.sees
    assert (shown.text, shown.is_ephemeral, shown.id) == ("here it is", True, asked.original)
    assert Somebody(bot.discord, bot.discord.world.user(2), anna.place).sees == []
    assert bot.discord.breaches == []


async def test_a_second_answer_is_refused_and_noticed(bot: Bot) -> None:
    asked = asks(somebody(bot))
    await bot.answers(asked, REPLY, content="once")
    assert (await bot.answers(asked, REPLY, content="twice"))[1]["code"] == 40060
    assert "was answered twice" in bot.discord.breaches[0]


async def test_an_answer_after_three_seconds_is_refused_and_noticed(bot: Bot) -> None:
    asked = asks(somebody(bot))
    bot.discord.ahead += 3.5
    assert (await bot.answers(asked, LATER))[1]["code"] == 10062
    assert "was answered after 3" in bot.discord.breaches[0]
    assert bot.discord.asks.waiting == [asked]


@pytest.mark.parametrize(
    ("kind", "answer"), [(COMMAND, HERE), (COMMAND, LATER_HERE), (COMMAND, 8), (COMPONENT, 8), (4, 4), (5, 9)]
)
async def test_answers_of_the_wrong_kind_are_refused_and_noticed(bot: Bot, kind: int, answer: int) -> None:
    asked = asks(somebody(bot), kind)
    data: dict[int, Json] = {8: {"choices": []}, 9: {"custom_id": "x", "title": "x", "components": []}}
    assert (await bot.answers(asked, answer, **data.get(answer, {"content": "x"})))[0] == 400
    assert any("was answered by" in breach for breach in bot.discord.breaches)


async def test_nobody_answers_what_was_not_asked(bot: Bot) -> None:
    asked = asks(somebody(bot))
    asked_elsewhere = Asked(asked.id, COMMAND, asked.user, asked.place, asked.at, token="guessed")
    assert (await bot.answers(asked_elsewhere, LATER))[0] == 404
    assert (await bot.adds(asked, "too early"))[1]["code"] == 10015
    assert len(bot.discord.breaches) == 2


async def test_a_token_is_dead_after_fifteen_minutes(bot: Bot) -> None:
    asked = asks(somebody(bot))
    await bot.answers(asked, LATER)
    bot.discord.ahead += 899
    assert (await bot.adds(asked, "just in time"))[0] == 200
    bot.discord.ahead += 2
    assert (await bot.adds(asked, "too late"))[1]["code"] == 50027
    assert "after 15 minutes" in bot.discord.breaches[0]


async def test_where_the_bot_is_not_there_are_five_more_messages(bot: Bot) -> None:
    anna = somebody(bot, has_bot=False)
    asked = asks(anna)
    await bot.answers(asked, REPLY, content="hello")
    statuses = [(await bot.adds(asked, "more"))[0] for _ in range(6)]
    assert statuses == [200] * 5 + [400]
    assert "more than five follow-ups" in bot.discord.breaches[0]
    assert (await bot.does("POST", MESSAGES.format(anna.place.id), {"content": "x"}))[1]["code"] == 50001


async def test_an_ephemeral_message_can_not_be_touched_with_the_bots_token(bot: Bot) -> None:
    anna = somebody(bot)
    asked = asks(anna)
    await bot.answers(asked, REPLY, content="psst", flags=EPHEMERAL)
    path = f"{MESSAGES.format(anna.place.id)}/{asked.original}"
    assert (await bot.does("PATCH", path, {"content": "loud"}))[1]["code"] == 10008
    assert "touched with the bot's token" in bot.discord.breaches[0]


async def test_a_press_changes_the_message_that_it_was_on(bot: Bot) -> None:
    anna = somebody(bot)
    await bot.does("POST", MESSAGES.format(anna.place.id), {"content": "old", "components": [LOUD]})
    [card] = anna.sees
    assert card.data("Go") == "go:1"
    asked = asks(anna, COMPONENT, pressed=card)
    assert (await bot.answers(asked, HERE, content="new", components=[]))[0] == 200
    [card] = anna.sees
    assert (card.text, card.labels, card.edits) == ("new", [], 1)
    assert bot.discord.breaches == []


async def test_only_who_is_let_in_writes(bot: Bot) -> None:
    anna = somebody(bot, rights=BOT & ~(1 << 11))
    private = bot.discord.world.private(anna.user)
    bot.discord.world.closed.add(anna.user.id)
    for place, status, code in ((anna.place.id, 403, 50013), (private.id, 403, 50278), (5, 404, 10003)):
        assert await bot.does("POST", MESSAGES.format(place), {"content": "x"}) == (
            status,
            {"message": (await bot.does("POST", MESSAGES.format(place), {"content": "x"}))[1]["message"], "code": code},
        )
    refused = await bot.http.get(bot.discord.api_url + "/v10/users/@me", headers={"Authorization": "Bot wrong"})
    assert refused.status_code == 401


async def test_a_message_with_a_nonce_is_written_once(bot: Bot) -> None:
    anna = somebody(bot)
    body = {"content": "x", "nonce": "job-1", "enforce_nonce": True}
    first, second = [await bot.does("POST", MESSAGES.format(anna.place.id), body) for _ in range(2)]
    assert first[1]["id"] == second[1]["id"]
    assert len(anna.sees) == 1


async def test_a_file_may_be_as_large_as_the_bot_was_told_and_no_larger(bot: Bot) -> None:
    anna = somebody(bot)
    anna.place.most_bytes = 10
    for told in (False, True):
        if told:
            bot.discord.world.limits_told.add(anna.place.id)
        with pytest.raises(Trouble) as refused:
            bot.discord.world.post(anna.place.id, {}, {0: ("a.jpg", b"x" * 11)})
        assert (refused.value.status, refused.value.code) == (413, 40005)
        assert len(bot.discord.breaches) == int(told)
    assert bot.discord.world.post(anna.place.id, {}, {0: ("a.jpg", b"x" * 10)}).files


async def test_links_to_files_die_after_a_day_and_are_not_to_be_guessed(bot: Bot) -> None:
    shown = await somebody(bot).writes("look", b"not a picture")
    [file] = shown.files
    link = bot.discord.cdn.link(file)
    assert (await bot.http.get(link)).content == b"not a picture"
    assert (await bot.http.get(link.partition("?")[0])).status_code == 404
    assert (await bot.http.get(link + "0")).status_code == 404
    bot.discord.ahead += 25 * 3600
    assert (await bot.http.get(link)).status_code == 404


async def test_faults_come_as_scripted_and_then_no_more(bot: Bot) -> None:
    anna = somebody(bot)
    path, body = MESSAGES.format(anna.place.id), {"content": "x"}
    bot.discord.faults += [flood("POST /channels/.*", 2, everywhere=True), broken("POST .*")]
    bot.discord.faults += [Fault("POST .*"), Fault("POST .*", lost=True)]
    status, told = await bot.does("POST", path, body)
    assert (status, told["global"], told["retry_after"]) == (429, True, 2)
    with pytest.raises(ValueError, match="Expecting value"):
        await bot.does("POST", path, body)
    for seen in (0, 1):  # before and after it was carried out
        with pytest.raises(httpx.RemoteProtocolError):
            await bot.does("POST", path, body)
        assert len(anna.sees) == seen
    assert (await bot.does("POST", path, body))[0] == 200


async def test_more_calls_than_a_bucket_holds_have_to_wait(bot: Bot) -> None:
    anna = somebody(bot)
    bot.discord.buckets.narrow["POST /channels/.*"] = (2, 60.0)
    statuses = [(await bot.does("POST", MESSAGES.format(anna.place.id), {"content": "x"}))[0] for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert bot.discord.buckets.exceeded == 1


async def test_people_are_only_shown_what_is_registered_for_them(bot: Bot) -> None:
    anna = somebody(bot)
    option = {"name": "photo", "description": "x", "type": 11, "required": True}
    command = {"name": "style", "description": "x", "options": [option], "contexts": [1]}
    manage = {"name": "settings", "description": "x", "default_member_permissions": 1 << 5, "integration_types": [0]}
    await bot.does("PUT", f"/applications/{ME.id}/commands", [command, manage])
    dm = anna.dms
    for refused, words in (
        (anna.types("style", photo=b"x"), "this kind of chat"),
        (anna.types("settings"), "not shown to them"),
        (dm.types("paint"), "no command paint"),
        (dm.types("style"), "needs"),
        (dm.types("style", photo="x"), "no option of type 11"),
        (dm.types("style", photo=b"x", colour="red"), "has only the options"),
        (dm.suggests("style", "photo", "x"), "no option of type 11"),
    ):
        with pytest.raises(AssertionError, match=words):
            await refused
    assert bot.discord.breaches == []
