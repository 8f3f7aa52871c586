"""What an earlier run found is said again only where judging now would say the same."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import by_index, horizon, index_parts, shipped, snapshot, stored_findings
from itsm_as_code.cache import Cache
from itsm_as_code.clock import midnight
from itsm_as_code.errors import ItsmError
from itsm_as_code.git.repository import Repository
from itsm_as_code.policies.cel import Environment
from itsm_as_code.records import catalogue, index
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.service_levels import budget
from itsm_as_code.site.reads.moments import SeenInstant
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.stored_findings import Answer
from itsm_as_code.validation import Timing, assess_catalogue
from tests.conftest import NOW, ROOT, Run, Workshop
from tests.edits import FOLDERS, Edits, organisation
from tests.test_cache import flipped


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The organisation of this repository."""
    return organisation(tmp_path_factory.mktemp("bank") / "repository")


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The instants at which something was judged, all or what differs, as they come."""
    instants: list[datetime] = []

    def assess(catalogue: Any, rule_set: Any, now: datetime, **more: Any) -> Any:
        instants.append(now)
        return assess_catalogue(catalogue, rule_set, now, **more)

    for module in (stored_findings, by_index):
        monkeypatch.setattr(module, "assess_catalogue", assess)
    return instants


def answer(shop: Workshop, now: datetime, folder: Path | None = None, secret: bytes = b"") -> Answer:
    """The answer on HEAD, with a cache or without."""
    revision = Repository(shop.path).snapshot(shop.tip())
    stored = StoredRecords(Cache(folder, secret)) if folder else None
    return stored_findings.find(revision, stored, lambda as_of: now)


def said(found: Answer) -> tuple[Any, ...]:
    return found.findings, found.records, found.files, sorted(found.paths()), found.now


def differ(shop: Workshop, folder: Path, seed: int) -> str | None:
    """What an edit was after which a stored answer is not that of judging everything; None where they are the same."""
    chance, base = random.Random(seed), shop.tip()
    what = Edits(shop, seed).make(chance.randint(1, 3))
    shop.commit()
    first = NOW + timedelta(days=chance.randint(-500, 300), seconds=chance.randint(0, 86_400))
    later = [first + timedelta(days=chance.choice((0, 1, -1, 7, 40, -90)), hours=chance.randint(0, 30))]
    try:
        try:
            answer(shop, first, folder)
            for now in later:
                if said(answer(shop, now, folder)) != said(answer(shop, now)):
                    return f"{what}: at {first} and {now}"
        except ItsmError:  # what no rule set can be made of is refused alike
            with pytest.raises(ItsmError):
                answer(shop, first)
    finally:
        shop.git("reset", "-q", "--hard", base)
    return None


def test_what_is_stored_is_what_judging_says(bank: Workshop, tmp_path: Path) -> None:
    assert differ(bank, tmp_path / "cache", 1) is None


@pytest.mark.deep
@pytest.mark.parametrize("part", range(10))
def test_what_is_stored_is_what_judging_says_after_300_edits(
    bank: Workshop, tmp_path: Path, judged: list[datetime], record_property: Callable[[str, object], None], part: int
) -> None:
    seeds = range(30 * part, 30 * part + 30)
    wrong = [found for seed in seeds if (found := differ(bank, tmp_path / "cache", seed)) is not None]
    record_property("Edits", f"30|{len(wrong)} differ|{90 - len(judged)} of 30 answers were stored ones")
    assert wrong == []


OF_RECORDS = ("services", "changes", "operations", "improvement", "portfolio")


class Near:
    """Commits of random edits, judged by the index of one before them and without."""

    def __init__(self, shop: Workshop, folder: Path) -> None:
        self._shop, self._folder = shop, folder
        self.wrong: list[str] = []
        self.by_index = self.judged = 0
        answer(shop, NOW, folder)

    def judge(self, seed: int, folders: tuple[str, ...] = OF_RECORDS) -> None:
        """Edit, and judge both ways; the edits of every fifth seed stay for those that follow."""
        shop, chance, base = self._shop, random.Random(seed), self._shop.tip()
        what = Edits(shop, seed, folders).make(chance.randint(1, 4))
        shop.commit()
        now = NOW + timedelta(minutes=chance.randint(0, 60))
        revision, stored = Repository(shop.path).snapshot(shop.tip()), StoredRecords(Cache(self._folder))
        try:
            found = stored_findings.find(revision, stored, lambda as_of: now)
            self.judged += 1
            self.by_index += not stored.cache.passed_over
            if said(found) != said(answer(shop, now)):
                self.wrong.append(f"{seed}: {what}")
        except ItsmError:  # what no rule set can be made of is refused alike
            with pytest.raises(ItsmError):
                answer(shop, now)
        if seed % 5:
            shop.git("reset", "-q", "--hard", base)


def test_a_tree_is_judged_by_one_near_it(bank: Workshop, tmp_path: Path) -> None:
    near = Near(bank, tmp_path / "cache")
    for seed in (41, 42):
        near.judge(seed)
    assert near.wrong == []
    assert near.by_index >= 1, "the others touch what judges"


def test_a_parameter_of_a_service_is_asked_for_again(workshop: Workshop, tmp_path: Path) -> None:
    """Where a service says another value, records are judged by it that stay as they are."""
    read = "params: {steps: {default: 2, description: Steps., from: {annotation: steps, of: service}}}"
    of_policy("params.steps < 3", "Change", read)(workshop)
    said_of = "{type: normal, services: [orders], requester: alice, summary: Tune it., status: proposed}"
    name = "chg-20261122-tune"
    head = f"apiVersion: itsm/v1\nkind: Change\nmetadata: {{name: {name}, title: Tune}}\n"
    workshop.write(f"changes/2026/11/22/{name}.yaml", f"{head}spec: {said_of}\n")
    workshop.commit()
    before = answer(workshop, NOW, tmp_path / "cache")
    _edit(workshop.path / "services/orders.yaml", "title: Orders", "title: Orders, annotations: {steps: '5'}")
    workshop.commit()
    after = answer(workshop, NOW, tmp_path / "cache")
    assert said(after) == said(answer(workshop, NOW))
    assert len(after.findings) == len(before.findings) + 1


def test_what_was_missing_before_is_counted_once(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some names that nothing bears have hints, as many before as after a record came: those of before do not add."""
    for module in (catalogue, by_index):
        monkeypatch.setattr(module, "MOST_MEANT", 5)
    gone = ", ".join(f"{{service: order-{number}, strength: soft}}" for number in range(3))
    workshop.edit("services/newsletter.yaml", "spec:\n", f"spec:\n  dependsOn: [{gone}]\n")
    workshop.commit()
    answer(workshop, NOW, tmp_path / "cache")
    workshop.write(
        "services/order.yaml", (workshop.path / "services/database.yaml").read_text().replace("database", "order")
    )
    workshop.commit()
    revision, stored = Repository(workshop.path).snapshot(workshop.tip()), StoredRecords(Cache(tmp_path / "cache"))
    found = said(stored_findings.find(revision, stored, lambda as_of: NOW))
    assert stored.cache.passed_over == ""
    assert found == said(answer(workshop, NOW))
    assert "did you mean 'order'?" in str(found)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(10))
def test_a_tree_is_judged_by_one_near_it_after_300_edits(
    tmp_path: Path, record_property: Callable[[str, object], None], part: int
) -> None:
    near = Near(organisation(tmp_path / "repository"), tmp_path / "cache")
    for seed in range(30 * part, 30 * part + 30):
        near.judge(seed, FOLDERS if seed % 4 == 0 else OF_RECORDS)
    record_property("Edits", f"30|{len(near.wrong)} of {near.judged} differ|{near.by_index} judged by the index")
    assert near.wrong == []


def test_nothing_is_judged_while_the_answer_holds(workshop: Workshop, tmp_path: Path, judged: list[datetime]) -> None:
    with_budget(workshop)
    workshop.commit()
    first = answer(workshop, NOW, tmp_path / "cache")
    for now in (NOW, NOW + timedelta(minutes=5), NOW - timedelta(minutes=5)):
        again = answer(workshop, now, tmp_path / "cache")
        assert said(again)[:4] == said(first)[:4]
        assert dict(again.sources) == {path: first.sources[path] for path in again.sources}
    assert judged == [NOW]
    answer(workshop, NOW, tmp_path / "cache", secret=b"another")
    assert judged == [NOW, NOW], "what others signed is nothing"


POLICY = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: %(name)s, title: Something in time}
spec:
  severity: error
  match: {kinds: [%(kind)s]}
  require: "%(require)s"
  message: "'it is wrong'"
  at: /spec
  remedy: Mend it.
  %(more)s
  examples:
    - {name: a, expect: pass, object: {kind: Service, metadata: {name: a}}}
    - {name: b, expect: fail, object: {kind: Service, metadata: {name: b}}}
"""
RISKY = "risk.likelihood == 'low'"
SLA = """\
apiVersion: itsm/v1
kind: ServiceLevelAgreement
metadata: {name: orders-sla, title: Orders}
spec:
  type: sla
  service: orders
  provider: team-shop
  customer: {name: Everybody}
  effective: {from: "2026-01-01"}
  objectives:
    - {name: up, indicator: availability, target: "99", unit: percent, comparison: at-least, window: {rolling: P28D}}
"""
OUTAGE = """\
apiVersion: itsm/v1
kind: Incident
metadata: {name: down, title: Down}
spec:
  services: [orders]
  impact: 2
  urgency: 2
  detectedAt: "2026-11-01T00:00:00Z"
  acknowledgedAt: "2026-11-01T00:00:00Z"
  restoredAt: "2026-11-01T20:00:00Z"
  resolvedAt: "2026-11-01T20:00:00Z"
  status: resolved
  outages:
    - {service: orders, start: "2026-11-01T00:00:00Z", end: "2026-11-01T20:00:00Z", kind: full}
"""


def of_policy(require: str, kind: str = "Service", more: str = "") -> Callable[[Workshop], object]:
    text = POLICY % {"name": "in-time", "kind": kind, "require": require, "more": more}
    return lambda shop: shop.write("policies/in-time.yaml", text)


def with_budget(shop: Workshop) -> None:
    of_policy("object.metadata.name != 'orders' || budget('orders').remaining > 0.0")(shop)
    shop.write("services/agreements/orders-sla.yaml", SLA)
    shop.write("operations/incidents/down.yaml", OUTAGE)


def with_waiver(shop: Workshop) -> None:
    of_policy("false")(shop)
    shop.write(
        "policies/waivers/w.yaml",
        """\
apiVersion: itsm/v1
kind: Waiver
metadata: {name: w, title: For a while}
spec:
  policy: in-time
  records: [{kind: Service, name: orders}]
  reason: It takes time.
  risk: Some.
  requester: alice
  approver: bob
  from: "2026-11-20T00:00:00Z"
  until: "2026-12-04T00:00:00Z"
""",
    )


def taken_over(shop: Workshop) -> None:
    shop.write(
        "itsm.yaml",
        (shop.path / "itsm.yaml").read_text()
        + """\
  takenOver: {before: "2026-11-10", from: [old-desk]}
""",
    )
    shop.write(
        "changes/chg0086806.yaml",
        """\
apiVersion: itsm/v1
kind: Change
metadata: {name: chg0086806, title: Moved to the new cluster}
spec:
  type: normal
  services: [newsletter]
  takenOver: {from: old-desk, number: CHG0086806, on: 2026-11-25}
  status: closed
  actual: {start: 2026-10-13T01:00:00Z, end: 2026-10-13T02:07:05Z}
  result: successful
""",
    )


IN_TIME: dict[str, tuple[Callable[[Workshop], object], str]] = {
    "severities": (of_policy("false", more='since: "2026-12-01"'), "severities"),
    "waivers": (with_waiver, "waivers"),
    "budgets": (with_budget, ""),
    "states": (taken_over, "states"),
    "risks": (of_policy(RISKY, "Change"), "risk of Change chg-20261122-tune"),
    "checks": (
        lambda shop: shop.change(proposed="implementing\n  actual: {start: '2026-12-01T20:00:00Z'}"),
        "change-dates-in-order",
    ),
    "outcomes": (of_policy("now < timestamp('2026-12-01T00:00:00Z')"), ""),
}


@pytest.mark.parametrize("name", IN_TIME)
def test_what_rests_on_time_and_is_not_noted_is_noticed(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judged: list[datetime], name: str
) -> None:
    """For each part of a judgement: the answer is right some days later, and wrong once its noting is taken away."""
    edit, part = IN_TIME[name]
    if name == "risks":
        untested = {', evidence: [{title: Run, url: "https://ci.shop.example/1"}]': ""}
        workshop.change(**{'"2026-11-20"': '"2026-11-24"', **untested})
    edit(workshop)
    workshop.commit()
    now = NOW + timedelta(days=40)
    first, right = said(answer(workshop, NOW)), said(answer(workshop, now))
    assert first[0] != right[0], "time alone changes the answer"
    judged.clear()
    assert said(answer(workshop, NOW, tmp_path / "one")) == first
    assert said(answer(workshop, NOW + timedelta(minutes=1), tmp_path / "one"))[:4] == first[:4]
    assert judged == [NOW]
    assert said(answer(workshop, now, tmp_path / "one")) == right
    note, store = Timing.at, index_parts._data
    monkeypatch.setattr(Timing, "at", lambda self, at: self.now if at == part else note(self, at))
    if name == "budgets":
        monkeypatch.setattr(Environment, "note", lambda self, horizon: None)
    if name == "outcomes":
        part_of = lambda found: {**found, "findings": {**found["findings"], "outcomes": []}}  # noqa: E731
        monkeypatch.setattr(index_parts, "_data", lambda *about: part_of(store(*about)))
    answer(workshop, NOW, tmp_path / "two")
    assert said(answer(workshop, now, tmp_path / "two"))[0] == first[0]


def test_a_budget_is_worked_out_again_only_where_it_may_be_another_one(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judged: list[datetime]
) -> None:
    """Of three services one has a promise, from December on; the others never have a budget."""
    of_policy("budget(object.metadata.name) == null")(workshop)
    workshop.write("services/agreements/orders-sla.yaml", SLA.replace("2026-01-01", "2026-12-01"))
    workshop.commit()
    first = said(answer(workshop, NOW, tmp_path / "cache"))
    asked: list[str] = []
    worked_out = budget.error_budgets
    monkeypatch.setattr(budget, "error_budgets", lambda facts, of, now: asked.append(of) or worked_out(facts, of, now))
    assert said(answer(workshop, NOW + timedelta(days=8), tmp_path / "cache"))[0] == first[0]
    assert (asked, judged) == ([], [NOW])
    later = NOW + timedelta(days=9)
    right = said(answer(workshop, later))
    asked.clear()
    assert said(answer(workshop, later, tmp_path / "cache")) == right != first
    assert asked[0] == "orders"


# A work tree


def settled(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the last change was some seconds ago."""
    monkeypatch.setattr(snapshot, "_TICK", -10_000_000_000)


def of_files(shop: Workshop, folder: Path, now: datetime = NOW) -> Answer:
    """The answer on the work tree."""
    return stored_findings.find(WorkTree(shop.path), StoredRecords(Cache(folder)), lambda as_of: now)


def test_files_that_did_not_change_are_not_judged_again(
    workshop: Workshop, tmp_path: Path, judged: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.change(**{'rehearsedOn: "2026-11-20"': 'rehearsedOn: "2027-11-20"'})
    settled(workshop, monkeypatch)
    first, again = (of_files(workshop, tmp_path / "cache") for _ in range(2))
    assert said(first) == said(again)
    assert len(judged) == 1
    assert dict(again.sources) == {path: first.sources[path] for path in again.sources}


TOUCHES: dict[str, Callable[[Workshop], object]] = {
    "an edit of the same length": lambda shop: shop.edit("services/orders.yaml", "tier: 2", "tier: 3"),
    "a new file": lambda shop: shop.change(),
    "a removed file": lambda shop: (shop.path / "services/newsletter.yaml").unlink(),
    "a renamed file": lambda shop: (shop.path / "services/orders.yaml").rename(shop.path / "services/order.yaml"),
    "a link": lambda shop: (shop.path / "services/link.yaml").symlink_to("orders.yaml"),
    "a folder of others": lambda shop: shop.write("services/sub/.git", "gitdir: x"),
    "the settings": lambda shop: shop.edit("itsm.yaml", "Europe/Berlin", "Asia/Tokyo"),
    "an executable": lambda shop: (shop.path / "services/orders.yaml").chmod(0o755),
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_any_change_of_a_file_is_seen(
    workshop: Workshop, tmp_path: Path, judged: list[datetime], monkeypatch: pytest.MonkeyPatch, touch: str
) -> None:
    settled(workshop, monkeypatch)
    of_files(workshop, tmp_path / "cache")
    status = (workshop.path / "services/orders.yaml").stat()
    TOUCHES[touch](workshop)
    if touch == "an edit of the same length":  # and of the same time, as far as one can set it
        os.utime(workshop.path / "services/orders.yaml", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert said(of_files(workshop, tmp_path / "cache")) == said(
        stored_findings.find(WorkTree(workshop.path), None, lambda as_of: NOW)
    )
    assert len(judged) == 3


def test_what_changed_just_now_is_not_remembered(workshop: Workshop, tmp_path: Path, judged: list[datetime]) -> None:
    """It could change again within the same tick of the file system's clock."""
    workshop.edit("services/orders.yaml", "tier: 2", "tier: 3")
    assert WorkTree(workshop.path).tree is None
    of_files(workshop, tmp_path / "cache")
    of_files(workshop, tmp_path / "cache")
    assert len(judged) == 2


IN_PLACE: dict[str, Callable[[Path], object]] = {
    "edited": lambda top: (top / "services/orders.yaml").write_text("kind: Service"),
    "owner": lambda top: _edit(top / "services/orders.yaml", "owner: ", "owner: no-"),
    "added": lambda top: shutil.copy(top / "services/orders.yaml", top / "services/more.yaml"),
    "removed": lambda top: (top / "services/database.yaml").unlink(),
    "moved": lambda top: (top / "services/database.yaml").rename(top / "services/store.yaml"),
    "a link": lambda top: (top / "services/link.yaml").symlink_to("orders.yaml"),
    "a link in its place": lambda top: (
        (top / "services/orders.yaml").rename(top / "orders"),
        (top / "services/orders.yaml").symlink_to("../orders"),
    ),
    "a folder in its place": lambda top: (
        (top / "services/orders.yaml").unlink(),
        (top / "services/orders.yaml").mkdir(),
    ),
    "a pipe": lambda top: os.mkfifo(top / "services/pipe.yaml"),
    "a record elsewhere": lambda top: shutil.copy(top / "services/orders.yaml", top / "orders.yaml"),
}


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def in_place(shop: Workshop, folder: Path | None) -> tuple[object, str]:
    """What is said of the work tree, and why an index did not do."""
    stored = StoredRecords(Cache(folder)) if folder else None
    found = said(stored_findings.find(WorkTree(shop.path), stored, lambda as_of: NOW))
    return found, stored.cache.passed_over if stored else ""


@pytest.mark.parametrize("edit", IN_PLACE)
def test_a_work_tree_is_judged_by_how_it_was(
    workshop: Workshop, tmp_path: Path, edit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "_TICK", -10_000_000_000)
        before, _ = in_place(workshop, tmp_path / "cache")
    IN_PLACE[edit](workshop.path)
    after, why = in_place(workshop, tmp_path / "cache")
    assert why == ""
    assert after == in_place(workshop, None)[0] != before


def test_where_states_of_a_work_tree_do_not_do(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of another place, one with another repository in it, and one whose rules are others."""
    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "_TICK", -10_000_000_000)
        in_place(workshop, tmp_path / "cache")
    other = Workshop(tmp_path / "other", workshop.clock)
    shutil.copytree(workshop.path, other.path, dirs_exist_ok=True)
    assert "no state of the work tree" in in_place(other, tmp_path / "cache")[1]
    (workshop.path / "services/sub").mkdir()
    (workshop.path / "services/sub/.git").write_text("gitdir: elsewhere")
    found, why = in_place(workshop, tmp_path / "cache")
    assert "repositories in folders" in why
    assert found == in_place(workshop, None)[0]
    shutil.rmtree(workshop.path / "services/sub")
    (workshop.path / "itsm.yaml").write_text((workshop.path / "itsm.yaml").read_text() + "# more\n")
    assert "what judges is touched" in in_place(workshop, tmp_path / "cache")[1]


def test_a_folder_that_was_a_repository_is_looked_into(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(workshop, monkeypatch)
    workshop.write("other/.git", "gitdir: elsewhere")
    shutil.copy(workshop.path / "services/orders.yaml", workshop.path / "other/more.yaml")
    before, _ = in_place(workshop, tmp_path / "cache")
    (workshop.path / "other/.git").unlink()
    assert in_place(workshop, tmp_path / "cache")[0] == in_place(workshop, None)[0] != before


LOGOS: dict[str, Callable[[Path], object]] = {
    "gone": lambda logo: logo.unlink(),
    "no picture": lambda logo: logo.write_text("<p>"),
    "a link": lambda logo: (logo.unlink(), logo.symlink_to("itsm.yaml")),
}


@pytest.mark.parametrize("edit", LOGOS)
def test_a_logo_that_is_another_one_is_looked_at(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: str
) -> None:
    settled(workshop, monkeypatch)
    workshop.write("logo.svg", "<svg/>")
    workshop.edit("itsm.yaml", "defaultBranch: main", "defaultBranch: main\n  site: {logo: logo.svg}")
    workshop.commit()
    answer(workshop, NOW, tmp_path / "cache")
    assert in_place(workshop, tmp_path / "cache")[0][0] == ()
    LOGOS[edit](workshop.path / "logo.svg")
    assert in_place(workshop, tmp_path / "cache")[0] == in_place(workshop, None)[0]
    workshop.commit()
    assert said(answer(workshop, NOW, tmp_path / "cache")) == said(answer(workshop, NOW))


def test_files_that_hold_no_records_may_be_many(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(workshop, monkeypatch)
    workshop.write("services/.gitkeep", "")
    in_place(workshop, tmp_path / "cache")
    monkeypatch.setattr(by_index, "_MOST", 1)
    for number in range(3):
        workshop.write(f"public/{number}.html", "<p>")
    shutil.copy(workshop.path / "services/orders.yaml", workshop.path / "public/one.yaml")
    found, why = in_place(workshop, tmp_path / "cache")
    assert (found, why) == (in_place(workshop, None)[0], "")
    shutil.copy(workshop.path / "services/orders.yaml", workshop.path / "public/two.yaml")
    found, why = in_place(workshop, tmp_path / "cache")
    assert found == in_place(workshop, None)[0]
    assert "differs in few files" in why


# A horizon

ASKED: dict[str, Callable[[Any], Any]] = {
    "before": lambda now: now < NOW + timedelta(days=3),
    "not after": lambda now: now <= NOW,
    "the other way round": lambda now: NOW - timedelta(hours=7) >= now,
    "equal": lambda now: now == NOW + timedelta(hours=1),
    "not equal": lambda now: now != NOW,
    "a sum": lambda now: now + timedelta(days=2) > NOW + timedelta(days=3),
    "a difference": lambda now: now - timedelta(days=2) > NOW - timedelta(days=3),
    "the earlier of two": lambda now: min(now, NOW + timedelta(hours=5)) < NOW + timedelta(hours=2),
    "a distance": lambda now: now - NOW > timedelta(hours=5),
    "a distance the other way round": lambda now: (NOW - now).total_seconds() > 0,
    "text": lambda now: f"{now}",
    "an hour": lambda now: now.hour,
    "another zone": lambda now: now.astimezone(NOW.tzinfo).isoformat(),
    "a set": lambda now: now in {NOW},
    "a day": lambda now: str(now.date()),
    "a day in order": lambda now: now.date() < date(2026, 11, 24),
    "a day that is over": lambda now: date(2026, 11, 21) < now.date(),
    "the very day": lambda now: now.date() == date(2026, 11, 22),
    "days between": lambda now: (date(2026, 11, 24) - now.date()).days,
    "the end of the day": lambda now: now.date() + timedelta(days=1) > date(2026, 11, 23),
    "the beginning of the day": lambda now: midnight(now.date()) > datetime(2026, 11, 22),
    "a shifted day": lambda now: (now + timedelta(hours=14)).date() > date(2026, 11, 22),
}


@pytest.mark.parametrize("asked", ASKED)
def test_an_answer_is_the_same_within_its_horizon(asked: str) -> None:
    chance, covered = random.Random(asked), 0
    for _ in range(300):
        at, other = (
            NOW + timedelta(hours=chance.randint(-60, 80), microseconds=chance.randint(-1, 1)) for _ in range(2)
        )
        known = horizon.Horizon(at)
        answered = ASKED[asked](known.watch())
        assert answered == ASKED[asked](at), "it is asked like any other instant"
        assert known.covers(at)
        if known.covers(other):
            covered += 1
            assert ASKED[asked](other) == answered
    if asked not in ("text", "an hour", "another zone", "a distance", "a distance the other way round", "a set"):
        assert covered > 20, "it is more than an instant"


@pytest.mark.parametrize("room", ["checks", "measures", "policies"])
def test_no_day_is_read_behind_its_back(room: str) -> None:
    """``combine`` is C and asks a day nothing, so what rests on it would not be noted: ``clock.midnight`` asks."""
    modules = [*(ROOT / "src/itsm_as_code" / room).rglob("*.py")]
    asking = {path.name for path in modules if ".combine(" in path.read_text("utf-8")}
    assert asking <= {"environment.py"}, "of a text that an expression gives"


def test_everything_that_tells_something_of_an_instant_is_noted() -> None:
    """Whatever instants and days get in later versions of Python is noted as well."""
    for plain, watched in ((datetime, horizon._Watched), (datetime, SeenInstant), (date, horizon._WatchedDay)):
        own = {name for name in dir(plain) if not name.startswith("_")} - set(horizon._HARMLESS)
        assert own <= {name for kind in watched.__mro__ if kind not in plain.__mro__ for name in vars(kind)}
    for ask in (str, repr, format, hash, datetime.timestamp, datetime.isoformat, datetime.utctimetuple):
        known = horizon.Horizon(NOW)
        try:
            ask(known.watch())
        except TypeError:
            continue
        if not isinstance(ask, type(datetime.timestamp)):
            assert not known.covers(NOW + timedelta(seconds=1)), ask


# Damage


def places(folder: Path) -> Path:
    return next(folder.glob("*.sqlite"))


def test_a_damaged_index_is_no_index(workshop: Workshop, tmp_path: Path) -> None:
    right = said(answer(workshop, NOW, tmp_path / "cache"))
    whole = places(tmp_path / "cache").read_bytes()
    for seed in range(6):
        places(tmp_path / "cache").write_bytes(whole)
        flipped(tmp_path / "cache", seed)
        assert said(answer(workshop, NOW, tmp_path / "cache")) == right
    for size in (0, 100, len(whole) // 2):
        places(tmp_path / "cache").write_bytes(whole[:size])
        assert said(answer(workshop, NOW, tmp_path / "cache")) == right


@pytest.mark.parametrize("data", [None, [], {}, {"asOf": None}, {"asOf": 3, "findings": 1}, "text"])
def test_what_is_no_answer_is_none(workshop: Workshop, tmp_path: Path, data: Any, judged: list[datetime]) -> None:
    """A part that bears the right seal, and is of no version of this program."""
    revision = Repository(workshop.path).snapshot(workshop.tip())
    stored_findings.TreeIndex(Cache(tmp_path / "cache"), revision.tree).put({"findings": data})
    assert said(answer(workshop, NOW, tmp_path / "cache")) == said(answer(workshop, NOW))
    assert len(judged) == 2


def test_an_index_without_its_listings_is_judged_anew(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judged: list[datetime]
) -> None:
    of_policy("now < timestamp('2026-12-01T00:00:00Z')")(workshop)
    workshop.commit()
    monkeypatch.setattr(index_parts, "listings", lambda catalogue: {})
    answer(workshop, NOW, tmp_path / "cache")
    now = NOW + timedelta(minutes=1)
    assert said(answer(workshop, now, tmp_path / "cache")) == said(answer(workshop, now))
    assert judged == [NOW, now, now]


def test_a_repository_with_a_broken_record_is_judged_each_time(
    workshop: Workshop, tmp_path: Path, judged: list[datetime]
) -> None:
    workshop.edit("services/orders.yaml", "tier: 2", "tier: 9")
    workshop.commit()
    first, second = (answer(workshop, NOW, tmp_path / "cache") for _ in range(2))
    assert said(first) == said(second)
    assert len(judged) == 2


def test_few_trees_are_kept(workshop: Workshop, tmp_path: Path) -> None:
    sizes = []
    for number in range(12):
        workshop.write("README.md", f"{number}")
        workshop.commit()
        answer(workshop, NOW, tmp_path / "cache")
        cache = Cache(tmp_path / "cache")
        assert cache._connection is not None
        sizes.append(cache._connection.execute("SELECT count(*) FROM entry").fetchone()[0])
    assert len(set(sizes[4:])) == 1


def test_validate_says_the_same_with_a_cache(workshop: Workshop, tmp_path: Path, itsm: Run) -> None:
    shown = [
        itsm("validate", "-C", workshop.path, "--rev", "HEAD", "--now", now, "--format", form, *more)
        for now in ("2026-11-22T12:00:00Z", "2026-12-30T12:00:00Z")
        for form in ("text", "json")
        for more in ((), ("--cache", tmp_path / "cache"), ("--cache", tmp_path / "cache"))
    ]
    assert shown[0] == shown[1] == shown[2]
    assert shown[3] == shown[4] == shown[5]
    assert shown[6] == shown[7] == shown[8]


def test_a_folder_of_a_commit_is_stored_and_what_changes_beside_it_changes_nothing(
    workshop: Workshop, tmp_path: Path, judged: list[datetime]
) -> None:
    (workshop.path / "records").mkdir()
    for place in workshop.path.iterdir():
        if place.name not in (".git", "records"):
            place.rename(workshop.path / "records" / place.name)
    workshop.commit()

    def find(folder: Path | None) -> tuple[Any, ...]:
        repository = Repository(workshop.path / "records")
        stored = StoredRecords(Cache(folder)) if folder else None
        return said(stored_findings.find(repository.records(repository.commit("HEAD")), stored, lambda as_of: NOW))

    found = find(tmp_path / "cache")
    assert found[1] > 3, "there are records"
    assert find(tmp_path / "cache") == found
    workshop.write("beside.txt", "nothing of ours")
    workshop.commit()
    assert find(tmp_path / "cache") == found
    assert len(judged) == 1, "it was said again"
    service = workshop.path / "records/services/orders.yaml"
    service.write_text(service.read_text().replace("owner:", "ownr:"))
    workshop.commit()
    changed = find(tmp_path / "cache")
    assert len(judged) == 2, "what differs was judged by the index of the folder before"
    assert changed != found
    assert changed == find(None)


# Other processes


def start(shop: Workshop, folder: Path) -> subprocess.Popen[str]:
    """`itsm validate` of HEAD in a process of its own."""
    command = [sys.executable, "-m", "itsm_as_code", "validate", "--rev", "HEAD", "--now", "2026-11-22T12:00:00Z"]
    command += ["--format", "json", "--cache", str(folder)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=shop.path, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def killed(shop: Workshop, folder: Path, seconds: float) -> bool:
    """Kill a run that writes; True where it had not finished by itself."""
    process = start(shop, folder)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return process.returncode < 0


def is_well(shop: Workshop, folder: Path, right: str) -> None:
    """The next run is right, and nothing is left but the cache itself and how it was left."""
    assert start(shop, folder).communicate() == (right, "")
    assert {file.name for file in folder.iterdir()} <= {"records-1.sqlite", "records-1.sqlite-whole"}


def test_one_that_was_killed_leaves_nothing_wrong(workshop: Workshop, tmp_path: Path) -> None:
    begin = time.monotonic()
    right, _ = start(workshop, tmp_path / "other").communicate()
    assert killed(workshop, tmp_path / "cache", (time.monotonic() - begin) / 2)
    is_well(workshop, tmp_path / "cache", right)


@pytest.mark.deep
def test_killed_at_50_moments(bank: Workshop, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    begin = time.monotonic()
    right, _ = start(bank, tmp_path / "other").communicate()
    whole, chance = time.monotonic() - begin, random.Random(11)
    count = 0
    for number in range(50):
        folder = tmp_path / f"cache-{number // 2}"  # the second time where one was killed before
        count += killed(bank, folder, chance.uniform(0.1, 1.0) * whole)
        if number % 2:
            is_well(bank, folder, right)
    record_property("Killed", f"50 runs|{count} killed before their end|each answer after it right")


def test_several_at_once_say_the_same(workshop: Workshop, tmp_path: Path) -> None:
    right, _ = start(workshop, tmp_path / "other").communicate()
    together = [start(workshop, tmp_path / "cache") for _ in range(2)]
    assert {process.communicate() for process in together} == {(right, "")}
    is_well(workshop, tmp_path / "cache", right)


def test_what_another_version_of_the_program_found_is_nothing(
    workshop: Workshop, tmp_path: Path, judged: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(workshop, NOW, tmp_path / "cache")
    monkeypatch.setattr(index, "program", lambda: b"older")
    index._space.cache_clear()
    try:
        assert said(answer(workshop, NOW, tmp_path / "cache")) == said(answer(workshop, NOW))
    finally:
        index._space.cache_clear()
    assert len(judged) == 3


@pytest.mark.parametrize("folder", ["schemas", "policies"])
def test_what_the_program_brings_along_belongs_to_it(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    index._space.cache_clear()
    before, files = index._space(), shipped.files
    monkeypatch.setattr(
        shipped,
        "files",
        lambda name, suffix: {**files(name, suffix), **({"new.yaml": b"new"} if name == folder else {})},
    )
    index._space.cache_clear()
    assert index._space() != before
    index._space.cache_clear()


def _service(shop: Workshop, name: str) -> None:
    text = (shop.path / "services/database.yaml").read_text()
    shop.write(f"services/{name}.yaml", text.replace("database", name))


@pytest.mark.parametrize(
    ("touch", "is_asked"),
    [
        (lambda shop: _edit(shop.path / "services/database.yaml", "title: ", "title: The "), False),
        (lambda shop: _service(shop, "order"), True),
        (lambda shop: (shop.path / "services/orders.yaml").unlink(), True),
        (
            lambda shop: shop.git("mv", "services/newsletter.yaml", "services/b/newsletter.yaml"),
            True,
        ),
    ],
    ids=["another title", "a new name", "a name less", "another place"],
)
def test_what_was_meant_is_looked_for_where_names_came_or_went(
    workshop: Workshop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    touch: Callable[[Workshop], object],
    is_asked: bool,
) -> None:
    """A waiver of a record that is gone asks each time; all names of a kind are compared where one may be another."""
    with_waiver(workshop)
    workshop.edit("policies/waivers/w.yaml", "name: orders}", "name: orderz}")
    (workshop.path / "services/b").mkdir()
    workshop.commit()
    before = answer(workshop, NOW, tmp_path / "cache")
    assert "did you mean" in str(before.findings)
    touch(workshop)
    workshop.commit()
    asked: list[object] = []
    looked = catalogue.Catalogue._nearest
    monkeypatch.setattr(catalogue.Catalogue, "_nearest", lambda self, missing: asked.append(1) or looked(self, missing))
    revision, stored = Repository(workshop.path).snapshot(workshop.tip()), StoredRecords(Cache(tmp_path / "cache"))
    found = said(stored_findings.find(revision, stored, lambda as_of: NOW))
    assert stored.cache.passed_over == ""
    assert bool(asked) is is_asked
    assert found == said(answer(workshop, NOW))
