"""How long an audit takes, as ratios that hold on any machine: the volume run prints them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.assurance.audit import Asked, audit
from itsm_as_code.assurance.sources import Mapping, read
from itsm_as_code.cache import Cache
from itsm_as_code.processes import no_collection
from tests.assurance.built import land
from tests.assurance.test_audit_deployments import DIGEST, NAME, OTHER, joined
from tests.assurance.tools import Firm

LANDINGS = 60
ALLOWED = 0.06
"""Seconds for each landing: 10,000 in 10 minutes."""


def taken(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


@pytest.mark.deep
def test_cost_follows_what_is_new(firm: Firm, tmp_path: Path) -> None:
    """Cold, warm, and with one more landing; against git log --name-only of the same range."""
    for number in range(LANDINGS):
        land(firm, f"landing-{number}")
    firm.note()
    git, _ = taken(lambda: firm.git("log", "--first-parent", "--name-only", "--format=%H", "main"))
    cold, found = taken(lambda: audit(firm.ledger(), Asked(), Cache(tmp_path / "cache"), 2))
    warm, again = taken(lambda: audit(firm.ledger(), Asked(), Cache(tmp_path / "cache"), 2))
    assert (found.exit_code, len(found.units)) == (0, LANDINGS)
    assert again == found
    land(firm, "one-more")
    firm.note()
    more, _ = taken(lambda: audit(firm.ledger(), Asked(), Cache(tmp_path / "cache"), 2))
    each = cold / LANDINGS
    print(f"git log {git:.3f} s; cold {cold:.2f} s = {cold / git:.0f} times, {1000 * each:.0f} ms a landing")
    print(f"warm {warm:.3f} s = {warm / git:.1f} times; one more {more:.3f} s")
    assert warm < cold / 4
    assert more < cold / 3
    assert each < 4 * ALLOWED, "on a machine that others use as well"


@pytest.mark.deep
def test_ten_thousand_that_were_judged_before(firm: Firm, tmp_path: Path) -> None:
    """Pushes with a note each: their commits and notes are listed again, nothing of them is judged again."""
    many = 10_000
    git, repository = firm.git, firm.shop.path
    lines: list[str] = []
    for number in range(many):
        stamp = 1_795_400_000 + number
        lines.append(f"commit refs/heads/main\ncommitter erin <erin@shop.example> {stamp} +0000\ndata 1\nx\n")
        lines.append("from refs/heads/main^0\n" if number == 0 else "")
        lines.append(f"M 100644 inline docs/many-{number % 50}.md\ndata {len(str(number))}\n{number}\n")
    run(repository, "".join(lines))
    chain = git("rev-list", "--first-parent", f"--max-count={many}", "main").split()
    notes = []
    for number, commit in enumerate(chain):
        head = f"commit refs/notes/itsm\ncommitter itsm <itsm@itsm.invalid> {1_795_500_000 + number} +0000\ndata 1\nx\n"
        notes.append(f"{head}N inline {commit}\ndata 4\nnote\n")
    run(repository, "".join(notes))
    listed, _ = taken(lambda: git("log", "--first-parent", "--name-only", "--format=%H", "main"))
    cold, found = taken(lambda: audit(firm.ledger(), Asked(), Cache(tmp_path / "cache"), 2))
    warm, again = taken(lambda: audit(firm.ledger(), Asked(), Cache(tmp_path / "cache"), 2))
    print(f"git log {listed:.2f} s; cold {cold:.1f} s, warm {warm:.2f} s = {warm / listed:.1f} times")
    assert (len(found.units), found.exit_code) == (many, 1)
    assert again == found
    assert warm < 10


@pytest.mark.deep
def test_a_million_deployments_are_joined(record_property: Callable[[str, object], None]) -> None:
    """From a table, as a warehouse gives it; the processor's time, which follows their number."""
    each = {}
    for many in (100_000, 1_000_000):
        content = b"service,environment,artifact,start,result,change\n" + b"".join(
            b"newsletter,production-%d,%s,2026-12-01T%02d:%02d:%02dZ,successful,%s\n"
            % (
                *(number // 7200, OTHER.encode() if number % 10 == 0 else DIGEST.encode(), 20 + number % 2),
                *(number // 2 % 60, number // 120 % 60, NAME.encode() if number % 3 else b""),
            )
            for number in range(many)
        )
        started = time.process_time()
        with no_collection():
            population = list(read("csv", content, "f", Mapping()))
            reading = time.process_time() - started
            found = joined(population)
        joining = time.process_time() - started - reading
        print(f"{many:,} deployments: read in {reading:.1f} s, joined in {joining:.1f} s")
        record_property(f"{many:,} deployments", f"read in {reading:.1f} s, joined in {joining:.1f} s")
        assert joining < 10
        assert (len(found.deployments), len(found.findings), found.skipped) == (many, many // 10, ())
        each[many] = (reading + joining) / many
    assert each[1_000_000] < 4 * each[100_000]
    assert each[1_000_000] < 4 * 15e-6, "on a machine that others use as well"


def run(repository: Path, stream: str) -> None:
    import subprocess

    command = ["git", "-C", str(repository), "fast-import", "--quiet", "--force"]
    subprocess.run(command, input=stream.encode(), check=True, capture_output=True)
