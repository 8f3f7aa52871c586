"""What documents of OSCAL have in common: identifiers, text, properties and the frame around their content.

Source: NIST, Open Security Controls Assessment Language, version 1.2.3 (https://pages.nist.gov/OSCAL-Reference/); later
versions 1.x read it. A document holds for the figures that it was made from, so every UUID is worked out from what it
names (RFC 9562, version 5), and the same figures give the same bytes.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from itsm_as_code import __version__
from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.compliance import Compliance, Row

OSCAL_VERSION: Final = "1.2.3"
NAMESPACE: Final = "https://itsm-as-code.example/ns/oscal"
"""Of properties that OSCAL does not name: a name and no address (RFC 2606); some tools take none but a URL."""
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>!^~])")
"""What begins emphasis, code, links, images, HTML or the insertion of a parameter in OSCAL's markup (metaschema data
types, markup-line)."""


def identified(names: Iterable[str], content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with a UUID of its own, worked out from it and from the names that tell it from its like."""
    told = orjson.dumps([*names, content], option=orjson.OPT_SORT_KEYS).decode()
    return {"uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"itsm:oscal/{told}")), **content}


def text(said: str) -> str:
    """One line of OSCAL's markup in which nothing that a record says is markup."""
    return _MARKUP.sub(r"\\\1", escape.terminal(" ".join(said.split()))) or "-"


def token(name: str) -> str:
    """The name of a record as an identifier of OSCAL, which begins with a letter or ``_``."""
    return name if name[:1].isalpha() else f"_{name}"


def props(**values: object) -> list[dict[str, str]]:
    """Properties of ours; ``population_size=3`` is called population-size. What is empty is left out."""
    return [
        {"name": name.replace("_", "-"), "ns": NAMESPACE, "value": " ".join(escape.terminal(str(value)).split())}
        for name, value in values.items()
        if value not in ("", None)
    ]


def about(row: Row) -> list[dict[str, str]]:
    """What says which requirement a control is, for its identifier is the name of its record."""
    return props(framework=row.framework, clause=row.clause, owner=row.owner)


def frameworks(report: Compliance) -> Iterator[tuple[str, list[Row], dict[str, Any]]]:
    """Each framework with its controls by clause, and a resource that says where its text is from."""
    known = {found.framework: found for found in report.coverage}
    for name in sorted({row.framework for row in report.rows}):
        rows = sorted((row for row in report.rows if row.framework == name), key=lambda row: (row.clause, row.name))
        found = known.get(name)
        content: dict[str, Any] = {"title": text(found.title if found else name)}
        if found is not None:
            content |= {"description": text(f"{found.source}. {found.note}")}
            content |= {"rlinks": [{"href": escape.uri(found.url)}]}
        else:
            content |= {"description": text(f"{name}: no list of its clauses is at hand.")}
        yield name, rows, identified(["framework", name], content)


def document(model: str, title: str, report: Compliance, content: Mapping[str, Any]) -> str:
    """A whole document of a model; its UUID is that of its content, instant and version included."""
    now = format_instant(report.now)
    party = identified(["party"], {"type": "organization", "name": _name(report.organisation)})
    metadata = {
        "title": text(f"{title} of {report.organisation}"),
        "last-modified": now,
        "version": now,
        "oscal-version": OSCAL_VERSION,
        "props": props(made_by=f"itsm-as-code {__version__}"),
        "parties": [party],
    }
    return escape.dumped({model: identified([model], {"metadata": metadata, **content})})


def _name(said: str) -> str:
    return " ".join(escape.terminal(said).split()) or "-"
