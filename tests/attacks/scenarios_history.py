"""Attacks by history that was brought in from elsewhere, as scenarios (number 32)."""

from __future__ import annotations

from tests.attacks.scenarios import proposal, scenario
from tests.attacks.test_24_emergency import INCIDENT, INCIDENT_PATH, URGENT
from tests.attacks.tools import BAD_BACKOUT, EVERYBODY, approve, on_main
from tests.conftest import NORMAL_CHANGE, Workshop

CUT_OVER = "  takenOver: {before: 2026-11-01, from: [former-desk]}\n"
MARK = "takenOver: {from: former-desk, number: %s, on: 2026-11-02}"
HISTORY = """\
apiVersion: itsm/v1
kind: Change
metadata: {name: %(name)s, title: Moved to the new cluster}
spec:
  type: normal
  services: [newsletter]
  takenOver: {from: former-desk, number: %(number)s, on: 2026-11-02}
  status: closed
  actual: {start: 2026-10-13T01:00:00Z, end: 2026-10-13T02:07:05Z}
  result: successful
"""


def cut_over(shop: Workshop, text: str = CUT_OVER) -> None:
    """Let records be taken over; to be merged."""
    shop.write("itsm.yaml", (shop.path / "itsm.yaml").read_text() + text)


def history(shop: Workshop, name: str = "chg-001", number: str = "CHG001", **replace: str) -> str:
    """Write a change that is taken over; gives its path."""
    text = HISTORY % {"name": name, "number": number}
    for old, new in replace.items():
        assert old in text, old
        text = text.replace(old, new)
    path = f"changes/{name}.yaml"
    shop.write(path, text)
    return path


def bring(shop: Workshop, *reviewers: str, **replace: str) -> None:
    """A pull request by alice that takes a change over, once that is allowed."""
    with on_main(shop):
        cut_over(shop)
    history(shop, **replace)
    shop.commit()
    approve(shop, *reviewers)


@scenario(32)
def takes_over_without_governance(shop: Workshop) -> None:
    bring(shop, "bob", "carol")


@scenario(32)
def takes_over_without_a_cut_over(shop: Workshop) -> None:
    history(shop)
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(32)
def brings_a_cut_over_of_its_own(shop: Workshop) -> None:
    cut_over(shop)
    history(shop)
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(32)
def takes_over_what_came_after_the_cut_over(shop: Workshop) -> None:
    bring(shop, *EVERYBODY, **{"2026-10-13": "2026-11-13"})


@scenario(32)
def takes_over_what_is_still_to_be_done(shop: Workshop) -> None:
    """The cut-over is to come, and no policy looks at it."""
    with on_main(shop):
        cut_over(shop, CUT_OVER.replace("2026-11-01", "2027-06-01"))
    mark = MARK % "CHG001"
    proposal(shop, *EVERYBODY, **BAD_BACKOUT, **{"  status: proposed": f"  {mark}\n  status: proposed"})


@scenario(32)
def takes_a_number_over_twice(shop: Workshop) -> None:
    with on_main(shop):
        cut_over(shop)
        history(shop)
    history(shop, "chg-002", number="chg001")
    shop.commit()
    approve(shop, *EVERYBODY)


def ended(shop: Workshop, *marks: str) -> str:
    """A change of last month that failed here; gives its path."""
    text = NORMAL_CHANGE % {"name": "chg-20261015-tune"}
    over = [
        "actual: {start: 2026-10-15T20:00:00Z, end: 2026-10-15T21:00:00Z}",
        "result: failed",
        "review: {date: 2026-10-16, by: alice, findings: It failed.}",
        *marks,
    ]
    text = text.replace("2026-12-01", "2026-10-15").replace("2026-11-20", "2026-10-12")
    path = "changes/2026/10/15/chg-20261015-tune.yaml"
    state = "closed" if marks else "reviewed"
    shop.write(path, text.replace("status: proposed", "\n  ".join([f"status: {state}", *over])))
    return path


@scenario(32)
def marks_its_failure_as_history_later(shop: Workshop) -> None:
    with on_main(shop):
        cut_over(shop)
        ended(shop)
    ended(shop, MARK % "CHG001")
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(32)
def alters_what_was_taken_over(shop: Workshop) -> None:
    with on_main(shop):
        cut_over(shop)
        path = history(shop, successful="failed")
    shop.edit(path, "failed", "successful")
    shop.commit()
    approve(shop, *EVERYBODY)


def counted(shop: Workshop) -> bool:
    """Whether the history of the services is other than none."""
    (risk,) = shop.judge().evidence["risk"]
    (found,) = (item for item in risk["factors"] if item["name"] == "likelihood: history of the services")
    return not found["value"].startswith("0 of 0 ")


@scenario(32, counted)
def makes_itself_a_good_history(shop: Workshop) -> None:
    with on_main(shop):
        cut_over(shop)
        for number in range(3):
            history(shop, f"chg-00{number}", number=f"CHG00{number}")
    proposal(shop)


@scenario(32)
def mends_an_incident_that_another_tool_closed(shop: Workshop) -> None:
    """An hour ago, and the cut-over was half an hour ago."""
    over = "  restoredAt: 2026-11-22T11:00:00Z\n  resolvedAt: 2026-11-22T11:00:00Z\n  resolutionCode: fixed\n"
    with on_main(shop):
        cut_over(shop, CUT_OVER.replace("2026-11-01", "2026-11-22T11:30:00Z"))
        mark = (MARK % "INC001").replace("2026-11-02", "2026-11-22")
        shop.write(INCIDENT_PATH, INCIDENT.replace("status: new", f"status: closed\n  {mark}") + over)
    proposal(shop, *EVERYBODY, **URGENT)
