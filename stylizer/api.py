"""The API's calls on tasks: create, query, list, cancel."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from stylizer import answers
from stylizer.auth_and_limits import AuthAndLimits, read_json
from stylizer.create_request import CreateRequest, parse_create_request
from stylizer.database import Database
from stylizer.errors import NOT_ASYNC, NOT_CANCELABLE, Refused
from stylizer.input_images import InputImages
from stylizer.listing import list_tasks, parse_list_query
from stylizer.results import Results
from stylizer.settings import BASE_PATH, StylizerSettings
from stylizer.task_repository import TaskRepository
from stylizer.tasks import Task
from stylizer.testing_faults import Place, fault_at

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Api:
    """The handlers and their dependencies. `now` returns milliseconds since the epoch; `wake` wakes the scheduler."""

    settings: StylizerSettings
    styles: frozenset[int]
    auth: AuthAndLimits
    database: Database
    tasks: TaskRepository
    inputs: InputImages
    results: Results
    now: Callable[[], int]
    new_id: Callable[[], str]
    wake: Callable[[], None]

    def routes(self) -> list[BaseRoute]:
        """Every path with and without a trailing slash: the official client uses both."""
        calls: list[tuple[str, str, Handler]] = [
            ("POST", "/services/aigc/image-generation/generation", self.create),
            ("GET", "/tasks/{task_id}", self.query),
            ("GET", "/tasks", self.list),
            ("POST", "/tasks/{task_id}/cancel", self.cancel),
        ]
        return [Route(BASE_PATH + path + end, call, methods=[verb]) for verb, path, call in calls for end in ("", "/")]

    async def create(self, request: Request) -> Response:
        """Create a task. It is PENDING until its turn, in order of arrival."""
        account = self.auth.authenticate(request, self.auth.submits)
        if request.headers.get("X-DashScope-Async", "").lower() != "enable":
            raise Refused(NOT_ASYNC)
        resolve_oss = request.headers.get("X-DashScope-OssResourceResolve", "").lower() == "enable"
        requested = parse_create_request(await read_json(request), styles=self.styles, resolve_oss=resolve_oss)
        wanted = self.auth.testing_fault(request)
        task = await self._add(account, requested, None if wanted is None else wanted.text)
        self.wake()
        return JSONResponse(answers.created(task.task_id, task.request_id))

    async def query(self, request: Request) -> Response:
        """The state of one task."""
        account = self.auth.authenticate(request, self.auth.queries)
        task_id, request_id = request.path_params["task_id"], self.new_id()
        task = await self.tasks.find(account, task_id, self.now())
        if task is None:
            return JSONResponse(answers.unknown(task_id, request_id))
        if (fault := fault_at(Place.QUERY, task.fault)) is not None:
            raise Refused(fault)
        return JSONResponse(answers.queried(task, request_id, self.results.link(request, task)))

    async def list(self, request: Request) -> Response:
        """One page of the account's tasks."""
        account = self.auth.authenticate(request, self.auth.lists)
        wanted = parse_list_query(request.query_params, self.now())
        if (fault := fault_at(Place.LIST, await self.tasks.list_fault(account, self.now()))) is not None:
            raise Refused(fault)
        tasks, total = await list_tasks(self.database, account, wanted, self.tasks.oldest_visible(self.now()))
        return JSONResponse(answers.listed(tasks, total, wanted.page_no, wanted.page_size, self.new_id()))

    async def cancel(self, request: Request) -> Response:
        """Cancel a PENDING task."""
        account = self.auth.authenticate(request, self.auth.cancels)
        sources = await self.tasks.cancel(account, request.path_params["task_id"])
        if sources is None:
            raise Refused(NOT_CANCELABLE)
        await self.inputs.delete(*sources)
        return JSONResponse({"request_id": self.new_id()})

    async def _add(self, account: str, requested: CreateRequest, fault: str | None) -> Task:
        task_id = self.new_id()
        reference = requested.reference
        task = Task(
            task_id=task_id,
            account=account,
            request_id=self.new_id(),
            style_index=requested.style_index,
            submitted=self.now(),
            photo=await self.inputs.save(f"{task_id}-photo", requested.photo),
            reference=None if reference is None else await self.inputs.save(f"{task_id}-reference", reference),
            strength=requested.strength,
            brush=requested.brush,
            seed=requested.seed,
            fault=fault,
        )
        try:
            return await self.tasks.add(
                task,
                max_pending=self.settings.max_pending,
                free_images=self.settings.free_images,
                per_second=self.settings.submits_per_second if self.database.is_shared else None,
            )
        except Refused:
            await self.inputs.delete(task.photo, task.reference)
            raise
