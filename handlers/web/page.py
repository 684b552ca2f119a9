"""The page: its static files, its sample pictures and its texts."""

import html
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.domain import styles
from bot.i18n import Texts
from handlers.web.errors import HttpProblem
from handlers.web.language import texts_of

_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml"}
_SLUG = re.compile(r"[a-z]{1,20}", re.ASCII)
_TEXT = re.compile(r" data-t>([^<]+)<")  # <p data-t>English</p>
_ATTRIBUTE = re.compile(r' data-t-([a-z-]+)="([^"]+)"')  # <button data-t-aria-label="English">
_JS_TEXT = re.compile(r'\bt\(\s*"((?:[^"\\]|\\.)+)"')  # t("English") in a module


@dataclass(frozen=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    media_type: str
    etag: str


def make_asset(name: str, body: bytes) -> Asset:
    suffix = name[name.rfind(".") :]
    media_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(body, media_type, f'"{sha256(body).hexdigest()[:32]}"')


def translate_page(page: str, texts: Texts) -> str:
    """Translate the page's marked texts. The English stays in the marks, for the language switch."""

    def text(match: re.Match[str]) -> str:
        return f' data-t="{match[1]}">{_translate_html(match[1], texts)}<'

    def attribute(match: re.Match[str]) -> str:
        return f'{match[0]} {match[1]}="{_translate_html(match[2], texts)}"'

    page = page.replace('<html lang="en"', f'<html lang="{texts.language}"', 1)
    return _ATTRIBUTE.sub(attribute, _TEXT.sub(text, page))


def page_texts(sources: dict[str, str]) -> tuple[str, ...]:
    """All translatable texts of the page, found in its sources (name → text)."""
    found: dict[str, None] = {}
    for name, source in sources.items():
        if name.endswith(".html"):
            found |= dict.fromkeys(html.unescape(text) for text in _TEXT.findall(source))
            found |= dict.fromkeys(html.unescape(text) for _, text in _ATTRIBUTE.findall(source))
        elif name.endswith(".js"):
            found |= dict.fromkeys(text.replace('\\"', '"') for text in _JS_TEXT.findall(source))
    return tuple(found)


def _translate_html(escaped: str, texts: Texts) -> str:
    return html.escape(texts.gettext(html.unescape(escaped)))


def read_static() -> dict[str, bytes]:
    """The files under `static/`, by their relative path. They are few and small, so they are kept in memory."""
    return dict(_walk(files("handlers.web") / "static", ""))


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = prefix + entry.name
        found += _walk(entry, name + "/") if entry.is_dir() else [(name, entry.read_bytes())]
    return found


class Page:
    """The routes for the page's files and texts. `on_open` is called when somebody opens the page."""

    def __init__(self, static: dict[str, bytes], *, on_open: Callable[[], None] = lambda: None) -> None:
        self._on_open = on_open
        text = {name: body.decode() for name, body in static.items() if name.endswith((".html", ".js"))}
        self._index = text["index.html"]
        self._assets = {name: make_asset(name, body) for name, body in static.items()}
        self._texts = page_texts(text)

    async def index(self, request: Request) -> Response:
        self._on_open()
        page = make_asset("index.html", translate_page(self._index, texts_of(request)).encode())
        return _asset_response(request, page, "private, no-cache", {"Vary": "Accept-Language"})

    async def static(self, request: Request) -> Response:
        asset = self._assets.get(request.path_params["path"])
        if asset is None:
            raise HttpProblem(404, "not_found")
        return _asset_response(request, asset, "no-cache")

    async def sample(self, request: Request) -> Response:
        slug: str = request.path_params["slug"]
        picture = styles.sample(slug) if _SLUG.fullmatch(slug) else None
        if picture is None:
            raise HttpProblem(404, "not_found")
        return _asset_response(request, make_asset(f"{slug}.jpg", picture), "public, max-age=3600")

    async def texts(self, request: Request) -> Response:
        """`{"language", "texts": {English: translation}}` with all texts of the page."""
        texts = texts_of(request)
        return JSONResponse({"language": texts.language, "texts": {text: texts.gettext(text) for text in self._texts}})


def _asset_response(
    request: Request, asset: Asset, cache_control: str, extra: dict[str, str] | None = None
) -> Response:
    headers = {"ETag": asset.etag, "Cache-Control": cache_control, **(extra or {})}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(asset.body, media_type=asset.media_type, headers=headers)
