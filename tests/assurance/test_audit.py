"""`itsm audit` on the history of the demo: exactly what is wrong is found, each time the same."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from itsm_as_code.assurance.audit import Asked, audit
from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import ROOT, Run

NOW = "2025-12-01T00:00:00Z"
LANDINGS = 60


def _load() -> ModuleType:
    sys.path.insert(0, str(ROOT / "demo/history"))
    spec = importlib.util.spec_from_file_location("demo_history", ROOT / "demo/history/build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


demo = _load()


@dataclass
class History:
    """The demo's history: its folder, its landings, and the code, commit and person of what is wrong, oldest first."""

    folder: Path
    landings: list[Any]

    @property
    def records(self) -> Path:
        return self.folder / "records"

    @property
    def wrong(self) -> list[tuple[str, str, str]]:
        persons = {"approver-not-member": "ben"}
        return [(item.wrong, item.commits[-1], persons.get(item.wrong, "emil")) for item in self.landings if item.wrong]


@pytest.mark.parametrize("said", [[], ["--hepl"], ["."], ["a", "b"]])
def test_the_demo_says_how_it_is_called(said: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["build.py", *said])
    with pytest.raises(SystemExit, match="2"):
        demo.main()
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("kestrel") / "built"
    return History(folder, demo.build(folder))


Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def ask(itsm: Run, history: History) -> Ask:
    """Ask as JSON; what an earlier question worked out is kept."""

    def call(*more: str) -> tuple[int, dict[str, Any]]:
        where = ("-C", history.records, "--now", NOW, "--cache", history.folder / "cache", "--format", "json")
        code, out, err = itsm("audit", *where, *more)
        assert out, err
        data = json.loads(out)
        schema = KindRegistry.load().bundled("reports/audit-report.schema.json")
        jsonschema.Draft202012Validator(schema).validate(data)
        return code, data

    return call


def found(data: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(row["code"], row["commit"], row["person"]) for row in data["findings"]]


def totals(landings: int) -> dict[str, int]:
    """Of so many landings with the four that are wrong; the merge against the verdict replays as well."""
    return {
        "landings": landings,
        "commits": landings + 1,  # the rebase brought two
        "withEvidence": landings - 1,
        "passed": landings - 4,
        "replayed": landings - 3,
        "findings": 4,
        "unchecked": 0,
        "beforeEvidence": 0,
        "leftOut": 1,
    }


def test_exactly_what_is_wrong_is_found(ask: Ask, history: History) -> None:
    code, data = ask()
    assert [wrong for wrong, _, _ in history.wrong] == [
        *("direct-push", "against-verdict", "evidence-altered", "approver-not-member"),
    ]
    assert (code, found(data)) == (1, history.wrong)
    assert data["totals"] == totals(LANDINGS)
    assert all(row["remedy"] for row in data["findings"])


def test_exactly_what_is_wrong_is_found_among_fifty(ask: Ask, history: History) -> None:
    """With a squash, a rebase and a queue group among them: 47 judgements come out the same, byte for byte."""
    last = history.landings[-50:]
    assert {"merge", "squash", "rebase", "queue", "push"} == {item.how for item in history.landings}
    assert {"merge", "rebase", "queue", "push"} <= {item.how for item in last}
    code, data = ask("--range", f"{last[0].base}..main")
    assert (code, found(data)) == (1, history.wrong)
    assert data["totals"] == totals(50)
    assert data["totals"]["replayed"] == 47


def test_a_build_gives_the_same_commits(history: History, tmp_path: Path) -> None:
    again = demo.story()
    demo.write_history(tmp_path / "records", again)
    assert [item.commits for item in again] == [item.commits for item in history.landings]


def test_a_sample_of_25_is_the_same_each_time(ask: Ask) -> None:
    """And anybody draws it with sha256sum and sort."""
    drawn = []
    for _ in range(2):
        _, data = ask("--sample", "25", "--seed", "7")
        drawn.append(data["sample"]["commits"])
        population = [row["commit"] for row in data["landings"]]
    by_hand = sorted(population, key=lambda commit: hashlib.sha256(f"7:{commit}".encode()).hexdigest())[:25]
    assert drawn == [[commit for commit in population if commit in by_hand]] * 2
    assert [row["commit"] for row in data["landings"] if row["sampled"]] == drawn[0]
    text = "".join(f"{commit}\n" for commit in population)
    assert data["population"] == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert ask("--sample", "25", "--seed", "8")[1]["sample"]["commits"] != drawn[0]


def test_every_form_names_commit_and_person(itsm: Run, history: History) -> None:
    """In a table each landing has its line; people read the totals first."""
    answers = {}
    where = ("-C", history.records, "--now", NOW, "--cache", history.folder / "cache")
    for form in ("text", "csv", "markdown"):
        code, answers[form], _ = itsm("audit", "merges", *where, "--format", form)
        assert code == 1
    rows = list(csv.DictReader(io.StringIO(answers["csv"])))
    assert len(rows) == LANDINGS
    assert [(row["findings"], row["commit"], row["persons"]) for row in rows if row["findings"]] == history.wrong
    for code, commit, person in history.wrong:
        for form in ("text", "markdown"):
            (line,) = (line for line in answers[form].splitlines() if commit[:12] in line and code in line)
            assert person in line
    assert "60 landings (61 commits): 56 came through the gate; 57 judgements came out the same" in answers["text"]
    assert "0 commits are older than evidence; 1 entry left out\n" in answers["text"]


def test_any_number_of_processes_comes_to_the_same(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itsm_as_code.assurance.audit._MANY", 2)
    asked = Asked(after=history.landings[-8].commits[-1])

    def ledger() -> Ledger:
        repository = Repository(history.records)
        return Ledger(repository, repository.commit("main"), "main", demo.END)

    assert audit(ledger(), asked, None, 2) == audit(ledger(), asked, None, 1)


def test_what_the_pipeline_deployed_is_joined_with_the_changes(itsm: Run, history: History) -> None:
    """20 deployments, of which three are wrong, each in its way."""
    mapped = [part for item in demo.BY_HAND for part in ("--map", item)]
    asked = ("audit", "deployments", "-C", history.records, "--to", NOW, *mapped)
    code, out, _ = itsm(*asked, "--source", f"csv={history.folder / 'by-hand.csv'}", "--format", "json")
    data = json.loads(out)
    assert code == 1
    assert data["totals"] == {"deployments": 20, "covered": 17, "findings": 3, "skipped": 0, "drafts": 1}
    assert [row["code"] for row in data["findings"]] == ["outside-window", "other-digest", "no-change"]
    assert "ended 61 s after the window" in data["findings"][0]["message"]


def test_its_records_are_in_order(itsm: Run, history: History) -> None:
    assert itsm("validate", "-C", history.records, "--now", NOW)[0] == 0


def test_no_evidence_is_no_audit(itsm: Run, workshop: Any) -> None:
    code, _, err = itsm("audit", "-C", workshop.path)
    assert (code, "names no key for evidence" in err) == (2, True)
    assert itsm("audit", "-C", workshop.path, "--range", "main")[0] == 2
    assert "COMMAND" in itsm("audit", "--help")[1]
