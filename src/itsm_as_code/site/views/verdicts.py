"""What checks and policies say, in the language in which they say it."""

from __future__ import annotations

from collections.abc import Iterable

from itsm_as_code.findings import Finding
from itsm_as_code.policies import Outcome
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import English, Inline, Items, Said, Text, Value


def told(context: Context, rule: str, *sentences: str) -> Value:
    """What a check or a policy says: English, but for the organisation's own policies, which speak its language."""
    said = words.said(*sentences)
    if rule not in context.own_policies:
        return English(said)
    parts = said.parts if isinstance(said, Inline) else (said,)
    return Inline(tuple(Said(part.text) if isinstance(part, Text) else part for part in parts), "")


def of_finding(context: Context, finding: Finding) -> Value:
    """What was found, and how to mend it."""
    return told(context, finding.rule, finding.message, finding.remedy or "")


def of_outcome(context: Context, outcome: Outcome) -> Value:
    """Why a policy did not pass; nothing where it did."""
    if outcome.status == "pass" or not outcome.message:
        return Text("")
    own = outcome.policy in context.own_policies and outcome.status != "error"
    return Said(outcome.message) if own else English(Text(outcome.message))


def all_of(messages: Iterable[str]) -> Items:
    """Messages of the program itself, each once."""
    return Items(tuple(English(Text(message)) for message in dict.fromkeys(messages)))
