"""Attacks by whoever says what was deployed, as scenarios (number 34)."""

from __future__ import annotations

from typing import Final

from itsm_as_code.cli.program import run
from itsm_as_code.git import lines
from itsm_as_code.git.repository import Repository
from tests.attacks.scenarios import proposal, scenario
from tests.attacks.test_28_authorise import FAILED
from tests.attacks.tools import MODEL, STANDARD, STANDARD_PATH, on_main
from tests.conftest import NOW, Workshop
from tests.signing import make_key

RESTART: Final = "chg-20261122-restart"
DEPLOYERS: Final = """\
  deployers:
    - name: pipeline
      key: "%s"
      services: [newsletter]
      environments: [production]
"""


def with_pipeline(shop: Workshop, services: str = "[newsletter]") -> None:
    """main names a deployer, and has a standard change that is scheduled ahead."""
    key = make_key(shop.path.parent, "deploy")
    with on_main(shop):
        text = (shop.path / "itsm.yaml").read_text().rstrip() + "\n"
        shop.write("itsm.yaml", text + DEPLOYERS % key.with_suffix(".pub").read_text().strip())
        shop.write(STANDARD_PATH, STANDARD.replace("[newsletter]", services))


def say(shop: Workshop, change: str = RESTART, key: str = "deploy", **given: str) -> None:
    said = {
        "service": "newsletter",
        "environment": "production",
        "artifact": f"sha256:{'4' * 64}",
        "as": "pipeline",
        "change": change,
        "start": "2026-12-01T20:05:00Z",
        "end": "2026-12-01T20:15:00Z",
        **given,
    }
    options = [part for name, value in said.items() for part in (f"--{name}", value)]
    assert run(["-C", str(shop.path), "deployed", *options, "--key", str(shop.path.parent / key)]) == 0


def reads_as_closed(shop: Workshop) -> bool:
    """People read that all went well."""
    out = shop.path.parent / "changes.csv"
    shown = ("--columns", "status", "--format", "csv", "--output", str(out), "--now", "2026-12-02T09:00:00Z")
    assert run(["-C", str(shop.path), "list", "Change", *shown]) == 0
    return f"{RESTART},closed" in out.read_text()


def may_go_on(shop: Workshop) -> bool:
    """The model pre-authorises."""
    asked = ("--model", "restart", "--service", "newsletter", "--at", "2026-11-30T20:00:00Z", "--rev", "main")
    return run(["-C", str(shop.path), "authorise", *asked]) == 0


@scenario(34, reads_as_closed)
def closes_a_change_with_a_key_of_its_own(shop: Workshop) -> None:
    with_pipeline(shop)
    make_key(shop.path.parent, "stranger")
    say(shop, key="stranger")


@scenario(34, reads_as_closed)
def closes_a_change_of_a_service_that_it_does_not_deploy(shop: Workshop) -> None:
    with_pipeline(shop, "[orders]")
    say(shop, service="orders")


@scenario(34, reads_as_closed)
def takes_the_line_away_that_says_it_failed(shop: Workshop) -> None:
    with_pipeline(shop)
    say(shop, result="failed")
    say(shop)
    repository = Repository(shop.path)
    content = lines.read(repository, repository.commit(lines.DEPLOYMENTS))
    left = b"".join(line + b"\n" for line in content.splitlines()[1:])
    shop.git("update-ref", lines.DEPLOYMENTS, lines.add(repository, None, left, NOW))


@scenario(34, reads_as_closed)
def closes_two_services_by_a_statement_of_one(shop: Workshop) -> None:
    with_pipeline(shop, "[newsletter, orders]")
    say(shop)


def is_of_low_risk(shop: Workshop) -> bool:
    """Fewer look at it."""
    (risk,) = shop.judge().evidence["risk"]
    return bool(risk["level"] == "low")


def failures(shop: Workshop, days: range) -> None:
    """main knows standard changes that failed, each on its day of November; by the key of the pipeline they did not."""
    with on_main(shop):
        for day in days:
            path = f"changes/2026/11/10/chg-20261110-failed-{day}.yaml"
            shop.write(path, FAILED % {"number": day, "day": day})
    for day in days:
        times = {"start": f"2026-11-{day}T21:00:00Z", "end": f"2026-11-{day}T21:10:00Z"}
        say(shop, f"chg-20261110-failed-{day}", **times)


@scenario(34, may_go_on)
def lifts_a_suspension_by_a_leaked_key(shop: Workshop) -> None:
    """The model failed twice; who has the key of the pipeline says that it went well."""
    with_pipeline(shop)
    with on_main(shop):
        shop.edit(MODEL, "  maxRisk: high\n", "  maxRisk: high\n  suspension: {failures: 2, within: P30D}\n")
    failures(shop, range(19, 21))


@scenario(34, is_of_low_risk)
def lowers_a_risk_by_a_leaked_key(shop: Workshop) -> None:
    """The service's changes failed, so the next one is of medium risk; the same key says that they went well."""
    with_pipeline(shop)
    failures(shop, range(10, 18))
    proposal(shop, **{"  status: proposed": "  outage: {expected: full, minutes: 10}\n  status: proposed"})
