"""Checks Bot API calls against the machine-readable specification, and against limits that it only states in prose."""

import io
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from tests import ROOT

Json = Any  # the result of json.loads
Uploads = dict[str, bytes]  # by multipart name

MIB = 1024 * 1024
MAX_PHOTO_BYTES, MAX_DOCUMENT_BYTES, MAX_PHOTO_SIDES, MAX_PHOTO_RATIO = 10 * MIB, 50 * MIB, 10_000, 20
MAX_LENGTHS = {  # by field, in UTF-16 units
    "text": 4096,
    "message_text": 4096,
    "caption": 1024,
    "query": 256,
    "short_description": 120,
}
MAX_DESCRIPTIONS = {"setMyCommands": 256, "setMyDescription": 512, "sendInvoice": 255}
MAX_BYTES = {"callback_data": 64, "payload": 128, "id": 64}  # by field; at least one byte
MAX_NOTICE_LENGTH = 200  # answerCallbackQuery.text
MAX_RESULTS = 50
BUTTON_ACTIONS = {  # an inline button has exactly one
    *("url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat"),
    *("switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay"),
}


def specification_path() -> Path | None:
    """The specification's file, if this machine has it."""
    default = ROOT.parent / "shared" / "design" / "telegram-api.json"
    path = Path(os.environ.get("REPAINT_TELEGRAM_SPEC", default))
    return path if path.is_file() else None


@cache
def _specification(path: Path) -> Json:
    return json.loads(path.read_text(encoding="utf-8"))


class Specification:
    """The methods and types of the Bot API. Without the file only lengths, sizes and other limits are checked."""

    def __init__(self, path: Path | None) -> None:
        specification = _specification(path) if path else {}
        self._methods: Json = specification.get("methods", {})
        self._types: Json = specification.get("types", {})

    def breaches(self, method: str, params: dict[str, str], uploads: Uploads) -> list[str]:
        """Everything wrong with a call, prefixed with the method's name."""
        found = self._limit_breaches(method, params, uploads)
        if self._methods:
            found += self._schema_breaches(method, params, uploads)
        return [f"{method}: {breach}" for breach in found]

    def _schema_breaches(self, method: str, params: dict[str, str], uploads: Uploads) -> list[str]:
        if method not in self._methods:
            return ["no such method"]
        fields = {field["name"]: field for field in self._methods[method].get("fields", [])}
        attached = {name for name in uploads if f"attach://{name}" in "".join(params.values())}
        found = [f"no parameter {name}" for name in {*params, *uploads} - set(fields) - attached]
        for name, field in fields.items():
            if name in params:
                found += self._value_breaches(name, _parsed(params[name], field["types"]), field["types"])
            elif name in uploads:
                found += [] if "InputFile" in field["types"] else [f"{name} is no file"]
            elif field["required"]:
                found.append(f"{name} is missing")
        return found

    def _value_breaches(self, path: str, value: Json, types: list[str]) -> list[str]:
        """None if one of the types fits; otherwise the breaches of the type that fits best."""
        return min((self._type_breaches(path, value, kind) for kind in types), key=len)

    def _type_breaches(self, path: str, value: Json, kind: str) -> list[str]:
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                return [f"{path} is no array"]
            item = kind.removeprefix("Array of ")
            return [
                breach
                for index, one in enumerate(value)
                for breach in self._type_breaches(f"{path}[{index}]", one, item)
            ]
        match kind:
            case "String" | "InputFile":
                fits = isinstance(value, str)
            case "Boolean":
                fits = isinstance(value, bool)
            case "Integer":
                fits = isinstance(value, int) and not isinstance(value, bool)
            case "Float":
                fits = isinstance(value, int | float) and not isinstance(value, bool)
            case _:
                return self._object_breaches(path, value, kind)
        return [] if fits else [f"{path} is no {kind}: {value!r}"]

    def _object_breaches(self, path: str, value: Json, kind: str) -> list[str]:
        definition = self._types[kind]
        if subtypes := definition.get("subtypes"):
            return min((self._object_breaches(path, value, subtype) for subtype in subtypes), key=len)
        if not isinstance(value, dict):
            return [f"{path} is no {kind}", f"{path}: {value!r}"]
        fields = {field["name"]: field for field in definition.get("fields", [])}
        found = [f"{path} has no field {name}" for name in set(value) - set(fields)]
        for name, field in fields.items():
            if name in value:
                found += self._value_breaches(f"{path}.{name}", value[name], field["types"])
                found += _constant_breaches(f"{path}.{name}", value[name], field["description"])
            elif field["required"]:
                found.append(f"{path}.{name} is missing")
        return found

    def _limit_breaches(self, method: str, params: dict[str, str], uploads: Uploads) -> list[str]:
        found = []
        for name, raw in params.items():
            found += _length_breaches(name, _parsed(raw, ["Object"]) if raw[:1] in "[{" else raw)
        if method == "answerCallbackQuery" and _utf16_length(params.get("text", "")) > MAX_NOTICE_LENGTH:
            found.append("text is longer than 200")
        found += _method_breaches(method, params)
        if method in {"sendMessage", "editMessageText"} and not params.get("text", "").strip():
            found.append("text is empty")
        photos = method == "sendPhoto" or '"type": "photo"' in params.get("media", "")
        for name, data in uploads.items():
            found += _photo_breaches(name, data) if photos else _document_breaches(name, data)
        return found


def _method_breaches(method: str, params: dict[str, str]) -> list[str]:
    """Limits of single methods."""
    found = []
    if _utf16_length(params.get("description", "")) > MAX_DESCRIPTIONS.get(method, 4096):
        found.append("description is too long")
    match method:
        case "setMyCommands" if any(
            not 1 <= _utf16_length(one.get("description", "x")) <= 256 for one in json.loads(params["commands"])
        ):
            found.append("a command's description is not 1-256 characters")
        case "sendInvoice":
            if not 1 <= _utf16_length(params.get("title", "")) <= 32:
                found.append("title is not 1-32 characters")
            if params.get("currency") == "XTR" and (
                params.get("provider_token") or len(json.loads(params["prices"])) != 1
            ):
                found.append("Stars take one price and no provider")
        case "answerInlineQuery" if len(results := json.loads(params["results"])) > MAX_RESULTS:
            found.append(f"{len(results)} results")
        case "setWebhook" if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", params.get("secret_token", "x")):
            found.append("secret_token has other characters")
        case "sendMediaGroup":
            kinds = [item["type"] for item in json.loads(params["media"])]
            if not 2 <= len(kinds) <= 10 or (len(set(kinds)) > 1 and "document" in kinds):
                found.append(f"an album of {kinds}")
            if "reply_markup" in params:
                found.append("an album has no buttons")
        case "editMessageMedia" if "inline_message_id" in params and "attach://" in params["media"]:
            found.append("an inline message takes no upload")
        case "answerPreCheckoutQuery" if params.get("ok") == "false" and not params.get("error_message"):
            found.append("error_message is missing")
    return found


def _button_breaches(button: Json) -> list[str]:
    deeds = BUTTON_ACTIONS & set(button)
    return [] if len(deeds) == 1 else [f"a button does {sorted(deeds)}"]


def _parsed(raw: str, types: list[str]) -> Json:
    """A parameter as the server parses it: text stays text where a string is allowed."""
    if "String" in types and not ("Integer" in types and raw.lstrip("-").isdigit()):
        return raw
    try:
        return json.loads(raw)
    except ValueError:
        return raw


def _constant_breaches(path: str, value: Json, description: str) -> list[str]:
    """Checks fields such as `type`, which are described as "must be photo"."""
    _, found, expected = description.partition(", must be ")
    word = expected.split()[0].strip('."“”') if found else value
    return [] if value == word else [f"{path} must be {word}: {value!r}"]


def _length_breaches(name: str, value: Json) -> list[str]:
    match value:
        case dict():
            return [breach for key, inner in value.items() for breach in _length_breaches(key, inner)]
        case list() if name == "inline_keyboard":
            return [
                breach
                for row in value
                for button in row
                for breach in (*_button_breaches(button), *_length_breaches("", button))
            ]
        case list():
            return [breach for inner in value for breach in _length_breaches(name, inner)]
        case str() if name in MAX_BYTES:
            return [] if 1 <= len(value.encode()) <= MAX_BYTES[name] else [f"{name} is not 1-{MAX_BYTES[name]} bytes"]
        case str() if name in MAX_LENGTHS and _utf16_length(value) > MAX_LENGTHS[name]:
            return [f"{name} is longer than {MAX_LENGTHS[name]}"]
        case _:
            return []


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _photo_breaches(name: str, data: bytes) -> list[str]:
    with Image.open(io.BytesIO(data)) as picture:
        width, height = picture.size
    found = [f"{name} is more than 10 MB"] if len(data) > MAX_PHOTO_BYTES else []
    if width + height > MAX_PHOTO_SIDES or max(width, height) > MAX_PHOTO_RATIO * min(width, height):
        found.append(f"{name} is {width} x {height}")
    return found


def _document_breaches(name: str, data: bytes) -> list[str]:
    return [f"{name} is more than 50 MB"] if len(data) > MAX_DOCUMENT_BYTES else [] if data else [f"{name} is empty"]
