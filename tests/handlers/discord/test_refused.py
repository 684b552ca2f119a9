"""A finished picture that a channel refuses comes by the interaction, in a new message or in private: refusals of real
channels (`tests/fakes/cases`), replayed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.domain.job_view import State
from tests import ROOT
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.faults import LastingRefusal
from tests.fakes.discord_api.people import SimulatedUser
from tests.fakes.discord_api.shown_messages import Message
from tests.harness.discord import DiscordApp, discord_app

Json = Any
CASES = json.loads((ROOT / "tests" / "fakes" / "cases" / "discord-result-refused.json").read_text("utf-8"))


def refuse(app: DiscordApp, anna: SimulatedUser, token: str, rules: list[Json]) -> None:
    for rule in rules:
        path = rule["path"].replace("CHANNEL", str(anna.channel.id)).replace("TOKEN", re.escape(token))
        method = ".*" if rule["method"] == "*" else rule["method"]
        body = {"message": rule["message"], "code": rule["code"]}
        app.discord.refusals.append(LastingRefusal(method, path, rule["status"], body, rule.get("files", False)))


async def request(app: DiscordApp, anna: SimulatedUser, **options: Json) -> tuple[str, Message]:
    """A request whose picture is being painted: its interaction's token, and its card."""
    interaction = await anna.use_command("style", photo=portrait_jpeg(512, 512), style="7", **options)
    await app.discord.wait_until(lambda: any("Painting" in message.text for message in anna.messages))
    return interaction.token, anna.messages[-1]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
async def test_a_refused_picture_is_shown_some_other_way(tmp_path: Path, case: Json) -> None:
    async with discord_app(tmp_path, until=tmp_path / "go") as app:
        anna = app.member(1)
        token, card = await request(app, anna, **({"private": True} if case.get("private") else {}))
        refuse(app, anna, token, case["refuse"])
        if case.get("card_gone"):
            app.discord.state.delete_message(card)
        (tmp_path / "go").touch()
        await app.discord.wait_until(lambda: anna.pictures or anna.in_dm.pictures, 15)
        if case.get("editable", True):
            await app.discord.wait_until(lambda: not any("%" in message.text for message in anna.messages), 15)
        await _history_brings_the_picture(app, anna)
        assert await app.units(anna) == (1, 0)


async def test_without_interaction_the_picture_comes_in_private_and_the_card_says_so(tmp_path: Path) -> None:
    async with discord_app(tmp_path, until=tmp_path / "go") as app:
        anna = app.member(1)
        token, _ = await request(app, anna)
        refuse(app, anna, token, [*_rules("50013-attach-files"), *_rules("private-and-15-minutes-over-stays")])
        (tmp_path / "go").touch()
        await anna.in_dm.wait_for_pictures()
        await app.discord.wait_until(lambda: "sent it to you in private" in anna.messages[-1].text)
        assert len(anna.messages) == 1


async def test_with_private_messages_closed_the_card_says_where_the_picture_is(tmp_path: Path) -> None:
    async with discord_app(tmp_path, until=tmp_path / "go") as app:
        anna = app.member(1)
        token, _ = await request(app, anna)
        refuse(app, anna, token, [*_rules("50013-attach-files"), *_rules("private-and-15-minutes-over-stays")])
        app.discord.state.dms_closed.add(anna.user.id)
        (tmp_path / "go").touch()
        await app.discord.wait_until(lambda: "waiting for you in" in anna.messages[-1].text)
        assert not anna.pictures
        await _history_brings_the_picture(app, anna)


async def test_where_no_card_can_be_shown_nothing_is_painted_and_the_person_learns_it(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.member(1)
        app.discord.refusals.append(
            LastingRefusal(".*", "^/(channels|webhooks)/.*", 403, {"message": "Missing Access", "code": 50001})
        )
        await anna.use_command("style", photo=portrait_jpeg(512, 512), style="7")
        app.discord.refusals[0] = LastingRefusal(
            ".*",
            f"^/(channels/{anna.channel.id}|webhooks)/.*",
            403,
            {"message": "Missing Access", "code": 50001},
        )
        await app.discord.wait_until(lambda: any("didn't paint it" in message.text for message in anna.in_dm.messages))
        [view] = await app.installation.services.queries.history(anna.person)
        assert view.state is State.FAILED
        assert await app.units(anna) == (0, 0)
        app.discord.refusals.clear()


def _rules(name: str) -> list[Json]:
    return next(list(case["refuse"]) for case in CASES if case["name"] == name)


async def _history_brings_the_picture(app: DiscordApp, anna: SimulatedUser) -> None:
    other = SimulatedUser(
        app.discord, anna.user, app.discord.state.channel(anna.channel.id + 1000, guild=anna.channel.guild)
    )
    listed = await other.wait_for_answer(await other.use_command("history"))
    opened = await other.press(listed, "🖼 1")
    await app.discord.wait_until(lambda: other.pictures)
    assert opened
