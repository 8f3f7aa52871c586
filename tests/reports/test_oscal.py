"""OSCAL and the statement of applicability: by NIST's published schemas, and nothing says more than the figures."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from itsm_as_code.clock import Interval
from itsm_as_code.compliance import Assessment, ControlStatus, Evidence, Shortfall
from itsm_as_code.compliance.clauses import coverage
from itsm_as_code.reports.compliance import Compliance, Row, _applicability, _oscal, _oscal_components, _oscal_results
from tests.conftest import NOW, SMALL, Run, copy_tree

SCHEMA = Path(__file__).parent / "oscal/oscal_complete_schema.json"
MODELS = {"assessment-results": _oscal_results, "component-definition": _oscal_components}
HOSTILE = '=<b>`*_{{ insert: param, x }}\u202e ##[ "\\'
YEAR = Interval(NOW - timedelta(days=365), NOW)
STATED = {"statement": "Do it.", "evidence": [{"type": "policy", "policy": "p"}, {"type": "check", "check": "c"}]}


@pytest.fixture(scope="module")
def schema() -> Any:
    """NIST's schema of all models."""
    return jsonschema_rs.Draft7Validator(json.loads(SCHEMA.read_text()), validate_formats=True)


def test_documents_say_the_version_whose_schema_they_are_held_against() -> None:
    assert f"/{_oscal.OSCAL_VERSION}/" in json.loads(SCHEMA.read_text())["$id"]


def row(name: str, status: ControlStatus, period: Interval = YEAR, **spec: Any) -> Row:
    wrong = (Shortfall("Change x", f"is bad {HOSTILE}"),) if status is ControlStatus.NOT_SATISFIED else ()
    evidence = Evidence(STATED["evidence"][0], status, 3, len(wrong), 1, 0, "records", wrong, "it is not there")
    document = {"type": "audit", "url": "https://a.example/b c\u202e", "statement": HOSTILE}
    found = Assessment(
        status, (evidence, Evidence(document, status)), period, "records of kind Change", 4, "sha256:ab",
        unseen=("Change z",), sample=("Change x", "Change y"), missing="nobody looked",
    )  # fmt: skip
    if status is ControlStatus.NOT_APPLICABLE:
        found = Assessment(status, period=period)
    return Row(name, f"T {name}", spec.pop("framework", "soc2"), spec.pop("clause", "CC8.1"), "o", found, STATED | spec)


def report(*rows: Row) -> Compliance:
    told = coverage(
        (item.name, {"framework": item.framework, "clause": item.clause}, item.assessment.status) for item in rows
    )
    return Compliance(NOW, "framework", rows, told, "rule", f"Org {HOSTILE}", {"p": f"Title {HOSTILE}"})


def one_of_each() -> Compliance:
    short = Interval(NOW - timedelta(days=90), NOW)
    return report(
        row("good", ControlStatus.SATISFIED),
        row("9bad", ControlStatus.NOT_SATISFIED, short, statement=HOSTILE, clause=HOSTILE),
        row("old", ControlStatus.STALE, framework="own:1"),
        row("unknown", ControlStatus.NOT_ASSESSED),
        row("out", ControlStatus.NOT_APPLICABLE, applicability="not-applicable", reason=HOSTILE, approver="erin"),
    )


@pytest.mark.parametrize("model", MODELS)
def test_documents_are_as_nist_publishes_them(model: str, schema: Any) -> None:
    told = MODELS[model].render(one_of_each())
    assert [f"{list(error.instance_path)}: {error.message}" for error in schema.iter_errors(json.loads(told))] == []
    assert "##[" not in told
    assert "\u202e" not in told


@pytest.mark.parametrize("model", MODELS)
def test_the_schema_would_find_a_mistake(model: str, schema: Any) -> None:
    data = json.loads(MODELS[model].render(one_of_each()))
    del data[model]["metadata"]["oscal-version"]
    assert not schema.is_valid(data)


def results(told: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(told)["assessment-results"]["results"]
    return found


def test_only_what_is_known_becomes_a_finding() -> None:
    found = results(_oscal_results.render(one_of_each()))
    states = {
        item["target"]["target-id"]: item["target"]["status"]["state"]
        for one in found
        for item in one.get("findings", [])
    }
    assert states == {"good": "satisfied", "_9bad": "not-satisfied"}
    seen = {item["title"] for one in found for item in one["observations"]}
    assert {"old: stale", "unknown: not-assessed", "out: not-applicable"} <= seen
    out = [
        item["control-id"]
        for one in found
        for item in one["reviewed-controls"]["control-selections"][0].get("exclude-controls", [])
    ]
    assert out == ["out"]


@pytest.mark.parametrize("status", [item for item in ControlStatus if item is not ControlStatus.SATISFIED])
def test_nothing_but_satisfied_is_told_as_satisfied(status: ControlStatus) -> None:
    told = _oscal_results.render(report(row("c", status)))
    assert '"satisfied"' not in told


def test_population_exceptions_and_sample_are_those_of_the_report() -> None:
    (bad,) = [
        item
        for one in results(_oscal_results.render(one_of_each()))
        for item in one["observations"]
        if item["title"].startswith("9bad: not")
    ]
    props = [(item["name"], item["value"]) for item in bad["props"]]
    assert {
        ("population-size", "4"),
        ("population-digest", "sha256:ab"),
        ("exceptions", "1"),
        ("not-looked-at", "1"),
    } <= set(props)
    assert [value for name, value in props if name == "sample"] == ["Change x", "Change y"]
    assert len(bad["relevant-evidence"]) == 2


def uuids(data: Any) -> list[str]:
    if isinstance(data, dict):
        own = [data["uuid"]] if "uuid" in data else []
        return own + [found for value in data.values() for found in uuids(value)]
    return [found for item in data for found in uuids(item)] if isinstance(data, list) else []


@pytest.mark.parametrize("model", MODELS)
def test_identifiers_follow_from_the_content_and_lead_somewhere(model: str) -> None:
    told, again = MODELS[model].render(one_of_each()), MODELS[model].render(one_of_each())
    assert told == again
    names = uuids(json.loads(told))
    assert len(names) == len(set(names))
    other = MODELS[model].render(replace(one_of_each(), now=NOW + timedelta(days=1)))
    assert uuids(json.loads(other))[0] != names[0]
    named = {value[1:] for value in told.split('"') if value.startswith("#") and len(value) == 37}
    assert named
    assert named <= set(names)


def test_a_policy_is_a_component_of_the_controls_that_rest_on_it() -> None:
    data = json.loads(_oscal_components.render(one_of_each()))["component-definition"]
    process, policy = data["components"]
    assert (process["type"], policy["type"]) == ("process-procedure", "policy")
    named = [
        item["control-id"] for one in policy["control-implementations"] for item in one["implemented-requirements"]
    ]
    assert sorted(named) == ["_9bad", "good", "old", "unknown"]
    assert "out does not apply" in policy["remarks"]


def test_the_statement_of_applicability_names_what_is_not_stated() -> None:
    unapproved = Row(
        "left", "T", "soc2", "CC1.1", "", Assessment(ControlStatus.NOT_ASSESSED, missing="nobody approved")
    )
    unapproved = replace(unapproved, spec={"applicability": "not-applicable", "reason": "No."})
    told = report(*one_of_each().rows, unapproved)
    lines = list(csv.DictReader(io.StringIO(_applicability.csv(told))))
    said = {
        line["control"]: (line["applicable"], line["status"], line["approver"]) for line in lines if line["control"]
    }
    assert said["good"] == ("yes", "satisfied", "")
    assert said["out"] == ("no", "not-applicable", "erin")
    assert said["left"] == ("not stated", "not-assessed: nobody approved", "")
    bare = [line["clause"] for line in lines if not line["control"]]
    assert "CC1.2" in bare
    assert "CC1.1" not in bare
    assert {line["applicable"] for line in lines if not line["control"]} == {"not stated"}
    shown = _applicability.markdown(told)
    assert all(f"| {line['control']} |" in shown for line in lines)


def test_cells_begin_no_formula() -> None:
    lines = csv.reader(io.StringIO(_applicability.csv(one_of_each())))
    assert not [cell for line in lines for cell in line if cell.startswith("=")]
    assert any(
        HOSTILE[1:6] in cell for line in csv.reader(io.StringIO(_applicability.csv(one_of_each()))) for cell in line
    )


def test_commands_write_the_figures_of_the_report(tmp_path: Path, itsm: Run, schema: Any) -> None:
    copy_tree(SMALL, tmp_path / "r")
    spec = {
        "framework": "soc2", "clause": "CC8.1", "statement": "S.",
        "evidence": [{"type": "records", "kind": "Service", "require": "object.spec.tier == 1"}],
    }  # fmt: skip
    data = {"apiVersion": "itsm/v1", "kind": "Control", "metadata": {"name": "c", "title": "C"}, "spec": spec}
    (tmp_path / "r/policies/controls").mkdir(parents=True, exist_ok=True)
    (tmp_path / "r/policies/controls/c.yaml").write_text(yaml.safe_dump(data))
    common = ["-C", str(tmp_path / "r"), "--now", "2026-11-22T12:00:00Z"]
    figures = json.loads(itsm("report", "compliance", "--sample", "1", "--format", "json", *common)[1])["controls"][0]
    for model in MODELS:
        code, out, _ = itsm("export", "oscal", "--model", model, "--sample", "1", *common)
        assert (code, schema.is_valid(json.loads(out))) == (0, True)
        assert itsm("export", "oscal", "--model", model, "--sample", "1", *common)[1] == out
        if model == "assessment-results":
            (found,) = results(out)
            props = {item["name"]: item["value"] for item in found["observations"][0]["props"]}
            assert props["status"] == figures["status"]
            assert props["population-digest"] == figures["digest"]
            assert props["exceptions"] == str(len(figures["exceptions"]))
            assert [props["sample"]] == figures["sample"]
    assert itsm("export", "soa", *common)[0] == 0
    (tmp_path / "r/policies/controls/c.yaml").unlink()
    assert itsm("export", "soa", *common)[0] == 2
