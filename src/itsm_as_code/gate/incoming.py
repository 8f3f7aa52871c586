"""The rule set that a pull request brings: without a say in it, but it has to be able to judge once it is merged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from itsm_as_code.configuration import Configuration, PolicySettings
from itsm_as_code.errors import ConfigurationError, ItsmError
from itsm_as_code.findings import Finding, RecordId, Severity
from itsm_as_code.gate.decision import Reason
from itsm_as_code.gate.guard import unusable
from itsm_as_code.gate.impact import Shift, shifts
from itsm_as_code.policies.examples import example_problems
from itsm_as_code.policies.fixtures import fixture_folders, fixtures_of
from itsm_as_code.policies.policy import POLICY_EXAMPLES, Policy
from itsm_as_code.records.catalogue import Catalogue, stamp
from itsm_as_code.snapshot import Snapshot
from itsm_as_code.validation import RuleSet, Validation, assess_catalogue, load_rule_set

_OWN_RULES = (
    "policy-compiles",
    "policy-fields",
    "policy-kinds",
    "policy-examples",
    "approval-rule",
    "waiver-valid",
    "calendar-readable",
)


def example_findings(
    catalogue: Catalogue, settings: PolicySettings, touched: Collection[RecordId], paths: Iterable[str]
) -> list[Finding]:
    """What is wrong with the examples of the policies that a pull request touches: themselves, or their fixtures.

    ``catalogue`` and ``settings`` are those of the candidate.
    """
    changed = list(paths)
    policies = [
        Policy(record, settings.override(record.name))
        for record in catalogue.of_kind("Policy")
        if record.id in touched
        or any(path.startswith(f"{folder}/") for folder in fixture_folders(record.spec) for path in changed)
    ]
    problems = example_problems(policies, fixtures_of(catalogue.snapshot))
    return [stamp(POLICY_EXAMPLES, policy.record, problem) for policy, problem in problems]


@dataclass(frozen=True)
class Incoming:
    """The candidate judged by its own rules, as it will be once it is merged."""

    snapshot: Snapshot
    now: datetime
    contexts: Mapping[RecordId, Mapping[str, Any]] = field(default_factory=dict)
    """What policies see of the records that the pull request touches (``impact.contexts_of``)."""

    @cached_property
    def _loaded(self) -> tuple[RuleSet, Validation] | str:
        """The candidate's rule set and what it says of the candidate, or why it cannot be used."""
        try:
            rule_set = load_rule_set(self.snapshot)
            return rule_set, assess_catalogue(rule_set.catalogue, rule_set, self.now, self.contexts)
        except ConfigurationError as error:
            return f"{error.message}; {error.remedy}" if error.remedy else error.message
        except ItsmError:
            raise
        except Exception as error:
            # Schemas of a stranger can break in ways that nobody thought of; that is their fault, not a failure here.
            return f"they cannot be used ({type(error).__name__})"

    @property
    def reasons(self) -> list[Reason]:
        """Why the candidate's rule set could not judge; empty when it could."""
        if isinstance(self._loaded, str):
            return [Reason("new-judges-unusable", f"the rules of the pull request cannot be used: {self._loaded}")]
        rule_set, validation = self._loaded
        return [
            Reason(
                "new-judges-unusable", f"once merged, nothing could be judged: {item.location}: {item.message}; {how}"
            )
            for item in unusable(validation.findings, rule_set.registry)
            for how in [item.remedy or "mend it"]
        ]

    def findings(self, touched: frozenset[RecordId]) -> list[Finding]:
        """What is wrong with the judging records that the pull request touches."""
        if isinstance(self._loaded, str):
            return []
        validation = self._loaded[1]
        found = [item for item in validation.findings if item.record in touched and item.rule in _OWN_RULES]
        return [item for item in found if item.severity is Severity.ERROR]

    @property
    def configuration(self) -> Configuration | None:
        """The candidate's settings, where it has usable ones."""
        return None if isinstance(self._loaded, str) else self._loaded[0].configuration

    def impact(self, judged: Catalogue, base: RuleSet) -> list[Shift]:
        """What the new rules would newly reject or let through over the whole catalogue, the pull request merged."""
        if isinstance(self._loaded, str):
            message = f"the rules of the pull request cannot be used: {self._loaded}"
            return [Shift("configuration", None, "pass", "error", message)]
        return shifts(assess_catalogue(judged, base, self.now, self.contexts), self._loaded[1])
