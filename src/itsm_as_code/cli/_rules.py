"""Every rule that the program itself can report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itsm_as_code.findings import Rule


def all_rules() -> dict[str, Rule]:
    """Every rule that any command can report, by id; the policies of a repository come on top."""
    from itsm_as_code import interchange
    from itsm_as_code.assurance import links
    from itsm_as_code.gate.evaluation import RULES
    from itsm_as_code.records import formatting
    from itsm_as_code.validation import built_in_rules

    return (
        built_in_rules() | interchange.rules() | {rule.id: rule for rule in (*RULES, *formatting.RULES, *links.RULES)}
    )
