"""Mistakes in expressions: each one a finding at the word that is wrong, with the word that was meant."""

from __future__ import annotations

from functools import cache

import pytest

from itsm_as_code.findings import Problem
from itsm_as_code.policies.cel.diagnosis import Diagnosis, problems_of
from itsm_as_code.policies.cel.environment import FUNCTIONS, CompileError, Environment, look_ups
from itsm_as_code.policies.cel.fields import Schemas
from itsm_as_code.policies.cel.look_ups import LOOK_UPS
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.validation import validate
from tests.conftest import NOW, SMALL
from tests.snapshots import Memory, folder

REGISTRY = KindRegistry.load()
ENVIRONMENT = Environment(Facts({}))


def diagnose(text: str, *kinds: str, wanted: str = "bool", params: dict[str, object] | None = None) -> list[Diagnosis]:
    expressions = [(("spec", "require"), text, wanted)]
    return list(problems_of(expressions, ENVIRONMENT, Schemas(REGISTRY, kinds or ("Change",)), params))


def one(text: str, *kinds: str, wanted: str = "bool", params: dict[str, object] | None = None) -> Problem:
    (found,) = diagnose(text, *kinds, wanted=wanted, params=params)
    return found.problem


WRONG_NAMES = [
    ("has(objct.spec.runbook)", "objct", "there is no variable 'objct'", "did you mean 'object'?"),
    ("true && nwo > day('2026-01-01')", "nwo", "there is no variable 'nwo'", "did you mean 'now'?"),
    ("lookup('x') == null", "lookup", "there is no function 'lookup'", "mend the expression"),
    ("recrod('Team', 'x') == null", "recrod", "there is no function 'recrod'", "did you mean 'record'?"),
    ("true\n && object.kind.startWith('a')", "startWith", "there is no function 'startWith'", "did you mean"),
    ("object.spec.services.exsts(s, s == 'a')", "s, s", "there is no variable 's'", "variables are"),
    ("object.spec.services.all(s, t == s)", "t ==", "there is no variable 't'", "variables are: change, now, object"),
    ("params.dys > 3", "dys", "there is no parameter 'dys'", "did you mean 'days'?"),
    ("1 == 'x'", "==", "'==' does not take (int, string)", "compare like with like"),
    ("period(1) > duration('1h')", "period", "'period()' does not take (int)", "compare"),
    ("object.kind = 'x'", "=", "'=' is no part of CEL; compare with ==", "mend"),
    ("(object.kind", "", "the expression ends where ')' is expected", "mend"),
    ("1 + 1", "1", "the expression gives int, not true or false", "mend"),
    ("'yes'", "'yes'", "the expression gives string, not true or false", "mend"),
    ("now", "now", "the expression gives timestamp, not true or false", "mend"),
]


@pytest.mark.parametrize(("text", "token", "message", "remedy"), WRONG_NAMES)
def test_what_does_not_compile_is_shown_at_its_word(text: str, token: str, message: str, remedy: str) -> None:
    found = diagnose(text, params={"days": {}})
    assert not found[0].compiles
    problem = found[0].problem
    assert message in problem.message
    assert problem.offset is not None
    assert text[problem.offset :].startswith(token) or (not token and problem.offset == len(text))
    assert problem.remedy.startswith(remedy)


WRONG_FIELDS = [
    ("object.spec.stauts == 'draft'", "stauts", "'object.spec' has no field 'stauts'", "did you mean 'status'?"),
    ("object.spce.status == 'draft'", "spce", "'object' has no field 'spce'", "did you mean 'spec'?"),
    ("object['spec']['stauts'] == 'draft'", "'stauts'", "has no field 'stauts'", "did you mean 'status'?"),
    ("old == null || old.spec.stauts == 'draft'", "stauts", "'old.spec' has no field", "did you mean 'status'?"),
    ("change.spec.typ == 'normal'", "typ", "'change.spec' has no field 'typ'", "did you mean 'type'?"),
    ("object.metadata.labells.pci == 'a'", "labells", "no field 'labells'", "did you mean 'labels'?"),
    ("record('Service', 'a').spec.teir == 1", "teir", "no field 'teir'", "did you mean 'tier'?"),
    ("record('Servce', 'a') == null", "'Servce'", "there is no kind 'Servce'", "did you mean 'Service'?"),
    ("records('Team').all(t, t.spec.membrs == [])", "membrs", "no field 'membrs'", "did you mean 'members'?"),
    ("records('Team').filter(t, true).exists(t, t.spc == [])", "spc", "no field 'spc'", "did you mean 'spec'?"),
    ("records('Team').map(t, t.spec)[0].membrs == []", "membrs", "no field 'membrs'", "did you mean 'members'?"),
    ("owner('a').spec.membrs == []", "membrs", "no field 'membrs'", "did you mean 'members'?"),
    ("budget('a').remainin > 0.0", "remainin", "no field 'remainin'", "did you mean 'remaining'?"),
    ("risk.leve == 'low'", "leve", "no field 'leve'", "did you mean 'level'?"),
    ("request.auther == 'a'", "auther", "no field 'auther'", "did you mean 'author'?"),
    ("object.metadata.name.first == 'a'", "first", "'object.metadata.name' is string, which has no field", "read"),
    ("has(object.spec.backot.steps)", "backot", "no field 'backot'", "did you mean 'backout'?"),
    ("(true ? object : old).spec.stauts == ''", "stauts", "no field 'stauts'", "did you mean 'status'?"),
    ("object.spec.status == 'draf'", "'draf'", "'object.spec.status' is never 'draf'", "did you mean 'draft'?"),
    ("'draf' != object.spec.status", "'draf'", "'object.spec.status' is never 'draf'", "did you mean 'draft'?"),
    ("object.spec.status in ['draft', 'propose']", "'propose'", "is never 'propose'", "did you mean 'proposed'?"),
    ("object.kind == 'Chnage'", "'Chnage'", "'object.kind' is never 'Chnage'", "did you mean 'Change'?"),
    ("risk.level == 'hgih'", "'hgih'", "'risk.level' is never 'hgih'", "did you mean 'high'?"),
    ("object.spec.type == 1", "1", "'object.spec.type' is never 1", "its values are: emergency, normal, standard"),
]


@pytest.mark.parametrize(("text", "token", "message", "remedy"), WRONG_FIELDS)
def test_a_field_or_value_that_there_is_not_is_shown_at_its_word(
    text: str, token: str, message: str, remedy: str
) -> None:
    (found,) = diagnose(text)
    assert found.compiles
    assert message in found.problem.message
    assert found.problem.offset is not None
    assert text[found.problem.offset :].startswith(token)
    assert found.problem.remedy.startswith(remedy)


RIGHT = [
    "has(object.spec.mine) && object.spec.mine == 'x'",
    "!has(object.spec.own) || object.spec.own.deeper == 'x'",
    "object.metadata.labels.anything == 'a' && object.metadata.labels['x/y'] == 'b'",
    "object.metadata.annotations.all(key, key != '')",
    "object.spec.services.all(object, object != '') && object.spec.status == 'draft'",
    "object.spec.services.map(s, record('Service', s)).all(s, s == null || s.spec.tier < 3)",
    "owner(object.spec.services[0]).spec.members.size() > 1",
    "old == null || old.spec.status in ['draft', 'proposed']",
    "[object.spec.status].all(state, state != 'anything')",
    "math.greatest(1, 2) == 2 && type(1) == int",
    "params.days > 3 && params['days'] > 3",
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_a_record_can_have_is_let_through(text: str) -> None:
    assert diagnose(text, params={"days": {}}) == []


def test_with_several_kinds_one_of_them_has_to_have_the_field() -> None:
    assert diagnose("object.spec.tier == 1 || object.spec.members == []", "Service", "Team") == []
    assert one("object.spec.teir == 1", "Service", "Team").remedy == "did you mean 'tier'?"
    assert diagnose("object.kind == 'Team'", "Service", "Team") == []
    assert one("object.kind == 'Change'", "Service", "Team").message == "'object.kind' is never 'Change'"


def test_has_of_nearly_a_field_is_doubted() -> None:
    """It is false for every record, and no example has to show it."""
    (found,) = diagnose("has(object.spec.stauts) && object.spec.stauts == 'x'", "Change")
    assert (found.is_doubt, found.compiles) == (True, True)
    assert found.problem.message == "'object.spec' never has a field 'stauts', so has() is false"
    assert found.problem.remedy == "did you mean 'status'?"


def test_a_guard_in_one_expression_of_a_policy_serves_the_others() -> None:
    where = ("spec", "match", "where"), "has(object.spec.own)", "bool"
    require = ("spec", "require"), "object.spec.own == 1", "bool"
    schemas = Schemas(REGISTRY, ("Change",))
    assert list(problems_of([where, require], ENVIRONMENT, schemas)) == []
    assert len(list(problems_of([require], ENVIRONMENT, schemas))) == 1


def test_a_message_is_text() -> None:
    assert diagnose("'a' + object.metadata.name", wanted="string") == []
    assert one("1", wanted="string").message == "the expression gives int, not text"


@cache
def known_calls(name: str) -> bool:
    """True when the runtime knows a function of that name, in some form."""
    shapes = [f"{prefix}{name}({', '.join(['object'] * count)})" for prefix in ("", "object.", "math.", "strings.")
              for count in range(4)]  # fmt: skip
    for shape in (*shapes, f"object.{name}(x, true)", f"{name}(object.a)"):
        try:
            ENVIRONMENT.compile(shape)
        except CompileError:
            continue
        return True
    return False


def test_the_functions_that_are_offered_are_those_that_there_are() -> None:
    assert {name for name in FUNCTIONS if not known_calls(name)} == set()
    assert {name for name, *_ in look_ups(Facts({}), None)} == LOOK_UPS.keys()
    assert not known_calls("lookup")


POLICY = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: wrong, title: Wrong}
spec:
  severity: error
  match:
    kinds: [Service, Chnage]
    where: >-
      object.kind == 'Service'
      && object.spec.teir < 3
  require: |
    // a comment
    has(object.spec.runbook) ||
      objct.spec.tier > 2
  message: "'its \\"' + objec.metadata.name"
  remedy: Mend it.
  examples:
    - {name: good, expect: pass, object: {kind: Service, spec: {}}}
    - {name: bad, expect: fail, object: {kind: Service, spec: {}}}
"""
APPROVALS = """\
apiVersion: itsm/v1
kind: ApprovalPolicy
metadata: {name: wrong, title: Wrong}
spec:
  rules:
    - name: one
      match:
        kinds: [Change, Servce]
        where: "object.spec.status == 'proposd'"
      approvals: []
    - name: two
      match: {kinds: [Change], where: 'objct.spec.type == ''normal'''}
      approvals: []
"""


def test_each_mistake_is_at_its_own_line_and_column() -> None:
    files = folder(SMALL) | {"policies/wrong.yaml": POLICY, "policies/approvals/wrong.yaml": APPROVALS}
    found = [
        f"{finding.location} {finding.rule}: {finding.message}; {finding.remedy}"
        for finding in validate(Memory(files), NOW).findings
        if finding.location.path.endswith("wrong.yaml")
    ]
    assert found == [
        "policies/approvals/wrong.yaml:8:25 approval-rule: there is no kind 'Servce'; did you mean 'Service'?",
        (
            "policies/approvals/wrong.yaml:9:39 approval-rule: "
            "'object.spec.status' is never 'proposd'; did you mean 'proposed'?"
        ),
        "policies/approvals/wrong.yaml:12:40 approval-rule: there is no variable 'objct'; did you mean 'object'?",
        "policies/wrong.yaml:7:22 policy-kinds: there is no kind 'Chnage'; did you mean 'Change'?",
        "policies/wrong.yaml:10:22 policy-fields: 'object.spec' has no field 'teir'; did you mean 'tier'?",
        "policies/wrong.yaml:14:7 policy-compiles: there is no variable 'objct'; did you mean 'object'?",
        "policies/wrong.yaml:15:24 policy-compiles: there is no variable 'objec'; did you mean 'object'?",
    ]


def test_every_environment_declares_the_same() -> None:
    """So what is wrong with an expression is worked out once, whatever facts it is then asked of."""
    facts = validate(Memory(folder(SMALL)), NOW).facts
    shown = [[(name, str(takes), str(gives)) for name, takes, gives, _ in look_ups(*of)]
             for of in ((Facts({}), None), (facts, NOW))]  # fmt: skip
    assert shown[0] == shown[1]
    asked = [(("spec", "require"), "nwo == 1", "bool")]
    schemas = Schemas(REGISTRY, ("Change",))
    assert problems_of(asked, Environment(facts, NOW), schemas) is problems_of(asked, ENVIRONMENT, schemas)
