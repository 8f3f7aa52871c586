"""Policies asked together say what each says by itself, whatever the others do."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.configuration import PolicySettings
from itsm_as_code.policies.cel.batch import Batch, Question
from itsm_as_code.policies.cel.environment import Context, Environment
from itsm_as_code.policies.engine import PolicyEngine
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import NOW, SMALL
from tests.snapshots import catalogue_of, folder

REGISTRY = KindRegistry.load()
WHERES = ["true", "object.spec.tier < 3", "object.metadata.labels.x == 'a'", "dyn('no boolean')", "// a comment\ntrue"]
REQUIRES = [
    "object.spec.tier == 2",
    "has(object.spec.runbook)",
    "object.metadata.labels.x == 'a'",
    "1 / (object.spec.tier - 2) == 1",
    "dyn(1)",
    "object.spec.tier <= params.most",
    "[1].all(params, params == 1)",
    "records('Service').size() > 2 // a comment",
    "'üé\"' != params.word",
]
LABELS: list[dict[str, str]] = [{}, {}, {"x": "a"}]
PARAMS: dict[str, dict[str, Any]] = {"most": {"default": 2}, "word": {"default": 'a"\\ü😀'}}


def policy(name: str, where: str, require: str, labels: dict[str, str], params: dict[str, Any]) -> str:
    match = {"kinds": ["Service"], "where": where} | ({"labels": labels} if labels else {})
    examples = [{"name": kind, "expect": kind, "object": {"kind": "Service"}} for kind in ("pass", "fail")]
    spec = {"severity": "error", "match": match, "require": require, "message": "'no'", "remedy": "Mend."}
    spec |= {"examples": examples, "params": params}
    data = {"apiVersion": "itsm/v1", "kind": "Policy", "metadata": {"name": name, "title": name}, "spec": spec}
    return yaml.safe_dump(data, allow_unicode=False)


def services() -> dict[str, Any]:
    contents: dict[str, Any] = folder(SMALL)
    text = contents["services/newsletter.yaml"].decode()
    for index in range(12):
        labels = ("", "labels: {x: a}, ", "labels: {x: b}, ")[index % 3]
        other = text.replace("name: newsletter, ", f"name: n{index}, {labels}").replace(
            "tier: 4", f"tier: {index % 4 + 1}"
        )
        contents[f"services/n{index}.yaml"] = other.encode()
    return contents


CONTENTS = services()
FROM_RECORD = {"most": {"default": 2, "from": {"label": "y"}}, "word": {"default": "a"}}
RULES = st.tuples(
    st.sampled_from(WHERES), st.sampled_from(REQUIRES), st.sampled_from(LABELS), st.sampled_from([PARAMS, FROM_RECORD])
)


def catalogue(rules: list[Any]) -> Catalogue:
    files = dict(CONTENTS)
    for index, rule in enumerate(rules):
        files[f"policies/p{index}.yaml"] = policy(f"p{index}", *rule).encode()
    found = catalogue_of(files, REGISTRY)
    assert [finding.message for finding in found.findings] == []
    return found


@given(st.lists(RULES, min_size=1, max_size=6))
@settings(max_examples=12)
def test_together_is_as_by_itself(rules: list[Any]) -> None:
    rule_set = catalogue(rules)
    facts = Facts.of(rule_set)
    engine = PolicyEngine(rule_set, PolicySettings(), facts, NOW)
    environment = Environment(facts, NOW, facts)
    for record in rule_set.of_kind("Service"):
        together = {outcome.policy: (outcome.status, outcome.message) for outcome, _ in engine.judge(record)}
        activation = environment.activation(Context(record.data, NOW))
        alone = {
            one.name: one.judge(record.data, environment, activation) for one in engine.usable if "Service" in one.kinds
        }
        assert together == {name: answer for name, answer in alone.items() if answer[0] != "skip"}


def test_one_that_fails_leaves_the_others_their_answers() -> None:
    environment = Environment(Facts({}), NOW)
    questions = [
        Question("true", "object.a == 1", {}),
        Question("false", "true", {}),
        Question("true", "1 / 0 == 1", {}),
    ]
    activation = environment.activation(Context({"a": 2}, NOW))
    assert Batch(questions[:2], environment).ask(activation) == [2, 0]
    assert Batch(questions, environment).ask(activation) == [None, None, None]
    assert Batch([*questions[:2], Question("true", "true", None)], environment).ask(activation) == [2, 0, None]
    assert (
        Batch(questions[:2], environment).ask(environment.activation(Context({"a": 1}, NOW, size=1 << 20)))
        == [None] * 2
    )
    deep = Question("true", "(" * 27 + "true" + ")" * 27, {})
    assert Batch([questions[0], deep], environment).ask(activation) in ([2, None], [2, 1])
