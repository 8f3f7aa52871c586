"""itsm report service-review: a draft whose figures the checks confirm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from itsm_as_code.records.document import Document, load
from tests.attacks.tools import AGREEMENT, AGREEMENT_PATH, OUTAGE, OUTAGE_PATH
from tests.conftest import ROOT, SMALL, Run, Workshop


def test_the_draft_of_the_example(itsm: Run) -> None:
    """59 of 131,760 minutes, 6 minutes to own and 117 to resolve, as the review that was held says."""
    code, out, _ = itsm("-C", ROOT, "report", "service-review", "payments-api", "--period", "2026-Q3")
    document = load("x.yaml", out.encode())
    assert code == 0
    assert isinstance(document, Document)
    spec = document.data["spec"]
    found = {line["objective"]: (line.get("attained"), line["verdict"]) for line in spec["performance"]}
    assert found["availability"] == ("99.955", "met")
    assert found["own-p1"] == ("6", "met")
    assert found["resolve-p1"] == ("1.95", "met")
    assert found["latency"] == (None, "no-data")
    assert (spec["period"], spec["heldOn"]) == ({"from": "2026-07-01", "until": "2026-10-01"}, "2026-11-22")
    note = next(line["note"] for line in spec["performance"] if line["objective"] == "availability")
    assert note.startswith("Computed: 59 of 131,760 minutes were lost, by Incident/inc-20260817")


def test_the_draft_has_the_key_figures_of_the_service(itsm: Run) -> None:
    """The same by either way to name it; each as `report kpi --by service` has it."""
    asked = ("-C", ROOT, "report", "service-review", "--period", "2026-Q3")
    code, out, _ = itsm(*asked, "--service", "payments-api")
    document = load("x.yaml", out.encode())
    assert isinstance(document, Document)
    assert out == itsm(*asked, "payments-api")[1]
    figures = {item["figure"]: item["value"] for item in document.data["spec"]["figures"]}
    period = ("--from", "2026-07-01T00:00:00+02:00", "--to", "2026-10-01T00:00:00+02:00")
    told = json.loads(itsm("-C", ROOT, "report", "kpi", "--by", "service", *period, "--format", "json")[1])["figures"]
    kpi = {row["figure"]: row for row in told if row["part"] == "payments-api"}
    fail, restored = kpi["change-fail-rate"], kpi["time-to-restore"]
    assert figures["change-fail-rate"] == f"{fail['numerator']} of {fail['denominator']}", "too few for a share"
    assert figures["time-to-restore"].endswith(f"(mean of {restored['numerator']})")
    assert figures["incidents"] == f"{kpi['incidents']['numerator']} records (in 92 days)"
    for names in (("payments-api", "--service", "payments-api"), ()):
        code, _, err = itsm(*asked, *names)
        assert (code, "name one service" in err) == (2, True)


@pytest.mark.parametrize("target", ["99.5", "97.309", "97.3094", "97.310"])
def test_the_draft_agrees_with_the_check(itsm: Run, workshop: Workshop, target: str) -> None:
    """1,200 of November's 43,200 minutes are lost: 97.2222 percent; the verdict is that of the exact figure."""
    workshop.write(AGREEMENT_PATH, AGREEMENT.replace("99.5", target))
    workshop.write(OUTAGE_PATH, OUTAGE)
    path = Path(workshop.path) / "improvement/reviews/newsletter-2026-11.yaml"
    path.parent.mkdir(parents=True)
    now = ("--now", "2026-12-02T12:00:00Z")
    code, _, _ = itsm(
        "-C", workshop.path, "report", "service-review", "newsletter", "--period", "2026-11", *now, "-o", path
    )
    assert code == 0
    code, out, _ = itsm("-C", workshop.path, "validate", *now)
    assert "review-performance-agrees" not in out
    assert 'attained: "97.222"' in path.read_text()


def test_what_is_no_period_or_not_over(itsm: Run) -> None:
    for period, why in (("2026-Q4", "is not over"), ("2026-Q5", "no quarter, month or year"), ("soon", "no quarter")):
        code, _, err = itsm("-C", ROOT, "report", "service-review", "payments-api", "--period", period)
        assert code == 2
        assert why in err
    code, _, err = itsm("-C", ROOT, "report", "service-review", "payment-api", "--period", "2026-Q3")
    assert (code, "did you mean 'payments-api'?" in err) == (2, True)


def test_a_service_without_an_agreement(itsm: Run) -> None:
    """It is told that there is nothing to measure, and a period that is not over is none for it either."""
    arguments = ("-C", SMALL, "report", "service-review", "newsletter", "--now", "2026-11-22T12:00:00Z", "--period")
    code, out, err = itsm(*arguments, "2026-Q3")
    assert (code, "performance: []" in out) == (0, True)
    assert "no agreement about newsletter is in force in 2026-Q3" in err
    assert itsm(*arguments, "2026-Q4")[0] == 2
