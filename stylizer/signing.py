"""Signatures of links and upload policies (HMAC-SHA256, Base64)."""

import base64
import hashlib
import hmac
from urllib.parse import urlencode


def signature(secret: bytes, *parts: str) -> str:
    """Sign the parts together with their lengths, so that moving a boundary changes the signature."""
    message = "\n".join(f"{len(part)}:{part}" for part in parts)
    return base64.b64encode(hmac.new(secret, message.encode(), hashlib.sha256).digest()).decode()


def is_signed(secret: bytes, given: str, *parts: str) -> bool:
    """Whether `given` is our signature over these parts, compared in constant time."""
    return hmac.compare_digest(signature(secret, *parts).encode(), given.encode("utf-8", "replace"))


def signed_query(secret: bytes, name: str, expires: int) -> str:
    """`Expires=…&Signature=…` for a result called `name`; `expires` in seconds since the epoch."""
    return urlencode({"Expires": str(expires), "Signature": signature(secret, "result", name, str(expires))})


def is_valid_link(secret: bytes, name: str, expires: str, given: str, now: float) -> bool:
    """Whether such a query is valid for the result `name` at `now` (seconds since the epoch)."""
    if not is_signed(secret, given, "result", name, expires):
        return False
    return now < int(expires)  # signed by us, hence a number


def account_id(key: str) -> str:
    """Stands for an API key in the table, in limits and in logs; the key itself is never stored."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]
