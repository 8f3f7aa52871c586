"""Policy packs that itsm.yaml switches on: their policies judge, in validate and in the gate, by the base alone."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import shipped
from itsm_as_code import wheel as own_wheel
from itsm_as_code.configuration import Override, PolicySettings, load_configuration
from itsm_as_code.findings import Severity
from itsm_as_code.policies.packs import type_mismatch
from itsm_as_code.policies.policy import policies_of
from itsm_as_code.records.document import parse
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.validation import Validation, load_rule_set, validate
from tests.attacks.tools import approve, on_main
from tests.conftest import NORMAL_CHANGE, NOW, ROOT, SMALL, Workshop, codes
from tests.snapshots import Memory, folder

HEAD = "apiVersion: itsm/v1\nkind: Configuration\nspec:\n  policies:\n"
CHOSEN = "packs: [change-enablement]"


def small(settings: str, **files: str) -> Validation:
    """The small shop with ``settings`` under spec.policies of its itsm.yaml, each line as it stands."""
    text = HEAD + "".join(f"    {line}\n" for line in settings.splitlines())
    return validate(Memory({**folder(SMALL), "itsm.yaml": text, **files}), NOW)


def said(validation: Validation) -> list[str]:
    return [f"{item.location} {item.rule}: {item.message} ({item.remedy})" for item in validation.findings]


# What is chosen applies.


def test_nothing_is_chosen_unless_itsm_yaml_says_so() -> None:
    validation = validate(Memory(folder(SMALL)), NOW)
    assert [record.name for record in validation.catalogue.of_kind("Policy")] == ["backout-is-planned"]
    assert validation.catalogue.of_kind("PolicyPack") == []


def test_the_policies_of_a_chosen_pack_become_records() -> None:
    validation = small(CHOSEN)
    assert said(validation) == []
    names = validation.catalogue.names("Policy")
    assert {"backout-is-planned", "change-lead-time"} < set(names)
    record = validation.catalogue.get("Policy", "change-lead-time")
    assert record is not None
    assert (record.path, record.pack) == ("itsm-packs/change-enablement/change-lead-time.yaml", "change-enablement")
    pack = validation.catalogue.get("PolicyPack", "change-enablement")
    assert pack is not None
    assert set(pack.spec["policies"]) <= set(names)
    assert validation.policies == len(names)


@pytest.mark.parametrize("version", ["1", '"1"', '"1.0"', '"1.0.0"'])
def test_a_version_is_a_prefix(version: str) -> None:
    assert said(small(f"packs: [{{name: operations, version: {version}}}]")) == []


def test_a_policy_of_a_pack_judges() -> None:
    validation = small(CHOSEN, **{"changes/2026/11/22/chg-20261122-hot.yaml": HOT})
    blocking = [(item.rule, str(item.location)) for item in validation.findings if item.severity is Severity.ERROR]
    assert blocking == [("outage-is-communicated", "changes/2026/11/22/chg-20261122-hot.yaml:4:1")]


HOT = NORMAL_CHANGE.replace("  status: proposed\n", "  outage: {expected: full, minutes: 10}\n  status: proposed\n") % {
    "name": "chg-20261122-hot"
}
"""A change with an outage that nobody is told of."""


# What is set differently.


def test_a_policy_is_set_differently_or_left_out() -> None:
    chosen = f"{CHOSEN}\noverrides: [{{policy: outage-is-communicated, severity: info, reason: We try it out.}}]"
    (found,) = small(chosen, **{"changes/2026/11/22/chg-20261122-hot.yaml": HOT}).findings
    assert (found.rule, found.severity) == ("outage-is-communicated", Severity.INFO)
    chosen = f"{CHOSEN}\nexclude: [{{policy: outage-is-communicated, reason: Nobody works at night.}}]"
    validation = small(chosen, **{"changes/2026/11/22/chg-20261122-hot.yaml": HOT})
    assert said(validation) == []
    assert validation.catalogue.get("Policy", "outage-is-communicated") is not None


def test_settings_are_read_in_order() -> None:
    text = HEAD + (
        "    packs: [{name: operations, version: '1.0'}, organisation]\n"
        "    overrides:\n"
        "      - {policy: a, severity: info, since: '2026-12-01', params: {days: 3}, reason: because}\n"
        "    exclude: [{policy: b, reason: why not}]\n"
    )
    configuration, findings = load_configuration(Memory({"itsm.yaml": text}), KindRegistry.load())
    assert findings == []
    settings = configuration.policies
    assert [(pack.name, pack.version) for pack in settings.packs] == [("operations", "1.0"), ("organisation", "")]
    assert settings.override("a") == Override("a", "because", Severity.INFO, "2026-12-01", {"days": 3})
    assert settings.override("b") is None
    assert settings.exclusion("b") is not None
    assert settings.exclusion("a") is None


def test_the_severity_of_a_policy_is_that_of_its_override() -> None:
    rule_set = load_rule_set(Memory(folder(SMALL)))
    overridden = PolicySettings(overrides=(Override("backout-is-planned", "because", Severity.INFO),))
    assert [policy.severity for policy in policies_of(rule_set.catalogue, overridden)] == [Severity.INFO]
    assert [policy.severity for policy in policies_of(rule_set.catalogue, PolicySettings())] == [Severity.ERROR]


PARAMETERS = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: own-rule, title: Own rule}
spec:
  severity: error
  match: {kinds: [Service]}
  params:
    days: {default: 3, description: How long.}
  require: object.spec.tier > 0
  message: "'said'"
  remedy: x
  examples:
    - {name: good, expect: pass, object: {kind: Service, spec: {tier: 1}}}
    - {name: bad, expect: fail, object: {kind: Service, spec: {tier: 0}}}
"""

WRONG = {
    "packs: [change-enablment]": (
        "itsm.yaml:5:13 policy-packs: there is no policy pack 'change-enablment' (did you mean 'change-enablement'?)"
    ),
    "packs: [operations, operations, operations]": "itsm.yaml:5:5 configuration",
    "packs: [operations, {name: operations}]": (
        "itsm.yaml:5:25 policy-packs: the pack 'operations' is named twice (keep one of them)"
    ),
    "packs: [{name: operations, version: '7'}]": (
        "itsm.yaml:5:41 policy-packs: the pack 'operations' is 1.0.0 here, not 7 "
        '(read what has changed, then write version: "1", or leave it out while the program changes)'
    ),
    "packs: [{name: operations, version: '10'}]": "itsm.yaml:5:41 policy-packs: the pack 'operations' is 1.0.0 here",
    "packs: [{name: operations, version: latest}]": "itsm.yaml:5:41 configuration",
    "packs: [{version: '1'}]": "itsm.yaml:5:13 configuration",
    "packs: [change-enablement, service-design, soc2]": (
        "itsm.yaml:5:48 policy-packs: the pack 'soc2' builds on 'operations' (add operations to packs)"
    ),
    "packs: operations": "itsm.yaml:5:12 configuration",
    f"{CHOSEN}\noverrides: [{{policy: change-leed-time, severity: info, reason: x}}]": (
        "itsm.yaml:6:26 policy-packs: there is no policy 'change-leed-time' (did you mean 'change-lead-time'?)"
    ),
    f"{CHOSEN}\nexclude: [{{policy: nothing-like-it, reason: x}}]": (
        "itsm.yaml:6:24 policy-packs: there is no policy 'nothing-like-it' "
        "('itsm policy list' shows the policies that apply)"
    ),
    "exclude: [{policy: change-lead-time, reason: its pack is not chosen}]": (
        "itsm.yaml:5:24 policy-packs: there is no policy 'change-lead-time'"
    ),
    f"{CHOSEN}\nexclude: [{{policy: change-lead-time}}]": "itsm.yaml:6:15 configuration",
    f"{CHOSEN}\nexclude: [{{policy: change-lead-time, reason: ''}}]": "itsm.yaml:6:42 configuration",
    f"{CHOSEN}\noverrides: [{{policy: change-lead-time, severity: info}}]": "itsm.yaml:6:17 configuration",
    f"{CHOSEN}\noverrides: [{{policy: change-lead-time, reason: x}}]": "itsm.yaml:6:17 configuration",
    f"{CHOSEN}\noverrides: [{{policy: change-lead-time, severity: fatal, reason: x}}]": "itsm.yaml:6:54 configuration",
    f"{CHOSEN}\noverrides: [{{policy: change-lead-time, severity: info, reason: x}}]\n"
    "exclude: [{policy: change-lead-time, reason: x}]": (
        "itsm.yaml:7:24 policy-packs: the policy 'change-lead-time' is set twice (keep one of them)"
    ),
    f"{CHOSEN}\noverrides: [{{policy: own-rule, params: {{dayz: 3}}, reason: x}}]": (
        "itsm.yaml:6:51 policy-packs: the policy 'own-rule' has no parameter 'dayz' (did you mean 'days'?)"
    ),
    f"{CHOSEN}\noverrides: [{{policy: own-rule, params: {{days: three}}, reason: x}}]": (
        "itsm.yaml:6:51 policy-packs: the parameter 'days' is a number, not text (its default is 3)"
    ),
    f"{CHOSEN}\noverrides: [{{policy: own-rule, params: {{days: true}}, reason: x}}]": "itsm.yaml:6:51 policy-packs",
    f"{CHOSEN}\noverrides: [{{policy: change-lead-time, params: {{days: 3}}, reason: x}}]": (
        "itsm.yaml:6:59 policy-packs: the policy 'change-lead-time' has no parameter 'days' (it has no parameters)"
    ),
}


@pytest.mark.parametrize("settings", WRONG)
def test_a_mistake_in_the_settings_has_its_place(settings: str) -> None:
    validation = small(settings, **({"policies/own-rule.yaml": PARAMETERS} if "own-rule" in settings else {}))
    assert len([line for line in said(validation) if line.startswith("itsm.yaml")]) == 1, said(validation)
    assert said(validation)[0].startswith(WRONG[settings]), said(validation)


@pytest.mark.parametrize(("days", "severity"), [(14, []), (5, ["warning"])])
def test_a_parameter_is_set_for_the_organisation(days: int, severity: list[str]) -> None:
    problem = (
        "apiVersion: itsm/v1\nkind: Problem\nmetadata: {name: slow, title: Slow}\nspec:\n  services: [orders]\n"
        "  proactive: true\n  owner: team-shop\n  symptom: Slow.\n  detectedAt: '2026-11-12T12:00:00Z'\n  status: new\n"
    )
    chosen = "packs: [iso20000-1, change-enablement, operations, organisation, service-design]\n"
    chosen += f"overrides: [{{policy: problem-is-not-forgotten, params: {{days: {days}}}, reason: We are quick.}}]"
    found = small(chosen, **{"operations/problems/slow.yaml": problem}).findings
    assert [item.severity.value for item in found if item.rule == "problem-is-not-forgotten"] == severity


# No record takes another's place unnoticed.


def lead_time(**replacements: str) -> str:
    text = shipped.pack("change-enablement")["policies/change-enablement/change-lead-time.yaml"].decode()
    for old, new in replacements.items():
        assert old in text
        text = text.replace(old, new)
    return text


def test_a_policy_of_the_same_name_is_refused() -> None:
    weak = lead_time(**{"period('P2D')": "period('P0D')", "  controls: [iso-change-control]\n": ""})
    validation = small(CHOSEN, **{"policies/change-lead-time.yaml": weak})
    assert [(item.rule, str(item.location)) for item in validation.findings] == [
        ("policy-shadowed", "policies/change-lead-time.yaml:5:9")
    ]


def test_a_copy_that_says_the_same_stands_for_the_original() -> None:
    copy = lead_time(**{"  controls: [iso-change-control]\n": ""})
    validation = small(CHOSEN, **{"policies/mine/change-lead-time.yaml": copy})
    assert said(validation) == []
    record = validation.catalogue.get("Policy", "change-lead-time")
    assert record is not None
    assert (record.path, record.pack) == ("policies/mine/change-lead-time.yaml", "")


@pytest.mark.parametrize(("folder", "refused"), [("itsm-packs", True), ("itsm-packs/a", True), ("racks", False)])
def test_no_kind_lies_where_packs_seem_to_lie(folder: str, refused: bool) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "x-kind": {"name": "Rack", "plural": "racks", "folder": folder},
        "type": "object",
    }
    said_of_settings = [
        item.message
        for item in small(CHOSEN, **{"schemas/rack.schema.json": json.dumps(schema)}).findings
        if item.rule == "policy-packs"
    ]
    assert said_of_settings == ["a kind has the folder in which packs seem to lie"] * refused


@pytest.mark.parametrize("rest", ["", "spec:\n", "spec: [1]\n", "spec: {framework: null}\n"])
@pytest.mark.parametrize("kind", ["Control", "Policy"])
def test_a_record_of_that_name_that_breaks_its_schema_is_refused_too(kind: str, rest: str) -> None:
    settings = "packs: [dora-eu]"
    name = small(settings).catalogue.of_kind(kind)[-1].name
    text = f"apiVersion: itsm/v1\nkind: {kind}\nmetadata: {{name: {name}, title: Other}}\n{rest}"
    folder = "policies/controls" if kind == "Control" else "policies"
    rules = {item.rule for item in small(settings, **{f"{folder}/{name}.yaml": text}).findings}
    assert {"policy-shadowed", "record-schema"} <= rules


OWN_PACK = """\
apiVersion: itsm/v1
kind: PolicyPack
metadata: {name: NAME, title: Ours}
spec: {version: 3.1.0, policies: [backout-is-planned]}
"""


OWN_POLICY = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: NAME, title: Nothing}
spec:
  severity: info
  match: {kinds: [Service]}
  require: object.spec.tier > 0
  message: "'said'"
  remedy: x
  examples:
    - {name: good, expect: pass, object: {kind: Service, spec: {tier: 1}}}
    - {name: bad, expect: fail, object: {kind: Service, spec: {tier: 0}}}
"""


def test_a_pack_of_the_repository_comes_before_that_of_the_program() -> None:
    files = {"policies/packs/operations.yaml": OWN_PACK.replace("NAME", "operations")}
    validation = small("packs: [{name: operations, version: '3'}]", **files)
    assert said(validation) == []
    assert validation.catalogue.names("Policy") == ["backout-is-planned"]


def test_a_broken_pack_of_the_repository_is_not_replaced_by_another() -> None:
    files = {"policies/packs/operations.yaml": OWN_PACK.replace("NAME", "operations").replace("3.1.0", "three")}
    validation = small("packs: [operations]", **files)
    assert [item.rule for item in validation.findings] == ["record-schema"]
    assert validation.catalogue.names("Policy") == ["backout-is-planned"]


# The gate: the base chooses.


def settled(workshop: Workshop, settings: str = CHOSEN) -> Workshop:
    """The settings are on main, and topic starts there."""
    configuration = (SMALL / "itsm.yaml").read_text()
    indented = "".join(f"    {line}\n" for line in settings.splitlines())
    with on_main(workshop):
        workshop.write("itsm.yaml", f"{configuration}  policies:\n{indented}")
    return workshop


def test_a_pack_that_the_base_chose_rejects(workshop: Workshop) -> None:
    shop = settled(workshop)
    shop.write("changes/2026/11/22/chg-20261122-hot.yaml", HOT)
    shop.commit("Hot")
    assert "finding:outage-is-communicated" in codes(shop.judge())


@pytest.mark.parametrize(
    "weaker",
    [
        "packs: []",
        f"{CHOSEN}\nexclude: [{{policy: outage-is-communicated, reason: x}}]",
        f"{CHOSEN}\noverrides: [{{policy: outage-is-communicated, severity: info, reason: x}}]",
    ],
)
def test_a_pull_request_cannot_switch_off_what_judges_it(workshop: Workshop, weaker: str) -> None:
    shop = settled(workshop)
    shop.write("changes/2026/11/22/chg-20261122-hot.yaml", HOT)
    indented = "".join(f"    {line}\n" for line in weaker.splitlines())
    shop.write("itsm.yaml", (SMALL / "itsm.yaml").read_text() + f"  policies:\n{indented}")
    shop.commit("Hot, and quiet")
    approve(shop, "bob", "carol", "dave", "erin", "frank")
    decision = shop.judge()
    assert decision.verdict == "rejected"
    assert "finding:outage-is-communicated" in codes(decision)
    rows = [row for row in decision.evidence["policyImpact"] if row["rule"] == "outage-is-communicated"]
    assert [(row["before"], row["after"]) for row in rows] == [("fail", "info" if "severity" in weaker else "absent")]


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("policies/packs/change-enablement.yaml", OWN_PACK.replace("NAME", "change-enablement"), ""),
        ("policies/outage-is-communicated.yaml", OWN_POLICY.replace("NAME", "outage-is-communicated"), "unusable"),
    ],
    ids=["pack", "policy"],
)
def test_a_pull_request_cannot_put_its_own_in_the_place_of_a_packs(
    workshop: Workshop, path: str, text: str, code: str
) -> None:
    shop = settled(workshop)
    shop.write("changes/2026/11/22/chg-20261122-hot.yaml", HOT)
    shop.write(path, text)
    shop.commit("Hot, and quiet")
    approve(shop, "bob", "carol", "dave", "erin", "frank")
    decision = shop.judge()
    assert decision.verdict == "rejected"
    assert "finding:outage-is-communicated" in codes(decision)
    assert ("new-judges-unusable" in codes(decision)) == bool(code)
    assert path in [row["path"] for row in decision.evidence["records"]]


@pytest.mark.parametrize("settings", ["packs: [nothing]", f"{CHOSEN}\nexclude: [{{policy: nothing, reason: x}}]"])
def test_settings_that_name_nothing_keep_the_base_from_judging(workshop: Workshop, settings: str) -> None:
    shop = settled(workshop, settings)
    shop.change()
    shop.commit()
    decision = shop.judge()
    assert (decision.verdict, "judges-unusable" in codes(decision)) == ("rejected", True)


def test_a_pull_request_cannot_bring_settings_that_name_nothing(workshop: Workshop) -> None:
    shop = workshop
    shop.write("itsm.yaml", (SMALL / "itsm.yaml").read_text() + "  policies: {packs: [nothing]}\n")
    shop.commit()
    assert "new-judges-unusable" in codes(shop.judge())


def test_switching_a_pack_on_is_a_change_of_itsm_yaml_alone(workshop: Workshop) -> None:
    workshop.write("itsm.yaml", (SMALL / "itsm.yaml").read_text() + f"  policies: {{{CHOSEN}}}\n")
    workshop.commit()
    decision = workshop.judge()
    assert decision.evidence["records"] == []
    assert [row["path"] for row in decision.evidence["paths"]] == ["itsm.yaml"]


def test_the_digest_covers_what_the_program_brings(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = settled(workshop)
    shop.change()
    shop.commit()
    before = shop.judge().evidence["policyDigest"]
    original = shipped.pack

    def newer(name: str) -> dict[str, bytes]:
        return {path: source + b"# a newer program\n" for path, source in original(name).items()}

    monkeypatch.setattr(shipped, "pack", newer)
    from itsm_as_code.policies.packs import _shipped_pack

    _shipped_pack.cache_clear()
    after = shop.judge().evidence["policyDigest"]
    _shipped_pack.cache_clear()
    assert before != after


def test_a_waiver_names_a_policy_of_a_pack(workshop: Workshop) -> None:
    waiver = (
        "apiVersion: itsm/v1\nkind: Waiver\nmetadata: {name: once, title: Once}\nspec:\n"
        "  policy: outage-is-communicated\n  records: [{kind: Change, name: chg-20261122-hot}]\n"
        "  reason: The tracker is down.\n  risk: Low.\n  requester: alice\n  approver: erin\n"
        "  from: '2026-11-20T00:00:00Z'\n  until: '2026-11-30T00:00:00Z'\n"
    )
    shop = settled(workshop)
    with on_main(shop):
        shop.write("policies/waivers/once.yaml", waiver)
    shop.write("changes/2026/11/22/chg-20261122-hot.yaml", HOT)
    shop.commit("Hot")
    decision = shop.judge()
    assert "finding:outage-is-communicated" not in codes(decision)
    assert [row["state"] for row in decision.evidence["waivers"]] == ["waived"]


# What the package brings.


@pytest.mark.parametrize("name", shipped.packs())
def test_a_manifest_lists_the_policies_of_its_folder(name: str) -> None:
    manifest = parse(shipped.pack(name)[f"policies/packs/{name}.yaml"])
    assert manifest["metadata"]["name"] == name
    assert manifest["spec"]["policies"] == sorted(
        Path(path).stem for path in shipped.pack(name) if not path.startswith("policies/packs/")
    )


def test_the_wheel_holds_every_pack() -> None:
    included = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    folders = {path.removeprefix("policies/") for path in included["only-include"] if path.startswith("policies/")}
    assert folders == {"packs", *shipped.packs()}


@pytest.mark.parametrize("name", shipped.packs())
def test_a_pack_is_usable_without_this_repository(name: str) -> None:
    needs = parse(shipped.pack(name)[f"policies/packs/{name}.yaml"])["spec"].get("requires", [])
    validation = small(f"packs: [{', '.join([name, *needs])}]")
    assert [line for line in said(validation) if line.startswith("itsm")] == []  # itsm.yaml and itsm-packs/
    assert validation.policies > 1


PACK_POLICIES = [
    parse(source)
    for name in shipped.packs()
    for path, source in shipped.pack(name).items()
    if not path.startswith("policies/packs/")
]


def test_there_are_enough_policies_and_no_two_of_a_name() -> None:
    names = [policy["metadata"]["name"] for policy in PACK_POLICIES]
    assert len(names) == len(set(names)) >= 48


@pytest.mark.parametrize("policy", PACK_POLICIES, ids=lambda policy: policy["metadata"]["name"])
def test_a_policy_of_a_pack_names_its_controls_and_where_it_comes_from(policy: dict[str, Any]) -> None:
    assert policy["spec"]["controls"]
    assert policy["spec"]["clauses"]
    for control in policy["spec"]["controls"]:
        evidence = parse(shipped.control(control))["spec"]["evidence"]
        assert policy["metadata"]["name"] in [entry.get("policy") for entry in evidence], control


@pytest.mark.parametrize("name", shipped.packs())
def test_the_sources_of_a_pack_are_those_of_its_policies_and_controls(name: str) -> None:
    manifest = parse(shipped.pack(name)[f"policies/packs/{name}.yaml"])["spec"]
    used = {
        clause["framework"]
        for policy in PACK_POLICIES
        if policy["metadata"]["name"] in manifest["policies"]
        for clause in policy["spec"]["clauses"]
    }
    used |= {parse(shipped.control(control))["spec"]["framework"] for control in manifest.get("controls", ())}
    assert {source["framework"] for source in manifest["sources"]} == used


def test_every_control_that_is_shipped_belongs_to_one_pack() -> None:
    place = ROOT / "src/itsm_as_code/starter/controls"
    listed = [
        control
        for name in shipped.packs()
        for control in parse(shipped.pack(name)[f"policies/packs/{name}.yaml"])["spec"].get("controls", ())
    ]
    assert sorted(listed) == sorted(path.stem for path in place.iterdir())
    for control in listed:
        spec = parse(shipped.control(control))["spec"]
        own = parse((ROOT / f"policies/controls/{control}.yaml").read_bytes())["spec"]
        assert (spec["framework"], spec["clause"]) == (own["framework"], own["clause"])
        assert spec.keys() <= {"framework", "clause", "statement", "population", "evidence"}, (
            "an organisation has its own owner"
        )
        assert all(entry in own.get("evidence", ()) for entry in spec.get("evidence", ())), control


@pytest.mark.slow
def test_an_installed_package_brings_every_pack(tmp_path: Path) -> None:
    """A wheel is built and unpacked away from this checkout; a repository made by it is valid with all packs on.

    It is what `itsm init` makes of the running program, which is also what that program makes of itself.
    """
    pytest.importorskip("hatchling.build")
    build = f"from hatchling.build import build_wheel; build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive, zipfile.ZipFile(io.BytesIO(own_wheel.build())) as own:
        assert sorted(own.namelist()) == sorted(archive.namelist())
        alike = [name for name in own.namelist() if ".dist-info/" not in name]
        assert [name for name in alike if own.read(name) != archive.read(name)] == []
        archive.extractall(tmp_path / "installed")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    commands = (["init", "org", "--packs", ",".join(shipped.packs())], ["-C", "org", "validate"])
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "itsm_as_code", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout == "6 records: no findings\n"
    assert (tmp_path / f"org/.itsm/{own_wheel.name()}").read_bytes() == own_wheel.build()


def test_the_items_of_a_list_are_of_the_type_of_those_of_its_default() -> None:
    assert type_mismatch(["b", "c"], ["a"]) is None
    assert type_mismatch([1], []) is None
    assert type_mismatch([1, 2], ["a"]) == "is a list of which each item is text, not a number"
    assert type_mismatch("a", ["a"]) == "is a list, not text"
