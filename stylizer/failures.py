"""From exceptions to answers: the API's JSON, the storage's XML."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from stylizer.answers import refusal
from stylizer.errors import BROKEN, Fault, Refused
from stylizer.uploads import UploadRefused
from stylizer.xml_errors import xml_error

_log = logging.getLogger(__name__)


def _answer(fault: Fault) -> Response:
    headers = {"Connection": "close"} if fault.hang_up else None
    return JSONResponse(refusal(fault, str(uuid4())), status_code=fault.status, headers=headers)


async def on_refused(_: Request, error: Exception) -> Response:
    """A documented error."""
    assert isinstance(error, Refused)
    return _answer(error.fault)


async def on_upload_refused(_: Request, error: Exception) -> Response:
    """An upload that the storage doesn't take."""
    assert isinstance(error, UploadRefused)
    return xml_error(error.status, error.code, str(error.message))


async def on_http(_: Request, error: Exception) -> Response:
    """No such path, or not with this verb."""
    assert isinstance(error, HTTPException)
    name = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.status_code, "BadRequest")
    return _answer(Fault(error.status_code, name, str(error.detail)))


async def on_broken(_: Request, error: Exception) -> Response:
    """The table or the disk failed: said without details, which are in the log."""
    _log.error("a call could not be served", exc_info=error)
    return _answer(BROKEN)


async def on_gone(_: Request, __: Exception) -> Response:
    """The caller hung up in the middle of the body; nobody reads this."""
    return Response(status_code=400)


EXCEPTION_HANDLERS: Mapping[Any, Any] = {
    Refused: on_refused,
    UploadRefused: on_upload_refused,
    HTTPException: on_http,
    SQLAlchemyError: on_broken,
    OSError: on_broken,
    ClientDisconnect: on_gone,
}
