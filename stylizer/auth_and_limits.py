"""What every API call passes first: whose call it is, whether it comes too fast, and how large its body may be."""

import asyncio
import hmac
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from stylizer.errors import (
    BODY_TOO_LARGE,
    BODY_TOO_SLOW,
    BODY_WITHOUT_END,
    INVALID_BODY,
    INVALID_KEY,
    TOO_FAST,
    Refused,
)
from stylizer.limits import RateLimit
from stylizer.settings import MAX_IMAGE_BYTES, MIB, StylizerSettings
from stylizer.signing import account_of

MAX_JSON = 2 * (MAX_IMAGE_BYTES * 4 // 3) + MIB  # two pictures as data URLs, and room to move
MAX_FORM = MAX_IMAGE_BYTES + MIB
BODY_SECONDS = 60


class Gate:
    """Counts each kind of call on its own, for each account."""

    def __init__(self, settings: StylizerSettings, clock: Callable[[], float]) -> None:
        self._accounts = frozenset(map(account_of, settings.keys))
        self.submits = RateLimit(settings.submits_per_second, clock)
        self.queries = RateLimit(settings.queries_per_second, clock)
        self.lists = RateLimit(settings.queries_per_second, clock)
        self.cancels = RateLimit(settings.queries_per_second, clock)
        self.policies = RateLimit(settings.queries_per_second, clock)

    def admit(self, request: Request, limit: RateLimit) -> str:
        """The account that makes this call. Raises Refused without a right key, or over the limit."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        account = account_of(key.strip())
        known = [hmac.compare_digest(account, one) for one in self._accounts]
        if scheme.lower() != "bearer" or not key.strip() or not (any(known) or not self._accounts):
            raise Refused(INVALID_KEY)
        if not limit.allows(account):
            raise Refused(TOO_FAST)
        return account


async def read_body(request: Request, most: int, *, seconds: float = BODY_SECONDS) -> bytes:
    """The whole body, if it has at most `most` bytes and comes within `seconds`. Raises Refused."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdigit() and len(declared) < 20 and int(declared) > most:
        raise Refused(BODY_TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise Refused(BODY_WITHOUT_END)
    except TimeoutError as error:
        raise Refused(BODY_TOO_SLOW) from error
    return bytes(body)


async def read_json(request: Request) -> Any:
    """The body as JSON. Raises Refused."""
    body = await read_body(request, MAX_JSON)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(INVALID_BODY) from error
