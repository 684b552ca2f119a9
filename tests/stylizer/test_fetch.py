"""Fetching by URL from real servers on loopback: limits, and addresses that are never reached."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from stylizer.errors import INVALID_URL, Refused
from stylizer.fetch import Fetcher, GuardedTransport, resolve
from stylizer.settings import MAX_IMAGE_BYTES
from stylizer.url_guard import allow_any, is_public
from tests.fakes.dashscope.service import served


class Site:
    """A small web site that records its requests."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.app = Starlette(routes=[Route("/{path:path}", self.answer)])

    async def answer(self, request: Request) -> Response:
        self.hosts.append(request.headers["Host"])
        match request.path_params["path"].split("/"):
            case ["picture"]:
                return Response(b"picture")
            case ["hop", left] if left != "0":
                return RedirectResponse(f"/hop/{int(left) - 1}")
            case ["hop", _]:
                return Response(b"arrived")
            case ["to"]:
                return RedirectResponse(request.query_params["url"])
            case ["bytes", count]:
                return Response(bytes(int(count)))
            case ["stream"]:
                return StreamingResponse(mebibytes())
            case ["never"]:
                while (await request.receive())["type"] != "http.disconnect":
                    continue
        return Response(b"nothing here", status_code=404)


async def mebibytes() -> AsyncIterator[bytes]:
    for _ in range(11):
        yield bytes(1024 * 1024)


def names(**hosts: list[str]) -> Callable[[str, int], Any]:
    """A resolver for these names only."""

    async def known(host: str, _: int) -> list[str]:
        if host not in hosts:
            raise OSError("no such name")
        return hosts[host]

    return known


async def is_refused(fetcher: Fetcher, url: str) -> bool:
    try:
        await fetcher.fetch(url)
    except Refused as refusal:
        assert refusal.fault == INVALID_URL
        return True
    return False


async def test_a_picture_is_fetched_and_redirects_are_followed_three_times() -> None:
    fetcher = Fetcher(resolve=resolve, is_allowed=allow_any)
    async with served(Site().app) as url:
        assert await fetcher.fetch(f"{url}/picture") == b"picture"
        assert await fetcher.fetch(f"{url}/hop/3") == b"arrived"
        assert await is_refused(fetcher, f"{url}/hop/4")


async def test_at_most_ten_megabytes_are_fetched() -> None:
    fetcher = Fetcher(resolve=resolve, is_allowed=allow_any)
    async with served(Site().app) as url:
        assert len(await fetcher.fetch(f"{url}/bytes/{MAX_IMAGE_BYTES}")) == MAX_IMAGE_BYTES
        assert await is_refused(fetcher, f"{url}/bytes/{MAX_IMAGE_BYTES + 1}")
        assert await is_refused(fetcher, f"{url}/stream")


async def test_a_server_that_fails_or_never_answers_is_an_invalid_url() -> None:
    fetcher = Fetcher(resolve=resolve, is_allowed=allow_any, seconds=0.2)
    async with served(Site().app) as url:
        assert await is_refused(fetcher, f"{url}/missing")
        assert await is_refused(fetcher, f"{url}/never")
    assert await is_refused(fetcher, f"{url}/picture")  # the server is closed by now
    assert await is_refused(Fetcher(resolve=names()), "http://unknown.example/picture")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "user:word@127.0.0.1",
    ],
)
async def test_no_spelling_of_loopback_is_reached(host: str) -> None:
    site = Site()
    async with served(site.app) as url:
        port = url.rpartition(":")[2]
        assert await is_refused(Fetcher(resolve=resolve), f"http://{host}:{port}/picture")
    assert site.hosts == []


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["8.8.8.8", "127.0.0.1"], []])
async def test_a_name_with_a_private_address_is_refused_whatever_its_others(addresses: list[str]) -> None:
    site = Site()
    async with served(site.app) as url:
        fetcher = Fetcher(resolve=names(**{"photos.example": addresses}))
        assert await is_refused(fetcher, f"http://photos.example:{url.rpartition(':')[2]}/picture")
    assert site.hosts == []


async def test_a_redirect_is_checked_like_the_first_url() -> None:
    site = Site()
    fetcher = Fetcher(
        resolve=names(**{"outside.example": ["127.0.0.1"], "inside.example": ["127.0.0.2"]}),
        is_allowed=lambda address: address == "127.0.0.1",
    )
    async with served(site.app) as url:
        port = url.rpartition(":")[2]
        start = f"http://outside.example:{port}/to?url="
        assert await fetcher.fetch(f"{start}http://outside.example:{port}/picture") == b"picture"
        for target in (f"http://inside.example:{port}/picture", "file:///etc/hostname", "ftp://outside.example/"):
            assert await is_refused(fetcher, start + target)
    assert site.hosts == [f"outside.example:{port}"] * 5


async def test_the_checked_address_is_the_one_connected_to() -> None:
    answers = [["127.0.0.1"], ["127.0.0.9"]]  # another answer the second time, as in DNS rebinding
    judged: list[str] = []

    async def changing(_: str, __: int) -> list[str]:
        return answers.pop(0)

    def judge(address: str) -> bool:
        judged.append(address)
        return True

    site = Site()
    async with served(site.app) as url:
        port = url.rpartition(":")[2]
        fetcher = Fetcher(resolve=changing, is_allowed=judge)
        assert await fetcher.fetch(f"http://photos.example:{port}/picture") == b"picture"
    assert judged == ["127.0.0.1"] and site.hosts == [f"photos.example:{port}"]


async def test_an_address_that_does_not_answer_is_followed_by_the_next() -> None:
    async with served(Site().app) as url:
        fetcher = Fetcher(resolve=names(**{"photos.example": ["127.0.0.9", "127.0.0.1"]}), is_allowed=allow_any)
        assert await fetcher.fetch(f"http://photos.example:{url.rpartition(':')[2]}/picture") == b"picture"


async def test_tls_verifies_the_name_and_not_the_address() -> None:
    seen: list[tuple[str, str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, request.headers["Host"], request.extensions["sni_hostname"]))
        return httpx.Response(200)

    guarded = GuardedTransport(httpx.MockTransport(answer), names(**{"photos.example": ["93.184.215.14"]}), is_public)
    async with httpx.AsyncClient(transport=guarded) as client:
        await client.get("https://photos.example/a.jpg")
    assert seen == [("93.184.215.14", "photos.example", "photos.example")]
