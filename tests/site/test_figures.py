"""Computed figures on the pages, each against one that was worked out by hand."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from itsm_as_code import clock
from itsm_as_code.measures.deadlines import last_day_before
from itsm_as_code.measures.exposure import Exposure
from itsm_as_code.measures.finance import Variance
from itsm_as_code.service_levels.budget import ErrorBudget
from itsm_as_code.site import portfolio
from itsm_as_code.site.kinds import budget, incident, risk, service_review, supplier, training
from itsm_as_code.site.views import error_budget, figures, kpi, navigation, promises, service_figures, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Status
from itsm_as_code.validation import Validation
from tests.conftest import NORMAL_CHANGE, SMALL
from tests.site.conftest import Validate
from tests.site.reader import Document, read

Pages = dict[str, bytes]


def main(pages: Pages, path: str) -> str:
    return " ".join(read(pages[path]).all("main")[0].text.split())


def rows(pages: Pages, path: str) -> list[str]:
    """Every row of the tables of a page, a space between its cells."""
    found = re.findall(r"<tr.*?</tr>", pages[path].decode(), re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in found]


def within(document: Document) -> list[str]:
    """The hrefs of the lists of an area."""
    return [e.attributes["href"] for e in document.all("a")]


def test_a_business_case_shows_what_each_option_is_worth(pages: Pages) -> None:
    """-720,000 + 310,000/1.08 + 960,000/1.08^2 + 1,050,000/1.08^3 = 1,223,606.16; 1,600,000/1,630,000 = 98.2 %."""
    row = next(r for r in rows(pages, "business-cases/end-codes-by-text-message.html") if "Approval in the app" in r)
    assert "1,223,606.16 EUR" in row
    assert "98.2 %" in row
    assert "1.4 years" in row  # 1 + 410,000 / 960,000
    assert "Chosen" in row
    assert "year 0: -720,000.00 EUR, year 1: 310,000.00 EUR, year 2: 960,000.00 EUR" in row
    nothing = next(r for r in rows(pages, "business-cases/end-codes-by-text-message.html") if "Go on sending" in r)
    assert "-100.0 %" in nothing
    assert "Nothing to pay back" in nothing


def test_a_budget_shows_its_variance(pages: Pages) -> None:
    """Fixed fee: 12 * 59,200 planned and spent. Fee per transaction: 363,000.00 planned, 361,897.29 spent."""
    found = rows(pages, "budgets/budget-2025-card-network-link.html")
    fixed = next(r for r in found if r.startswith("Fixed fee"))
    assert "710,400.00 EUR 710,400.00 EUR" in fixed
    assert "0.00 EUR 0.0 % (of plan)" in fixed
    variable = next(r for r in found if r.startswith("Fee per transaction"))
    assert "363,000.00 EUR 361,897.29 EUR" in variable
    assert "1,102.71 EUR 0.3 % (of plan)" in variable
    total = next(r for r in found if r.startswith("Total"))
    assert "1,073,400.00 EUR" in total


def test_a_budget_without_an_actual_has_no_data() -> None:
    assert budget._variance(Variance(0, *[Fraction(0)] * 4), "EUR") == figures.NO_DATA


def test_improvements_stand_in_the_order_of_their_figure(pages: Pages) -> None:
    found = rows(pages, "improvements/index.html")
    assert any("6.80 = (13 + 13 + 8) / 5" in row for row in found)
    figures = [float(row.split(" = ")[0].rsplit(" ", 1)[1]) for row in found if " = (" in row and "In progress" in row]
    assert figures == sorted(figures, reverse=True)


@pytest.mark.parametrize(
    ("likelihood", "impact", "word"),
    [(1, 1, "Low"), (2, 2, "Low"), (1, 5, "Medium"), (3, 3, "Medium"), (2, 5, "High"), (3, 5, "High"),
     (4, 4, "Very high"), (5, 5, "Very high")],
)  # fmt: skip
def test_the_level_of_a_risk(likelihood: int, impact: int, word: str) -> None:
    assert risk.level(Exposure(likelihood, impact)).word == word


def test_risks_stand_in_a_matrix_before_and_after_treatment(pages: Pages) -> None:
    document = read(pages["risks/index.html"])
    assert {"risks-before-treatment", "risks-after-treatment"} <= set(document.ids)
    assert "likelihood 4 * impact 2 = 8" in main(pages, "risks/fraud-weights-drift.html")
    row = next(r for r in rows(pages, "risks/index.html") if r.startswith("4 Likely"))
    assert "Fraud weights grow old between two trainings" in row


def test_a_training_shows_its_coverage(pages: Pages, example: Validation) -> None:
    training = example.catalogue.get("Training", "records-in-git")
    team = example.catalogue.get("Team", "team-payments")
    assert training is not None
    assert team is not None
    people = [example.catalogue.get("Person", name) for name in team.spec["members"]]
    active = {p.name for p in people if p and p.spec.get("active", True) and not p.spec.get("bot")}
    done = {item["person"] for item in training.spec["completions"]} & active
    row = next(r for r in rows(pages, "trainings/records-in-git.html") if r.startswith(team.title))
    assert f"({len(done)} of {len(active)})" in row


def test_an_offering_says_what_it_asks_takes_and_costs(pages: Pages) -> None:
    text = main(pages, "request-offerings/warehouse-extract.html")
    assert "240.00 EUR" in text
    assert "24 service hours" in text
    assert "Spreadsheet, CSV, PDF" in text
    assert "at least 1; at most 40" in text
    assert "240.00 EUR" in main(pages, "request-offerings/index.html")


def test_a_problem_lists_its_incidents_and_an_article_its_freshness(pages: Pages) -> None:
    hrefs = within(read(pages["problems/terminal-profile-goes-live-unasked.html"]))
    assert "../incidents/inc-20261120-contactless-declines.html" in hrefs
    assert "Review is overdue Mon 16 Nov 2026" in main(pages, "knowledge-articles/kb-loan-application-stuck.html")


def test_headroom_cost_and_feasibility_of_services(pages: Pages, example: Validation) -> None:
    for service in example.catalogue.of_kind("Service"):
        for measure in service.spec.get("capacity", ()):
            if "limit" in measure and "peak" in measure:
                share = (float(measure["limit"]) - float(measure["peak"])) / float(measure["limit"]) * 100
                said = f"{share:.1f} % (({measure['limit']} - {measure['peak']}) / {measure['limit']})"
                assert said in main(pages, f"services/{service.name}.html"), (service.name, said)
    text = main(pages, "services/core-ledger.html")
    assert "What is below it composes to" in text
    assert "Total, without cost by use" in text


def test_whether_a_promise_can_be_kept_follows_from_its_figures(pages: Pages) -> None:
    told = re.compile(r"([0-9.]+) % (Can|Cannot|May not) be kept ([0-9.]+) %")
    found = [told.search(row) for path in pages if path.startswith("services/") for row in rows(pages, path)]
    judged = [(Decimal(match[1]) <= Decimal(match[3]), match[2]) for match in found if match]
    assert judged
    assert all(kept is (word == "Can") for kept, word in judged)


def test_how_fast_a_budget_burns_is_a_sentence(pages: Pages) -> None:
    """card-payments lost 62 of 64.8 minutes; what lost nothing says nothing."""
    said = main(pages, "services/card-payments.html")
    assert "Burn rate 1.33; from 1 outage, the error budget is exhausted on Sun 22 Nov 2026 at the earliest" in said
    assert "urn rate" not in main(pages, "services/payments-api.html")


@pytest.mark.parametrize(
    ("attained", "said", "tone"),
    [("0.98", "Overspent by 100.0 %", "bad"), ("0.99", "Used up", "bad"), ("0.992", "20.0 % left", "warn"),
     ("0.9925", "25.0 % left", "good"), ("1", "100.0 % left", "good")],
)  # fmt: skip
def test_what_is_left_of_an_error_budget(attained: str, said: str, tone: str) -> None:
    served = Fraction(28 * 86400)
    span = clock.Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 29, tzinfo=UTC))
    lost = served * (1 - Fraction(attained))
    left = ErrorBudget("a", "s", "o", span, Fraction("0.99"), "99", served, lost, served / 100)
    assert error_budget.standing(left) == Status(said, tone)


@pytest.mark.parametrize(
    ("value", "size", "word"),
    [
        (3, 3, "low"),
        (3, 4, "medium"),
        (4, 4, "low"),
        (3, 5, "medium"),
        (5, 5, "very low"),
        (6, 5, "6"),
        (2, 7, "2 of 7"),
    ],
)
def test_grades_follow_the_matrix(value: int, size: int, word: str) -> None:
    assert incident.grade(value, size) == word


def test_kinds_stand_by_their_practice(pages: Pages, example: Validation) -> None:
    expected = {
        "RequestOffering": "requests", "ServiceRequest": "requests", "Incident": "operations", "Problem": "operations",
        "KnowledgeArticle": "operations", "Release": "changes", "BusinessCase": "portfolio", "Budget": "portfolio",
        "Improvement": "improvement", "ServiceReview": "improvement", "Risk": "compliance", "Training": "people",
        "Initiative": "people", "Service": "services", "Supplier": "services",
    }  # fmt: skip
    assert {name: navigation.area(example.registry[name]) for name in expected} == expected
    assert all(navigation.area(kind) != navigation.ALL for kind in example.registry)
    assert within(read(pages["index.html"])).index("request-offerings/index.html") > 0
    document = read(pages["request-offerings/index.html"])
    assert "../service-requests/index.html" in within(document)


def test_the_last_day_of_notice_stands_wherever_people_look_for_what_comes(pages: Pages) -> None:
    # The contract ends on 1 March 2027, 90 days after 1 December 2026; notice is given before that day.
    def shown(path: str) -> str:
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", pages[path].decode())).split())

    assert "Last day of notice Mon 30 Nov 2026 In 8 days" in shown("suppliers/quorum-hsm.html")
    quorum = next(row for row in rows(pages, "suppliers/index.html") if "Quorum HSM" in row)
    assert "Mon 30 Nov 2026 In 8 days" in quorum
    assert any("Last day of notice Quorum HSM" in row for row in rows(pages, "deadlines/index.html"))
    assert "1 in suppliers" in shown("index.html"), "it shows the first few, and where the others are"
    assert "No end or no period of notice is recorded" in shown("suppliers/pelagic-voice.html")


def test_the_last_day_of_notice_passes(example: Validation) -> None:
    for day, said in ((29, "In 1 day"), (30, "Today"), (31, "Passed; it can be left only after its end")):
        now = datetime(2026, 11, 1, 23, 59, tzinfo=UTC) + timedelta(days=day - 1)
        context = Context(replace(example, now=now), "r")
        quorum = example.catalogue.get("Supplier", "quorum-hsm")
        assert quorum is not None
        assert supplier.notice(context, quorum).parts[1].word == said  # type: ignore[union-attr]


def test_every_page_names_the_same_last_day_of_a_contract(example: Validation, pages: Pages) -> None:
    """Ends are half-open in records; every page shows the last day on which a contract or agreement is in force."""
    ends = {
        **{("suppliers", r.name): r.spec.get("contract", {}).get("end") for r in example.catalogue.of_kind("Supplier")},
        **{
            ("service-level-agreements", r.name): r.spec["effective"].get("until")
            for r in example.catalogue.of_kind("ServiceLevelAgreement")
        },
    }
    dated = {where: clock.parse_date(end) for where, end in ends.items() if end}
    assert len(dated) > 10
    texts = {path: pages[path].decode() for path in pages if path.endswith(".html")}
    for (folder, name), end in dated.items():
        last = last_day_before(end)
        assert words.day(last) in texts[f"{folder}/{name}.html"], name
        assert words.day(end) not in texts[f"{folder}/{name}.html"], f"{name} shows another end than the last day"
    for path in ("suppliers/index.html", "service-level-agreements/index.html", "deadlines/index.html", "index.html"):
        for (_, name), end in dated.items():
            row = next((row for row in texts[path].split("<tr") if f"/{name}.html" in row), "")
            assert words.day(end) not in row, f"{path}: {name}"


def test_the_page_of_key_figures_says_what_each_rests_on(pages: Pages) -> None:
    """The same figures as `itsm report kpi` and `value` tell, with quarters, formula and links to their records."""
    found = rows(pages, "kpi/index.html")
    rate = next(row for row in found if row.startswith("Change fail rate 13 of 39"))
    assert "2025-Q4: 0 of 3; 2026-Q1: 3 of 7" in rate
    assert "Changes that failed, were backed out or are the cause of an incident" in rate
    assert rate.count("chg-") == 13
    down = next(row for row in found if row.startswith("Tier 1 down, sum over services"))
    assert "419 min (n 6) 744 min (n 10) No evidence" in down
    assert any("consumer-loans" in row or "Consumer loans" in row for row in found)
    assert "Incidents, by quarter" in pages["kpi/index.html"].decode()
    assert "../changes/chg-20261109-shard-the-metrics-store.html" in pages["kpi/index.html"].decode()


def test_what_others_reach_stands_beside_the_key_figure(validated: Validate) -> None:
    """Beside the figure alone that it is of."""
    spec = '{figure: change-fail-rate, low: "1", high: "2", source: Nine banks, on: "2026-05-01"}'
    head = "apiVersion: itsm/v1\nkind: Benchmark\nmetadata: {name: others, title: Others}\n"
    files = {str(file.relative_to(SMALL)): file.read_text() for file in SMALL.rglob("*.yaml")}
    files["changes/2026/11/22/chg-20261122-tune.yaml"] = NORMAL_CHANGE % {"name": "chg-20261122-tune"}
    found = validated({**files, "improvement/benchmarks/others.yaml": f"{head}spec: {spec}\n"})
    (page,) = kpi.pages(Context(found, "r"))
    assert repr(page).count("Others: 1 to 2 % (Nine banks, 2026-05-01)") == 1


def test_what_others_reach_stands_on_every_page_of_the_figure(validated: Validate) -> None:
    """On those of an agreement, a service, a training and the portfolio, beside the figure."""
    told = ("availability", "capacity-headroom", "training-coverage", "monthly-cost", "untagged-cost")
    files = {f"improvement/benchmarks/{name}.yaml": OTHERS % {"figure": name} for name in told}
    files |= {str(file.relative_to(SMALL)): file.read_text() for file in SMALL.rglob("*.yaml")}
    measure = '{measure: Orders, unit: orders, normal: "5", peak: "8", limit: "10", headroomTarget: "10"}'
    files["services/database.yaml"] += f"  capacity: [{measure}]\n"
    context = Context(validated(files | REACHED), "r")
    service, agreement, course = (
        record
        for kind in ("Service", "ServiceLevelAgreement", "Training")
        for record in context.catalogue.of_kind(kind)
        if record.name in ("database", "database-ola", "gate")
    )
    costs = list(portfolio.pages(context))
    shown = {
        "availability": promises.objectives(context, agreement),
        "capacity-headroom": service_figures.capacity(context, service),
        "training-coverage": training.page(context, course, state.Now(context)),
        "monthly-cost": costs,
        "untagged-cost": costs,
    }
    for name, page in shown.items():
        assert repr(page).count(f"(Nine banks on {name}, 2026-05-01)") == 1, name


def test_a_review_shows_what_a_figure_came_to_and_what_it_is_now(validated: Validate) -> None:
    files = {str(file.relative_to(SMALL)): file.read_text() for file in SMALL.rglob("*.yaml")}
    review = (
        '{service: orders, period: {from: "2026-07-01", until: "2026-10-01"}, heldOn: "2026-10-14", attendees: [bob]'
    )
    recorded = 'figures: [{figure: incidents, value: "7 records (in 92 days)"}, {figure: none-such, value: "1"}]}'
    head = "apiVersion: itsm/v1\nkind: ServiceReview\nmetadata: {name: orders-q3, title: Orders}\n"
    files["improvement/reviews/orders-q3.yaml"] = f"{head}spec: {review}, {recorded}\n"
    found = validated(files)
    (wrong,) = (item for item in found.findings if item.rule == "figure-computed")
    assert wrong.message == "there is no figure 'none-such'"
    (record,) = found.catalogue.of_kind("ServiceReview")
    context = Context(found, "r")
    shown = repr(service_review.page(context, record, state.Now(context)))
    assert shown.index("7 records (in 92 days)") < shown.index("0 records (in 92 days)")


OTHERS = """apiVersion: itsm/v1
kind: Benchmark
metadata: {name: %(figure)s, title: Others}
spec: {figure: %(figure)s, low: "1", high: "2", source: Nine banks on %(figure)s, on: "2026-05-01"}
"""
REACHED = {
    "services/agreements/database-ola.yaml": """apiVersion: itsm/v1
kind: ServiceLevelAgreement
metadata: {name: database-ola, title: Of the database}
spec:
  type: ola
  service: database
  provider: team-data
  customer: {team: team-shop}
  effective: {from: "2026-01-01"}
  objectives:
    - {name: up, indicator: availability, target: "99.9", unit: percent, comparison: at-least, window: {rolling: P28D}}
    - {name: soon, indicator: time-to-resolve, target: "8", unit: hours, comparison: at-most, window: {rolling: P28D}}
""",
    "people/training/gate.yaml": """apiVersion: itsm/v1
kind: Training
metadata: {name: gate, title: The gate}
spec: {topic: The gate, owner: team-data}
""",
    "portfolio/costs/cloud-2026-10-eur.yaml": """apiVersion: itsm/v1
kind: CostStatement
metadata: {name: cloud-2026-10-eur, title: Cloud in October}
spec:
  month: "2026-10"
  provider: Cloud
  currency: EUR
  total: "10.50"
  lines:
    - {service: database, amount: "10.00"}
    - {amount: "0.50"}
""",
}
