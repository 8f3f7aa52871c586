"""The calendar of changes and the agenda of the board: what is planned, what collides, who has still to approve."""

from __future__ import annotations

import json
from datetime import date

import pytest

from itsm_as_code import site
from itsm_as_code.gate.board import Asked, cases
from itsm_as_code.site.pages import context_of
from itsm_as_code.site.views import planned, state
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import Validation, validate
from tests.site.conftest import NOW, Validate
from tests.site.reader import read
from tests.site.test_hostile import ATTACK
from tests.site.test_views import PEOPLE, change, record, service

RULES = {
    "policies/approvals/a.yaml": record("ApprovalPolicy", "a", {"owner": "t", "rules": [
        {"name": "owners", "match": {"kinds": ["Change"], "where": "object.spec.type == 'normal'"},
         "approvals": [{"from": {"owners": "self"}, "count": 1}, {"from": {"anyone": True}, "count": 2}]},
    ]}),
}  # fmt: skip


def window(start: str, end: str) -> dict[str, str]:
    return {"start": f"{start}:00Z", "end": f"{end}:00Z"}


FREEZE = record(
    "Calendar",
    "freeze",
    {
        "timezone": "UTC",
        "kind": "freeze",
        "appliesTo": {"services": ["a", "b"]},
        "reason": "R.",
        "entries": [{"start": "2026-11-25T00:00:00Z", "end": "2026-11-27T00:00:00Z"}],
    },
    "Still",
)
WORLD = (
    PEOPLE
    | RULES
    | service("a")
    | service("b")
    | {"changes/calendars/freeze.yaml": FREEZE}
    | change("in-freeze", schedule=window("2026-11-25T10:00", "2026-11-25T12:00"), status="proposed")
    | change("later", schedule=window("2026-12-07T10:00", "2026-12-07T12:00"), status="proposed", services=["b"],
             outage={"expected": "full", "minutes": 9})
    | change("decided", schedule=window("2026-11-28T10:00", "2026-11-28T12:00"), status="scheduled", services=["b"])
    | change("unasked", type="emergency", status="proposed")
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Validation:
    top = tmp_path_factory.mktemp("planned")
    for path, text in WORLD.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    return validate(WorkTree(top), NOW)


def test_a_case_says_what_collides_when_it_is_free_and_who_has_to_approve(world: Validation) -> None:
    found = cases(world)
    assert set(found) == {"in-freeze", "later", "decided", "unasked"}
    frozen = found["in-freeze"]
    assert [item.kind for item in frozen.conflicts] == ["freeze"]
    assert frozen.slot is not None
    assert f"{frozen.slot.start:%Y-%m-%d %H:%M}" == "2026-11-27 00:00"
    assert frozen.asked == (Asked("owners", "owner t", 1, "t"), Asked("owners", "anyone", 2))
    assert (found["later"].conflicts, found["later"].slot) == ((), None)
    assert found["decided"].asked == (), "it is decided"
    assert found["unasked"].asked is None, "no rule covers it"


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("in-freeze", date(2026, 11, 23)),
        ("later", date(2026, 12, 4)),
        ("decided", date(2026, 11, 26)),
        ("unasked", None),
    ],
)
def test_it_is_decided_on_the_last_weekday_two_days_before_the_start(
    world: Validation, name: str, by: date | None
) -> None:
    context = context_of(world, "r", None, None)
    record = world.catalogue.get("Change", name)
    assert record is not None
    assert planned.decide_by(context, record) == by


def test_the_agenda_is_by_risk_and_by_day(world: Validation) -> None:
    context = context_of(world, "r", None, None)
    page = planned.board(context, state.Now(context))
    assert page.title == "3 changes to decide. The first is due by Mon 23 Nov 2026: in-freeze."
    text = read(dict(site.build(world, "r"))["calendar/decisions.html"])
    cases_ = [element.text for element in text.all("li") if element.attributes.get("class") == "case"]
    assert sum("in-freeze" in case for case in cases_) == 1
    (frozen,) = (case for case in cases_ if "in-freeze" in case)
    for said in (
        "Team T",
        "2 more people",
        "is frozen: Still",
        "Free slot",
        "None is recorded",
    ):
        assert said in frozen, said
    (unasked,) = (case for case in cases_ if "unasked" in case)
    assert "No rule says who approves it." in unasked


def test_the_month_has_each_change_on_its_day_and_freezes_on_all_of_theirs(world: Validation) -> None:
    context = context_of(world, "r", None, None)
    squares = {
        square.day: square for square in planned.month(context, state.Now(context), date(2026, 11, 16), "m").squares
    }
    assert len(squares) == 35
    assert [(cell.link.label, cell.weight) for cell in squares[date(2026, 12, 7)].cells] == [("later", "quiet")]
    assert [(cell.link.label, cell.weight) for cell in squares[date(2026, 11, 28)].cells] == [("decided", "plain")]
    assert [day for day, square in squares.items() if square.frozen] == [date(2026, 11, 25), date(2026, 11, 26)]


def test_without_changes_there_is_neither(validated: Validate) -> None:
    pages = dict(site.build(validated(dict(PEOPLE)), "r"))
    assert "None is in sight" not in pages["calendar/index.html"].decode()
    assert "Nothing is planned this weekend." in pages["calendar/index.html"].decode()
    assert "Nothing to decide." in pages["calendar/decisions.html"].decode()


def test_hostile_titles_are_text_in_both(validated: Validate) -> None:
    files = dict(WORLD)
    files["changes/2026/11/22/later.yaml"] = files["changes/2026/11/22/later.yaml"].replace(
        '"later"', json.dumps(ATTACK)
    )
    pages = dict(site.build(validated(files), "r"))
    for path in ("calendar/index.html", "calendar/decisions.html"):
        document = read(pages[path])
        assert ATTACK in "".join(element.text for element in document.all("main")), path
        assert not document.all("img", "iframe"), path
        assert len(document.all("script")) == 2, path


@pytest.mark.parametrize(
    ("forge", "link"),
    [
        ("{type: github, url: 'https://forge.example/a/b/'}", "https://forge.example/a/b/pulls"),
        ("{type: gitlab, url: 'https://forge.example/a/b'}", "https://forge.example/a/b/-/merge_requests"),
    ],
)
def test_the_board_leads_to_what_is_open_at_the_forge(validated: Validate, forge: str, link: str) -> None:
    settings = f"apiVersion: itsm/v1\nkind: Configuration\nspec:\n  forge: {forge}\n"
    context = context_of(validated(WORLD | {"itsm.yaml": settings}), "r", None, None)
    assert f"]({link})" in (planned.board(context, state.Now(context)).lead or "")
