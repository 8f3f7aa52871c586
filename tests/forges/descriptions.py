"""OpenAPI descriptions as judges: what they do not allow, no request may ask and no answer of a test server may say."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema

HERE = Path(__file__).resolve().parent


class NotAllowed(AssertionError):
    """A request or answer that the description does not allow."""


class Description:
    """An OpenAPI 3.0 document."""

    def __init__(self, name: str) -> None:
        self.document = json.loads((HERE / f"{name}-openapi.json").read_text())
        self._patterns = {
            re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path)) + r"\Z"): path
            for path in self.document["paths"]
        }

    @cached_property
    def _schemas(self) -> Any:
        """The document with ``nullable`` (OpenAPI 3.0) said as JSON Schema says it."""
        return _standard(self.document)

    def operation(self, method: str, path: str) -> dict[str, Any]:
        found = [
            self.document["paths"][template][method.lower()]
            for pattern, template in self._patterns.items()
            if pattern.match(path) and method.lower() in self.document["paths"][template]
        ]
        if not found:
            raise NotAllowed(f"{method} {path} is not described")
        return found[0]  # type: ignore[no-any-return]

    def check_request(self, method: str, path: str, query: str, body: Any) -> None:
        """NotAllowed unless every parameter and the body fit."""
        operation = self.operation(method, path)
        parameters = [self._resolved(item) for item in operation.get("parameters", [])]
        known = {item["name"]: item for item in parameters if item["in"] == "query"}
        for name, text in parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)):
            if name not in known:
                raise NotAllowed(f"{method} {path}: no parameter '{name}'")
            schema = self._resolved(known[name]["schema"])
            self._check(int(text) if schema.get("type") == "integer" else text, schema, f"{method} {path}?{name}")
        if "requestBody" in operation:
            schema = self._resolved(operation["requestBody"])["content"]["application/json"]["schema"]
            self._check(body, schema, f"body of {method} {path}")
            unknown = set(body) - set(self._resolved(schema)["properties"])
            if unknown:
                raise NotAllowed(f"body of {method} {path}: unknown {unknown}")
        elif body is not None:
            raise NotAllowed(f"{method} {path} takes no body")

    def answer_schema(self, method: str, path: str) -> dict[str, Any]:
        responses = self.operation(method, path)["responses"]
        answer = self._resolved(responses[min(responses)])
        return answer["content"]["application/json"]["schema"]  # type: ignore[no-any-return]

    def check_answer(self, method: str, path: str, data: Any) -> None:
        """NotAllowed unless a successful answer fits."""
        self._check(data, self.answer_schema(method, path), f"answer to {method} {path}")

    def _check(self, data: Any, schema: Any, what: str) -> None:
        whole = {"components": self._schemas["components"], "allOf": [_standard(schema)]}
        for error in jsonschema.Draft7Validator(whole).iter_errors(data):
            best = jsonschema.exceptions.best_match([error])
            raise NotAllowed(f"{what}: {'/'.join(map(str, best.absolute_path))}: {best.message[:300]}")

    def _resolved(self, item: Any) -> Any:
        while "$ref" in item:
            _, *way = item["$ref"].split("/")
            item = self.document
            for key in way:
                item = item[key]
        return item

    def sample(self, schema: Any, **values: Any) -> Any:
        """The least that fits a schema, with some values of our own."""
        schema = self._resolved(schema)
        if schema.get("nullable") and not values:
            return None
        for key in ("oneOf", "anyOf"):
            if key in schema and "properties" not in schema:
                return self.sample(schema[key][0], **values)
        if "allOf" in schema:
            merged: dict[str, Any] = {}
            for part in schema["allOf"]:
                merged |= self.sample(part) or {}
            return merged | values
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type", "object")
        if kind == "object":
            properties = schema.get("properties", {})
            needed = {key: self.sample(properties.get(key, {})) for key in schema.get("required", ())}
            return needed | values
        text = {"date-time": "2026-11-22T08:00:00Z", "uri": "https://forge.example/x"}.get(
            schema.get("format", ""), "x"
        )
        return {"array": [], "string": text, "integer": 1, "number": 1, "boolean": False}[kind]


def _standard(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_standard(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _standard(value) for key, value in schema.items() if key != "nullable"}
    if schema.get("nullable") is True:
        return {"anyOf": [{"type": "null"}, plain]}
    return plain
