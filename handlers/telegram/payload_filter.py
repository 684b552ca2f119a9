"""Filters out updates that the library can't parse. It parses a batch as a whole, so a single bad update would be
delivered again for ever and block all that follow.
"""

import json
from collections import deque
from typing import Any

import structlog
from telegram import Update
from telegram.request import HTTPXRequest

log = structlog.get_logger(__name__)

MAX_LOGGED = 100  # ids of logged updates remembered


class FilteringRequest(HTTPXRequest):
    """The connection for getUpdates: responses pass through `filter_updates`. Each bad update is logged once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._logged: deque[object] = deque(maxlen=MAX_LOGGED)

    async def do_request(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        status, payload = await super().do_request(*args, **options)
        if status != 200:
            return status, payload
        filtered, unreadable = filter_updates(payload)
        for update_id in unreadable:
            if update_id not in self._logged:
                self._logged.append(update_id)
                log.error("an update could not be parsed", update=update_id)
        return status, filtered


def filter_updates(payload: bytes) -> tuple[bytes, tuple[int | None, ...]]:
    """The response without unparsable updates, and the ids of those.

    Of a bad update only its `update_id` is kept, so that it is acknowledged; one without a valid id is dropped. A
    response that isn't a list of updates is returned unchanged.
    """
    try:
        response: Any = json.loads(payload)
    except ValueError:
        return payload, ()
    updates = response.get("result") if isinstance(response, dict) else None
    if not isinstance(updates, list) or all(map(_is_readable, updates)):
        return payload, ()
    unreadable = tuple(_update_id(update) for update in updates if not _is_readable(update))
    kept = [update if _is_readable(update) else {"update_id": _update_id(update)} for update in updates]
    response["result"] = [update for update in kept if update["update_id"] is not None]
    return json.dumps(response).encode(), unreadable


def _update_id(update: Any) -> int | None:
    update_id = update.get("update_id") if isinstance(update, dict) else None
    return update_id if _is_update_id(update_id) else None


def _is_readable(update: Any) -> bool:
    try:
        return _is_update_id(Update.de_json(update, None).update_id)
    except Exception:  # noqa: BLE001  # the library may raise anything for unexpected JSON
        return False


def _is_update_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62
