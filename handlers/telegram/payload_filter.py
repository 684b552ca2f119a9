"""Keeps updates apart that nobody can read. The library reads a batch whole or not at all: one update that it stumbles
over would come again for ever, and hold up everything behind it."""

import json
from collections import deque
from typing import Any

import structlog
from telegram import Update
from telegram.request import HTTPXRequest

log = structlog.get_logger(__name__)


REMEMBERED = 100  # updates that were complained about


class SievingRequest(HTTPXRequest):
    """The connection for getUpdates, with `sieved` behind it. What comes again is complained about once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._told: deque[object] = deque(maxlen=REMEMBERED)

    async def do_request(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        status, payload = await super().do_request(*args, **options)
        if status != 200:
            return status, payload
        kept, unreadable = sieved(payload)
        for number in unreadable:
            if number not in self._told:
                self._told.append(number)
                log.error("an update could not be read", update=number)
        return status, kept


def sieved(payload: bytes) -> tuple[bytes, tuple[int | None, ...]]:
    """The same answer, but of an update that cannot be read only its number is left (it is nothing for us then, and
    gets acknowledged); what has no number goes. What is no list of updates stays as it is. And the numbers of these."""
    try:
        answer: Any = json.loads(payload)
    except ValueError:
        return payload, ()
    updates = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(updates, list) or all(map(_is_readable, updates)):
        return payload, ()
    unreadable = tuple(_number(update) for update in updates if not _is_readable(update))
    kept = [update if _is_readable(update) else {"update_id": _number(update)} for update in updates]
    answer["result"] = [update for update in kept if update["update_id"] is not None]
    return json.dumps(answer).encode(), unreadable


def _number(update: Any) -> int | None:
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if _is_number(number) else None


def _is_readable(update: Any) -> bool:
    try:
        return _is_number(Update.de_json(update, None).update_id)
    except Exception:  # noqa: BLE001  # the library may raise anything over what it does not expect
        return False


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62
