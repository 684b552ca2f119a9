"""Bodies that arrive too slowly."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from stylizer.auth_and_limits import read_body
from stylizer.errors import BODY_TOO_SLOW, Refused


async def test_a_body_that_does_not_arrive_times_out() -> None:
    parts: list[Message] = [{"type": "http.request", "body": b"half of it", "more_body": True}]

    async def receive() -> Message:
        return parts.pop() if parts else await asyncio.get_running_loop().create_future()

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(Refused) as refusal:
        await read_body(request, 1000, seconds=0.05)
    assert refusal.value.fault == BODY_TOO_SLOW and refusal.value.fault.close_connection
