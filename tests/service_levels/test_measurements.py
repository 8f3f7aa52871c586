"""The table of measurements as CSV: what is read, what is not and why, and what a figure then rests on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from itsm_as_code.clock import Interval
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.measured import Measured
from itsm_as_code.records.schemas import Validator
from itsm_as_code.service_levels.measurements import csv_table
from itsm_as_code.service_levels.measurements.samples import Notes, measured
from itsm_as_code.service_levels.measurements.settings import Source
from tests.attacks.scenarios_measurements import HEADER, MEASURED, SOURCE
from tests.attacks.tools import AGREEMENT, AGREEMENT_PATH, OUTAGE, OUTAGE_PATH
from tests.conftest import Run, Workshop

REPORT = Validator("report", KindRegistry.load().bundled("reports/sla-report.schema.json"))
NOW = ("--now", "2026-11-22T12:00:00Z")
MINUTE = timedelta(minutes=1)
KEY = "service,objective,instant"


def read(text: str | bytes, **more: object) -> tuple[Measured | None, list[tuple[int, str, bool]]]:
    """What a file says of the availability of the shop, and its notes: line, message, whether bad."""
    source = Source("probes", "csv", "x.csv", MINUTE, **more)  # type: ignore[arg-type]
    notes = Notes("probes")
    content = text if isinstance(text, bytes) else text.encode()
    found = measured(source, csv_table.read(content, notes), notes)
    return found.get(("shop", "availability")), [(note.line, note.message, note.bad) for note in notes.told()]


def at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, 22, 8, minute, second, tzinfo=UTC)


def rows(*lines: str, columns: str = "up") -> str:
    """Rows as ``minute,values`` below a header."""
    table = [f"shop,availability,2026-11-22T08:{line.split(',')[0]}:00Z,{line.split(',', 1)[1]}" for line in lines]
    return "\n".join([f"{KEY},{columns}", *table, ""])


def known(found: Measured | None) -> list[tuple[datetime, datetime]]:
    assert found is not None
    return [(span.start, span.end) for span in found.known]


def lost(found: Measured | None) -> list[tuple[datetime, datetime, Fraction]]:
    assert found is not None
    return [(loss.span.start, loss.span.end, loss.share) for loss in found.losses]


def test_neighbours_are_one_and_what_no_row_says_is_a_gap() -> None:
    found, notes = read(rows("00,1", "01,0", "02,0", "03,0.5", "10,1"))
    assert notes == []
    assert known(found) == [(at(0), at(4)), (at(10), at(11))]
    assert lost(found) == [(at(1), at(3), Fraction(1)), (at(3), at(4), Fraction(1, 2))]


def test_events_are_lost_by_their_share_to_nine_decimals_rounded_up() -> None:
    found, notes = read(rows("00,2,3", "01,0,0", "02,3,3", "03,99,100", columns="good,total"))
    assert notes == []
    assert known(found) == [(at(0), at(1)), (at(2), at(4))], "where nothing was asked, nothing is known"
    assert [share for _, _, share in lost(found)] == [Fraction(333_333_334, 10**9), Fraction(1, 100)]
    found, _ = read(rows("00,2,3", "03,99,100", columns="good,total"), threshold=Fraction("0.99"))
    assert lost(found) == [(at(0), at(1), Fraction(1))]


def test_counters_count_from_row_to_row_and_start_again() -> None:
    table = rows("00,100,100", "01,150,160", "02,150,160", "03,5,9", "04,9,13", "09,20,30", columns="good,total")
    found, notes = read(table, counters=True)
    assert [(line, bad) for line, _, bad in notes] == [(5, False)]
    assert "a counter fell between 2026-11-22T08:02:00Z and 2026-11-22T08:03:00Z" in notes[0][1]
    assert known(found) == [(at(0), at(1)), (at(3), at(4))], "nothing was asked, then a reset, then five minutes unseen"
    assert [share for _, _, share in lost(found)] == [Fraction(166_666_667, 10**9)]


def test_rows_may_say_until_when_and_a_next_one_ends_them() -> None:
    text = f"{KEY},until,up\nshop,availability,2026-11-22T08:00:00Z,2026-11-22T08:30:00Z,1\n"
    text += "shop,availability,2026-11-22T08:30:00Z,,0\nshop,availability,2026-11-22T08:30:20.5Z,,1\n"
    found, notes = read(text)
    assert notes == []
    assert known(found) == [(at(0), at(31, 20) + timedelta(milliseconds=500))]
    assert lost(found) == [(at(30), at(30, 20) + timedelta(milliseconds=500), Fraction(1))]


BAD = {
    "NaN": ("01,NaN", "up is NaN, which is no number to count with"),
    "infinite": ("01,+Inf", "up is +Inf, which is no number to count with"),
    "negative": ("01,-1", "up is -1, and never negative"),
    "more than all": ("01,1.5", "up is 1.5, and at most 1"),
    "decimal comma": ('01,"0,5"', "up is 0,5; decimals stand after a point"),
    "an exponent": ("01,1e-3", "up is '1e-3', and no decimal number"),
    "other digits": ("01,\u0661", "and no decimal number"),
    "nothing": ("01,", "up is empty"),
    "a cell too many": ("01,1,1", "has 5 cells, and the header 4"),
    "no instant": ("61,1", "is not an instant such as"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_told_and_not_used(name: str) -> None:
    line, why = BAD[name]
    found, notes = read(rows("00,0", line, "02,1"))
    ((number, message, bad),) = notes
    assert (number, bad) == (3, True)
    assert why in message
    assert message.endswith("The line is not used")
    assert known(found) == [(at(0), at(1)), (at(2), at(3))]


def test_what_stands_twice_is_used_once_and_what_contradicts_not_at_all() -> None:
    found, notes = read(rows("00,1", "02,1", "02,1", "01,1", "03,1", "03,0", "04,0"))
    assert [(line, bad) for line, _, bad in notes] == [(4, False), (5, False), (7, True)]
    assert "says again what line 3 says" in notes[0][1]
    assert "rows are sorted" in notes[1][1], "a clock that jumped back"
    assert "says other than line 6 of 2026-11-22T08:03:00Z" in notes[2][1]
    assert known(found) == [(at(0), at(3)), (at(4), at(5))]
    assert lost(found) == [(at(4), at(5), Fraction(1))]


def test_more_good_than_all_is_not_used() -> None:
    found, notes = read(rows("00,1,1", "01,3,2", columns="good,total"))
    assert [(line, bad) for line, _, bad in notes] == [(3, True)]
    assert known(found) == [(at(0), at(1))]


HEADERS = {
    "service;objective;instant;up": "is not separated by commas",
    "service,objective,time,up": "has the unknown column 'time'",
    "service,objective,instant,updown": "unknown column 'updown'",
    "service,objective,up": "does not fit",
    "service,objective,instant,up,good,total": "does not fit",
    "service,objective,instant,good": "does not fit",
    "service,objective,instant,up,up": "does not fit",
    "": "is empty",
}


@pytest.mark.parametrize("header", HEADERS)
def test_a_wrong_header_says_what_is_wrong(header: str) -> None:
    found, notes = read(f"{header}\nshop,availability,2026-11-22T08:00:00Z,1\n")
    assert found is None
    ((line, message, bad),) = notes
    assert (line, bad) == (1, True)
    assert HEADERS[header] in message


def test_encodings() -> None:
    text = rows("00,0", "01,1")
    assert known(read(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())[0]) == [(at(0), at(2))]
    ((line, message, _),) = read(text.encode("utf-16"))[1]
    assert (line, message) == (1, "the header is UTF-16; save the file as UTF-8")
    cp1252 = text.replace("shop,availability,2026-11-22T08:01", "sh\u00f6p,availability,2026-11-22T08:01").encode(
        "cp1252"
    )
    found, ((line, message, _),) = read(cp1252)
    assert (line, message) == (3, "byte 0xf6 is not UTF-8; save the file as UTF-8. The line is not used")
    assert known(found) == [(at(0), at(1))]


def test_a_flood_of_bad_lines_is_counted() -> None:
    _, notes = read(rows(*["01,NaN"] * 500))
    assert len(notes) == 21
    assert notes[-1][1] == "480 more of this kind: bad line"


def test_a_loss_is_found_that_began_before_the_span() -> None:
    found, _ = read(rows("00,0", "01,0", "05,0", "06,1"))
    assert found is not None
    assert [loss.span.start for loss in found.within(Interval(at(1), at(6)))] == [at(0), at(5)]


# What figures make of it.


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """An incident from midnight to 20:00, a monitor that saw two hours of it and one more, and was away for a day."""
    workshop.write(AGREEMENT_PATH, AGREEMENT.replace("quarter", "month"))
    workshop.write(OUTAGE_PATH, OUTAGE)
    workshop.write("itsm.yaml", (workshop.path / "itsm.yaml").read_text() + SOURCE)
    spans = [("11-01T00", "11-15T18", 1), ("11-15T18", "11-15T21", 0), ("11-16T21", "11-22T12", 1)]
    lines = [f"newsletter,availability,2026-{start}:00:00Z,2026-{end}:00:00Z,{up}\n" for start, end, up in spans]
    workshop.write(MEASURED, HEADER + "".join(lines))
    return workshop


def sla(itsm: Run, shop: Workshop, *more: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = itsm("-C", shop.path, "sla", *NOW, "--format", "json", *more)
    data = json.loads(out)
    assert REPORT.problems(data, out.encode()) == []
    return code, data


def test_downtime_is_what_either_says_and_where_they_differ_is_shown(itsm: Run, shop: Workshop) -> None:
    code, data = sla(itsm, shop)
    (row,) = data["objectives"]
    assert code == 1
    assert row["lostSeconds"] == str(21 * 3600), "midnight to 21:00"
    # 31 October 23:00 UTC (the month begins in Berlin), or 1 November 00:00: the hour before the first row is a gap.
    assert row["unknownSeconds"] == str(24 * 3600 + row_gap(row))
    assert (row["onlyIncidentsSeconds"], row["onlyMonitoringSeconds"]) == (str(18 * 3600), str(3600))
    assert row["restsOn"] == ["records", "probes"]
    assert row["sources"] == ["Incident/queue-lost", "Measurement/probes"]
    assert row["status"] == "missed"
    code, out, _ = itsm("-C", shop.path, "sla", "--explain", "newsletter", "availability", *NOW)
    assert "- no data                2026-11-15T21:00:00Z  2026-11-16T21:00:00Z         86400 s  measurements" in out
    assert "! only monitoring says so" in out
    assert "rests on records, probes; 64800 s only by incidents; 3600 s only by monitoring" in out


def row_gap(row: dict[str, str]) -> int:
    begin = datetime(2026, 11, 1, tzinfo=UTC) - datetime.fromisoformat(row["from"])
    return int(begin.total_seconds())


@pytest.mark.parametrize(("gaps", "hours"), [("up", 21), ("down", 21 + 24)])
def test_gaps_count_as_itsm_yaml_says(itsm: Run, shop: Workshop, gaps: str, hours: int) -> None:
    shop.edit("itsm.yaml", "measurements: {", f"measurements: {{gaps: {gaps}, ")
    _, data = sla(itsm, shop)
    (row,) = data["objectives"]
    assert row["unknownSeconds"] == "0"
    extra = row_gap(row) if gaps == "down" else 0
    assert row["lostSeconds"] == str(hours * 3600 + extra)


def test_a_source_that_ended_before_the_window_has_no_current_data(itsm: Run, shop: Workshop) -> None:
    shop.write(MEASURED, HEADER + "newsletter,availability,2026-10-01T00:00:00Z,2026-10-02T00:00:00Z,0\n")
    _, data = sla(itsm, shop)
    (row,) = data["objectives"]
    assert row["noCurrentData"] == [{"source": "probes", "knownUntil": "2026-10-02T00:00:00Z"}]
    assert (row["lostSeconds"], row["restsOn"], row["unknownSeconds"]) == ("72000", ["records"], "0"), "records alone"
    shop.write(OUTAGE_PATH, OUTAGE[: OUTAGE.index("  outages:")])
    code, data = sla(itsm, shop)
    (row,) = data["objectives"]
    assert (code, row["status"], row["attained"]) == (0, "no-data", None), "never 100 %"
    assert "no current data from probes (ends 2026-10-02T00:00:00Z)" in itsm("-C", shop.path, "sla", *NOW)[1]


def test_what_cannot_be_used_is_told_and_the_rest_computed(itsm: Run, shop: Workshop) -> None:
    text = (shop.path / MEASURED).read_text()
    bad = "newsletter,availability,2026-11-16T00:00:00Z,2026-11-16T01:00:00Z,NaN\n"
    strange = "newsleter,availability,2026-11-16T00:00:00Z,,1\nnewsletter,latency,2026-11-16T00:00:00Z,,1\n"
    future = "newsletter,availability,2026-12-01T00:00:00Z,,0\n"
    shop.write(MEASURED, text + bad + strange + future)
    code, data = sla(itsm, shop)
    assert code == 2
    found = [(note["line"], note["bad"], note["message"]) for note in data["notes"]]
    assert found == [
        (5, True, "up is NaN, which is no number to count with. The line is not used"),
        (6, True, "there is no service 'newsleter'; did you mean 'newsletter'? Nothing of it was used"),
        (7, True, "no agreement about newsletter has the objective 'latency'. Nothing of it was used"),
        (
            None,
            False,
            "speaks of availability of newsletter until 2026-12-01T00:01:00Z; what lies after now is not used",
        ),
    ]
    (row,) = data["objectives"]
    assert row["lostSeconds"] == str(21 * 3600), "as without them"
    code, out, _ = itsm("-C", shop.path, "validate", *NOW)
    assert code == 1
    for line, rule in ((5, "NaN"), (6, "newsleter"), (7, "latency")):
        assert f"{MEASURED}:{line}:1" in out, rule
    assert out.count("measurements-readable") == 3


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (None, "there is no file measurements/probes.csv. Nothing was used"),
        (b"service,objective,instant,up\n" + b"#" * (1 << 20), "cannot be read: it has 1,048,605 bytes"),
    ],
    ids=["missing", "too large"],
)
def test_a_source_without_a_file_is_told(itsm: Run, shop: Workshop, file: bytes | None, why: str) -> None:
    if file is None:
        (shop.path / MEASURED).unlink()
    else:
        shop.write(MEASURED, file)
    code, data = sla(itsm, shop)
    assert code == 2
    assert why in data["notes"][0]["message"]
    assert data["objectives"][0]["lostSeconds"] == "72000", "by the records"
    assert itsm("-C", shop.path, "validate", *NOW)[0] == 1


def test_what_only_informs_is_asked_by_sla_alone(itsm: Run, shop: Workshop) -> None:
    shop.edit("itsm.yaml", "type: csv", "stopsChanges: false, type: csv")
    shop.write(MEASURED, "nonsense\n")
    assert itsm("-C", shop.path, "validate", *NOW)[0] == 0
    assert sla(itsm, shop)[0] == 2
