"""Beijing time, epoch milliseconds and HTTP dates all become epoch seconds."""

import pytest

from bot.dashscope import wire


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-02 22:22:13", 1709389333.0),
        ("2024-03-02 22:22:13.026", 1709389333.026),
        ("2024-03-02T22:22:13", 1709389333.0),
        ("2024-03-02T14:22:13Z", 1709389333.0),
    ],
)
def test_beijing_time_is_read_with_and_without_milliseconds(text: str, moment: float) -> None:
    assert wire.from_beijing(text) == moment


@pytest.mark.parametrize("value", ["", "yesterday", "2024-13-01 00:00:00", "0001-01-01 00:00:00Z", 7, None, "2" * 99])
def test_anything_else_is_none(value: object) -> None:
    known = wire.from_beijing(value)
    assert known is None or known < 0  # the year 1 is a time, if an unusual one


@pytest.mark.parametrize("value", [0, -1, True, "1709260684485", None, float("nan"), float("inf"), 10**40])
def test_anything_but_milliseconds_is_none(value: object) -> None:
    assert wire.from_milliseconds(value) is None


@pytest.mark.parametrize("value", [None, "", "soon", "Fri, 99 Mar 2024 02:38:05 GMT"])
def test_a_strange_date_header_is_none(value: str | None) -> None:
    assert wire.from_http_date(value) is None


def test_a_stamp_is_beijing_time_whatever_the_machines_zone() -> None:
    assert wire.stamp(1709389333.026) == "20240302222213"
    assert wire.stamp(1709389333.026, up=True) == "20240302222214"
