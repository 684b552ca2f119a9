"""The API's time: learned from every answer, carried on by the steady clock."""

from dataclasses import dataclass

import httpx
import pytest
from pydantic import SecretStr

from bot.dashscope.client import DashScope
from bot.dashscope.errors import DashScopeError
from bot.dashscope.server_clock import ASK_SECONDS, FRESH_SECONDS, ServerClock
from common.clock import steady
from tests.fakes.http_server import as_json, loopback
from tests.harness.rows import NOON

DATE = "Sun, 22 Nov 2026 12:00:00 GMT"


@dataclass
class Steady:
    """Moved by assignment."""

    at: float = 7.0

    def __call__(self) -> float:
        return self.at


def test_it_goes_on_from_the_last_observation() -> None:
    at = Steady()
    clock = ServerClock(at)
    assert clock.now() is None
    clock.observe(NOON)
    at.at += 30
    assert clock.now() == NOON + 30
    clock.observe(None)  # an answer without a date changes nothing
    clock.observe(NOON + 29)
    at.at += 1
    assert clock.now() == NOON + 30


def test_an_old_observation_is_not_used_and_a_query_is_due_now_and_then() -> None:
    at = Steady()
    clock = ServerClock(at)
    assert [clock.needs_query(), clock.needs_query()] == [True, False]
    at.at += ASK_SECONDS
    assert clock.needs_query()
    clock.observe(NOON)
    at.at += FRESH_SECONDS
    assert (clock.now() is None, clock.needs_query()) == (False, False)
    at.at += 1
    assert (clock.now() is None, clock.needs_query()) == (True, True)


def test_the_steady_clock_goes_on() -> None:
    assert steady() <= steady()


@pytest.mark.parametrize(("status", "time"), [(200, NOON), (429, None), (502, None)])
async def test_only_successful_answers_tell_the_time(status: int, time: float | None) -> None:
    page = as_json({"total": 0, "data": []}, status, Date=DATE)
    async with loopback(lambda _: page) as server, httpx.AsyncClient(trust_env=False) as http:
        client = DashScope(http, base_url=server.url, api_key=SecretStr("sk-test"))
        try:
            await client.list_tasks()
        except DashScopeError:
            assert status != 200
    observed = client.server_clock.now()
    assert observed is time if time is None else observed == pytest.approx(time, abs=10)
