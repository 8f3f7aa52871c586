"""What monitoring sends becomes drafts of incidents, the same ones in whatever order it arrives."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO, TextIOWrapper
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.clock import format_instant, parse_instant
from itsm_as_code.findings import RecordId
from itsm_as_code.forges.http import Client
from itsm_as_code.interchange import Known, PlannedFile, plan
from itsm_as_code.interchange._alert_events import Event, read_events
from itsm_as_code.interchange._alert_incident import draft
from itsm_as_code.interchange._notes import Notes
from itsm_as_code.interchange.alerts import LABELS, convert, joined
from itsm_as_code.interchange.request import facts_of
from itsm_as_code.measures.priority import PROFILES
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.document import parse
from itsm_as_code.records.editing import edited
from itsm_as_code.records.facts import Facts
from tests.conftest import SMALL, Run, copy_tree, examples

ROTA = """apiVersion: itsm/v1
kind: Calendar
metadata: {name: on-call-shop, title: Shop on call}
spec:
  timezone: Europe/Berlin
  kind: on-call
  entries:
    - {start: "2026-11-16T00:00:00+01:00", end: "2026-11-23T00:00:00+01:00", people: [alice, bob]}
"""
CHANGE = """apiVersion: itsm/v1
kind: Change
metadata: {{name: {name}, title: {title}}}
spec:
  type: normal
  services: [{service}]
  requester: alice
  summary: Something else.
  justification: Needed.
  schedule: {{start: "{start}", end: "2026-11-20T23:00:00Z"}}
  status: {status}
"""
FIRST = "2026-11-20T08:10:00Z"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small shop, with a rota and changes: begun in time, too old, only asked for, and of others."""
    root = tmp_path_factory.mktemp("alerts")
    copy_tree(SMALL, root)
    (root / "changes/calendars/on-call-shop.yaml").write_text(ROTA)
    team = root / "people/teams/team-shop.yaml"
    team.write_text(team.read_text() + "  onCall: on-call-shop\n")
    for name, service, start, status in (
        ("chg-new-index", "database", "2026-11-19T20:00:00Z", "implementing"),
        ("chg-limits", "orders", "2026-11-20T08:00:00Z", "scheduled"),
        ("chg-too-old", "orders", "2026-11-19T08:09:59Z", "implementing"),
        ("chg-only-asked", "orders", "2026-11-20T07:00:00Z", "proposed"),
        ("chg-of-others", "newsletter", "2026-11-20T07:00:00Z", "implementing"),
    ):
        text = CHANGE.format(name=name, title=name[4:].capitalize(), service=service, start=start, status=status)
        (root / f"changes/{name}.yaml").write_text(text)
    return root


@pytest.fixture(scope="module")
def known(shop: Path) -> Known:
    return Known.read(shop)


def alert(
    status: str = "firing", start: str = FIRST, end: str = "", mark: str = "1a30ba71cca2921f", **more: Any
) -> Any:
    labels = {"alertname": "OrdersDown", "service": "orders", "severity": "critical", **more.pop("labels", {})}
    notes = {"summary": "Orders fail", "description": "No order goes through.", **more.pop("annotations", {})}
    said = {"status": status, "labels": labels, "annotations": notes, "startsAt": start, "fingerprint": mark}
    return {**said, "endsAt": end or "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus.example/graph", **more}


def alertmanager(*alerts: Any, **more: Any) -> bytes:
    whole = {"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "receiver": "itsm", "status": "firing"}
    return json.dumps({**whole, "alerts": list(alerts), **more}).encode()


def pagerduty(kind: str, at: str, **data: Any) -> bytes:
    incident = {"id": "PT4KHLK", "type": "incident", "number": 12, "created_at": FIRST, "title": "Orders fail"}
    incident |= {"urgency": "high", "html_url": "https://shop.pagerduty.com/incidents/PT4KHLK"}
    incident |= {"service": {"id": "PIJ90N7", "summary": "Orders", "type": "service_reference"}, **data}
    event = {"id": "1", "event_type": kind, "resource_type": "incident", "occurred_at": at, "data": incident}
    return json.dumps({"event": event}).encode()


def taken(known: Known, *sources: bytes, force: bool = False) -> tuple[Known, list[PlannedFile], list[str]]:
    """What is known after an import, the files it plans, and what it says."""
    conversion = convert({f"{number}.json": source for number, source in enumerate(sources)}, known)
    files, said = plan(conversion, known, force=force)
    records = dict(known.records)
    for file in files:
        if file.record is not None and file.outcome in ("created", "updated"):
            kind = known.registry[file.record.kind]
            records[file.record] = Record(file.record, kind, parse(file.content), file.path, file.content)
    found = [f"{finding.rule}: {finding.message}" for finding in (*conversion.findings, *said)]
    return replace(known, records=records), files, found


def incidents(known: Known) -> dict[str, bytes]:
    return {record.path: record.source for record in known.records.values() if record.id.kind == "Incident"}


def incident(known: Known) -> dict[str, Any]:
    (found,) = (record.data for record in known.records.values() if record.id.kind == "Incident")
    return found


# What is drafted


def test_a_pair_gives_an_outage_priority_person_and_candidates(known: Known) -> None:
    after, files, said = taken(
        known, alertmanager(alert()), alertmanager(alert("resolved", end="2026-11-20T09:09:00Z"))
    )
    assert said == []
    assert [file.outcome for file in files] == ["created"]
    spec, metadata = incident(after)["spec"], incident(after)["metadata"]
    (outage,) = spec["outages"]
    assert parse_instant(outage["end"]) - parse_instant(outage["start"]) == timedelta(minutes=59)
    assert (spec["impact"], spec["urgency"], spec["priority"]) == (2, 1, "P2")  # tier 2, critical, matrix 3x3
    assert (spec["assignedTo"], spec["status"], spec["restoredAt"]) == ("team-shop", "new", "2026-11-20T09:09:00Z")
    assert metadata["annotations"]["itsm.dev/on-call"] == "alice bob"
    assert metadata["annotations"]["itsm.dev/candidate-causes"] == "chg-limits chg-new-index"
    assert "On call when it began: Alice Arden (alice)" in metadata["description"]
    assert "- Limits (`chg-limits`)\n- New-index (`chg-new-index`)" in metadata["description"]


def test_the_tools_agree_on_the_same_outage(known: Known) -> None:
    resolved = alert("resolved", end="2026-11-20T10:09:00+01:00", start="2026-11-20T09:10:00.123456789+01:00")
    ways = [
        [alertmanager(resolved)],
        [alertmanager(resolved, orgId=1, title="[RESOLVED]", state="ok")],
        [pagerduty("incident.resolved", "2026-11-20T09:09:00.000Z")],
    ]
    found = [incident(taken(known, *sources)[0]) for sources in ways]
    assert len({json.dumps(data["spec"]["outages"]) for data in found}) == 1
    assert [data["spec"]["reportedBy"] for data in found] == [
        "Alertmanager: OrdersDown", "Grafana: OrdersDown", "PagerDuty: incident 12"
    ]  # fmt: skip


def test_alerts_of_the_api_are_read(known: Known) -> None:
    active = alert(end="2026-11-20T09:00:00Z") | {"status": {"state": "active", "silencedBy": [], "inhibitedBy": []}}
    after, _, said = taken(known, json.dumps([active]).encode())
    assert said == []
    assert "end" not in incident(after)["spec"]["outages"][0]


class _Api(BaseHTTPRequestHandler):
    """Alertmanager's API: GET /api/v2/alerts, an array of gettableAlert by its published openapi.yaml."""

    alerts: ClassVar[list[Any]] = []

    def do_GET(self) -> None:
        code = 200 if self.path == "/api/v2/alerts" else 404
        content = json.dumps(self.alerts if code == 200 else {"message": "not found"}).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def alerting(alerts: list[Any]) -> Iterator[str]:
    """The address of an Alertmanager's API that answers with those alerts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    Thread(target=server.serve_forever, daemon=True).start()
    _Api.alerts = alerts
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_an_alertmanager_is_asked_what_fires(
    shop: Path, tmp_path: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is silenced is drafted by nobody, and goes on; of one that is gone the end is not known."""
    copy_tree(shop, tmp_path)
    call = ["-C", str(tmp_path), "import", "alerts", "--into", ".", "--from-alertmanager"]
    state = {"state": "active", "silencedBy": [], "inhibitedBy": []}
    more = {"end": "2026-11-20T08:30:00Z", "updatedAt": FIRST, "receivers": [{"name": "itsm"}]}
    fire = [alert(mark=mark * 16, **more) | {"status": state} for mark in "ab"]
    with alerting([*fire, alert(mark="c" * 16, **more) | {"status": state | {"state": "suppressed"}}]) as address:
        code, out, _ = itsm(*call, address)
        assert (code, out.partition(" (")[0]) == (
            0,
            "3 entities, 1 not imported; records in .: 2 created, 0 updated, 0 unchanged, 0 skipped",
        )
        _Api.alerts = [_Api.alerts[0] | {"status": state | {"state": "suppressed"}}]
        code, out, _ = itsm(*call, address)
        assert (code, out.count("alert-gone"), f"{'b' * 16}.yaml: the alert fires no longer" in out) == (0, 1, True)
        code, _, err = itsm(*call, f"{address}/elsewhere")
        assert (code, "Alertmanager was not asked: GET /elsewhere/api/v2/alerts: 404" in err) == (2, True)
    assert Client("http://alerts.example", may_be_plain=True).base == "http://alerts.example"
    monkeypatch.setenv("ALERTMANAGER_TOKEN", "secret")
    code, _, err = itsm(*call, "http://alerts.example")
    assert (code, "is not an https address" in err) == (2, True), "no token goes over http"
    assert "http will do only without ALERTMANAGER_TOKEN" in err
    assert itsm(*call, address, "payload.json")[0] == 2


ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


@pytest.mark.deep
@pytest.mark.skipif(ALERTMANAGER is None, reason="there is no Alertmanager")
def test_a_real_alertmanager_says_the_same(shop: Path, tmp_path: Path, itsm: Run) -> None:
    """What its webhook sends and what its API gives are the same alert: the same record."""
    copy_tree(shop, tmp_path / "shop")
    got: list[bytes] = []

    class Hook(_Api):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

    hook = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    Thread(target=hook.serve_forever, daemon=True).start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "config.yml").write_text(
        "route: {receiver: itsm, group_wait: 0s, group_interval: 1s, group_by: [alertname]}\n"
        f"receivers: [{{name: itsm, webhook_configs: [{{url: 'http://127.0.0.1:{hook.server_port}/'}}]}}]\n"
    )
    call = [str(ALERTMANAGER), f"--config.file={tmp_path}/config.yml", f"--storage.path={tmp_path}/data"]
    call += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            now = datetime.now(UTC).replace(microsecond=0)
            labels = {"alertname": "OrdersDown", "service": "orders", "severity": "critical"}
            fired = {"labels": labels, "startsAt": format_instant(now - timedelta(minutes=59))}
            _posted(f"{address}/api/v2/alerts", [fired])
            code, out, _ = itsm(
                "-C", str(tmp_path / "shop"), "import", "alerts", "--from-alertmanager", address, "--into", "."
            )
            assert (code, "1 created" in out) == (0, True), out
            _posted(f"{address}/api/v2/alerts", [fired | {"endsAt": format_instant(now)}])
            for _ in range(100):
                if any(b'"resolved"' in payload for payload in got):
                    break
                time.sleep(0.1)
        finally:
            process.terminate()
            hook.shutdown()
            hook.server_close()
    for number, payload in enumerate(got):
        (tmp_path / f"{number}.json").write_bytes(payload)
    files = [str(file) for file in sorted(tmp_path.glob("*.json"))]
    code, out, _ = itsm("-C", str(tmp_path / "shop"), "import", "alerts", *files, "--into", ".")
    assert (code, "1 updated" in out) == (0, True), out
    (file,) = (tmp_path / "shop/operations/incidents").iterdir()
    (outage,) = parse(file.read_bytes())["spec"]["outages"]
    assert parse_instant(outage["end"]) - parse_instant(outage["start"]) == timedelta(minutes=59)


def _posted(address: str, data: Any) -> None:
    """Posted as soon as the server listens."""
    head = {"Content-Type": "application/json"}
    message = urllib.request.Request(address, json.dumps(data).encode(), head)  # noqa: S310 - our own, on loopback
    for _ in range(100):
        try:
            urllib.request.urlopen(message, timeout=5).close()  # noqa: S310
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{address} does not answer")


def test_an_acknowledged_page_is_acknowledged(known: Known) -> None:
    events = [pagerduty(f"incident.{kind}", at) for kind, at in (
        ("triggered", FIRST), ("acknowledged", "2026-11-20T08:15:00Z"), ("priority_updated", "2026-11-20T08:16:00Z"),
        ("resolved", "2026-11-20T08:30:00Z"), ("reopened", "2026-11-20T08:40:00Z"),
    )]  # fmt: skip
    spec = incident(taken(known, *events)[0])["spec"]
    assert (spec["status"], spec["acknowledgedAt"]) == ("acknowledged", "2026-11-20T08:15:00Z")
    assert spec["outages"] == [{"service": "orders", "start": FIRST, "kind": "full"}]  # reopened: never over
    spec = incident(taken(known, *events, pagerduty("incident.resolved", "2026-11-20T09:09:00Z"))[0])["spec"]
    assert spec["outages"][0]["end"] == "2026-11-20T09:09:00Z"


def test_an_alert_without_a_service_is_drafted_and_listed(known: Known) -> None:
    after, files, said = taken(known, alertmanager(alert(labels={"service": "billing"}), alert(mark="b" * 16)))
    assert [file.outcome for file in files] == ["created", "created"]
    (message,) = said
    assert message.startswith("alert-service: inc-20261120-ordersdown-1a30ba71cca2921f: ")
    assert "'billing', which no service is called" in message
    lost = after.records[next(file.record for file in files if file.record and "1a30" in file.record.name)]
    assert (lost.data["spec"]["services"], "outages" in lost.data["spec"]) == ([], False)
    assert lost.kind.validator.problems(lost.data) == []


def test_a_service_is_known_by_the_names_that_it_lists(known: Known) -> None:
    identity = RecordId("Service", "orders")
    record = known.records[identity]
    data = json.loads(json.dumps(record.data))
    data["metadata"]["annotations"] = {"itsm.dev/alert-names": "order-svc, PIJ90N7"}
    named = replace(known, records={**known.records, identity: replace(record, data=data)})
    for source in (
        alertmanager(alert(labels={"service": "Order-SVC"})),
        pagerduty("incident.triggered", FIRST, service={"id": "PIJ90N7"}),
    ):
        assert incident(taken(named, source)[0])["spec"]["services"] == ["orders"]


def test_watchdogs_and_notes_make_no_incident(known: Known) -> None:
    conversion = convert(
        {"a": alertmanager(alert(labels={"severity": "none"})), "b": pagerduty("incident.annotated", FIRST)}, known
    )
    assert (conversion.entities, conversion.records, conversion.findings) == (2, [], [])


def test_an_alert_that_flaps_is_one_incident_a_day(known: Known) -> None:
    times = [("08:10", "08:20"), ("09:00", "09:30"), ("23:50", "")]
    alerts = [
        alert("resolved" if end else "firing", f"2026-11-20T{start}:00Z", f"2026-11-20T{end}:00Z" if end else "")
        for start, end in times
    ]
    next_day = alert("firing", "2026-11-21T00:10:00Z")
    after, _, _ = taken(known, alertmanager(*alerts, next_day))
    counts = sorted(len(parse(source)["spec"]["outages"]) for source in incidents(after).values())
    assert counts == [1, 3]


# Orders


def history(rng: random.Random, count: int) -> list[bytes]:
    """Events of several alerts: fired, over, doubled, with a summary that differs each time."""
    found = []
    while len(found) < count:
        mark, minute = rng.choice(["a" * 16, "b" * 16, "c" * 16]), rng.randrange(0, 1500, 7)
        start = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=minute)
        end = format_instant(start + timedelta(minutes=rng.randrange(1, 90)))
        summary = {"summary": f"Orders fail: {rng.randrange(100)} %"}
        over = alertmanager(alert("resolved", format_instant(start), end, mark, annotations=summary))
        fired = alertmanager(alert("firing", format_instant(start), "", mark, annotations=summary))
        at = [format_instant(start + timedelta(minutes=rng.randrange(60))) for _ in range(2)]
        page = {"id": f"P{minute}", "created_at": format_instant(start)}
        pages = [
            pagerduty(f"incident.{rng.choice(['resolved', 'acknowledged', 'reopened'])}", one, **page) for one in at
        ]
        found += rng.choice([[fired, over], [over, over], [fired], pages])
    return found[:count]


def in_parts(known: Known, events: list[bytes], rng: random.Random) -> dict[str, bytes]:
    """The incidents after some imports one after the other, each of a part of the events."""
    cuts = sorted(rng.sample(range(1, len(events)), rng.randrange(3)))
    for first, last in zip([0, *cuts], [*cuts, len(events)], strict=True):
        known, _, said = taken(known, *events[first:last])
        assert said == []
    return incidents(known)


def state(events: Iterable[Event], facts: Facts) -> str:
    found = [
        (alert.written(), draft(alert, facts, PROFILES["5x5"], {"orders": "orders"}, "x"))
        for alert, _ in joined(events)
    ]
    return json.dumps([[text, made.data, made.candidates] for text, made in found], sort_keys=True)


def test_200_orders_of_50_events_converge(known: Known, record_property: Any) -> None:
    """Whole, as they are joined; and some in parts, through the files that imports write one after the other."""
    rng = random.Random(16)
    sources, facts = history(rng, 50), facts_of(known)
    events = read_events(dict(enumerate(sources)), None, LABELS, Notes()).events  # type: ignore[arg-type]
    expected, files = state(events, facts), in_parts(known, sources, rng)
    assert (len(events), len(files) > 3) == (50, True)
    for _ in range(200):
        doubled = events + rng.sample(events, 5)
        rng.shuffle(doubled)
        assert state(doubled, facts) == expected
    for _ in range(5):
        again = sources + rng.sample(sources, 5)
        rng.shuffle(again)
        assert in_parts(known, again, rng) == files
    record_property("orders of alerts", f"200 of {len(events)} events|{len(files)} incidents")


def test_twice_makes_no_difference(known: Known) -> None:
    events = history(random.Random(3), 20)
    once, _, _ = taken(known, *events)
    again, files, said = taken(once, *events)
    assert ({file.outcome for file in files}, said) == ({"unchanged"}, [])
    assert incidents(again) == incidents(once)


# What people edited


def edit(known: Known, change: Any, comment: str = "") -> Known:
    identity = next(one for one in known.records if one.kind == "Incident")
    record = known.records[identity]
    data = json.loads(json.dumps(record.data))
    change(data)
    content = edited(record.path, record.source, data, record.kind.schema) + comment.encode()
    changed = replace(record, data=data, content=content)
    return replace(known, records={**known.records, identity: changed})


def take_charge(data: dict[str, Any]) -> None:
    data["metadata"]["title"] = "Orders are refused"
    data["spec"] |= {"status": "in-progress", "acknowledgedAt": "2026-11-20T08:12:00Z", "causedBy": "chg-limits"}


OVER = alertmanager(alert("resolved", end="2026-11-20T09:09:00Z"))


def test_what_people_wrote_stays_and_the_outage_still_closes(known: Known) -> None:
    mine = edit(taken(known, alertmanager(alert()))[0], take_charge, "# Called the supplier.\n")
    after, (file,), said = taken(mine, OVER)
    assert file.outcome == "updated"
    assert [message.partition(": ")[2].partition(" and")[0] for message in said] == [f"{file.path} was edited"]
    data = incident(after)
    assert (data["metadata"]["title"], data["spec"]["status"]) == ("Orders are refused", "in-progress")
    assert data["spec"]["causedBy"] == "chg-limits"
    assert data["spec"]["outages"][0]["end"] == "2026-11-20T09:09:00Z"
    assert b"# Called the supplier." in file.content


def test_an_edited_field_is_written_over_only_by_force(known: Known) -> None:
    def other(data: dict[str, Any]) -> None:
        data["spec"]["outages"][0]["start"] = "2026-11-20T08:00:00Z"

    mine = edit(taken(known, alertmanager(alert()))[0], other)
    after, _, said = taken(mine, OVER)
    assert incident(after)["spec"]["outages"] == [
        {"service": "orders", "start": "2026-11-20T08:00:00Z", "kind": "full"}
    ]
    assert [message.split(":")[0] for message in said] == ["import-exists"]
    assert "the source says something else now and was left alone; fields that differ: spec.outages" in said[0]
    forced, _, said = taken(mine, OVER, force=True)
    assert incident(forced)["spec"]["outages"][0]["end"] == "2026-11-20T09:09:00Z"
    assert said == []


def test_a_closed_incident_is_left_alone(known: Known) -> None:
    def close(data: dict[str, Any]) -> None:
        data["spec"] |= {"status": "closed"}

    mine = edit(taken(known, alertmanager(alert()))[0], close)
    after, (file,), said = taken(mine, OVER)
    assert (file.outcome, incidents(after)) == ("unchanged", incidents(mine))
    assert "the alert says otherwise of spec.restoredAt, spec.outages" in said[0]


def test_an_incident_that_was_renamed_is_found_again(known: Known) -> None:
    mine = taken(known, alertmanager(alert()))[0]
    identity = next(one for one in mine.records if one.kind == "Incident")
    record = mine.records[identity]
    data = json.loads(json.dumps(record.data))
    data["metadata"]["name"] = "inc-orders"
    named = replace(
        record, id=replace(identity, name="inc-orders"), data=data, path="operations/incidents/inc-orders.yaml"
    )
    rest = {one: record for one, record in mine.records.items() if one != identity}
    _, (file,), _ = taken(replace(mine, records={**rest, named.id: named}), OVER)
    assert (file.path, file.outcome) == ("operations/incidents/inc-orders.yaml", "updated")


# Bad input


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff", "not UTF-8"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'"text"', "of no tool that is known"),
        (b'{"alerts": 1}', "of no tool that is known"),
        (alertmanager(7), "labels of an alert are not names and values"),
        (alertmanager(alert(startsAt="0001-01-01T00:00:00Z")), "does not say when it began"),
        (alertmanager(alert(startsAt="yesterday")), "startsAt: 'yesterday' is not an instant"),
        (alertmanager(alert("resolved")), "does not end after it began"),
        (alertmanager(alert("resolved", end="2026-11-20T08:00:00Z")), "does not end after it began"),
        (alertmanager(alert("pending")), "neither firing nor resolved"),
        (pagerduty("incident.exploded", FIRST), "is no event of an incident"),
        (pagerduty("incident.resolved", "2026-11-20T08:00:00Z"), "is earlier than the incident"),
        (pagerduty("incident.triggered", FIRST, id=7), "names no incident"),
        (b'{"event": {"event_type": "incident.resolved", "data": {"id": "P1"}}}', "does not say when"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_named_and_the_rest_is_taken(known: Known, source: bytes, message: str) -> None:
    conversion = convert({"bad": source, "good": alertmanager(alert())}, known)
    assert len(conversion.records) == 1
    (finding,) = conversion.findings
    assert (finding.rule, finding.location.path) == ("alert-event", "bad")
    assert message in finding.message
    assert finding.remedy


def test_alerts_that_were_left_out_are_told(known: Known) -> None:
    _, _, said = taken(known, alertmanager(alert(), truncatedAlerts=3))
    assert said == ["alert-truncated: 3 alerts of the group are not in the payload"]


@lru_cache
def bare() -> Known:
    return Known.read(SMALL)  # hypothesis shows what it is given, and takes long for all records


@settings(max_examples=examples(8), deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(min_size=1, max_size=40))
def test_hostile_text_is_a_value(title: str, text: str, mark: str) -> None:
    source = alertmanager(alert(annotations={"summary": title, "description": text}, mark=mark, generatorURL=text))
    after, files, _ = taken(bare(), source)
    assert [file.outcome for file in files] == ["created"]
    record = next(record for record in after.records.values() if record.id.kind == "Incident")
    assert not list(record.kind.validator.problems(record.data))
    _, files, _ = taken(after, source)
    assert [file.outcome for file in files] == ["unchanged"]


@pytest.mark.parametrize("state", ["", "{", "[]", '{"episodes": [1]}', '{"episodes": ["x"], "key": 1}', "null"])
def test_a_state_that_was_spoilt_is_not_taken_for_one(known: Known, state: str) -> None:
    def spoil(data: dict[str, Any]) -> None:
        data["metadata"]["annotations"]["itsm.dev/alert"] = state

    mine = edit(taken(known, alertmanager(alert()))[0], spoil)
    after, (file,), said = taken(mine, OVER)
    assert (file.outcome, incidents(after)) == ("unchanged", incidents(mine))
    assert "does not say what is known of the alert" in said[0]


# The command


def test_the_command_reads_standard_input_and_what_it_writes_validates(
    shop: Path, tmp_path: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_tree(shop, tmp_path)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(alertmanager(alert()) + b"\n" + OVER)))
    code, out, _ = itsm("-C", str(tmp_path), "import", "alerts", "-", "--into", ".")
    assert (code, out.partition(" (")[0]) == (
        0,
        "1 entity, 0 not imported; records in .: 1 created, 0 updated, 0 unchanged, 0 skipped",
    )
    _, out, _ = itsm("-C", str(tmp_path), "validate", "--now", "2026-11-22T00:00:00Z")
    assert "inc-2026" not in out
