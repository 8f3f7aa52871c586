"""Prometheus: a real server with 30 days of known outages, figures by hand; and servers that are slow, or lie."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from itsm_as_code.clock import Interval, Intervals
from itsm_as_code.records.measured import Measured
from itsm_as_code.service_levels.measurements import prometheus
from itsm_as_code.service_levels.measurements.settings import Query, Source
from tests.attacks.tools import AGREEMENT, AGREEMENT_PATH, OUTAGE, OUTAGE_PATH
from tests.conftest import Run, Workshop
from tests.service_levels.prometheus import free_port, needs_prometheus, serving

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STEP = timedelta(seconds=30)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+00:00")


# What the server is made to remember of 30 days, every 30 seconds: when probes failed, when nobody probed, and when a
# quarter of the requests failed.
DOWN = [
    (at("10-24T01:00:00"), at("10-24T09:00:00")),  # before the window
    (at("11-05T02:10:30"), at("11-05T02:41:00")),  # 1,830 s; an incident knows of 02:30 to 02:50
    (at("11-08T01:00:00"), at("11-08T02:00:00")),  # in the maintenance of 00:00 to 04:00
    (at("11-12T23:59:30"), at("11-13T00:00:30")),  # 60 s, over midnight
]
AWAY = (at("11-18T08:00:00"), at("11-18T09:30:00"))
SLOW = (at("11-20T10:00:00"), at("11-20T10:20:00"))
RESET = at("11-10T00:00:00")


def samples(*, with_counters: bool) -> Iterator[str]:
    instants = [NOW - timedelta(days=30) + STEP * number for number in range(30 * 2880 + 1)]
    seen = [instant for instant in instants if not AWAY[0] <= instant < AWAY[1]]
    yield "# TYPE probe gauge"
    for instant in seen:
        up = not any(start <= instant < end for start, end in DOWN)
        yield f'probe{{service="shop"}} {int(up)} {int(instant.timestamp())}'
    if with_counters:
        yield from counters(seen)


def counters(seen: list[datetime]) -> Iterator[str]:
    counts = []
    good = total = 0
    for instant in seen:
        if instant == RESET:
            good = total = 0
        total += 100
        good += 75 if SLOW[0] < instant <= SLOW[1] else 100
        counts.append((int(instant.timestamp()), good, total))
    yield "# TYPE good counter"
    yield from (f'good_total{{service="shop"}} {good} {stamp}' for stamp, good, _ in counts)
    yield "# TYPE requests counter"
    yield from (f'requests_total{{service="shop"}} {total} {stamp}' for stamp, _, total in counts)


SOURCES = """\
  measurements:
    sources:
      - name: probes
        type: prometheus
        url: "%(url)s"
        interval: PT30S
        queries:
          - {service: newsletter, objective: availability, up: 'last_over_time(probe{service="shop"}[29s])'}
"""
COUNTERS = """\
      - name: requests
        type: prometheus
        url: "%(url)s/"
        interval: PT30S
        counters: true
        queries:
          - service: newsletter
            objective: answers
            good: 'last_over_time(good_total{service="shop"}[29s])'
            total: 'last_over_time(requests_total{service="shop"}[29s])'
"""
ANSWERS = """\
    - {name: answers, indicator: availability, target: "99.9", unit: percent, comparison: at-least,
       window: {rolling: P28D}}
"""
MAINTENANCE = """\
apiVersion: itsm/v1
kind: Calendar
metadata: {name: upkeep, title: Upkeep}
spec:
  kind: maintenance
  timezone: UTC
  entries: [{start: "2026-11-08T00:00:00Z", end: "2026-11-08T04:00:00Z"}]
"""


@needs_prometheus
@pytest.mark.parametrize("with_counters", [False, pytest.param(True, marks=pytest.mark.deep)])
def test_figures_of_a_real_server_by_hand(
    itsm: Run, workshop: Workshop, tmp_path: Path, *, with_counters: bool
) -> None:
    agreement = AGREEMENT.replace("{calendar: quarter}", "{rolling: P28D}, exclude: [upkeep]") + ANSWERS
    workshop.write(AGREEMENT_PATH, agreement)
    workshop.write("changes/calendars/upkeep.yaml", MAINTENANCE)
    times = {"2026-11-15T00:00:00Z": "2026-11-05T02:30:00Z", "2026-11-15T20:00:00Z": "2026-11-05T02:50:00Z"}
    outage = OUTAGE.replace("2026-11-15T00:05", "2026-11-05T02:35").replace("2026-11-15T00:10", "2026-11-05T02:36")
    for old, new in times.items():
        outage = outage.replace(old, new)
    workshop.write(OUTAGE_PATH, outage)
    before = (workshop.path / "itsm.yaml").read_text()
    with serving(tmp_path, samples(with_counters=with_counters)) as url:
        workshop.write("itsm.yaml", before + (SOURCES + COUNTERS * with_counters) % {"url": url})
        now = ("--now", "2026-11-22T12:00:00Z")
        code, out, _ = itsm("-C", workshop.path, "sla", "newsletter", *now, "--format", "json")
        data = json.loads(out)
        rows = {row["objective"]: row for row in data["objectives"]}
    assert code == 0, data["notes"]
    assert [note["bad"] for note in data["notes"] if "a counter fell" in note["message"]] == [False] * len(
        data["notes"]
    )
    probes = rows["availability"]
    assert probes["from"] == "2026-10-25T12:00:00Z"
    assert probes["unknownSeconds"] == "5400"
    assert probes["servedSeconds"] == str(28 * 86400 - 4 * 3600 - 5400)
    assert probes["lostSeconds"] == str(39 * 60 + 30 + 60), "02:10:30 to 02:50:00, and a minute over midnight"
    assert probes["onlyIncidentsSeconds"] == str(9 * 60)
    assert probes["onlyMonitoringSeconds"] == str(19 * 60 + 30 + 60)
    assert probes["attained"] == "99.898", "1 - 2,430 / 2,399,400, cut"
    assert probes["restsOn"] == ["records", "probes"]
    if not with_counters:
        return
    answers = rows["answers"]
    assert answers["unknownSeconds"] == str(5400 + 30 + 30), "away until a second count is there, and a reset"
    assert answers["lostSeconds"] == str(20 * 60 // 4 + 20 * 60), "a quarter of 20 minutes, and the incident"


def ask(url: str, **more: Any) -> tuple[Measured, list[str]]:
    """Ten minutes of a server, with what is wrong."""
    query = Query("shop", "availability", **(more or {"up": "up"}))
    source = Source("monitoring", "prometheus", url, timedelta(minutes=1), queries=(query,))
    span = Interval(at("11-22T08:00:00"), at("11-22T08:10:00"))
    reading = prometheus.read(source, {("shop", "availability"): span}, time.monotonic)
    notes = reading.notes.told()
    assert all(note.bad for note in notes)
    nothing = Measured("monitoring", Intervals())
    return reading.found.get(("shop", "availability"), nothing), [note.message for note in notes]


Answer = Callable[[BaseHTTPRequestHandler, dict[str, list[str]]], None]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server of our own, which answers as it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            answer(self, parse_qs(self.rfile.read(size).decode()))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sent(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def matrix(*series: list[Any], **more: Any) -> bytes:
    result = [{"metric": {}, "values": values} for values in series]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}} | more).encode()


START = int(at("11-22T08:00:00").timestamp())
GOOD = [[START + 60 * minute, "1"] for minute in range(11)]


def saying(body: bytes, status: int = 200) -> Answer:
    return lambda handler, _: sent(handler, body, status)


def redirecting(handler: BaseHTTPRequestHandler, _: Any) -> None:
    handler.send_response(302)
    handler.send_header("Location", "file:///etc/passwd")
    handler.end_headers()


def sleeping(handler: BaseHTTPRequestHandler, _: Any) -> None:
    time.sleep(0.6)


def dripping(handler: BaseHTTPRequestHandler, _: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(8):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def too_much(handler: BaseHTTPRequestHandler, _: Any) -> None:
    sent(handler, b" " * (1 << 16), length=1 << 16)


LIES: dict[str, tuple[Answer, str]] = {
    "no JSON": (saying(b"<html>"), "status 200 and no JSON"),
    "deep JSON": (saying(b"[" * 100_000), "no JSON"),
    "a list": (saying(b"[]"), "JSON that is no object"),
    "an error": (saying(b'{"status": "error", "error": "parse error"}', 400), "status 400: parse error"),
    "an error that looks good": (saying(matrix(GOOD), 503), "status 503"),
    "warnings": (saying(matrix(GOOD, warnings=["a store is away"])), "may not be all: a store is away"),
    "a vector": (saying(b'{"status": "success", "data": {"resultType": "vector", "result": []}}'), "else than series"),
    "two series": (saying(matrix(GOOD, GOOD)), "gives 2 series"),
    "a number for values": (saying(matrix(7)), "a series without values"),  # type: ignore[arg-type]
    "out of order": (saying(matrix([GOOD[1], GOOD[0]])), "doubled or out of order"),
    "doubled": (saying(matrix([GOOD[0], GOOD[0]])), "doubled or out of order"),
    "another time": (saying(matrix([[START - 600, "1"]])), "points that nobody asked for"),
    "between points": (saying(matrix([[START + 7, "1"]])), "points that nobody asked for"),
    "a text for a time": (saying(matrix([["now", "1"]])), "another form"),
    "a number for a text": (saying(matrix([[START, 1]])), "another form"),
    "a redirection": (redirecting, "status 302 and no JSON"),
    "a cut answer": (lambda handler, _: sent(handler, matrix(GOOD)[:60], length=5000), "cannot be asked"),
    "too much": (too_much, "answers with more than 0 MiB"),
    "silence": (sleeping, "did not answer within"),
    "a drop at a time": (dripping, "did not answer within"),
}


@pytest.mark.parametrize("name", LIES)
def test_nothing_of_a_bad_answer_is_used(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    answer, why = LIES[name]
    monkeypatch.setattr(prometheus, "PATIENCE", 0.3)
    monkeypatch.setattr(prometheus, "MOST_BYTES", 50_000 if name == "too much" else 1 << 20)
    with answering(answer) as url:
        found, (note,) = ask(url)
    assert why in note
    assert not found.losses


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "1.5", "1e400", "one"])
def test_a_bad_value_is_told_and_the_others_used(value: str) -> None:
    values = [[START, "0"], [START + 60, value], [START + 120, "0.25"]]
    with answering(saying(matrix(values))) as url:
        found, (note,) = ask(url)
    assert "08:01:00Z" in note
    assert [(loss.span.start.minute, loss.share) for loss in found.losses] == [(0, Fraction(1)), (2, Fraction(3, 4))]


def test_counts_speak_of_the_time_that_they_end() -> None:
    def answer(handler: BaseHTTPRequestHandler, asked: dict[str, list[str]]) -> None:
        value = {"good": "50", "total": "1e2"}[asked["query"][0]]
        sent(handler, matrix([[START + 60, value]]))

    with answering(answer) as url:
        found, notes = ask(url, good="good", total="total")
    assert notes == []
    assert [(loss.span.start, loss.share) for loss in found.losses] == [(at("11-22T08:00:00"), Fraction(1, 2))]


def test_long_spans_are_asked_in_parts_and_no_point_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def answer(handler: BaseHTTPRequestHandler, parameters: dict[str, list[str]]) -> None:
        asked.append((parameters["start"][0], parameters["end"][0]))
        first = int(datetime.fromisoformat(asked[-1][0]).timestamp())
        sent(handler, matrix([[first, "0"]]) if len(asked) != 2 else b"no")

    monkeypatch.setattr(prometheus, "MOST_POINTS", 4)
    with answering(answer) as url:
        found, (note,) = ask(url)
    hour = "2026-11-22T08"
    assert asked == [(f"{hour}:{a}:00Z", f"{hour}:{b}:00Z") for a, b in (("00", "03"), ("04", "07"), ("08", "10"))]
    assert "from 2026-11-22T08:04:00Z to 2026-11-22T08:07:00Z" in note
    assert [loss.span.start.minute for loss in found.losses] == [0, 8], "the rest is used"


def test_nobody_there() -> None:
    _, (note,) = ask(f"http://127.0.0.1:{free_port()}")
    assert "the server cannot be asked: [Errno 111] Connection refused. Nothing more was asked" in note
