"""A create call: from its JSON body to a `CreateRequest`, or the documented error. No I/O.

Errors in the *request* (a missing parameter, no such style, not a URL) are answered at once. Errors in the *picture*
behind a URL are found when the task runs and make it FAILED with the same codes: fetching and decoding belong to the
task, so that a create call is answered within milliseconds.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from stylizer.engines import REFERENCE
from stylizer.errors import INVALID_BODY, INVALID_STYLE, INVALID_URL, MODEL_NOT_FOUND, Refused, invalid_parameter
from stylizer.settings import MODEL

MAX_URL = 8192
MAX_SEED = 2**31 - 1
_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)


@dataclass(frozen=True)
class Web:
    """A picture behind an http(s) URL."""

    url: str


@dataclass(frozen=True)
class Uploaded:
    """A picture that was uploaded before: `key` of `oss://key`."""

    key: str


@dataclass(frozen=True)
class Inline:
    """A picture within the request."""

    data: bytes


Source = Web | Uploaded | Inline


@dataclass(frozen=True)
class CreateRequest:
    """A valid request. `strength`, `brush` (both 0…1) and `seed` are our own extensions; None is up to the engine."""

    style_index: int
    photo: Source
    reference: Source | None = None
    strength: float | None = None
    brush: float | None = None
    seed: int | None = None


def parse_create_request(body: Any, *, styles: frozenset[int], resolve_oss: bool) -> CreateRequest:
    """Parse a create call's JSON body.

    `styles`: the indices on offer; `resolve_oss`: the header that allows `oss://` was there. With a preset style, a
    reference is ignored. Raises Refused.
    """
    match body:
        case {"model": str(model), "input": dict(fields)} if model:
            parameters = body.get("parameters")
        case {"model": str(model)} if model:
            raise Refused(invalid_parameter("input"))
        case dict():
            raise Refused(invalid_parameter("model"))
        case _:
            raise Refused(INVALID_BODY)
    if model != MODEL:
        raise Refused(MODEL_NOT_FOUND)
    style_index = _style(fields.get("style_index"), styles)
    photo = _source(fields.get("image_url"), "image_url", resolve_oss=resolve_oss)
    wants_reference = style_index == REFERENCE
    extras = {} if parameters is None else parameters
    if not isinstance(extras, dict):
        raise Refused(invalid_parameter("parameters"))
    return CreateRequest(
        style_index=style_index,
        photo=photo,
        reference=_source(fields.get("style_ref_url"), "style_ref_url", resolve_oss=resolve_oss)
        if wants_reference
        else None,
        strength=_share(extras.get("strength"), "strength"),
        brush=_share(extras.get("brush"), "brush"),
        seed=_seed(extras.get("seed")),
    )


def _style(value: Any, styles: frozenset[int]) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(invalid_parameter("style_index"))
    if value not in styles:
        raise Refused(INVALID_STYLE)
    return value


def _source(value: Any, name: str, *, resolve_oss: bool) -> Source:
    if not isinstance(value, str) or not value:
        raise Refused(invalid_parameter(name))
    if _DATA_URL.match(value):
        return Inline(_decoded(value))
    if len(value) > MAX_URL or not value.isascii() or not value.isprintable():
        raise Refused(INVALID_URL)
    if value.startswith("oss://") and resolve_oss:
        return Uploaded(value.removeprefix("oss://"))
    if not _is_web(value):
        raise Refused(INVALID_URL)
    return Web(value)


def _decoded(data_url: str) -> bytes:
    try:
        return base64.b64decode(data_url.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise Refused(INVALID_URL) from error


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _share(value: Any, name: str) -> float | None:
    """A number from 0 to 1."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or not 0 <= value <= 1:
        raise Refused(invalid_parameter(name))
    return float(value)


def _seed(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEED:
        raise Refused(invalid_parameter("seed"))
    return value
