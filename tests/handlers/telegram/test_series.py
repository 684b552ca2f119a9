"""Photos that belong together: albums with late or different captions, single photos in a row, edited captions."""

from copy import deepcopy
from pathlib import Path

import pytest

from bot.domain.styles import INDICES
from bot.runtime.clock import WallClock
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.actions import edit_caption
from tests.handlers.telegram.test_chat_cases import Json, Replay, cases, painted
from tests.harness.telegram import telegram_harness

UNHURRIED = 2.0  # times as fast as life, so that a busy machine parts no photos


@pytest.mark.parametrize("case", cases("words-albums"), ids=lambda case: str(case["name"]))
async def test_photos_that_come_together_are_painted_as_their_captions_say(tmp_path: Path, case: Json) -> None:
    waits = [wait for wait, _ in case.get("items", [])]
    async with telegram_harness(tmp_path, styles=INDICES, handler_clock=WallClock(UNHURRIED)) as harness:
        for number in (1, 2, 3):
            harness.api.files[f"PHOTO{number}"] = portrait_jpeg(shade=20 * number)
        replay = Replay(harness, case)
        for number, update in enumerate(case["updates"]):
            if number < len(waits) and waits[number]:
                await harness.api.handled()
            await harness.api.push(await replay.translated(deepcopy(update)))
        assert await painted(harness, replay, case.get("styles") or [0] * case["n"]) == ""
        if case["kind"] == "singles":
            await harness.api.until(lambda: len(replay.user.sees) == 4)  # one card, and the pictures


async def test_what_stands_between_photos_parts_them_and_ten_are_enough(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, handler_clock=WallClock(UNHURRIED)) as harness:
        anna, ben = harness.person(1), harness.person(2)
        for number in (1, 2):
            await anna.sends(portrait_jpeg(shade=number))
        await anna.says("/quota")
        await anna.sends(portrait_jpeg(shade=3))
        for number in range(12):
            await ben.sends(portrait_jpeg(shade=number))
        await harness.api.until(lambda: len(anna.sees) == 3 and len(ben.sees) == 2)
        assert sum("these 2 photos" in message.text for message in anna.sees) == 1
        asked = " ".join(message.text for message in ben.sees)
        assert "these 10 photos" in asked
        assert "these 2 photos" in asked


async def test_a_caption_edited_while_it_is_painted_costs_no_second_unit(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, until=tmp_path / "go") as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        message, queries = anna.last, harness.app.services.queries

        await harness.api.until(lambda: any("ainting" in one.text and "%" in one.text for one in anna.sees))
        await edit_caption(anna, message, "/style 4")
        await harness.api.until(lambda: any("already painting it: Anime" in one.text for one in anna.sees))
        (tmp_path / "go").touch()
        await harness.api.until(lambda: anna.pictures)
        assert await harness.units(anna) == (1, 0)
        assert [job.style for job in await queries.history(anna.person)] == [2]
        await edit_caption(anna, message, "/style 4")
        await harness.api.until(lambda: len(anna.pictures) == 2)
