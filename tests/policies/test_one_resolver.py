"""One resolver of waivers: what it says holds in validate, in the gate and on the site alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.attacks.tools import on_main
from tests.conftest import Run, Workshop
from tests.policies.test_engine import policy
from tests.policies.test_waivers import waiver

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NEWSLETTER = "services/newsletter.yaml"


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """One service without a runbook, which a waiver lifts until UNTIL; the pull request touches it."""
    rule = policy(match="{kinds: [Service], where: object.metadata.name == 'newsletter'}")
    with on_main(workshop):
        workshop.write("policies/has-runbook.yaml", rule)
        for path, text in waiver(records="[{kind: Service, name: newsletter}]").items():
            workshop.write(path, str(text))
    workshop.edit(NEWSLETTER, "title: Newsletter", "title: Our newsletter")
    workshop.commit()
    return workshop


def said(shop: Workshop, tmp_path: Path, itsm: Run, now: datetime) -> dict[str, tuple[bool, str]]:
    """For validate, gate, site and the list: whether the service is stopped, and how the waiver stands."""
    stamp = ("--now", now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    code, out, _ = itsm("-C", shop.path, "validate", "--format", "json", *stamp)
    found = [item for item in json.loads(out)["findings"] if item["rule"] == "has-runbook"]
    rules = [item["rule"] for item in json.loads(out)["findings"] if item["record"]["kind"] == "Waiver"]
    state = {"waiver-expired": "expired", "waiver-unneeded": "unneeded"}.get(rules[0], "?") if rules else "active"
    result = {"validate": (bool(code), state)}
    assert all((item["waiver"] is None) == bool(code) for item in found)

    reviews = tmp_path / "reviews.json"
    reviews.write_text(json.dumps(shop.pull_request()))
    where = ("--base", "main", "--head", "topic", "--reviews", reviews)
    _, out, _ = itsm("-C", shop.path, "gate", *where, "--format", "json", *stamp)
    evidence = json.loads(out)
    stopped = any(reason["code"] == "finding:has-runbook" for reason in evidence["reasons"])
    states = [row["state"] for row in evidence["waivers"] if row["waiver"] == "w"]
    result["gate"] = (stopped, {"waived": "active"}.get(states[0], states[0]))

    assert itsm("-C", shop.path, "build", "-o", tmp_path / "site", "--history", "0", *stamp)[0] == 0
    page = (tmp_path / "site/waivers/w.html").read_text()
    shown = next(word for word in ("active", "expired", "unneeded") if f"</svg>{word.capitalize()}</span>" in page)
    policy_page = (tmp_path / "site/policies/has-runbook.html").read_text()
    result["site"] = ("1 fails" in policy_page or "1 fail<" in policy_page, shown)

    _, out, _ = itsm("-C", shop.path, "waiver", "list", "--within", "P0D", "--format", "json", *stamp)
    (row,) = json.loads(out)["waivers"]
    result["list"] = (bool(code), row["standing"])
    return result


def test_an_expired_waiver_blocks_everywhere_from_the_same_second(shop: Workshop, tmp_path: Path, itsm: Run) -> None:
    everywhere = ("validate", "gate", "site", "list")
    assert said(shop, tmp_path, itsm, UNTIL - SECOND) == dict.fromkeys(everywhere, (False, "active"))
    assert said(shop, tmp_path, itsm, UNTIL) == dict.fromkeys(everywhere, (True, "expired"))


def test_a_waiver_that_nothing_needs_is_reported_everywhere(shop: Workshop, tmp_path: Path, itsm: Run) -> None:
    shop.edit(NEWSLETTER, "  tier: 4", "  tier: 4\n  runbook: https://wiki.shop.example/newsletter")
    shop.commit()
    everywhere = ("validate", "gate", "site", "list")
    assert said(shop, tmp_path, itsm, UNTIL - SECOND) == dict.fromkeys(everywhere, (False, "unneeded"))
