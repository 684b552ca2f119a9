"""One API call as a value."""

import re
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord_api.limits import Uploads

Json = Any


@dataclass(frozen=True)
class Call:
    """A call as it arrived. `at` is in monotonic seconds; `authorized`: it carried the bot's token."""

    method: str
    path: str
    query: dict[str, str]
    body: Json
    files: Uploads
    at: float = 0.0
    authorized: bool = False

    @property
    def name(self) -> str:
        """Method and path, with ids and tokens replaced by `*`."""
        return f"{self.method} {re.sub(r'/[0-9]{5,}|/[A-Za-z0-9_-]{40,}', '/*', self.path)}"
