"""The fake Discord is strict: it records everything that Discord would refuse."""

from typing import Any

import pytest

from tests.fakes.discord_api.commands import CommandRegistry
from tests.fakes.discord_api.limits import EPHEMERAL, message_violations, modal_violations
from tests.fakes.discord_api.server import BOT_USER, DiscordServer
from tests.fakes.discord_api.spec import specification, specification_path
from tests.fakes.discord_api.state import ApiError

Json = Any
needs_specification = pytest.mark.skipif(
    specification_path() is None,
    reason="no discord-openapi.json here: calls are checked against the prose rules only",
)
CHANNEL = "/channels/1240000000000000000/messages"


def button(**fields: Json) -> Json:
    return {"type": 2, "style": 2, "label": "Go", "custom_id": "go:1", **fields}


def row(*parts: Json) -> Json:
    return {"type": 1, "components": list(parts)}


def select(*values: str, **fields: Json) -> Json:
    options = [{"label": value, "value": value} for value in values]
    return {"type": 3, "custom_id": "pick:0", "options": options, **fields}


@needs_specification
def test_a_valid_message_has_no_violations() -> None:
    embed = {"title": "Hello", "image": {"url": "attachment://a.jpg"}, "color": 255}
    body = {"content": "x", "embeds": [embed], "components": [row(button()), row(select("a", "b"))], "tts": False}
    body |= {"attachments": [{"id": 0, "filename": "a.jpg", "description": "a picture"}], "nonce": "1"}
    assert specification().check_call("POST", CHANNEL, {}, body) == []


@needs_specification
@pytest.mark.parametrize(
    ("call", "violation"),
    [
        (("POST", "/channels/5/paintings", {}, {}), "no such call"),
        (("POST", CHANNEL, {}, {"content": "x", "colour": "red"}), "body has no field colour"),
        (("POST", CHANNEL, {"wait": "1"}, {"content": "x"}), "no parameter wait"),
        (("POST", CHANNEL, {}, {"content": 5}), "body.content is no string or null"),
        (("POST", CHANNEL, {}, None), "has no body"),
        (("POST", "/channels/home/messages", {}, {"content": "x"}), "is not written as"),
        (("POST", CHANNEL, {}, {"components": [row(button(custom_id="x" * 101))]}), "custom_id has 101 characters"),
        (("POST", CHANNEL, {}, {"components": [row(button(label="x" * 81))]}), "label has 81 characters"),
        (("POST", CHANNEL, {}, {"components": [row(button(colour=3))]}), "has no field colour"),
        (("POST", CHANNEL, {}, {"components": [row(select())]}), "options has 0 items"),
        (("POST", CHANNEL, {}, {"components": [row(select(*map(str, range(26))))]}), "options has 26 items"),
        (("POST", CHANNEL, {}, {"embeds": [{"title": "x" * 257}]}), "title has 257 characters"),
        (("POST", CHANNEL, {}, {"embeds": [{"image": {"url": "a.jpg"}}]}), "is no address"),
        (("POST", CHANNEL, {}, {"message_reference": {}}), "message_id is missing"),
        (("PUT", "/applications/5/commands", {}, [{"description": "x"}]), "name is missing"),
        (("PUT", "/applications/5/commands", {}, [{"name": "x", "contexts": [0, 0]}]), "has something twice"),
        (("POST", "/interactions/5/t/callback", {}, {"type": 12345}), "is none of"),
        (("POST", "/interactions/5/t/callback", {}, {"type": 9, "data": {"title": "x"}}), "components is missing"),
        (("PATCH", "/webhooks/5/t/messages/@original", {}, {"content": "x" * 2001}), "content has 2001 characters"),
    ],
)
def test_unknown_missing_and_wrong_parts_of_a_call_are_violations(call: tuple[Any, ...], violation: str) -> None:
    found = specification().check_call(*call)
    assert any(violation in one for one in found), found


@needs_specification
def test_the_fakes_own_responses_are_checked_too() -> None:
    assert specification().check_response("GET", "/users/@me", 200, {"id": "1"})
    assert specification().check_response("POST", CHANNEL, 418, {}) == [
        "answer.code is missing",
        "answer.message is missing",
    ]


@pytest.mark.parametrize(
    ("body", "violation"),
    [
        ({}, "the message is empty"),
        ({"content": "x" * 2001}, "longer than 2000"),
        ({"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]}, "6001 characters"),
        ({"embeds": [{"color": 5}]}, "an embed is empty"),
        ({"content": "x", "flags": EPHEMERAL}, "flags may not be set"),
        ({"components": [row(button(custom_id=str(at))) for at in range(6)]}, "at most five rows"),
        ({"components": [row(button(), button())]}, "two components are called go:1"),
        ({"components": [row(select("a"), button())]}, "a select shares its row"),
        ({"components": [row(select("a", "a"))]}, "an option twice"),
        ({"components": [row(select("a", min_values=0, max_values=2))]}, "takes 0 to 2"),
        ({"components": [row(button(style=5))]}, "a button of style 5"),
        ({"components": [row(button(label=""))]}, "a button says nothing"),
        ({"components": [button()]}, "at most five rows"),
        ({"content": "x", "attachments": [{"id": 3}]}, "attachment 3 is no file"),
        ({"embeds": [{"image": {"url": "attachment://b.jpg"}}]}, "attachment://b.jpg is no file"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["5"]}}, "and parses them"),
    ],
)
def test_rules_for_messages_in_discords_prose_are_checked(body: Json, violation: str) -> None:
    [found] = message_violations(body, {}, new=True, ephemeral_allowed=False)
    assert violation in found


def test_an_empty_file_is_a_violation() -> None:
    [found] = message_violations({}, {0: ("a", b"")}, new=True, ephemeral_allowed=False)
    assert found == "a is empty"
    assert message_violations({}, {0: ("a", b"x")}, new=True, ephemeral_allowed=False) == []


def test_an_embed_may_show_a_kept_file_but_not_a_removed_one() -> None:
    embed = {"image": {"url": "attachment://a.jpg"}}
    kept = {"7": "a.jpg"}
    body = {"embeds": [embed], "attachments": [{"id": "7"}]}
    assert message_violations(body, {}, new=False, ephemeral_allowed=False, kept=kept) == []
    body = {"embeds": [embed], "attachments": []}
    assert len(message_violations(body, {}, new=False, ephemeral_allowed=False, kept=kept)) == 1


def test_modals_have_at_most_five_fields_with_distinct_custom_ids() -> None:
    fields = [{"type": 18, "label": "x", "component": {"type": 19, "custom_id": str(at // 2)}} for at in range(6)]
    assert len(modal_violations({"components": fields})) == 4


@pytest.mark.parametrize(
    ("commands", "violation"),
    [
        ([{"name": "style"}], "must have a description"),
        ([{"name": "Repaint avatar", "type": 2, "description": "x"}], "must not have a description"),
        ([{"name": "Style", "description": "x"}], "'Style' is no name"),
        ([{"name": "my style", "description": "x"}], "'my style' is no name"),
        ([{"name": "style", "description": "x"}] * 2, "two commands are called style"),
        ([{"name": f"do {at}", "type": 3} for at in range(16)], "16 commands of type 3"),
        (
            [
                {
                    "name": "s",
                    "description": "x",
                    "options": [{"name": "a", "type": 3}, {"name": "b", "type": 3, "required": 1}],
                }
            ],
            "after what is optional",
        ),
        (
            [
                {
                    "name": "s",
                    "description": "x",
                    "options": [{"name": "a", "type": 3, "choices": [{"name": 1, "value": 1}], "autocomplete": 1}],
                }
            ],
            "has choices and completes",
        ),
        ([{"name": "s", "description": "x" * 8000}], "longer than 8000"),
    ],
)
def test_invalid_commands_are_violations(commands: list[Json], violation: str) -> None:
    discord = DiscordServer()
    with pytest.raises(ApiError):
        CommandRegistry(discord.state).replace_all(commands)
    assert any(violation in found for found in discord.violations), discord.violations


def test_commands_keep_their_ids_when_they_are_registered_again() -> None:
    commands = CommandRegistry(DiscordServer().state)
    [first] = commands.replace_all([{"name": "style", "description": "x"}])
    [second] = commands.replace_all([{"name": "style", "description": "y"}])
    assert (first["id"], second["description"], second["application_id"]) == (second["id"], "y", str(BOT_USER.id))
