"""The API accounts of an installation."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.dashscope.client import DashScope, Timeouts
from bot.dashscope.errors import InDoubt
from bot.dashscope.photo_links import BucketLinks, InlineLinks, SignedLinks, UploadLinks
from bot.dashscope.wire import TaskRequest
from bot.imaging.results import REQUEST_BYTES
from bot.worker import accounts, reconcile
from bot.worker.accounts import ApiAccount
from storage.bucket import open_bucket
from storage.photos import open_photos
from tests.fakes.http_server import Received, Reply, as_json, loopback
from tests.harness.app import settings_for

SECRET = bytes(32)


async def smaller(jpeg: bytes) -> bytes:
    return jpeg[:100]


def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def api_accounts(tmp_path: Path, **settings: Any) -> list[ApiAccount]:
    async with httpx.AsyncClient(trust_env=False) as http:
        chosen = settings_for(tmp_path, **settings)
        photos = open_photos(tmp_path / "photos") if chosen.bucket is None else open_bucket(chosen.bucket)
        return accounts.cloud_accounts(chosen, http, SECRET, photos, smaller)


def keys(*names: str) -> tuple[SecretStr, ...]:
    return tuple(map(SecretStr, names))


def test_an_account_id_is_stable_and_does_not_reveal_the_key() -> None:
    name = accounts.account_id(SecretStr("sk-secret"))
    assert name == accounts.account_id(SecretStr("sk-secret"))
    assert name != accounts.account_id(SecretStr("sk-secret2"))
    assert "secret" not in name


async def test_each_key_is_an_account_with_the_limits_of_the_settings(tmp_path: Path) -> None:
    limits = {"dashscope_max_running": 2, "dashscope_submits_per_second": 4.0, "dashscope_prefetch": 1}
    found = await api_accounts(tmp_path, dashscope_api_key=keys("sk-one", "sk-two"), **limits)
    assert len({api_account.account_id for api_account in found}) == 2
    assert {(api_account.slots, api_account.prefetch, api_account.paid) for api_account in found} == {(2, 1, True)}
    assert {round(1 / api_account.spacing, 2) for api_account in found} == {3.64}  # a tenth slower than allowed


async def test_a_key_that_is_given_twice_is_one_account(tmp_path: Path) -> None:
    """Two dispatchers of one account would take it over from each other for ever."""
    found = await api_accounts(tmp_path, dashscope_api_key=keys("sk-one", "sk-two", "sk-one"))
    assert [api_account.account_id for api_account in found] == [
        accounts.account_id(key) for key in keys("sk-one", "sk-two")
    ]


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, InlineLinks),
        ({"public_url": "https://bot.example"}, SignedLinks),
        ({"photo_links": "upload"}, UploadLinks),
        ({"photo_store": "s3://faces", "aws_region": "eu-central-1"}, BucketLinks),
    ],
)
async def test_photos_are_exposed_as_the_settings_say(tmp_path: Path, settings: dict[str, Any], kind: type) -> None:
    (api_account,) = await api_accounts(tmp_path, dashscope_api_key=keys("sk-one"), **settings)
    assert type(api_account.links) is kind


async def test_accounts_get_events_where_the_owner_has_set_that_up(tmp_path: Path) -> None:
    key = keys("sk-one")
    assert not (await api_accounts(tmp_path, dashscope_api_key=key))[0].gets_events
    assert (await api_accounts(tmp_path, dashscope_api_key=key, dashscope_events_secret=SecretStr("x" * 16)))[
        0
    ].gets_events


async def test_what_a_given_up_submit_has_not_sent_is_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)
    photo, came, is_over = "data:image/jpeg;base64," + "A" * 300_000, bytearray(), asyncio.Event()
    begun, given_up = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.set()
        await given_up.wait()
        with suppress(ConnectionError):
            while chunk := await reader.read(4_096):
                came.extend(chunk)
        writer.transport.abort()
        is_over.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        server = await asyncio.start_server(serve, sock=listener, limit=4_096)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with accounts.cloud_http() as http:
            client = DashScope(http, base_url=url, api_key=SecretStr("sk-one"), timeouts=Timeouts(answer=0.2))
            with pytest.raises(InDoubt):  # all of it is in the system's hands by then
                await client.create_task(TaskRequest(photo, 3))
        given_up.set()
        await is_over.wait()
        server.close()
    assert begun.is_set()
    assert len(came) < len(photo)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no such time-out")
async def test_unacknowledged_data_is_dropped_by_the_system_too(monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)

    async def answer(_: Received) -> Reply:
        return Reply()

    async with (
        loopback(answer) as server,
        accounts.cloud_http() as http,
        http.stream("GET", server.url) as response,
    ):
        line = response.extensions["network_stream"].get_extra_info("socket")
        milliseconds = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    photo = "A" * (REQUEST_BYTES * 4 // 3)
    call = DashScope(http, base_url=server.url, api_key=SecretStr("sk-one")).submit_seconds(
        TaskRequest(photo, -1, photo)
    )
    assert call <= milliseconds / 1000 + 0.001 < reconcile.LINGER_SECONDS


async def test_each_key_is_used_at_its_own_address_and_in_its_own_workspace(tmp_path: Path) -> None:
    empty = as_json({"total": 0, "data": [], "total_page": 0, "page_no": 1, "page_size": 1})
    async with (
        loopback(lambda _: empty) as one,
        loopback(lambda _: empty) as two,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        value = f"sk-one, sk-two base_url={two.url}/api/v1 workspace=ws-2"
        common = {"dashscope_base_url": f"{one.url}/api/v1", "dashscope_workspace": "ws-1"}
        for client in accounts.cloud_clients(settings_for(tmp_path, dashscope_api_key=value, **common), http).values():
            await client.list_tasks(page_size=1)
    asked = [
        (server.headers["authorization"], server.headers["x-dashscope-workspace"])
        for server in (*one.received, *two.received)
    ]
    assert asked == [("Bearer sk-one", "ws-1"), ("Bearer sk-two", "ws-2")]


async def test_each_account_has_its_own_limits(tmp_path: Path) -> None:
    own = "sk-one, sk-two max_running=3 prefetch=1 submits_per_second=1 queries_per_second=5 free_images=7"
    one, two = await api_accounts(tmp_path, dashscope_api_key=own)
    assert (one.slots, one.prefetch, one.submits_per_second, one.queries_per_second, one.free_images) == (
        *(1, 0, 2.0, 18.0),
        500,
    )
    assert (two.slots, two.prefetch, two.submits_per_second, two.queries_per_second, two.free_images) == (
        *(3, 1, 1.0, 5.0),
        7,
    )
