"""The bot's profile: menus for every scope and language, descriptions, and no needless calls."""

import json
from pathlib import Path

from tests.fakes.telegram_api.server import bad_gateway, bot_api
from tests.harness.telegram import telegram_harness

SETTERS = ("setMyCommands", "setMyDescription", "setMyShortDescription")
SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators", "chat"}


async def test_every_scope_has_its_menu_in_every_language(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, admins="telegram:42,web:1", stars_packages="10:50") as harness:
        await harness.api.until(lambda: len(harness.api.profile.short_descriptions) == 2)
        profile = harness.api.profile
        menus = {(json.loads(scope)["type"], language): names for (scope, language), names in profile.commands.items()}
        assert set(menus) == {(scope, language) for scope in SCOPES for language in ("", "zh")}
        names = {key: [one["command"] for one in menu] for key, menu in menus.items()}
        assert all(names[scope, ""] == names[scope, "zh"] for scope in SCOPES)
        assert all(menus[scope, ""] != menus[scope, "zh"] for scope in SCOPES)
        assert names["chat", ""] == ["admin", *names["all_private_chats", ""]]
        assert names["all_chat_administrators", ""] == ["settings", *names["all_group_chats", ""]]
        assert "buy" in names["all_private_chats", ""]
        assert all(profile.descriptions.values())
        assert '"chat_id": 42' in "".join(scope for scope, _ in profile.commands)


async def test_a_second_start_sets_nothing_that_is_already_set(tmp_path: Path) -> None:
    async with bot_api() as api:
        for start in (1, 2):
            async with telegram_harness(tmp_path, api=api):
                await api.until(lambda start=start: api.count("getMyShortDescription") == 2 * start)  # type: ignore[misc]
                await api.until(lambda: len(api.profile.short_descriptions) == 2)
        assert {method: api.count(method) for method in SETTERS} == {
            "setMyCommands": 8,
            "setMyDescription": 2,
            "setMyShortDescription": 2,
        }


async def test_a_bot_whose_menu_cannot_be_set_still_answers(tmp_path: Path) -> None:
    async with bot_api() as api:
        api.faults += [bad_gateway(method, times=1000) for method in (*SETTERS, "getMyCommands")]
        async with telegram_harness(tmp_path, api=api) as harness:
            anna = harness.person(1)
            await anna.says("/quota")
            await api.until(lambda: anna.sees)
