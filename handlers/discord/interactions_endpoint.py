"""Commands and presses that Discord brings to our HTTP server: each signed, so that nobody else can bring one.

They are answered as those of the gateway are, by a call of ours; so the request itself gets an empty answer.
"""

import json
from typing import Any

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handlers.discord.client import Line

log = structlog.get_logger(__name__)

PATH = "/discord/interactions"
SIGNATURE, MOMENT = "X-Signature-Ed25519", "X-Signature-Timestamp"
MAX_BYTES = 1024 * 1024  # an interaction is a few thousand
PING = PONG = 1


class Endpoint:
    """`line`: knows the key of our application, and takes what is brought."""

    def __init__(self, line: Line) -> None:
        self._line = line

    @property
    def route(self) -> Route:
        """For our HTTP server."""
        return Route(PATH, self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """An interaction. 401 for what Discord has not signed, 503 before we know by which key."""
        client = self._line.client
        if client is None or client.application is None:
            return Response(status_code=503)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        signature, moment = request.headers.get(SIGNATURE, ""), request.headers.get(MOMENT, "")
        if not is_signed(client.application.verify_key, signature, moment, body):
            return Response(status_code=401)
        payload: Any = json.loads(body)
        if payload.get("type") == PING:
            return JSONResponse({"type": PONG})
        try:
            client.received(payload)
        except Exception:  # the library may stumble over what it reads; the next version may not
            log.exception("an interaction could not be read")
        return Response(status_code=202)


def is_signed(key: str, signature: str, moment: str, body: bytes) -> bool:
    """Whether the holder of the other half of `key` has signed this. Pure."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), moment.encode() + body)
    except (InvalidSignature, ValueError):
        return False
    return True


async def _body(request: Request) -> bytes | None:
    """None when it is too long to be an interaction."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BYTES:
            return None
    return bytes(data)
