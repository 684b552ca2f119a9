"""Which requests the page accepts: our host names, our own pages, and programs that are not browsers."""

from pathlib import Path

import pytest

from bot.app import Installation
from handlers.web.headers import SECURITY_HEADERS
from handlers.web.request_guard import is_allowed_host, is_same_origin
from tests.conftest import SHARED_LOOP
from tests.harness.app import running_app
from tests.harness.web_visitors import post_job, visitor

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:80"])
def test_our_own_host_names_are_allowed_with_any_port(host: str) -> None:
    assert is_allowed_host(host, LOOPBACK)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8080", "", None, "127.0.0.1@evil.example", "["]
)
def test_a_foreign_host_name_is_not_allowed(host: str | None) -> None:
    assert not is_allowed_host(host, LOOPBACK)
    assert is_allowed_host(host, None), "a public server accepts any name"


@pytest.mark.parametrize(
    ("method", "headers", "may"),
    [
        ("GET", {"sec-fetch-site": "cross-site"}, True),
        ("POST", {"sec-fetch-site": "same-origin"}, True),
        ("POST", {"sec-fetch-site": "none"}, True),
        ("POST", {"sec-fetch-site": "same-site"}, False),
        ("POST", {"sec-fetch-site": "cross-site"}, False),
        ("DELETE", {"sec-fetch-site": "cross-site", "origin": "http://localhost"}, False),
        ("POST", {"origin": "http://localhost:8080", "host": "localhost:8080"}, True),
        ("POST", {"origin": "http://localhost:9999", "host": "localhost:8080"}, False),
        ("POST", {"origin": "null", "host": "localhost"}, False),
        ("POST", {"host": "localhost"}, True),
    ],
)
def test_only_same_origin_or_non_browser_requests_may_change_state(
    method: str, headers: dict[str, str], *, may: bool
) -> None:
    assert is_same_origin(method, headers) is may


@SHARED_LOOP
async def test_a_cross_site_form_changes_nothing(app: Installation) -> None:
    async with visitor(app) as anna:
        await anna.get("/api/quota")
        anna.headers["Origin"] = "https://evil.example"
        response = await post_job(anna)
        assert (response.status_code, response.json()["code"]) == (403, "other_site")
        assert (await anna.get("/api/jobs")).json() == {"jobs": []}


@SHARED_LOOP
async def test_a_rebound_host_name_reads_nothing(app: Installation) -> None:
    async with visitor(app) as stranger:
        response = await stranger.get("/api/jobs", headers={"Host": "evil.example:8080"})
        assert (response.status_code, response.json()["code"]) == (421, "unknown_host")
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/static/main.js"),
        ("GET", "/static/nothing.js"),
        ("GET", "/samples/ink.jpg"),
        ("GET", "/api/jobs"),
        ("GET", "/api/jobs/1/events"),
        ("PUT", "/api/jobs"),
        ("POST", "/api/jobs"),
        ("GET", "/nowhere"),
    ],
)
@SHARED_LOOP
async def test_every_response_has_the_security_headers(app: Installation, method: str, path: str) -> None:
    async with visitor(app) as anna:
        response = await anna.request(method, path)
        assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == dict(SECURITY_HEADERS)
        if path.startswith("/api/"):
            assert response.headers["cache-control"] == "no-store"
        if response.status_code >= 400:
            assert set(response.json()) == {"code", "message"}
            assert response.json()["message"].endswith(".")


async def test_a_public_page_accepts_any_host_and_sends_its_cookie_over_https_only(tmp_path: Path) -> None:
    public = running_app(tmp_path, host="0.0.0.0", web_chat="on", public_url="https://repaint.example")
    async with public as app, visitor(app) as anna:
        response = await anna.get("/", headers={"Host": "repaint.example"})
        assert response.status_code == 200
        assert response.headers["set-cookie"].startswith("__Host-visitor=")
        assert "; Secure" in response.headers["set-cookie"]
