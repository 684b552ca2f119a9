"""The HTTP endpoint for interactions; each request must carry Discord's signature.

Interactions are answered by an API call of ours, as those of the gateway are, so the request itself gets an empty
response.
"""

import json
from typing import Any

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handlers.discord.client import ClientRef

log = structlog.get_logger(__name__)

PATH = "/discord/interactions"
SIGNATURE_HEADER, TIMESTAMP_HEADER = "X-Signature-Ed25519", "X-Signature-Timestamp"
MAX_BODY_BYTES = 1024 * 1024  # an interaction is a few kilobytes
PING = PONG = 1


class InteractionsEndpoint:
    """`client_ref` knows our application's public key and handles the interactions."""

    def __init__(self, client_ref: ClientRef) -> None:
        self._client_ref = client_ref

    @property
    def route(self) -> Route:
        """The route for our HTTP server."""
        return Route(PATH, self.handle, methods=["POST"])

    async def handle(self, request: Request) -> Response:
        """Handle an interaction: 401 without a valid signature, 413 if the body is too long, 503 before we know the
        public key, 202 otherwise."""
        client = self._client_ref.client
        if client is None or client.application is None:
            return Response(status_code=503)
        body = await _read_body(request)
        if body is None:
            return Response(status_code=413)
        signature, timestamp = request.headers.get(SIGNATURE_HEADER, ""), request.headers.get(TIMESTAMP_HEADER, "")
        if not has_valid_signature(client.application.verify_key, signature, timestamp, body):
            return Response(status_code=401)
        payload: Any = json.loads(body)
        if payload.get("type") == PING:
            return JSONResponse({"type": PONG})
        try:
            client.dispatch_interaction(payload)
        except Exception:  # whatever the library raises for a payload it does not know
            log.exception("an interaction could not be parsed")
        return Response(status_code=202)


def has_valid_signature(key: str, signature: str, timestamp: str, body: bytes) -> bool:
    """Whether the holder of the private key signed this body. `key` and `signature` are in hex."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
            bytes.fromhex(signature), timestamp.encode() + body
        )
    except (InvalidSignature, ValueError):
        return False
    return True


async def _read_body(request: Request) -> bytes | None:
    """The body; None if it is too long for an interaction."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY_BYTES:
            return None
    return bytes(data)
