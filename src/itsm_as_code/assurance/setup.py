"""Letting evidence be asked for: the settings of itsm.yaml with which it begins."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.configuration import PATH, EvidenceSettings, read_configuration
from itsm_as_code.errors import ItsmError, UsageError
from itsm_as_code.records.kinds import KindRegistry


def asking_for_evidence(text: str, asked: EvidenceSettings) -> str:
    """The text of an itsm.yaml with these settings. ItsmError where they do not fit, or evidence is asked for already.

    ``asked`` has a commit, a repository, and keys with the instant from which each counts.
    """
    registry = KindRegistry.load()
    before, wrong = read_configuration(text.encode(), registry)
    if wrong:
        raise ItsmError(f"{PATH} cannot be used: {wrong[0].message}", remedy="run itsm validate, and mend it")
    if before.evidence.keys:
        remedy = "add the new key below the others by hand; entries are added, never changed"
        raise UsageError(f"{PATH} names keys for evidence already", remedy=remedy)
    lines = [f"    since: {asked.since}", f"    repository: {asked.repository}", "    keys:"]
    lines += [f'      - {{key: "{key.key}", from: "{format_instant(key.begins)}"}}' for key in asked.keys if key.begins]
    kept = [line for line in text.rstrip().splitlines() if line.strip() not in ("evidence:", "since: start")]
    made = "\n".join([*kept, "  evidence:", *lines, ""])
    found, wrong = read_configuration(made.encode(), registry)
    if wrong or found.evidence.since != asked.since or len(found.evidence.keys) != len(asked.keys):
        said = wrong[0].message if wrong else "its layout is not as 'itsm init' writes it"
        remedy = "write them by hand:\n  evidence:\n" + "\n".join(lines)
        raise ItsmError(f"the settings do not fit into {PATH}: {said}", remedy=remedy)
    return made
