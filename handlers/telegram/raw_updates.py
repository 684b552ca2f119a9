"""Takes updates out of the answers to getUpdates as they are, before the library parses them.

Updates are stored as Telegram sent them. The library parses a batch as a whole, so a single update that it can't parse
would be delivered again for ever and block all that follow.
"""

import json
from typing import Any

from telegram.request import HTTPXRequest

Json = Any


class RawUpdates:
    """The updates of the last answer."""

    def __init__(self) -> None:
        self._updates: list[Json] = []

    def put(self, updates: list[Json]) -> None:
        self._updates = updates

    def take(self) -> list[Json]:
        """Return them once."""
        updates, self._updates = self._updates, []
        return updates


class RawUpdatesRequest(HTTPXRequest):
    """The connection for getUpdates: updates go to `received`, and the library gets an empty list."""

    def __init__(self, received: RawUpdates, **options: Any) -> None:
        super().__init__(**options)
        self._received = received

    async def do_request(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        status, payload = await super().do_request(*args, **options)
        if status == 200:
            payload, updates = split_updates(payload)
            self._received.put(updates)
        return status, payload


def split_updates(payload: bytes) -> tuple[bytes, list[Json]]:
    """The response without updates, and the updates. One that isn't a list of updates is returned unchanged."""
    try:
        response: Json = json.loads(payload)
    except (ValueError, RecursionError):
        return payload, []
    updates = response.get("result") if isinstance(response, dict) else None
    if not isinstance(updates, list):
        return payload, []
    return json.dumps(response | {"result": []}).encode(), updates
