"""Attack 34: a deployer's key that leaked, and statements that are altered, taken away or made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from itsm_as_code.assurance import deployments
from itsm_as_code.git import lines
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.kinds import KindRegistry
from tests.attacks.test_28_authorise import FAILED
from tests.attacks.tools import MODEL
from tests.conftest import NOW, Run, Workshop
from tests.signing import make_key

AT = "2026-12-01T21:00:00Z"
DEPLOYERS = """\
  deployers:
    - name: pipeline
      key: "%s"
      services: [newsletter]
      environments: [production]
      models: [restart]
      until: "2026-12-24T00:00:00Z"
"""
SAY = {"service": "newsletter", "environment": "production", "artifact": "sha256:" + "4" * 64, "as": "pipeline"}
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """main names a deployer, whose key lies beside the repository."""
    key = make_key(workshop.path.parent, "deploy")
    workshop.git("checkout", "-q", "main")
    text = (workshop.path / "itsm.yaml").read_text().rstrip() + "\n"
    workshop.write("itsm.yaml", text + DEPLOYERS % key.with_suffix(".pub").read_text().strip())
    workshop.edit(MODEL, "  maxRisk: high\n", "  maxRisk: high\n  suspension: {failures: 2, within: P30D}\n")
    workshop.commit("Deployers", who="erin")
    return workshop


@pytest.fixture
def say(shop: Workshop, itsm: Run) -> Say:
    """Runs `itsm deployed` with the deployer's key."""

    def run(key: str = "deploy", **given: str) -> tuple[int, str, str]:
        what = {"change": "chg-20261122-tune"} if "model" not in given else {}
        said = SAY | what | {"start": "2026-12-01T20:05:00Z", "end": "2026-12-01T20:15:00Z"} | given
        options = [part for name, value in said.items() for part in (f"--{name}", value)]
        return itsm("-C", shop.path, "deployed", *options, "--key", shop.path.parent / key)

    return run


def listed(shop: Workshop, itsm: Run) -> list[list[str]]:
    """What does not hold of each line."""
    code, out, _ = itsm("-C", shop.path, "deployed", "--list", "--format", "json")
    data = json.loads(out)
    schema = KindRegistry.load().bundled("reports/deployments-report.schema.json")
    jsonschema.Draft202012Validator(schema).validate(data)
    found = [[reason["code"] for reason in row["reasons"]] for row in data["deployments"]]
    assert code == (1 if any(found) else 0)
    return found


def test_what_a_deployer_says_holds(shop: Workshop, say: Say, itsm: Run) -> None:
    assert say()[0] == 0
    code, first, _ = say(result="failed")
    assert code == 0
    assert say(result="successful", supersedes=first.strip())[0] == 0
    assert listed(shop, itsm) == [[], [], []]
    out = itsm("-C", shop.path, "deployed", "--list")[1]
    assert [line.endswith("(superseded)") for line in out.splitlines()] == [False, True, False]


def test_by_a_model_it_names_the_answer_that_it_got(shop: Workshop, say: Say, itsm: Run, tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    ask = ("authorise", "--model", "restart", "--service", "newsletter", "--at", AT, "--rev", "main")
    assert itsm("-C", shop.path, *ask, "--format", "json", "--output", answer)[0] == 0
    assert say(model="restart", answer=str(answer))[0] == 0
    assert say(model="restart")[0] == 0
    assert listed(shop, itsm) == [[], ["no-answer"]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"service": "orders"}, "not-theirs"),
        ({"environment": "vault"}, "not-theirs"),
        ({"as": "another"}, "unknown-deployer"),
        ({"end": "2026-12-25T00:00:00Z"}, "unknown-deployer"),
        ({"key": "stranger"}, "unknown-deployer"),
    ],
)
def test_a_leaked_key_says_only_what_its_deployer_may(
    given: dict[str, str], expected: str, shop: Workshop, say: Say, itsm: Run
) -> None:
    make_key(shop.path.parent, "stranger")
    assert say(**given)[0] == 0
    assert listed(shop, itsm) == [[expected]]


def test_a_leaked_key_lowers_no_risk_and_lifts_no_suspension(shop: Workshop, say: Say, itsm: Run) -> None:
    for number, day in ((1, "10"), (2, "20")):
        text = FAILED % {"number": number, "day": day}
        shop.write(f"changes/2026/11/10/chg-20261110-failed-{number}.yaml", text)
    shop.commit("Failures", who="erin")
    shop.git("checkout", "-q", "-B", "topic", "main")
    shop.change()
    shop.commit()
    shop.review("bob")
    ask = ("authorise", "--model", "restart", "--service", "newsletter", "--at", AT, "--rev", "main")
    before = (shop.judge().digest, itsm("-C", shop.path, *ask))
    assert before[1][0] == 1
    for _ in range(3):
        assert say(model="restart")[0] == 0
        assert say()[0] == 0
    assert (shop.judge().digest, itsm("-C", shop.path, *ask)) == before


def rewritten(shop: Workshop, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Write the branch anew, as whoever may push it can."""
    repository = Repository(shop.path)
    content = lines.read(repository, repository.commit(lines.DEPLOYMENTS))
    changed = b"".join(line + b"\n" for line in change(content.splitlines()))
    shop.git("update-ref", lines.DEPLOYMENTS, lines.add(repository, None, changed, NOW))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda rows: rows[1:], [["chain-broken"], []]),
        (lambda rows: [rows[0], rows[2]], [[], ["chain-broken"]]),
        (lambda rows: [rows[0], rows[0], *rows[1:]], [[], ["chain-broken"], [], []]),
        (lambda rows: [rows[0].replace(b"successful", b"failed"), *rows[1:]], [["unsigned"], ["chain-broken"], []]),
        (lambda rows: [b"{}", *rows], [["malformed"], ["chain-broken"], [], []]),
        (lambda rows: [b"[" * 100_000, *rows], [["malformed"], ["chain-broken"], [], []]),
    ],
    ids=["first-gone", "one-gone", "said-twice", "altered", "made-up", "deep"],
)
def test_what_is_rewritten_is_found(
    change: Any, expected: list[list[str]], shop: Workshop, say: Say, itsm: Run
) -> None:
    for minute in ("10", "20", "30"):
        assert say(end=f"2026-12-01T20:{minute}:00Z")[0] == 0
    rewritten(shop, change)
    assert listed(shop, itsm) == expected


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"start": "2026-12-01T20:30:00Z"}, "it ends before it begins"),
        ({"model": "restart", "change": "chg-1"}, "a change or a model, and not both"),
        ({"start": "yesterday"}, "yesterday"),
        ({"service": "news\x1bletter"}, "service"),
    ],
)
def test_what_is_no_statement_is_not_written(given: dict[str, str], told: str, shop: Workshop, say: Say) -> None:
    code, _, err = say(**given)
    assert (code, told in err) == (2, True), err
    assert shop.git("for-each-ref", lines.DEPLOYMENTS) == ""


def test_two_pipelines_lose_nothing(shop: Workshop, say: Say, itsm: Run) -> None:
    """Both push; a clone that has not seen the first line follows it."""
    remote = shop.path.parent / "remote.git"
    shop.git("init", "-q", "--bare", str(remote))
    shop.git("remote", "add", "origin", str(remote))
    shop.git("push", "-q", "origin", "main")
    assert say(push="origin")[0] == 0
    shop.git("update-ref", "-d", lines.DEPLOYMENTS)
    assert say(push="origin")[0] == 0
    shop.git("fetch", "-q", "origin", f"+{lines.DEPLOYMENTS}:{lines.DEPLOYMENTS}")
    assert listed(shop, itsm) == [[], []]


@pytest.mark.parametrize("guard", ["_unsigned", "_breaks"])
def test_each_guard_is_needed(guard: str, shop: Workshop, say: Say, monkeypatch: pytest.MonkeyPatch, itsm: Run) -> None:
    for _ in range(2):
        assert say(service="orders")[0] == 0
    rewritten(shop, lambda rows: rows[1:])
    both = [["not-theirs", "chain-broken"]]
    assert listed(shop, itsm) == both
    monkeypatch.setattr(deployments, guard, lambda *_: iter(()))
    assert listed(shop, itsm) != both
