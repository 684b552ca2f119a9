"""A gate in front of the stand-in, on a real port: it counts what comes, and does to it what a test asks for.

    async with gate(service) as here:                    # `here.base_url` is what clients are pointed at
        here.next("create", lost_after, passes)          # the next create is taken, and its answer lost
        held = here.hold("create")                       # …and the one after that waits at the gate
        await held.reached.wait(); held.go.set()

Kinds of calls: create, query, list, cancel, result, policy, upload. What is not asked for passes.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from stylizer.settings import BASE_PATH
from stylizer.upload_api import FORM_PATH
from tests.fakes.dashscope.service import CREATE_PATH, StandIn
from tests.fakes.http_server import Loopback, Received, Reply, as_json, hang, loopback


@dataclass(frozen=True)
class Forward:
    """A call at the gate; awaiting `forward()` sends it on to the service."""

    request: Received
    send: Callable[[Received], Awaitable[Reply]]

    async def __call__(self) -> Reply:
        return await self.send(self.request)


Deed = Callable[[Forward], Awaitable[Reply]]

NOTHING = Reply(raw=b"")  # the connection is closed without a word


async def passes(forward: Forward) -> Reply:
    """Nothing is done to it."""
    return await forward()


async def lost_before(_: Forward) -> Reply:
    """The connection breaks before the request is understood."""
    return NOTHING


async def lost_after(forward: Forward) -> Reply:
    """The request is taken, and its answer lost: the dangerous one."""
    await forward()
    return NOTHING


async def garbage(_: Forward) -> Reply:
    """A proxy's page instead of an answer."""
    return Reply(200, b"<html><body>Welcome to our Wi-Fi</body></html>")


async def garbage_after(forward: Forward) -> Reply:
    """The request is taken, and answered with nonsense."""
    await forward()
    return Reply(200, b'{"output": {"task_id": 7')


async def hangs(_: Forward) -> Reply:
    """No answer ever comes."""
    return await hang(Received("", "", {}, b""))


def refused(status: int, code: str) -> Deed:
    """The API's own way of saying no."""

    async def deed(_: Forward) -> Reply:
        return as_json({"code": code, "message": "No.", "request_id": "r"}, status)

    return deed


def answered(value: object) -> Deed:
    """This JSON instead of the real answer."""

    async def deed(_: Forward) -> Reply:
        return as_json(value)

    return deed


@dataclass(frozen=True)
class Arrival:
    """A call as it came: `at` monotonic seconds, `status` of its answer (0: none)."""

    at: float
    kind: str
    status: int


@dataclass
class Held:
    """A call that waits at the gate: `reached` when it has come, `go` lets it through to the service; with
    `answer_too`, its answer waits as well, after the service has taken it: `taken`, then `back`."""

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


class Gate:
    """See the module. `arrivals` in the order of their answers."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.arrivals: list[Arrival] = []
        self.server: Loopback | None = None
        self._http = http
        self._deeds: dict[str, deque[Deed]] = defaultdict(deque)
        self._always: dict[str, Deed] = {}

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    @property
    def base_url(self) -> str:
        return self.url + BASE_PATH

    def next(self, kind: str, *deeds: Deed) -> None:
        """What is done to the next calls of a kind, one deed each."""
        self._deeds[kind].extend(deeds)

    def always(self, kind: str, deed: Deed | None) -> None:
        """What is done to all further calls of a kind; None: they pass again."""
        self._always[kind] = deed or passes

    def hold(self, kind: str, *, answer_too: bool = False) -> Held:
        """The next call of a kind waits until the test lets it go."""
        held = Held()
        if not answer_too:
            held.back.set()
        self.next(kind, held)
        return held

    def count(self, kind: str) -> int:
        """How many calls of a kind have been answered, or left without an answer."""
        return sum(arrival.kind == kind for arrival in self.arrivals)

    async def handle(self, request: Received) -> Reply:
        """One call."""
        at, kind = time.monotonic(), kind_of(request)
        deed = self._deeds[kind].popleft() if self._deeds[kind] else self._always.get(kind, passes)
        reply = await deed(Forward(request, self._forward))
        self.arrivals.append(Arrival(at, kind, 0 if reply.raw is not None else reply.status))
        return reply

    async def _forward(self, request: Received) -> Reply:
        headers = {name: value for name, value in request.headers.items() if name != "connection"}
        answer = await self._http.request(request.method, request.target, headers=headers, content=request.body)
        kept = tuple((name, answer.headers[name]) for name in ("content-type", "date") if name in answer.headers)
        return Reply(answer.status_code, answer.content, kept)


def kind_of(request: Received) -> str:
    """What a call is, by its path."""
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
async def gate(service: StandIn) -> AsyncIterator[Gate]:
    """A gate for the length of a test."""
    async with httpx.AsyncClient(base_url=service.url, timeout=60, trust_env=False) as http:
        here = Gate(http)
        async with loopback(here.handle) as server:
            here.server = server
            yield here
