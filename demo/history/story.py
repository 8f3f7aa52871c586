"""What happened at Kestrel Books: the landings of a year, and what each brought."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from keys import PUBLIC, public

from itsm_as_code.clock import format_instant as text

RECORDS: Final = Path(__file__).resolve().parent / "records"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST: Final = datetime(2025, 1, 6, 9, tzinfo=UTC)
BETWEEN: Final = 5 * DAY
END: Final = datetime(2025, 12, 1, tzinfo=UTC)
CHANGE: Final = """\
apiVersion: itsm/v1
kind: Change
metadata: {{name: {name}, title: {title}}}
spec:
  type: normal
  services: [{service}]
  requester: ada
  implementers: [ada]
  summary: {title}.
  justification: Readers asked for it.
  schedule: {{start: "{start}", end: "{end}"}}
  implementation: {{steps: [Deploy the new version], minutes: 30}}
  test: {{summary: Ran on staging., passed: true, evidence: [{{title: Run, url: "https://ci.kestrel-books.example/{name}"}}]}}
  backout: {{steps: [Deploy the version before], minutes: 10, rehearsedOn: "{rehearsed}"}}
  status: {status}
"""
RELEASE: Final = """\
apiVersion: itsm/v1
kind: Release
metadata: {{name: {service}-{number}, title: {title}}}
spec:
  version: "{version}"
  services: [{service}]
  changes: [{name}]
  status: {status}
  environments: [{{name: production, plannedFor: "{day}"{deployed}}}]
  artifacts: [{{name: {service}, digest: "{digest}"}}]
  acceptance: [{{criterion: It does on staging what was asked for., result: passed}}]
  rollout: One instance after the other.
  backout: The version before.
"""
INCIDENT: Final = """\
apiVersion: itsm/v1
kind: Incident
metadata: {{name: {name}, title: {title}}}
spec:
  services: [{service}]
  impact: 3
  urgency: 2
  detectedAt: "{start}"
  acknowledgedAt: "{acknowledged}"
  restoredAt: "{end}"
  resolvedAt: "{end}"
  status: resolved
"""
DONE: Final = """\
  actual: {{start: "{start}", end: "{end}"}}
  result: {result}
"""
WORK: Final = (
    *("Show what others bought", "Search by author", "Pay by bank transfer", "Gift cards", "Sort by price"),
    *("Wish lists", "Reviews by readers", "Covers in colour", "Larger print", "Collect in the shop"),
    *("Vouchers", "Sign in by letter", "Fewer letters a week", "Stock by branch", "Faster search"),
    *("Series in order", "Second-hand books", "A page for each author", "Read a chapter"),
)
SERVICES: Final = ("web-shop", "newsletter", "stock-database")
LATE, OTHER, FAILED, FORGED = 6, 11, 14, 16
"""Of the changes, from 0: which ended 61 s late, deployed something else, was backed out; whose approval is false."""


Files = dict[str, str]
"""Text by path."""


@dataclass
class Landing:
    """What reached main together: its files as of an instant, how, by whom, and who approved; and what is wrong."""

    title: str
    files: Callable[[datetime], Files]
    how: str = "merge"
    author: str = "ada"
    reviewer: str | None = "fay"
    wrong: str = ""
    deployed: Callable[[datetime], dict[str, str]] | None = None
    at: datetime = FIRST
    base: str = ""
    head: str = ""
    commits: list[str] = field(default_factory=list)


def story() -> list[Landing]:
    """The landings, oldest first."""
    extra: dict[int, list[Landing]] = {
        1: [page(1), page(2, "squash")],
        2: [incident("slow-search", "Search takes a minute", "web-shop"), page(3)],
        4: [page(4, "rebase"), page(5)],
        7: [page(6, "queue", author="cora"), page(7, "queue")],
        8: [leaves()],
        9: [page(8, "push", author="emil", reviewer=None, wrong="direct-push"), page(9)],
        11: [incident("letters-late", "Letters arrive a day late", "newsletter"), page(10)],
        13: [page(11, reviewer=None, wrong="against-verdict"), page(12)],
        15: [incident("stock-wrong", "Stock is counted twice", "stock-database"), page(13, wrong="evidence-altered")],
        17: [page(14), page(15), page(16, reviewer="gus")],
        18: [page(17), page(18)],
    }
    found: list[Landing] = []
    for number, title in enumerate(WORK):
        found += [change(number, title, is_done=False), change(number, title, is_done=True), *extra.get(number, [])]
    for place, landing in enumerate(found):
        in_group = place and landing.how == found[place - 1].how == "queue"
        landing.at = found[place - 1].at + timedelta(seconds=1) if in_group else FIRST + BETWEEN * (place + 1)
    return found


def page(number: int, how: str = "merge", **more: Any) -> Landing:
    """A page of two files, so that ways of merging differ."""
    files: Files = {f"docs/runbook-{number}{part}.md": f"# Runbook {number}{part}\n" for part in ("a", "b")}
    return Landing(f"Write runbook {number}", lambda at: files, how, **more)


def change(number: int, title: str, *, is_done: bool) -> Landing:
    """A change with its release: authorised before its window, or closed after it."""
    service = SERVICES[number % 3]
    owner = "cora" if service == "stock-database" else "ben" if number <= 8 else "gus"
    is_forged = number == FORGED and not is_done

    def deployed(at: datetime) -> dict[str, str]:
        """What the pipeline says of it, in the night after it was authorised."""
        start = _window(at) + HOUR / 12
        end = _window(at) + 2 * HOUR + timedelta(seconds=61) if number == LATE else start + HOUR / 6
        told = {"change": _name(service, at), "service": service, "environment": "production"}
        told |= {"artifact": digest(99 if number == OTHER else number), "start": text(start), "end": text(end)}
        return told | {"result": "backed-out" if number == FAILED else "successful"}

    def files(at: datetime) -> Files:
        planned_at = at - BETWEEN if is_done else at
        day, said, name = _window(planned_at), deployed(planned_at), _name(service, planned_at)
        told = {
            "name": name,
            "title": title,
            "service": service,
            "version": f"1.{number}",
            "number": number,
            "digest": digest(number),
        }
        told |= {"day": f"{day:%Y-%m-%d}", "deployed": f', deployedOn: "{day:%Y-%m-%d}"' if is_done else ""}
        told |= {"start": text(day), "end": text(day + 2 * HOUR), "rehearsed": f"{day - 2 * DAY:%Y-%m-%d}"}
        status = "scheduled" if not is_done else "backed-out" if number == FAILED else "closed"
        whole = CHANGE.format(status=status, **told) + (DONE.format(**said) if is_done else "")
        release = RELEASE.format(
            status="planned" if not is_done else "rolled-back" if number == FAILED else "deployed", **told
        )
        return {f"changes/{day:%Y/%m/%d}/{name}.yaml": whole, f"changes/releases/{service}-{number}.yaml": release}

    return Landing(
        f"{'Close' if is_done else 'Plan'}: {title}",
        files,
        reviewer=None if is_forged else owner,
        wrong="approver-not-member" if is_forged else "",
        deployed=None if is_done else deployed,
    )


def _window(at: datetime) -> datetime:
    """When the window of a change begins that was authorised at an instant."""
    return (at + DAY).replace(hour=20)


def _name(service: str, at: datetime) -> str:
    return f"chg-{_window(at):%Y%m%d}-{service}"


def incident(name: str, title: str, service: str) -> Landing:
    """An incident of the day before, written down afterwards."""

    def files(at: datetime) -> Files:
        start = at - DAY
        told = {"acknowledged": text(start + HOUR / 6), "end": text(start + HOUR), "service": service}
        whole = INCIDENT.format(name=f"inc-{start:%Y%m%d}-{name}", title=title, start=text(start), **told)
        return {f"operations/incidents/inc-{start:%Y%m%d}-{name}.yaml": whole}

    return Landing(f"Record: {title}", files, reviewer="dora")


def leaves() -> Landing:
    """Ben leaves the shop team, and Gus joins it."""
    team = (RECORDS / "people/teams/team-shop.yaml").read_text().replace("ben", "gus")
    gus = person(
        (RECORDS / "people/ben.yaml").read_text().replace("ben", "gus").replace("Ben Barrow", "Gus Glen"), "gus"
    )
    files: Files = {"people/teams/team-shop.yaml": team, "people/gus.yaml": gus}
    return Landing("Gus joins the shop team, Ben leaves it", lambda at: files, reviewer="dora")


def person(record: str, name: str) -> str:
    """A Person record with the public half of their key."""
    return f'{record}  signingKeys:\n    - {{type: ssh, key: "{public(name)}"}}\n' if name in PUBLIC else record


def digest(number: int) -> str:
    """The digest of what a change deploys."""
    return "sha256:" + hashlib.sha256(b"Kestrel Books 1.%d" % number).hexdigest()
