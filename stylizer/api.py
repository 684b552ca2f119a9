"""The API's calls on tasks: create, query, list, cancel. Each translates, asks the table, and answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from stylizer import answers
from stylizer.auth_and_limits import Gate, read_json
from stylizer.create_request import Order, read_order
from stylizer.database import Database
from stylizer.errors import NOT_ASYNC, NOT_CANCELABLE, Refused
from stylizer.input_images import Inputs
from stylizer.listing import page, read_listing
from stylizer.results import Results
from stylizer.settings import BASE_PATH, StylizerSettings
from stylizer.task_repository import TaskTable
from stylizer.tasks import Task

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Api:
    """Everything a call on tasks needs. `now` in milliseconds since the epoch; `wake` tells the lane of a new task."""

    settings: StylizerSettings
    styles: frozenset[int]
    gate: Gate
    database: Database
    table: TaskTable
    inputs: Inputs
    results: Results
    now: Callable[[], int]
    new_id: Callable[[], str]
    wake: Callable[[], None]

    def routes(self) -> list[BaseRoute]:
        """Every path with and without a slash at its end, because the official client uses both."""
        calls: list[tuple[str, str, Handler]] = [
            ("POST", "/services/aigc/image-generation/generation", self.create),
            ("GET", "/tasks/{task_id}", self.query),
            ("GET", "/tasks", self.list),
            ("POST", "/tasks/{task_id}/cancel", self.cancel),
        ]
        return [Route(BASE_PATH + path + end, call, methods=[verb]) for verb, path, call in calls for end in ("", "/")]

    async def create(self, request: Request) -> Response:
        """Take a wish; it waits PENDING in the order of arrival."""
        account = self.gate.admit(request, self.gate.submits)
        if request.headers.get("X-DashScope-Async", "").lower() != "enable":
            raise Refused(NOT_ASYNC)
        resolve_oss = request.headers.get("X-DashScope-OssResourceResolve", "").lower() == "enable"
        order = read_order(await read_json(request), styles=self.styles, resolve_oss=resolve_oss)
        task = await self._add(account, order)
        self.wake()
        return JSONResponse(answers.created(task.task_id, task.request_id))

    async def query(self, request: Request) -> Response:
        """How one task stands."""
        account = self.gate.admit(request, self.gate.queries)
        task_id, request_id = request.path_params["task_id"], self.new_id()
        task = await self.table.find(account, task_id, self.now())
        if task is None:
            return JSONResponse(answers.unknown(task_id, request_id))
        return JSONResponse(answers.queried(task, request_id, self.results.link(request, task)))

    async def list(self, request: Request) -> Response:
        """One page of the account's tasks."""
        account = self.gate.admit(request, self.gate.lists)
        wanted = read_listing(request.query_params, self.now())
        tasks, total = await page(self.database, account, wanted, self.table.since(self.now()))
        return JSONResponse(answers.listed(tasks, total, wanted.page_no, wanted.page_size, self.new_id()))

    async def cancel(self, request: Request) -> Response:
        """Take a PENDING task back."""
        account = self.gate.admit(request, self.gate.cancels)
        places = await self.table.cancel(account, request.path_params["task_id"])
        if places is None:
            raise Refused(NOT_CANCELABLE)
        await self.inputs.drop(*places)
        return JSONResponse({"request_id": self.new_id()})

    async def _add(self, account: str, order: Order) -> Task:
        task_id = self.new_id()
        reference = order.reference
        task = Task(
            task_id=task_id,
            account=account,
            request_id=self.new_id(),
            style_index=order.style_index,
            submitted=self.now(),
            photo=await self.inputs.keep(f"{task_id}-photo", order.photo),
            reference=None if reference is None else await self.inputs.keep(f"{task_id}-reference", reference),
            strength=order.strength,
            brush=order.brush,
            seed=order.seed,
        )
        try:
            return await self.table.add(
                task,
                max_pending=self.settings.max_pending,
                free_images=self.settings.free_images,
                per_second=self.settings.submits_per_second if self.database.is_shared else None,
            )
        except Refused:
            await self.inputs.drop(task.photo, task.reference)
            raise
