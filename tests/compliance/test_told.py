"""What was told in an earlier run stands only where asking again would give the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
import yaml

from itsm_as_code.cache import Cache
from itsm_as_code.cache import Memory as Remembering
from itsm_as_code.clock import parse_instant
from itsm_as_code.compliance import Assessment, Known, assess_controls
from itsm_as_code.compliance import basis as basis_module
from itsm_as_code.compliance import told as told_module
from itsm_as_code.compliance.basis import Basis
from itsm_as_code.compliance.told import Rests, Told
from itsm_as_code.records.index import TreeIndex
from itsm_as_code.validation import Validation, validate
from tests.conftest import NOW, ROOT, SMALL
from tests.edits import FOLDERS
from tests.site.edits import EDITS, Repository
from tests.snapshots import Memory, folder

POLICIES: dict[str, dict[str, Any]] = {
    "of-itself": {"require": "object.spec.summary != 'Nothing.' && object.spec.status == 'implementing'"},
    "of-service": {"require": "record('Service', object.spec.services[0]).spec.tier < 3"},
    "of-team": {"require": "owner(object.spec.services[0]).metadata.title != 'Nobody'"},
    "of-calendar": {"require": "!frozen(object.spec.services[0], object.spec.actual.start, object.spec.actual.end)"},
    "of-incidents": {
        "match": {"kinds": ["Change"], "where": "object.spec.type == 'emergency'"},
        "require": "!records('Incident').exists(i, i.spec.impact == 1)",
    },
    "of-risk": {"require": "risk.level == ''", "message": "risk.likelihood + '/' + risk.impact"},
    "of-graph": {"require": "dependents(object.spec.services[0]).size() < 2"},
    "of-clock": {"require": "now < timestamp('2026-10-15T00:00:00Z')"},
    "of-parameter": {
        "require": "params.tier < 3",
        "params": {"tier": {
            "default": 2, "description": "A tier.",
            "from": {"record": {"kind": "Service", "name": "database"}, "at": "/spec/tier"},
        }},
    },
}  # fmt: skip
RISK = {
    "likelihood": {
        "bands": {"medium": 1, "high": 2, "very-high": 3},
        "factors": [{"name": "history", "source": "service-history",
                     "ranges": [{"below": 85, "points": 2}, {"below": 90, "points": 1}, {"points": 0}]}],
    },
    "impact": {
        "bands": {"medium": 1, "high": 2, "very-high": 3},
        "factors": [{"name": "radius", "source": "blast-radius", "weights": [1],
                     "ranges": [{"below": 2, "points": 0}, {"below": 3, "points": 1}, {"points": 2}]}],
    },
}  # fmt: skip


def record(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "itsm/v1", "kind": kind, "metadata": {"name": name, "title": name}, "spec": spec}


def change(day: str, service: str, **more: Any) -> dict[str, Any]:
    times = {"start": f"{day}T20:00:00Z", "end": f"{day}T22:00:00Z"}
    said = {"type": "normal", "services": [service], "requester": "alice", "summary": "Tune it.", "status": "closed"}
    steps = {"backout": {"steps": ["Back.", "Restart."]}, "result": "successful"}
    return record("Change", _name(day), {**said, **steps, "schedule": times, "actual": times, **more})


def _name(day: str) -> str:
    return f"chg-{day.replace('-', '')}-tune"


def _path(day: str) -> str:
    return f"changes/{day.replace('-', '/')}/{_name(day)}.yaml"


def policy(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    examples = [{"name": said, "expect": said, "object": {"kind": "Change"}} for said in ("pass", "fail")]
    told = {"severity": "error", "match": {"kinds": ["Change"]}, "message": "'no'", "remedy": "Mend it."}
    return record("Policy", name, {**told, "examples": examples, **spec})


def control(*evidence: dict[str, Any]) -> dict[str, Any]:
    told = {"framework": "soc2", "clause": "CC8.1", "statement": "Changes are judged."}
    return record("Control", "c", {**told, "evidence": list(evidence)})


REQUIRED = {"type": "records", "kind": "Change", "require": "object.spec.summary.size() > 5"}
EVIDENCE = [{"type": "policy", "policy": name} for name in POLICIES] + [REQUIRED]
DAYS = {"2026-03-01": "orders", "2026-06-01": "web-shop", "2026-09-01": "orders", "2026-11-20": "database"}


@dataclass
class World:
    """A small organisation with a policy for each thing that an answer can rest on."""

    files: dict[str, Any] = field(default_factory=dict)
    now: datetime = NOW
    started: dict[str, datetime] = field(default_factory=dict)
    shown: Callable[[Validation], Validation] = lambda validation: validation

    def __post_init__(self) -> None:
        self.files = {
            path: yaml.load(content, yaml.CSafeLoader) if path.endswith(".yaml") else content  # type: ignore[arg-type]
            for path, content in folder(SMALL).items()
        }
        self.files["itsm.yaml"]["spec"]["risk"] = deepcopy(RISK)
        self.files |= {f"policies/{name}.yaml": policy(name, spec) for name, spec in POLICIES.items()}
        self.files |= {_path(day): change(day, service) for day, service in DAYS.items()}
        self.spec(_path("2026-06-01"))["type"] = "emergency"
        self.files["policies/controls/c.yaml"] = control(*EVIDENCE)
        self.incident("2026-10-01", 3)

    def incident(self, day: str, impact: int, **more: Any) -> None:
        name = f"inc-{day.replace('-', '')}-slow"
        spec = {
            "services": ["orders"],
            "impact": impact,
            "urgency": 3,
            "status": "new",
            "detectedAt": f"{day}T10:00:00Z",
        }
        self.files[f"operations/incidents/{name}.yaml"] = record("Incident", name, {**spec, **more})

    def spec(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.files[path]["spec"]
        return found

    def validated(self) -> Validation:
        files = {path: orjson.dumps(data) if isinstance(data, dict) else data for path, data in self.files.items()}
        return self.shown(validate(Memory(files), self.now))

    def assess(self, cache: Cache | None = None) -> dict[str, Assessment]:
        return assess_controls(self.validated(), Known(started=self.started, cache=cache))


def _summary(world: World) -> None:
    world.spec(_path("2026-06-01"))["summary"] = "Nothing."


def _tier(world: World) -> None:
    world.spec("services/orders.yaml")["tier"] = 3


def _team(world: World) -> None:
    world.files["people/teams/team-shop.yaml"]["metadata"]["title"] = "Nobody"


def _freeze(world: World) -> None:
    window = {"start": "2026-06-01T00:00:00Z", "end": "2026-06-03T00:00:00Z"}
    world.spec("changes/calendars/year-end.yaml")["entries"].append(window)


def _impact(world: World) -> None:
    world.incident("2026-10-01", 1)


def _blamed(world: World) -> None:
    """A change turns out to have failed: those after it are riskier."""
    world.incident("2026-07-01", 3, causedBy=_name("2026-03-01"))


def _failed(world: World) -> None:
    world.spec(_path("2026-03-01"))["result"] = "failed"


def _needs(world: World) -> None:
    world.spec("services/newsletter.yaml")["dependsOn"] = [{"service": "orders", "strength": "hard"}]


def _parameter(world: World) -> None:
    world.spec("services/database.yaml")["tier"] = 4


def _began(world: World) -> None:
    world.started[_name("2026-11-20")] = parse_instant("2026-10-01T10:00:00Z")


def _risk(world: World) -> None:
    world.spec("itsm.yaml")["risk"]["impact"]["bands"] = {"medium": 2, "high": 3, "very-high": 4}


def _require(world: World) -> None:
    world.spec("policies/of-itself.yaml")["require"] = "object.spec.summary == 'Nothing.'"


def _waiver(world: World) -> None:
    records = [{"kind": "Change", "name": _name("2026-11-20")}]
    said = {"policy": "of-risk", "records": records, "reason": "Once.", "risk": "Low.", "requester": "alice",
            "approver": "erin", "from": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"}  # fmt: skip
    world.files["policies/waivers/w.yaml"] = record("Waiver", "w", said)


def _fewer(world: World) -> None:
    world.files["policies/controls/c.yaml"] = control(*EVIDENCE[1:])


def _all(world: World) -> None:
    world.files["policies/controls/c.yaml"] = control(*EVIDENCE)


def _more(world: World) -> None:
    world.files["policies/controls/c.yaml"] = control(*EVIDENCE[:-1], {**REQUIRED, "require": "has(object.spec.model)"})


EDITS_OF_ALL: dict[str, Callable[[World], None]] = {
    "own": _summary, "tier": _tier, "team": _team, "freeze": _freeze, "impact": _impact, "blamed": _blamed,
    "failed": _failed, "needs": _needs, "parameter": _parameter, "began": _began, "risk": _risk, "require": _require,
    "waiver": _waiver, "fewer": _fewer, "all": _all, "more": _more,
}  # fmt: skip


@pytest.fixture(autouse=True)
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few records are asked together as many are."""
    monkeypatch.setattr("itsm_as_code.policies.cel.batch._BEFORE", 0)


@pytest.mark.parametrize("name", EDITS_OF_ALL)
def test_what_was_told_stands_where_it_holds(name: str) -> None:
    world, cache = World(), Remembering()
    before = world.assess(cache)
    assert before == world.assess()
    assert before["c"].evidence[0].good == len(DAYS)
    assert world.assess(cache) == before
    EDITS_OF_ALL[name](world)
    told = world.assess()
    assert world.assess(cache) == told
    assert world.assess(cache) == told
    assert (told == before) is (name == "all")


# Every guard is needed: without it, some edit shows nowhere.


def _without_fixed(policy: Any) -> Rests:
    return Rests(policy.where, tuple(text for _, text in policy.expressions()))


_NO_NAMES = told_module, "_naming", lambda names: lambda data: False
GUARDS: dict[str, tuple[Any, ...]] = {
    "own record": ("own", Told, "_is_same", lambda self, record: True, *_NO_NAMES),
    "names": ("tier", *_NO_NAMES),
    "kinds behind names": ("team", told_module, "JUDGING_KINDS", ()),
    "calendars": ("freeze", told_module, "JUDGING_KINDS", ()),
    "other records": ("impact", Rests, "looks_around", lambda self, kinds, same_graph: False),
    "history": ("blamed", Told, "_since", None),
    "history of itself": ("failed", Told, "_since", None),
    "graph": ("needs", Told, "_same_graph", True),
    "records of parameters": ("parameter", Rests, "of", _without_fixed),
    "when work began": ("began", Told, "_moved", frozenset()),
}  # fmt: skip


@pytest.mark.parametrize("name", GUARDS)
def test_what_an_answer_rests_on_is_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    edit, *guards = GUARDS[name]
    world, cache = World(), Remembering()
    world.assess(cache)
    EDITS_OF_ALL[edit](world)
    for at in range(0, len(guards), 3):
        monkeypatch.setattr(*guards[at : at + 3])
    assert world.assess(cache) != world.assess()


PARTS = {"asked": "all", "required": "more", "Policy": "require", "Waiver": "waiver", "settings": "risk"}


@pytest.mark.parametrize("part", PARTS)
def test_answers_belong_to_their_rules(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world, cache, rules = World(), Remembering(), Basis.rules
    monkeypatch.setattr(Basis, "rules", lambda self: {**rules(self), part: None})
    if part == "asked":
        _fewer(world)
    world.assess(cache)
    EDITS_OF_ALL[PARTS[part]](world)
    assert world.assess(cache) != world.assess()


def test_rules_are_those_of_the_schemas_too() -> None:
    world = World()
    before = Basis(world.validated(), Known()).rules()
    text = (ROOT / "schemas" / "supplier.schema.json").read_text()
    world.files["schemas/supplier.schema.json"] = text.replace('"title": "Supplier"', '"title": "Vendor"').encode()
    after = Basis(world.validated(), Known()).rules()
    assert [name for name in before if before[name] != after[name]] == ["schemas"]


def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The changes of which policies are asked from now on."""
    names: list[str] = []
    ask = Basis._at_work

    def at_work(self: Basis, record: Any, policies: Any) -> Any:
        names.append(record.name)
        return ask(self, record, policies)

    monkeypatch.setattr(Basis, "_at_work", at_work)
    return names


def test_nothing_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    world, cache = World(), Remembering()
    world.assess(cache)
    names = asked(monkeypatch)
    world.now += timedelta(days=20)
    world.assess(cache)
    assert names == []
    world.spec(_path("2026-06-01"))["summary"] = "Tune it anew."
    world.assess(cache)
    assert set(names) == {_name("2026-06-01")}


@pytest.mark.parametrize("why", ["no time", "an error", "the budget", "another process", "not what is looked up"])
def test_what_a_clock_may_move_is_not_kept(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world, cache = World(), Remembering()
    if why == "no time":
        monkeypatch.setattr(basis_module, "when", lambda *_: None)
    elif why == "an error":
        world.spec("policies/of-itself.yaml")["require"] = "object.spec.model == ''"
    elif why == "the budget":
        world.spec("policies/of-itself.yaml")["require"] = "budget(object.spec.services[0]) == null"
    elif why == "another process":
        world.spec("policies/of-itself.yaml")["require"] = (
            "records('Change').all(a, records('Change').all(b, records('Change').all(c, a != b || b == c || a != c)))"
        )
    else:
        world.shown = _copied
    assert world.assess(cache) == world.assess()
    names = asked(monkeypatch)
    assert world.assess(cache) == world.assess()
    assert sorted(set(names)) == [_name(day) for day in DAYS]
    assert len(names) == 2 * len(DAYS)


def _copied(validation: Validation) -> Validation:
    """As people read it: changes in the catalogue are not those that rules look up."""
    catalogue = validation.catalogue
    shown = [replace(record, data={**record.data}) for record in catalogue.of_kind("Change")]
    return replace(validation, catalogue=catalogue.joined(shown, catalogue.findings))


def test_only_the_last_rules_are_remembered() -> None:
    world, cache = World(), Remembering()
    for tier in range(9):
        world.spec("policies/of-service.yaml")["require"] = f"object.spec.services.size() > {tier}"
        world.assess(cache)
    assert len(cache._entries) == told_module._Kept.kept + 1


@pytest.mark.parametrize(
    "damage", [None, [], {}, {"answers": 1}, "answers", "records", "ended", "blamed", "graph", "started"]
)
def test_what_is_none_of_this_program_is_asked_anew(damage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world, cache = World(), Remembering()
    before = world.assess(cache)
    get = TreeIndex.get

    def damaged(self: TreeIndex, name: str) -> Any:
        if not isinstance(damage, str):
            return damage
        other = {"Change": ["a", "b"]} if damage in ("answers", "records") else 7
        return orjson.dumps({**orjson.loads(get(self, name)), damage: other}).decode()

    monkeypatch.setattr(TreeIndex, "get", damaged)
    names = asked(monkeypatch)
    assert world.assess(cache) == before
    assert len(names) == len(DAYS)


# Whatever is edited.


def _of_this_repository() -> dict[str, Any]:
    files = {f"{name}/{path}": content for name in FOLDERS for path, content in folder(ROOT / name).items()}
    return {**files, "itsm.yaml": (ROOT / "itsm.yaml").read_bytes()}


def differ(seed: int, steps: int) -> tuple[list[str], int]:
    """Edits after which controls stand otherwise with what was told before than without; how many answers stood."""
    chance, cache, wrong, held = random.Random(seed), Remembering(), [], 0
    repository, started = Repository(files=_of_this_repository()), {}
    weights = [weight for weight, _ in EDITS.values()]
    said = "nothing"
    for _ in range(steps):
        validation = repository.validated()
        basis = Basis(validation, Known(started=started), cache=cache)
        known = Known(started=started, cache=cache)
        if repr(assess_controls(validation, known)) != repr(assess_controls(validation, Known(started=started))):
            wrong.append(f"{seed}: {said}")
        if basis.earlier is not None and basis.earlier._before is not None:
            held += sum(map(len, basis.earlier._before.answers.values()))
        name = chance.choices(list(EDITS), weights)[0]
        said = f"{name}: {EDITS[name][1](repository, chance)}"
        if chance.random() < 0.1:
            change = chance.choice(validation.catalogue.of_kind("Change"))
            started = {**started, change.name: repository.now - timedelta(days=chance.randint(1, 300))}
    return wrong, held


@pytest.mark.parametrize("little", [500, 0])
def test_controls_stand_alike_after_random_edits(little: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_module, "_LITTLE", little)
    wrong, held = differ(3, 4)
    assert wrong == []
    assert held


def test_what_is_little_is_not_written() -> None:
    world, cache = World(now=NOW - timedelta(days=4)), Writing()
    world.assess(cache)
    assert cache.written
    for little, is_written in ((0, False), (500, True)):
        cache.written = 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(told_module, "_LITTLE", little)
            world.spec(_path("2026-06-01"))["summary"] = f"Tune it by {little}."
            assert repr(world.assess(cache)) == repr(world.assess())
        assert bool(cache.written) is is_written
    world.now += timedelta(days=1)
    cache.written = 0
    world.assess(cache)
    assert not cache.written, "nothing else was asked"
    world.now += timedelta(days=2)
    world.assess(cache)
    assert cache.written, "of another change"


class Writing(Remembering):
    """Counts what is written."""

    written = 0

    def put_many(self, space: bytes, entries: Mapping[str, Any], gone: Iterable[str] = ()) -> None:
        self.written += len(entries)
        super().put_many(space, entries, gone)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(6))
def test_controls_stand_alike_after_many_random_edits(
    seed: int, record_property: Callable[[str, object], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told_module, "_LITTLE", 500 * (seed % 2))
    wrong, held = differ(seed, 25)
    record_property("edits of controls", f"25|{len(wrong)} differ|{held:,} answers of earlier runs")
    assert wrong == []
