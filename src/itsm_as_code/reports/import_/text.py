"""For people: a line for each finding, how many records there are of each outcome, and what is left to decide."""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.interchange import PlannedFile
from itsm_as_code.interchange.decisions import Decision
from itsm_as_code.reports.escape import terminal
from itsm_as_code.reports.findings import finding_line
from itsm_as_code.reports.import_ import Imported
from itsm_as_code.wording import count

_NAMED = 3


def render(result: Imported, *, each: bool = False) -> str:
    """``each`` adds a line for each record: where it comes from and what of it was taken, annotated and kept."""
    lines = [finding_line(found) for found in result.findings]
    lines += [line for file in result.files for line in _file(file)] if each else []
    lines += [*_left(result), *_nothing(result), _counts(result)]
    return "".join(f"{terminal(line)}\n" for line in lines)


def _counts(result: Imported) -> str:
    summary = result.summary
    done = ", ".join(f"{summary[key]} {key}" for key in ("created", "updated", "unchanged", "skipped"))
    graded = ", ".join(count(summary[f"{grade}s"], grade) for grade in ("error", "warning", "info"))
    would = "dry run, nothing written: " if result.dry_run else ""
    found_all = f"{count(summary['entities'], 'entity', 'entities')}, {summary['notImported']} not imported"
    more = f", {count(summary['placeholders'], 'placeholder')}" if summary["placeholders"] else ""
    return f"{would}{found_all}; records in {result.into}: {done}{more} ({graded})"


def _nothing(result: Imported) -> Iterator[str]:
    """Where a source was read and nothing in it is of that format, which may well be a mistake."""
    if not result.findings and not result.summary["entities"]:
        yield f"nothing to import was found: is it what 'itsm import {result.source}' reads?"


def _file(file: PlannedFile) -> Iterator[str]:
    if file.record is None:
        return
    what = "placeholder, " if file.supplied else ""
    parts = ((file.taken, "taken"), (file.annotated, "kept in annotations"), (file.kept, "edited, left alone"))
    told = "; ".join(f"{name}: {', '.join(fields)}" for fields, name in parts if fields)
    where = f"{file.origin}: " if file.origin else ""
    yield f"{where}{file.record} {what}{file.outcome.value} in {file.path}{'; ' if told else ''}{told}"


def _left(result: Imported) -> Iterator[str]:
    if result.decisions:
        yield f"to be decided by a person, {count(len(result.decisions), 'cause')}:"
    for decision in result.decisions:
        yield f"  {decision.rule}: {decision.message}{_others(decision)}; {decision.remedy}"
    if any(decision.policy for decision in result.decisions):
        yield "  governance can give time for what policies ask: --propose DIR writes the itsm.yaml for it"


def _others(decision: Decision) -> str:
    names = [record.name for record in decision.records]
    if len(names) < 2:
        return ""
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f" ({len(names)} records: {', '.join(names[:_NAMED])}{rest})"
