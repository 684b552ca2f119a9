"""A JSON Schema validator for the subset that Discord's specification uses, with messages fit for test output."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

Json = Any  # what json.loads gives
URI = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.ASCII)
UNDOCUMENTED_FIELDS = frozenset({"tts", "nsfw"})  # documented in prose, but missing from the specification


class Schemas:
    """A specification's schemas, by the names its `$ref`s use."""

    def __init__(self, schemas: Json) -> None:
        self._named = {f"#/components/schemas/{name}": schema for name, schema in schemas.items()}

    def violations(self, schema: Json, value: Json, at: str, *, is_part: bool = False) -> list[str]:
        """Everything wrong with a value, each with its path. `is_part`: other schemas may define further fields."""
        if "$ref" in schema:
            return self.violations(self._named[schema["$ref"]], value, at, is_part=is_part)
        if choices := schema.get("oneOf") or schema.get("anyOf"):
            return self._best_choice(choices, value, at)
        found = [
            violation
            for part in schema.get("allOf", ())
            for violation in self.violations(part, value, at, is_part=True)
        ]
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(_has_type(value, kind, schema) for kind in kinds):
            return [*found, f"{at} is no {' or '.join(kinds)}: {value!r}"]
        found += [f"{at} {violation}" for violation in _value_violations(schema, value)]
        match value:
            case dict():
                found += self._object_violations(schema, value, at, is_part=is_part)
            case list() if "items" in schema:
                for number, one in enumerate(value):
                    found += self.violations(schema["items"], one, f"{at}[{number}]")
        return found

    def _best_choice(self, choices: list[Json], value: Json, at: str) -> list[str]:
        """The violations of the choice that was probably meant: the matching type with the fewest of them."""
        candidates = [self.violations(choice, value, at) for choice in choices]
        return min(
            candidates,
            key=lambda found: (any(one.startswith((f"{at}.type ", f"{at} is")) for one in found), len(found)),
        )

    def _object_violations(self, schema: Json, value: Json, at: str, *, is_part: bool) -> list[str]:
        fields, additional = schema.get("properties", {}), schema.get("additionalProperties")
        found = [f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, inner in value.items():
            if name in fields:
                found += self.violations(fields[name], inner, f"{at}.{name}")
            elif isinstance(additional, dict):
                found += self.violations(additional, inner, f"{at}.{name}")
            elif fields and not is_part and name not in UNDOCUMENTED_FIELDS:
                found.append(f"{at} has no field {name}")
        return found


def _has_type(value: Json, kind: str, schema: Json) -> bool:
    match kind:
        case "null":
            return value is None
        case "string":  # snowflakes may be written as numbers too
            return isinstance(value, str) or (
                schema.get("format") == "snowflake" and _has_type(value, "integer", schema)
            )
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, dict)


def _value_violations(schema: Json, value: Json) -> Iterator[str]:
    """What is wrong with a value of the right type."""
    if "const" in schema and value != schema["const"]:
        yield f"is not {schema['const']!r}: {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"is none of {schema['enum']}: {value!r}"
    match value:
        case str():
            yield from _size_violations(schema, len(value), "Length", "characters")
            yield from _format_violations(schema, value)
        case list():
            yield from _size_violations(schema, len(value), "Items", "items")
            if schema.get("uniqueItems") and len({repr(one) for one in value}) < len(value):
                yield "has something twice"
        case dict():
            yield from _size_violations(schema, len(value), "Properties", "fields")
        case int() | float():
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                yield f"is out of bounds: {value}"


def _size_violations(schema: Json, size: int, what: str, unit: str) -> Iterator[str]:
    least, most = schema.get(f"min{what}", 0), schema.get(f"max{what}", size)
    if not least <= size <= most:
        yield f"has {size} {unit}, not {least} to {most}"


def _format_violations(schema: Json, text: str) -> Iterator[str]:
    match schema.get("format"):
        case "uri" if not URI.fullmatch(text):
            yield f"is no address: {text!r}"
        case "date-time" if not _is_timestamp(text):
            yield f"is no moment: {text!r}"
    if "pattern" in schema and not re.search(schema["pattern"], text):
        yield f"is not written as {schema['pattern']}: {text!r}"


def _is_timestamp(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
