"""The page's files: their media types, caching and texts, and nothing that its content security policy forbids."""

import re
from html.parser import HTMLParser

import pytest

from bot.app import Installation
from bot.i18n import LANGUAGES, texts_for
from handlers.web.page import page_texts, read_static, translate_page
from tests.conftest import SHARED_LOOP
from tests.harness.web_visitors import visitor

FILES = read_static()
TEXT = {name: body.decode() for name, body in FILES.items() if not name.endswith(".jpg")}


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_text_of_the_page_is_translated_into_every_language(language: str) -> None:
    texts = texts_for(language)
    page = page_texts(TEXT)
    assert len(page) > 50
    assert [text for text in page if texts.gettext(text) == text] == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_translations_of_the_page_have_the_same_placeholders(language: str) -> None:
    for english in page_texts(TEXT):
        translation = texts_for(language).gettext(english)
        expected, placeholders = (set(re.findall(r"{(\w+)}", text)) for text in (english, translation))
        assert placeholders == expected, english


def test_texts_are_found_in_markup_attributes_and_modules() -> None:
    found = page_texts(
        {
            "a.html": '<p data-t>Yours &amp; mine</p><a data-t-aria-label="Close"></a>',
            "b.js": 't("Hello {name}", { name }) + at("hello") + t(\n"And \\"you\\"")',
        }
    )
    assert found == ("Yours & mine", "Close", "Hello {name}", 'And "you"')


def test_a_translated_page_keeps_the_english_for_the_language_switch() -> None:
    page = '<html lang="en"><b data-t>Delete</b><i data-t-title="Close"></i>'
    assert translate_page(page, texts_for("zh")) == (
        '<html lang="zh"><b data-t="Delete">删除</b><i data-t-title="Close" title="关闭"></i>'
    )


class InlineFinder(HTMLParser):
    """Collects what a strict policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]


def test_the_page_has_no_inline_script_or_style() -> None:
    parser = InlineFinder()
    parser.feed(TEXT["index.html"])
    assert parser.found == []


@pytest.mark.parametrize("name", sorted(name for name in TEXT if name.endswith((".js", ".css"))))
def test_every_file_is_short_and_sets_no_raw_html(name: str) -> None:
    assert len(TEXT[name].splitlines()) <= 150
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", TEXT[name])


@pytest.mark.parametrize("name", sorted(name for name in TEXT if name.endswith(".js")))
def test_every_imported_module_and_name_exists(name: str) -> None:
    for names, module in re.findall(r"import \{([^}]+)\} from \"\./([^\"]+)\"", TEXT[name]):
        for imported in names.split(","):
            declared = rf"export (async )?(function|const|class|let) {imported.strip()}\b"
            assert re.search(declared, TEXT[module]), (name, module, imported)


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/static/main.js", "text/javascript; charset=utf-8"),
        ("/static/base.css", "text/css; charset=utf-8"),
        ("/static/icon.svg", "image/svg+xml"),
        ("/static/app.webmanifest", "application/manifest+json"),
        ("/samples/ink.jpg", "image/jpeg"),
    ],
)
@SHARED_LOOP
async def test_files_have_their_media_types_and_are_cached(app: Installation, path: str, media_type: str) -> None:
    async with visitor(app) as anna:
        first = await anna.get(path)
        assert (first.status_code, first.headers["content-type"]) == (200, media_type)
        again = await anna.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/static/../__init__.py", "/static/%2e%2e/page.py", "/static/", "/samples/..%2Fx.jpg", "/samples/INK.jpg"],
)
@SHARED_LOOP
async def test_no_file_outside_the_page_is_served(app: Installation, path: str) -> None:
    async with visitor(app) as anna:
        assert (await anna.get(path)).status_code == 404


@SHARED_LOOP
async def test_the_page_is_in_the_visitors_language(app: Installation) -> None:
    async with visitor(app, "zh-CN") as anna:
        page = (await anna.get("/")).text
        assert '<html lang="zh">' in page
        assert "添加照片" in page
        texts = (await anna.get("/api/texts")).json()
        assert (texts["language"], texts["texts"]["Add photos"]) == ("zh", "添加照片")
        assert (await anna.get("/api/texts?language=en")).json()["texts"]["Add photos"] == "Add photos"
