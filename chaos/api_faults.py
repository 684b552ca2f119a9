"""Faults of the API in its own language: states that nobody knows, tasks of other programs, broken pictures."""

import asyncio
import json
import uuid
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

from chaos.call_faults import http_response
from chaos.http_proxy import Action, ProxiedCall

LATE_SECONDS = 2.0  # eight of the bot's
FOREIGN_SECONDS = (-0.5, 0.0, 0.5)  # when another program has created tasks, from now on
FOREIGN_KEY = "of another program"


async def late(call: ProxiedCall) -> None:
    """Carry out the call and keep its response for a while."""
    response = await call.forward()
    await asyncio.sleep(LATE_SECONDS)
    await call.answer(response)


def task_state(state: str) -> Action:
    """A task's state, whatever it is; the query is not carried out."""

    async def action(call: ProxiedCall) -> None:
        task_id = call.head.split(b" ")[1].decode().rpartition("/")[2]
        answer = {"request_id": "r", "output": {"task_id": task_id, "task_status": state}}
        await call.answer(http_response(200, json.dumps(answer).encode()))

    return action


async def foreign_tasks(call: ProxiedCall) -> None:
    """The list shows tasks that another program has just created with another key of the account."""
    await call.answer(_changed(await call.forward(), _with_foreign_tasks))


async def half_a_picture(call: ProxiedCall) -> None:
    """A broken cache's answer: half the picture, as long as its head says."""
    head, _, body = (await call.forward()).partition(b"\r\n\r\n")
    status = int(head.split(b" ")[1])
    await call.answer(http_response(status, body[: len(body) // 2], "image/jpeg"))


def _changed(response: bytes, change: Callable[[dict[str, Any], float], None]) -> bytes:
    """The response with another JSON body. `change`: is given the body and the time (epoch seconds) of the response."""
    head, _, body = response.partition(b"\r\n\r\n")
    lines = [line for line in head.decode("latin-1").split("\r\n") if not line.lower().startswith("content-length:")]
    date = next((line.partition(": ")[2] for line in lines if line.lower().startswith("date: ")), "")
    try:
        answer = json.loads(body)
        change(answer, parsedate_to_datetime(date).timestamp())
    except (ValueError, KeyError, IndexError):  # a refusal, or a list without tasks
        return response
    changed = json.dumps(answer).encode()
    return "\r\n".join([*lines, f"Content-Length: {len(changed)}", "", ""]).encode("latin-1") + changed


def _with_foreign_tasks(answer: dict[str, Any], now: float) -> None:
    example = answer["data"][0]
    foreign = [
        {
            **example,
            "api_key_id": FOREIGN_KEY,
            "task_id": str(uuid.uuid4()),
            "request_id": str(uuid.uuid4()),
            "gmt_create": int((now + seconds) * 1000),
        }
        for seconds in FOREIGN_SECONDS
    ]
    answer["data"] = sorted([*foreign, *answer["data"]], key=lambda task: -int(task["gmt_create"]))
    answer["total"] += len(foreign)
