"""Groups over time: the bot is added and removed, admins change settings, the group migrates."""

from pathlib import Path

import pytest

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import change_membership, migrate_group
from tests.harness.telegram import GROUP, telegram_harness

NEW = -2002


@pytest.mark.parametrize("now", ["member", "administrator"])
async def test_adding_the_bot_to_a_group_sends_one_greeting(tmp_path: Path, now: str) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.member(1)
        await change_membership(anna, now=now)
        await harness.api.until(lambda: anna.sees)
        await change_membership(anna, was=now, now="administrator")
        await harness.api.handled()
        [hello] = anna.sees
        assert "/style" in hello.text


@pytest.mark.parametrize(("was", "now"), [("member", "kicked"), ("member", "left"), ("administrator", "member")])
async def test_being_removed_or_demoted_sends_nothing(tmp_path: Path, was: str, now: str) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.member(1)
        await change_membership(anna, was=was, now=now)
        await change_membership(harness.person(2), was="member", now="kicked")  # blocked in private
        await change_membership(harness.person(3), was="kicked", now="member")
        await harness.api.handled()
        assert harness.api.count("sendMessage") == 0


async def test_only_admins_change_settings_and_admin_lookups_are_cached(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, ben = harness.member(1), harness.member(2)
        harness.api.groups.admins.add((GROUP, 1))
        await ben.says("/settings")
        await harness.api.until(lambda: len(ben.sees) == 1)
        assert "Only admins can" in ben.sees[0].text
        for number in (2, 3):
            await anna.says("/settings")
            await harness.api.until(lambda number=number: len(anna.sees) == number)  # type: ignore[misc]
        assert anna.sees[1].rows
        assert harness.api.count("getChatMember") == 2


async def test_a_change_of_the_bots_status_clears_cached_admins(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.member(1)
        await anna.says("/settings")
        await harness.api.until(lambda: anna.sees)
        harness.api.groups.admins.add((GROUP, 1))
        await change_membership(anna, was="member", now="administrator")
        await anna.says("/settings")
        await harness.api.until(lambda: len(anna.sees) == 2)
        assert anna.sees[1].rows


@pytest.mark.parametrize("sides", [("old", "new"), ("new",)], ids=["reported-twice", "reported-there"])
async def test_jobs_continue_after_a_group_becomes_a_supergroup(tmp_path: Path, sides: tuple[str, ...]) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna, there = harness.member(1), harness.member(1, chat=NEW)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.sees)
        await migrate_group(anna, NEW, sides=sides)
        (tmp_path / "go").touch()
        await harness.api.until(lambda: there.pictures)
        [card] = there.sees
        assert card.text == "🎨 Anime"
        assert not anna.pictures
        await there.presses(card, "Again")
        await harness.api.until(lambda: len(there.pictures) == 2)
        assert await harness.units(anna) == (2, 0)


async def test_an_album_is_sent_to_the_migrated_groups_new_chat(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna, there = harness.member(1), harness.member(1, chat=NEW)
        await anna.sends_album([portrait_jpeg(shade=1), portrait_jpeg(shade=90)], caption="/style 2")
        await harness.api.until(lambda: anna.sees)
        await migrate_group(anna, NEW)
        (tmp_path / "go").touch()
        await harness.api.until(
            lambda: len(there.pictures) == 2 and any("All 2" in message.text for message in there.sees)
        )
        assert len(there.sees) == 3


async def test_a_command_in_a_just_migrated_group_is_answered_in_the_new_chat(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna, there = harness.member(1), harness.member(1, chat=NEW)
        await migrate_group(anna, NEW, sides=())
        await anna.says("/queue")  # sent just before the migration, processed just after
        await harness.api.until(lambda: there.sees)
        assert "The queue is empty" in there.sees[0].text
