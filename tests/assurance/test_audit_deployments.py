"""`itsm audit deployments`: what was deployed, joined with the changes that should have covered it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from itsm_as_code.assurance.deployment_audit import REMEDIES, DeploymentAudit, join
from itsm_as_code.assurance.deployments import appended
from itsm_as_code.assurance.ran import Ran, Skipped
from itsm_as_code.git import lines
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from tests.attacks.test_34_deployments import DEPLOYERS
from tests.conftest import NOW, Run, Workshop
from tests.signing import make_key

NAME: Final = "chg-20261122-tune"
DIGEST, OTHER, COMMIT = f"sha256:{'4' * 64}", f"sha256:{'5' * 64}", "c" * 40
START, END = datetime(2026, 12, 1, 20, tzinfo=UTC), datetime(2026, 12, 1, 22, tzinfo=UTC)
LATER: Final = "2026-12-24T00:00:00Z"
RELEASE: Final = f"""\
apiVersion: itsm/v1
kind: Release
metadata: {{name: newsletter-2026-12, title: Newsletter}}
spec:
  version: 2026.12.0
  services: [newsletter]
  changes: [{NAME}]
  status: deployed
  artifacts: [{{name: newsletter, digest: "{DIGEST}"}}]
"""


def text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """main has an authorised change with its release, and 19 statements: one ends late, one has another digest."""
    key = make_key(workshop.path.parent, "deploy")
    workshop.git("checkout", "-q", "main")
    settings = (workshop.path / "itsm.yaml").read_text().rstrip() + "\n"
    workshop.write("itsm.yaml", settings + DEPLOYERS % key.with_suffix(".pub").read_text().strip())
    workshop.change(**{"status: proposed": "status: implementing"})
    workshop.write("changes/releases/newsletter-2026-12.yaml", RELEASE)
    workshop.commit("Release", who="erin")
    content = b""
    for minute in range(19):
        start = START + timedelta(minutes=minute)
        end = END + timedelta(seconds=61) if minute == 7 else start + timedelta(minutes=1)
        said = {"deployer": "pipeline", "service": "newsletter", "environment": "production", "change": NAME}
        said |= {"artifact": OTHER if minute == 9 else DIGEST, "start": text(start), "end": text(end)}
        content = appended(content, said | {"result": "successful"}, key)
    repository = Repository(workshop.path)
    assert lines.move(repository, lines.add(repository, None, content, NOW), None, None)
    return workshop


def test_seventeen_of_twenty_are_covered(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    table = tmp_path / "more.csv"
    table.write_text(f"App;What;When\nNewsletter Täglich;{OTHER};2026-12-02T09:00:00Z\n", "cp1252")
    mapped = ["service=App", "artifact=What", "start=When", "environment==production", "by==hand"]
    more = [part for item in (*mapped, "service:Newsletter Täglich=newsletter") for part in ("--map", item)]
    asked = ("audit", "deployments", "-C", shop.path, "--to", LATER, "--source", f"csv={table}", *more)
    code, out, _ = itsm(*asked, "--drafts", shop.path / "changes", "--format", "json")
    data = json.loads(out)
    schema = KindRegistry.load().bundled("reports/deployments-audit-report.schema.json")
    jsonschema.Draft202012Validator(schema).validate(data)
    assert code == 1
    assert data["totals"] == {"deployments": 20, "covered": 17, "findings": 3, "skipped": 0, "drafts": 1}
    found = {row["code"]: (row["place"], row["person"]) for row in data["findings"]}
    assert found == {
        "outside-window": ("line 8", "pipeline"),
        "other-digest": ("line 10", "pipeline"),
        "no-change": (f"{table}:2", "hand"),
    }
    assert "ended 61 s after the window" in next(row["message"] for row in data["findings"] if row["place"] == "line 8")
    (draft,) = data["drafts"]
    file = shop.path / "changes/2026/12/02" / f"{draft['metadata']['name']}.yaml"
    assert file.is_file()
    code, said, _ = itsm("validate", "-C", shop.path, file, "--now", LATER)
    assert code == 0, said
    assert itsm("fmt", "-C", shop.path, "--check", file)[0] == 0
    for form in ("text", "csv", "markdown"):
        code, out, _ = itsm(*asked, "--format", form)
        assert code == 1
        assert all(word in out for word in found)
    assert len(list(csv.DictReader(io.StringIO(itsm(*asked, "--format", "csv")[1])))) == 20


def ran(**given: Any) -> Ran:
    told = {"place": "1", "service": "newsletter", "environment": "production", "artifact": DIGEST, "change": NAME}
    told |= {"start": START, "end": END, "result": "successful", "by": "pipeline", **given}
    return Ran(**told)


def facts(*more: dict[str, Any], **spec: Any) -> Facts:
    window = {"start": text(START), "end": text(END)}
    change = {"type": "normal", "services": ["newsletter"], "status": "implemented", "schedule": window} | spec
    release = {"version": "1", "services": ["newsletter"], "changes": [NAME], "status": "deployed"}
    release |= {"artifacts": [{"name": "x", "digest": DIGEST}]}
    model = {"services": ["newsletter"], "preAuthorisation": {"by": "x", "on": "2026-01-01", "expires": "2026-12-01"}}
    rows = [
        {"kind": "Change", "metadata": {"name": NAME}, "spec": change},
        {"kind": "Release", "metadata": {"name": "r"}, "spec": release},
        {"kind": "ChangeModel", "metadata": {"name": "restart"}, "spec": model},
        {"kind": "Service", "metadata": {"name": "newsletter"}, "spec": {}},
    ]
    return Facts.from_records([*rows, *more])


def joined(population: Sequence[Ran | Skipped], known: Facts | None = None) -> DeploymentAudit:
    made = {COMMIT: END + timedelta(seconds=61)}
    return join(population, known or facts(), (None, datetime(2026, 12, 24, tzinfo=UTC)), made=made)


SECOND: Final = timedelta(seconds=1)
CASES: Final[dict[str, tuple[list[Ran], Facts, list[str]]]] = {
    "within": ([ran()], facts(), []),
    "a minute early is within what clocks differ": ([ran(start=START - 60 * SECOND)], facts(), []),
    "61 seconds early": ([ran(start=START - 61 * SECOND)], facts(), ["outside-window"]),
    "a minute late": ([ran(end=END + 60 * SECOND)], facts(), []),
    "61 seconds late": ([ran(end=END + 61 * SECOND)], facts(), ["outside-window"]),
    "by its digest": ([ran(change=None)], facts(), []),
    "no change": ([ran(change=None, artifact=OTHER), ran()], facts(), ["no-change"]),
    "a change that is not there": (
        [ran(change="chg-none"), ran(artifact=OTHER)],
        facts(),
        ["change-unknown", "other-digest"],
    ),
    "of another service": ([ran(service="orders")], facts(), ["other-service"]),
    "of a change that was rejected": ([ran()], facts(status="rejected"), ["not-authorised"]),
    "by a model in force": ([ran(change=None, model="restart", start=START - 1440 * 60 * SECOND), ran()], facts(), []),
    "by a model that ended": (
        [ran(change=None, model="restart", artifact=OTHER), ran()],
        facts(),
        ["model-not-in-force"],
    ),
    "before what it deployed was made": (
        [ran(artifact=COMMIT, end=END), ran()],
        facts(),
        ["before-its-commit", "other-digest"],
    ),
    "told twice": ([ran(), ran(place="2")], facts(), []),
    "told twice and otherwise": ([ran(), ran(place="2", result="failed")], facts(), ["said-otherwise"]),
    "a change that nobody deployed": (
        [ran()],
        facts({"kind": "Change", "metadata": {"name": "chg-b"}, "spec": facts().spec("Change", NAME)}),
        ["never-deployed"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_deployment(case: str) -> None:
    population, known, expected = CASES[case]
    assert [finding.code for finding in joined(population, known).findings] == expected


def test_every_kind_is_brought_about() -> None:
    assert {code for _, _, codes in CASES.values() for code in codes} == set(REMEDIES)


def test_dates_of_commits_are_those_of_this_repository(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    """What it does not hold is nobody's to date."""
    rows = f"service,environment,artifact,start\nnewsletter,staging,{shop.tip()},2026-01-01T00:00:00Z\n"
    (tmp_path / "early.csv").write_text(f"{rows}newsletter,staging,{COMMIT},2026-01-01T00:00:00Z\n")
    asked = ("audit", "deployments", "-C", shop.path, "--to", "2026-02-01T00:00:00Z", "--format", "json")
    code, out, _ = itsm(*asked, "--source", f"csv={tmp_path / 'early.csv'}")
    found = [(row["code"], row["place"].rpartition(":")[2]) for row in json.loads(out)["findings"]]
    assert (code, found) == (1, [("before-its-commit", "2"), ("no-change", "2"), ("no-change", "3")])


def test_what_could_not_be_understood_is_not_fine() -> None:
    result = joined([ran(), Skipped("x:3", "it is no JSON")])
    assert (result.exit_code, len(result.skipped), len(result.deployments)) == (2, 1, 1)
    assert joined([]).exit_code == 2
    assert joined([ran()]).exit_code == 0


def test_the_page_of_a_change_tells_its_deployments(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    code, _, err = itsm("build", "-C", shop.path, "-o", tmp_path / "site", "--now", LATER, "--history", "0")
    assert code == 0, err
    page = (tmp_path / "site" / "changes" / f"{NAME}.html").read_text()
    told = page.partition('<section id="deployments">')[2].partition("</section>")[0]
    assert told.count("<code>sha256:") == 19
    assert told.count("pipeline") == 19
    assert told.count("Yes") == 17
    assert "itsm audit deployments" in told
    other = (tmp_path / "site" / "services" / "newsletter.html").read_text()
    assert "sha256:" not in other
