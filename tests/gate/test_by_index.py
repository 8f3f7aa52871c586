"""By the index of its base, the gate says of a pull request what it says when it reads everything."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import stored_findings
from itsm_as_code.cache import Cache
from itsm_as_code.errors import GitError, ItsmError
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate.candidate import read_candidate
from itsm_as_code.gate.decision import Decision
from itsm_as_code.gate.evaluation import decide, evaluate
from itsm_as_code.git.repository import Repository
from itsm_as_code.git.root import Rooted
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.index import TreeIndex
from itsm_as_code.records.lazy import NotIndexed
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.reports.gate import text
from tests.attacks.test_22_git import crafted
from tests.conftest import NOW, SMALL, Workshop, copy_tree
from tests.edits import FOLDERS, Edits, organisation
from tests.test_cache import flipped
from tests.test_stored_findings import POLICY, places

OF_RECORDS = ("services", "changes", "operations", "improvement", "portfolio")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The organisation of this repository."""
    return organisation(tmp_path_factory.mktemp("bank") / "repository")


def index(shop: Workshop, folder: Path, now: datetime = NOW) -> StoredRecords:
    """A cache with the index of ``main``."""
    revision = Repository(shop.path).snapshot(Repository(shop.path).commit("main"))
    stored_findings.find(revision, StoredRecords(Cache(folder)), lambda as_of: now)
    return StoredRecords(Cache(folder))


def said(shop: Workshop, stored: StoredRecords | None, now: datetime = NOW) -> tuple[object, ...]:
    """All that is said of ``topic``, by the index where there is one; NotIndexed where it lacks something."""
    repository, asked = Repository(shop.path), ("main", "topic", PullRequest("alice"), now)
    try:
        decision = decide(read_candidate(repository, *asked, stored, by_index=stored is not None), repository)
    except ItsmError as error:
        return error.code, str(error)
    return decision.as_data(), decision.findings, decision.outline, shown(decision)


def shown(decision: Decision) -> str:
    return text.render(decision)


class Differential:
    """Pull requests of random edits, judged both ways."""

    def __init__(self, shop: Workshop, folder: Path) -> None:
        self._shop, self._folder = shop, folder
        self._stored = index(shop, folder)
        self.wrong: list[str] = []
        self.by_index = 0

    def judge(self, seed: int, folders: tuple[str, ...] = OF_RECORDS) -> None:
        """Edit, and judge by the index and without."""
        shop, chance = self._shop, random.Random(seed)
        shop.git("checkout", "-q", "-B", "topic", "main")
        what = Edits(shop, seed, folders).make(chance.randint(1, 4))
        shop.commit()
        now = NOW + timedelta(days=chance.choice((0, 0, 0, 0, 1, -3, 90)), minutes=chance.randint(0, 60))
        try:
            fast = said(shop, self._stored, now)
        except NotIndexed:
            return
        self.by_index += 1
        if fast != said(shop, None, now):
            self.wrong.append(f"{seed}: {what}")

    def drift(self, seed: int) -> None:
        """Edit the base but for what judges, so that there is no index of it: the nearest is that of what it was."""
        self._shop.git("checkout", "-q", "main")
        Edits(self._shop, seed, (*(name for name in OF_RECORDS if name != "changes"), "changes/2026")).make(3)
        self._shop.git("checkout", "-q", "--", "itsm.yaml")
        self._shop.git("clean", "-q", "-f", "-d", "schemas")
        self._shop.commit()

    def move(self, seed: int) -> None:
        """Edit the base, and index it."""
        self.drift(seed)
        self._stored = index(self._shop, self._folder)


def test_the_index_changes_nothing(bank: Workshop, tmp_path: Path) -> None:
    judged = Differential(bank, tmp_path / "cache")
    for seed in range(5):
        if seed == 3:
            judged.drift(seed)
        judged.judge(seed)
    assert judged.wrong == []
    assert judged.by_index >= 2, "the others touch what judges"


@pytest.mark.deep
@pytest.mark.parametrize("part", range(10))
def test_the_index_changes_nothing_after_300_edits(
    tmp_path: Path, record_property: Callable[[str, object], None], part: int
) -> None:
    judged = Differential(organisation(tmp_path / "repository"), tmp_path / "cache")
    for seed in range(30 * part, 30 * part + 30):
        judged.judge(seed, FOLDERS if seed % 4 == 0 else OF_RECORDS)
        if seed % 10 == 9:
            (judged.move if seed % 50 == 49 else judged.drift)(seed)
    record_property("Edits", f"30|{len(judged.wrong)} differ|{judged.by_index} judged by the index")
    assert judged.wrong == []


def test_a_change_is_judged_without_reading_all_services(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.edit("services/database.yaml", "tier: 2", "tier: 3")
    workshop.change()
    workshop.commit()
    stored = index(workshop, tmp_path / "cache")
    whole: list[str] = []
    of_kind = ChangedCatalogue.of_kind
    monkeypatch.setattr(ChangedCatalogue, "of_kind", lambda self, kind: (whole.append(kind), of_kind(self, kind))[1])
    said(workshop, stored)
    assert {"Service", "Change"}.isdisjoint(whole)


# In a sub-folder


@pytest.fixture
def larger(tmp_path: Path) -> Workshop:
    """A repository of code whose records lie in ``ops/itsm``, seen from there, with their index in ``cache``."""
    top, shop = Workshop(tmp_path / "larger"), Workshop(tmp_path / "larger/ops/itsm")
    copy_tree(SMALL, shop.path)
    top.write("CODEOWNERS", "* @erin\n")
    top.write("src/main.py", "print()\n")
    top.write("ops/other/notes.md", "Notes.\n")
    top.git("init", "-q", "-b", "main", "--template=")
    top.commit("Start", who="erin")
    remembered(shop, tmp_path / "cache")
    top.git("checkout", "-q", "-b", "topic")
    return shop


def remembered(shop: Workshop, folder: Path) -> None:
    """Index the records on ``main`` as ``validate`` does it in their folder."""
    repository = Repository(shop.path)
    records = repository.records(repository.commit("main"))
    stored_findings.find(records, StoredRecords(Cache(folder)), lambda as_of: NOW)


def drifted(shop: Workshop) -> None:
    """What came to the base since it was indexed, around the folder and in it."""
    shop.git("checkout", "-q", "main")
    shop.edit("services/database.yaml", "tier: 2", "tier: 3")
    shop.write("../../.github/workflows/gate.yml", "on: push\n")
    shop.commit(who="erin")
    shop.git("checkout", "-q", "-B", "topic")
    shop.change()


AROUND: dict[str, Callable[[Workshop], object]] = {
    "a change": lambda shop: shop.change(),
    "a service": lambda shop: shop.edit("services/database.yaml", "tier: 2", "tier: 3"),
    "who owns what": lambda shop: shop.write("../../CODEOWNERS", "* @mallory\n"),
    "nobody owns": lambda shop: (shop.path / "../../CODEOWNERS").unlink(),
    "a workflow": lambda shop: (shop.change(), shop.write("../../.github/workflows/gate.yml", "on: push\n")),
    "code alone": lambda shop: shop.write("../../src/main.py", "print(1)\n"),
    "another place of records": lambda shop: (shop.change(), shop.write("../new/itsm.yaml", "{}\n")),
    "another spelling": lambda shop: (shop.change(), shop.write("../../codeowners/CODEOWNERS", "\n")),
    "a base that moved": drifted,
}


@pytest.mark.parametrize("edit", AROUND)
def test_in_a_sub_folder_the_index_changes_nothing(larger: Workshop, tmp_path: Path, edit: str) -> None:
    AROUND[edit](larger)
    larger.commit()
    found = [judged(larger, tmp_path / name) for name in ("cache", "none")]
    assert found[0][:2] == found[1][:2]
    assert found[0][-1] == "", "it was judged by the index"


def test_in_a_sub_folder_only_what_differs_is_read(
    larger: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = larger.change()
    larger.commit()
    read: list[str] = []
    see = Rooted.read_many

    def noting(self: Rooted, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        wanted = list(paths)
        read.extend(wanted)
        return see(self, wanted)

    monkeypatch.setattr(Rooted, "read_many", noting)
    judged(larger, tmp_path / "cache")
    assert {path for path in read if path.endswith(".yaml") and path != "itsm.yaml"} == {change}
    read.clear()
    judged(larger, tmp_path / "none")
    assert "services/database.yaml" in read


# What is not recorded is noticed

TIGHT = """\
apiVersion: itsm/v1
kind: Service
metadata: {name: newsletter, title: Newsletter}
spec:
  owner: team-shop
  stage: catalogue
  lifecycle: live
  tier: 4
  type: application
  support: {channel: chat, email: help@shop.example}
  capacity:
    - {measure: Letters, unit: per second, normal: "80", peak: "75", limit: "100", headroomTarget: "20"}
"""


def looking(require: str, kind: str = "Service") -> str:
    return POLICY % {"name": "looking", "kind": kind, "require": require, "more": ""}


def base_of(shop: Workshop, files: dict[str, str]) -> None:
    """Put files on ``main``, and begin ``topic`` there."""
    shop.git("checkout", "-q", "main")
    for path, content in files.items():
        shop.write(path, content)
    shop.commit(who="erin")
    shop.git("checkout", "-q", "-B", "topic")


def ended(shop: Workshop, result: str, status: str = "closed") -> str:
    """The path of a change that is over."""
    more = f"{status}\n  result: {result}\n  actual: {{start: '2026-11-20T20:00:00Z', end: '2026-11-20T21:00:00Z'}}"
    return shop.change("chg-20261120-before", proposed=more)


Edit = Callable[[Workshop], object]
RECORDED: dict[str, tuple[Edit, Edit, str, Callable[[Any], Any]]] = {
    "who is looked at by any": (
        lambda shop: base_of(shop, {"policies/looking.yaml": looking("record('Service', 'orders').spec.tier == 2")}),
        lambda shop: shop.edit("services/orders.yaml", "tier: 2", "tier: 3"),
        "looks of looking",
        lambda part: {},
    ),
    "who names it": (
        lambda shop: base_of(
            shop,
            {
                "policies/looking.yaml": looking(
                    "!has(object.spec.dependsOn) || object.spec.dependsOn.all(d, record('Service', d.service) != null "
                    "&& record('Service', d.service).spec.tier != 4)"
                )
            },
        ),
        lambda shop: shop.edit("services/database.yaml", "tier: 2", "tier: 4"),
        "mentions",
        lambda part: [0, part[1]],
    ),
    "what is to come": (
        lambda shop: (shop.git("checkout", "-q", "main"), shop.change("chg-20261122-other"), base_of(shop, {})),
        lambda shop: shop.change(),
        "changes",
        lambda part: {**part, "toCome": []},
    ),
    "how changes of a service ended": (
        lambda shop: (shop.git("checkout", "-q", "main"), ended(shop, "failed"), base_of(shop, {})),
        lambda shop: shop.change(),
        "outcomes of services",
        lambda part: [0, part[1]],
    ),
    "who depends on it": (
        lambda shop: base_of(shop, {}),
        lambda shop: shop.edit("services/database.yaml", "tier: 2", "tier: 3"),
        "sources of services",
        lambda part: [0, part[1]],
    ),
    "what was found": (
        lambda shop: base_of(shop, {"services/newsletter.yaml": TIGHT}),
        lambda shop: shop.change(),
        "checks",
        lambda part: {**part, "found": {check: [] for check in part["found"]}},
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_not_recorded_is_noticed(workshop: Workshop, tmp_path: Path, name: str) -> None:
    """For each part of an index: what is said is right with it, and wrong once it holds nothing."""
    before, edit, part, emptied = RECORDED[name]
    before(workshop)
    edit(workshop)
    workshop.commit()
    stored = index(workshop, tmp_path / "cache")
    right = said(workshop, None)
    assert said(workshop, stored) == right
    tree = TreeIndex(stored.cache, Repository(workshop.path).text("rev-parse", "main^{tree}").strip())
    names = {key for key in parts_of(tree) if key == part or key.startswith(f"{part} ")}
    assert part in names
    parts = {key: tree.get(key) for key in parts_of(tree)}
    parts |= {key: {} for key in names}
    tree.put({**parts, part: emptied(tree.get(part))})
    assert said(workshop, StoredRecords(Cache(tmp_path / "cache"))) != right


def parts_of(tree: TreeIndex) -> list[str]:
    """The names of all parts of the index of a tree."""
    found: list[str] = tree._part("", "trees")[tree.tree]
    return found


# Damage


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    "extra",
    [
        ("40000", "changes", "topic:changes"),
        ("40000", "changes", "main:people"),
        ("100644", "services", "main:itsm.yaml"),
    ],
)
def test_a_malformed_tree_is_not_judged(
    workshop: Workshop, tmp_path: Path, before: bool, extra: tuple[str, str, str]
) -> None:
    """One reader of git takes the first of two entries, another the last (attack 22, by an index)."""
    workshop.change()
    workshop.commit()
    stored = index(workshop, tmp_path / "cache")
    mode, name, source = extra
    crafted(workshop, [(mode, name, workshop.git("rev-parse", source))], before=before)
    with pytest.raises(GitError) as caught:
        evaluate(Repository(workshop.path), "main", "topic", PullRequest("alice"), NOW, stored)
    assert caught.value.code == "malformed-tree"
    with pytest.raises(NotIndexed):
        said(workshop, stored)


def judged(shop: Workshop, folder: Path, secret: bytes = b"") -> tuple[object, ...]:
    """What the gate says with a cache, whatever it holds."""
    stored = StoredRecords(Cache(folder, secret))
    decision = evaluate(Repository(shop.path), "main", "topic", PullRequest("alice"), NOW, stored)
    return decision.as_data(), decision.findings, stored.cache.passed_over


def test_a_damaged_index_says_nothing_else(workshop: Workshop, tmp_path: Path) -> None:
    workshop.change()
    workshop.commit()
    index(workshop, tmp_path / "cache")
    right = judged(workshop, tmp_path / "cache")
    assert right[-1] == ""
    assert right[:2] == judged(workshop, tmp_path / "none")[:2]
    whole = places(tmp_path / "cache").read_bytes()
    for seed in range(4):
        places(tmp_path / "cache").write_bytes(whole)
        flipped(tmp_path / "cache", seed)
        assert judged(workshop, tmp_path / "cache")[:2] == right[:2]
    places(tmp_path / "cache").write_bytes(whole[: len(whole) // 2])
    assert judged(workshop, tmp_path / "cache")[:2] == right[:2]


def test_an_index_of_somebody_else_is_none(workshop: Workshop, tmp_path: Path) -> None:
    workshop.change()
    workshop.commit()
    index(workshop, tmp_path / "cache")
    found = judged(workshop, tmp_path / "cache", b"another secret")
    assert found[:2] == judged(workshop, tmp_path / "cache")[:2]
    assert "it does not know the base" in str(found[-1])


WORKED_OUT = ("checks", "expressions")
"""Parts of which everything can be worked out anew from what the others know."""


def test_an_index_that_lacks_any_part_is_none(workshop: Workshop, tmp_path: Path) -> None:
    """No part that is missing passes for an empty one."""
    workshop.change()
    workshop.edit("services/database.yaml", "tier: 2", "tier: 3")
    workshop.commit()
    stored = index(workshop, tmp_path / "cache")
    right = judged(workshop, tmp_path / "cache")
    tree = TreeIndex(stored.cache, Repository(workshop.path).text("rev-parse", "main^{tree}").strip())
    parts = {name: tree.get(name) for name in parts_of(tree)}
    asked: set[str] = set()
    get = TreeIndex.get
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TreeIndex, "get", lambda self, name: (asked.add(name), get(self, name))[1])
        judged(workshop, tmp_path / "cache")
    titles = {re.sub(r"^kind \w+|\d+$", "...", name): name for name in sorted(asked - set(WORKED_OUT))}
    assert len(titles) > 8
    for name in titles.values():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TreeIndex, "get", lambda self, other, name=name: None if other == name else parts.get(other))
            found = judged(workshop, tmp_path / "cache")
        assert found[:2] == right[:2], name
        assert found[-1], name


@pytest.mark.parametrize("part", WORKED_OUT)
def test_what_can_be_worked_out_anew_is(part: str, workshop: Workshop, tmp_path: Path) -> None:
    workshop.change()
    workshop.commit()
    stored = index(workshop, tmp_path / "cache")
    tree = TreeIndex(stored.cache, Repository(workshop.path).text("rev-parse", "main^{tree}").strip())
    tree.put({name: tree.get(name) for name in parts_of(tree) if name != part})
    assert said(workshop, StoredRecords(Cache(tmp_path / "cache"))) == said(workshop, None)
