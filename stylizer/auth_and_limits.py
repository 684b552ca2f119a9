"""What every API call passes first: authentication, rate limit, and the limit on its body."""

import asyncio
import hmac
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from stylizer.errors import (
    BODY_OVERRUN,
    BODY_TOO_LARGE,
    BODY_TOO_SLOW,
    INVALID_BODY,
    INVALID_KEY,
    RATE_LIMITED,
    Refused,
    invalid_parameter,
)
from stylizer.limits import RateLimit
from stylizer.settings import MAX_IMAGE_BYTES, MIB, StylizerSettings
from stylizer.signing import account_id
from stylizer.testing_faults import HEADER, Place, WantedFault, parse_testing_fault

MAX_JSON = 2 * (MAX_IMAGE_BYTES * 4 // 3) + MIB  # two pictures as data URLs, and some slack
MAX_FORM = MAX_IMAGE_BYTES + MIB
BODY_SECONDS = 60


class AuthAndLimits:
    """Authenticates calls, and limits each kind of call separately for each account."""

    def __init__(self, settings: StylizerSettings, clock: Callable[[], float]) -> None:
        self._accounts = frozenset(map(account_id, settings.keys))
        self._testing_faults = settings.testing_faults
        self.submits = RateLimit(settings.submits_per_second, clock)
        self.queries = RateLimit(settings.queries_per_second, clock)
        self.lists = RateLimit(settings.queries_per_second, clock)
        self.cancels = RateLimit(settings.queries_per_second, clock)
        self.policies = RateLimit(settings.queries_per_second, clock)

    def authenticate(self, request: Request, limit: RateLimit) -> str:
        """The account that makes this call. Raises Refused without a valid key, over the limit, or on demand."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        account = account_id(key.strip())
        known = [hmac.compare_digest(account, one) for one in self._accounts]  # all of them: constant time
        if scheme.lower() != "bearer" or not key.strip() or not (any(known) or not self._accounts):
            raise Refused(INVALID_KEY)
        if not limit.allows(account):
            raise Refused(RATE_LIMITED)
        wanted = self.testing_fault(request)
        if wanted is not None and wanted.place is Place.CALL:
            raise Refused(wanted.fault)
        return account

    def testing_fault(self, request: Request) -> WantedFault | None:
        """The error that the caller asks for, if callers may. Raises Refused if it makes no sense."""
        value = request.headers.get(HEADER) if self._testing_faults else None
        return None if value is None else parse_testing_fault(value)


async def read_body(request: Request, limit: int, *, seconds: float = BODY_SECONDS) -> bytes:
    """The whole body: at most `limit` bytes, within `seconds`. Raises Refused."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdigit() and len(declared) < 20 and int(declared) > limit:
        raise Refused(BODY_TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise Refused(BODY_OVERRUN)
    except TimeoutError as error:
        raise Refused(BODY_TOO_SLOW) from error
    return bytes(body)


async def read_json(request: Request) -> Any:
    """The body as JSON, which its Content-Type must say. Raises Refused."""
    body = await read_body(request, MAX_JSON)  # first, because it bounds what a caller may send
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(invalid_parameter("Content-Type"))
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(INVALID_BODY) from error
