"""Who approved a change, when and on which content, what was missing, and how to check it; why one was rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itsm_as_code.records.taken_over import is_taken_over
from itsm_as_code.site.views import history, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Code, Fields, Inline, Items, Missing, Row, Status, Table, Text, Value, inline

if TYPE_CHECKING:
    from itsm_as_code.assurance.shown import Shown
    from itsm_as_code.gate.board import Asked, Case

_SAID = {"changes_requested": "Asked for changes"}
_UNDECIDED = ("draft", "proposed")


def add(made: RecordPage) -> None:
    """The section of a change that says so; a change of another tool was approved there."""
    if is_taken_over(made.record.data):
        return
    status = made.record.spec["status"]
    if status in ("rejected", "cancelled"):
        made.add("rejected", f"Why it was {status}", _rejected(made, status))
    if status in _UNDECIDED:
        case = made.context.case(made.record.name) if status == "proposed" else None
        made.add("approval", "Who has to approve", *_open(made, case))
        return
    shown, why = made.context.proof(made.record.name)
    if shown is None:
        made.add("approval", "Who approved", Missing(f"No evidence: {why}."))
        return
    made.add("approval", "Who approved", *_evidence(made, shown))


def _rejected(made: RecordPage, status: str) -> Value:
    """Who decided so, when and why, as the record says; else who brought it into that state, and in which words."""
    if "rejection" in made.spec:
        return made.display.show(made.display.at("rejection"), made.spec["rejection"])
    past = made.context.history(made.record)
    found = next((item for item in past.shown if item.state == status), None) if past else None
    if found is None:
        return Missing("The history does not tell; the pull request does.")
    when = words.moment(found.at, made.context.tz)
    return Fields((("By", history.who(made.context, found)), ("When", when), ("In the words", Text(found.subject))))


def _open(made: RecordPage, case: Case | None) -> list[Value]:
    if case is None:
        return [Missing("It is not proposed yet.")]
    if case.asked is None:
        return [Missing("No rule says who approves it.")]
    if not case.asked:
        return [Text("Nobody has to approve it.")]
    return [Items(tuple(asked_of(made.context, item) for item in case.asked))]


def asked_of(context: Context, asked: Asked) -> Value:
    """How many of whom have still to approve."""
    if asked.team:
        return Inline((Text(f"{asked.count} of"), context.reference("Team", asked.team)), " ")
    if asked.label == "anyone":
        return Text(words.count(asked.count, "more person", "more people"))
    role = asked.label.removeprefix("role ")
    return Text(f"{asked.count} of {asked.label if role == asked.label else words.human(role).lower()}")


def _evidence(made: RecordPage, shown: Shown) -> list[Value]:
    context = made.context
    holds = Status("Approved", "good") if shown.approved else Status("Not shown as approved", "bad")
    when = words.as_instant(shown.merged_at)
    merged = words.moment(when, context.tz) if when else Text(shown.merged_at)
    said: list[Value] = [Inline((holds, Text("merged"), merged), " ")]
    said += [Text(f"{why}.") for why in shown.why]
    needs = tuple(
        Row.of(
            Text(f"{need.count} of {words.human(need.of.replace(' ', '-')).lower()}"),
            Status(f"{need.missing} missing", "bad") if need.missing else Status("Complete", "good"),
            inline([context.reference("Person", name) for name in need.by], "Nobody"),
            Text(words.human(need.rule)),
        )
        for need in shown.needs
    )
    said.append(
        Table("What was asked for", ("Asked for", "State", "Given by", "Rule"), needs, "No rule asked for anybody.")
    )
    reviews = tuple(
        Row.of(
            Text(item.who),
            Status("Void", "warn") if item.void else Text(_SAID.get(item.state.lower(), words.human(item.state))),
            words.instant_value(item.at, context.tz),
            Code(item.commit[:12]),
            Text(item.void),
        )
        for item in shown.reviews
    )
    if reviews:
        said.append(Table("Reviews", ("Who", "Said", "When", "On content", "Why it does not count"), reviews))
    rows: list[tuple[str, Value]] = [("Commit", Code(shown.commit))]
    if shown.digest:
        rows.append(("Digest of the decision", Code(shown.digest)))
    rows.append(("To check it", Code(f"itsm evidence show {shown.commit[:12]}")))
    said.append(Fields(tuple(rows)))
    return said
