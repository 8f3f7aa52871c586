"""The links of records for `itsm validate --links`, and the options that ask for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import option_group

if TYPE_CHECKING:
    from itsm_as_code.findings import Finding, Rule
    from itsm_as_code.records.stored import StoredRecords
    from itsm_as_code.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """Whether links are asked for, and at which hosts that are not public."""

    links: bool
    allow_host: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.allow_host and not self.links:
            raise click.UsageError("--allow-host is for --links.")

    def findings(
        self, snapshot: Snapshot, stored: StoredRecords | None, is_meant: Callable[[str], bool]
    ) -> list[Finding]:
        """What is wrong with the links of the records of a snapshot, in the files that are meant."""
        from itsm_as_code.assurance.links import findings
        from itsm_as_code.forges.visits import Visitor
        from itsm_as_code.validation import load_rule_set

        if not self.links:
            return []
        return findings(load_rule_set(snapshot, stored).catalogue, Visitor(self.allow_host), is_meant)

    def rules(self) -> dict[str, Rule]:
        """The rules that such findings are of."""
        if not self.links:
            return {}
        from itsm_as_code.assurance.links import RULES

        return {rule.id: rule for rule in RULES}

    def are_unchecked(self, found: list[Finding]) -> bool:
        """Whether there is a link of which it could not be told."""
        if not found:
            return False
        from itsm_as_code.assurance.links import UNCHECKED

        return any(finding.rule == UNCHECKED for finding in found)


link_options = option_group(
    "links",
    LinkOptions,
    click.option("--links", is_flag=True, help="Ask over HTTP which links of records are dead."),
    click.option("--allow-host", multiple=True, metavar="HOST", help="A host that is not public and may be asked."),
)
