"""`itsm audit`: a built history, of which exactly what is wrong is found."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from itsm_as_code.assurance.audit import Asked, audit
from itsm_as_code.records.kinds import KindRegistry
from tests.assurance.built import SPECIAL, Built, build
from tests.assurance.tools import LATER, Firm, copy
from tests.conftest import Run

NOW = LATER.isoformat().replace("+00:00", "Z")


@pytest.fixture(scope="session")
def first_built(tmp_path_factory: pytest.TempPathFactory, first_firm: Firm) -> Built:
    return build(copy(first_firm, tmp_path_factory.mktemp("built") / "firm"), SPECIAL + 1)


@pytest.fixture
def built(first_built: Built, tmp_path: Path) -> Built:
    return Built(copy(first_built.firm, tmp_path / "firm"), first_built.wrong)


def ask(itsm: Run, firm: Firm, *more: str | Path) -> tuple[int, dict[str, Any]]:
    code, out, err = itsm("audit", "-C", firm.shop.path, "--now", NOW, "--format", "json", *more)
    assert out, err
    data = json.loads(out)
    schema = KindRegistry.load().bundled("reports/audit-report.schema.json")
    jsonschema.Draft202012Validator(schema).validate(data)
    return code, data


def found(data: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(row["code"], row["commit"], row["person"]) for row in data["findings"]]


def exactly_the_four(itsm: Run, built: Built, landings: int) -> None:
    code, data = ask(itsm, built.firm)
    assert found(data) == built.wrong, data["findings"]
    assert code == 1
    assert data["totals"] == {
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
    assert all(row["remedy"] for row in data["findings"])


def test_exactly_what_is_wrong_is_found(itsm: Run, built: Built) -> None:
    exactly_the_four(itsm, built, SPECIAL + 1)


@pytest.mark.deep
def test_exactly_what_is_wrong_is_found_among_fifty(itsm: Run, firm: Firm) -> None:
    exactly_the_four(itsm, build(firm, 50), 50)


def test_a_sample_is_the_same_each_time(itsm: Run, built: Built) -> None:
    """And anybody draws it with sha256sum and sort."""
    drawn = []
    for _ in range(2):
        _, data = ask(itsm, built.firm, "--sample", "4", "--seed", "7")
        drawn.append(data["sample"]["commits"])
        population = [row["commit"] for row in data["landings"]]
    by_hand = sorted(population, key=lambda commit: hashlib.sha256(f"7:{commit}".encode()).hexdigest())[:4]
    assert drawn == [[commit for commit in population if commit in by_hand]] * 2
    assert [row["commit"] for row in data["landings"] if row["sampled"]] == drawn[0]
    text = "".join(f"{commit}\n" for commit in population)
    assert data["population"] == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert ask(itsm, built.firm, "--sample", "4", "--seed", "8")[1]["sample"]["commits"] != drawn[0]


def test_every_form_names_commit_and_person(itsm: Run, built: Built) -> None:
    """In a table each landing has its line; people read the totals first."""
    answers = {}
    for form in ("text", "csv", "markdown"):
        code, answers[form], _ = itsm("audit", "merges", "-C", built.firm.shop.path, "--now", NOW, "--format", form)
        assert code == 1
    rows = list(csv.DictReader(io.StringIO(answers["csv"])))
    assert len(rows) == SPECIAL + 1
    assert [(row["findings"], row["commit"], row["persons"]) for row in rows if row["findings"]] == built.wrong
    for code, commit, person in built.wrong:
        for form in ("text", "markdown"):
            (line,) = (line for line in answers[form].splitlines() if commit[:12] in line and code in line)
            assert person in line
    assert "10 landings (11 commits): 6 came through the gate; 7 judgements came out the same" in answers["text"]


def test_any_number_of_processes_comes_to_the_same(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itsm_as_code.assurance.audit._MANY", 2)
    assert audit(built.firm.ledger(), Asked(), None, 2) == audit(built.firm.ledger(), Asked(), None, 1)


def test_no_evidence_is_no_audit(itsm: Run, workshop: Any) -> None:
    code, _, err = itsm("audit", "-C", workshop.path)
    assert (code, "names no key for evidence" in err) == (2, True)
    assert itsm("audit", "-C", workshop.path, "--range", "main")[0] == 2
    assert "COMMAND" in itsm("audit", "--help")[1]
