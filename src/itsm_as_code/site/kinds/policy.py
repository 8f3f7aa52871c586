"""Policies: why they are, what they find, how they went, and how they are tested."""

from __future__ import annotations

from collections import Counter

from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import packs, state, trend, verdicts, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import OUTCOME_ORDER, OUTCOME_WORDS, RecordPage
from itsm_as_code.site.views.values import Code, Fields, Missing, Page, Prose, Row, Table, Text, Value, badges

_MOST_OUTCOMES = 300


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    if "rationale" in spec:
        made.add("why", "Why", Prose(spec["rationale"]))
    made.add("remedy", "How to comply", Prose(spec["remedy"]))
    made.add("results", "Results", *_results(context, record))
    made.add("trend", "Trend", *trend.of_policy(context, record.name))
    rule: list[tuple[str, Value]] = [("Kinds", made.field("match", "kinds"))]
    if "where" in spec["match"]:
        rule.append(("Where", Code(spec["match"]["where"])))
    rule += [("Requires", Code(spec["require"])), ("Message", Code(spec["message"]))]
    made.add("rule", "The rule", Fields(tuple(rule)))
    examples = tuple(Row.of(Text(e["name"]), Text(words.human(e["expect"]))) for e in spec["examples"])
    made.add("examples", "Examples it is tested with", Table("Examples", ("Example", "Expected"), examples))
    facts: list[tuple[str, Value]] = [("Severity", packs.severity(context, record)), *packs.facts(context, record)]
    facts += made.stated(owner="Owner", controls="Controls", since="Since", maxWaiver="Longest waiver")
    return made.finish(facts=tuple(facts))


def _results(context: Context, policy: Record) -> list[Value]:
    outcomes = sorted(
        context.outcomes_of_policy.get(policy.name, ()),
        key=lambda o: (OUTCOME_ORDER.get(o.status, 9), o.record.kind, o.record.name),
    )
    tally = Counter(outcome.status for outcome in outcomes)
    counts = [context.status(s, f"{tally[s]:,} {word.lower()}") for s, word in OUTCOME_WORDS.items() if tally[s]]
    rows = tuple(
        Row.of(
            context.title_of(o.record),
            context.status(o.status, OUTCOME_WORDS.get(o.status, "")),
            verdicts.of_outcome(context, o),
        )
        for o in outcomes[:_MOST_OUTCOMES]
    )
    said: list[Value] = [badges(counts, "It matched no record.")]
    if rows:
        said.append(Table("Results by record", ("Record", "Result", "Why"), rows))
    if len(outcomes) > _MOST_OUTCOMES:
        said.append(Text(f"The first {_MOST_OUTCOMES} of {len(outcomes):,}; what does not pass comes first."))
    return said


OVERVIEW = ("Policy", "Severity", "Records judged", "Pass", "Fail", "Waived", "Not evaluated")


def overview(context: Context, policy: Record) -> Row:
    tally = Counter(outcome.status for outcome in context.outcomes_of_policy.get(policy.name, ()))
    judged = sum(tally.values())
    failed: Value = context.status("fail", f"{tally['fail']:,} fail") if tally["fail"] else Text("0")
    waived: Value = context.status("waived", f"{tally['waived']:,} waived") if tally["waived"] else Text("0")
    unknown: Value = context.status("error", f"{tally['error']:,}") if tally["error"] else Text("0")
    why = "Left out here" if packs.is_left_out(context, policy) else "Not applicable to any record"
    passed: Value = Text(f"{tally['pass']:,} of {judged:,}") if judged else Missing(why)
    return Row.of(
        context.link(policy), packs.severity(context, policy), Text(f"{judged:,}"), passed, failed, waived, unknown
    )
