"""The kind registry: a kind is a schema file.

Folder, plural, practice, references (``x-ref``), lifecycle (``x-lifecycle``) and list columns of a kind stand in
its schema and nowhere else. A repository's own ``schemas/`` folder adds kinds to the shipped ones or replaces them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from itsm_as_code import shipped
from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import Pointer, parse_pointer
from itsm_as_code.records.schemas import Schema, Validator, bundle, parse_schema

SUFFIX = ".schema.json"
API_VERSION = "itsm/v1"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the kind's list on the site: a title, and where its value stands."""

    title: str
    pointer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference found in a record: where it stands, which kinds it may name, what it names."""

    pointer: Pointer
    kinds: tuple[str, ...]
    name: str


# What a schema says of references, shaped like the data: a leaf is the tuple of kinds, "*" stands for any index or key.
_RefTree = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of record, as its schema defines it."""

    name: str
    title: str
    title_plural: str
    plural: str
    folder: str
    practice: str
    description: str
    path: str
    schema: Schema = field(repr=False)
    columns: tuple[Column, ...] = ()

    @property
    def lifecycle(self) -> Mapping[str, Any] | None:
        """The schema's ``x-lifecycle``, or None for a kind without states."""
        return self.schema.get("x-lifecycle")

    @cached_property
    def validator(self) -> Validator:
        return Validator(self.path, self.schema)

    @cached_property
    def _references(self) -> _RefTree:
        return _reference_tree(self.schema)

    def check(self) -> None:
        """ConfigurationError when the schema, its references or its lifecycle cannot be used."""
        self.validator.check()
        try:
            _ = self._references
        except (TypeError, IndexError, AttributeError):
            raise ConfigurationError(
                f"{self.path}: an x-ref is not usable", remedy="x-ref is a kind, or a list of kinds, of a text field"
            ) from None
        problem = _lifecycle_problem(self.lifecycle) if self.lifecycle is not None else ""
        if problem:
            raise ConfigurationError(
                f"{self.path}: x-lifecycle {problem}", remedy="compare it with that of schemas/change.schema.json"
            )

    def references(self, data: Mapping[str, Any]) -> Iterator[Reference]:
        """Every reference to another record that ``data`` holds."""
        return _walk(self._references, data, ())

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind) and self.name == other.name and self.schema == other.schema


class KindRegistry:
    """All kinds, by name and by folder."""

    def __init__(self, kinds: Mapping[str, Kind], files: Mapping[str, Schema]) -> None:
        self.kinds = dict(sorted(kinds.items()))
        self.files = dict(files)
        self._by_folder = sorted(self.kinds.values(), key=lambda kind: -len(kind.folder))
        self.top_folders = frozenset(kind.folder.split("/")[0] for kind in self.kinds.values())

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.kinds.values())

    def __getitem__(self, name: str) -> Kind:
        return self.kinds[name]

    def get(self, name: str) -> Kind | None:
        return self.kinds.get(name)

    def of_path(self, path: str) -> Kind | None:
        """The kind whose folder a path lies in: the deepest one."""
        for kind in self._by_folder:
            if path.startswith(kind.folder + "/"):
                return kind
        return None

    def bundled(self, file: str) -> Schema:
        """Any schema file by its path in the schemas folder, self-contained."""
        return bundle(self.files, file)

    @classmethod
    def load(cls, own: Mapping[str, bytes] | None = None) -> KindRegistry:
        """The shipped kinds, and over them the files of a repository's ``schemas/`` folder (path -> bytes)."""
        brought = shipped.files("schemas", SUFFIX)
        sources = {**brought, **(own or {})}
        files = {path: parse_schema(f"schemas/{path}", source) for path, source in sorted(sources.items())}
        kinds: dict[str, Kind] = {}
        folders: dict[str, str] = {}
        for path, schema in files.items():
            if "x-kind" not in schema:
                continue
            kind = _kind(path, schema, files)
            for taken, other in ((kinds.get(kind.name), "name"), (folders.get(kind.folder), "folder")):
                if taken:
                    raise ConfigurationError(
                        f"schemas/{path}: another schema has the same {other}", remedy="give each kind its own"
                    )
            kinds[kind.name] = kind
            folders[kind.folder] = path
        if not kinds:
            raise ConfigurationError("there is no schema of any kind", remedy="restore the schemas folder")
        if sources != brought:
            for kind in kinds.values():
                kind.check()
        return cls(kinds, files)


def _kind(path: str, schema: Schema, files: Mapping[str, Schema]) -> Kind:
    about = schema["x-kind"]
    try:
        if not all(isinstance(about[key], str) for key in ("name", "plural", "folder")):
            raise TypeError("name, plural and folder are text")
        kind = Kind(
            name=about["name"],
            title=about.get("title", about["name"]),
            title_plural=about.get("titlePlural", about["plural"]),
            plural=about["plural"],
            folder=about["folder"].strip("/"),
            practice=about.get("practice", ""),
            description=about.get("description", ""),
            path=f"schemas/{path}",
            schema=bundle(files, path),
            columns=tuple(
                Column(column["title"], parse_pointer(column["pointer"])) for column in about.get("columns", ())
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"schemas/{path}: x-kind is incomplete ({error})", remedy="x-kind needs name, plural and folder"
        ) from None
    if not kind.folder or ".." in kind.folder.split("/"):
        raise ConfigurationError(f"schemas/{path}: the folder '{kind.folder}' is not usable", remedy="name a folder")
    return kind


def _lifecycle_problem(lifecycle: Any) -> str:
    """What makes an ``x-lifecycle`` unusable, or the empty string."""
    try:
        transitions = lifecycle["transitions"]
        steps = [("initial", "state", entry) for entry in lifecycle["initial"]]
        steps += [("transitions", "to", entry) for entries in transitions.values() for entry in entries]
        steps += [("final", "", state) for state in lifecycle.get("final", ())]
        steps += [("required", "", state) for state in lifecycle.get("required", {})]
        for where, key, entry in steps:
            state = entry if isinstance(entry, str) else entry[key]
            if state not in transitions:
                return f"names the state {state!r} in {where}, which transitions does not have"
        pointers = [lifecycle["field"], *lifecycle.get("openInFinal", ())]
        for entries in lifecycle.get("required", {}).values():
            pointers += [entry if isinstance(entry, str) else entry["field"] for entry in entries]
        for frozen in lifecycle.get("frozen", ()):
            pointers.append(frozen["field"])
            if not isinstance(frozen["except"], list):
                return "has no list of states under `except`"
    except (KeyError, TypeError, AttributeError) as error:
        return f"is incomplete ({error})"
    wrong = [pointer for pointer in pointers if not isinstance(pointer, str) or not pointer.startswith("/")]
    return f"has {wrong[0]!r} where a JSON pointer belongs" if wrong else ""


def _reference_tree(schema: Schema) -> _RefTree:
    tree: _RefTree = {}
    _collect(schema, schema, (), tree, ())
    return tree


_APPLICATORS = ("allOf", "anyOf", "oneOf")


def _collect(root: Schema, node: Any, at: tuple[str, ...], tree: _RefTree, seen: tuple[str, ...]) -> None:
    if not isinstance(node, dict):
        return
    if "x-ref" in node:
        kinds = node["x-ref"]
        _plant(tree, at, (kinds,) if isinstance(kinds, str) else tuple(kinds))
    reference = node.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        target: Any = root
        for part in parse_pointer(reference.removeprefix("#")):
            target = target.get(part) if isinstance(target, dict) else None
        _collect(root, target, at, tree, (*seen, reference))
    for key, child in node.get("properties", {}).items():
        _collect(root, child, (*at, key), tree, seen)
    _collect(root, node.get("items"), (*at, "*"), tree, seen)
    _collect(root, node.get("additionalProperties"), (*at, "*"), tree, seen)
    for keyword in _APPLICATORS:
        for child in node.get(keyword, ()):
            _collect(root, child, at, tree, seen)
    for keyword in ("if", "then", "else"):
        _collect(root, node.get(keyword), at, tree, seen)


def _plant(tree: _RefTree, at: tuple[str, ...], kinds: tuple[str, ...]) -> None:
    if not all(isinstance(kind, str) for kind in kinds):
        raise TypeError("x-ref names kinds")
    for part in at[:-1]:
        tree = tree.setdefault(part, {})
    tree[at[-1]] = kinds


def _walk(tree: _RefTree, data: Any, at: Pointer) -> Iterator[Reference]:
    if isinstance(data, dict):
        for key, below in tree.items():
            if key == "*":
                for name, value in data.items():
                    yield from _visit(below, value, (*at, name))
            elif key in data:
                yield from _visit(below, data[key], (*at, key))
    elif isinstance(data, list) and "*" in tree:
        below = tree["*"]
        for index, value in enumerate(data):
            yield from _visit(below, value, (*at, index))


def _visit(below: Any, value: Any, at: Pointer) -> Iterator[Reference]:
    if isinstance(below, tuple):
        if isinstance(value, str):
            yield Reference(at, below, value)
    elif value is not None:
        yield from _walk(below, value, at)
