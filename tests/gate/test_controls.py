"""What merging does to controls: told beside the evidence, both ways, as judging both sides whole would say it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import yaml

from itsm_as_code.compliance import assess_controls
from itsm_as_code.gate import controls as module
from itsm_as_code.gate.decision import Decision
from itsm_as_code.gate.replay import read_evidence
from itsm_as_code.reports import renderer
from itsm_as_code.validation import assess_catalogue
from tests.conftest import NOW, Run, Workshop, examples
from tests.gate.test_values import CHANGE, FILES, PLANNED, SERVICE, World

CONTROL = """apiVersion: itsm/v1
kind: Control
metadata: {{name: {name}, title: Changes are tested}}
spec:
  framework: soc2
  clause: CC8.1
  statement: Changes are tested.
  population: {{kind: Change, at: /spec/actual/start}}
  evidence: [{evidence}]
"""
TESTED = '{type: gate}, {type: records, require: "has(object.spec.test) && object.spec.test.passed"}'
ABOUT = """apiVersion: itsm/v1
kind: Control
metadata: {name: %s, title: Of it}
spec: {framework: soc2, clause: CC9, statement: All is well., evidence: [%s]}
"""
CHECK = ABOUT % ("dated", "{type: check, check: change-dates-in-order}")
POLICY = ABOUT % ("planned", "{type: policy, policy: backout-is-planned}")
MAILED = ABOUT % ("mailed", '{type: records, kind: Service, require: "has(object.spec.support.email)"}')
REVIEWED = ABOUT % ("reviewed", "{type: review, where: \"object.metadata.name == 'newsletter'\"}")
REVIEW = """apiVersion: itsm/v1
kind: ServiceReview
metadata: {name: newsletter-2026, title: Review of it}
spec: {service: newsletter, heldOn: "2026-11-02", period: {from: "2026-07-01", until: "2026-10-01"}, attendees: [alice]}
"""
NO_MAIL = FILES[SERVICE].replace(", email: help@shop.example", "")
FOLDER = "policies/controls"


def carried_out(name: str, *, tested: bool, start: str = "2026-11-01T20:00:00Z") -> str:
    """A change that was carried out."""
    data = yaml.safe_load(PLANNED.replace("chg-20261122-tune", name))
    data["spec"] |= {
        "status": "closed",
        "result": "successful",
        "schedule": {"start": "2026-11-01T20:00:00Z", "end": "2026-11-01T22:00:00Z"},
        "actual": {"start": start, "end": "2026-11-01T21:00:00Z"},
        "test": {"summary": "Tried.", "passed": tested},
    }
    return yaml.safe_dump(data)


def path(name: str) -> str:
    return f"changes/2026/11/22/{name}.yaml"


@pytest.fixture
def world() -> World:
    made = World()
    start = {f"{FOLDER}/tested.yaml": CONTROL.format(name="tested", evidence=TESTED), f"{FOLDER}/dated.yaml": CHECK}
    start |= {f"{FOLDER}/planned.yaml": POLICY, f"{FOLDER}/mailed.yaml": MAILED, f"{FOLDER}/reviewed.yaml": REVIEWED}
    start[path("chg-20261101-a")] = carried_out("chg-20261101-a", tested=True)
    made.base = made.head = made.history.add(start, made.base, at=NOW)
    return made


def told(decision: Decision) -> list[tuple[str, str | None, str | None]]:
    return [(shift.control, shift.before, shift.after) for shift in decision.outline.controls]


def test_it_is_told_both_ways_and_the_evidence_is_none_the_wiser(world: World) -> None:
    world.write(path("chg-20261101-b"), carried_out("chg-20261101-b", tested=False))
    decision = world.decide()
    assert told(decision) == [("tested", "satisfied", "not-satisfied")]
    assert "controls" not in decision.evidence
    said = (
        "merging turns soc2 CC8.1 (tested) from satisfied to not satisfied "
        "(exception: Change chg-20261101-b: does not meet what is required)"
    )
    assert said in renderer("gate", "text")(decision)
    markdown = renderer("gate", "markdown")(decision)
    assert "**Controls, as far as records tell**" in markdown.split("<details>")[0]
    world.base = world.head
    world.write(path("chg-20261101-b"), carried_out("chg-20261101-b", tested=True))
    decision = world.decide()
    assert told(decision) == [("tested", "not-satisfied", "satisfied")]
    assert "from not satisfied to satisfied (mended: Change chg-20261101-b" in renderer("gate", "text")(decision)


def test_nothing_shifts_where_an_exception_stands_on_both_sides_or_none_comes(world: World) -> None:
    world.write(path("chg-20261101-c"), carried_out("chg-20261101-c", tested=True))
    assert told(world.decide()) == []
    world.write(path("chg-20261101-b"), carried_out("chg-20261101-b", tested=False))
    world.base = world.head
    world.write(path("chg-20261101-d"), carried_out("chg-20261101-d", tested=False))
    assert told(world.decide()) == []
    world.write(path("chg-20261101-d"), None)
    world.write(path("chg-20261101-b"), None)
    assert told(world.decide()) == [("tested", "not-satisfied", "satisfied")]


@pytest.mark.parametrize(
    ("control", "edits"),
    [
        ("dated", {path("chg-20261101-b"): carried_out("chg-20261101-b", tested=True, start="2026-11-01T21:30:00Z")}),
        ("planned", {CHANGE: PLANNED.replace("[Set it back, Restart]", "[Set it back]")}),
        ("mailed", {SERVICE: NO_MAIL}),
    ],
)
def test_each_type_of_evidence_is_followed(world: World, control: str, edits: dict[str, str]) -> None:
    for name, text in edits.items():
        world.write(name, text)
    assert control in [shift.control for shift in world.decide().outline.controls if shift.is_worse]
    world.base = world.head
    for name in edits:
        world.write(name, FILES.get(name))
    shift = next(one for one in world.decide().outline.controls if one.control == control)
    assert (shift.before, shift.is_worse) == ("not-satisfied", False)


def test_a_review_mends_the_control_of_its_service(world: World) -> None:
    world.write("improvement/reviews/newsletter-2026.yaml", REVIEW)
    assert told(world.decide()) == [("reviewed", "not-satisfied", "satisfied")]


def test_the_controls_of_the_base_say_it(world: World) -> None:
    world.write(path("chg-20261101-b"), carried_out("chg-20261101-b", tested=False))
    world.write(f"{FOLDER}/tested.yaml", None)
    assert told(world.decide()) == [("tested", "satisfied", "not-satisfied")]


@pytest.mark.parametrize("tested", [True, False])
def test_a_first_record_has_a_control_assessed_and_without_the_last_it_is_not(world: World, tested: bool) -> None:
    """Both ways; a second one says nothing new of a control that is met."""
    first, says = path("chg-20261101-a"), "satisfied" if tested else "not-satisfied"
    world.write(first, None)
    world.base = world.head
    world.write(first, carried_out("chg-20261101-a", tested=tested))
    decision = world.decide()
    assert ("tested", "not-assessed", says) in told(decision)
    assert ("dated", "not-assessed", "satisfied") in told(decision), "a check of changes has something to look at"
    way = "merging turns soc2 CC8.1 (tested) from not assessed to"
    why = "satisfied (by its first record)" if tested else "not satisfied (exception: Change chg-20261101-a"
    assert f"{way} {why}" in renderer("gate", "text")(decision)
    world.base = world.head
    world.write(path("chg-20261101-b"), carried_out("chg-20261101-b", tested=tested))
    assert told(world.decide()) == []
    world.write(path("chg-20261101-b"), None)
    world.write(first, None)
    decision = world.decide()
    assert ("tested", says, "not-assessed") in told(decision)
    why = "(nothing of it is left)" if tested else "(mended: Change chg-20261101-a"
    assert f"to not assessed {why}" in renderer("gate", "text")(decision)


def test_among_many_records_none_is_taken_for_the_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write(path("chg-20261101-a"), None)
    world.base = world.head
    world.write(path("chg-20261101-a"), carried_out("chg-20261101-a", tested=True))
    monkeypatch.setattr(module, "FEW", -1)
    assert told(world.decide()) == []


def test_of_too_many_records_the_other_side_is_not_worked_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 0)
    world.write(path("chg-20261101-b"), carried_out("chg-20261101-b", tested=False))
    decision = world.decide()
    assert told(decision) == [("tested", None, "not-satisfied")]
    assert "merging brings soc2 CC8.1 (tested) an exception: Change" in renderer("gate", "text")(decision)


@pytest.mark.parametrize("seed", range(examples(2)))
def test_it_is_what_judging_both_sides_whole_says(world: World, seed: int) -> None:
    """Over random pull requests, a control is told of exactly when it has exceptions, or is assessed, on one side."""
    chance = random.Random(seed)
    names = [f"chg-20261101-{letter}" for letter in "abcde"]
    for _ in range(4):
        for name in chance.sample(names, 2):
            start = chance.choice(["2026-11-01T20:00:00Z", "2026-11-01T21:30:00Z"])
            text = carried_out(name, tested=chance.random() < 0.6, start=start)
            is_there = world.history.blob(world.head, path(name)) is not None
            world.write(path(name), None if is_there and chance.random() < 0.3 else text)
        if chance.random() < 0.5:
            world.write(SERVICE, chance.choice([NO_MAIL, FILES[SERVICE]]))
        candidate, decision = world.candidate(), world.decide()
        before, after = (
            {name: -1 if found.exceptions else int(any(item.good for item in found.evidence if not item.is_idle))
                for name, found in assess_controls(assess_catalogue(side, candidate.rule_set, NOW)).items()}
            for side in (candidate.rule_set.catalogue, candidate.catalogue)
        )  # fmt: skip
        assert {shift.control: shift.is_worse for shift in decision.outline.controls} == {
            name: after[name] < before[name] for name in before if before[name] != after[name]
        }
        world.base = world.head


def test_a_file_of_evidence_says_it_and_is_checked(workshop: Workshop, itsm: Run, tmp_path: Path) -> None:
    """In a real repository; what stands beside the evidence is worked out again as well."""
    workshop.git("checkout", "-q", "main")
    workshop.write(f"{FOLDER}/tested.yaml", CONTROL.format(name="tested", evidence=TESTED))
    workshop.write(path("chg-20261101-a"), carried_out("chg-20261101-a", tested=True))
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    workshop.write(path("chg-20261101-b"), carried_out("chg-20261101-b", tested=False))
    workshop.commit()
    decision = workshop.judge()
    file = tmp_path / "evidence.json"
    file.write_text(renderer("gate", "json")(decision))
    assert json.loads(file.read_text())["digest"] == decision.digest
    assert read_evidence(file.read_bytes())["controls"][0]["before"] == "satisfied"
    asked = ("gate", "--verify", str(file), "--base", "main", "-C", str(workshop.path), "--now", "2026-11-22T12:00:00Z")
    assert itsm(*asked)[0] == 0
    file.write_text(file.read_text().replace('"before": "satisfied"', '"before": "not-assessed"'))
    code, out, _ = itsm(*asked)
    assert (code, "/controls/0/before" in out) == (1, True)
