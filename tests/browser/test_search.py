"""The search of all records: mistakes, beginnings, other names, clauses, the keyboard, and how fast it answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import site
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import validate
from tests.site.conftest import NOW, validated
from tests.site.test_hostile import ATTACK
from tests.site.test_views import PEOPLE, change, record, service

__all__ = ["validated"]
pytestmark = pytest.mark.browser
KEY_STROKE = """text => {
    const input = document.querySelector("#q"), took = [];
    for (let end = 1; end <= text.length; end += 1) {
        input.value = text.slice(0, end);
        const start = performance.now();
        input.dispatchEvent(new Event("input", {bubbles: true}));
        took.push(performance.now() - start);
    }
    return took;
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("search")
    offering = record("RequestOffering", "o", {"service": "payments", "active": True}, "Payments token")
    control = record(
        "Control", "c", {"framework": "soc2", "clause": "CC8.1", "statement": "S."}, "Changes are authorised"
    )
    more = "title: Home loans, labels: {domain: mortgages}, annotations: {aliases: 'Baufi, HypoNet'}}"
    files = PEOPLE | service("payments") | service("ledger") | change("chg-1", services=["payments"])
    files |= {path: text.replace('title: "House"}', more) for path, text in service("house").items()}
    files |= {"operations/offerings/o.yaml": offering, "policies/controls/c.yaml": control}
    files["people/x.yaml"] = record("Person", "x", {"emails": ["x@a.example"]}, ATTACK)
    for path, text in files.items():
        (top / "records" / path).parent.mkdir(parents=True, exist_ok=True)
        (top / "records" / path).write_text(text)
    site.write(site.build(validate(WorkTree(top / "records"), NOW), "r"), top / "site")
    return top / "site"


@pytest.fixture(scope="module")
def page(browser: Any, folder: Path) -> Any:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto((folder / "about.html").as_uri())
    page.locator("#q").focus()
    yield page
    assert said == []
    page.close()


def found(page: Any, text: str) -> list[str]:
    """What is offered, in order, by kind: ``Services: Payments``."""
    sync_api = pytest.importorskip("playwright.sync_api")
    page.locator("#q").fill(text)
    sync_api.expect(page.locator(".hits-count")).not_to_contain_text("so far")
    groups = page.locator(".hits [role=group]")
    return [
        f"{group.get_attribute('aria-label')}: {option.inner_text()}"
        for group in groups.all()
        for option in group.locator("[role=option]").all()
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("payments", "Services: Payments"), ("paym", "Services: Payments"), ("paymetns", "Services: Payments"),
        ("pyament", "Services: Payments"), ("payments token", "Request offerings: Payments token"),
        ("token paymants", "Request offerings: Payments token"), ("mortgages", "Services: Home loans"),
        ("hyponet", "Services: Home loans"), ("CC8.1", "Controls: Changes are authorised"),
        ("cc8", "Controls: Changes are authorised"), ("soc2", "Controls: Changes are authorised"),
        ("chg-1", "Changes: chg-1"), ("ÄNN", "People: Ann"),
    ],
)  # fmt: skip
def test_what_people_type_leads_there(page: Any, text: str, first: str) -> None:
    assert found(page, text)[:1] == [first]


def test_services_and_offerings_come_first_by_kind_and_what_fits_is_marked(page: Any) -> None:
    kinds = [line.partition(":")[0] for line in found(page, "payments")]
    assert kinds == ["Services", "Request offerings"], "a word as written keeps away what is only like it"
    assert page.locator(".hits mark").all_inner_texts() == ["Payments", "Payments"]
    assert found(page, "zzzzzz") == []
    assert page.locator(".hits-count").inner_text().startswith("Nothing found. Try")
    assert page.locator("#q").get_attribute("aria-expanded") == "false"


def test_hostile_titles_are_text(page: Any) -> None:
    assert any(ATTACK[:10] in line for line in found(page, "script"))
    assert page.locator(".hits img, .hits script").count() == 0


def test_the_keyboard_alone_opens_a_record(browser: Any, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "about.html").as_uri())
    page.locator("body").press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.locator("#q").input_value() == ""
    assert len(found(page, "payments")) == 2
    field = page.locator("#q")
    assert (field.get_attribute("role"), field.get_attribute("aria-expanded")) == ("combobox", "true")
    for key, at in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowDown", 0), ("ArrowUp", 1)):
        field.press(key)
        assert field.get_attribute("aria-activedescendant") == f"hit-{at}"
        assert page.locator("[aria-selected=true]").get_attribute("id") == f"hit-{at}"
    assert page.evaluate("document.activeElement.id") == "q", "the focus stays where one types"
    field.press("Enter")
    page.wait_for_url("**/request-offerings/o.html")
    found(page, "payments")
    page.locator("#q").press("Enter")
    page.wait_for_url("**/services/payments.html")
    found(page, "payments")
    page.locator("#q").press("Escape")
    assert not page.locator(".hits").is_visible()
    page.close()


@pytest.mark.deep
def test_a_key_stroke_among_10000_services(browser: Any, validated: Any, tmp_path: Path) -> None:
    files = dict(PEOPLE)
    colours = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "juniper")
    for number in range(10_000):
        title = f"{colours[number % 10]} {colours[number // 10 % 10]} payments {number}"
        base = {"owner": "t", "stage": "catalogue", "lifecycle": "live", "tier": 2, "type": "business"}
        files[f"services/s-{number:05}.yaml"] = record("Service", f"s-{number:05}", base, title)
    site.write(site.build(validated(files), "r"), tmp_path / "out")
    page = browser.new_page()
    page.goto((tmp_path / "out/about.html").as_uri())
    page.locator("#q").focus()
    assert found(page, "amber payments 9000") == ["Services: amber amber payments 9000"]
    took = sorted(page.evaluate(KEY_STROKE, "amber paymenst 90"))
    print(f"10,000 services: a key stroke takes {took[len(took) // 2]:.0f} ms (median), {took[-1]:.0f} ms at most")
    assert took[len(took) // 2] < 50
    page.close()
