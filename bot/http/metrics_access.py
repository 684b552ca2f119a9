"""Who may read the metrics: whoever has the owner's token; without one, only programs on this machine."""

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

# Whatever comes through a proxy comes from somewhere else, however local the proxy is.
_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "cf-connecting-ip")


@dataclass(frozen=True)
class MetricsAccess:
    """`token`: what they have to show; `is_public`: the outside reaches us at some address, so that without a token
    nobody is let in, since a plain proxy's callers look local."""

    token: SecretStr | None = None
    is_public: bool = False

    def allows(self, peer: str | None, headers: Mapping[str, str]) -> bool:
        """Whether this caller may. `headers` by lower-case names. The token is compared in constant time."""
        if self.token is not None:
            wanted = f"Bearer {self.token.get_secret_value()}"
            return hmac.compare_digest(headers.get("authorization", "").encode(), wanted.encode())
        return not self.is_public and _is_loopback(peer) and not any(name in headers for name in _PASSED_ON)


def _is_loopback(peer: str | None) -> bool:
    try:
        return ipaddress.ip_address(peer or "").is_loopback
    except ValueError:
        return False
