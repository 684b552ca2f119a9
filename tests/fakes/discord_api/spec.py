"""Checks API calls, and this fake's own responses, against Discord's OpenAPI specification."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.fakes.discord_api.schema import Schemas

Json = Any
Query = dict[str, str]
PREFIX = "/api/v10"


def specification_path() -> Path | None:
    """The specification's file, if this machine has one."""
    default = ROOT.parent / "shared" / "design" / "discord-openapi.json"
    path = Path(os.environ.get("REPAINT_DISCORD_SPEC", default))
    return path if path.is_file() else None


class Specification:
    """The operations and their schemas. Without the file, it accepts everything."""

    def __init__(self, document: Json) -> None:
        self._schemas = Schemas(document.get("components", {}).get("schemas", {}))
        self._responses: Json = document.get("components", {}).get("responses", {})
        paths: Json = document.get("paths", {})
        literal_first = sorted(paths, key=lambda path: (path.count("{"), path))
        self._paths = [(re.compile(re.sub(r"{\w+}", "([^/]+)", path)), paths[path]) for path in literal_first]

    def check_call(self, method: str, path: str, query: Query, body: Json = None) -> list[str]:
        """Everything wrong with a call. `path` is without /api/v10; `body` is None if there is none."""
        if not self._paths:
            return []
        found = self._find_operation(method, path)
        if found is None:
            return ["no such call"]
        path_item, operation, values = found
        named = {(one["in"], one["name"]): one["schema"] for one in operation.get("parameters", [])}
        path_parameters = [one for one in path_item.get("parameters", []) if one["in"] == "path"]
        violations = []
        for one, value in zip(path_parameters, values, strict=True):
            violations += self._schemas.violations(one["schema"], value, one["name"])
        for name, value in query.items():
            schema = named.get(("query", name))
            violations += self._query(schema, value, name) if schema else [f"no parameter {name}"]
        return violations + self._body(operation, body)

    def check_response(self, method: str, path: str, status: int, body: Json = None) -> list[str]:
        """Everything wrong with a response of ours that a client of another library might reject."""
        found = self._find_operation(method, path)
        if found is None:
            return []
        responses = found[1]["responses"]
        described = responses.get(str(status)) or (responses.get("4XX") if 400 <= status < 500 else {"content": {}})
        if described is None:
            return [f"is never answered by {status}"]
        if "$ref" in described:
            described = self._responses[described["$ref"].rpartition("/")[2]]
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        return [] if schema is None else self._schemas.violations(schema, body, "answer")

    def _find_operation(self, method: str, path: str) -> tuple[Json, Json, tuple[str, ...]] | None:
        for pattern, path_item in self._paths:
            match = pattern.fullmatch(path)
            if match and method.lower() in path_item:
                return path_item, path_item[method.lower()], match.groups()
        return None

    def _query(self, schema: Json, value: str, name: str) -> list[str]:
        """A query parameter is text; it is checked as the value that it encodes."""
        text = {"1": "true", "0": "false"}.get(value, value) if "boolean" in str(schema.get("type")) else value
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = text
        return min((self._schemas.violations(schema, candidate, name) for candidate in (value, parsed)), key=len)

    def _body(self, operation: Json, body: Json) -> list[str]:
        interaction = operation.get("requestBody")
        if body is None:
            return ["has no body"] if interaction and interaction.get("required") else []
        if interaction is None:
            return ["takes no body"]
        return self._schemas.violations(interaction["content"]["application/json"]["schema"], body, "body")


@cache
def specification() -> Specification:
    """This machine's specification, read once."""
    path = specification_path()
    return Specification(json.loads(path.read_text(encoding="utf-8")) if path else {})
