"""Database URLs; how transactions and notifications behave is tested in `tests/storage` and `tests/stylizer`."""

import traceback

import pytest

from common.postgres import InvalidUrl, libpq_url, parse_url


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_each_usual_scheme_is_accepted_and_password_kept(scheme: str) -> None:
    url = parse_url(f"{scheme}://user:p%40ss@host:5433/name", name="URL")
    assert url.drivername == "postgresql+psycopg"
    assert libpq_url(url) == "postgresql://user:p%40ss@host:5433/name"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no address hush", "URL is no address: write postgresql://"),
        ("postgresql://user:hush@host:port/name", "URL is no address: write postgresql://"),
        ("mysql://user:hush@host/name", "URL has to begin with postgresql://"),
    ],
)
def test_an_unusable_url_is_refused_without_showing_it(url: str, message: str) -> None:
    with pytest.raises(InvalidUrl, match=message) as refused:
        parse_url(url, name="URL")
    assert "hush" not in str(refused.value)
    assert "hush" not in "".join(traceback.format_exception_only(refused.value))
