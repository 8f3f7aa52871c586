"""What a command loads: the program runs in every pull request, and must not pay for what it does not use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from itsm_as_code.reports import formats
from tests.conftest import ROOT, SMALL, Workshop, copy_tree

VALIDATE = "itsm_as_code.reports.validate"
GIT = "itsm_as_code.git.commands"
PROBE = """
import sys
from itsm_as_code.cli import main
try:
    main(sys.argv[1:])
except SystemExit as leave:
    code = leave.code
else:
    code = 0
names = {name if name.startswith("itsm_as_code.") else name.split(".")[0] for name in sys.modules}
print("LOADED", code, *sorted(names), file=sys.stderr)
"""


def loaded(*arguments: str, cwd: Path = SMALL) -> tuple[int, set[str]]:
    """The exit code of a command, and the libraries and modules of the program that it has loaded by then."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "HOME": os.devnull}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60
    )
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("LOADED")]
    code, *names = line.split()[1:]
    return int(code), set(names)


def test_the_version_loads_nothing() -> None:
    code, names = loaded("--version")
    assert code == 0
    assert names.isdisjoint({"click", "yaml", GIT, "jsonschema_rs", "cel_expr_python", "orjson", "jinja2", "rich"})


def test_help_loads_the_commands_and_nothing_else() -> None:
    code, names = loaded("--help")
    assert code == 0
    assert "click" in names
    assert names.isdisjoint({"yaml", GIT, "jsonschema", "jsonschema_rs", "cel_expr_python", "jinja2", "rich"})


@pytest.mark.parametrize("format_name", formats("validate"))
def test_a_validation_without_findings_loads_no_site_no_git_and_explains_nothing(format_name: str) -> None:
    code, names = loaded("validate", "--format", format_name)
    assert code == 0
    assert {"click", "yaml", "jsonschema_rs", "cel_expr_python"} <= names, "the probe works"
    assert names.isdisjoint({"jinja2", "markdown_it", "rich", GIT, "jsonschema", "referencing", "dateutil", "requests"})
    loaded_reports = {name for name in names if name.startswith("itsm_as_code.reports.")}
    assert loaded_reports & {f"{VALIDATE}.{name}" for name in formats("validate")} == {f"{VALIDATE}.{format_name}"}
    assert not any(name.startswith("itsm_as_code.reports.gate") for name in loaded_reports)


def test_a_validation_with_findings_explains_them_and_loads_no_site(tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path)
    orders = tmp_path / "services" / "orders.yaml"
    orders.write_text(orders.read_text().replace("owner:", "ownr:"))
    code, names = loaded("validate", cwd=tmp_path)
    assert code == 1
    assert "jsonschema" in names
    assert names.isdisjoint({"jinja2", "markdown_it", "rich", GIT, "requests"})


def test_the_gate_loads_no_site(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    code, names = loaded("gate", "--base", "main", "--head", "topic", cwd=workshop.path)
    assert code in (1, 2)
    assert names.isdisjoint({"git", "jinja2", "markdown_it", "rich", "jsonschema", "requests"})
    assert names.isdisjoint({"ssl", "http", "tomllib", "itsm_as_code.forges.http"}), "it asks no forge"


def test_the_help_of_the_preview_loads_neither_server_nor_site() -> None:
    code, names = loaded("serve", "--help")
    assert code == 0
    assert names.isdisjoint({"http", "socketserver", "tempfile", "yaml", *HEAVY})
    assert not of("site", names)


HEAVY = {"cel_expr_python", GIT, "jinja2", "jsonschema", "markdown_it", "referencing", "requests", "rich"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("new", "Team", "team-x", "--set", "members=alice"),
        ("set", "orders", "tier=3"),
        ("advance", "orders", "--to", "deprecated"),
        ("list",),
        ("explain", "Change"),
        ("explain", "Service.owner"),
        ("fmt", "--check"),
        ("schema", "Change"),
    ],
    ids=" ".join,
)
def test_commands_of_every_day_load_neither_git_nor_policies(arguments: tuple[str, ...], tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path)
    code, names = loaded(*arguments, cwd=tmp_path)
    assert code == 0
    assert names.isdisjoint({*HEAVY, "multiprocessing"}), names & HEAVY


def of(package: str, names: set[str]) -> set[str]:
    """The loaded modules of a package of the program."""
    return {name for name in names if name.startswith(f"itsm_as_code.{package}.")}


def test_explaining_a_kind_loads_nothing_that_reads_records() -> None:
    code, names = loaded("explain", "Change")
    assert code == 0
    assert names.isdisjoint({"yaml", "jsonschema_rs", "orjson", "sqlite3", "itsm_as_code.configuration", *HEAVY})
    assert of("records", names).isdisjoint({f"itsm_as_code.records.{name}" for name in ("document", "schemas")})


def test_explaining_a_check_loads_that_check_alone() -> None:
    code, names = loaded("explain", "change-in-freeze")
    assert code == 0
    assert of("checks", names) == {"itsm_as_code.checks.change_in_freeze"}
    assert names.isdisjoint({"yaml", "jsonschema_rs", *HEAVY})
    assert not of("gate", names) | of("policies", names) | of("interchange", names)


def test_explaining_a_record_loads_no_rules() -> None:
    code, names = loaded("explain", "Service/orders")
    assert code == 0
    assert names.isdisjoint(HEAVY)
    assert not of("checks", names) | of("gate", names) | of("policies", names)


def test_a_new_record_loads_no_rules(tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path)
    code, names = loaded("new", "Team", "team-x", "--set", "members=alice", cwd=tmp_path)
    assert code == 0
    assert not of("checks", names) | of("gate", names) | of("policies", names) | of("service_levels", names)
    assert names.isdisjoint({"sqlite3", *HEAVY})


def test_a_validation_that_was_done_before_loads_no_check(tmp_path: Path) -> None:
    arguments = ("validate", "--now", "2026-11-22T12:00:00Z", "--cache", str(tmp_path / "cache"))
    first, names = loaded(*arguments)
    assert len(of("checks", names)) > 30, "the probe works"
    code, names = loaded(*arguments)
    assert (first, code) == (0, 0)
    assert not of("checks", names) | of("gate", names)
    assert names.isdisjoint({GIT, "jinja2", "jsonschema", "markdown_it", "referencing", "requests", "rich"})
