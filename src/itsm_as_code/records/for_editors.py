"""Schemas of a repository for editors: with the names that there are, and which schema is for which file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from itsm_as_code.records.kind_schema import resolve
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.portable import Schema, portable


def with_names(schema: Schema, names: Callable[[Iterable[str]], list[str]]) -> Schema:
    """A bundled schema as any editor reads it, with the names of records offered where one belongs.

    ``names`` gives those of some kinds. A name that is not among them is no error: it may be of a record that was
    written since.
    """
    readable: Schema = portable(schema)
    _offer(readable, readable, names)
    return readable


def _offer(root: Schema, node: Any, names: Callable[[Iterable[str]], list[str]]) -> None:
    for child in [*node.values()] if isinstance(node, dict) else node if isinstance(node, list) else ():
        _offer(root, child, names)
    if isinstance(node, dict) and isinstance(node.get("x-ref"), (str, list)):
        kinds = node["x-ref"]
        known = names([kinds] if isinstance(kinds, str) else kinds)
        if known:
            whole = {key: value for key, value in resolve(root, node).items() if key != "examples"}
            node.clear()  # editors offer examples, too, also those of what is referred to
            node |= whole | {"anyOf": [{"enum": known}, {"type": "string"}]}


def globs(registry: KindRegistry) -> dict[str, list[str]]:
    """For each schema the files it is for, as patterns of VS Code's YAML extension: those that `itsm validate` reads.

    The patterns of a folder that holds folders of other kinds leave these out by name. Both versions of the language
    server know ``!`` for a pattern that excludes (https://github.com/redhat-developer/yaml-language-server).
    """
    found = {"schemas/configuration.schema.json": ["itsm.yaml"]}
    for kind in registry:
        below = [other.folder for other in registry if other.folder.startswith(f"{kind.folder}/")]
        found[kind.path] = [f"{kind.folder}/**/*.yaml", *(f"!{folder}/**/*.yaml" for folder in sorted(below))]
    return found
