"""The kind registry: a kind is a schema file.

Folder, plural, practice, references (``x-ref``), lifecycle (``x-lifecycle``) and list columns of a kind stand in
its schema and nowhere else. A repository's own ``schemas/`` folder adds kinds to the shipped ones or replaces them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from itsm_as_code import shipped
from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import Pointer, parse_pointer
from itsm_as_code.records.bundles import Schema, bundle, parse_schema, resting_on
from itsm_as_code.records.kind_schema import about_problem, lifecycle_problem, matter_problem, reference_problem

if TYPE_CHECKING:
    from itsm_as_code.records.schemas import Validator

SUFFIX = ".schema.json"
API_VERSION = "itsm/v1"
SCHEMA_FIRST = "; a kind of your own needs its schema first"
"""What the remedy ends with where nobody knows a kind: the gate reads schemas from the base."""
_TEXT = "common.schema.json#/$defs/text"
AGREED = "x-agreed-by"
"""Keyword of a field that names a person as having agreed: ``approver`` or ``author``."""
AGREED_TO = "x-agreed-to"
"""Keyword of a kind with such fields: pointers to what else they agree to, besides the object that names them."""


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
# Where a name may stand in place of a list of names, the list's own branch has the kinds of that name under _ITSELF.
_RefTree = dict[str, Any]
_ITSELF = ""


@dataclass(frozen=True)
class Kind:
    """One kind of record, as its schema defines it; ``ending`` says what to do with a record that has had its day.

    ``files`` are all schema files, of which its own is ``file``.
    """

    name: str
    title: str
    title_plural: str
    plural: str
    folder: str
    practice: str
    description: str
    file: str
    files: Mapping[str, Schema] = field(repr=False)
    columns: tuple[Column, ...] = ()
    ending: str = ""

    @property
    def path(self) -> str:
        return f"schemas/{self.file}"

    @cached_property
    def schema(self) -> Schema:
        """The schema with all that it refers to; made when it is asked for, for few commands look at every kind."""
        return bundle(self.files, self.file)

    @property
    def lifecycle(self) -> Mapping[str, Any] | None:
        """The schema's ``x-lifecycle``, or None for a kind without states."""
        return self.schema.get("x-lifecycle")

    @cached_property
    def prose(self) -> frozenset[str]:
        """The fields of ``spec`` that are free text: nothing but who reads them depends on what they say."""
        spec = self.files[self.file].get("properties", {}).get("spec", {})
        fields = spec.get("properties", {}).items()
        texts = {name for name, said in fields if isinstance(said, dict) and said.get("$ref") == _TEXT}
        return frozenset(texts.difference(self._references.get("spec", ())))

    @property
    def agreed_to(self) -> tuple[Pointer, ...]:
        """What of a record somebody agrees to whom it names as having agreed, besides the object that names them."""
        return tuple(map(parse_pointer, self.schema.get(AGREED_TO, ())))

    @cached_property
    def validator(self) -> Validator:
        from itsm_as_code.records.schemas import Validator  # loads what decides, which not every command does

        return Validator(self.path, self.schema)

    @cached_property
    def _references(self) -> _RefTree:
        return _tree_of(self.schema, "x-ref")

    @cached_property
    def _agreements(self) -> _RefTree:
        return _tree_of(self.schema, AGREED)

    @cached_property
    def _formats(self) -> _RefTree:
        return _tree_of(self.schema, "format")

    def check(self, known: Collection[str]) -> None:
        """ConfigurationError when the schema, its references (to ``known`` kinds) or its lifecycle cannot be used."""
        self.validator.check()
        try:
            named = tuple(_named_kinds(self._references))
            agreed = set(_named_kinds(self._agreements))
        except (TypeError, IndexError, AttributeError):
            raise ConfigurationError(
                f"{self.path}: an x-ref is not usable", remedy="x-ref is a kind, or a list of kinds, of a text field"
            ) from None
        problem = reference_problem(named, known)
        if not problem and agreed - {"approver", "author"}:
            problem = f"{AGREED} is approver or author, not {', '.join(sorted(agreed))}"
        problem = problem or matter_problem(AGREED_TO, self.schema)
        if problem:
            raise ConfigurationError(f"{self.path}: {problem}", remedy="name a kind that has a schema")
        problem = lifecycle_problem(self.lifecycle, self.schema)
        if problem:
            raise ConfigurationError(
                f"{self.path}: x-lifecycle {problem}", remedy="compare it with that of schemas/change.schema.json"
            )

    def references(self, data: Mapping[str, Any]) -> list[Reference]:
        """Every reference to another record that ``data`` holds."""
        return _found(self._references, data)

    def agreements(self, data: Mapping[str, Any]) -> list[Reference]:
        """Every person whom ``data`` names as having agreed; ``kinds`` is ``(approver,)`` or ``(author,)``.

        An approver answers somebody else; who attests in their own name may be the author.
        """
        return _found(self._agreements, data)

    def times(self, data: Mapping[str, Any]) -> Iterator[tuple[Pointer, str]]:
        """Every instant and day in ``data``, with its place."""
        for item in _found(self._formats, data):
            if item.kinds[0] in ("itsm-instant", "itsm-date"):
                yield item.pointer, item.name

    def addresses(self, data: Mapping[str, Any]) -> Iterator[tuple[Pointer, str]]:
        """Every web address in ``data``, with its place."""
        for item in _found(self._formats, data):
            if item.kinds[0] == "itsm-url":
                yield item.pointer, item.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind) and self.name == other.name and self.schema == other.schema


class KindRegistry:
    """All kinds, by name and by folder."""

    def __init__(self, kinds: Mapping[str, Kind], files: Mapping[str, Schema]) -> None:
        self.kinds = dict(sorted(kinds.items()))
        self.files = dict(files)
        self._validators: dict[str, Validator] = {}
        self._by_folder = {kind.folder: kind for kind in reversed(self.kinds.values())}  # the first of several
        self.top_folders = frozenset(kind.folder.split("/")[0] for kind in self.kinds.values())

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.kinds.values())

    def __getitem__(self, name: str) -> Kind:
        return self.kinds[name]

    def get(self, name: str) -> Kind | None:
        return self.kinds.get(name)

    def of_path(self, path: str) -> Kind | None:
        """The kind whose folder a path lies in: the deepest one."""
        folder = path.rpartition("/")[0]
        while folder and folder not in self._by_folder:
            folder = folder.rpartition("/")[0]
        return self._by_folder.get(folder)

    def bundled(self, file: str) -> Schema:
        """Any schema file by its path in the schemas folder, self-contained."""
        return bundle(self.files, file)

    def validator(self, file: str) -> Validator:
        """What decides by any schema file of the schemas folder, compiled once."""
        from itsm_as_code.records.schemas import Validator

        if file not in self._validators:
            self._validators[file] = Validator(f"schemas/{file}", self.bundled(file))
        return self._validators[file]

    @classmethod
    def load(cls, own: Mapping[str, bytes] | None = None) -> KindRegistry:
        """The shipped kinds, and over them the files of a repository's ``schemas/`` folder (path -> bytes).

        The same files give the same registry, whose validators are compiled once.
        """
        return _loaded(frozenset((own or {}).items()))


@lru_cache(maxsize=8)
def _loaded(own: frozenset[tuple[str, bytes]]) -> KindRegistry:
    brought = shipped.files("schemas", SUFFIX)
    sources = {**brought, **dict(own)}
    files = {path: parse_schema(f"schemas/{path}", source) for path, source in sorted(sources.items())}
    kinds: dict[str, Kind] = {}
    taken: dict[str, dict[str, str]] = {"name": {}, "folder": {}, "plural": {}}
    for path, schema in files.items():
        if "x-kind" not in schema:
            continue
        kind = _kind(path, schema, files)
        for what, by in taken.items():
            other = by.setdefault(getattr(kind, what), path)
            if other != path:
                message = f"schemas/{path}: schemas/{other} has the same {what}, '{getattr(kind, what)}'"
                raise ConfigurationError(message, remedy="give each kind its own")
        kinds[kind.name] = kind
    if not kinds:
        raise ConfigurationError("there is no schema of any kind", remedy="restore the schemas folder")
    # What is as it was shipped can be used, as long as the kinds that it names are there.
    changed = {path for path, source in sources.items() if brought.get(path) != source}
    of_a_kind = any(b'"x-kind"' in brought.get(path, b"") for path in changed)
    touched = sources.keys() if of_a_kind else resting_on(sources, changed)
    for kind in kinds.values():
        if kind.file in touched:
            kind.check(kinds)
    return KindRegistry(kinds, files)


def _kind(path: str, schema: Schema, files: Mapping[str, Schema]) -> Kind:
    about = schema["x-kind"]
    problem = about_problem(about, schema)
    if problem:
        raise ConfigurationError(
            f"schemas/{path}: x-kind {problem}", remedy="compare it with that of schemas/change.schema.json"
        )
    return Kind(
        name=about["name"],
        title=about.get("title") or schema.get("title") or about["name"],
        title_plural=about.get("titlePlural", about["plural"]),
        plural=about["plural"],
        folder=about["folder"].strip("/"),
        practice=about.get("practice", ""),
        description=about.get("description", ""),
        file=path,
        files=files,
        columns=tuple(Column(column["title"], parse_pointer(column["pointer"])) for column in about.get("columns", ())),
        ending=about.get("ending", ""),
    )


def _named_kinds(tree: _RefTree) -> Iterator[str]:
    """Every kind that a field of the tree refers to."""
    for below in tree.values():
        yield from below if isinstance(below, tuple) else _named_kinds(below)


def _tree_of(schema: Schema, keyword: str) -> _RefTree:
    tree: _RefTree = {}
    _collect(keyword, schema, schema, (), tree, ())
    return tree


_APPLICATORS = ("allOf", "anyOf", "oneOf")


def _collect(keyword: str, root: Schema, node: Any, at: tuple[str, ...], tree: _RefTree, seen: tuple[str, ...]) -> None:
    if not isinstance(node, dict):
        return
    if keyword in node:
        kinds = node[keyword]
        _plant(tree, at, (kinds,) if isinstance(kinds, str) else tuple(kinds))
    reference = node.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        target: Any = root
        for part in parse_pointer(reference.removeprefix("#")):
            target = target.get(part) if isinstance(target, dict) else None
        _collect(keyword, root, target, at, tree, (*seen, reference))
    for key, child in node.get("properties", {}).items():
        _collect(keyword, root, child, (*at, key), tree, seen)
    _collect(keyword, root, node.get("items"), (*at, "*"), tree, seen)
    _collect(keyword, root, node.get("additionalProperties"), (*at, "*"), tree, seen)
    for applicator in _APPLICATORS:
        for child in node.get(applicator, ()):
            _collect(keyword, root, child, at, tree, seen)
    for condition in ("if", "then", "else"):
        _collect(keyword, root, node.get(condition), at, tree, seen)


def _plant(tree: _RefTree, at: tuple[str, ...], kinds: tuple[str, ...]) -> None:
    if not all(isinstance(kind, str) for kind in kinds):
        raise TypeError("x-ref names kinds")
    for part, following in pairwise(at):
        below = tree.setdefault(part, {})
        if isinstance(below, tuple):
            below = tree[part] = {_ITSELF: below}
        tree = below
        if _ITSELF in tree and following != "*":
            raise TypeError("a name has no fields")
    last = tree.get(at[-1], ())
    if isinstance(last, tuple):
        tree[at[-1]] = kinds
    elif last.keys() <= {"*", _ITSELF}:
        last[_ITSELF] = kinds
    else:
        raise TypeError("a name has no fields")


def _found(tree: _RefTree, data: Any) -> list[Reference]:
    found: list[Reference] = []
    _walk(tree, data, (), found)
    return found


def _walk(tree: _RefTree, data: Any, at: Pointer, found: list[Reference]) -> None:
    """Add what data names; a list to add to costs half of what generators within generators do."""
    if isinstance(data, dict):
        for key, below in tree.items():
            if key == "*":
                for name, value in data.items():
                    _visit(below, value, (*at, name), found)
            elif key in data:
                _visit(below, data[key], (*at, key), found)
    elif isinstance(data, list) and "*" in tree:
        below = tree["*"]
        for index, value in enumerate(data):
            _visit(below, value, (*at, index), found)


def _visit(below: Any, value: Any, at: Pointer, found: list[Reference]) -> None:
    if isinstance(value, str):
        kinds = below.get(_ITSELF) if isinstance(below, dict) else below
        if kinds:
            found.append(Reference(at, kinds, value))
    elif isinstance(below, dict) and isinstance(value, dict | list):
        _walk(below, value, at, found)
