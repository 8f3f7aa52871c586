"""The gate judges what a pull request can affect: it says the same as if it judged everything, and with a cache."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.cache import Cache
from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import Decision, evaluate, findings
from itsm_as_code.gate.candidate import read_candidate
from itsm_as_code.git.repository import Repository
from itsm_as_code.policies.cel.reach import Sieve, asks_by_own_names, mentions, reads
from itsm_as_code.records.diff import diff_catalogues
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.validation import validate
from tests.attacks.tools import SERVICE, STANDARD, STANDARD_PATH, WAIVER, WAIVER_PATH
from tests.conftest import NOW, Workshop, copied

POLICY = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: %s, title: A policy that looks around}
spec:
  severity: %s
  match: {kinds: [%s], where: "%s"}
  require: "%s"
  message: "'it is not so for ' + object.metadata.name"
  remedy: Make it so.
  examples: [{name: a, expect: pass, object: {kind: A}}, {name: b, expect: fail, object: {kind: A}}]
"""
_TIER = "record('Service', d.service).spec.tier"
_ON_SERVICES = "record('Service', s) != null && record('Service', s).spec.tier > 1"
LOOKING = {
    "by-reference": ("error", "Service", "has(object.spec.dependsOn)", f"object.spec.dependsOn.all(d, {_TIER} <= 2)"),
    "by-a-made-name": ("error", "Service", "true", "record('Service', 'orders' + '').spec.tier == 2"),
    "by-another": ("error", "Service", "object.metadata.name != 'x'", "owner('orders').spec.members.size() > 0"),
    "by-all": ("warning", "Service", "object.spec.lifecycle == 'live'", "records('Change').all(c, has(c.spec.test))"),
    "by-graph": ("error", "Service", "true", "dependents(object.metadata.name).size() <= 1"),
    "by-risk": ("error", "Change", "object.spec.status in ['proposed', 'scheduled']", "risk.level == 'low'"),
    "by-change": ("warning", "Change", "object.spec.status != 'draft'", f"object.spec.services.all(s, {_ON_SERVICES})"),
    "own": ("error", "Change", "object.spec.type == 'normal'", "has(object.spec.backout)"),
}


@pytest.fixture(scope="module")
def organisation(first_workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A base with rules that look at more than one record, and with records that break some of them."""
    from tests.conftest import copy_tree

    path = tmp_path_factory.mktemp("organisation") / "repository"
    copy_tree(first_workshop.path, path)
    shop = Workshop(path, first_workshop.clock)
    shop.git("checkout", "-q", "main")
    for name, (severity, kind, where, require) in LOOKING.items():
        shop.write(f"policies/{name}.yaml", POLICY % (name, severity, kind, where, require))
    shop.change("chg-20261101-old")
    shop.change("chg-20261102-done", proposed="closed")
    shop.change("chg-20261103-also", **{"2026-12-01T20": "2026-12-02T20", "2026-12-01T22": "2026-12-02T22"})
    shop.write(STANDARD_PATH, STANDARD)
    waiver = WAIVER.replace("backout-is-planned", "by-change").replace("chg-20261122-tune", "chg-20261101-old")
    shop.write(WAIVER_PATH, waiver)
    shop.write("services/lonely.yaml", (SERVICE % "lonely").replace("team-shop", "team-nobody"))
    shop.commit("Rules that look around", who="erin")
    shop.git("branch", "-f", "topic", "main")
    shop.git("checkout", "-q", "topic")
    return shop


def edit(path: str, old: str, new: str) -> Callable[[Workshop], None]:
    return lambda shop: shop.edit(path, old, new)


def new_change(name: str, **replaced: str) -> Callable[[Workshop], None]:
    return lambda shop: shop.change(name, **replaced) and None


EDITS: dict[str, Callable[[Workshop], None]] = {
    "a tier": edit("services/orders.yaml", "tier: 2", "tier: 1"),
    "a tier below": edit("services/database.yaml", "tier: 2", "tier: 3"),
    "a title": edit("services/web-shop.yaml", "title:", "title: The"),
    "a dependency": edit("services/orders.yaml", "strength: hard", "strength: soft"),
    "a retired service": edit("services/newsletter.yaml", "lifecycle: live", "lifecycle: retired"),
    "a deleted service": lambda shop: (shop.path / "services/database.yaml").unlink(),
    "a moved service": lambda shop: shop.git("mv", "services/lonely.yaml", "services/alone.yaml") and None,
    "a broken service": lambda shop: shop.write("services/orders.yaml", "a: ["),
    "an invalid service": edit("services/orders.yaml", "tier: 2", "tier: 9"),
    "a new service": lambda shop: shop.write("services/team-x.yaml", SERVICE % "team-x"),
    "a look-alike": lambda shop: shop.write("services/sub/orders.yaml", SERVICE % "orders"),
    "a new change": new_change("chg-20261122-tune"),
    "an overlap": new_change("chg-20261122-next", **{"[newsletter]": "[newsletter, orders]"}),
    "a failed change": new_change("chg-20261122-bad", proposed="failed"),
    "a change waived": edit("changes/2026/11/22/chg-20261101-old.yaml", "Send in", "Send out"),
    "a change of services": edit("changes/2026/11/22/chg-20261103-also.yaml", "[newsletter]", "[orders]"),
    "a change deleted": lambda shop: (shop.path / "changes/2026/11/22/chg-20261101-old.yaml").unlink(),
    "a text only": lambda shop: shop.write("changes/2026/11/22/chg-20261102-done.yaml", b"# hi\n" + (
        shop.path / "changes/2026/11/22/chg-20261102-done.yaml").read_bytes()),
    "a readme": lambda shop: shop.write("README.md", "Hello."),
    "a team": edit("people/teams/team-shop.yaml", "title:", "title: The"),
    "a policy": edit("policies/by-graph.yaml", "<= 1", "<= 2"),
    "a freeze": edit("changes/calendars/year-end.yaml", "title:", "title: The"),
}  # fmt: skip

HERE = ("known", "validUntil", "digest")
"""Parts of the evidence that tell what was judged: they differ from a judgement of everything."""


def decide(shop: Workshop, stored: StoredRecords | None = None) -> Decision:
    return evaluate(Repository(shop.path), "main", "topic", parse_pull_request(shop.pull_request(), "r"), NOW, stored)


def essence(decision: Decision) -> dict[str, Any]:
    return {key: value for key, value in decision.as_data().items() if key not in HERE}


def known(decision: Decision) -> set[tuple[Any, ...]]:
    return {tuple(item[key] for key in ("rule", "path", "line", "column")) for item in decision.evidence["known"]}


_RANDOM = random.Random(29)
_NAMES = _RANDOM.sample(sorted(EDITS), len(EDITS))
CASES: list[Any] = [tuple(_NAMES[start::6]) for start in range(6)]
"""Each edit in one of a few groups; alone, and in groups of chance, in the deep run."""
CASES += [pytest.param((name,), marks=pytest.mark.deep) for name in EDITS]
CASES += [
    pytest.param(tuple(_RANDOM.sample(sorted(EDITS), _RANDOM.randint(2, 4))), marks=pytest.mark.deep) for _ in range(40)
]


@pytest.mark.parametrize("names", CASES)
def test_the_verdict_is_that_of_judging_everything(
    organisation: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    from tests.conftest import copy_tree

    copy_tree(organisation.path, tmp_path / "repository")
    shop = Workshop(tmp_path / "repository", organisation.clock)
    for name in names:
        try:
            EDITS[name](shop)
        except (AssertionError, OSError):
            continue  # another edit took the file away
    shop.commit()
    shop.review("bob")
    here = decide(shop)
    if len(names) > 1:
        records = StoredRecords(Cache(tmp_path / "cache"))
        assert decide(shop, records).as_data() == here.as_data(), "the first run with a cache"
        assert decide(shop, records).as_data() == here.as_data(), "the second"
    monkeypatch.setattr(findings, "focus_of", lambda candidate: None)
    whole = decide(shop)
    assert essence(here) == essence(whole)
    assert known(here) <= known(whole)


@pytest.mark.parametrize("name", EDITS)
def test_records_that_differ_stand_at_paths_that_differ(organisation: Workshop, tmp_path: Path, name: str) -> None:
    shop = copied(organisation, tmp_path)
    EDITS[name](shop)
    head = shop.commit()
    repository = Repository(shop.path)
    candidate = read_candidate(repository, repository.commit("main"), head, parse_pull_request({}, "r"), NOW)
    everything = diff_catalogues(candidate.rule_set.catalogue, candidate.catalogue)
    assert [diff for diff in candidate.diffs if diff.fields or len(diff.paths) > 1] == everything


def test_it_is_little_that_is_judged(organisation: Workshop) -> None:
    """Otherwise the tests above would prove nothing about leaving out."""
    repository = Repository(organisation.path)
    head = organisation.git("rev-parse", "main")
    candidate = read_candidate(repository, head, head, parse_pull_request({}, "r"), NOW)
    focus = findings.focus_of(candidate)
    assert focus is not None
    assert focus.records == frozenset()
    assert findings.findings_of(candidate).validation.outcomes == ()
    everything = validate(candidate.rule_set.catalogue.snapshot, NOW)
    assert everything.policies == len(LOOKING) + 1
    failing = {outcome.policy for outcome in everything.outcomes if outcome.status == "fail"}
    assert len(failing) >= 2, "there is something known to leave out"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("object.spec.a == 1", set()),
        ("record('Service', object.spec.service) != null", {"Service"}),
        ("records('Team').exists(t, t.spec.lead == object.spec.owner)", {"Team"}),
        ("record(object.spec.kind, 'a') != null", None),
        ("record('Ser' + 'vice', 'a') != null", None),
        ("owner('a') != null && frozen('a', 'b', 'c')", {"Service", "Team", "Calendar"}),
        ("budget('a') != null", {"Calendar", "Incident", "ServiceLevelAgreement"}),
        ("risk.level == 'low'", None),
        ("object.spec.risk.level == 'low'", set()),
        ("'risk record(x)' == object.spec.text", set()),
        ("something(object)", None),
        ("not an expression", None),
    ],
)
def test_which_kinds_an_expression_asks_for(expression: str, expected: set[str] | None) -> None:
    assert reads(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("record('Service', object.spec.service) != null", True),
        ("object.spec.on.all(d, record('Service', d.service) != null)", True),
        ("object.spec.on.filter(d, d.hard).map(d, d.service).all(s, owner(s) != null)", True),
        ("object.spec.on.map(d, 'orders').all(s, owner(s) != null)", False),
        ("['orders'].map(d, d).all(s, owner(s) != null)", False),
        ("dependents(object.metadata.name).size() == 0", True),
        ("record('Service', 'x') != null", False),
        ("record('Service', object.spec.a + 'x') != null", False),
        ("record('Service', record('Team', object.spec.a).spec.b) != null", False),
        ("dependents(object.metadata.name).all(s, record('Service', s) != null)", False),
        ("records('Service').size() > 0", False),
        ("record('Service', params.name) != null", False),
        ("record('Service', object.spec.a ? object.spec.b : object.spec.c) != null", False),
        ("record('Service', object.spec.a.replace('a', 'b')) != null", False),
        ("['a'].filter(x, true).all(n, record('Service', n) != null)", False),
        ("object.spec.list.map(x, 'a').all(n, record('Service', n) != null)", False),
    ],
)
def test_whether_an_expression_asks_by_names_of_the_record(expression: str, expected: bool) -> None:
    assert asks_by_own_names(expression) is expected


def test_conditions_that_are_false_at_first_sight() -> None:
    conditions = [
        "object.spec.type == 'normal' && object.spec.status in ['a', 'b'] && risk.level == 'low'",
        "object.spec.type != 'normal'",
        "!(object.spec.status in ['a', 'b'])",
        "object.spec.type == 'normal' || object.spec.status == 'a'",
        "object.spec.size == 3",
        "true",
    ]
    sieve = Sieve(conditions)
    expected = {
        ("normal", "a"): (0, 3, 4, 5),
        ("normal", "c"): (2, 3, 4, 5),
        ("other", "c"): (1, 2, 3, 4, 5),
        (None, "c"): (1, 2, 3, 4, 5),
        (7, "b"): (0, 1, 3, 4, 5),
    }
    for (type_, status), places in expected.items():
        assert sieve.passing({"spec": {"type": type_, "status": status}}) == places
    assert sieve.passing({"spec": {"type": {}, "status": []}}) == (0, 1, 2, 3, 4, 5)
    assert sieve.passing({"spec": "text"}) == (0, 1, 2, 3, 4, 5)
    twice = Sieve(["!!(object.spec.type == 'normal')"])
    assert [twice.passing({"spec": {"type": name}}) for name in ("normal", "other")] == [(0,), ()]
    assert Sieve(["object.`in`"]).passing({"in": True}) == (0,), "a field may be called as an operator"


@pytest.mark.parametrize(
    ("condition", "needs"),
    [
        ("object.a == 'b' && old != null && old.spec.status != 'closed'", {"old"}),
        ("null != request", {"request"}),
        ("!(change == null)", {"change"}),
        ("!!(change != null)", {"change"}),
        ("old != null || object.a == 'b'", set()),
        ("old == null", set()),
        ("!(old != null)", set()),
        ("object.old != null", set()),
        ("object.all.exists(old, old != null)", set()),
        ("old != ", set()),
    ],
)
def test_a_record_that_nobody_touches_fits_no_condition_on_what_it_was(condition: str, needs: set[str]) -> None:
    sieve, data = Sieve([condition]), {"a": "b"}
    for missing in (frozenset[str](), frozenset({"old"}), frozenset({"change"}), frozenset({"request"})):
        assert sieve.passing(data, missing) == (() if needs & missing else (0,))
    assert sieve.passing(data) == (() if needs else (0,))


def test_what_names_say() -> None:
    assert mentions("risk.level", "risk")
    assert not mentions("object.risk", "risk")


def test_what_a_budget_rests_on() -> None:
    """Every kind that the function asks the facts for, whatever the records say."""
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.service_levels.budget import error_budgets

    asked: set[str] = set()

    class Watched(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return super().get(key, default)

    objective = {"name": "up", "indicator": "availability", "unit": "percent", "comparison": "at-least"}
    objective |= {"target": "99.5", "window": {"rolling": "P28D"}, "hours": "office"}  # type: ignore[dict-item]
    agreement = {"metadata": {"name": "s"}, "spec": {"type": "sla", "service": "orders", "objectives": [objective]}}
    office = {"spec": {"timezone": "UTC", "entries": []}}
    facts = Facts(Watched({"ServiceLevelAgreement": {"s": agreement}, "Calendar": {"office": office}}))
    assert error_budgets(facts, "orders", NOW)
    assert asked == reads("budget('orders') != null") == {"Calendar", "Incident", "ServiceLevelAgreement"}


def test_a_condition_with_parameters_still_rules_records_out(organisation: Workshop, tmp_path: Path) -> None:
    """Otherwise one such policy has every record judged."""
    from tests.conftest import copy_tree

    copy_tree(organisation.path, tmp_path / "repository")
    shop = Workshop(tmp_path / "repository", organisation.clock)
    shop.git("checkout", "-q", "main")
    for name in LOOKING:
        (shop.path / f"policies/{name}.yaml").unlink()
    where = "object.spec.status == 'draft' && records('Service').size() > params.most"
    text = POLICY % ("by-parameter", "error", "Change", where, "false")
    shop.write("policies/by-parameter.yaml", text + "  params: {most: {default: 1, description: How many.}}\n")
    shop.commit("One rule", who="erin")
    shop.git("checkout", "-q", "-B", "topic", "main")
    shop.edit("services/orders.yaml", "tier: 2", "tier: 1")
    shop.commit()
    repository = Repository(shop.path)
    base, head = shop.git("rev-parse", "main"), shop.git("rev-parse", "topic")
    candidate = read_candidate(repository, base, head, parse_pull_request(shop.pull_request(), "r"), NOW)
    focus = findings.focus_of(candidate)
    assert focus is not None
    assert {str(record) for record in focus.records} == {"Service orders"}
