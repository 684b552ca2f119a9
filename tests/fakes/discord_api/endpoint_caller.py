"""Sends signed interactions to a bot's HTTP endpoint, and forged ones to test its checks."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Json = Any


@dataclass
class EndpointCaller:
    """Signs its requests; `public_key` is what the developer portal shows. `statuses` records the responses."""

    url: str
    http: httpx.AsyncClient
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    statuses: list[int] = field(default_factory=list)

    @property
    def public_key(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()

    async def post(self, body: Json, *, forged: bool = False, at: float | None = None) -> tuple[int, Json]:
        """Returns the status and body of the response. `forged`: sign with another key; `at`: the timestamp in epoch
        seconds."""
        text, timestamp = json.dumps(body), str(int(time.time() if at is None else at))
        key = Ed25519PrivateKey.generate() if forged else self.key
        headers = {"X-Signature-Timestamp": timestamp, "Content-Type": "application/json"}
        headers |= {"X-Signature-Ed25519": key.sign((timestamp + text).encode()).hex()}
        response = await self.http.post(self.url, content=text.encode(), headers=headers)
        self.statuses.append(response.status_code)
        return response.status_code, response.json() if response.content and response.status_code == 200 else None
