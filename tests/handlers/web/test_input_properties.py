"""Property tests for outside input: links, cookies, updates and forms are accepted or refused, and forgeries never
pass."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import Installation, web_application
from bot.dashscope.photo_links import LINK_SECONDS, SignedLinks, read_token
from handlers.telegram.raw_updates import split_updates
from handlers.web.request_guard import is_allowed_host, is_same_origin
from handlers.web.visitors import VisitorCookies
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import running_app
from tests.harness.properties import ANY_TEXT, FEW, QUICK, WORDS
from tests.harness.rows import NOON

SECRET, OTHER = b"k" * 32, b"o" * 32
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=120)
TIMES = st.floats(0, 4e9)


def token_of(key: str, now: float, secret: bytes = SECRET) -> str:
    link = asyncio.run(SignedLinks("https://here", secret).expose(key, b"", now))
    return link.rpartition("/")[2]


@FEW
@given(KEYS, TIMES, st.floats(-1e5, 1e5))
def test_a_link_opens_only_its_photo_until_it_expires(key: str, now: float, later: float) -> None:
    token = token_of(key, now)
    opened = read_token(SECRET, token, now + later)
    assert opened == (key if int(now) + LINK_SECONDS >= now + later else None)
    assert read_token(OTHER, token, now) is None


@FEW
@given(KEYS, st.integers(0, 10**6), st.characters(codec="utf-8"))
def test_a_link_with_one_changed_character_opens_nothing(key: str, at: int, letter: str) -> None:
    token = token_of(key, NOON)
    at %= len(token)
    forged = token[:at] + letter + token[at + 1 :]
    assert (read_token(SECRET, forged, NOON) is None) == (forged != token)


@QUICK
@given(WORDS)
def test_arbitrary_text_is_neither_a_link_nor_a_cookie(words: str) -> None:
    assert read_token(SECRET, words, NOON) is None
    assert VisitorCookies(SECRET, secure=True, new_id=str).read(words) is None


@QUICK
@given(st.text("0123456789abcdef", min_size=32, max_size=32), st.integers(0, 200), st.characters(codec="ascii"))
def test_a_cookie_names_its_visitor_and_a_forged_one_names_nobody(visitor: str, at: int, letter: str) -> None:
    cookies = VisitorCookies(SECRET, secure=False, new_id=str)
    value = cookies.write(visitor).partition("=")[2].partition(";")[0]
    assert cookies.read(value) == visitor
    at %= len(value) - 1  # the last character of the signature has two bits that mean nothing
    forged = value[:at] + letter + value[at + 1 :]
    assert cookies.read(forged) == (visitor if forged == value else None)
    assert VisitorCookies(OTHER, secure=False, new_id=str).read(value) is None


ADDRESSES = st.one_of(ANY_TEXT, st.sampled_from(["null", "http://[", "http://a:b", "http://localhost"]))
HEADERS = st.dictionaries(st.sampled_from(["sec-fetch-site", "origin", "host"]), ADDRESSES)


@QUICK
@given(st.sampled_from(["GET", "POST", "DELETE", "x"]), HEADERS)
def test_cross_site_requests_change_nothing(method: str, headers: dict[str, str]) -> None:
    may = is_same_origin(method, headers)
    if method == "POST" and headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        assert not may
    assert isinstance(is_allowed_host(headers.get("host"), frozenset({"localhost"})), bool)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), ANY_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(
        ["update_id", "message", "message_id", "date", "chat", "id", "type", "from", "text", "photo", "data", "result"]
    ), inner, max_size=5)),
    max_leaves=25,
)  # fmt: skip
UPDATES = st.fixed_dictionaries({"update_id": st.one_of(st.integers(1, 9), JSON)}, optional={"message": JSON})
RESPONSES = st.one_of(JSON, st.fixed_dictionaries({"ok": st.just(value=True), "result": st.lists(UPDATES, max_size=4)}))


@QUICK
@given(RESPONSES)
def test_the_updates_of_any_response_are_split_off(response: Any) -> None:
    payload = json.dumps(response).encode()
    left, updates = split_updates(payload)
    assert split_updates(left) == (left, [])
    result = response.get("result") if isinstance(response, dict) else None
    assert json.dumps(updates) == json.dumps(result if isinstance(result, list) else [])


@FEW
@given(st.binary(max_size=300))
def test_bytes_that_are_not_a_response_pass_unchanged(payload: bytes) -> None:
    assert split_updates(payload) == (payload, [])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Installation]]:
    """One app for all tests, with an event loop that lives as long."""
    with asyncio.Runner() as runner:
        opening = running_app(tmp_path_factory.mktemp("app"))
        app = runner.run(opening.__aenter__())
        yield runner, app
        runner.run(opening.__aexit__(None, None, None))


CONTENT_TYPES = st.sampled_from(
    [
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        "a/b; charset=\xff",
    ]
)
FIELDS = st.dictionaries(st.sampled_from(["style", "key", "photo", "reference", "x"]), WORDS, max_size=4)
CONTENTS = st.one_of(st.binary(max_size=100), st.just(portrait_jpeg()))
PARTS = st.tuples(ANY_TEXT, CONTENTS, st.sampled_from(["image/jpeg", "x"]))
FILES = st.dictionaries(st.sampled_from(["photo", "reference", "style", "key"]), PARTS, max_size=3)


async def post_jobs(app: Installation, **request: Any) -> httpx.Response:
    transport = httpx.ASGITransport(web_application(app))  # exceptions in the app propagate to the test
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        return await http.post("/api/jobs", **request)


@FEW
@given(st.binary(max_size=400), CONTENT_TYPES)
def test_a_body_that_is_not_a_form_is_refused(
    page: tuple[asyncio.Runner, Installation], body: bytes, kind: str
) -> None:
    runner, app = page
    headers = {"Content-Type": kind.encode("latin-1")}
    assert runner.run(post_jobs(app, content=body, headers=headers)).status_code in {400, 413, 415, 422}


@FEW
@given(FIELDS, FILES)
def test_any_form_is_accepted_or_refused_with_a_reason(
    page: tuple[asyncio.Runner, Installation], fields: dict[str, str], files: dict[str, tuple[str, bytes, str]]
) -> None:
    runner, app = page
    response = runner.run(post_jobs(app, data=fields, files=files or None))
    assert response.status_code == 202 or 400 <= response.status_code < 500, response.text
    assert response.json()
