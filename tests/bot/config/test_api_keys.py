"""The keys of API accounts, each with what holds for it."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.bot.config.test_settings import errors, no_settings_of_this_machine, read

__all__ = ["no_settings_of_this_machine"]  # used by every test of this file
KEY, OTHER = "sk-a-key-that-nobody-may-see", "sk-another-that-nobody-may-see"


def test_what_follows_a_key_holds_for_that_key_alone(tmp_path: Path) -> None:
    url = "https://ws-1.cn-beijing.maas.aliyuncs.com/api/v1"
    own = f"max_running=3 base_url={url} workspace=ws-1 model=another price_cny=0.2 free_images=0 prefetch=1"
    value = f"{KEY}, {OTHER} {own} submits_per_second=0.5 queries_per_second=5"
    one, two = read(tmp_path, DASHSCOPE_API_KEY=value, DASHSCOPE_MAX_RUNNING="2").dashscope_api_key
    assert (one.max_running, two.max_running) == (2, 3)
    assert (str(one.base_url), str(two.base_url)) == ("https://dashscope.aliyuncs.com/api/v1", url)
    assert (one.workspace, two.workspace) == (None, "ws-1")
    assert (one.model, two.model) == ("wanx-style-repaint-v1", "another")
    assert (one.price_cny, two.price_cny) == (Decimal("0.12"), Decimal("0.2"))
    assert (two.free_images, two.prefetch, two.submits_per_second, two.queries_per_second) == (0, 1, 0.5, 5.0)


def test_the_settings_without_a_key_hold_for_every_key(tmp_path: Path) -> None:
    common = {"DASHSCOPE_WORKSPACE": "ws-9", "DASHSCOPE_PRICE_CNY": "0.08", "DASHSCOPE_QUERIES_PER_SECOND": "4"}
    found = read(tmp_path, DASHSCOPE_API_KEY=f"{KEY},{OTHER}", **common).dashscope_api_key
    assert {(one.workspace, one.price_cny, one.queries_per_second) for one in found} == {("ws-9", Decimal("0.08"), 4.0)}


def test_a_list_of_keys_may_have_a_line_for_each(tmp_path: Path) -> None:
    value = f'"\n  {KEY},\n  {OTHER} max_running=2,\n"'
    one, two = read(tmp_path, DASHSCOPE_API_KEY=value).dashscope_api_key
    assert (one.max_running, two.max_running) == (1, 2)
    assert two.key.get_secret_value() == OTHER


def test_a_key_that_is_named_twice_is_one(tmp_path: Path) -> None:
    assert len(read(tmp_path, DASHSCOPE_API_KEY=f"{KEY},{OTHER},{KEY}").dashscope_api_key) == 2


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (f"{KEY}, {OTHER} max_running=0", "key 2: max_running: Input should be greater than or equal to 1"),
        (f"{KEY} max_running=many", "key 1: max_running: Input should be a valid integer"),
        (f"{KEY} base_url=dashscope", "key 1: base_url: Input should be a valid URL"),
        (f"{KEY} workspace=ws\u200b1", "key 1: workspace: "),
        (f"{KEY} price_cny=0.00001", "key 1: price_cny: "),
        (f"{KEY} {OTHER}", "key 1: after a key, write settings as name=value, such as max_running=2"),
        (f"{KEY} key={OTHER}", "key 1: only these can be set for a key: base_url, workspace"),
        (f"{KEY} {OTHER}=x", "key 1: only these can be set for a key"),
        (f"{KEY} prefetch=1 prefetch=2", "key 1: prefetch is set twice"),
        (f"{KEY}, {KEY} prefetch=1", "key 2 was named before, with other settings"),
        (f"“{KEY}”", "key 1 is not of plain letters"),
    ],
)
def test_an_error_says_which_key_and_what_but_shows_nothing_secret(tmp_path: Path, value: str, told: str) -> None:
    said = errors(tmp_path, DASHSCOPE_API_KEY=value)
    assert f"DASHSCOPE_API_KEY: Value error, {told}" in said
    assert KEY not in said
    assert OTHER not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DASHSCOPE_WORKSPACE", "ws 1"),
        ("DASHSCOPE_MODEL", "a model"),
        ("DASHSCOPE_PRICE_CNY", "-0.1"),
        ("DASHSCOPE_QUERIES_PER_SECOND", "0"),
    ],
)
def test_a_wrong_common_setting_is_reported_once_and_as_itself(tmp_path: Path, name: str, value: str) -> None:
    said = errors(tmp_path, DASHSCOPE_API_KEY=KEY, **{name: value}).splitlines()
    assert [line.split(":")[0].strip() for line in said[1:]] == [name]


def test_keys_and_what_holds_for_them_are_in_no_repr(tmp_path: Path) -> None:
    settings = read(tmp_path, DASHSCOPE_API_KEY=f"{KEY} max_running=2, {OTHER}")
    shown = f"{settings!r}{settings.dashscope_api_key!r}{settings.model_dump_json()}"
    assert KEY not in shown
    assert OTHER not in shown
    assert {KEY, OTHER} <= set(settings.secrets())
