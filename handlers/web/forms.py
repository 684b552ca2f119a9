"""Reads multipart forms with limits: bytes while they arrive, number of parts, and time."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive

from handlers.web.errors import HttpProblem

MAX_PHOTO_BYTES = 20 * 1024 * 1024
MAX_FORM_BYTES = 2 * MAX_PHOTO_BYTES + 64 * 1024  # a photo, a reference and small fields
MAX_SMALL_FORM_BYTES = 4096
MAX_DRAINED_BYTES = (
    4 * MAX_FORM_BYTES
)  # browsers read no response while they still send, so up to this much is discarded first
UPLOAD_TIMEOUT = 300  # seconds

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)


@dataclass(frozen=True)
class JobForm:
    """The fields of a form. `key` makes repeated submissions one job."""

    style: str | None
    key: str | None
    photo: bytes | None = None
    reference: bytes | None = None


@asynccontextmanager
async def open_form(request: Request, max_bytes: int) -> AsyncIterator[FormData]:
    """Parse the form; large files are kept on disk and deleted at exit. Raises HttpProblem if it exceeds a limit or
    times out."""
    limited = Request(request.scope, _limit_body(request.receive, max_bytes))
    try:
        async with asyncio.timeout(UPLOAD_TIMEOUT):
            form = await limited.form(max_files=2, max_fields=4, max_part_size=1000)
    except TimeoutError:
        raise HttpProblem(408, "too_slow_upload") from None
    try:
        yield form
    finally:
        await form.close()


async def parse_fields(form: FormData) -> JobForm:
    """The form's parts as values. Raises HttpProblem for a part of the wrong kind."""
    return JobForm(_text(form, "style"), _key(form), await _bytes(form, "photo"), await _bytes(form, "reference"))


def _limit_body(receive: Receive, max_bytes: int) -> Receive:
    """`receive` that rejects a body of more than `max_bytes`."""
    read = 0

    async def limited_receive() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > max_bytes:
            await _drain(receive, message, MAX_DRAINED_BYTES)
            raise HttpProblem(413, "too_large")
        return message

    return limited_receive


async def _drain(receive: Receive, message: Message, max_bytes: int) -> None:
    while message.get("more_body") and max_bytes > 0:
        message = await receive()
        max_bytes -= len(message.get("body", b""))


async def _bytes(form: FormData, name: str) -> bytes | None:
    part = form.get(name)
    if part is None or part == "":
        return None
    if not isinstance(part, UploadFile):
        raise HttpProblem(400, "bad_form")
    if part.filename == "" and part.size == 0:  # a file field that was left empty
        return None
    return await part.read()


def _text(form: FormData, name: str) -> str | None:
    part = form.get(name)
    if isinstance(part, UploadFile):
        raise HttpProblem(400, "bad_form")
    return part or None


def _key(form: FormData) -> str | None:
    key = _text(form, "key")
    if key is not None and not _KEY.fullmatch(key):
        raise HttpProblem(400, "bad_form")
    return key
