"""The guards of the gate, each with what taking it away means: one function, patched so that it guards nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import pytest

from itsm_as_code import checks, signing
from itsm_as_code.cache import Cache
from itsm_as_code.gate import (
    agreed,
    approvals,
    candidate,
    findings,
    guard,
    lane,
    reasons,
    reviews,
    scope,
    seats,
    signed_approvals,
)
from itsm_as_code.gate import authorise as authorisation
from itsm_as_code.gate.binding import Binding
from itsm_as_code.gate.identities import Directory, contributors
from itsm_as_code.gate.incoming import Incoming
from itsm_as_code.gate.open_changes import OpenChanges
from itsm_as_code.gate.reviews import Verdicts
from itsm_as_code.gate.signed_approvals import PullRequestIdentity
from itsm_as_code.git import commands
from itsm_as_code.git.repository import Repository
from itsm_as_code.measures import links, risk
from itsm_as_code.policies import waivers
from itsm_as_code.policies.cel import environment
from itsm_as_code.policies.cel.wall_clock import Rewritten
from itsm_as_code.policies.policy import Policy
from itsm_as_code.records import document, outcomes, reading
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import Kind
from itsm_as_code.records.schemas import Validator
from itsm_as_code.reports import escape
from itsm_as_code.service_levels import stops
from itsm_as_code.validation import load_rule_set

Remove = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Guard:
    """What it keeps out, how it is taken away, and the scenarios that only it stops."""

    name: str
    remove: Remove
    stops: tuple[str, ...]


def nothing(*_: Any, **__: Any) -> tuple[()]:
    """Finds nothing wrong."""
    return ()


def patched(owner: Any, name: str, instead: Any) -> Remove:
    return lambda monkeypatch: monkeypatch.setattr(owner, name, instead)


def without_exclusion(function: Any) -> Remove:
    left = tuple(item for item in seats.EXCLUSIONS if item is not function)
    return patched(seats, "EXCLUSIONS", left)


def scope_without(field: str) -> Remove:
    """Approval rules are matched, but one of the things that this finds out is not told."""
    real = scope.RuleMatcher.match

    def match(self: Any, *arguments: Any) -> Any:
        return replace(real(self, *arguments), **{field: ()})

    return patched(scope.RuleMatcher, "match", match)


def without_check(rule: str) -> Remove:
    left = tuple(item for item in checks.all_checks() if item.rule.id != rule)
    return patched(checks, "all_checks", lambda: left)


def seats_for_everybody(seats: list[frozenset[str]], people: list[str]) -> list[str | None]:
    """Everybody sits wherever they may, as often as they like."""
    return [next((person for person in people if person in seat), None) for seat in seats]


def first_of_that_login(self: Directory, login: str, forge: str | None = None, _real: Any = Directory.named) -> Any:
    return frozenset(sorted(_real(self, login, forge))[:1])


def whoever_has_the_login(
    self: Directory, login: str, forge: str | None = None, number: int | None = None, _real: Any = Directory.named
) -> Any:
    """Logins count, numbers of accounts do not."""
    numbers, self._numbers = self._numbers, {}
    try:
        return _real(self, login, forge)
    finally:
        self._numbers = numbers


def any_namespace(armoured: str, _real: Any = signing.read_signature) -> signing.Signature:
    return replace(_real(armoured), namespace=signed_approvals.NAMESPACE)


def as_it_says_of_itself(change: Any, now: Any, _real: Any = outcomes.failed_at) -> Any:
    """When a change failed, by its own word, whenever its window was."""
    spec = {key: value for key, value in change["spec"].items() if key != "schedule"}
    return _real({**change, "spec": spec}, now)


def unchecked(self: Cache, key: bytes, signed: bytes) -> Any:
    return json.loads(signed[16:])


def the_declared(levels: Any) -> str:
    """The last of the levels: what a change says itself, where it says something."""
    return list(levels)[-1]


def judged_by_its_own(*arguments: Any, _real: Any = candidate.candidate_of) -> Any:
    found = _real(*arguments)
    return replace(found, rule_set=load_rule_set(found.catalogue.snapshot))


def head_alone(self: Repository, base: str, head: str) -> str:
    return self.text("rev-parse", f"{head}^{{tree}}").strip()


def an_error_passes(self: Policy, *arguments: Any, _real: Any = Policy.judge) -> tuple[str, str]:
    status, message = _real(self, *arguments)
    return ("pass", "") if status == "error" else (status, message)


def zones_are_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time zones go to the runtime as they are written."""
    monkeypatch.setattr(environment, "EXCLUDED", "stdlib: {}")
    monkeypatch.setattr(environment, "zone_problems", nothing)
    monkeypatch.setattr(environment, "rewritten", Rewritten)


def waivers_for_ever(record: Any, now: Any, invalid: bool, _real: Any = waivers._state) -> Any:
    state = _real(record, now, invalid)
    return replace(state, state="active") if state.state == "expired" else state


def last_key_wins(event: Any, container: Any) -> str:
    return str(event.value)


def first_document_wins(self: Any) -> Any:
    self._next()
    self._next()
    return self._mapping(self._next())


def last_file_wins(self: Any, record: Any) -> None:
    self.records[record.id] = record


def environment_without(name: str) -> Remove:
    def remove(monkeypatch: pytest.MonkeyPatch) -> None:
        real = Repository.__init__

        def init(self: Repository, *arguments: Any, **options: Any) -> None:
            real(self, *arguments, **options)
            self._environment.pop(name)

        monkeypatch.setattr(Repository, "__init__", init)

    return remove


def as_it_is(text: str) -> str:
    return text


def only_after(diff: Any) -> dict[str, Any]:
    return {"after": diff.new} if diff.new is not None else {"before": diff.old}


def by_proxy(*arguments: Any, _real: Any = agreed.named_rules) -> Any:
    return [replace(rule, in_person=False) for rule in _real(*arguments)]


GUARDS: Final = (
    Guard(
        "rules of the base",
        patched(candidate, "candidate_of", judged_by_its_own),
        (
            "lowers-the-approvals-that-it-needs",
            "brings-the-policy-that-lets-it-pass",
            "leaves-out-the-policy-that-refuses-it",
            "brings-a-cut-over-of-its-own",
        ),
    ),
    Guard(
        "facts of the base",
        patched(candidate, "guarded_facts", lambda base, tree, strict, timezone: Facts.of(tree, timezone)),
        ("lifts-the-freeze-that-it-breaks",),
    ),
    Guard("judges that can judge", patched(reasons, "unusable", nothing), ("relies-on-a-broken-policy",)),
    Guard(
        "approval rules that compile",
        patched(reasons, "uncompilable", nothing),
        ("relies-on-an-approval-rule-that-does-not-compile",),
    ),
    Guard(
        "approval rules that answer",
        scope_without("errors"),
        ("relies-on-an-approval-rule-that-gives-no-answer",),
    ),
    Guard(
        "policies that answer", patched(Policy, "judge", an_error_passes), ("relies-on-a-policy-that-gives-no-answer",)
    ),
    Guard("zones of the tz database", zones_are_files, ("relies-on-a-policy-that-reads-a-file",)),
    Guard(
        "judges that could judge once merged",
        patched(Incoming, "reasons", property(nothing)),
        ("brings-a-schema-that-nobody-can-use",),
    ),
    Guard(
        "judges that are right once merged",
        patched(Incoming, "findings", nothing),
        ("brings-an-approval-rule-for-a-kind-that-nobody-has",),
    ),
    Guard(
        "examples hold",
        patched(findings, "example_findings", nothing),
        ("merges-a-policy-that-its-own-examples-deny",),
    ),
    Guard("default deny", scope_without("uncovered"), ("hides-a-file-that-no-rule-covers",)),
    Guard(
        "a rule for each side of a record",
        patched(scope, "_sides", only_after),
        ("moves-a-record-to-where-rules-ask-for-nothing",),
    ),
    Guard(
        "a rule for a move",
        patched(scope, "changed_parts", lambda diff: diff.fields),
        ("moves-a-record-under-cover-of-a-new-title",),
    ),
    Guard(
        "paths that all systems read alike",
        patched(reasons, "refused_paths", nothing),
        ("adds-a-path-that-differs-only-in-case",),
    ),
    Guard("regular files", patched(reading._Loader, "_report", nothing), ("puts-a-link-in-place-of-a-model",)),
    Guard("a key once", patched(document, "_key", last_key_wins), ("says-a-key-twice",)),
    Guard("text that shows", patched(document, "check_text", nothing), ("hides-text-by-its-direction",)),
    Guard("one document", patched(document._Builder, "document", first_document_wins), ("hides-a-second-document",)),
    Guard("schemas", patched(Validator, "is_valid", lambda self, data: True), ("says-a-field-that-no-schema-knows",)),
    Guard(
        "one file for a record",
        patched(reading._Loader, "_add", last_file_wins),
        ("shadows-a-record-by-a-second-file",),
    ),
    Guard(
        "references",
        patched(Catalogue, "dangling", nothing),
        ("names-somebody-who-only-looks-like-one",),
    ),
    Guard(
        "an account belongs to one person",
        without_check("identity-unique"),
        ("takes-the-account-of-a-colleague-as-well",),
    ),
    Guard(
        "models of the base",
        patched(guard, "model_findings", nothing),
        ("calls-itself-standard-under-a-model-of-its-own",),
    ),
    Guard(
        "standard changes do what their model says",
        without_check("standard-change-matches-model"),
        ("calls-itself-standard-and-does-more",),
    ),
    Guard("windows to come", patched(guard, "backdating_findings", nothing), ("plans-what-has-begun",)),
    Guard(
        "lifecycles",
        patched(guard, "transition_problems", nothing),
        ("edits-a-closed-change", "alters-what-was-taken-over"),
    ),
    Guard("deletions", patched(guard, "deletion_findings", nothing), ("deletes-a-draft",)),
    Guard("freezes", without_check("change-in-freeze"), ("is-planned-in-a-freeze",)),
    Guard(
        "everybody is known",
        lambda monkeypatch: monkeypatch.setattr(
            approvals, "contributors", lambda *arguments: (contributors(*arguments)[0], ())
        ),
        ("is-written-by-a-stranger",),
    ),
    Guard(
        "commits have contributors",
        lambda monkeypatch: monkeypatch.setattr(
            approvals,
            "contributors",
            lambda pull_request, commits, directory: contributors(pull_request, (), directory),
        ),
        ("is-approved-by-who-committed-it",),
    ),
    Guard("contributors", without_exclusion(seats._contributed), ("is-approved-by-its-author",)),
    Guard("bots", without_exclusion(seats._machine), ("is-approved-by-a-bot",)),
    Guard("former colleagues", without_exclusion(seats._left), ("is-approved-by-somebody-who-left",)),
    Guard("the absent", without_exclusion(seats._away), ("is-approved-by-somebody-who-is-away",)),
    Guard(
        "no proxy for contributors",
        lambda monkeypatch: monkeypatch.setattr(
            seats,
            "representable",
            lambda group, _, directory, _real=seats.representable: _real(group, frozenset(), directory),
        ),
        ("is-approved-by-the-stand-in-of-its-author",),
    ),
    Guard(
        "one person, one seat",
        patched(seats, "match_seats", seats_for_everybody),
        ("takes-two-seats-with-one-person",),
    ),
    Guard(
        "one login, one person",
        patched(Directory, "named", first_of_that_login),
        ("is-approved-by-somebody-with-the-login-of-another",),
    ),
    Guard("vetoes", patched(Verdicts, "vetoes", property(nothing)), ("ignores-a-request-for-changes",)),
    Guard(
        "who may dismiss", patched(reviews, "_stands", lambda *_: None), ("dismisses-the-request-for-changes-itself",)
    ),
    Guard(
        "approvals are bound to content", patched(Binding, "why_void", lambda *_: None), ("changes-after-the-approval",)
    ),
    Guard(
        "approvals are bound to what was there before",
        patched(Binding, "_undone", nothing),
        ("undoes-what-the-base-decided",),
    ),
    Guard(
        "the base of the day of the review",
        patched(Repository, "standing_at", lambda self, branch, head, at: branch),
        ("undoes-its-own-commit-that-was-merged-meanwhile",),
    ),
    Guard(
        "all merge bases",
        patched(Repository, "merge_bases", lambda self, base, head: [self.merge_base(base, head)]),
        ("undoes-what-only-one-of-two-merge-bases-has",),
    ),
    Guard(
        "nothing reviewed is left out", patched(Binding, "_then", nothing), ("leaves-out-what-was-reviewed-with-it",)
    ),
    Guard(
        "the repository that was named",
        patched(commands, "clear", nothing),
        ("is-judged-by-the-hook-of-another-repository",),
    ),
    Guard("nothing from after now", patched(reviews, "not_yet_given", lambda *_: False), ("is-approved-tomorrow",)),
    Guard("waivers that hold", patched(waivers, "_problems", nothing), ("has-a-waiver-that-its-requester-approved",)),
    Guard("waivers that end", patched(waivers, "_state", waivers_for_ever), ("has-a-waiver-that-is-over",)),
    Guard("emergencies are incidents", patched(lane, "emergency_incident", nothing), ("is-an-emergency-of-nothing",)),
    Guard("the board decides", patched(lane, "board_rules", nothing), ("is-an-emergency-without-the-board",)),
    Guard(
        "emergencies are of now",
        patched(lane, "GRACE", timedelta(days=9999)),
        ("is-an-emergency-of-an-incident-that-is-over",),
    ),
    Guard(
        "emergencies are of their service",
        patched(lane, "why_not_mending", lambda *_: None),
        ("is-an-emergency-of-the-incident-of-another-service",),
    ),
    Guard(
        "emergencies begin soon",
        patched(lane, "emergency_soon", nothing),
        ("is-an-emergency-of-next-month-in-a-freeze",),
    ),
    Guard(
        "what has begun says so",
        patched(lane, "emergency_afterwards", nothing),
        ("has-begun-and-would-go-on-as-if-it-had-been-agreed",),
    ),
    Guard(
        "emergencies are looked at again",
        patched(authorisation, "_emergency", nothing),
        ("acts-on-what-was-only-recorded", "acts-on-when-its-incident-is-long-over"),
    ),
    Guard(
        "reviews are due",
        without_check("emergency-review"),
        ("lets-the-review-of-an-emergency-lapse",),
    ),
    Guard("error budgets", patched(lane, "budget_findings", nothing), ("goes-on-without-error-budget",)),
    Guard(
        "outages of the base",
        patched(guard, "_with_outages", lambda before, after: after or before),
        ("takes-an-outage-back-in-the-same-pull-request",),
    ),
    Guard(
        "links to what is open",
        patched(links, "is_open", lambda *_: True),
        ("mends-a-problem-that-is-closed",),
    ),
    Guard(
        "links to the same service",
        patched(links, "is_about", lambda *_: True),
        ("mends-a-problem-of-another-service",),
    ),
    Guard(
        "links that somebody else agreed to",
        patched(agreed, "lifting_rules", nothing),
        ("mends-a-problem-by-its-own-word-alone",),
    ),
    Guard(
        "what comes to lift a stop later, somebody else agrees to",
        patched(agreed, "_LIFTING", {}),
        (
            "has-the-problem-that-it-mends-list-its-service-later",
            "calls-off-the-emergency-whose-review-is-due",
            "takes-an-outage-back",
            "puts-a-suspended-model-into-force",
            "clears-the-change-that-an-incident-blames",
        ),
    ),
    Guard(
        "exemptions of the model that is followed",
        patched(stops, "_follows_its_model", lambda *_: True),
        ("is-exempt-by-a-model-that-it-does-not-follow",),
    ),
    Guard(
        "who is said to have agreed",
        patched(agreed, "named_rules", nothing),
        ("names-an-approver-who-was-never-asked",),
    ),
    Guard(
        "what somebody agreed to is the matter too",
        patched(Kind, "agreed_to", ()),
        ("widens-a-model-under-the-name-of-who-authorised-it",),
    ),
    Guard(
        "agreement in person",
        patched(agreed, "named_rules", by_proxy),
        ("names-an-approver-whose-stand-in-agrees",),
    ),
    Guard(
        "reviews come first",
        patched(lane, "review_first", nothing),
        ("goes-on-before-the-last-emergency-is-reviewed",),
    ),
    Guard("models that fail are suspended", patched(lane, "model_suspended", nothing), ("follows-a-model-that-fails",)),
    Guard("failures stand", patched(lane, "failure_stands", nothing), ("calls-a-failure-a-success",)),
    Guard(
        "nothing fails before its window",
        patched(outcomes, "failed_at", as_it_says_of_itself),
        ("follows-a-model-whose-failure-was-long-ago",),
    ),
    Guard(
        "what caused an incident failed",
        patched(outcomes, "blamed_at", lambda _: {}),
        ("follows-a-model-that-causes-incidents",),
    ),
    Guard(
        "keys of the base",
        patched(signed_approvals, "why_key_is_not", lambda *_: None),
        ("is-signed-with-another-key",),
    ),
    Guard("signatures", patched(signing, "is_signed_by", lambda *_: True), ("is-signed-and-then-altered",)),
    Guard(
        "signatures over approvals",
        lambda monkeypatch: (
            monkeypatch.setattr(signing, "read_signature", any_namespace),
            monkeypatch.setattr(signed_approvals, "NAMESPACE", "file"),
        )[0],
        ("is-signed-for-something-else",),
    ),
    Guard(
        "statements on this pull request",
        patched(PullRequestIdentity, "why_not", lambda *_: None),
        ("borrows-the-signature-of-another-pull-request",),
    ),
    Guard(
        "who speaks again means it",
        patched(signed_approvals, "_last_words", lambda found, _: (list(found), [])),
        ("revives-what-was-withdrawn",),
    ),
    Guard(
        "numbers of accounts",
        patched(Directory, "named", whoever_has_the_login),
        ("is-approved-by-who-took-over-a-login",),
    ),
    Guard("drafts", patched(reasons, "not_ready", nothing), ("is-a-draft",)),
    Guard(
        "open pull requests",
        patched(candidate, "open_changes", lambda *_: OpenChanges()),
        ("collides-with-an-open-pull-request",),
    ),
    Guard("a declared risk only raises", patched(risk, "highest", the_declared), ("calls-its-risk-low",)),
    Guard(
        "entries of a cache are whole",
        patched(Cache, "_verified", unchecked),
        ("puts-a-lenient-policy-into-the-cache",),
    ),
    Guard("the merge is judged", patched(Repository, "merge_tree", head_alone), ("is-fine-until-it-is-merged",)),
    Guard(
        "objects are not replaced",
        environment_without("GIT_NO_REPLACE_OBJECTS"),
        ("replaces-the-policy-by-another-object",),
    ),
    Guard("no grafts", environment_without("GIT_GRAFT_FILE"), ("grafts-a-contributor-away",)),
    Guard("Markdown is escaped", patched(escape, "_escape_markdown", as_it_is), ("puts-html-into-the-summary",)),
    Guard(
        "workflow commands are escaped",
        lambda monkeypatch: (
            monkeypatch.setattr(escape, "workflow_data", as_it_is),
            monkeypatch.setattr(escape, "shown", as_it_is),
        )[0],
        ("gives-a-command-to-the-workflow",),
    ),
    Guard("the terminal is protected", patched(escape, "terminal", as_it_is), ("writes-to-the-terminal",)),
)
