"""A picture on its way: what has come is kept, so that a broken download goes on where it broke off. No I/O."""

import re
from collections.abc import Mapping

from bot.dashscope.errors import DashScopeError, Decision

MAX_BYTES = 30_000_000

_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"', re.ASCII)  # a strong one; a weak one begins with W/
_RANGE = re.compile(r"bytes (\d{1,12})-\d{1,12}/(?:\d{1,12}|\*)", re.ASCII)


class Download:
    """What has come of one picture, over any number of tries and links. `body` never exceeds `max_bytes`.

    A link that was signed anew names the same file, so its ETag is the same; if the file has changed after all, the
    server sends the whole of it (RFC 9110, 13.1.5).
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.body = bytearray()
        self.max_bytes = max_bytes
        self._etag: str | None = None

    def request_headers(self) -> dict[str, str]:
        """The headers that ask for what is missing."""
        headers = {"Accept-Encoding": "identity"}
        if self.body and self._etag is not None:
            headers |= {"Range": f"bytes={len(self.body)}-", "If-Range": self._etag}
        return headers

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Note the head of an answer with a body, 200 or 206. Raises DashScopeError for a part that was not asked
        for."""
        if status == 200:
            self.clear()
            etag = headers.get("etag", "")
            if "content-encoding" not in headers and _ETAG.fullmatch(etag):
                self._etag = etag
            return
        part = _RANGE.fullmatch(headers.get("content-range", ""))
        same = headers.get("etag", self._etag) == self._etag is not None
        if part is None or int(part[1]) != len(self.body) or not same:
            self.clear()
            raise DashScopeError("WrongPart", "Another part of the picture came.", decision=Decision.RETRY_LATER)

    def add(self, chunk: bytes) -> None:
        """Take some more bytes. Raises DashScopeError when there are too many."""
        self.body += chunk
        if len(self.body) > self.max_bytes:
            self.clear()
            raise DashScopeError("TooLarge", "The picture is too large.", decision=Decision.RETRY_LATER)

    def clear(self) -> None:
        """Forget everything: the next try begins anew."""
        self.body.clear()
        self._etag = None
