"""The API on loopback, misbehaving as a case tells it; the cases are in `cases.toml`.

    async with scripted_api("s_tpm") as api:                                # one case for everything
    async with scripted_api({3: "f_noface", 5: "q_html"}) as api:           # one for each style: several at once
        ...                                                                 # the bot, with api.base_url
        api.mend()                                                          # the trouble is over
        assert (api.submits, len(api.paid(3)), api.wrong) == (1, 1, [])

Where a case says nothing, the API behaves as documented: its limits hold for a whole account (two submits and twenty
queries a second, one task at a time), every key of an account sees all its tasks, the list says whose they are, tasks
and links live for 24 hours. A call that breaks a documented rule is refused as there and noted in `wrong`. Tasks take
a second and end in a plain picture, in another colour for each style.
"""

import asyncio
import time
import uuid
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.fakes.dashscope import scripted_tasks
from tests.fakes.dashscope.scripted_cases import Case, Rule, load_cases
from tests.fakes.dashscope.scripted_replies import (
    NOT_FOUND,
    NOT_PENDING,
    RATE_LIMIT,
    Refusal,
    created_reply,
    input_of,
    json_reply,
    picture_reply,
    ranged_reply,
    raw_reply,
    submit_refusal,
)
from tests.fakes.dashscope.scripted_rules import PlayedCase, Situation
from tests.fakes.dashscope.scripted_tasks import ScriptedTask
from tests.fakes.dashscope.wire_server import DROPPED, HttpReply, HttpRequest, WireServer, wire_server

BASE_PATH = "/api/v1"
SUBMIT_PATH = "/services/aigc/image-generation/generation"
DAY_SECONDS = 86_400.0
UPLOAD_SECONDS = 48 * 3600.0
LIMITS = {"submit": 2, "query": 20, "list": 20, "cancel": 20}  # calls of an account within a second


@dataclass(frozen=True)
class LoggedCall:
    """A call as it arrived; `at` in epoch seconds."""

    at: float
    kind: str
    key: str
    style: int | None
    task_id: str | None
    body_bytes: int
    photo: str  # the first characters of its URI
    workspace: str | None


@dataclass
class _Call:
    """A call that is being answered."""

    kind: str
    request: HttpRequest
    key: str
    at: float
    played: PlayedCase
    task: ScriptedTask | None = None
    style: int | None = None
    photo: str = ""
    task_id: str | None = None


class ScriptedApi:
    """See the module's docstring. `log` holds all calls, `tasks` all tasks of ours, `strangers` those of others."""

    def __init__(
        self, cases: str | Case | Mapping[int, str | Case], now: Callable[[], float], max_running: int
    ) -> None:
        self.log: list[LoggedCall] = []
        self.tasks: dict[str, ScriptedTask] = {}
        self.strangers: dict[str, ScriptedTask] = {}
        self.wrong: list[str] = []
        self.keys: list[str] = []
        self.server: WireServer | None = None
        self.max_running = max_running
        self._now = now
        self._cases: dict[int | None, PlayedCase] = {}
        self.play(cases)
        self._uploads: dict[str, float] = {}
        self._recent: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    @property
    def base_url(self) -> str:
        """The base address for clients, as their owner has set it."""
        return self.url + self._main.case.base

    @property
    def uplink(self) -> float | None:
        """Bytes a second that the network takes from clients; None: all at once."""
        return self._main.case.uplink

    @property
    def submits(self) -> int:
        return len(self.calls("submit"))

    @property
    def queries(self) -> int:
        """Queries of tasks, without those of the list."""
        return len(self.calls("query"))

    def calls(self, kind: str, style: int | None = None) -> list[LoggedCall]:
        """All calls of a kind, or those for one style."""
        return [call for call in self.log if call.kind == kind and style in (None, call.style)]

    def most_per_second(self, kind: str, since: float = 0.0) -> int:
        """The most calls of a kind within any second."""
        times = [call.at for call in self.calls(kind) if call.at >= since]
        return max((sum(start <= at < start + 1 for at in times) for start in times), default=0)

    def paid(self, style: int) -> list[ScriptedTask]:
        """The tasks of a style that cost money."""
        return [task for task in self.tasks.values() if task.style == style and not task.is_free]

    def play(self, cases: str | Case | Mapping[int, str | Case]) -> None:
        """From now on play these cases: one for everything, or one for each style."""
        chosen = {None: cases}.items() if isinstance(cases, str | Case) else cases.items()
        self._cases = {}
        known: dict[int, PlayedCase] = {}
        for style, case in chosen:
            found = load_cases()[case] if isinstance(case, str) else case
            self._cases[style] = known.setdefault(id(found), PlayedCase(found))

    def mend(self) -> None:
        """From now on the API behaves well."""
        for played in self._cases.values():
            played.is_mended = True

    async def answer(self, request: HttpRequest) -> HttpReply:
        """Any call."""
        call = self._read(request)
        if call.key and call.key not in self.keys:
            self.keys.append(call.key)
        self._note(call)
        if call.task is None or call.task.key is not None:
            rule = call.played.rule_for(self._situation(call))
            if rule is not None:
                return await self._ruled(rule, call)
        return self._documented(call)

    @property
    def _main(self) -> PlayedCase:
        return next(iter(self._cases.values()))

    # What a call is.

    def _read(self, request: HttpRequest) -> _Call:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        kind, task_id = _kind_of(request)
        call = _Call(kind, request, key, self._now(), self._main, task_id=task_id)
        if kind == "submit":
            given = input_of(request.body)
            call.style, call.photo = given.get("style_index"), str(given.get("image_url"))
            call.played = self._cases.get(call.style) or self._cases.get(None) or self._main
        elif task_id is not None:
            call.task = self._find(task_id, call.at)
            if key and key not in self.keys:
                self.keys.append(key)
            if kind != "result" and call.task is not None and call.task.account != self._account(key):
                call.task = None  # another account's
        if call.task is not None:
            call.style = call.task.style
            call.played = self._cases.get(call.style) or self._cases.get(None) or self._main
        return call

    def _find(self, task_id: str, now: float) -> ScriptedTask | None:
        task = self.tasks.get(task_id) or self.strangers.get(task_id)
        return None if task is None or now - task.created > DAY_SECONDS else task

    def _note(self, call: _Call) -> None:
        workspace = call.request.headers.get("x-dashscope-workspace")
        entry = (
            call.at,
            call.kind,
            call.key,
            call.style,
            call.task_id,
            len(call.request.body),
            call.photo[:40],
            workspace,
        )
        self.log.append(LoggedCall(*entry))

    def _situation(self, call: _Call) -> Situation:
        mine = [task for task in self.tasks.values() if task.key == call.key]
        running = [
            task for task in self.tasks.values() if task.account == self._account(call.key) and task.ends > call.at
        ]
        return Situation(
            kind=call.kind,
            at=call.at,
            key=call.key,
            first_key=self.keys[0] if self.keys else "",
            headers=frozenset(call.request.headers),
            body_bytes=len(call.request.body),
            photo=call.photo,
            task=call.task,
            created=len(mine),
            is_busy=bool(running),
        )

    def _account(self, key: str) -> str:
        return "1" if self._main.case.accounts == "one" or not key else str(1 + self.keys.index(key))

    # What a rule makes of it.

    async def _ruled(self, rule: Rule, call: _Call) -> HttpReply:
        for seconds in rule.strangers:
            self._create_stranger(call, call.at + seconds)
        task = call.task = self._create(call) if rule.make else call.task
        await asyncio.sleep(rule.delay)
        call.at = self._now()
        if rule.drop:
            return DROPPED
        if (raw := raw_reply(rule)) is not None:
            return raw
        if task is not None and (rule.state or rule.fail or rule.output is not None or rule.usage is not None):
            return self._told(rule, task, call.at)
        if task is not None and rule.picture is not None:
            return picture_reply(rule.picture, task, call.request)
        return created_reply(task) if rule.make and task is not None else self._documented(call)

    def _told(self, rule: Rule, task: ScriptedTask, now: float) -> HttpReply:
        if rule.fail is not None:
            task.is_free = True
            code, message = rule.fail
            answer = scripted_tasks.state_answer(task, "FAILED", now, code=code, message=message)
            return json_reply({**answer, "usage": {"image_num": 0}})
        if rule.state is not None:
            task.is_free = rule.state == "CANCELED"
            return json_reply(scripted_tasks.state_answer(task, rule.state, now))
        return self._success(task, now, rule.output, rule.usage)

    def _create_stranger(self, call: _Call, created: float) -> None:
        task = ScriptedTask(call.played.case, None, None, self._account(call.key), created, starts=created)
        self.strangers[task.task_id] = task

    # What is documented.

    def _documented(self, call: _Call) -> HttpReply:
        refusal = self._refusal(call)
        if refusal is not None and refusal is not NOT_FOUND:
            self.wrong.append(f"{call.kind}: {refusal.code} {refusal.message}")
        if refusal is not None:
            return refusal.reply()
        match call.kind:
            case "submit":
                return created_reply(self._create(call))
            case "query":
                return self._state(call)
            case "list":
                return self._list(call)
            case "cancel":
                return self._cancel(call)
            case "policy":
                return self._policy()
            case "upload":
                return HttpReply(200, b"", "text/plain")
            case "result":
                return self._result(call)
        return NOT_FOUND.reply()

    def _refusal(self, call: _Call) -> Refusal | None:
        if call.kind in {"result", "upload", "other"}:
            return None
        if not call.request.path.startswith(BASE_PATH):
            return NOT_FOUND
        if not call.key:
            return Refusal(401, "InvalidApiKey", "No API-key provided.")
        if not self._is_within_limit(call):
            return RATE_LIMIT
        if call.kind != "submit":
            return None
        return submit_refusal(call.request, lambda link: self._is_uploaded(link, call.at))

    def _is_uploaded(self, link: str, now: float) -> bool:
        folder = link.removeprefix("oss://").rpartition("/")[0]
        return now - self._uploads.get(folder, float("-inf")) < UPLOAD_SECONDS

    def _is_within_limit(self, call: _Call) -> bool:
        recent = self._recent[self._account(call.key), call.kind]
        while recent and recent[0] <= call.at - 1:
            recent.popleft()
        if len(recent) >= LIMITS.get(call.kind, 20):
            return False
        recent.append(call.at)
        return True

    def _create(self, call: _Call) -> ScriptedTask:
        """A task, which waits until the account's earlier ones have ended."""
        account = self._account(call.key)
        ends = sorted((task.ends for task in self.tasks.values() if task.account == account), reverse=True)
        before = ends[self.max_running - 1] if len(ends) >= self.max_running else call.at
        task = ScriptedTask(call.played.case, call.style, call.key, account, call.at, starts=max(call.at, before))
        self.tasks[task.task_id] = task
        return task

    def _state(self, call: _Call) -> HttpReply:
        if call.task is None:
            output = {"task_id": call.task_id, "task_status": "UNKNOWN"}
            return json_reply({"request_id": str(uuid.uuid4()), "output": output})
        if call.at < call.task.ends or call.task.is_free:
            state = "CANCELED" if call.task.is_free else call.task.status(call.at)
            return json_reply(scripted_tasks.state_answer(call.task, state, call.at))
        return self._success(call.task, call.at)

    def _success(
        self,
        task: ScriptedTask,
        now: float,
        output: Mapping[str, Any] | None = None,
        usage: Mapping[str, Any] | None = None,
    ) -> HttpReply:
        task.is_free = usage is not None and usage.get("image_count") == 0
        task.links += 1
        link = f"{self.url}/result/{task.task_id}.jpg?Expires={int(now + DAY_SECONDS)}&Signature={task.links}"
        return json_reply(scripted_tasks.success_answer(task, link, now, output, usage))

    def _list(self, call: _Call) -> HttpReply:
        """All tasks of the account, whoever created them, newest first."""
        account, query = self._account(call.key), call.request.query
        tasks = [*self.tasks.values(), *self.strangers.values()]
        tasks = [task for task in tasks if task.account == account and 0 <= call.at - task.created < DAY_SECONDS]
        tasks = sorted(tasks, key=lambda task: -task.created)
        page, size = int(query.get("page_no", "1")), int(query.get("page_size", "10"))
        shown = tasks[(page - 1) * size : page * size]
        entries = [scripted_tasks.list_entry(task, self._key_id(task), call.at) for task in shown]
        pages = {"total": len(tasks), "total_page": -(-len(tasks) // size), "page_no": page, "page_size": size}
        return json_reply({**pages, "data": entries, "request_id": str(uuid.uuid4())})

    def _key_id(self, task: ScriptedTask) -> str:
        return "7777" if task.key is None else str(1001 + self.keys.index(task.key))

    def _cancel(self, call: _Call) -> HttpReply:
        if call.task is None or call.task.status(call.at) != "PENDING":
            return NOT_PENDING.reply()
        call.task.is_free = True
        return json_reply({"request_id": str(uuid.uuid4())})

    def _policy(self) -> HttpReply:
        folder = "dashscope-instant/" + uuid.uuid4().hex
        self._uploads[folder] = self._now()
        data = {"policy": "p", "signature": "s", "upload_dir": folder, "upload_host": f"{self.url}/upload"}
        data |= {"oss_access_key_id": "k", "x_oss_object_acl": "private", "x_oss_forbid_overwrite": "true"}
        sizes = {"expire_in_seconds": 300, "max_file_size_mb": 100, "capacity_limit_mb": 999999999}
        return json_reply({"request_id": str(uuid.uuid4()), "data": {**data, **sizes}})

    def _result(self, call: _Call) -> HttpReply:
        if call.task is None or call.at > float(call.request.query.get("Expires", "0")):
            return HttpReply(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
        return ranged_reply(scripted_tasks.picture(scripted_tasks.colour_of(call.task.style)), call.request)


@asynccontextmanager
async def scripted_api(
    cases: str | Case | Mapping[int, str | Case], *, now: Callable[[], float] = time.time, max_running: int = 1
) -> AsyncIterator[ScriptedApi]:
    """The API until the end of the block. `cases`: one for everything, or one for each style; `now` in epoch
    seconds; `max_running`: tasks of an account at once, more are accepted and wait."""
    api = ScriptedApi(cases, now, max_running)
    async with wire_server(api.answer, now=now, uplink=api.uplink) as server:
        api.server = server
        yield api
        assert not server.failures, server.failures


def _kind_of(request: HttpRequest) -> tuple[str, str | None]:
    """The kind of a call, and the task in its path."""
    path = request.path.rstrip("/")
    parts = path.removeprefix(BASE_PATH).strip("/").split("/") if path.startswith(BASE_PATH) else []
    match request.method, parts:
        case "POST", _ if path.endswith(SUBMIT_PATH):
            return "submit", None
        case "GET", ["tasks"]:
            return "list", None
        case "GET", ["tasks", task_id]:
            return "query", task_id
        case "POST", ["tasks", task_id, "cancel"]:
            return "cancel", task_id
        case "GET", ["uploads"]:
            return "policy", None
        case "POST", [] if path == "/upload":
            return "upload", None
        case "GET", [] if path.startswith("/result/"):
            return "result", path.removeprefix("/result/").removesuffix(".jpg")
    return "other", None
