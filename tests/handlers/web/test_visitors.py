"""Rate limits per visitor: the token bucket as a table, and the page's responses."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.runtime.rate_limits import Rate, TokenBucket, TokenBuckets, take
from handlers.web.visitors import WRITE_RATE, VisitorCookies, VisitorMiddleware, visit_of

RATE = Rate(burst=3, per_second=0.5)


class ManualClock:
    """A clock that a test moves by assignment."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_new_visitor_may_use_the_burst_and_then_waits() -> None:
    bucket, waits = None, []
    for _ in range(5):
        bucket, wait = take(bucket, 0.0, RATE)
        waits.append(wait)
    assert waits == [0, 0, 0, 2.0, 2.0]


@pytest.mark.parametrize(("after", "left"), [(0, 0), (2, 1), (4, 2), (1000, 3)])
def test_a_bucket_refills_over_time_up_to_its_burst(after: float, left: float) -> None:
    bucket, _ = take(TokenBucket(0.0, 10.0), 10.0 + after, RATE)
    assert bucket.tokens == max(0, left - 1)


def test_the_least_recently_seen_visitors_are_forgotten_first() -> None:
    buckets = TokenBuckets(Rate(burst=1, per_second=0.001), ManualClock(), max_keys=2)
    assert [buckets.wait(name) > 0 for name in ("anna", "ben", "anna", "carl", "ben", "anna")] == [
        False,
        False,
        True,
        False,
        False,
        False,
    ]


def show_visitor(request: Request) -> PlainTextResponse:
    return PlainTextResponse(visit_of(request).person.platform_id)


def transport_with(clock: ManualClock) -> httpx.ASGITransport:
    ids = iter(f"{number:032x}" for number in range(10_000))
    cookies = VisitorCookies(b"secret", secure=False, new_id=lambda: next(ids))
    routes = [Route("/", show_visitor, methods=["GET", "POST"])]
    return httpx.ASGITransport(VisitorMiddleware(Starlette(routes=routes), cookies, clock))


async def test_requests_that_come_too_fast_get_a_retry_after() -> None:
    clock = ManualClock()
    async with httpx.AsyncClient(transport=transport_with(clock), base_url="http://localhost") as anna:
        await anna.get("/")
        answers = [(await anna.post("/")).status_code for _ in range(int(WRITE_RATE.burst) + 1)]
        assert answers == [200] * int(WRITE_RATE.burst) + [429]
        refused = await anna.post("/")
        assert (refused.json()["code"], refused.headers["retry-after"]) == ("too_fast", "1")
        assert (await anna.get("/")).status_code == 200, "reads are still allowed"
        clock.now += 1
        assert (await anna.post("/")).status_code == 200


async def test_dropping_the_cookie_does_not_evade_the_limit() -> None:
    async with httpx.AsyncClient(transport=transport_with(ManualClock()), base_url="http://localhost") as visitor:
        answers = []
        for _ in range(int(WRITE_RATE.burst) + 1):
            visitor.cookies.clear()
            answers.append((await visitor.post("/")).status_code)
        assert answers[-1] == 429


async def test_a_visitor_keeps_their_id_and_a_forged_cookie_makes_a_new_one() -> None:
    async with httpx.AsyncClient(transport=transport_with(ManualClock()), base_url="http://localhost") as anna:
        first = await anna.get("/")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(first.headers["set-cookie"].split("; "))
        assert (await anna.get("/")).text == first.text
        signed = anna.cookies["visitor"]
        anna.cookies.clear()
        forged = await anna.get("/", headers={"Cookie": f"visitor={'f' * 32}{signed[32:]}"})
        assert forged.text != first.text
        assert "set-cookie" in forged.headers
