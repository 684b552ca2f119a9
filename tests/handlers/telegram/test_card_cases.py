"""What cards say, in updates of real chats (`tests/fakes/cases/words-cards.json`), replayed."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from bot.domain.styles import ALL_INDICES
from bot.messaging.style_samples import is_sample_sheet
from tests import ROOT
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.people import ChatUser
from tests.harness.telegram import TelegramHarness, telegram_harness

Json = Any
CASES = {case["name"]: case for case in json.loads((ROOT / "tests/fakes/cases/words-cards.json").read_text("utf-8"))}


async def answers(harness: TelegramHarness, name: str) -> list[ChatMessage]:
    """What the bot says to each update of a case."""
    found = []
    for update in CASES[name]["updates"]:
        message = update["message"]
        for photo in message.get("reply_to_message", message).get("photo", ()):
            harness.api.files[photo["file_id"]] = portrait_jpeg()
        user = ChatUser(harness.api, message["from"]["id"], message["chat"]["id"])
        await harness.api.push(update)
        await harness.api.until(partial(_has_answer, user))
        found.append(user.sees[-1])
    return found


def _has_answer(user: ChatUser) -> bool:
    return bool(user.sees)


def labels(message: ChatMessage) -> list[str]:
    return [label for row in message.rows for label, _ in row]


async def test_the_help_in_a_group_is_short_with_a_way_to_the_rest(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        private, group = await answers(harness, "help-in-a-group")
        assert len(group.text) <= len(private.text) / 2
        assert labels(group) == ["What else I can do"]


async def test_the_question_of_a_style_shows_samples(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        [question] = await answers(harness, "style-card-shows-samples")
        assert is_sample_sheet(question.photo or b"")


async def test_the_page_one_is_on_is_named(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, styles=ALL_INDICES) as harness:
        [question] = await answers(harness, "page-label-says-where-one-is")
        assert {"◀", "1/3", "▶"} <= set(labels(question))


async def test_the_question_of_consent_names_who_asks_and_whose_photo_it_is(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        [question] = await answers(harness, "consent-names-both")
        assert question.text.startswith("Bertil: Anna would like to paint your photo. May they?")
        assert "🎨 Colourful cartoon" in question.text
