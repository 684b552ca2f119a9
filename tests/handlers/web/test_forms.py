"""Forms are limited while they arrive: in bytes, in parts and in the size of a field."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.app import Installation
from handlers.web.forms import MAX_FORM_BYTES
from tests.conftest import SHARED_LOOP
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import served_app
from tests.harness.web_visitors import visitor

MEGABYTE = b"x" * 1024 * 1024
HEAD = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'


async def endless_body(megabytes: int) -> AsyncIterator[bytes]:
    yield HEAD
    for _ in range(megabytes):
        yield MEGABYTE


async def test_an_endless_body_is_refused_while_it_arrives(tmp_path: Path) -> None:
    async with served_app(tmp_path) as (_, url), httpx.AsyncClient(base_url=url) as anna:
        response = await anna.post(
            "/api/jobs", content=endless_body(60), headers={"Content-Type": "multipart/form-data; boundary=b"}
        )
        assert (response.status_code, response.json()["code"]) == (413, "too_large")
        assert (await anna.get("/api/jobs")).json() == {"jobs": []}


@SHARED_LOOP
async def test_a_photo_over_twenty_megabytes_is_refused_by_the_job_service(app: Installation) -> None:
    async with visitor(app) as anna:
        photo = portrait_jpeg() + bytes(21 * 1024 * 1024)
        assert len(photo) < MAX_FORM_BYTES
        response = await anna.post("/api/jobs", files={"photo": ("a.jpg", photo)}, data={"style": "0"})
        assert (response.status_code, response.json()["code"]) == (413, "too_many_bytes")


@pytest.mark.parametrize(
    "body",
    [
        {"files": [("photo", ("a.jpg", portrait_jpeg()))] * 3},
        {"files": {"photo": ("a.jpg", portrait_jpeg())}, "data": {f"field{n}": "x" for n in range(5)}},
        {"files": {"photo": ("a.jpg", portrait_jpeg())}, "data": {"style": "x" * 2000}},
        {"content": b"nonsense", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        {"content": b"--b\r\n", "headers": {"Content-Type": "multipart/form-data"}},
        {"files": {"photo": ("a.jpg", portrait_jpeg()), "style": ("b.txt", b"0")}},
    ],
    ids=["files", "fields", "long field", "garbage", "no boundary", "style as a file"],
)
@SHARED_LOOP
async def test_a_malformed_form_is_refused(app: Installation, body: dict[str, Any]) -> None:
    async with visitor(app) as anna:
        response = await anna.post("/api/jobs", **body)
        assert (response.status_code, response.json()["code"]) == (400, "bad_form")


@SHARED_LOOP
async def test_a_small_form_has_a_small_limit(app: Installation) -> None:
    async with visitor(app) as anna:
        response = await anna.post("/api/jobs/1/again", data={"style": "x" * 5000})
        assert (response.status_code, response.json()["code"]) == (413, "too_large")
