"""Exception handlers: JSON errors for the API, XML errors for the storage."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from stylizer.answers import refusal
from stylizer.errors import INTERNAL_ERROR, Fault, Refused
from stylizer.uploads import UploadRefused
from stylizer.xml_errors import xml_error

_log = logging.getLogger(__name__)


def _answer(fault: Fault) -> Response:
    headers = {"Connection": "close"} if fault.close_connection else None
    return JSONResponse(refusal(fault, str(uuid4())), status_code=fault.status, headers=headers)


async def on_refused(_: Request, error: Exception) -> Response:
    """A documented error."""
    assert isinstance(error, Refused)
    return _answer(error.fault)


async def on_upload_refused(_: Request, error: Exception) -> Response:
    """An upload that the storage refuses."""
    assert isinstance(error, UploadRefused)
    return xml_error(error.status, error.code, str(error.message))


async def on_http(_: Request, error: Exception) -> Response:
    """No such path, or another method."""
    assert isinstance(error, HTTPException)
    name = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.status_code, "BadRequest")
    return _answer(Fault(error.status_code, name, str(error.detail)))


async def on_internal_error(_: Request, error: Exception) -> Response:
    """The database or the disk failed. The answer gives no details; the log does."""
    _log.error("a request failed", exc_info=error)
    return _answer(INTERNAL_ERROR)


async def on_disconnect(_: Request, __: Exception) -> Response:
    """The caller disconnected in the middle of the body; this answer is never read."""
    return Response(status_code=400)


EXCEPTION_HANDLERS: Mapping[Any, Any] = {
    Refused: on_refused,
    UploadRefused: on_upload_refused,
    HTTPException: on_http,
    SQLAlchemyError: on_internal_error,
    OSError: on_internal_error,
    ClientDisconnect: on_disconnect,
}
