"""A proxy in front of the service, on a real port: it counts calls and treats them as a test asks.

    async with api_proxy(service) as here:               # the base URL for clients is `here.base_url`
        here.next("create", lost_after, passes)          # the next create is forwarded, its answer lost
        held = here.hold("create")                       # … and the one after it is held back
        await held.reached.wait(); held.go.set()

Kinds of calls: create, query, list, cancel, result, policy, upload. All other calls are forwarded.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from stylizer.settings import BASE_PATH
from stylizer.upload_api import FORM_PATH
from tests.fakes.dashscope.service import CREATE_PATH
from tests.fakes.http_server import Loopback, Received, Reply, as_json, hang, loopback


class Service(Protocol):
    """What serves the API: our own stylizer, or the scripted API."""

    @property
    def url(self) -> str: ...


@dataclass(frozen=True)
class Forward:
    """A call that has arrived; `await forward()` sends it to the service."""

    request: Received
    send: Callable[[Received], Awaitable[Reply]]

    async def __call__(self) -> Reply:
        return await self.send(self.request)


Behaviour = Callable[[Forward], Awaitable[Reply]]

NOTHING = Reply(raw=b"")  # the connection is closed without an answer


async def passes(forward: Forward) -> Reply:
    """Forward the call and its answer unchanged."""
    return await forward()


async def lost_before(_: Forward) -> Reply:
    """The connection breaks before the request reaches the service."""
    return NOTHING


async def lost_after(forward: Forward) -> Reply:
    """The service handles the request, but its answer is lost: the dangerous case."""
    await forward()
    return NOTHING


async def garbage(_: Forward) -> Reply:
    """An HTML page, as a captive portal sends, instead of the answer."""
    return Reply(200, b"<html><body>Welcome to our Wi-Fi</body></html>")


async def garbage_after(forward: Forward) -> Reply:
    """The service handles the request; the answer is truncated JSON."""
    await forward()
    return Reply(200, b'{"output": {"task_id": 7')


async def never_answers(_: Forward) -> Reply:
    """No answer ever comes."""
    return await hang(Received("", "", {}, b""))


def refused(status: int, code: str) -> Behaviour:
    """An error in the API's own form."""

    async def behaviour(_: Forward) -> Reply:
        return as_json({"code": code, "message": "No.", "request_id": "r"}, status)

    return behaviour


def answered(value: object) -> Behaviour:
    """This JSON instead of the service's answer; the service sees nothing."""

    async def behaviour(_: Forward) -> Reply:
        return as_json(value)

    return behaviour


@dataclass(frozen=True)
class Arrival:
    """A call: `at` in monotonic seconds, `status` of its answer (0: none)."""

    at: float
    kind: str
    status: int


@dataclass
class HeldCall:
    """A call that is held back: `reached` is set when it has arrived; set `go` to forward it. With `answer_too`, the
    answer is held back as well: `taken` is set when the service has answered; set `back` to deliver the answer."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    back: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, forward: Forward) -> Reply:
        self.reached.set()
        await self.go.wait()
        reply = await forward()
        self.taken.set()
        await self.back.wait()
        return reply


class ApiProxy:
    """See the module's docstring. `arrivals` are in the order of their answers."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.arrivals: list[Arrival] = []
        self.server: Loopback | None = None
        self._http = http
        self._next: dict[str, deque[Behaviour]] = defaultdict(deque)
        self._always: dict[str, Behaviour] = {}

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    @property
    def base_url(self) -> str:
        return self.url + BASE_PATH

    def next(self, kind: str, *behaviours: Behaviour) -> None:
        """How the next calls of a kind are treated, one behaviour for each."""
        self._next[kind].extend(behaviours)

    def always(self, kind: str, behaviour: Behaviour | None) -> None:
        """How all further calls of a kind are treated; None: they are forwarded again."""
        self._always[kind] = behaviour or passes

    def hold(self, kind: str, *, answer_too: bool = False) -> HeldCall:
        """Hold the next call of a kind back until the test releases it."""
        held = HeldCall()
        if not answer_too:
            held.back.set()
        self.next(kind, held)
        return held

    def count(self, kind: str) -> int:
        """How many calls of a kind are over, with or without an answer."""
        return sum(arrival.kind == kind for arrival in self.arrivals)

    async def handle(self, request: Received) -> Reply:
        """One call."""
        at, kind = time.monotonic(), kind_of(request)
        behaviour = self._next[kind].popleft() if self._next[kind] else self._always.get(kind, passes)
        reply = await behaviour(Forward(request, self._forward))
        self.arrivals.append(Arrival(at, kind, 0 if reply.raw is not None else reply.status))
        return reply

    async def _forward(self, request: Received) -> Reply:
        headers = {name: value for name, value in request.headers.items() if name != "connection"}
        answer = await self._http.request(request.method, request.target, headers=headers, content=request.body)
        kept = tuple((name, answer.headers[name]) for name in ("content-type", "date") if name in answer.headers)
        return Reply(answer.status_code, answer.content, kept)


def kind_of(request: Received) -> str:
    """The kind of a call, by its path."""
    path = request.target.partition("?")[0].rstrip("/")
    if path == CREATE_PATH:
        return "create"
    if path == f"{BASE_PATH}/uploads":
        return "policy"
    if path == FORM_PATH:
        return "upload"
    if path.startswith("/results/"):
        return "result"
    if path.endswith("/cancel"):
        return "cancel"
    return "list" if path == f"{BASE_PATH}/tasks" else "query"


@asynccontextmanager
async def api_proxy(service: Service) -> AsyncIterator[ApiProxy]:
    """A proxy until the end of the block."""
    async with httpx.AsyncClient(base_url=service.url, timeout=60, trust_env=False) as http:
        here = ApiProxy(http)
        async with loopback(here.handle) as server:
            here.server = server
            yield here
