"""Actions on a proxied call: network and server faults, and kills of the caller."""

import asyncio
import json
from collections.abc import Callable

from chaos.http_proxy import Action, ProxiedCall

KillCallback = Callable[[], None]
HANG_SECONDS = 30.0  # longer than any client's timeout


def kill_before(kill: KillCallback) -> Action:
    """Kill the caller once it has sent the call, before the call is forwarded."""

    async def action(_: ProxiedCall) -> None:
        kill()

    return action


def kill_after(kill: KillCallback) -> Action:
    """Kill the caller once the call was carried out, before its response returns."""

    async def action(call: ProxiedCall) -> None:
        await call.forward()
        kill()

    return action


def kill_mid_response(kill: KillCallback) -> Action:
    """Kill the caller in the middle of the response."""

    async def action(call: ProxiedCall) -> None:
        answer = await call.forward()
        await call.answer(answer[: max(1, len(answer) * 2 // 3)])
        kill()

    return action


async def drop_before(_: ProxiedCall) -> None:
    """Drop the connection before the call is forwarded."""


async def drop_after(call: ProxiedCall) -> None:
    """Carry out the call and lose its response: the dangerous one."""
    await call.forward()


async def truncate(call: ProxiedCall) -> None:
    """Carry out the call and cut its response off."""
    answer = await call.forward()
    await call.answer(answer[: len(answer) * 2 // 3])


async def trickle(call: ProxiedCall) -> None:
    """Send the response in small pieces."""
    answer = await call.forward()
    step = max(1, len(answer) // 8)
    for start in range(0, len(answer), step):
        await call.answer(answer[start : start + step])
        await asyncio.sleep(0.02)


async def garbage(call: ProxiedCall) -> None:
    """A captive portal's page with status 200; the call is not carried out."""
    await call.answer(http_response(200, b"<html><body>Welcome to our Wi-Fi</body></html>", "text/html"))


async def garbage_after(call: ProxiedCall) -> None:
    """Carry out the call and answer with truncated JSON."""
    await call.forward()
    await call.answer(http_response(200, b'{"ok": true, "output": {"task_id": 7'))


async def empty(call: ProxiedCall) -> None:
    """Nothing with status 200; the call is not carried out."""
    await call.answer(http_response(200, b""))


async def empty_after(call: ProxiedCall) -> None:
    """Carry out the call and answer nothing with status 200."""
    await call.forward()
    await call.answer(http_response(200, b""))


async def redirect(call: ProxiedCall) -> None:
    """To the login page of a captive portal; the call is not carried out."""
    await call.answer(http_response(302, b"<html>Log in</html>", "text/html", "Location: http://login.invalid/"))


async def hang(_: ProxiedCall) -> None:
    """Never respond."""
    await asyncio.sleep(HANG_SECONDS)


def status_page(number: int) -> Action:
    """A gateway's error page with this status; the call is not carried out."""

    async def action(call: ProxiedCall) -> None:
        await call.answer(http_response(number, b"<html>Bad Gateway</html>", "text/html"))

    return action


def error_response(number: int, value: object, *headers: str) -> Action:
    """A JSON error response; the call is not carried out."""

    async def action(call: ProxiedCall) -> None:
        await call.answer(http_response(number, json.dumps(value).encode(), "application/json", *headers))

    return action


def http_response(number: int, body: bytes, kind: str = "application/json", *headers: str) -> bytes:
    """An HTTP response as bytes."""
    lines = [f"HTTP/1.1 {number} Whatever", f"Content-Length: {len(body)}", f"Content-Type: {kind}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body
