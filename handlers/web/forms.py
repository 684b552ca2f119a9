"""A form, read with bounds: bytes while they arrive, the number of parts, the time it may take."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive

from handlers.web.errors import Problem

PHOTO_BYTES = 20 * 1024 * 1024
FORM_BYTES = 2 * PHOTO_BYTES + 64 * 1024  # a photo, a reference, and little fields
SMALL_FORM_BYTES = 4096
DRAINED_BYTES = 4 * FORM_BYTES  # a browser that still sends reads no answer: so much more is thrown away first
SECONDS = 300

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)


@dataclass(frozen=True)
class Fields:
    """The parts of a form that we know."""

    style: str | None
    key: str | None
    photo: bytes | None = None
    reference: bytes | None = None


@asynccontextmanager
async def form_of(request: Request, most: int) -> AsyncIterator[FormData]:
    """The form, on disk where it is large, gone afterwards. Raises Problem when it breaks a bound."""
    bounded = Request(request.scope, _bounded(request.receive, most))
    try:
        async with asyncio.timeout(SECONDS):
            form = await bounded.form(max_files=2, max_fields=4, max_part_size=1000)
    except TimeoutError:
        raise Problem(408, "too_slow_upload") from None
    try:
        yield form
    finally:
        await form.close()


async def fields_of(form: FormData) -> Fields:
    """The form's parts as values. Raises Problem for a part of the wrong kind."""
    return Fields(_text(form, "style"), _key(form), await _bytes(form, "photo"), await _bytes(form, "reference"))


def _bounded(receive: Receive, most: int) -> Receive:
    """`receive` that refuses a body of more than `most` bytes."""
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            await _drain(receive, message, DRAINED_BYTES)
            raise Problem(413, "too_large")
        return message

    return bounded


async def _drain(receive: Receive, message: Message, most: int) -> None:
    while message.get("more_body") and most > 0:
        message = await receive()
        most -= len(message.get("body", b""))


async def _bytes(form: FormData, name: str) -> bytes | None:
    part = form.get(name)
    if part is None or part == "":
        return None
    if not isinstance(part, UploadFile):
        raise Problem(400, "bad_form")
    if part.filename == "" and part.size == 0:  # a file field that was left empty
        return None
    return await part.read()


def _text(form: FormData, name: str) -> str | None:
    part = form.get(name)
    if isinstance(part, UploadFile):
        raise Problem(400, "bad_form")
    return part or None


def _key(form: FormData) -> str | None:
    key = _text(form, "key")
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(400, "bad_form")
    return key
