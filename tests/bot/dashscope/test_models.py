"""The models of the API."""

import pytest

from bot.dashscope import models, wire
from bot.dashscope.models import Capability, Model
from bot.dashscope.wire import ApiCall, TaskRequest
from bot.domain.styles import INDICES, REFERENCE


def test_the_default_paints_every_style_of_the_catalogue_and_any_reference() -> None:
    assert models.DEFAULT.capability.styles == INDICES | {REFERENCE}
    assert models.DEFAULT.capability.parameters == frozenset()


def test_an_unknown_name_is_a_version_of_the_default() -> None:
    unknown = models.named("wanx-style-repaint-v9")
    assert (unknown.name, unknown.capability) == ("wanx-style-repaint-v9", models.DEFAULT.capability)


def test_a_known_model_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    clay = Model("clay-only", Capability(frozenset({31})))
    monkeypatch.setattr(models, "KNOWN", (*models.KNOWN, clay))
    assert models.named("clay-only") is clay
    assert models.named("wanx-style-repaint-v1") is models.DEFAULT


def test_a_model_may_ask_in_its_own_way() -> None:
    def create(model: str, task_request: TaskRequest) -> ApiCall:
        return ApiCall("POST", "/elsewhere", json={"model": model, "input": {"base_image_url": task_request.image_url}})

    other = Model("other", Capability(frozenset({31})), create=create)
    call = other.create(other.name, TaskRequest("https://me.example/a.jpg", 31))
    assert (call.path, call.json) == (
        "/elsewhere",
        {"model": "other", "input": {"base_image_url": "https://me.example/a.jpg"}},
    )
    assert wire.create("other", TaskRequest("https://me.example/a.jpg", 31)).json is not None
