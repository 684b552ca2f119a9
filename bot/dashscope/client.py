"""Calls the API: each method is one call, bounded in time and bytes and never repeated here.

The client doesn't know whether the cloud or our own stylizer answers: that is up to the transport.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urljoin

import httpx
from pydantic import SecretStr

from bot.dashscope import answers, wire
from bot.dashscope.errors import DashScopeError, Decision, InDoubt, NotAccepted, ResultGone, decide
from bot.dashscope.server_clock import ServerClock
from bot.dashscope.wire import ApiCall, ApiResponse, CreatedTask, Task, TaskPage, TaskRequest, TaskStatus

_ANSWER_BYTES = 2_000_000
_REDIRECTS = 3
# With these the request was not sent.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


@dataclass(frozen=True)
class Timeouts:
    """Timeouts in seconds: for the parts of a call, then for a whole call, upload and download."""

    connect: float = 3.0
    pool: float = 1.0
    write: float = 8.0
    read: float = 8.0
    call: float = 10.0
    upload: float = 60.0
    download: float = 60.0


_TIMEOUTS = Timeouts()


class _RedactedURL(httpx.URL):
    """A signed link that shows no query when it is printed: httpx logs every URL."""

    def __str__(self) -> str:
        return str(self.copy_with(query=None))


class DashScope:
    """One account at the API. Every method may raise DashScopeError; `errors` describes its subclasses. `server_clock`:
    the API's time, learned from its answers."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        base_url: str,
        api_key: SecretStr,
        workspace: str | None = None,
        timeouts: Timeouts = _TIMEOUTS,
    ) -> None:
        key = api_key.get_secret_value()
        if not (key and key.isascii() and key.isprintable()):
            raise ValueError("An API key consists of printable ASCII characters.")
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._key = api_key
        self._workspace = workspace
        self._timeouts = timeouts
        self.server_clock = ServerClock()
        self._timeout = httpx.Timeout(
            connect=timeouts.connect, pool=timeouts.pool, write=timeouts.write, read=timeouts.read
        )

    async def create_task(self, task_request: TaskRequest) -> CreatedTask:
        """Submit a task, once. Raises NotAccepted when none was created, InDoubt when one may have been: check the task
        list before sending it again."""
        return answers.created(await self._call(wire.create(task_request)))

    async def query_task(self, task_id: str) -> Task:
        """The state of a task. One that the API doesn't know has the status UNKNOWN; that is no error."""
        return answers.task(await self._call(wire.query(_checked(task_id))), task_id)

    async def list_tasks(
        self,
        *,
        start: float | None = None,
        end: float | None = None,
        status: TaskStatus | None = None,
        page: int = 1,
        page_size: int = 10,
    ) -> TaskPage:
        """A page of the account's tasks, created between `start` and `end` (epoch seconds, at most 24 h apart).

        The API doesn't document the time zone of these two (we send Beijing time). Where a missed task would be paid
        twice, leave them out and check `created`.
        """
        return answers.task_page(await self._call(wire.listing(start, end, status, page, page_size)))

    async def cancel_task(self, task_id: str) -> bool:
        """Whether the task was cancelled; False: it is no longer PENDING and will run to its end."""
        return answers.cancelled(await self._call(wire.cancel(_checked(task_id))))

    async def upload(self, filename: str, data: bytes) -> str:
        """Upload a picture to the API's temporary storage (48 h), with a new policy each time. Returns its `oss://`
        link."""
        policy = answers.policy_fields(await self._call(wire.policy()))
        form = wire.upload_form(policy, filename, len(data))
        request = self._http.build_request(
            "POST", form.host, data=form.fields, files={"file": (filename, data)}, timeout=self._timeout
        )
        answer = await self._send(request, within=self._timeouts.upload)
        if answer.status not in {200, 201, 204}:
            decision = Decision.RETRY_LATER if answer.status == 403 else decide("", answer.status)
            raise NotAccepted("UploadRefused", "The upload was refused.", decision=decision, http_status=answer.status)
        return form.link

    async def fetch_result(self, url: str, *, max_bytes: int = 30_000_000) -> bytes:
        """Download a result: a JPEG, PNG or WEBP. Raises ResultGone when the link has expired."""
        for _ in range(_REDIRECTS + 1):
            link = _link(url)
            request = self._http.build_request("GET", link, timeout=self._timeout)
            request.url = link  # the request has copied it into a plain URL
            answer = await self._send(request, within=self._timeouts.download, limit=max_bytes)
            if not (300 <= answer.status < 400 and "location" in answer.headers):
                return _picture(answer)
            url = urljoin(url, answer.headers["location"])
        raise DashScopeError("TooManyRedirects", "The picture's link leads nowhere.", decision=Decision.RETRY_LATER)

    async def _call(self, call: ApiCall) -> ApiResponse:
        key = self._key.get_secret_value()
        headers = {**call.headers, "Authorization": f"Bearer {key}"}
        if self._workspace:
            headers["X-DashScope-WorkSpace"] = self._workspace
        request = self._http.build_request(
            call.method,
            self._base_url + call.path,
            headers={**headers, "Accept-Encoding": "identity"},
            params=dict(call.params) or None,
            json=call.json,
            timeout=self._timeout,
        )
        answer = await self._send(request, within=self._timeouts.call)
        if answer.status < 300:  # a broken proxy's page may have any date
            self.server_clock.observe(wire.from_http_date(answer.headers.get("date")))
        if len(key) < 16:  # the stand-in accepts any key, even one that occurs in ordinary words
            return answer
        # An answer that quotes our key must not get any further.
        return replace(answer, body=answer.body.replace(key.encode(), b"[key]"))

    async def _send(self, request: httpx.Request, *, within: float, limit: int = _ANSWER_BYTES) -> ApiResponse:
        try:
            async with asyncio.timeout(within):
                response = await self._http.send(request, stream=True, follow_redirects=False)
                try:
                    return ApiResponse(response.status_code, dict(response.headers), await _body(response, limit))
                finally:
                    await response.aclose()
        except _NEVER_SENT as error:
            broken: DashScopeError = NotAccepted(type(error).__name__, str(error), decision=Decision.RETRY_LATER)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            broken = InDoubt(type(error).__name__, str(error), decision=Decision.RETRY_LATER)
        # Raised outside the handler, so it has no context: the httpx error holds the request, and that holds the key.
        raise broken


async def _body(response: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise httpx.DecodingError(f"An answer of more than {limit} bytes.")
    return bytes(body)


def _checked(task_id: str) -> str:
    if not wire.is_task_id(task_id):
        raise DashScopeError("InvalidTaskId", "This is not a task id.", decision=Decision.OUR_BUG)
    return task_id


def _link(url: str) -> _RedactedURL:
    with suppress(httpx.InvalidURL):
        if wire.is_link(url) and (link := _RedactedURL(url)).host:
            return link
    raise DashScopeError("BadLink", "The picture's link leads nowhere.", decision=Decision.RETRY_LATER)


def _picture(answer: ApiResponse) -> bytes:
    if answer.status in {403, 404, 410}:
        raise ResultGone(
            f"HTTP{answer.status}",
            "The picture's link has expired.",
            decision=Decision.RETRY_LATER,
            http_status=answer.status,
        )
    if answer.status != 200 or not wire.is_picture(answer.body):
        raise DashScopeError(
            "NoPicture",
            "What came was no picture.",
            decision=Decision.RETRY_LATER,
            http_status=answer.status,
        )
    return answer.body
