"""The fake Bot API server is strict: it notices what Telegram would reject."""

import io
import json
from typing import Any

import pytest
from PIL import Image

from tests.fakes.telegram_api.spec import Specification, specification_path

SPECIFICATION = Specification(specification_path())
needs_specification = pytest.mark.skipif(
    specification_path() is None, reason="no telegram-api.json here: calls are checked for lengths and sizes only"
)


def breaches(method: str, uploads: dict[str, bytes] | None = None, **params: Any) -> list[str]:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()}
    return SPECIFICATION.breaches(method, texts, uploads or {})


def keyboard(data: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Go", "callback_data": data}]]}


def jpeg(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height)).save(out, "JPEG")
    return out.getvalue()


def test_a_valid_call_is_accepted() -> None:
    assert breaches("sendMessage", chat_id=5, text="hello", reply_markup=keyboard("a" * 64)) == []
    assert breaches("sendPhoto", {"photo": jpeg(100, 200)}, chat_id=5, caption="hello") == []


@needs_specification
@pytest.mark.parametrize(
    ("method", "params", "breach"),
    [
        ("sendPainting", {"chat_id": 5}, "no such method"),
        ("sendMessage", {"text": "hello"}, "chat_id is missing"),
        ("sendMessage", {"chat_id": 5, "text": "hello", "colour": "red"}, "no parameter colour"),
        ("editMessageText", {"chat_id": 5, "message_id": "first", "text": "x"}, "message_id is no Integer"),
        ("sendMessage", {"chat_id": 5, "text": "x", "reply_parameters": {}}, "reply_parameters.message_id is missing"),
        ("sendMessage", {"chat_id": 5, "text": "x", "reply_parameters": {"message_id": 1, "y": 2}}, "has no field y"),
        ("setMyCommands", {"commands": [{"command": "x"}]}, "commands[0].description is missing"),
        ("editMessageMedia", {"media": {"type": "painting", "media": "x"}}, "media.type must be"),
    ],
)
def test_unknown_missing_and_wrong_parameters_are_noticed(method: str, params: dict[str, Any], breach: str) -> None:
    assert any(breach in found for found in breaches(method, **params)), breaches(method, **params)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sendMessage", {"chat_id": 5, "text": "x" * 4097}),
        ("sendMessage", {"chat_id": 5, "text": "🎨" * 2049}),  # counted in UTF-16
        ("sendMessage", {"chat_id": 5, "text": " "}),
        ("sendMessage", {"chat_id": 5, "text": "x", "reply_markup": keyboard("a" * 65)}),
        ("sendMessage", {"chat_id": 5, "text": "x", "reply_markup": keyboard("")}),
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}),
        ("editMessageCaption", {"chat_id": 5, "message_id": 1, "caption": "x" * 1025}),
    ],
)
def test_lengths_are_noticed(method: str, params: dict[str, Any]) -> None:
    assert len(breaches(method, **params)) == 1


@pytest.mark.parametrize(
    "picture",
    [jpeg(5001, 5000), jpeg(2100, 100), jpeg(10, 10) + b"\0" * 10 * 1024 * 1024],
    ids=["large", "long", "heavy"],
)
def test_photos_that_telegram_would_reject_are_noticed(picture: bytes) -> None:
    assert len(breaches("sendPhoto", {"photo": picture}, chat_id=5)) == 1
    media = {"type": "photo", "media": "attach://one"}
    assert len(breaches("editMessageMedia", {"one": picture}, chat_id=5, message_id=1, media=media)) == 1
