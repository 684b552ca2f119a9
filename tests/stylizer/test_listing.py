"""The list call's query string: time span, page, filters, or an error."""

import pytest

from stylizer.errors import Refused
from stylizer.listing import parse_list_query

DAY = 86_400_000
NOW = 1709389333026  # 2024-03-02 22:22:13.026 in Beijing
START = 1709308800000  # 2024-03-02 00:00:00 there


@pytest.mark.parametrize(
    ("query", "span"),
    [
        ({}, (NOW - DAY, NOW)),
        ({"start_time": "", "end_time": ""}, (NOW - DAY, NOW)),
        ({"start_time": "20240302000000"}, (START, START + DAY)),
        ({"end_time": "20240302000000"}, (START + 999 - DAY, START + 999)),
        ({"start_time": "20240302000000", "end_time": "20240302000001"}, (START, START + 1999)),
        ({"start_time": "20240302000000", "end_time": "20240303000000"}, (START, START + DAY + 999)),
    ],
)
def test_a_span_is_at_most_a_day_of_beijing_time(query: dict[str, str], span: tuple[int, int]) -> None:
    listing = parse_list_query(query, NOW)
    assert (listing.first, listing.last) == span


def test_pages_and_filters_are_read() -> None:
    listing = parse_list_query({"page_no": "3", "page_size": "50", "status": "PENDING", "task_id": "t"}, NOW)
    assert (listing.page_no, listing.page_size, listing.status, listing.task_id) == (3, 50, "PENDING", "t")
    assert parse_list_query({}, NOW).any_model and not parse_list_query({"model_name": "x"}, NOW).any_model


@pytest.mark.parametrize(
    "query",
    [
        {"start_time": "2024-03-02"},
        {"start_time": "20240231000000"},
        {"start_time": "x" * 14},
        {"start_time": "20240302000001", "end_time": "20240302000000"},
        {"start_time": "20240301000000", "end_time": "20240303000000"},
        {"page_no": "0"},
        {"page_no": "-1"},
        {"page_no": "²"},
        {"page_no": "9" * 5000},
        {"page_size": "101"},
        {"status": "DONE"},
    ],
)
def test_undocumented_values_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(Refused) as refusal:
        parse_list_query(query, NOW)
    assert refusal.value.fault.code == "InvalidParameter"
