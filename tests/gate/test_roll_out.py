"""Rolling out a new rule over an old catalogue: who is stopped before its day, and who after."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from itsm_as_code import site
from itsm_as_code.compliance import trend
from itsm_as_code.gate import Decision
from itsm_as_code.git.repository import Repository
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import assess_catalogue, load_rule_set, validate
from tests.attacks.tools import SERVICE, blocking
from tests.compliance.test_trend import later
from tests.conftest import NOW, Run, Workshop, codes
from tests.policies.test_engine import policy
from tests.site.reader import read

OLD = 196
"""Together with the four of the small organisation there are 200 services without a runbook."""
BEFORE = NOW
AFTER = datetime(2027, 1, 1, tzinfo=UTC)
POLICY = policy().replace("  severity: error\n", "  severity: error\n  since: '2027-01-01'\n")


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """A catalogue with 200 old violations, and the new policy on main."""
    workshop.git("checkout", "-q", "main")
    for number in range(OLD):
        name = f"old-{number:03d}"
        workshop.write(f"services/{name}.yaml", SERVICE % name)
    workshop.commit("Services", who="erin")
    workshop.write("policies/has-runbook.yaml", POLICY)
    workshop.commit("A new rule", who="erin")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    return workshop


def judged(shop: Workshop, now: datetime) -> Decision:
    """Everybody has approved; what remains is what the rules say."""
    shop.reviews.clear()
    for name in ("bob", "carol", "dave", "erin", "frank"):
        shop.review(name)
    return shop.judge(now=now)


def test_an_unrelated_pull_request_passes_before_and_after_the_day(shop: Workshop) -> None:
    shop.change(**{"2026-12-01": "2027-01-05"})
    shop.commit()
    for now in (BEFORE, AFTER):
        decision = judged(shop, now)
        assert (decision.verdict, codes(decision)) == ("approved", [])
        old = [finding for finding in validate(WorkTree(shop.path), now).findings if finding.rule == "has-runbook"]
        assert len(old) == OLD + 4
        assert {finding.severity for finding in old} == {"warning" if now is BEFORE else "error"}
        told = [*decision.evidence["known"], *decision.evidence["findings"]]
        assert [item for item in told if item["rule"] == "has-runbook"] == [], (
            "the evidence tells of what the pull request can affect"
        )


def test_a_201st_violation_is_warned_of_before_the_day_and_stopped_from_it_on(shop: Workshop) -> None:
    shop.write("services/new.yaml", SERVICE % "new")
    shop.commit()
    early = judged(shop, BEFORE)
    assert blocking(early) == set()
    (warning,) = [finding for finding in early.findings if finding.rule == "has-runbook"]
    assert (warning.severity, warning.message) == ("warning", "no runbook for new (blocks from 2027-01-01 on)")
    late = judged(shop, AFTER)
    assert (late.verdict, codes(late)) == ("rejected", ["finding:has-runbook"])
    assert [str(finding.record) for finding in late.findings if finding.blocks] == ["Service new"]


def test_who_touches_an_old_violation_mends_it_from_the_day_on(shop: Workshop) -> None:
    shop.edit("services/old-007.yaml", "title: A service", "title: The seventh")
    shop.commit()
    assert blocking(judged(shop, BEFORE)) == set()
    assert [str(finding.record) for finding in judged(shop, AFTER).findings if finding.blocks] == ["Service old-007"]
    shop.edit("services/old-007.yaml", "tier: 4", "tier: 4, runbook: 'https://wiki.shop.example/7'")
    shop.commit()
    assert blocking(judged(shop, AFTER)) == set()


def test_the_compliance_page_shows_200_and_how_it_went(shop: Workshop, tmp_path: Path, itsm: Run) -> None:
    shop.git("checkout", "-q", "main")
    shop.edit("services/old-007.yaml", "tier: 4", "tier: 4, runbook: 'https://wiki.shop.example/7'")
    later(shop, 2, "Mended one")
    shop.write("services/new.yaml", SERVICE % "new")
    later(shop, 4, "And made another")
    repository = Repository(shop.path)
    head = repository.commit("main")
    rule_set = load_rule_set(repository.snapshot(head))
    validation = assess_catalogue(rule_set.catalogue, rule_set, AFTER)
    pages = dict(site.build(validation, head, trend(repository, head, validation, 6)))
    for path in ("compliance/index.html", "policies/has-runbook.html"):
        text = pages[path].decode()
        assert read(pages[path]).unclosed == []
        assert "200 fail" in text, path
        assert "no data" in text
    chart = pages["policies/has-runbook.html"].decode().split('<svg class="graph"')[1].split("</svg>")[0]
    assert ">199<" in chart
    assert "200 of 201 records fail now, 200 of 200 on Fri 27 Nov 2026." in chart
    arguments = ("-C", shop.path, "build", "--rev", "main", "--history", "6", "--now", "2027-01-01T00:00:00Z", "-o")
    assert itsm(*arguments, tmp_path / "one")[0] == 0
    assert (tmp_path / "one/compliance/index.html").read_bytes() == pages["compliance/index.html"]
    assert chart in (tmp_path / "one/policies/has-runbook.html").read_text()  # beside it is now who changed the policy
    assert itsm(*arguments, tmp_path / "none", "--history", "0")[0] == 0
    without = (tmp_path / "none" / "compliance/index.html").read_text()
    assert "No trend: the site was built without looking at the history." in without
