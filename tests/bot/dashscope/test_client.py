"""The client against a real server on loopback, with and without failures."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import HTTP
from typing import cast

import httpx
import pytest
from pydantic import SecretStr

from bot.dashscope.client import DashScope, Timeouts
from bot.dashscope.download import Download
from bot.dashscope.errors import DashScopeError, Decision, InDoubt, NotAccepted, ResultGone
from bot.dashscope.wire import TaskRequest, TaskStatus
from tests.fakes.http_server import Handler, Loopback, Received, Reply, as_json, hang, loopback

KEY = "0123456789abcdef0123456789abcdef"
TASK = "c4f94e00-5899-431b-9579-eb1ebe686379"
REQUEST = TaskRequest("https://me.example/photos/s3cret", 3)
USUAL = Timeouts()
QUICK = Timeouts(connect=0.5, pool=0.5, read=0.2, call=0.4, answer=0.2, submit=0.4, upload=0.4, download=0.4)
CREATED = as_json({"output": {"task_status": "PENDING", "task_id": TASK}, "request_id": "r-1"})
JPEG = b"\xff\xd8\xff\xe0 a picture"


@asynccontextmanager
async def client_of(url: str, timeouts: Timeouts = USUAL, workspace: str | None = None) -> AsyncIterator[DashScope]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield DashScope(http, base_url=url, api_key=SecretStr(KEY), workspace=workspace, timeouts=timeouts)


@asynccontextmanager
async def connected(handler: Handler) -> AsyncIterator[tuple[DashScope, Loopback]]:
    async with loopback(handler) as server, client_of(server.url + "/api/v1/") as client:
        yield client, server


async def test_a_submit_is_one_request_with_all_it_needs() -> None:
    async with loopback(lambda _: CREATED) as server, client_of(server.url + "/api/v1", workspace="ws-1") as client:
        created = await client.create_task(TaskRequest("oss://a/b.jpg", 0))
    assert (created.task_id, created.request_id, created.status) == (TASK, "r-1", TaskStatus.PENDING)
    [request] = server.received
    assert (request.method, request.target) == ("POST", "/api/v1/services/aigc/image-generation/generation")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-dashscope-async"] == "enable"
    assert request.headers["x-dashscope-ossresourceresolve"] == "enable"
    assert request.headers["x-dashscope-workspace"] == "ws-1"


async def test_a_refused_connection_means_not_accepted() -> None:
    async with loopback(hang) as server:
        gone = server.url
    async with client_of(gone) as client:
        with pytest.raises(NotAccepted) as caught:
            await client.create_task(REQUEST)
    assert (caught.value.code, caught.value.decision) == ("ConnectError", Decision.RETRY_LATER)


async def test_a_full_pool_means_not_accepted() -> None:
    async with (
        loopback(hang) as server,
        httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=1)) as http,
    ):
        patient = DashScope(http, base_url=server.url, api_key=SecretStr(KEY))
        impatient = DashScope(http, base_url=server.url, api_key=SecretStr(KEY), timeouts=Timeouts(pool=0.1))
        first = asyncio.create_task(patient.query_task(TASK))
        await server.met.wait()
        with pytest.raises(NotAccepted) as caught:
            await impatient.create_task(REQUEST)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert caught.value.code == "PoolTimeout"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "RemoteProtocolError"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", "DecodingError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b" " * 3_000_000, "DecodingError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "Garbled"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "HTTP502"),
    ],
)
async def test_a_lost_or_garbled_answer_is_in_doubt(raw: bytes, code: str) -> None:
    async with connected(lambda _: Reply(raw=raw)) as (client, server):
        with pytest.raises(InDoubt) as caught:
            await client.create_task(REQUEST)
    assert (caught.value.code, caught.value.decision) == (code, Decision.RETRY_LATER)
    assert len(server.received) == 1


@pytest.mark.parametrize("timeouts", [QUICK, Timeouts(answer=5, submit=0.2)])
async def test_a_server_that_never_answers_times_out_and_is_in_doubt(timeouts: Timeouts) -> None:
    async with loopback(hang) as server, client_of(server.url, timeouts) as client, asyncio.timeout(3):
        with pytest.raises(InDoubt):
            await client.create_task(REQUEST)
    assert len(server.received) == 1


async def test_a_submit_is_never_redirected() -> None:
    async with connected(lambda _: Reply(307, headers=(("Location", "/elsewhere"),))) as (client, server):
        with pytest.raises(NotAccepted):
            await client.create_task(REQUEST)
    assert len(server.received) == 1


async def test_a_throttled_submit_is_not_accepted_and_not_repeated() -> None:
    refused = as_json({"code": "Throttling.RateQuota", "message": "Later.", "request_id": "r"}, 429)
    async with connected(lambda _: refused) as (client, server):
        with pytest.raises(NotAccepted) as caught:
            await client.create_task(REQUEST)
    assert caught.value.decision is Decision.RETRY_LATER
    assert len(server.received) == 1


async def test_a_query_asks_for_the_task() -> None:
    reply = as_json({"request_id": "r", "output": {"task_id": TASK, "task_status": "RUNNING"}})
    async with connected(lambda _: reply) as (client, server):
        task = await client.query_task(TASK)
    assert (task.task_id, task.status) == (TASK, TaskStatus.RUNNING)
    assert (server.received[0].method, server.received[0].target) == ("GET", f"/api/v1/tasks/{TASK}")


async def test_an_invalid_task_id_is_never_sent() -> None:
    async with connected(hang) as (client, server):
        for ask in (client.query_task, client.cancel_task):
            with pytest.raises(DashScopeError) as caught:
                await ask("../uploads")
            assert caught.value.decision is Decision.OUR_BUG
    assert server.received == []


async def test_the_list_is_paged_and_knows_the_servers_time() -> None:
    body = {"total": 1, "data": [{"task_id": TASK, "status": "RUNNING", "gmt_create": 1709260684485}]}
    async with connected(lambda _: as_json(body, Date="Fri, 01 Mar 2024 02:38:05 GMT")) as (client, server):
        page = await client.list_tasks(start=1709260680, page=2)
    assert [task.created for task in page.tasks] == [1709260684.485]
    assert page.server_time == 1709260685
    target = httpx.URL(server.received[0].target)
    assert target.path == "/api/v1/tasks/"
    assert dict(target.params)["start_time"] == "20240301103800"
    assert dict(target.params)["page_no"] == "2"


async def test_a_cancellation_is_done_or_too_late() -> None:
    replies = iter([as_json({"request_id": "r"}), as_json({"code": "UnsupportedOperation"}, 400)])
    async with connected(lambda _: next(replies)) as (client, server):
        assert await client.cancel_task(TASK) is True
        assert await client.cancel_task(TASK) is False
    assert server.received[0].target == f"/api/v1/tasks/{TASK}/cancel"


def storage(request: Received, status: int = 200) -> Reply:
    """The API's upload policy and its storage at one address."""
    if request.method == "POST":
        return Reply(status)
    fields = ("policy", "signature", "oss_access_key_id", "x_oss_object_acl", "x_oss_forbid_overwrite")
    host = f"http://{request.headers['host']}"
    data = dict.fromkeys(fields, "s3cret") | {"upload_dir": "instant/1", "upload_host": host, "max_file_size_mb": 100}
    return as_json({"request_id": "r", "data": data})


async def test_an_upload_posts_the_file_last_and_gives_its_link() -> None:
    async with connected(storage) as (client, server):
        assert await client.upload("a.jpg", JPEG) == "oss://instant/1/a.jpg"
    policy, post = server.received
    assert policy.target == "/api/v1/uploads?action=getPolicy&model=wanx-style-repaint-v1"
    form = message_from_bytes(
        b"Content-Type: " + post.headers["content-type"].encode() + b"\r\n\r\n" + post.body, policy=HTTP
    )
    names = [part.get_param("name", header="content-disposition") for part in form.iter_parts()]
    assert names[-1] == "file"
    assert {"OSSAccessKeyId", "Signature", "policy", "key", "success_action_status"} < set(names)
    assert JPEG in post.body
    assert "authorization" not in post.headers


@pytest.mark.parametrize(
    ("status", "decision"),
    [(403, Decision.RETRY_LATER), (500, Decision.RETRY_LATER), (400, Decision.UNRECOGNISED)],
)
async def test_a_refused_upload_says_whether_to_try_again(status: int, decision: Decision) -> None:
    async with connected(lambda request: storage(request, status)) as (client, _):
        with pytest.raises(NotAccepted) as caught:
            await client.upload("a.jpg", JPEG)
    assert caught.value.decision is decision


async def test_a_result_is_fetched_through_redirects_without_the_key() -> None:
    def moved(request: Received) -> Reply:
        if request.target.startswith("/x"):
            return Reply(302, headers=(("Location", "/y?Signature=2"),))
        return Reply(200, JPEG)

    async with connected(moved) as (client, server):
        assert await client.fetch_result(server.url + "/x?Signature=1") == JPEG
    assert [request.target for request in server.received] == ["/x?Signature=1", "/y?Signature=2"]
    assert all("authorization" not in request.headers for request in server.received)


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_an_expired_link_says_so(status: int) -> None:
    async with connected(lambda _: Reply(status, b"<Error>Expired</Error>")) as (client, server):
        with pytest.raises(ResultGone):
            await client.fetch_result(server.url + "/x")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b""),
        Reply(500),
        Reply(200, JPEG + bytes(2000)),
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + JPEG),
        Reply(302, headers=(("Location", "/again"),)),
        Reply(302, headers=(("Location", "file:///etc/passwd"),)),
        Reply(302, headers=(("Location", "http://[::bad"),)),
    ],
)
async def test_a_result_that_is_no_picture_or_too_large_is_retried_later(reply: Reply) -> None:
    async with connected(lambda _: reply) as (client, server):
        with pytest.raises(DashScopeError) as caught:
            await client.fetch_result(server.url + "/x", Download(max_bytes=1000))
    assert caught.value.decision is Decision.RETRY_LATER
    assert len(server.received) <= 4


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "file:///etc/passwd", "http://", "", "http://x:y:z/", "http://ü.example/"]
)
async def test_only_web_links_are_fetched(url: str) -> None:
    async with client_of("http://127.0.0.1:9") as client:
        with pytest.raises(DashScopeError) as caught:
            await client.fetch_result(url)
    assert caught.value.code == "BadLink"


async def test_a_submit_that_is_answered_late_is_answered() -> None:
    """A gateway may inspect the photo first: only a query's answer is due sooner."""

    async def late(request: Received) -> Reply:
        await server_may_answer.wait()
        return CREATED if request.method == "POST" else Reply(500)

    server_may_answer = asyncio.Event()
    timeouts = Timeouts(read=0.05, call=0.1, answer=30, submit=30)
    async with loopback(late) as server, client_of(server.url, timeouts) as client:
        submit = asyncio.create_task(client.create_task(REQUEST))
        with pytest.raises(InDoubt):
            await client.query_task(TASK)
        server_may_answer.set()
        assert (await submit).task_id == TASK


def test_a_submit_is_given_the_time_that_its_photo_takes() -> None:
    client = DashScope(httpx.AsyncClient(), base_url="http://x", api_key=SecretStr(KEY))
    photo = "data:image/jpeg;base64," + "A" * 960_000
    seconds = [
        client.submit_seconds(task_request)
        for task_request in (REQUEST, TaskRequest(photo, 3), TaskRequest(photo, -1, photo))
    ]
    assert seconds[0] == client.shortest_submit == 35.0
    assert seconds[1] == pytest.approx(35 + 14, abs=0.1)
    assert seconds[2] == pytest.approx(35 + 29, abs=0.1)


@asynccontextmanager
async def served(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that talks to each connection as told, with small buffers; its URL."""
    busy: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        busy.add(task := cast("asyncio.Task[None]", asyncio.current_task()))
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went first, or the test is over
        finally:
            busy.discard(task)
            writer.transport.abort()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        server = await asyncio.start_server(serve, sock=listener, limit=4_096)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.close()
            while busy:
                for task in busy:
                    task.cancel()
                await asyncio.wait(busy)


async def test_a_large_photo_gets_through_a_slow_line() -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith("GET"):
            await hang(Received("", "", {}, b""))
        begun.set()
        await go.wait()
        await reader.readexactly(int(head.lower().partition("content-length: ")[2].partition("\r")[0]))
        writer.write(CREATED.bytes())
        await writer.drain()

    photo, timeouts = "data:image/jpeg;base64," + "A" * 9_000_000, Timeouts(call=0.1, submit=0.1, slowest=100_000)
    async with served(talk) as url, client_of(url, timeouts) as client:
        submit = asyncio.create_task(client.create_task(TaskRequest(photo, 3)))
        await begun.wait()
        with pytest.raises(InDoubt):
            await client.query_task(TASK)  # a call of other kinds is over in this time
        go.set()
        assert (await submit).task_id == TASK


async def test_a_picture_may_come_slowly_while_its_bytes_come() -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"/tasks/" in await reader.readuntil(b"\r\n\r\n"):
            await hang(Received("", "", {}, b""))
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(JPEG)}\r\n\r\n".encode() + JPEG[:5])
        begun.set()
        await go.wait()
        writer.write(JPEG[5:])
        await writer.drain()
        await reader.read()  # until the client goes

    async with served(talk) as url, client_of(url, Timeouts(call=0.1)) as client:
        fetch = asyncio.create_task(client.fetch_result(url + "/x"))
        await begun.wait()
        with pytest.raises(InDoubt):
            await client.query_task(TASK)
        go.set()
        assert await fetch == JPEG


@pytest.mark.parametrize(
    ("timeouts", "trickles"),
    [
        (Timeouts(answer=0.2), False),
        (Timeouts(download=0.1, trickle=10**6), True),
        (Timeouts(download=0.1, trickle=10**9), False),
    ],
    ids=["silence", "trickle", "too long"],
)
async def test_a_picture_that_never_ends_is_given_up_and_what_came_is_kept(timeouts: Timeouts, trickles: bool) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nETag: "1"\r\n\r\n' + JPEG)
        while trickles:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()  # until the client goes

    download = Download()
    async with served(talk) as url, client_of(url, timeouts) as client:
        with pytest.raises(InDoubt):
            await client.fetch_result(url + "/x", download)
    assert download.body.startswith(JPEG)
    assert download.request_headers()["Range"] == f"bytes={len(download.body)}-"


async def test_slow_pictures_leave_connections_for_everything_else() -> None:
    held, go = asyncio.Semaphore(0), asyncio.Event()

    async def slow(request: Received) -> Reply:
        if request.method == "POST":
            return CREATED
        held.release()
        await go.wait()
        return Reply(200, JPEG)

    async with (
        loopback(slow) as server,
        httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=17)) as http,
    ):
        client = DashScope(http, base_url=server.url, api_key=SecretStr(KEY))
        fetching = [asyncio.create_task(client.fetch_result(f"{server.url}/{number}")) for number in range(40)]
        for _ in range(16):
            await held.acquire()
        assert (await client.create_task(REQUEST)).task_id == TASK
        go.set()
        assert await asyncio.gather(*fetching) == [JPEG] * 40


@pytest.mark.parametrize(
    ("base_url", "link", "asked"),
    [
        ("https://api.example/api/v1", "http://oss.example/x?Signature=1", "https://oss.example/x?Signature=1"),
        ("https://api.example/api/v1", "http://oss.example:80/x", "https://oss.example/x"),
        ("https://api.example/api/v1", "https://oss.example/x", "https://oss.example/x"),
        ("http://127.0.0.1:8091/api/v1", "http://127.0.0.1:8091/x", "http://127.0.0.1:8091/x"),
        ("http://127.0.0.1:8091/api/v1", "https://oss.example/x", "https://oss.example/x"),
    ],
)
async def test_pictures_come_by_https_unless_the_api_itself_does_not(base_url: str, link: str, asked: str) -> None:
    urls: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url.copy_with()))
        if len(urls) == 1:
            return httpx.Response(302, headers={"location": link})  # and so do those that they lead to
        return httpx.Response(200, content=JPEG)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await DashScope(http, base_url=base_url, api_key=SecretStr(KEY)).fetch_result(link)
    assert urls == [asked, asked]


async def test_no_secret_reaches_a_log_an_exception_or_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = as_json({"code": "InvalidApiKey", "message": f"Key {KEY} and {REQUEST.image_url} are wrong."}, 401)
    async with connected(lambda r: echo if r.method == "POST" else Reply(404)) as (client, server):
        with pytest.raises(NotAccepted) as refused:
            await client.create_task(REQUEST)
        with pytest.raises(ResultGone) as gone:
            await client.fetch_result(server.url + "/x?Signature=s3cret")
    async with client_of(server.url) as client:
        with pytest.raises(NotAccepted) as unreachable:
            await client.create_task(REQUEST)
        texts = [repr(client), repr(vars(client))]
    for caught in (refused, gone, unreachable):
        assert caught.value.__context__ is None
        texts += [str(caught.value), repr(caught.value)]
    text = "\n".join([*texts, caplog.text])
    assert "Signature" not in text
    assert "s3cret" not in text
    assert KEY not in text
    assert "HTTP Request" in caplog.text


@pytest.mark.parametrize("key", ["", "sk-ü", "sk-1\n"])
def test_a_key_that_does_not_fit_into_a_header_is_refused_at_once(key: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        DashScope(httpx.AsyncClient(), base_url="http://x", api_key=SecretStr(key))
