"""Policy packs on the site: where a policy comes from, and what itsm.yaml sets differently or leaves out, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.configuration import Override, PolicySettings
from itsm_as_code.policies.packs import Pack, chosen_packs
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Inline, Items, Missing, Row, Section, Table, Text, Value

_HEADERS = ("Policy", "Pack", "Here", "Why")


def sections(context: Context) -> list[Section]:
    """The policies that do not apply as they were written, with the reason; nothing when all do."""
    settings, packs = _settings(context), _packs(context)
    rows = [_row(context, item.policy, _changes(item), item.reason, packs) for item in settings.overrides]
    rows += [_row(context, item.policy, "Does not apply", item.reason, packs) for item in settings.exclusions]
    if not rows:
        return []
    table = Table("Policies set differently or left out", _HEADERS, tuple(rows))
    return [Section("settings", "Set differently or left out", (table,))]


def severity(context: Context, policy: Record) -> Value:
    """How much a policy weighs here."""
    settings = _settings(context)
    if settings.exclusion(policy.name) is not None:
        return Missing("Left out")
    override = settings.override(policy.name)
    own = words.human(policy.spec["severity"])
    if override is None or override.severity is None:
        return Text(own)
    return Text(f"{words.human(override.severity.value)} (by itself: {own.lower()})")


def is_left_out(context: Context, policy: Record) -> bool:
    """True for a policy that does not apply here."""
    return _settings(context).exclusion(policy.name) is not None


def facts(context: Context, policy: Record) -> list[tuple[str, Value]]:
    """Pack, clauses and settings of a policy, for its page."""
    settings, pack = _settings(context), _packs(context).get(policy.name)
    found: list[tuple[str, Value]] = []
    if pack is not None:
        found.append(("Pack", _name(context, pack)))
    if "clauses" in policy.spec:
        clauses = tuple(
            Text(f"{words.framework(item['framework'])}, {item['clause']}") for item in policy.spec["clauses"]
        )
        found.append(("Clauses", Items(clauses) if len(clauses) > 1 else clauses[0]))
    override, exclusion = settings.override(policy.name), settings.exclusion(policy.name)
    if override is not None:
        found.append(("Set differently here", Text(f"{_changes(override)}. {override.reason}")))
    if exclusion is not None:
        found.append(("Left out here", Text(exclusion.reason)))
    return found


def left_out(context: Context, evidence: Mapping[str, Any]) -> str:
    """Why a policy that is named as evidence gives none: it is left out here; empty for one that applies."""
    exclusion = _settings(context).exclusion(evidence.get("policy", ""))
    return f"left out here: {exclusion.reason}" if exclusion is not None else ""


def _row(context: Context, policy: str, change: str, reason: str, packs: dict[str, Pack]) -> Row:
    pack = packs.get(policy)
    where: Value = _name(context, pack) if pack is not None else Missing("No pack")
    return Row.of(context.reference("Policy", policy), where, Text(change), Text(reason))


def _name(context: Context, pack: Pack) -> Value:
    return Inline((context.reference("PolicyPack", pack.name), Text(pack.version)), " ")


def _changes(override: Override) -> str:
    parts = [f"severity {override.severity.value}"] if override.severity else []
    parts += [f"from {override.since}"] if override.since else []
    parts += [f"{name} {value}" for name, value in override.params.items()]
    told = ", ".join(parts)
    return told[:1].upper() + told[1:]


def _settings(context: Context) -> PolicySettings:
    return context.validation.configuration.policies


def _packs(context: Context) -> dict[str, Pack]:
    return chosen_packs(context.catalogue, _settings(context))
