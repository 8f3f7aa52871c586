"""Approvals that the gate itself asks for: of people whom records name as having agreed, of what lifts a stop, and of
what is taken over from another tool.

Which fields name such people is data in the kinds' schemas (``x-agreed-by``). What they agreed to is the object that
the field stands in, and what the kind's ``x-agreed-to`` lists; where that is new or differs, they are asked, in person
and on this very pull request. Who attests (``author``) may speak in their own name. What lifts a stop is never the word
of its author alone: links of a change to what it mends and what becomes of that, the review or the end of an emergency
change, what was measured of a service, a model that is in force again, a failure that is taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from itsm_as_code.clock import FOREVER
from itsm_as_code.findings import Pointer, RecordId, format_pointer
from itsm_as_code.gate.guard import TOOL
from itsm_as_code.gate.renames import Rename
from itsm_as_code.gate.scope import MatchedRule, PathChange
from itsm_as_code.measures.links import LINKS, ended_at, is_open
from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.records.diff import RecordDiff
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.records.taken_over import FIELD, is_taken_over, origin

ANYONE: Final[Mapping[str, Any]] = {"anyone": True}
_PLANNED: Final = ("proposed", "authorised", "scheduled", "implementing")
_MENDED: Final = ("type", "model", "services", *LINKS)
"""What somebody agrees to who agrees to a link: what it lifts a stop for."""
_Case = tuple[RecordDiff, str]
"""A record in a rule's scope, and why it is."""


def agreed_rules(diffs: Iterable[RecordDiff], author: str | None, base: Facts) -> list[MatchedRule]:
    """The rules of the gate's own about agreement; ``author`` is the person who proposes, where that is known."""
    found = list(diffs)
    return [*named_rules(found, author), *lifting_rules(found, base), *history_rules(found)]


def named_rules(diffs: Iterable[RecordDiff], author: str | None) -> list[MatchedRule]:
    """A rule for each person who is named as having agreed to something that is new: that they approve it."""
    asked: dict[str, list[_Case]] = {}
    for diff in diffs:
        before = [(name, agreed) for name, _, agreed, _ in _agreements(diff.old)]
        for name, pointer, agreed, who in _agreements(diff.new):
            if (name, agreed) not in before and (who != "author" or name != author):
                asked.setdefault(name, []).append((diff, f"{diff.id} names {name} at {format_pointer(pointer)}"))
    return [
        _rule(f"agreed-by-{name}", {"people": [name]}, cases, in_person=True) for name, cases in sorted(asked.items())
    ]


def _agreements(record: Record | None) -> Iterator[tuple[str, Pointer, Any, str]]:
    """Each person whom a record names as having agreed, where it does, to what, and whether they speak for themselves
    (``author``) or answer somebody else (``approver``)."""
    if record is not None and record.valid:
        matter = [get(record.data, pointer) for pointer in record.kind.agreed_to]
        for item in record.kind.agreements(record.data):
            yield item.name, item.pointer, (get(record.data, item.pointer[:-1]), matter), item.kinds[0]


def lifting_rules(diffs: Iterable[RecordDiff], base: Facts) -> list[MatchedRule]:
    """A rule for what may lift a stop: that somebody else agrees to it, whatever the type of change.

    What a link names may come in the same pull request; whoever agrees sees it too. Where it comes to count later, for
    a change of the ``base`` that names it, somebody agrees to that.
    """
    found = list(diffs)
    linking = [diff for diff in found if _links_anew(diff)]
    specs = [diff.record.spec for diff in linking]
    named = {RecordId(kind, spec[key]) for spec in specs for key, kind in LINKS.items() if key in spec}
    cases = [(diff, f"{diff.id}: what it mends may lift a stop") for diff in linking]
    cases += [(diff, f"{diff.id}: a change mends it") for diff in found if diff.id in named]
    rest = [diff for diff in found if diff.id not in named]
    cases += [(diff, f"{diff.id}: {why}") for diff in rest for why, lifts in _LIFTING.items() if lifts(diff, base)]
    return [_rule("agreed-by-somebody-else", ANYONE, cases)] if cases else []


def history_rules(diffs: Iterable[RecordDiff]) -> list[MatchedRule]:
    """A rule for what is taken over from another tool: that governance agrees to it, whatever else is asked for."""
    found = [diff for diff in diffs if _taken_over_anew(diff)]
    alike = Counter((diff.record.spec["takenOver"]["from"], diff.record.spec["takenOver"]["on"]) for diff in found)
    cases = []
    for diff in found:
        tool, day = diff.record.spec["takenOver"]["from"], diff.record.spec["takenOver"]["on"]
        many = alike[tool, day]
        told = f"{diff.id}: taken over {origin(diff.record.data)}"
        cases.append((diff, told if many <= _TOLD else f"{many:,} records taken over from {tool} on {day}"))
    return [_rule(HISTORY[1], {"role": "governance"}, cases)] if cases else []


def rename_rules(rename: Rename | None) -> list[MatchedRule]:
    """A rule for a rename: that somebody else agrees to the new name in all places, whatever else is asked for."""
    if rename is None:
        return []
    count = len(rename.carried)
    others = f"; {count:,} other record{'s name' if count != 1 else ' names'} it anew" if count else ""
    cases = [(diff, f"{rename.old.id} is renamed to {rename.new.name}{others}") for diff in rename.by_name]
    return [_rule("rename", ANYONE, cases)]


def tool_rules(paths: Iterable[PathChange]) -> list[MatchedRule]:
    """A rule for the program that judges from then on: that governance agrees to it, whoever may change other files."""
    found = [change.path for change in paths if change.path.startswith(f"{TOOL}/")]
    if not found:
        return []
    why = [f"{path} changed: what the workflows install" for path in found]
    rule = _rule("tool", {"role": "governance"}, [])
    return [replace(rule, why=tuple(why), paths=tuple(found))]


def measured_rules(taken_back: Iterable[tuple[str, str]]) -> list[MatchedRule]:
    """A rule for measurements (by path and service) that say less of what failed: that somebody else agrees."""
    why: dict[str, list[str]] = {}
    for path, service in taken_back:
        why.setdefault(path, []).append(f"{path} takes back what was measured to fail of {service}")
    rule = _rule("measured-by-somebody-else", ANYONE, [])
    return [replace(rule, why=tuple(said), paths=(path,)) for path, said in why.items()]


HISTORY: Final = ("gate", "taken-over")
"""Policy and name of that rule."""
_TOLD: Final = 20
"""Records taken over from one tool on one day that are told one by one."""


def _taken_over_anew(diff: RecordDiff) -> bool:
    if diff.new is None or not diff.new.valid or not is_taken_over(diff.new.data):
        return False
    return diff.old is None or get(diff.old.data, FIELD) != get(diff.new.data, FIELD)


def _sides(diff: RecordDiff) -> tuple[Data, Data]:
    """The ``spec`` of a record before and after; empty where there is none that can be read."""
    old, new = (record.spec if record is not None and record.valid else {} for record in (diff.old, diff.new))
    return old, new


def _reviews_anew(diff: RecordDiff, _: Facts) -> bool:
    old, new = _sides(diff)
    if diff.id.kind != "Change" or new.get("type") != "emergency":
        return False
    called_off = new["status"] == "cancelled" and old.get("status") in _PLANNED
    return called_off or ("review" in new and new["review"] != old.get("review"))


def _counts_anew(diff: RecordDiff, base: Facts) -> bool:
    """True for an incident, problem or improvement that comes to count for a change which is planned on the base."""
    field = next((field for field, kind in LINKS.items() if kind == diff.id.kind), None)
    old, new = _sides(diff)
    if field is None or not new:
        return False
    before, after = (_counting(diff.id.kind, spec) for spec in (old, new))
    later = old and (ended_at(new, FOREVER) or FOREVER) > (ended_at(old, FOREVER) or FOREVER)
    gained = set(new.get("services", ())) if later else after - before
    return any(
        change["spec"].get(field) == diff.id.name
        and change["spec"]["status"] in _PLANNED
        and gained & set(change["spec"]["services"])
        for change in (base.records("Change") if gained else ())
    )


def _counting(kind: str, spec: Data) -> set[str]:
    """The services for which an incident, problem or improvement counts while it is open."""
    return set(spec.get("services", ())) if spec and is_open(kind, {"spec": spec}) else set()


def _measures_anew(diff: RecordDiff, _: Facts) -> bool:
    """True for another promise, and for an outage that is taken back; one that ends for the first time is not."""
    old, new = _sides(diff)
    if diff.id.kind == "ServiceLevelAgreement":
        return any(old.get(field) != new.get(field) for field in _PROMISED)
    ends = [{**outage, "end": None} for outage in new.get("outages", ())]
    return diff.id.kind == "Incident" and any(
        outage not in new.get("outages", ()) and ("end" in outage or {**outage, "end": None} not in ends)
        for outage in old.get("outages", ())
    )


def _in_force_anew(diff: RecordDiff, _: Facts) -> bool:
    old, new = _sides(diff)
    return diff.id.kind == "ChangeModel" and old.get("suspended") is True and new.get("suspended") is not True


def _blames_anew(diff: RecordDiff, _: Facts) -> bool:
    old, new = _sides(diff)
    return "causedBy" in old and any(old.get(field) != new.get(field) for field in ("causedBy", "detectedAt"))


_PROMISED: Final = ("service", "type", "objectives", "effective", "timezone")
"""What of an agreement says how much of an error budget is left."""
_LIFTING: Final[Mapping[str, Callable[[RecordDiff, Facts], bool]]] = {
    "a planned change mends it": _counts_anew,
    "its review, or its end, lets other changes go on": _reviews_anew,
    "what was promised, and what failed, says what an error budget stops": _measures_anew,
    "it was suspended": _in_force_anew,
    "it named what caused it": _blames_anew,
}
"""Why a record that differs may lift a stop, and whether it does."""


def _links_anew(diff: RecordDiff) -> bool:
    if diff.id.kind != "Change" or diff.new is None or not diff.new.valid:
        return False
    new = diff.new.spec
    if new["status"] not in _PLANNED or not any(key in new for key in LINKS):
        return False
    old = diff.old.spec if diff.old is not None and diff.old.valid else {}
    return old.get("status") not in _PLANNED or any(old.get(key) != new.get(key) for key in _MENDED)


def _rule(name: str, source: Mapping[str, Any], cases: list[_Case], *, in_person: bool = False) -> MatchedRule:
    why = dict.fromkeys(text for _, text in cases)
    records = tuple({diff.id: diff for diff, _ in cases}.values())
    return MatchedRule(
        policy="gate",
        name=name,
        approvals=({"from": dict(source), "count": 1},),
        allow_bots=False,
        why=tuple(why),
        records=records,
        fields=tuple((diff, diff.fields) for diff in records),
        paths=(),
        in_person=in_person,
    )
