"""Keeps updates apart that nobody can read. The library reads a batch whole or not at all: one update that it stumbles
over would come again for ever, and hold up everything behind it."""

import json
from typing import Any

import structlog
from telegram import Update
from telegram.request import HTTPXRequest

log = structlog.get_logger(__name__)


class SievingRequest(HTTPXRequest):
    """The connection for getUpdates, with `sieved` behind it."""

    async def do_request(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        status, payload = await super().do_request(*args, **options)
        return status, sieved(payload) if status == 200 else payload


def sieved(payload: bytes) -> bytes:
    """The same answer, but of an update that cannot be read only its number is left (it is nothing for us then, and
    gets acknowledged); what has no number goes. What is no list of updates stays as it is."""
    try:
        answer: Any = json.loads(payload)
    except ValueError:
        return payload
    updates = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(updates, list) or all(map(_is_readable, updates)):
        return payload
    answer["result"] = [kept for update in updates if (kept := _kept(update)) is not None]
    return json.dumps(answer).encode()


def _kept(update: Any) -> Any:
    if _is_readable(update):
        return update
    number = update.get("update_id") if isinstance(update, dict) else None
    log.error("an update could not be read", update=number if _is_number(number) else None)
    return {"update_id": number} if _is_number(number) else None


def _is_readable(update: Any) -> bool:
    try:
        return _is_number(Update.de_json(update, None).update_id)
    except Exception:  # noqa: BLE001  # the library may raise anything over what it does not expect
        return False


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62
