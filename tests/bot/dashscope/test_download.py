"""A picture that comes in several tries."""

import pytest

from bot.dashscope.download import Download
from bot.dashscope.errors import DashScopeError

ETAG = '"5B3C1A2E053D763E1B002CC607C5A0FE"'


def begun(etag: str | None = ETAG, **headers: str) -> Download:
    """Ten bytes of a picture have come."""
    download = Download(max_bytes=100)
    download.begin(200, headers | ({} if etag is None else {"etag": etag}))
    download.add(b"0123456789")
    return download


def test_a_broken_download_asks_for_the_rest_of_the_same_file() -> None:
    download = begun()
    assert download.request_headers() == {"Accept-Encoding": "identity", "Range": "bytes=10-", "If-Range": ETAG}
    download.begin(206, {"etag": ETAG, "content-range": "bytes 10-12/13"})
    download.add(b"abc")
    assert download.body == b"0123456789abc"


@pytest.mark.parametrize("etag", [None, 'W/"weak"', "bare", '"a\nb"', '"' + "x" * 300 + '"'])
def test_without_a_strong_etag_it_begins_anew(etag: str | None) -> None:
    assert begun(etag).request_headers() == {"Accept-Encoding": "identity"}


def test_what_is_encoded_can_not_be_continued() -> None:
    assert "Range" not in begun(**{"content-encoding": "gzip"}).request_headers()


def test_a_file_that_has_changed_comes_whole() -> None:
    download = begun()
    download.begin(200, {"etag": '"another"'})
    download.add(b"new")
    assert download.body == b"new"
    assert download.request_headers()["If-Range"] == '"another"'


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-range": "bytes 0-12/13"},
        {"content-range": "bytes 11-12/13"},
        {"content-range": "bytes */13"},
        {"content-range": "bytes 10-12/13", "etag": '"another"'},
    ],
)
def test_another_part_than_was_asked_for_is_never_joined(headers: dict[str, str]) -> None:
    download = begun()
    with pytest.raises(DashScopeError):
        download.begin(206, headers)
    assert not download.body
    assert download.request_headers() == {"Accept-Encoding": "identity"}


def test_a_part_that_nobody_asked_for_is_not_taken() -> None:
    with pytest.raises(DashScopeError):
        Download().begin(206, {"content-range": "bytes 0-12/13"})


def test_it_is_bounded_over_all_tries() -> None:
    download = begun()
    with pytest.raises(DashScopeError):
        for _ in range(10):
            download.add(bytes(10))
    assert download.body == b""
