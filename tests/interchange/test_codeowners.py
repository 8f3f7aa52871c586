"""CODEOWNERS: whom approval policies name is named for every path, and what cannot be said is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from itsm_as_code.gate.path_pattern import path_pattern
from itsm_as_code.interchange.codeowners import Owners, export
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import load_rule_set
from tests.conftest import SMALL, Run, copy_tree


def owners_of(lines: list[str], path: str) -> list[str] | None:
    """As GitHub reads the file: the last pattern that fits holds."""
    found = None
    for line in lines:
        pattern, *owners = re.split(r"(?<!\\) ", line)
        text = pattern.replace("\\ ", " ")
        form = re.escape(text).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
        form = form.replace(r"\?", "[^/]").removeprefix("/")
        if re.fullmatch(form + (".*" if text.endswith("/") else ""), path):
            found = owners
    return found


def person(name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": "Person", "name": name, "spec": {"accounts": [{"forge": "github", "login": f"{name}-hub"}], **spec}}


def team(name: str, members: list[str], slug: str | None = None, **spec: Any) -> dict[str, Any]:
    annotations = {"annotations": {"github.com/team-slug": slug}} if slug else {}
    return {"kind": "Team", "name": name, "spec": {"members": members, **spec}, **annotations}


def made(folder: Path, rules: list[dict[str, Any]], *more: dict[str, Any], prefix: str = "") -> Owners:
    places = {"Person": "people", "Team": "people/teams", "ApprovalPolicy": "policies/approvals", "Service": "services"}
    service = {"owner": "shop", "lifecycle": "live", "stage": "catalogue", "tier": 1, "type": "business"}
    service["support"] = {"channel": "#shop"}  # type: ignore[assignment]
    records = [
        person("ann"), person("ben"), person("zoe", accounts=[]),
        team("shop", ["ann", "zoe"]), team("rulers", ["ben"], "org/rulers", roles=["governance"]),
        {"kind": "Service", "name": "web", "spec": service},
        {"kind": "ApprovalPolicy", "name": "all", "spec": {"rules": rules}}, *more,
    ]  # fmt: skip
    for item in records:
        name, kind, spec = item["name"], item["kind"], item["spec"]
        metadata = {"name": name, "title": name, **{key: item[key] for key in item.keys() & {"annotations"}}}
        file = folder / places[kind] / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        data = {"apiVersion": "itsm/v1", "kind": kind, "metadata": metadata, "spec": spec}
        file.write_text(yaml.safe_dump(data), "utf-8")
    snapshot = WorkTree(folder, at_once=False)
    return export(load_rule_set(snapshot).catalogue, sorted(snapshot.entries), prefix)


def rule(match: dict[str, Any], *sources: dict[str, Any], name: str = "r", **more: Any) -> dict[str, Any]:
    return {"name": name, "match": match, "approvals": [{"from": source, **more} for source in sources]}


GOVERNANCE = {"role": "governance"}


def test_teams_are_named_by_their_team_and_else_by_accounts(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        [rule({"paths": ["docs/**"]}, {"team": "shop"}), rule({"paths": ["*.md"]}, {"team": "rulers"}, name="s")],
    )
    assert found.lines == ["/*.md @org/rulers", "/docs/ @ann-hub"]
    assert "zoe: is no code owner, without an account at GitHub or as somebody who has left" in found.left_out
    assert "team shop: it has no annotation github.com/team-slug; its members are named" in found.left_out


def test_owners_of_records_are_named_at_their_files(tmp_path: Path) -> None:
    found = made(tmp_path, [rule({"kinds": ["Service"]}, {"owners": "self"})], prefix="itsm/")
    assert found.lines == ["/itsm/services/web.yaml @ann-hub"]
    assert "all/r (owners self): the owner of a record yet to come is not known" in found.left_out


def test_a_later_line_drops_nobody(tmp_path: Path) -> None:
    rules = [
        rule({"kinds": ["Person"]}, {"people": ["ann"]}),
        rule({"paths": ["people/**"]}, GOVERNANCE, name="what-judges"),
        rule({"paths": ["**/ann.yaml"]}, {"people": ["ben"]}, name="ann"),
    ]
    found = made(tmp_path, rules)
    assert set(owners_of(found.lines, "people/ann.yaml") or ()) == {"@ann-hub", "@ben-hub", "@org/rulers"}
    assert set(owners_of(found.lines, "people/new.yaml") or ()) == {"@ann-hub", "@org/rulers"}
    assert owners_of(found.lines, "people/teams/shop.yaml") == ["@org/rulers"]
    assert any("each of all/r (people ann) and all/what-judges" in note for note in found.left_out)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (rule({"kinds": ["Service"], "where": "object.spec.tier < 3"}, GOVERNANCE), "only where object.spec.tier < 3"),
        (rule({"kinds": ["Service"], "fields": ["/spec/tier"]}, GOVERNANCE), "only changes of /spec/tier"),
        (rule({"kinds": ["Service"], "actions": ["deleted"]}, GOVERNANCE), "only what is deleted"),
        (rule({"kinds": ["Service"], "paths": ["services/**"]}, GOVERNANCE), "only records of Service"),
        (rule({"kinds": ["Service"]}, GOVERNANCE, count=2), "2 must approve; at GitHub one is enough"),
        (rule({"kinds": ["Service"]}, {"owners": "affected"}), "depends on what is changed; nobody is named"),
        (rule({"kinds": ["Service"]}, {"anyone": True}), "anyone is no owner; nobody is named"),
        (rule({"kinds": ["Service"]}, {"role": "nobody-has"}), "no team has the role; nobody is named"),
        (rule({"kinds": ["Service"]}, {"people": ["zoe"]}), "nobody can be named"),
        (rule({"kinds": ["Service"]}, GOVERNANCE, {"people": ["ann"]}), "must approve; at GitHub one is enough"),
        (rule({"kinds": ["Service"]}), "no approval is needed"),
        (rule({"kinds": ["Service"]}, GOVERNANCE) | {"allowBots": True}, "a bot is no code owner"),
        (rule({"kinds": ["Change"]}, GOVERNANCE) | {"independent": True}, "whoever requests or carries out"),
        (rule({"paths": ["x[1]/**"]}, GOVERNANCE), "'x[1]/**' has no form in CODEOWNERS"),
        (rule({"paths": ["x\n* @evil"]}, GOVERNANCE), "has no form in CODEOWNERS"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_said(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    found = made(tmp_path, [given])
    assert any(said in note for note in found.left_out), found.left_out
    assert not any("evil" in line for line in found.lines)


def test_every_rule_by_paths_is_asked_at_every_file_of_the_example(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    code, out, err = itsm("-C", str(tmp_path), "export", "codeowners")
    assert code == 0
    comments = [line.removeprefix("# - ") for line in out.splitlines() if line.startswith("# - ")]
    assert [line.removeprefix("itsm: not said: ") for line in err.splitlines()] == comments
    lines = [line for line in out.splitlines() if line and not line.startswith("#")]
    snapshot = WorkTree(tmp_path, at_once=False)
    catalogue = load_rule_set(snapshot).catalogue
    for policy in catalogue.of_kind("ApprovalPolicy"):
        for item in policy.spec["rules"]:
            named = [approval["from"]["people"] for approval in item["approvals"] if "people" in approval["from"]]
            for path in snapshot.entries:
                if any(path_pattern(pattern).matches(path) for pattern in item["match"].get("paths", ())):
                    assert len(owners_of(lines, path) or ()) >= bool(named), path


def test_a_condition_on_several_lines_stays_a_comment(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    made(
        tmp_path,
        [rule({"kinds": ["Service"], "where": "object.spec.tier < 3 || '''\n/ @evil/all\n''' == ''"}, GOVERNANCE)],
    )
    code, out, _ = itsm("-C", str(tmp_path), "export", "codeowners")
    assert (code, "evil" in out) == (0, True)
    assert not [line for line in out.splitlines() if "evil" in line and not line.startswith("# - ")]


def test_without_approval_policies_there_is_none(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    for file in (tmp_path / "policies" / "approvals").glob("*.yaml"):
        file.unlink()
    code, out, err = itsm("-C", str(tmp_path), "export", "codeowners")
    assert (code, out) == (2, "")
    assert "there is no valid ApprovalPolicy" in err
