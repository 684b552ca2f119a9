"""What Telegram sends is stored as it is; an update that can't be read or stored doesn't affect others."""

import json
from pathlib import Path
from typing import Any

import pytest

from handlers.telegram.raw_updates import split_updates
from handlers.telegram.update_intake import update_id
from tests.handlers.telegram import BY_BOTH
from tests.harness.telegram import telegram_harness

GOOD: Any = {
    "update_id": 7,
    "message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "hi"},
}
LONE_SURROGATE = "\ud800"


def answer(*updates: Any) -> bytes:
    return json.dumps({"ok": True, "result": list(updates)}).encode()


@pytest.mark.parametrize(
    "payload",
    [
        answer(),
        b"",
        b"<html>",
        b"[]",
        b'{"ok": false, "error_code": 409}',
        b'{"ok": true, "result": true}',
        b"[" * 100_000,
    ],
)
def test_responses_without_updates_pass_unchanged(payload: bytes) -> None:
    assert split_updates(payload) == (payload, [])


def test_updates_are_taken_out_as_they_are() -> None:
    odd = {"update_id": 8, "message": 7}
    left, updates = split_updates(answer(GOOD, odd))
    assert json.loads(left) == {"ok": True, "result": []}
    assert updates == [GOOD, odd]


@pytest.mark.parametrize("number", ["8", None, True, 10**30, 1.5])
def test_an_update_without_a_valid_id_is_none(number: Any) -> None:
    assert update_id({"update_id": number}) is None
    assert update_id([number]) is None
    assert update_id(GOOD) == 7


@BY_BOTH
@pytest.mark.usefixtures("database_kind")
async def test_bad_updates_do_not_hold_good_ones(tmp_path: Path, *, by_webhook: bool) -> None:
    async with telegram_harness(tmp_path, by_webhook=by_webhook) as harness:
        anna = harness.person(1)
        bad: tuple[Any, ...] = (
            7,
            {"message_id": 1},
            {"message_id": 1, "date": 1, "chat": None},
            {"chat": {"id": []}},
            {"text": "x" * 300_000},
        )
        unstorable = {"id": "1", "from": anna.user(), "chat_instance": "1", "inline_message_id": LONE_SURROGATE}
        for odd in bad:
            await harness.api.push({"message": odd})
            await harness.api.push({"callback_query": odd})
        await harness.api.push({"callback_query": unstorable | {"data": "page:1"}})
        await anna.says("/help")
        await harness.api.until(lambda: anna.sees)
        await harness.api.handled()
