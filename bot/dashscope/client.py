"""Calls the API: each method is one call, bounded in time and bytes and never repeated here.

The client doesn't know whether the cloud or our own stylizer answers: that is up to the transport.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from urllib.parse import urljoin

import httpx
from pydantic import SecretStr

from bot.dashscope import answers, models, wire
from bot.dashscope.download import Download
from bot.dashscope.errors import DashScopeError, Decision, InDoubt, NotAccepted, ResultGone, decide_without_code
from bot.dashscope.models import Model
from bot.dashscope.server_clock import ServerClock
from bot.dashscope.wire import ApiCall, ApiResponse, CreatedTask, Task, TaskPage, TaskRequest, TaskStatus
from common.clock import steady

_ANSWER_BYTES = 2_000_000
_REDIRECTS = 3
_DOWNLOADS = 16  # at once for an account: slow ones must not use up all connections
_STYLIZER_ID_CHARS = 8
# With these the request was not sent.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


@dataclass(frozen=True)
class Timeouts:
    """Timeouts in seconds: for the parts of a call, then for whole ones.

    Attributes:
        answer: Until the answer to a submit or upload comes, or the next bytes of a picture: gateways were seen to
            inspect a photo for 12 s first, also to refuse it.
        submit, upload: For a call whose photo takes no time; its bytes are given the time of the slowest line on top.
        download: For a download, before its bytes must have come at `trickle` bytes a second on the average.
        slowest: Bytes a second of the slowest line that is supported, half a megabit.
    """

    connect: float = 3.0
    pool: float = 1.0
    read: float = 8.0
    call: float = 10.0
    answer: float = 30.0
    submit: float = 35.0
    upload: float = 35.0
    download: float = 60.0
    slowest: float = 64_000.0
    trickle: float = 2_000.0

    def with_bytes(self, seconds: float, byte_count: int) -> float:
        """The time for a call that carries so many bytes; what needs less than a second is in `seconds` already."""
        return seconds + max(0.0, byte_count / self.slowest - 1)


_TIMEOUTS = Timeouts()


class _RedactedURL(httpx.URL):
    """A signed link that shows no query when it is printed: httpx logs every URL."""

    def __str__(self) -> str:
        return str(self.copy_with(query=None))


class DashScope:
    """One key of an account at the API. Every method may raise DashScopeError; `errors` describes its subclasses.
    `server_clock`: the API's time, learned from its answers; `model`: what its tasks are created for."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        base_url: str,
        api_key: SecretStr,
        workspace: str | None = None,
        model: Model = models.DEFAULT,
        timeouts: Timeouts = _TIMEOUTS,
    ) -> None:
        key = api_key.get_secret_value()
        if not (key and key.isascii() and key.isprintable()):
            raise ValueError("An API key consists of printable ASCII characters.")
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._downloads = asyncio.Semaphore(_DOWNLOADS)
        self._is_secure = self._base_url.startswith("https://")
        self._key = api_key
        self._workspace = workspace
        self.model = model
        self._timeouts = timeouts
        self.server_clock = ServerClock()
        # The `api_key_id` that our own stylizer gives this key. The cloud's ids can't be told from a key.
        self.stylizer_key_id = sha256(key.encode()).hexdigest()[:_STYLIZER_ID_CHARS]

    @property
    def shortest_submit(self) -> float:
        """Seconds after which a submit is given up that carries no photo."""
        return self._timeouts.submit

    def submit_seconds(self, task_request: TaskRequest) -> float:
        """Seconds after which this submit is given up: the more it carries, the later."""
        return self.submit_seconds_of(wire.create_bytes(task_request))

    def submit_seconds_of(self, byte_count: int) -> float:
        """The same, of a submit that carries so many bytes."""
        return self._timeouts.with_bytes(self._timeouts.submit, byte_count)

    async def create_task(self, task_request: TaskRequest) -> CreatedTask:
        """Submit a task, once, within `submit_seconds`. Raises NotAccepted when none was created, InDoubt when one may
        have been: check the task list before sending it again."""
        call, within = self.model.create(self.model.name, task_request), self.submit_seconds(task_request)
        return answers.created(await self._call(call, within=within, read=self._timeouts.answer))

    async def query_task(self, task_id: str) -> Task:
        """The state of a task. One that the API doesn't know has the status UNKNOWN; that is no error."""
        return answers.task(await self._call(wire.query(_checked(task_id))), task_id)

    async def list_tasks(
        self,
        *,
        start: float | None = None,
        end: float | None = None,
        status: TaskStatus | None = None,
        model: str | None = None,
        page: int = 1,
        page_size: int = 10,
    ) -> TaskPage:
        """A page of the account's tasks for this model (None: the account's), created between `start` and `end` (epoch
        seconds, at most 24 h apart).

        The API doesn't document the time zone of these two (we send Beijing time). Where a missed task would be paid
        twice, leave them out and check `created`.
        """
        model = self.model.name if model is None else model
        call = wire.listing(model, start=start, end=end, status=status, page=page, page_size=page_size)
        return answers.task_page(await self._call(call))

    async def cancel_task(self, task_id: str) -> bool:
        """Whether the task was cancelled; False: it is no longer PENDING and will run to its end."""
        return answers.cancelled(await self._call(wire.cancel(_checked(task_id))))

    async def upload(self, filename: str, data: bytes) -> str:
        """Upload a picture to the API's temporary storage (48 h), with a new policy each time. Returns its `oss://`
        link."""
        policy = answers.policy_fields(await self._call(wire.policy(self.model.name)))
        form = wire.upload_form(policy, filename, len(data))
        within = self._timeouts.with_bytes(self._timeouts.upload, len(data))
        timeout = self._timeout(within, self._timeouts.answer)
        request = self._http.build_request(
            "POST", self._link(form.host), data=form.fields, files={"file": (filename, data)}, timeout=timeout
        )
        answer = await self._send(request, within=within)
        if answer.status not in {200, 201, 204}:
            known = {400: Decision.UNRECOGNISED, 403: Decision.RETRY_LATER}  # 403: the policy has expired
            decision = known.get(answer.status) or decide_without_code(answer.status)
            raise NotAccepted("UploadRefused", "The upload was refused.", decision=decision, http_status=answer.status)
        return form.link

    async def fetch_result(self, url: str, download: Download | None = None) -> bytes:
        """Download a result, whatever is in it. Given the same `download` again after an error, it goes on where that
        broke off. Raises ResultGone when the link has expired."""
        download = Download() if download is None else download
        for _ in range(_REDIRECTS + 1):
            async with self._downloads:
                answer = await self._download(self._link(url), download)
            if not (300 <= answer.status < 400 and "location" in answer.headers):
                return _picture(answer, download)
            url = urljoin(url, answer.headers["location"])
        raise DashScopeError("TooManyRedirects", "The picture's link leads nowhere.", decision=Decision.RETRY_LATER)

    async def _call(self, call: ApiCall, *, within: float | None = None, read: float | None = None) -> ApiResponse:
        within = self._timeouts.call if within is None else within
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
            timeout=self._timeout(within, self._timeouts.read if read is None else read),
        )
        asked = steady()
        answer = await self._send(request, within=within)
        # A broken proxy's page may have any date, and the date of an answer that took long may be as old as its call.
        if answer.status < 300 and steady() - asked <= self._timeouts.call:
            self.server_clock.observe(wire.from_http_date(answer.headers.get("date")))
        if len(key) < 16:  # the stand-in accepts any key, even one that occurs in ordinary words
            return answer
        # An answer that quotes our key must not get any further.
        return replace(answer, body=answer.body.replace(key.encode(), b"[key]"))

    async def _download(self, link: _RedactedURL, download: Download) -> ApiResponse:
        """The head of the answer to a link; the picture, or its rest, goes into `download`."""
        timeout = self._timeout(self._timeouts.call, self._timeouts.answer)
        request = self._http.build_request("GET", link, headers=download.request_headers(), timeout=timeout)
        request.url = link  # the request has copied it into a plain URL
        longest = self._timeouts.download + download.max_bytes / self._timeouts.trickle
        return await self._send(request, within=longest, receive=partial(self._into, download))

    async def _into(self, download: Download, response: httpx.Response) -> bytes:
        """Receive a picture, or the rest of it; other answers have nothing that is needed."""
        if response.status_code not in {200, 206}:
            return b""
        download.begin(response.status_code, response.headers)
        began, came = steady(), 0
        async for chunk in response.aiter_bytes():
            download.add(chunk)
            came += len(chunk)
            if steady() - began > self._timeouts.download + came / self._timeouts.trickle:
                raise httpx.ReadTimeout("The picture only trickles in.")
        return b""

    def _timeout(self, write: float, read: float) -> httpx.Timeout:
        """A whole body is one write."""
        return httpx.Timeout(connect=self._timeouts.connect, pool=self._timeouts.pool, write=write, read=read)

    def _link(self, url: str) -> _RedactedURL:
        """The link, by https even if the API says http; only where the API itself is asked by http it stays as it is.
        Raises DashScopeError if it is none."""
        with suppress(httpx.InvalidURL):
            if wire.is_link(url) and (link := httpx.URL(url)).host:
                is_plain = self._is_secure and link.scheme == "http"
                return _RedactedURL(link.copy_with(scheme="https") if is_plain else link)
        raise DashScopeError("BadLink", "The picture's link leads nowhere.", decision=Decision.RETRY_LATER)

    async def _send(
        self,
        request: httpx.Request,
        *,
        within: float,
        receive: Callable[[httpx.Response], Awaitable[bytes]] | None = None,
    ) -> ApiResponse:
        try:
            async with asyncio.timeout(within):
                response = await self._http.send(request, stream=True, follow_redirects=False)
                try:
                    body = await (receive or _body)(response)
                    return ApiResponse(response.status_code, dict(response.headers), body)
                finally:
                    await response.aclose()
        except _NEVER_SENT as error:
            broken: DashScopeError = NotAccepted(type(error).__name__, str(error), decision=Decision.RETRY_LATER)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            broken = InDoubt(type(error).__name__, str(error), decision=Decision.RETRY_LATER)
        # Raised outside the handler, so it has no context: the httpx error holds the request, and that holds the key.
        raise broken


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _ANSWER_BYTES:
            raise httpx.DecodingError(f"An answer of more than {_ANSWER_BYTES} bytes.")
    return bytes(body)


def _checked(task_id: str) -> str:
    if not wire.is_task_id(task_id):
        raise DashScopeError("InvalidTaskId", "This is not a task id.", decision=Decision.OUR_BUG)
    return task_id


def _picture(answer: ApiResponse, download: Download) -> bytes:
    if answer.status in {403, 404, 410}:
        raise ResultGone(
            f"HTTP{answer.status}",
            "The picture's link has expired.",
            decision=Decision.RETRY_LATER,
            http_status=answer.status,
        )
    if answer.status not in {200, 206} or not download.body:
        if answer.status == 416:  # there is nothing after what has come, and that was not all
            download.clear()
        raise DashScopeError(
            "NoPicture",
            "What came was no picture.",
            decision=Decision.RETRY_LATER,
            http_status=answer.status,
        )
    return bytes(download.body)
