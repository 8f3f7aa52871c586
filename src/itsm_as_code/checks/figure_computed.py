"""What is measured by a figure names one that there is, and "measured" has a value of it.

A benchmark names a figure of the tool, as do the key figures of a review, and an improvement or a measure of an
initiative may. Theirs is then worked out over the two periods, before and after, which do not overlap; what nobody
types, nobody has to believe. An improvement is not measured while its figure has no value after it was done.
Source: ISO/IEC 20000-1:2018 clauses 9.1 and 10.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import parse_date
from itsm_as_code.figures import Seen, all_figures, effect
from itsm_as_code.findings import Pointer, Problem, did_you_mean
from itsm_as_code.records.facts import Data, Facts

TITLE = "What is measured by a figure has one"
SEVERITY = "error"
WAIVABLE = False
READS = (
    *(
        "Benchmark",
        "Budget",
        "Calendar",
        "Change",
        "ChangeModel",
        "CostStatement",
        "Improvement",
        "Incident",
        "Initiative",
    ),
    *("KnowledgeArticle", "Person", "Problem", "RequestOffering", "Risk", "Service", "ServiceLevelAgreement"),
    *("ServiceRequest", "ServiceReview", "Supplier", "Team", "Training"),
)  # whatever a figure may be made of
_BACKWARDS, _CORRECT = "the period ends before it begins", "correct one of the two days"


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for initiative in facts.records("Initiative"):
        for index, measure in enumerate(initiative["spec"].get("adoption", ())):
            at = ("spec", "adoption", index, "figure")
            for problem in _named(measure["figure"], at) if "figure" in measure else ():
                yield ("Initiative", initiative["metadata"]["name"]), problem
    for benchmark in facts.records("Benchmark"):
        for problem in _known(benchmark["spec"]["figure"], ("spec", "figure")):
            yield ("Benchmark", benchmark["metadata"]["name"]), problem
    for review in facts.records("ServiceReview"):
        for index, item in enumerate(review["spec"].get("figures", ())):
            for problem in _known(item["figure"], ("spec", "figures", index, "figure")):
                yield ("ServiceReview", review["metadata"]["name"]), problem
    for improvement in facts.records("Improvement"):
        spec, subject = improvement["spec"], ("Improvement", improvement["metadata"]["name"])
        if "figure" in spec:
            problems = list(_named(spec["figure"], ("spec", "figure")))
            if not problems and spec["status"] == "measured":
                problems += _valued(Seen(facts, situation.now), spec)
            yield from ((subject, problem) for problem in problems)


def _known(name: str, at: Pointer) -> Iterator[Problem]:
    known = all_figures()
    if name not in known:
        remedy = did_you_mean(name, known) or f"name one of {', '.join(known)}"
        yield Problem(f"there is no figure '{name}'", at, remedy)


def _named(figure: Data, at: Pointer) -> Iterator[Problem]:
    before, after = figure["before"], figure["after"]
    yield from _known(figure["name"], (*at, "name"))
    if parse_date(before["until"]) <= parse_date(before["from"]):
        yield Problem(
            "the period before ends before it begins", (*at, "before", "until"), "correct one of the two days"
        )
    elif parse_date(after["from"]) < parse_date(before["until"]):
        yield Problem("the two periods overlap", (*at, "after", "from"), "let the second begin when the first is over")
    if "until" in after and parse_date(after["until"]) <= parse_date(after["from"]):
        yield Problem(_BACKWARDS, (*at, "after", "until"), _CORRECT)


def _valued(seen: Seen, spec: Data) -> Iterator[Problem]:
    """What is wrong with calling it measured; of a figure that rests on evidence of git only its report can tell."""
    if all_figures()[spec["figure"]["name"]].evidence:
        return
    services = frozenset(spec["services"]) if "services" in spec else None
    try:
        found = effect(seen, spec["figure"], services)
    except ValueError:
        return  # calendar-readable says so
    for side, value in (("before", found.before), ("after", found.after)):
        if value.amount is None:
            message = f"it says measured, and {found.figure.name} has no value {side}: {value.missing}"
            yield Problem(message, ("spec", "figure", side), "wait until there is one, or measure it by another figure")
