"""Bodies of create calls: what they are parsed to, or which error they get."""

import base64
import math
from typing import Any

import pytest

from stylizer.create_request import CreateRequest, Inline, Uploaded, Web, parse_create_request
from stylizer.errors import INVALID_BODY, INVALID_STYLE, INVALID_URL, MODEL_NOT_FOUND, Fault, Refused, invalid_parameter

STYLES = frozenset({-1, 0, 32})
PHOTO = "https://example.org/a.png"


def body(parameters: Any = None, **fields: Any) -> dict[str, Any]:
    given = {"image_url": PHOTO, "style_index": 0} | fields
    return {"model": "wanx-style-repaint-v1", "input": given, "parameters": parameters}


def read(given: Any, *, resolve_oss: bool = True) -> CreateRequest:
    return parse_create_request(given, styles=STYLES, resolve_oss=resolve_oss)


def test_index_zero_is_a_style_and_parameters_may_be_null_or_empty() -> None:
    plain = {"model": "wanx-style-repaint-v1", "input": {"image_url": PHOTO, "style_index": 0}}
    assert read(plain) == read(body({}, style_ref_url=None)) == CreateRequest(0, Web(PHOTO))


def test_a_reference_is_read_only_with_index_minus_one() -> None:
    assert read(body(style_index=-1, style_ref_url="http://example.org/b")).reference == Web("http://example.org/b")
    assert read(body(style_index=32, style_ref_url="not even a URL")).reference is None


def test_pictures_may_be_urls_data_urls_or_uploads() -> None:
    encoded = base64.b64encode(b"picture").decode()
    assert read(body(image_url=f"data:image/png;base64,{encoded}")).photo == Inline(b"picture")
    assert read(body(image_url="oss://dashscope-instant/a/b.jpg")).photo == Uploaded("dashscope-instant/a/b.jpg")


def test_extensions_are_accepted_within_their_bounds() -> None:
    order = read(body({"strength": 0, "brush": 1.0, "seed": 2**31 - 1, "n": 1}))
    assert (order.strength, order.brush, order.seed) == (0.0, 1.0, 2**31 - 1)


REFUSALS: list[tuple[Any, Fault]] = [
    (None, INVALID_BODY),
    ("text", INVALID_BODY),
    ({}, invalid_parameter("model")),
    ({"model": 7, "input": {}}, invalid_parameter("model")),
    ({"model": "wanx-style-repaint-v1", "input": "text"}, invalid_parameter("input")),
    ({**body(), "model": "another"}, MODEL_NOT_FOUND),
    (body(style_index=None), invalid_parameter("style_index")),
    (body(style_index=True), invalid_parameter("style_index")),
    (body(style_index="0"), invalid_parameter("style_index")),
    (body(style_index=0.0), invalid_parameter("style_index")),
    (body(style_index=10), INVALID_STYLE),
    (body(style_index=10**30), INVALID_STYLE),
    (body(style_index=-1), invalid_parameter("style_ref_url")),
    (body(style_index=-1, style_ref_url=None), invalid_parameter("style_ref_url")),
    (body(style_index=-1, style_ref_url=""), invalid_parameter("style_ref_url")),
    (body(image_url=None), invalid_parameter("image_url")),
    (body(image_url=["a"]), invalid_parameter("image_url")),
    (body(image_url="example.org/a.png"), INVALID_URL),
    (body(image_url="http://"), INVALID_URL),
    (body(image_url="http://[::1/a.png"), INVALID_URL),
    (body(image_url="http://example.org:99999/a.png"), INVALID_URL),
    (body(image_url="file:///etc/passwd"), INVALID_URL),
    (body(image_url="https://example.org/肖像.png"), INVALID_URL),
    (body(image_url="https://example.org/a\r\nHost: b"), INVALID_URL),
    (body(image_url="https://example.org/" + "a" * 9000), INVALID_URL),
    (body(image_url="data:image/png;base64,a"), INVALID_URL),
    (body(image_url="data:text/html;base64,YQ=="), INVALID_URL),
    (body("extras"), invalid_parameter("parameters")),
    (body({"strength": 1.01}), invalid_parameter("strength")),
    (body({"strength": math.nan}), invalid_parameter("strength")),
    (body({"strength": True}), invalid_parameter("strength")),
    (body({"brush": -0.1}), invalid_parameter("brush")),
    (body({"brush": "1"}), invalid_parameter("brush")),
    (body({"seed": -1}), invalid_parameter("seed")),
    (body({"seed": 2**31}), invalid_parameter("seed")),
    (body({"seed": 1.0}), invalid_parameter("seed")),
]


@pytest.mark.parametrize(("given", "fault"), REFUSALS)
def test_undocumented_values_are_refused(given: Any, fault: Fault) -> None:
    with pytest.raises(Refused) as refusal:
        read(given)
    assert refusal.value.fault == fault


def test_an_upload_is_resolved_only_when_the_header_says_so() -> None:
    with pytest.raises(Refused) as refusal:
        read(body(image_url="oss://dashscope-instant/a/b.jpg"), resolve_oss=False)
    assert refusal.value.fault == INVALID_URL
