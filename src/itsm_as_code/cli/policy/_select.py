"""Which policies a command is about: names, globs, packs and paths."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from itsm_as_code.cli._paths import inside, located, within

if TYPE_CHECKING:
    from itsm_as_code.cli.output import Session
    from itsm_as_code.policies.policy import Policy
    from itsm_as_code.records.catalogue import Record
    from itsm_as_code.validation import RuleSet


def policies(rule_set: RuleSet, session: Session, wanted: tuple[str, ...]) -> list[Policy]:
    """The policies that ``wanted`` names (all without any), by name.

    A word is the name of a policy, a pattern of names (``change-*``), a pack (the folder that policies lie in), or the
    path of a file or folder. UsageError for a word that names nothing; ItsmError when a policy cannot be read: it is
    never left out in silence.
    """
    from itsm_as_code.policies.policy import Policy

    known = readable(rule_set)
    chosen = {record.id for word in wanted for record in _named(word, known, session)}
    return [Policy(record) for record in known if not wanted or record.id in chosen]


def readable(rule_set: RuleSet) -> list[Record]:
    """All policies. UsageError when there is none; ItsmError when one, or what chooses them, cannot be used."""
    from itsm_as_code.errors import ItsmError, UsageError

    catalogue = rule_set.catalogue
    broken = [finding for finding in rule_set.findings if finding.blocks]
    broken += [finding for finding in catalogue.findings if finding.location.path.startswith("policies/")]
    if broken:
        raise ItsmError(
            f"{broken[0].location}: {broken[0].message}", remedy="mend it first; 'itsm validate policies' shows all"
        )
    known = catalogue.of_kind("Policy")
    if not known:
        raise UsageError("there is no policy here", remedy="add one to policies/, or go to a repository of records")
    return known


def _named(word: str, known: list[Record], session: Session) -> list[Record]:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean

    found = [record for record in known if record.name == word]
    if not found and any(mark in word for mark in "*?["):
        found = [record for record in known if fnmatchcase(record.name, word)]
    if not found:
        found = [record for record in known if _pack(record) == word]
    if not found and ("/" in word or word.endswith(".yaml") or located(session, Path(word)).exists()):
        prefixes = within(session, [Path(word)])
        found = [record for record in known if inside(record.path, prefixes)]
    if not found:
        names = [*(record.name for record in known), *filter(None, map(_pack, known))]
        raise UsageError(
            f"there is no policy, pack or path '{word}'", remedy=did_you_mean(word, names) or "see 'itsm policy list'"
        )
    return found


def _pack(record: Record) -> str:
    """The folder below ``policies/`` that a policy lies in; empty for one that lies in no pack."""
    folders = record.path.split("/")[1:-1]
    return folders[-1] if folders else ""
