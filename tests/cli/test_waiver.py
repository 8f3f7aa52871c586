"""itsm waiver list: every exception with its standing, the urgent ones first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from tests.conftest import SMALL, Run, copy_tree
from tests.policies.test_engine import policy
from tests.policies.test_waivers import waiver

NOW = ("--now", "2026-11-22T12:00:00Z")
REPORT = Validator("report", KindRegistry.load().bundled("reports/waiver-list-report.schema.json"))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The small organisation with a policy that all its services break, and a waiver of every standing."""
    top = tmp_path / "shop"
    copy_tree(SMALL, top)
    files = {"policies/has-runbook.yaml": policy()}
    services = "[{kind: Service, name: %s}]"
    january = '"2027-01-15T00:00:00Z"'
    files |= waiver("active", until=january)
    files |= waiver("expiring", records=services % "database", until='"2026-12-22T12:00:00Z"')
    files |= waiver("expired", records=services % "newsletter", until='"2026-11-22T12:00:00Z"')
    files |= waiver("orphaned", records=services % "gone", until=january)
    files |= waiver("unneeded", "check: change-overlap", until=january)
    files |= waiver("not-yet", **{"from": '"2026-12-01T00:00:00Z"', "until": january})
    files |= waiver("own-approver", approver="alice")
    files["policies/waivers/broken.yaml"] = "a: ["
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(str(text))
    return top


TEXT = """\
expired   expired  until 2026-11-22T12:00:00Z (less than a day ago)
  waives has-runbook for Service newsletter
  asked for by alice, approved by erin
invalid   policies/waivers/broken.yaml
  waives nothing: while parsing a flow node, did not find expected node content (policies/waivers/broken.yaml)
invalid   own-approver  until 2026-12-01T00:00:00Z (in 8 days)
  waives has-runbook for Service orders
  asked for by alice, approved by alice
  waives nothing: alice approves their own waiver (policies/waivers/own-approver.yaml)
expiring  expiring  until 2026-12-22T12:00:00Z (in 30 days)
  waives has-runbook for Service database
  asked for by alice, approved by erin
orphaned  orphaned  until 2027-01-15T00:00:00Z (in 53 days)
  waives has-runbook for Service gone
  asked for by alice, approved by erin
unneeded  unneeded  until 2027-01-15T00:00:00Z (in 53 days)
  waives change-overlap for Service orders
  asked for by alice, approved by erin
not-yet   not-yet  until 2027-01-15T00:00:00Z (in 53 days)
  waives has-runbook for Service orders
  asked for by alice, approved by erin
active    active  until 2027-01-15T00:00:00Z (in 53 days)
  waives has-runbook for Service orders
  asked for by alice, approved by erin
8 waivers: 1 expired, 2 invalid, 1 expiring, 1 orphaned, 1 unneeded, 1 not-yet, 1 active
"""


def test_every_standing_is_listed_the_urgent_ones_first(shop: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", shop, "waiver", "list", *NOW)
    assert (code, out, err) == (0, TEXT, "")


def test_the_json_fits_its_schema(shop: Path, itsm: Run) -> None:
    code, out, _ = itsm("-C", shop, "waiver", "list", "--format", "json", *NOW)
    report = json.loads(out)
    assert (code, REPORT.problems(report)) == (0, [])
    assert report["counts"]["invalid"] == 2
    assert [row["name"] for row in report["waivers"] if row["standing"] == "invalid"] == [None, "own-approver"]


def test_one_that_can_be_read_and_breaks_its_schema_keeps_its_name(shop: Path, itsm: Run) -> None:
    file = shop / "policies/waivers/active.yaml"
    file.write_text(file.read_text().replace("requester:", "asked:"))
    _, out, _ = itsm("-C", shop, "waiver", "list", "--format", "json", *NOW)
    invalid = {row["path"]: row["name"] for row in json.loads(out)["waivers"] if row["standing"] == "invalid"}
    assert invalid["policies/waivers/active.yaml"] == "active"
    assert invalid["policies/waivers/broken.yaml"] is None


def test_a_list_can_be_narrowed_and_the_near_end_moved(shop: Path, itsm: Run) -> None:
    narrowed = ("--state", "expiring", "--state", "expired", "--within", "P90D")
    code, out, _ = itsm("-C", shop, "waiver", "list", "--format", "csv", *narrowed, *NOW)
    assert code == 0
    assert out.replace("policies/waivers/", "").splitlines() == [
        "standing,name,path,rule,records,until,requester,approver,why",
        "expired,expired,expired.yaml,has-runbook,Service newsletter,2026-11-22T12:00:00Z,alice,erin,",
        "expiring,expiring,expiring.yaml,has-runbook,Service database,2026-12-22T12:00:00Z,alice,erin,",
        "expiring,active,active.yaml,has-runbook,Service orders,2027-01-15T00:00:00Z,alice,erin,",
    ]
    assert "1 expiring" not in itsm("-C", shop, "waiver", "list", "--within", "P29D", *NOW)[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("waiver", "list", "--within", "30d"), "write a duration such as P30D"),
        (("waiver", "list", "--state", "over"), "'over' is not one of"),
        (("waiver", "lst"), "Did you mean 'list'?"),
        (("waiver", "list", "--now", "tomorrow"), "--now"),
    ],
)
def test_mistakes_are_explained(shop: Path, itsm: Run, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = itsm("-C", shop, *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_no_waiver_is_said_and_no_records_is_an_error(tmp_path: Path, itsm: Run) -> None:
    assert itsm("-C", SMALL, "waiver", "list", *NOW)[:2] == (0, "no waivers\n")
    assert itsm("-C", tmp_path, "waiver", "list")[0] == 2
