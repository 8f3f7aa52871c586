"""How to order: days, the time that earlier orders took, and the form of the forge."""

from __future__ import annotations

import pytest

from itsm_as_code import site
from tests.site.conftest import Validate
from tests.site.reader import read
from tests.site.test_hostile import ATTACK
from tests.site.test_views import PEOPLE, record, service

HOURS = record(
    "Calendar", "hours",
    {"timezone": "UTC", "kind": "service-hours",
     "entries": [{"weekly": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}}]},
)  # fmt: skip


def page(validated: Validate, forge: str, title: str = "Laptop", **spec: object) -> str:
    offering = {"service": "a", "active": True, "target": "PT20H", "hours": "hours", **spec}
    files = PEOPLE | service("a", support={"channel": "Desk", "email": "desk@a.example"})
    files |= {
        "itsm.yaml": f"apiVersion: itsm/v1\nkind: Configuration\nspec:\n  organisation: {{name: A}}\n{forge}",
        "changes/calendars/hours.yaml": HOURS,
        "operations/offerings/o.yaml": record("RequestOffering", "o", offering, title),
    }
    for number, days in enumerate((1, 2, 9)):
        request = {
            "offering": "o", "requester": "ann", "status": "fulfilled", "fulfiller": "ann",
            "submittedAt": "2026-11-02T10:00:00Z", "fulfilledAt": f"2026-11-{2 + days:02}T10:00:00Z", "values": {},
        }  # fmt: skip
        files[f"operations/requests/2026/11/r-{number}.yaml"] = record("ServiceRequest", f"r-{number}", request)
    return dict(site.build(validated(files), "r"))["request-offerings/o.html"].decode()


GITHUB = "  forge: {type: github, url: 'https://github.example.com/a/b'}\n"
GITLAB = "  forge: {type: gitlab, url: 'https://git.example.com/a/b/'}\n"


@pytest.mark.parametrize(
    ("forge", "start"),
    [
        (GITHUB, "https://github.example.com/a/b/issues/new?template=o.yml&title=Laptop"),
        (GITLAB, "https://git.example.com/a/b/-/issues/new?issuable_template=o&issue%5Btitle%5D=Laptop"),
    ],
)
def test_one_button_leads_to_the_form(validated: Validate, forge: str, start: str) -> None:
    links = [e for e in read(page(validated, forge).encode()).all("a") if e.attributes.get("class") == "button"]
    assert [link.text for link in links] == ["Order it"]
    assert links[0].attributes["href"].startswith(start)


def test_without_a_forge_it_says_whom_to_ask(validated: Validate) -> None:
    text = page(validated, "")
    assert 'href="mailto:desk@a.example"' in text
    assert 'class="button"' not in text


def test_what_is_not_offered_has_no_button(validated: Validate) -> None:
    assert 'class="button"' not in page(validated, GITHUB, active=False)


def test_time_is_told_in_days_and_by_earlier_orders(validated: Validate) -> None:
    text = page(validated, GITHUB)
    assert "(3 working days)" in text, "20 hours of eight a day"
    assert "2 days (3 earlier orders, 9 days at most)" in text


def test_a_hostile_title_stays_in_its_parameter(validated: Validate) -> None:
    text = page(validated, GITHUB, ATTACK)
    (link,) = [e for e in read(text.encode()).all("a") if e.attributes.get("class") == "button"]
    assert link.attributes["href"].startswith(
        "https://github.example.com/a/b/issues/new?template=o.yml&title=%22%27%3E"
    )
    assert "<script>alert" not in text
