"""Policy packs on the site: what is set differently or left out, and why, and where a policy comes from."""

from __future__ import annotations

from itsm_as_code.site.views import packs
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Missing, Row, Section, Table, Text
from itsm_as_code.validation import Validation, validate
from tests.conftest import NOW, SMALL
from tests.snapshots import Memory, folder

SETTINGS = """\
apiVersion: itsm/v1
kind: Configuration
spec:
  forge: {type: github, url: https://forge.example/shop}
  policies:
    packs: [{name: change-enablement, version: "1"}]
    overrides:
      - {policy: change-lead-time, severity: error, since: "2026-12-01", reason: The board meets once a week.}
    exclude:
      - {policy: review-is-independent, reason: We are two.}
"""


def context() -> Context:
    validation: Validation = validate(Memory({**folder(SMALL), "itsm.yaml": SETTINGS}), NOW)
    assert validation.findings == ()
    return Context(validation, "abc1234")


def texts(row: Row) -> list[str]:
    return [cell.text for cell in row.cells if isinstance(cell, Text)]


def test_what_is_set_differently_is_listed_with_its_reason() -> None:
    (section,) = packs.sections(context())
    assert isinstance(section, Section)
    (table,) = section.body
    assert isinstance(table, Table)
    assert [texts(row) for row in table.rows] == [
        ["Severity error, from 2026-12-01", "The board meets once a week."],
        ["Does not apply", "We are two."],
    ]


def test_nothing_is_listed_where_all_policies_stand_as_written() -> None:
    assert packs.sections(Context(validate(Memory(folder(SMALL)), NOW), "abc1234")) == []


def test_the_page_of_a_policy_says_how_it_is_set_here() -> None:
    site = context()
    record = site.catalogue.get("Policy", "change-lead-time")
    assert record is not None
    assert packs.severity(site, record) == Text("Error (by itself: warning)")
    assert [title for title, _ in packs.facts(site, record)] == ["Pack", "Clauses", "Set differently here"]
    record = site.catalogue.get("Policy", "review-is-independent")
    assert record is not None
    assert packs.severity(site, record) == Missing("Left out")
    assert packs.facts(site, record)[-1] == ("Left out here", Text("We are two."))
    assert packs.left_out(site, {"type": "policy", "policy": record.name}) == "left out here: We are two."
    assert packs.left_out(site, {"type": "check", "check": "change-in-freeze"}) == ""
