"""itsm policy list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session
from itsm_as_code.cli.policy import _select

if TYPE_CHECKING:
    from collections import Counter

    from itsm_as_code.configuration import PolicySettings
    from itsm_as_code.policies.packs import Pack
    from itsm_as_code.records.catalogue import Record


@click.command("list")
@common_options("policy_list")
def command(session: Session) -> int:
    """List the policies with their settings and results. Each with its pack, how itsm.yaml sets it, and what it said
    of the records here.

    \b
    Example:
      itsm policy list
    """
    from collections import Counter

    from itsm_as_code.policies.packs import chosen_packs
    from itsm_as_code.validation import assess_catalogue, load_rule_set

    rule_set = load_rule_set(session.snapshot())
    known = _select.readable(rule_set)
    validation = assess_catalogue(rule_set.catalogue, rule_set, session.instant(rule_set.configuration.as_of))
    counts: dict[str, Counter[str]] = {}
    for outcome in validation.outcomes:
        counts.setdefault(outcome.policy, Counter())[outcome.status] += 1
    settings = rule_set.configuration.policies
    packs = chosen_packs(rule_set.catalogue, settings)
    rows = [_row(record, counts.get(record.name, Counter()), packs.get(record.name), settings) for record in known]
    session.report("policy_list", rows)
    return 0


def _row(record: Record, count: Counter[str], pack: Pack | None, settings: PolicySettings) -> dict[str, Any]:
    from itsm_as_code.policies.policy import Policy

    override, exclusion = settings.override(record.name), settings.exclusion(record.name)
    policy = Policy(record, override)
    return {
        "name": record.name,
        "title": record.title,
        "severity": policy.severity.value,
        "kinds": record.spec["match"]["kinds"],
        **{status: count[status] for status in ("pass", "fail", "error", "waived")},
        "pack": {"name": pack.name, "version": pack.version} if pack else None,
        "path": record.path,
        "excluded": {"reason": exclusion.reason} if exclusion else None,
        "override": {
            "severity": override.severity.value if override.severity else None,
            "since": override.since,
            "params": dict(override.params),
            "reason": override.reason,
        }
        if override
        else None,
    }
