"""itsm init: policy packs named in itsm.yaml or copied, and a gate that works in the new repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from itsm_as_code import shipped
from itsm_as_code.cli import _packs
from itsm_as_code.records.document import parse
from tests.conftest import NORMAL_CHANGE, Run, Workshop


def settings(folder: Path) -> dict[str, object]:
    found: dict[str, object] = parse((folder / "itsm.yaml").read_bytes())["spec"]["policies"]
    return found


def test_packs_are_named_not_copied(tmp_path: Path, itsm: Run) -> None:
    assert itsm("init", tmp_path / "org")[0] == 0
    assert settings(tmp_path / "org") == {"packs": [{"name": name, "version": "1"} for name in _packs.DEFAULT]}
    assert [path.name for path in (tmp_path / "org/policies").iterdir()] == ["approvals"]
    code, out, _ = itsm("-C", tmp_path / "org", "validate")
    assert (code, out) == (0, "6 records: no findings\n")
    code, out, _ = itsm("-C", tmp_path / "org", "policy", "list", "--format", "json")
    assert {row["name"] for row in json.loads(out)["policies"]} == {
        policy for name in _packs.DEFAULT for policy in _packs.manifest(name)["policies"]
    }


@pytest.mark.parametrize("vendor", [(), pytest.param(("--vendor",), marks=pytest.mark.deep)], ids=["named", "copied"])
@pytest.mark.parametrize("name", shipped.packs())
def test_any_pack_makes_a_valid_repository(name: str, vendor: tuple[str, ...], tmp_path: Path, itsm: Run) -> None:
    assert itsm("init", tmp_path / "org", "--packs", name, *vendor)[0] == 0
    code, out, _ = itsm("-C", tmp_path / "org", "validate")
    assert (code, out.endswith("no findings\n")) == (0, True), out
    if name == _packs.DEFAULT[0]:  # of all of them: tests/policies/test_examples.py
        code, out, err = itsm("-C", tmp_path / "org", "policy", "test")
        assert (code, "none failed" in out) == (0, True), err
    files = {path.stem for path in (tmp_path / "org/policies").rglob("*.yaml")}
    assert (set(_packs.manifest(name)["policies"]) <= files) == bool(vendor)


def test_a_pack_brings_those_that_it_builds_on() -> None:
    for name in shipped.packs():
        assert set(_packs.choose(name)) >= {name, *_packs.manifest(name).get("requires", ())}


@pytest.mark.parametrize(
    ("packs", "remedy"), [("operatons", "did you mean 'operations'?"), (",", "choose from: change-enablement, ")]
)
def test_packs_that_nobody_has_are_refused(packs: str, remedy: str, tmp_path: Path, itsm: Run) -> None:
    code, _, err = itsm("init", tmp_path / "org", "--packs", packs)
    assert (code, remedy in err) == (2, True), err
    assert not (tmp_path / "org").exists()


def test_what_one_person_cannot_fulfil_is_excluded_with_its_reason(tmp_path: Path, itsm: Run) -> None:
    code, _, err = itsm("init", tmp_path / "org", "--person", "Zoë Ørsted <zoe@x.example>")
    assert (code, "board-has-quorum" in err) == (0, True)
    assert settings(tmp_path / "org")["exclude"] == [
        {"policy": name, "reason": "We are fewer than three people so far."}
        for name in ("board-has-quorum", "service-owner-is-staffed")
    ]
    assert itsm("-C", tmp_path / "org", "validate")[0] == 0


@pytest.mark.parametrize(
    ("forge", "vendor"),
    [
        ("github", ()),
        ("gitlab", ("--vendor",)),
        pytest.param("github", ("--vendor",), marks=pytest.mark.deep),
        pytest.param("gitlab", (), marks=pytest.mark.deep),
    ],
    ids=["github-named", "gitlab-copied", "github-copied", "gitlab-named"],
)
def test_the_gate_judges_in_a_new_repository(forge: str, vendor: tuple[str, ...], tmp_path: Path, itsm: Run) -> None:
    people = [
        part for name in ("Alice", "Bob", "Erin") for part in ("--person", f"{name} <{name.lower()}@shop.example>")
    ]
    assert itsm("init", tmp_path / "org", "--forge", forge, *vendor, *people)[0] == 0
    shop = Workshop(tmp_path / "org")
    shop.git("init", "-q", "-b", "main")
    shop.commit("Start", who="erin")
    shop.git("checkout", "-q", "-b", "topic")
    text = NORMAL_CHANGE.replace("[newsletter]", "[first-service]") % {"name": "chg-20261122-tune"}
    shop.write("changes/2026/11/22/chg-20261122-tune.yaml", text.replace(', rehearsedOn: "2026-11-20"', ""))
    shop.commit()
    shop.review("bob")
    decision = shop.judge()
    assert (decision.verdict, decision.reasons) == ("approved", ())
    loud = text.replace("  status:", "  outage: {expected: full, minutes: 10}\n  status:")
    shop.write("changes/2026/11/22/chg-20261122-tune.yaml", loud)
    shop.commit()
    shop.review("bob")
    decision = shop.judge()
    assert "finding:outage-is-communicated" in [reason.code for reason in decision.reasons]


def test_the_list_says_what_is_set_differently_and_what_does_not_apply(tmp_path: Path, itsm: Run) -> None:
    assert itsm("init", tmp_path / "org")[0] == 0
    configuration = tmp_path / "org/itsm.yaml"
    text = configuration.read_text()
    text += "    overrides: [{policy: change-lead-time, severity: error, reason: The board meets once a week.}]\n"
    configuration.write_text(text + "    exclude: [{policy: review-is-independent, reason: We are two.}]\n")
    _, out, _ = itsm("-C", tmp_path / "org", "policy", "list")
    lines = [line.split() for line in out.splitlines()]
    assert ["error", "change-lead-time", "change-enablement", "1.2.0"] in [line[:4] for line in lines]
    assert ["excluded", "review-is-independent"] in [line[:2] for line in lines]
    assert "set differently: change-lead-time: The board meets once a week.\n" in out
    assert "excluded: review-is-independent: We are two.\n" in out
    rows = {
        row["name"]: row
        for row in json.loads(itsm("-C", tmp_path / "org", "policy", "list", "--format", "json")[1])["policies"]
    }
    assert rows["change-lead-time"]["override"] == {
        "severity": "error", "since": None, "params": {}, "reason": "The board meets once a week."
    }  # fmt: skip
    assert rows["review-is-independent"]["excluded"] == {"reason": "We are two."}
    assert rows["board-has-quorum"]["pack"] == {"name": "organisation", "version": "1.0.0"}
    assert rows["board-has-quorum"]["path"] == "itsm-packs/organisation/board-has-quorum.yaml"
    _, out, _ = itsm("-C", tmp_path / "org", "explain", "board-has-quorum")
    assert "a policy of pack organisation, which comes with the program" in out


def test_examples_are_not_run_while_a_pack_is_missing(tmp_path: Path, itsm: Run) -> None:
    assert itsm("init", tmp_path / "org")[0] == 0
    configuration = tmp_path / "org/itsm.yaml"
    configuration.write_text(configuration.read_text().replace("name: operations", "name: operatons"))
    code, _, err = itsm("-C", tmp_path / "org", "policy", "test")
    assert (code, "there is no policy pack 'operatons'" in err) == (2, True)


def test_the_help_names_every_pack(itsm: Run) -> None:
    told = "".join(itsm("init", "--help")[1].split())  # lines are broken at hyphens, too
    assert [name for name in shipped.packs() if name not in told] == []
