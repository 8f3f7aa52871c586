"""Self-contained JSON Schemas, decided by jsonschema-rs and explained by jsonschema.

Patterns run on a linear-time engine (Rust's ``regex``) in both steps, so that no pattern of a user's schema can stall
the gate.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property, lru_cache
from itertools import islice
from typing import Any, Final

import jsonschema_rs

from itsm_as_code import clock
from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import Pointer, Problem, did_you_mean, format_pointer
from itsm_as_code.records.bundles import Schema
from itsm_as_code.records.formats import EXAMPLES, FORMATS, in_ascii, out_of_range
from itsm_as_code.records.positions import plain_scalars
from itsm_as_code.records.writer import in_line

Written = Callable[[], Mapping[Pointer, str]]
_LONGEST_SHOWN: Final = 80
_LINEAR = jsonschema_rs.RegexOptions()
MOST_EXPLAINED: Final = 500
"""Errors of one record that are explained; each takes time, and a file may have half a million."""
MOST_COUNTED: Final = 10_000
"""Errors beyond those that are counted."""
MOST_UNKNOWN: Final = 25
"""Unknown fields of one mapping that are named."""
_FIRST_ONES: Final = "mend the first ones, and look again"


class Validator:
    """Decides and explains one bundled schema."""

    def __init__(self, path: str, schema: Schema) -> None:
        self.path = path
        self.schema = schema

    @cached_property
    def _fast(self) -> Any:
        try:
            return jsonschema_rs.Draft202012Validator(
                self.schema,
                formats=FORMATS,
                validate_formats=True,
                ignore_unknown_formats=False,
                pattern_options=_LINEAR,
                offline=True,
            )
        except (ValueError, jsonschema_rs.ReferencingError, jsonschema_rs.ValidationError) as error:
            line = str(error).splitlines()[0]
            raise ConfigurationError(f"{self.path} is not a usable schema: {line}", remedy="mend the schema") from None

    @cached_property
    def _explaining(self) -> Any:
        # Nothing is fetched: only what _fast could resolve offline comes here.
        return _explaining_class()(self.schema, format_checker=_format_checker())

    def check(self) -> None:
        """ConfigurationError when the schema cannot be used; otherwise the first record would say so."""
        self.is_valid(None)

    def is_valid(self, data: Any) -> bool:
        """The decision, in microseconds."""
        return bool(self._fast.is_valid(data))

    def problems(self, data: Any, source: bytes | None = None) -> list[Problem]:
        """What is wrong, for people; empty exactly when :meth:`is_valid`.

        Values are shown as ``source``, the YAML that ``data`` was read from, writes them: ``1.10`` is not 1.1.
        """
        if self.is_valid(data):
            return []
        written: Written = cache(lambda: {} if source is None else plain_scalars(source))
        errors = self._explaining.iter_errors(data)
        told = islice(errors, MOST_EXPLAINED)
        found = list(dict.fromkeys(problem for error in told for problem in _explain(error, written)))
        more = sum(1 for _ in islice(errors, MOST_COUNTED))
        if more:
            some = "at least " if more == MOST_COUNTED else ""
            found.append(Problem(f"and {some}{more:,} more that does not fit", (), _FIRST_ONES, count=more))
        # The engines agree on the dialect used here; if ever they do not, the refusal stands.
        return found or [Problem("does not fit the schema of its kind")]


def holds(root: Schema, condition: Schema, data: Any) -> bool:
    """True when ``data`` meets a condition (``if``) of the bundled schema ``root``; False when it cannot be decided."""
    schema = {"$defs": root.get("$defs", {}), **condition}
    try:
        return bool(jsonschema_rs.Draft202012Validator(schema, pattern_options=_LINEAR, offline=True).is_valid(data))
    except (ValueError, jsonschema_rs.ReferencingError, jsonschema_rs.ValidationError):
        return False


@lru_cache(maxsize=1)
def _format_checker() -> Any:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    for name, check in FORMATS.items():
        checker.checks(name)(lambda value, check=check: not isinstance(value, str) or check(value))
    return checker


@lru_cache(maxsize=1)
def _explaining_class() -> Any:
    import jsonschema
    from jsonschema.validators import extend

    def pattern(validator: Any, regex: str, instance: Any, schema: Schema) -> Iterator[Any]:
        fits = FORMATS.get(schema.get("format", ""), lambda value: True)  # says it better, where it refuses it as well
        if isinstance(instance, str) and not _matches(regex)(instance) and fits(instance):
            yield jsonschema.ValidationError(f"{instance!r} does not match {regex!r}")

    def pattern_properties(validator: Any, patterns: Schema, instance: Any, schema: Schema) -> Iterator[Any]:
        for regex, below in patterns.items() if isinstance(instance, dict) else ():
            for key, value in instance.items():
                if _matches(regex)(key):
                    yield from validator.descend(value, below, path=key, schema_path=regex)

    def additional_properties(validator: Any, allowed: Any, instance: Any, schema: Schema) -> Iterator[Any]:
        extra = _additional(instance, schema) if isinstance(instance, dict) else []
        if allowed is False and extra:
            yield jsonschema.ValidationError(f"unknown: {', '.join(extra)}")
        elif isinstance(allowed, dict):
            for key in extra:
                yield from validator.descend(instance[key], allowed, path=key)

    def unique_items(validator: Any, unique: bool, instance: Any, schema: Schema) -> Iterator[Any]:
        if unique and isinstance(instance, list) and not _is_unique()(instance):
            yield jsonschema.ValidationError("names something twice")

    # The keywords that use patterns; jsonschema would run them on Python's backtracking `re`, and compares each item
    # of a list with each other one. What unevaluated* refuses is told by the sentence for whatever this engine has no
    # words for.
    keywords = {
        "uniqueItems": unique_items,
        "pattern": pattern,
        "patternProperties": pattern_properties,
        "additionalProperties": additional_properties,
        "unevaluatedProperties": lambda *_: (),
    }
    return extend(jsonschema.Draft202012Validator, keywords)  # type: ignore[no-untyped-call]


def _additional(instance: Mapping[str, Any], schema: Any) -> list[str]:
    """The keys of a mapping that neither ``properties`` nor ``patternProperties`` names."""
    patterns = [_matches(regex) for regex in schema.get("patternProperties", ())]
    known = schema.get("properties", {})
    return [key for key in instance if key not in known and not any(matches(key) for matches in patterns)]


@lru_cache(maxsize=1)
def _is_unique() -> Any:
    return jsonschema_rs.Draft202012Validator({"uniqueItems": True}, offline=True).is_valid


@lru_cache(maxsize=1024)
def _matches(regex: str) -> Any:
    schema = {"pattern": regex}
    return jsonschema_rs.Draft202012Validator(schema, pattern_options=_LINEAR, offline=True).is_valid


def _explain(error: Any, written: Written) -> Iterator[Problem]:
    """Sentences for one error of jsonschema (https://python-jsonschema.readthedocs.io/en/stable/errors/)."""
    pointer: Pointer = tuple(error.absolute_path)
    value, rule, instance = error.validator_value, error.validator, error.instance
    name = _name(pointer)
    shown = _show(instance)
    if isinstance(instance, (bool, int, float)):
        shown = _shortened(written().get(pointer, shown))
    if rule == "additionalProperties" and value is False:
        yield from _explain_unknown(error, pointer, name)
    elif rule == "required":
        for key in value:
            if key not in instance:
                hint = _hint(error.schema.get("properties", {}).get(key, {}))
                yield Problem(f"{name} lacks '{key}'", pointer, f"add {key}{hint}")
    elif rule in ("anyOf", "oneOf"):
        yield from _explain_choice(error, pointer, name, written)
    elif rule == "enum":
        choices = ", ".join(map(in_line, value))
        meant = did_you_mean(instance, [c for c in value if isinstance(c, str)]) if isinstance(instance, str) else ""
        yield Problem(f"{name} is {shown}, not one of: {choices}", pointer, meant or "choose one of them")
    elif rule == "const":
        yield Problem(f"{name} must be {_show(value)}, not {shown}", pointer, f"write {in_line(value)}")
    elif rule == "type":
        message = f"{name} must be {_type_name(value)}, not {_type_of(instance, shown)}"
        yield Problem(message, pointer, _type_remedy(value, instance, shown))
    elif rule == "format":
        reason = out_of_range(value, instance)
        what = f"{name}: {reason}" if reason else f"{name} is {shown}, not {EXAMPLES.get(value, value)}"
        # Abbreviations are not guessed at: nearest to CEST is EST, which is in America.
        is_zone = value == "itsm-timezone" and "/" in instance
        meant = did_you_mean(instance, clock.zone_names()) if is_zone else ""
        if value == "itsm-url" and (address := in_ascii(instance)):
            meant = f"write {in_line(address)}"
        yield Problem(what, pointer, meant or ("write one within that" if reason else "write it in that form"))
    elif rule == "pattern":
        what = f"the key {_show(instance)} of {name}" if "propertyNames" in list(error.schema_path)[-3:] else name
        is_name = "" if what != name else f" is {_show(instance)}, which"
        yield Problem(f"{what}{is_name} does not have the form {value}", pointer, _example(error.schema))
    elif rule in _SIZES:
        yield Problem(f"{name} {_SIZES[rule].format(value)}", pointer, _example(error.schema))
    elif rule is None:  # the schema `false`
        yield Problem(f"{_type_of(instance, shown)} is not allowed here", pointer, "remove it")
    else:
        yield Problem(f"{name}: {error.message[:300]}", pointer, _example(error.schema))


def _explain_unknown(error: Any, pointer: Pointer, name: str) -> Iterator[Problem]:
    """A sentence for each of the first fields that the schema does not know, and one for all others."""
    known = error.schema.get("properties", {})
    unknown = _additional(error.instance, error.schema)
    for key in unknown[:MOST_UNKNOWN]:
        remedy = did_you_mean(key, known) or f"known fields here: {', '.join(sorted(known))}"
        yield Problem(f"unknown field {_show(key)} in {name}", (*pointer, key), remedy)
    more = len(unknown) - MOST_UNKNOWN
    if more > 0:
        message = f"and {more:,} more unknown field{'s' if more > 1 else ''} in {name}"
        yield Problem(message, (*pointer, unknown[MOST_UNKNOWN]), _FIRST_ONES, count=more)


_SIZES = {
    "minLength": "is shorter than {} characters",
    "maxLength": "is longer than {} characters",
    "minItems": "has fewer than {} items",
    "maxItems": "has more than {} items",
    "minProperties": "has fewer than {} fields",
    "maxProperties": "has more than {} fields",
    "minimum": "is less than {}",
    "maximum": "is greater than {}",
    "uniqueItems": "names something twice",
}


def _explain_choice(error: Any, pointer: Pointer, name: str, written: Written) -> Iterator[Problem]:
    """Explain the alternative that was most likely meant: the one that fails deepest, with the fewest errors."""
    branches: dict[int, list[Any]] = {}
    for nested in error.context:
        branches.setdefault(nested.schema_path[0], []).append(nested)
    if not branches:
        yield Problem(f"{name} fits more than one of the forms it may have", pointer, "keep the fields of one of them")
        return
    if all(len(errors) == 1 and errors[0].validator == "required" for errors in branches.values()):
        fields = [key for errors in branches.values() for key in errors[0].validator_value]
        yield Problem(f"{name} needs one of: {', '.join(dict.fromkeys(fields))}", pointer, "add one of them")
        return

    def weight(errors: list[Any]) -> tuple[int, int]:
        own = sum(1 for nested in errors if len(nested.absolute_path) == len(pointer))
        return own, len(errors)

    for nested in min(branches.values(), key=weight):
        yield from _explain(nested, written)


def _name(pointer: Pointer) -> str:
    text = format_pointer(pointer).removeprefix("/").replace("/", ".") or "the record"
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 3]}..."


_LONGEST_NAME: Final = 200


def _show(value: Any) -> str:
    return _shortened(f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "empty",
}


def _type_name(value: Any) -> str:
    return " or ".join(_TYPES.get(name, name) for name in ([value] if isinstance(value, str) else value))


def _type_of(instance: Any, shown: str) -> str:
    if instance is None:
        return "empty"
    if isinstance(instance, bool):
        return f"the boolean {shown}"
    if isinstance(instance, (int, float)):
        return f"the number {shown}"
    if isinstance(instance, str):
        return f"the text {shown}"
    return "a list" if isinstance(instance, list) else "a mapping"


def _type_remedy(value: Any, instance: Any, shown: str) -> str:
    if value == "string" and isinstance(instance, (bool, int, float)):
        return f'put it in quotes: "{shown}"' if len(shown) < _LONGEST_SHOWN else "put it in quotes"
    if value == "array":
        return "write a list: [a, b], or one '- item' a line"
    if instance is None:
        return "write a value, or remove the key"
    return f"write {_type_name(value)}"


def _example(schema: Any) -> str:
    examples = schema.get("examples") if isinstance(schema, dict) else None
    return f"for example: {_show(examples[0])}" if examples else ""


def _hint(schema: Any) -> str:
    example = _example(schema)
    return f" ({example})" if example else ""
