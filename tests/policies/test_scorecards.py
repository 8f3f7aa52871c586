"""Levels of itsm.yaml, and which of them services and teams have reached by what policies say."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.policies.scorecards import Scorecard, scorecards
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.validation import Validation
from tests.conftest import ROOT, SMALL, Run
from tests.policies.test_packs import HEAD, said, small
from tests.snapshots import folder
from tests.test_own_kinds import schema

SCHEMA = Validator("report", KindRegistry.load().bundled("reports/scorecards-report.schema.json"))
LEVELS = """levels:
  - {name: bronze, policies: [owned], by: "2026-10-31"}
  - {name: silver, policies: [tier-one, supplied], by: "2026-11-21"}
  - {name: gold, policies: [led]}"""


def policy(name: str, kind: str, where: str, require: str) -> str:
    head = f"apiVersion: itsm/v1\nkind: Policy\nmetadata: {{name: {name}, title: A rule}}\nspec:\n"
    examples = "".join(
        f"    - {{name: {expect}, expect: {expect}, object: {{kind: {kind}, metadata: {{name: a}}, spec: {spec}}}}}\n"
        for expect, spec in (("pass", "{tier: 1, owner: t, lead: a}"), ("fail", "{tier: 2, owner: x, lead: x}"))
    )
    return (
        f'{head}  severity: info\n  match: {{kinds: [{kind}], where: "{where}"}}\n  require: {require}\n'
        f"  message: \"'says {name}'\"\n  remedy: Mend it.\n  examples:\n{examples}"
    )


POLICIES = {
    "policies/owned.yaml": policy("owned", "Service", "true", "object.spec.owner != 'x'"),
    "policies/tier-one.yaml": policy("tier-one", "Service", "object.metadata.name != 'newsletter'",
                                     "object.spec.tier == 1"),
    "policies/supplied.yaml": policy("supplied", "Supplier", "true", "!('terms' in object.spec)"),
    "policies/led.yaml": policy("led", "Team", "true", "object.spec.lead != 'x'"),
}  # fmt: skip


def judged(levels: str = LEVELS, **files: str) -> Validation:
    return small(levels, **POLICIES, **files)


def cards(validation: Validation) -> dict[str, Scorecard]:
    levels = validation.configuration.policies.levels
    return {str(card.subject): card for card in scorecards(levels, validation.catalogue, validation.outcomes)}


def told(card: Scorecard) -> tuple[str | None, str | None, list[str], int]:
    reached, following = card.reached and card.reached.name, card.next and card.next.name
    return reached, following, [f"{lack.policy} {lack.record}" for lack in card.missing], card.asked


def test_a_service_stands_where_it_fulfils_all_below_and_a_team_where_the_weakest_of_its_services_does() -> None:
    found = cards(judged())
    assert told(found["Service web-shop"]) == ("silver", None, [], 1)
    assert told(found["Service orders"])[:3] == ("bronze", "silver", ["tier-one Service orders"])
    assert told(found["Team team-shop"])[:3] == ("bronze", "silver", ["tier-one Service orders"])
    assert told(found["Team team-board"]) == ("gold", None, [], 1), "owns no service: only the level that asks"
    assert told(found["Service newsletter"]) == ("bronze", None, [], 1), "a level that asks for nothing is not awarded"


def test_the_day_of_a_level_passes() -> None:
    card = cards(judged())["Service orders"]
    day = datetime(2026, 11, 21, tzinfo=UTC).date()
    assert not card.is_late(day)
    assert card.is_late(day.replace(day=22))
    assert not cards(judged())["Service web-shop"].is_late(day.replace(day=30)), "nothing is left to reach"


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ("levels: [{name: a, policies: [ownd]}]", "there is no policy 'ownd' (did you mean 'owned'?)"),
        ("levels: [{name: a, policies: [owned]}, {name: a, policies: [led]}]", "the level 'a' stands twice"),
        ("levels: [{name: a, policies: [owned]}, {name: b, policies: [owned]}]", "is asked for by 'a' already"),
        ("levels: [{name: a, policies: [owned]}]\nexclude: [{policy: owned, reason: No.}]", "it is excluded"),
        ("levels: [{name: a, policies: [person]}]", "looks at nothing that tells of a service or a team"),
        ("levels: [{name: a, policies: [owned], by: 2027-02-30}]", "itsm.yaml:5:"),
        ("levels: []", "itsm.yaml:5:"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_levels_is_told(levels: str, message: str) -> None:
    person = policy("person", "Person", "true", "object.metadata.name != 'x'")
    found = [text for text in said(judged(levels, **{"policies/person.yaml": person})) if "itsm.yaml" in text]
    assert [text for text in found if message in text], found


def test_the_example_organisation(itsm: Run) -> None:
    """Problems, agreements and suppliers count for services; what is waived is missing."""
    code, out, err = itsm("report", "scorecards", "-C", ROOT, "--format", "json")
    assert code == 0, err
    data: dict[str, Any] = json.loads(out)
    assert list(SCHEMA.problems(data)) == []
    found = {(card["kind"], card["name"]): card for card in data["cards"]}
    network = found["Service", "network-backbone"]
    assert (network["level"], network["next"], network["by"]) == ("silver", "gold", "2027-06-30")
    assert [lack["record"] for lack in network["missing"]] == [{"kind": "Supplier", "name": "stonebridge-colocation"}]
    assert found["Team", "team-cards"]["missing"][0]["policy"] == "known-error-is-written-up"
    assert found["Service", "customer-telephony"]["missing"][0]["status"] == "waived"


def test_spreadsheets_text_and_jobs(itsm: Run, tmp_path: Path) -> None:
    settings = "".join(f"    {line}\n" for line in LEVELS.splitlines())
    for path, content in {**folder(SMALL), "itsm.yaml": f"{HEAD}{settings}", **POLICIES}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content.encode() if isinstance(content, str) else content)
    run = ("report", "scorecards", "-C", tmp_path, "--by", "team", "--now", "2026-11-22T12:00:00Z")
    rows = {row["name"]: row for row in csv.DictReader(itsm(*run, "--format", "csv")[1].splitlines())}
    assert rows["team-shop"]["missing"] == "tier-one of Service orders"
    assert {row["kind"] for row in rows.values()} == {"Team"}
    assert "| Team team-shop | bronze | silver by 2026-11-21, late | 1 of 2 |" in itsm(*run, "--format", "markdown")[1]
    assert itsm(*run)[0] == 0
    code, out, _ = itsm(*run, "--check")
    assert (code, "silver by 2026-11-21, late" in out) == (1, True)


def test_without_levels_it_says_so(itsm: Run) -> None:
    code, out, _ = itsm("report", "scorecards", "-C", SMALL)
    assert (code, out) == (0, "itsm.yaml names no levels (spec.policies.levels)\n")


@pytest.mark.parametrize("services", ["[{name: orders}, [orders]]", "orders", "7", "true"])
def test_a_kind_of_ones_own_may_mean_something_else_by_services(services: str) -> None:
    """Its records tell of no service, and above all they end no report."""
    fields = {"services": {"title": "Services"}}
    own = {
        "schemas/stall.schema.json": schema("Stall", "stalls", fields, []),
        "stalls/a.yaml": "apiVersion: itsm/v1\nkind: Stall\nmetadata: {name: a, title: A}\n"
        f"spec: {{services: {services}}}\n",
        "policies/open.yaml": policy("open", "Stall", "true", "object.metadata.name == 'b'"),
    }
    found = judged(LEVELS.replace("[owned]", "[owned, open]"), **own)
    assert {outcome.policy for outcome in found.outcomes} >= {"open"}
    there = ({name: told(card) for name, card in cards(one).items()} for one in (found, judged()))
    assert next(there) == next(there)
