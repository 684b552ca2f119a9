"""HTTP requests that no browser would send: malformed paths, headers, forms and links."""

import json
import random
from dataclasses import dataclass
from typing import Any

from chaos.fuzz_images import corrupt_image
from chaos.fuzz_text import ODD_VALUES, random_text

METHODS = ("GET", "GET", "POST", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH", "TRACE", "GETT")
PATHS = (
    *("/", "/api/jobs", "/api/jobs", "/api/jobs/1", "/api/jobs/1/result", "/api/jobs/1/events", "/api/jobs/1/again"),
    *("/api/jobs/99999999999999999999999/photo", "/api/jobs/-1", "/api/jobs/%31", "/api/quota", "/api/styles"),
    *("/photos/x", "/photos/../../etc/passwd", "/photos/%2e%2e%2fsecret.key", "/static/../../../etc/passwd"),
    *("/static/%2e%2e/%2e%2e/storage/jobs.py", "//evil.example/", "/samples/..%5c..%5c.jpg", "/samples/ink.jpg%00.png"),
    *("/healthz", "/metrics", "/readyz", "/telegram", "/api/jobs?limit=1e9", "/\x00", "/api//jobs", "/" + "a" * 7000),
)
BOUNDARY = "-----------------------------2718281828"


@dataclass(frozen=True)
class HttpRequest:
    """One request."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def bytes(self, host: str) -> bytes:
        """The request on the wire; characters that no header may contain are removed."""
        lines = [f"{self.method} {_header_safe(self.path)} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines += [f"{name}: {_header_safe(value)}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace") + self.body


def _header_safe(text: str) -> str:
    return "".join(char for char in text if char not in "\r\n\0 \u2028\u2029\x85")


def random_request(rng: random.Random, cookie: str, token: str) -> HttpRequest:
    """A malformed request. `cookie` is a valid one, `token` that of a valid photo link; both are mostly mutated."""
    method, path = rng.choice(METHODS), rng.choice(PATHS)
    if method == "POST" and rng.random() < 0.6:
        path = "/api/jobs"
    if path == "/photos/x":
        path = f"/photos/{mutate_token(token, rng)}"
    headers = [("Cookie", f"visitor={cookie if rng.random() < 0.6 else mutate_token(cookie, rng)}")]
    kind, body = _body(rng) if method not in {"GET", "HEAD"} or rng.random() < 0.1 else ("", b"")
    if kind:
        headers.append(("Content-Type", kind))
    length = len(body) if rng.random() < 0.95 else rng.choice((0, len(body) // 2))
    headers.append(("Content-Length", str(length)))
    if rng.random() < 0.3:
        headers.append(rng.choice(_EXTRA_HEADERS)(rng))
    return HttpRequest(method, path, tuple(headers), body[:length])


def mutate_token(text: str, rng: random.Random) -> str:
    """A cookie or link token that is no longer quite what it was."""
    draw = rng.random()
    if draw < 0.4:
        at = rng.randrange(len(text))
        return text[:at] + rng.choice("abcXYZ019_-.=") + text[at + 1 :]
    if draw < 0.6:
        return text[: rng.randrange(len(text))]
    return rng.choice((text + "=", text.upper(), text * 3, random_text(rng)[:200].replace("/", ""), "null", "."))


_EXTRA_HEADERS = (
    lambda rng: ("Accept-Language", random_text(rng)[:200]),
    lambda rng: ("Origin", rng.choice(("https://evil.example", "null", "http://127.0.0.1:1", "//"))),
    lambda rng: ("Sec-Fetch-Site", rng.choice(("cross-site", "same-site", "none", "x"))),
    lambda rng: ("Range", rng.choice(("bytes=0-", "bytes=-1", "bytes=9-1", "x=1"))),
    lambda rng: ("Last-Event-ID", rng.choice(("stored", "x" * 5000, "-1"))),
    lambda rng: ("X-Forwarded-For", rng.choice(("127.0.0.1", "x" * 1000, "::1, 1.2.3.4"))),
    lambda rng: ("Accept-Encoding", rng.choice(("gzip;q=x", "*", "br" * 100))),
)


def _body(rng: random.Random) -> tuple[str, bytes]:
    draw = rng.random()
    if draw < 0.6:
        return f"multipart/form-data; boundary={BOUNDARY}", _form(rng)
    if draw < 0.8:
        return rng.choice(("application/json", "text/plain", "multipart/form-data", "")), _json(rng)
    return "application/x-www-form-urlencoded", rng.randbytes(rng.choice((0, 10, 3000)))


def _json(rng: random.Random) -> bytes:
    value: Any = {"style": rng.choice(ODD_VALUES), "key": random_text(rng)[:100]}
    return json.dumps(value).encode() if rng.random() < 0.7 else b"[" * 5000


def _form(rng: random.Random) -> bytes:
    """Form parts with malformed names, types and contents, sometimes unterminated."""
    style = rng.choice(("0", "2", "-1", "99", random_text(rng)[:300])).encode("utf-8", "replace")
    key = rng.choice(("good-key-0001", random_text(rng)[:100], "x" * 2000)).encode("utf-8", "replace")
    parts = [_part("style", style), _part("key", key)]
    second = rng.choice(("reference", "photo", "other", random_text(rng)[:50]))
    names = rng.choice((("photo",), ("photo",), ("photo", second), (second,), ()))
    parts += [
        _part(name, corrupt_image(rng)[1], rng.choice(("me.jpg", "../../x", "", random_text(rng)[:100])))
        for name in names
    ]
    rng.shuffle(parts)
    end = f"--{BOUNDARY}--\r\n" if rng.random() < 0.9 else ""
    return b"".join(parts) + end.encode()


def _part(name: str, data: bytes, filename: str | None = None) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    head += "" if filename is None else f'; filename="{filename}"\r\nContent-Type: image/jpeg'
    return head.encode("utf-8", "replace") + b"\r\n\r\n" + data + b"\r\n"
