"""JSON Schemas as their files hold them, and made self-contained.

A schema file may refer to its neighbours by relative path; :func:`bundle` pulls them in, so that nothing is ever
fetched: a reference that leaves the folder is a configuration error.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from itsm_as_code.errors import ConfigurationError

Schema = dict[str, Any]


def bundle(files: Mapping[str, Schema], path: str) -> Schema:
    """The schema at ``path`` with every file it refers to under its ``$defs``; only local references remain."""
    bundled: dict[str, Schema] = {path: {}}
    todo = [path]

    def local(reference: str, here: str) -> str:
        there, fragment = _referred(reference, here, files)
        if there not in bundled:
            bundled[there] = {}
            todo.append(there)
        return f"#{fragment}" if there == path else f"#/$defs/{_key(there)}{fragment}"

    while todo:
        here = todo.pop()
        bundled[here] = _rewritten(
            {k: v for k, v in files[here].items() if k != "$schema" or here == path}, here, local
        )
    result = bundled.pop(path)
    for there in sorted(bundled):
        own = result.setdefault("$defs", {})
        if _key(there) in own:
            raise ConfigurationError(
                f"{path}: its definition '{_key(there)}' has the name of the file {there}",
                remedy="give the definition another name",
            )
        own[_key(there)] = bundled[there]
    return result


_ELSEWHERE = re.compile(rb'"\$ref": *"([^"#]+)')


def resting_on(sources: Mapping[str, bytes], changed: Collection[str]) -> set[str]:
    """Those files of a folder of schemas that are changed, or refer to one that is, if by way of others."""
    found = set(changed)
    refers = {
        path: {posixpath.normpath(posixpath.join(posixpath.dirname(path), there.decode())) for there in named}
        for path, source in sources.items()
        if path not in found and (named := _ELSEWHERE.findall(source))
    }
    while more := {path for path, there in refers.items() if path not in found and not there.isdisjoint(found)}:
        found |= more
    return found


def _rewritten(node: Any, here: str, local: Callable[[str, str], str]) -> Any:
    """A part of the schema at ``here`` with its references made ``local``."""
    if isinstance(node, list):
        return [_rewritten(item, here, local) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _rewritten(value, here, local) for key, value in node.items()}
    if isinstance(node.get("$ref"), str):
        result["$ref"] = local(node["$ref"], here)
    for keyword in ("$dynamicRef", "$recursiveRef", "$id"):
        if isinstance(node.get(keyword), str):
            raise ConfigurationError(f"{here}: {keyword} is not supported in a schema", remedy="use a plain $ref")
    return result


def _referred(reference: str, here: str, files: Mapping[str, Schema]) -> tuple[str, str]:
    """The file and the fragment that a reference in the file at ``here`` leads to."""
    file, _, fragment = reference.partition("#")
    there = posixpath.normpath(posixpath.join(posixpath.dirname(here), file)) if file else here
    if ":" in file or there not in files:
        raise ConfigurationError(
            f"{here}: the reference '{reference}' leaves the schemas folder",
            remedy="refer to a definition in the schemas folder; nothing is fetched from elsewhere",
        )
    return there, fragment


def _key(path: str) -> str:
    return path.removesuffix(".schema.json").replace("/", ":")


def parse_schema(path: str, source: bytes) -> Schema:
    """The schema that a file holds; ConfigurationError when it is no JSON object."""
    try:
        data = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not JSON: {error}", remedy="mend the schema file") from None
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path} is not a JSON Schema", remedy="a schema is a JSON object")
    return data
