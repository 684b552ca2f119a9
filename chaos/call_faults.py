"""What can be done to a call on its way: each is the whole of one fault, or the place of one kill."""

import asyncio
import json
from collections.abc import Callable

from chaos.http_proxy import Action, ProxiedCall

KillCallback = Callable[[], None]
HANG_SECONDS = 30.0  # longer than anybody waits for an answer


def kill_before(kill: KillCallback) -> Action:
    """The caller dies when the call was sent and nobody has read it."""

    async def action(_: ProxiedCall) -> None:
        kill()

    return action


def kill_after(kill: KillCallback) -> Action:
    """The caller dies when the call was carried out and its answer has not come back."""

    async def action(call: ProxiedCall) -> None:
        await call.forward()
        kill()

    return action


def kill_mid_response(kill: KillCallback) -> Action:
    """The caller dies in the middle of the answer."""

    async def action(call: ProxiedCall) -> None:
        answer = await call.forward()
        await call.answer(answer[: max(1, len(answer) * 2 // 3)])
        kill()

    return action


async def drop_before(_: ProxiedCall) -> None:
    """The connection breaks before the call is understood."""


async def drop_after(call: ProxiedCall) -> None:
    """The call is carried out, and its answer lost: the dangerous one."""
    await call.forward()


async def truncate(call: ProxiedCall) -> None:
    """The call is carried out, and its answer breaks off."""
    answer = await call.forward()
    await call.answer(answer[: len(answer) * 2 // 3])


async def trickle(call: ProxiedCall) -> None:
    """The answer comes in little pieces."""
    answer = await call.forward()
    step = max(1, len(answer) // 8)
    for start in range(0, len(answer), step):
        await call.answer(answer[start : start + step])
        await asyncio.sleep(0.02)


async def garbage(_: ProxiedCall) -> None:
    """A proxy's page instead of an answer, with a good status; nothing was carried out."""
    await _.answer(http_response(200, b"<html><body>Welcome to our Wi-Fi</body></html>", "text/html"))


async def garbage_after(call: ProxiedCall) -> None:
    """The call is carried out, and answered with half a JSON text."""
    await call.forward()
    await call.answer(http_response(200, b'{"ok": true, "output": {"task_id": 7'))


async def hang(_: ProxiedCall) -> None:
    """No answer ever comes."""
    await asyncio.sleep(HANG_SECONDS)


def status_page(number: int) -> Action:
    """A gateway's page with this status; nothing was carried out."""

    async def action(call: ProxiedCall) -> None:
        await call.answer(http_response(number, b"<html>Bad Gateway</html>", "text/html"))

    return action


def error_response(number: int, value: object, *headers: str) -> Action:
    """A JSON refusal; nothing was carried out."""

    async def action(call: ProxiedCall) -> None:
        await call.answer(http_response(number, json.dumps(value).encode(), "application/json", *headers))

    return action


def http_response(number: int, body: bytes, kind: str = "application/json", *headers: str) -> bytes:
    """An HTTP answer as bytes."""
    lines = [f"HTTP/1.1 {number} Whatever", f"Content-Length: {len(body)}", f"Content-Type: {kind}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body
