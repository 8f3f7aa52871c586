"""Pages about kinds of record, made from their schemas: fields as a table, lifecycle as a Mermaid diagram."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from itsm_as_code.records.kind_schema import required
from itsm_as_code.records.kinds import SUFFIX, Kind, KindRegistry
from itsm_as_code.records.writer import dump

Row = Sequence[str]


def table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell(text) for text in line)} |\n" for line in lines)


def cell(text: str) -> str:
    return plain(" ".join(text.split())).replace("|", "\\|")


def plain(text: str) -> str:
    """Text in which no angle bracket is taken for HTML; code between backticks is left alone."""
    return "".join(
        part if index % 2 else part.replace("<", "&lt;") for index, part in enumerate(re.split(r"(`[^`]*`)", text))
    )


def fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def page_name(kind: Kind) -> str:
    return Path(kind.path).name.removesuffix(SUFFIX) + ".md"


FOLDER = """Folder: `{kind.folder}/`. Practice: {kind.practice}. Schema: [{kind.path}](../../../{kind.path}), or
`itsm schema {kind.name}`.
"""
FIELDS = """## Fields of `spec`

**Bold** fields are required, those of a mapping where it is given. `[]` stands for each item of a list, `*` for any
key. The fields of `metadata` are [the same for every kind](#metadata).
"""
LIFECYCLE = """## Lifecycle

The state stands in `{field}`. `itsm gate` compares base and head, and refuses a step that the diagram does not show.
"""


def kind_page(kind: Kind, registry: KindRegistry) -> str:
    parts = [
        f"# {kind.name}\n\n{kind.schema['description']}\n",
        FOLDER.format(kind=kind),
        FIELDS,
        table(["field", "type", "meaning"], fields(kind.schema, kind.schema["properties"]["spec"], registry)),
    ]
    if kind.lifecycle:
        parts.append(life(kind))
    example = kind.schema["examples"][0]
    parts += ["## Example\n", fenced(dump(example, schema=kind.schema).decode(), "yaml")]
    parts += ["## Metadata\n", table(["field", "type", "meaning"], metadata(kind, registry))]
    return "\n".join(parts)


def metadata(kind: Kind, registry: KindRegistry) -> list[Row]:
    return list(fields(kind.schema, kind.schema["properties"]["metadata"], registry))


def configuration(registry: KindRegistry) -> str:
    schema = registry.bundled("configuration.schema.json")
    return (
        f"# itsm.yaml\n\n{schema['description']}\n\nSchema: [schemas/configuration.schema.json]"
        "(../../schemas/configuration.schema.json), or `itsm schema configuration`. The gate reads it from the base. "
        "Not every field is read by a command yet: what is read today stands in "
        "[src/itsm_as_code/configuration.py](../../src/itsm_as_code/configuration.py).\n\n"
        + table(["field", "type", "meaning"], fields(schema, schema["properties"]["spec"], registry))
        + "\n## Example\n\n"
        + fenced(dump(schema["examples"][0], schema=schema).decode(), "yaml")
    )


def fields(root: Mapping[str, Any], node: Mapping[str, Any], registry: KindRegistry, at: str = "") -> Iterator[Row]:
    """A row for each field below a node, in the order of the schema."""
    node = resolved(root, node)
    needed = required(node)
    for name, child in node.get("properties", {}).items():
        child = resolved(root, child)
        path = f"{at}{name}"
        shown = f"**`{path}`**" if name in needed else f"`{path}`"
        yield [shown, type_of(root, child, registry), meaning(child)]
        yield from below(root, child, registry, path)


FAMILIAR = ({"amount", "currency"}, {"start", "end"})
"""Shapes that are explained by their name: money and interval."""


def below(root: Mapping[str, Any], node: Mapping[str, Any], registry: KindRegistry, path: str) -> Iterator[Row]:
    items = resolved(root, node.get("items", {}))
    if "oneOf" in items:
        for variant in (resolved(root, item) for item in items["oneOf"]):
            yield [f"`{path}[]`", f"mapping: *{variant['title'].lower()}*", meaning(variant)]
            yield from fields(root, variant, registry, f"{path}[].")
    elif "properties" in items:
        if items.get("title") != "Link":  # title and url, said once in the metadata
            yield from fields(root, items, registry, f"{path}[].")
    elif "properties" in node:
        if set(node["properties"]) not in FAMILIAR:
            yield from fields(root, node, registry, f"{path}.")
    elif isinstance(node.get("additionalProperties"), dict):
        values = resolved(root, node["additionalProperties"])
        if "properties" in values:
            yield from fields(root, values, registry, f"{path}.*.")


def meaning(node: Mapping[str, Any]) -> str:
    text = str(node.get("description", "")).strip()
    if "default" in node:
        text += f" Default: `{json.dumps(node['default'])}`."
    return text


def resolved(root: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema node with its reference followed; ``type name`` of a shared definition is kept as ``x-type``."""
    while isinstance(node.get("$ref"), str):
        target: Any = root
        parts = node["$ref"].removeprefix("#/").split("/")
        for part in parts:
            target = target[part.replace("~1", "/").replace("~0", "~")]
        own = {key: value for key, value in node.items() if key != "$ref"}
        node = {"x-type": parts[-1], **target, **own}
    return node


def plural(text: str) -> str:
    words = {"text": "texts", "line": "lines", "name": "names", "mapping": "mappings", "pointer": "pointers"}
    return words.get(text, re.sub("^name of an? ", "names of ", text))


NAMED_TYPES = ("date", "decimal", "duration", "email", "expression", "instant", "interval", "line", "money", "name",
               "pointer", "text", "timezone", "url")  # fmt: skip


def type_of(root: Mapping[str, Any], node: Mapping[str, Any], registry: KindRegistry) -> str:
    if "x-ref" in node:
        kinds = [node["x-ref"]] if isinstance(node["x-ref"], str) else node["x-ref"]
        return "name of " + " or ".join(kind_link(name, registry) for name in kinds)
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if node.get("type") == "array":
        items = resolved(root, node.get("items", {}))
        return f"list of {'links' if items.get('title') == 'Link' else plural(type_of(root, items, registry))}"
    if node.get("x-type") in NAMED_TYPES:
        return str(node["x-type"])
    for keyword in ("oneOf", "anyOf"):
        if keyword in node:
            options = dict.fromkeys(type_of(root, resolved(root, item), registry) for item in node[keyword])
            return " or ".join(option for option in options if option != "any") or "any"
    kind = node.get("type", "any")
    words = {"object": "mapping", "boolean": "true or false", "string": "text", "null": "null"}
    if isinstance(kind, list):
        return " or ".join(words.get(str(item), str(item)) for item in kind)
    return words.get(str(kind), str(kind)) + bounds(node)


def bounds(node: Mapping[str, Any]) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is None and high is None:
        return ""
    return (f" from {low}" if low is not None else "") + (f" to {high}" if high is not None else "")


def kind_link(name: str, registry: KindRegistry) -> str:
    kind = registry.get(name)
    article = "an" if name[0] in "AEIO" else "a"
    return f"{article} [{name}]({page_name(kind)})" if kind else f"{article} {name}"


def life(kind: Kind) -> str:
    """The lifecycle as a Mermaid state diagram, and what each state asks for."""
    data = kind.lifecycle or {}
    lines = ["stateDiagram-v2"]
    for entry in data["initial"]:
        state = entry if isinstance(entry, str) else entry["state"]
        lines.append(f"    [*] --> {node_id(state)}{condition(entry)}")
    for state, following in data["transitions"].items():
        for entry in following:
            to = entry if isinstance(entry, str) else entry["to"]
            lines.append(f"    {node_id(state)} --> {node_id(to)}{condition(entry)}")
    lines += [f"    {node_id(state)} --> [*]" for state in data.get("final", ())]
    names = [state for state in data["transitions"] if node_id(state) != state]
    lines[1:1] = [f'    state "{state}" as {node_id(state)}' for state in names]
    parts = [
        LIFECYCLE.format(field=dotted(data["field"])),
        fenced("\n".join(lines), "mermaid"),
    ]
    rows = [[f"`{state}`", ", ".join(needed(entry) for entry in entries)] for state, entries in
            data.get("required", {}).items() if entries]  # fmt: skip
    if rows:
        parts.append(table(["state", "needs"], rows))
    rows = [[f"`{state}`", ", ".join(map(needed, entries)) or "nothing more"]
            for state, entries in data.get("takenOver", {}).items()]  # fmt: skip
    if rows:
        parts.append("Where another tool closed it (`spec.takenOver`), it may begin in these states:\n")
        parts.append(table(["state", "needs"], rows))
    for item in data.get("borders", ()):
        before, after = (", ".join(f"`{state}`" for state in item[side]) for side in ("before", "after"))
        parts.append(f"One pull request does not take a record from before it is there, or from {before}, to {after}"
                     f"{unless(item)}.\n")  # fmt: skip
    for state, agreeing in data.get("outcomes", {}).items():
        parts.append(f"Of paths as short as each other, `{state}` is on those with {said(agreeing)}.\n")
    if data.get("final"):
        opened = ", ".join(f"`{dotted(pointer)}`" for pointer in data.get("openInFinal", ()))
        states = ", ".join(f"`{state}`" for state in data["final"])
        but = f", but for {opened}" if opened else ""
        parts.append(f"Final: {states}. Such a record no longer changes{but}.\n")
    for pointer in data.get("addedInFinal", ()):
        parts.append(f"`{dotted(pointer)}` may still be added to such a record, once, as [lifecycle-final]"
                     "(../rules.md#lifecycle-final) says.\n")  # fmt: skip
    for frozen in data.get("frozen", ()):
        states = ", ".join(f"`{state}`" for state in frozen["except"])
        when = f"changes in {states} only" if states else "is there from the beginning, or never"
        parts.append(f"`{dotted(frozen['field'])}` {when}.\n")
    return "\n".join(parts)


def dotted(pointer: str) -> str:
    return pointer.removeprefix("/").replace("/", ".")


def node_id(state: str) -> str:
    return state.replace("-", "_")


def condition(entry: Any) -> str:
    if isinstance(entry, str) or not entry.get("where"):
        return ""
    return ": " + said(entry["where"])


def said(values: dict[str, Any]) -> str:
    """A condition in words: ``type normal or standard, result successful``."""
    named = ((pointer.rsplit("/", 1)[-1], value if isinstance(value, list) else [value]) for pointer, value in
             values.items())  # fmt: skip
    return ", ".join(f"{name} {' or '.join(map(str, listed))}" for name, listed in named)


def needed(entry: Any) -> str:
    if isinstance(entry, str):
        return f"`{dotted(entry).removeprefix('spec.')}`"
    return f"`{dotted(entry['field']).removeprefix('spec.')}`{unless(entry)}"


def unless(entry: dict[str, Any]) -> str:
    return f" (unless {said(entry['unless'])})" if entry.get("unless") else ""
