"""Checks calls of the Telegram Bot API against its machine-readable specification, and its limits said in words."""

import io
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from tests import ROOT

Json = Any  # what json.loads gives
Uploads = dict[str, bytes]  # multipart name → bytes

MIB = 1024 * 1024
PHOTO_BYTES, DOCUMENT_BYTES, PHOTO_SIDES, PHOTO_RATIO = 10 * MIB, 50 * MIB, 10_000, 20
LENGTHS = {  # field → most UTF-16 units; the specification says these in prose
    "text": 4096,
    "message_text": 4096,
    "caption": 1024,
    "query": 256,
    "short_description": 120,
}
DESCRIPTIONS = {"setMyCommands": 256, "setMyDescription": 512, "sendInvoice": 255}
BYTES = {"callback_data": 64, "payload": 128, "id": 64}  # field → most bytes, at least one
NOTICE = 200  # answerCallbackQuery.text
RESULTS = 50
DEEDS = {  # of an inline button: exactly one
    *("url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat"),
    *("switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay"),
}


def specification_path() -> Path | None:
    """The specification's file, where this machine has one."""
    beside = ROOT.parent / "shared" / "design" / "telegram-api.json"
    path = Path(os.environ.get("REPAINT_TELEGRAM_SPEC", beside))
    return path if path.is_file() else None


@cache
def _specification(path: Path) -> Json:
    return json.loads(path.read_text(encoding="utf-8"))


class Specification:
    """What may be called, with what. Without the file only the limits said in words are checked."""

    def __init__(self, path: Path | None) -> None:
        known = _specification(path) if path else {}
        self._methods: Json = known.get("methods", {})
        self._types: Json = known.get("types", {})

    def breaches(self, method: str, params: dict[str, str], uploads: Uploads) -> list[str]:
        """Everything wrong with a call, each with the method and the field."""
        found = self._limits(method, params, uploads)
        if self._methods:
            found += self._form(method, params, uploads)
        return [f"{method}: {breach}" for breach in found]

    def _form(self, method: str, params: dict[str, str], uploads: Uploads) -> list[str]:
        if method not in self._methods:
            return ["no such method"]
        fields = {field["name"]: field for field in self._methods[method].get("fields", [])}
        attached = {name for name in uploads if f"attach://{name}" in "".join(params.values())}
        found = [f"no parameter {name}" for name in {*params, *uploads} - set(fields) - attached]
        for name, field in fields.items():
            if name in params:
                found += self._value(name, _decoded(params[name], field["types"]), field["types"])
            elif name in uploads:
                found += [] if "InputFile" in field["types"] else [f"{name} is no file"]
            elif field["required"]:
                found.append(f"{name} is missing")
        return found

    def _value(self, path: str, value: Json, types: list[str]) -> list[str]:
        """No breach when one of the types fits; else the breaches of the one that fits best."""
        tried = [self._typed(path, value, kind) for kind in types]
        return min(tried, key=len)

    def _typed(self, path: str, value: Json, kind: str) -> list[str]:
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                return [f"{path} is no array"]
            item = kind.removeprefix("Array of ")
            return [breach for at, one in enumerate(value) for breach in self._typed(f"{path}[{at}]", one, item)]
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
                return self._object(path, value, kind)
        return [] if fits else [f"{path} is no {kind}: {value!r}"]

    def _object(self, path: str, value: Json, kind: str) -> list[str]:
        known = self._types[kind]
        if subtypes := known.get("subtypes"):
            return min((self._object(path, value, subtype) for subtype in subtypes), key=len)
        if not isinstance(value, dict):
            return [f"{path} is no {kind}", f"{path}: {value!r}"]
        fields = {field["name"]: field for field in known.get("fields", [])}
        found = [f"{path} has no field {name}" for name in set(value) - set(fields)]
        for name, field in fields.items():
            if name in value:
                found += self._value(f"{path}.{name}", value[name], field["types"])
                found += _constant(f"{path}.{name}", value[name], field["description"])
            elif field["required"]:
                found.append(f"{path}.{name} is missing")
        return found

    def _limits(self, method: str, params: dict[str, str], uploads: Uploads) -> list[str]:
        found = []
        for name, raw in params.items():
            found += _too_long(name, _decoded(raw, ["Object"]) if raw[:1] in "[{" else raw)
        if method == "answerCallbackQuery" and _units(params.get("text", "")) > NOTICE:
            found.append("text is longer than 200")
        found += _limits_of(method, params)
        if method in {"sendMessage", "editMessageText"} and not params.get("text", "").strip():
            found.append("text is empty")
        photos = method == "sendPhoto" or '"type": "photo"' in params.get("media", "")
        for name, data in uploads.items():
            found += _photo(name, data) if photos else _document(name, data)
        return found


def _limits_of(method: str, params: dict[str, str]) -> list[str]:
    """What is forbidden to one method only."""
    found = []
    if _units(params.get("description", "")) > DESCRIPTIONS.get(method, 4096):
        found.append("description is too long")
    match method:
        case "setMyCommands" if any(
            not 1 <= _units(one.get("description", "x")) <= 256 for one in json.loads(params["commands"])
        ):
            found.append("a command's description is not 1-256 characters")
        case "sendInvoice":
            if not 1 <= _units(params.get("title", "")) <= 32:
                found.append("title is not 1-32 characters")
            if params.get("currency") == "XTR" and (
                params.get("provider_token") or len(json.loads(params["prices"])) != 1
            ):
                found.append("Stars take one price and no provider")
        case "answerInlineQuery" if len(results := json.loads(params["results"])) > RESULTS:
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


def _deeds(button: Json) -> list[str]:
    deeds = DEEDS & set(button)
    return [] if len(deeds) == 1 else [f"a button does {sorted(deeds)}"]


def _decoded(raw: str, types: list[str]) -> Json:
    """A parameter as the server reads it: text stays text where text may stand."""
    if "String" in types and not ("Integer" in types and raw.lstrip("-").isdigit()):
        return raw
    try:
        return json.loads(raw)
    except ValueError:
        return raw


def _constant(path: str, value: Json, description: str) -> list[str]:
    """Fields such as `type` are described as "must be photo"."""
    _, found, expected = description.partition(", must be ")
    word = expected.split()[0].strip('."“”') if found else value
    return [] if value == word else [f"{path} must be {word}: {value!r}"]


def _too_long(name: str, value: Json) -> list[str]:
    match value:
        case dict():
            return [breach for key, inner in value.items() for breach in _too_long(key, inner)]
        case list() if name == "inline_keyboard":
            return [breach for row in value for button in row for breach in (*_deeds(button), *_too_long("", button))]
        case list():
            return [breach for inner in value for breach in _too_long(name, inner)]
        case str() if name in BYTES:
            return [] if 1 <= len(value.encode()) <= BYTES[name] else [f"{name} is not 1-{BYTES[name]} bytes"]
        case str() if name in LENGTHS and _units(value) > LENGTHS[name]:
            return [f"{name} is longer than {LENGTHS[name]}"]
        case _:
            return []


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _photo(name: str, data: bytes) -> list[str]:
    with Image.open(io.BytesIO(data)) as picture:
        width, height = picture.size
    found = [f"{name} is more than 10 MB"] if len(data) > PHOTO_BYTES else []
    if width + height > PHOTO_SIDES or max(width, height) > PHOTO_RATIO * min(width, height):
        found.append(f"{name} is {width} x {height}")
    return found


def _document(name: str, data: bytes) -> list[str]:
    return [f"{name} is more than 50 MB"] if len(data) > DOCUMENT_BYTES else [] if data else [f"{name} is empty"]
