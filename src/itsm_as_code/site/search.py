"""The search index: one flat list in a script file, so that it also loads from ``file://``."""

from __future__ import annotations

import orjson

from itsm_as_code.site import addresses
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.words import plain

_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def script_json(value: object) -> str:
    """JSON that means the same inside a script, whatever text it holds."""
    text = orjson.dumps(value, default=str).decode()
    for character, escaped in _UNSAFE.items():
        text = text.replace(character, escaped)
    return text


def index(context: Context) -> bytes:
    """``[title, kind, address, words]`` of every record, as a script that sets ``itsmIndex``."""
    kinds, rows = [], []
    for number, kind in enumerate(context.registry):
        kinds.append(kind.title)
        for record in context.catalogue.of_kind(kind.name):
            metadata = record.data["metadata"]
            words = " ".join(
                (record.name, *metadata.get("labels", {}).values(), plain(metadata.get("description", ""), 90))
            )
            rows.append([record.title, number, addresses.record_page(kind, record.name), words])
    return f"self.itsmIndex={script_json({'kinds': kinds, 'rows': rows})};\n".encode()
