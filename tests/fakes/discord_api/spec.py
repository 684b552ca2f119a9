"""Checks calls of Discord's HTTP API, and our own answers to them, against its machine-readable specification."""

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
    """The specification's file, where this machine has one."""
    beside = ROOT.parent / "shared" / "design" / "discord-openapi.json"
    path = Path(os.environ.get("REPAINT_DISCORD_SPEC", beside))
    return path if path.is_file() else None


class Specification:
    """What may be called, with what. Without the file nothing is found wrong here."""

    def __init__(self, known: Json) -> None:
        self._schemas = Schemas(known.get("components", {}).get("schemas", {}))
        self._responses: Json = known.get("components", {}).get("responses", {})
        paths: Json = known.get("paths", {})
        literal_first = sorted(paths, key=lambda path: (path.count("{"), path))
        self._paths = [(re.compile(re.sub(r"{\w+}", "([^/]+)", path)), paths[path]) for path in literal_first]

    def check_call(self, method: str, path: str, query: Query, body: Json = None) -> list[str]:
        """Everything wrong with a call. `path` comes without /api/v10; `body` is None when there is none."""
        if not self._paths:
            return []
        found = self._find_operation(method, path)
        if found is None:
            return ["no such call"]
        about, operation, values = found
        named = {(one["in"], one["name"]): one["schema"] for one in operation.get("parameters", [])}
        where = [one for one in about.get("parameters", []) if one["in"] == "path"]
        breaches = []
        for one, value in zip(where, values, strict=True):
            breaches += self._schemas.violations(one["schema"], value, one["name"])
        for name, value in query.items():
            schema = named.get(("query", name))
            breaches += self._query(schema, value, name) if schema else [f"no parameter {name}"]
        return breaches + self._body(operation, body)

    def check_response(self, method: str, path: str, status: int, body: Json = None) -> list[str]:
        """Everything wrong with an answer of ours, for which a bot of another library would stumble."""
        found = self._find_operation(method, path)
        if found is None:
            return []
        responses = found[1]["responses"]
        said = responses.get(str(status)) or (responses.get("4XX") if 400 <= status < 500 else {"content": {}})
        if said is None:
            return [f"is never answered by {status}"]
        if "$ref" in said:
            said = self._responses[said["$ref"].rpartition("/")[2]]
        schema = said.get("content", {}).get("application/json", {}).get("schema")
        return [] if schema is None else self._schemas.violations(schema, body, "answer")

    def _find_operation(self, method: str, path: str) -> tuple[Json, Json, tuple[str, ...]] | None:
        for pattern, about in self._paths:
            match = pattern.fullmatch(path)
            if match and method.lower() in about:
                return about, about[method.lower()], match.groups()
        return None

    def _query(self, schema: Json, value: str, name: str) -> list[str]:
        """A query's text is taken for what it should be."""
        said = {"1": "true", "0": "false"}.get(value, value) if "boolean" in str(schema.get("type")) else value
        try:
            meant = json.loads(said)
        except ValueError:
            meant = said
        return min((self._schemas.violations(schema, one, name) for one in (value, meant)), key=len)

    def _body(self, operation: Json, body: Json) -> list[str]:
        interaction = operation.get("requestBody")
        if body is None:
            return ["has no body"] if interaction and interaction.get("required") else []
        if interaction is None:
            return ["takes no body"]
        return self._schemas.violations(interaction["content"]["application/json"]["schema"], body, "body")


@cache
def specification() -> Specification:
    """That of this machine, read once."""
    path = specification_path()
    return Specification(json.loads(path.read_text(encoding="utf-8")) if path else {})
