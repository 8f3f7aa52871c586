"""The gaps between the records and a register that a law asks for."""

from __future__ import annotations

from typing import Final

from itsm_as_code.compliance.register import Field, Register
from itsm_as_code.reports import escape, table

_COLUMNS: Final = ("template", "field", "title", "held", "of", "filled", "missing", "note")
_HEADERS: Final = ("Field", "Title", "Where records say it", "Filled", "Missing in", "Note")


def csv(register: Register) -> str:
    """For spreadsheets (RFC 4180): a line for each field."""
    return table.csv(
        _COLUMNS,
        ({"template": template.code, **_row(field)} for template in register.templates for field in template.fields),
    )


def markdown(register: Register) -> str:
    """For readers: a table for each template."""
    out = [f"# {escape.markdown(register.title)}", "", f"{escape.markdown(summary(register))}.", ""]
    out += [f"Source: {escape.markdown(register.source)}, <{register.url}>.", ""]
    for template in register.templates:
        rows = [
            (item.code, item.title, item.held or "nowhere", _filled(item), ", ".join(item.missing), item.note)
            for item in template.fields
        ]
        out += [f"## {template.code} {escape.markdown(template.title)}", "", *table.markdown(_HEADERS, rows), ""]
    return "\n".join(out)


def summary(register: Register) -> str:
    """``30 of 89 fields have a place in records, 11 of them in part; 20 are filled by all``."""
    held = [field for field in register.fields if field.held]
    part, whole = (
        [field for field in held if field.note],
        [field for field in held if field.of and field.filled == field.of],
    )
    return (
        f"{len(held)} of {len(register.fields)} fields have a place in records, {len(part)} of them in part or with a "
        f"note; {len(whole)} are filled by every record"
    )


def _filled(field: Field) -> str:
    return f"{field.filled} of {field.of}" if field.held else ""


def _row(field: Field) -> dict[str, object]:
    return {
        "field": field.code,
        "title": field.title,
        "held": field.held,
        "of": field.of if field.held else "",
        "filled": field.filled if field.held else "",
        "missing": "; ".join(field.missing),
        "note": field.note,
    }
