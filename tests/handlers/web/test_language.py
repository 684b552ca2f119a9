"""Which language a request gets."""

import pytest
from starlette.requests import Request

from handlers.web.language import accepted_languages, texts_of


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", ("zh-CN", "zh", "en")),
        ("en;q=0.2, zh;q=0.9", ("zh", "en")),
        ("zh;q=0, en", ("en",)),
        ("zh;q=banana, en", ("en",)),
        ("", ()),
        (", ,", ()),
    ],
)
def test_accept_language_is_read_best_first(header: str, tags: tuple[str, ...]) -> None:
    assert accepted_languages(header) == tags


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        (b"", "zh-Hans-CN", "zh"),
        (b"", "zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant"),
        (b"", "zh-HK", "zh-Hant"),
        (b"", "de-DE,zh;q=0.5,en;q=0.4", "zh"),
        (b"", "fr", "en"),
        (b"language=zh", "en", "zh"),
        (b"language=en", "zh", "en"),
        (b"language=../../etc", "zh", "zh"),
    ],
)
def test_the_switch_takes_precedence_over_the_browser_and_english_is_the_default(
    query: bytes, header: str, language: str
) -> None:
    scope = {"type": "http", "query_string": query, "headers": [(b"accept-language", header.encode())]}
    assert texts_of(Request(scope)).language == language
