"""Costs by FOCUS and by any table: sums to the last digit, currencies apart, and what was left out is told."""

from __future__ import annotations

import csv
import io
import json
import random
import time
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.errors import UsageError
from itsm_as_code.interchange import Known, costs, focus, importer, names
from tests.conftest import SMALL, Run, copy_tree

KNOWN = Known.read(SMALL)
HEAD = "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ProviderName,Tags"


def line(amount: str, currency: str = "EUR", service: str | None = "orders", month: str = "2026-10") -> str:
    tags = json.dumps({"Service": service} if service is not None else {}, ensure_ascii=False).replace('"', '""')
    return f'{amount},1,{currency},{month}-01T00:00:00Z,2026-09-30T23:00:00Z,Halo Cloud,"{tags}"'


def statements(text: str | bytes, reading: Any = focus.READING) -> dict[str, dict[str, Any]]:
    content = text if isinstance(text, bytes) else text.encode()
    return {new.id.name: new.data["spec"] for new in costs.convert({"bill.csv": content}, KNOWN, reading).records}


def test_both_are_found_as_formats() -> None:
    assert {"focus", "costs"} <= set(names())
    assert importer("focus").convert({"a.csv": b""}, KNOWN).records == []


@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 9), st.sampled_from(["orders", "x", None]))))
def test_sums_are_exact(amounts: list[tuple[int, int, str | None]]) -> None:
    """As integers of a billionth, whatever the order and the number of decimals."""
    rows = [line(f"{Decimal(number).scaleb(-places):f}", service=service) for number, places, service in amounts]
    found = statements("\n".join([HEAD, *rows]))
    if not amounts:
        assert found == {}
        return
    spec = found["halo-cloud-2026-10-eur"]
    whole = sum(number * 10 ** (9 - places) for number, places, _ in amounts)
    assert Decimal(spec["total"]).scaleb(9) == whole
    assert sum(Decimal(one["amount"]) for one in spec["lines"]) == Decimal(spec["total"])
    assert spec["source"]["rows"] == len(amounts)


def test_more_digits_than_a_record_has_still_add_up() -> None:
    rows = [line("0.0000000004", service=name) for name in ("orders", "web-shop", "database")]
    spec = statements("\n".join([HEAD, *rows]))["halo-cloud-2026-10-eur"]
    assert Decimal(spec["total"]) == Decimal("0.000000001")
    assert sum(Decimal(one["amount"]) for one in spec["lines"]) == Decimal("0.000000001")


def test_currencies_months_and_what_is_untagged_stay_apart() -> None:
    rows = [
        line("1"),
        line("2", "USD"),
        line("3", month="2026-11"),
        line("4", service=None),
        line("5", service="ordrs"),
    ]
    found = statements("\n".join([HEAD, *rows]))
    assert {name: spec["total"] for name, spec in found.items()} == {
        "halo-cloud-2026-10-eur": "10.00",
        "halo-cloud-2026-10-usd": "2.00",
        "halo-cloud-2026-11-eur": "3.00",
    }
    assert found["halo-cloud-2026-10-eur"]["lines"] == [
        {"service": "orders", "amount": "1.00"},
        {"amount": "4.00"},
        {"tag": "ordrs", "amount": "5.00"},
    ]


def test_effective_cost_is_of_the_charge_period(itsm: Run, tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path / "small")
    (tmp_path / "bill.csv").write_text("\n".join([HEAD, line("9")]))
    options = ("--into", str(tmp_path / "small"), "--cost", "effective", "--format", "json")
    code, out, _ = itsm("import", "focus", str(tmp_path / "bill.csv"), *options)
    assert (code, [file["path"] for file in json.loads(out)["files"]]) == (
        0,
        ["portfolio/costs/halo-cloud-2026-09-eur.yaml"],
    )
    again = json.loads(itsm("import", "focus", str(tmp_path / "bill.csv"), *options)[1])
    assert again["summary"]["unchanged"] == 1, "the same file gives the same bytes"


MESSY = (
    "Monat;Dienst;Betrag;Währung\n"
    "2026-10;orders;1.234,56;EUR\n"
    "2026-10;orders;0,44;EUR\n"
    "2026-10;Büro;10;EUR\n"
    "2026-10;orders;12.5;EUR\n"  # a point parts thousands here: were it read as one, it would be ten times as much
    "Oktober;orders;1;EUR\n"
    "2026-10;orders;1;Euro\n"
    "2026-10;orders\n"
    "2026-10;orders;-0,01;EUR\n"
)


def test_a_table_of_windows_with_decimal_commas(itsm: Run, tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path / "small")
    (tmp_path / "bill.csv").write_bytes(MESSY.encode("cp1252"))
    mapped = ["month=Monat", "service=Dienst", "amount=Betrag", "currency=Währung", "provider==Stonebridge"]
    given = [word for item in (*mapped, "service:büro=web-shop") for word in ("--map", item)]
    options = ("--decimal", "comma", "--encoding", "cp1252", "--into", str(tmp_path / "small"))
    code, out, _ = itsm("import", "costs", str(tmp_path / "bill.csv"), *given, *options)
    assert code == 1
    told = [
        text.split(": error costs-line: ")[1].split(";")[0] for text in out.splitlines() if "error costs-line" in text
    ]
    assert told == [
        "4 of 8 lines are left out in all",
        "line 5: its amount '12.5' is no decimal number",
        "line 6: 'Oktober' is no month such as 2026-10",
        "line 7: 'Euro' is no currency such as EUR",
        "line 8: it has 2 cells, and the table 4 columns",
    ]
    text = (tmp_path / "small/portfolio/costs/stonebridge-2026-10-eur.yaml").read_text()
    assert "leftOut: 4" in text
    assert 'total: "1244.99"' in text
    assert itsm("-C", str(tmp_path / "small"), "validate", "--now", "2026-11-22T12:00:00Z")[0] == 0


def test_what_is_not_utf8_is_told_by_its_line() -> None:
    content = "\n".join([HEAD, line("1"), line("2", service="Büro")]).encode("cp1252")
    found = costs.convert({"bill.csv": content}, KNOWN, focus.READING)
    (worst, *_) = [one for one in found.findings if one.location.line == 3]
    assert "say --encoding cp1252" in worst.message
    assert found.records[0].data["spec"]["source"] | {"digest": ""} == {
        "form": "focus", "file": "bill.csv", "digest": "", "rows": 1, "leftOut": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "amount", ["NaN", "inf", "1_000", "0x10", "", " ", "1,5", "1e999", "٣", "1e-99", "--1", "12.5.1"]
)
def test_what_is_no_number_is_never_counted(amount: str) -> None:
    found = costs.convert({"b.csv": "\n".join([HEAD, line(f'"{amount}"'), line("1")]).encode()}, KNOWN, focus.READING)
    spec = found.records[0].data["spec"]
    if amount == "1e-99":
        assert Decimal(spec["total"]) == 1, "exact, and far below what is written"
    else:
        assert (spec["total"], spec["source"]["leftOut"]) == ("1.00", 1)


HOSTILE = [
    b"",
    b"\n\n",
    b"\xff\xfeB\x00i\x00",
    b'"',
    b"a,a\n1,2\n",
    HEAD.encode(),
    HEAD.encode() + b'\n"' + b"x" * 300_000,
]


@pytest.mark.parametrize("content", HOSTILE)
def test_hostile_files_make_no_statement_and_no_crash(content: bytes) -> None:
    assert costs.convert({"b.csv": content}, KNOWN, focus.READING).records == []


def test_many_odd_tags_are_bounded() -> None:
    rows = [line("1", service=f"odd-{number}") for number in range(1_500)]
    spec = statements("\n".join([HEAD, *rows]))["halo-cloud-2026-10-eur"]
    assert len(spec["lines"]) == 1_001
    assert spec["lines"][0] == {"tag": "(other tags)", "amount": "500.00"}
    assert spec["total"] == "1500.00"


def test_a_statement_is_told_of_by_one_file() -> None:
    content = "\n".join([HEAD, line("1")]).encode()
    found = costs.convert({"a.csv": content, "b.csv": content}, KNOWN, focus.READING)
    assert len(found.records) == 1, "two files that say the same are not added up"
    assert "is told of by another file too" in found.findings[0].message


@pytest.mark.parametrize("item", ["month", "months=Monat", "month=", "service:x", "=x", "currency=="])
def test_a_mapping_that_maps_nothing(item: str) -> None:
    with pytest.raises(UsageError, match="maps nothing"):
        focus.READING.mapped([item])


class _Lines(io.RawIOBase):
    """A bill of so many lines, made as it is read."""

    def __init__(self, count: int) -> None:
        self._parts, self._rest = self._made(count), b""

    def _made(self, count: int) -> Iterator[bytes]:
        chosen = random.Random(7)
        rows = [line(f"{chosen.randrange(10**6)}.{chosen.randrange(10**6):06d}", service=name) for name in
                ("orders", "web-shop", "database", "odd", None) for _ in range(200)]  # fmt: skip
        yield (HEAD + "\n").encode()
        block = ("\n".join(rows) + "\n").encode()
        for _ in range(count // 1_000):
            yield block

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < len(buffer):
            part = next(self._parts, None)
            if part is None:
                break
            self._rest += part
        found, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(found)] = found
        return len(found)


@pytest.mark.deep
def test_a_year_of_a_million_lines() -> None:
    """Within a few times what csv.reader takes to read it, and in memory that does not grow with it."""
    count = 1_000_000
    start = time.process_time()
    for _ in csv.reader(io.TextIOWrapper(cast(BinaryIO, io.BufferedReader(_Lines(count))), newline="")):
        pass
    reading = time.process_time() - start
    start = time.process_time()
    found = costs.convert({"b.csv": cast(BinaryIO, _Lines(count))}, KNOWN, focus.READING)
    adding = time.process_time() - start
    print(f"\n{count:,} lines: csv.reader {reading:.2f} s, import {adding:.2f} s, ratio {adding / reading:.1f}")
    assert found.records[0].data["spec"]["source"]["rows"] == count
    assert adding < 6 * reading
    peaks = []
    for size in (20_000, 200_000):
        tracemalloc.start()
        costs.convert({"b.csv": cast(BinaryIO, _Lines(size))}, KNOWN, focus.READING)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    print(f"peak memory: {peaks[0] / 1e6:.1f} MB for 20,000 lines, {peaks[1] / 1e6:.1f} MB for 200,000")
    assert peaks[1] < peaks[0] * 1.5 + 1e6
