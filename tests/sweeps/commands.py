"""The commands, found in the program, and how each is called in a repository with a pull request from topic into main.

A command without a row here fails a test, so that no sweep leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import click

from itsm_as_code.cli.program import program

ROWS: Final[dict[str, list[list[str]]]] = {
    "advance": [["{spare}", "--to", "cancelled"]],
    "approve": [["--base", "main", "--head", "topic", "--as", "bob", "--dry-run"]],
    "audit forge": [
        ["--forge", "github", "--repo", "x/y", "--api-url", "http://127.0.0.1:9", "--wait", "0", "--rev", "main"]
    ],
    "audit deployments": [["--to", "2026-12-24T00:00:00Z"]],
    "audit merges": [["--range", "main~1..main"], ["--sample", "2"]],
    "authorise": [["{change}"]],
    "build": [["-o", "{scratch}/site", "--history", "1"]],
    "calendar": [[], ["--from", "0001-01-01", "--to", "2026-12-31"]],
    "completion": [["bash"]],
    "deployed": [["--list"]],
    "evidence note": [["--key", "{key}", "--rev", "main"]],
    "evidence setup": [["--key", "{scratch}/none", "--repository", "x/y"]],
    "evidence show": [["main"]],
    "explain": [["{record}"], ["--list"], ["change-in-freeze"]],
    "export backstage": [[]],
    "export codeowners": [[]],
    "export csv": [["Change"]],
    "export deployment-protection": [["{issue}", "--environment", "production"]],
    "export dora-gaps": [[], ["--format", "csv"]],
    "export duckdb": [["{scratch}/records-{unique}.duckdb"]],
    "export issue-forms": [["--into", "{scratch}", "--dry-run"]],
    "export openslo": [[]],
    "export oscal": [["--model", "assessment-results", "--sample", "2"], ["--model", "component-definition"]],
    "export parquet": [["{scratch}/tables-{unique}"]],
    "export prometheus-rules": [[]],
    "export request-forms": [["--into", "{scratch}", "--dry-run"]],
    "export schedules": [["--format", "opsgenie"]],
    "export soa": [[], ["--format", "csv"]],
    "export summary": [[]],
    "fmt": [["--check"], ["--diff"]],
    "gate": [["--base", "main", "--head", "topic", "--reviews", "{reviews}"]],
    "help": [["validate"]],
    "impact": [["{service}"], ["--base", "main", "--head", "topic"]],
    "import alerts": [["{issue}", "--into", "{scratch}", "--dry-run"]],
    "import backstage": [["{entities}", "--into", "{scratch}", "--dry-run"]],
    "import icalendar": [["{entities}", "--into", "{scratch}", "--dry-run"]],
    "import cstate": [["{entities}", "--into", "{scratch}", "--dry-run"]],
    "import people": [["{entities}", "--into", "{scratch}", "--dry-run"]],
    "import upptime": [["{entities}", "--into", "{scratch}", "--dry-run"]],
    "import costs": [["{entities}", "--into", "{scratch}", "--dry-run"]],
    "import focus": [["{entities}", "--into", "{scratch}", "--dry-run"]],
    "import csv": [["{entities}", "--map", "servicenow-cmdb", "--into", "{scratch}", "--dry-run"]],
    "import issue": [["{issue}", "--into", "{scratch}", "--dry-run"]],
    "import openslo": [["{entities}", "--into", "{scratch}", "--dry-run"]],
    "import request": [["{issue}", "--into", "{scratch}", "--dry-run"]],
    "init": [["{scratch}/new", "--organisation", "X", "--person", "Ada Example <ada@shop.example>"]],
    "list": [["Change"]],
    "new": [["Team", "team-{unique}", "--title", "New", "--set", "members=alice", "--set", "lead=alice"]],
    "oncall": [[], ["--at", "2026-12-24T22:00:00Z"]],
    "policy coverage": [[]],
    "policy hindsight": [["backout-is-planned"], ["backout-is-planned", "--at", "history"]],
    "policy impact": [["--base", "main", "--head", "topic"]],
    "policy list": [[]],
    "policy test": [[]],
    "rename": [["{spare}", "renamed-{unique}"]],
    "report reminders": [[]],
    "report agreements": [[], ["{service}", "--window", "2026-Q3"]],
    "report compliance": [[], ["--by", "team", "--sample", "2", "--seed", "7"]],
    "report capacity": [[], ["{service}"]],
    "report calibration": [[]],
    "report kpi": [[], ["--by", "service"], ["--compare", "2026-Q2", "2026-Q3"], ["--compare", "main", "main"]],
    "report recurrence": [[]],
    "report scorecards": [[], ["--by", "team"]],
    "report value": [[], ["--baseline", "2026-Q1"]],
    "report adoption": [[], ["--from", "2026-07-01"]],
    "report portfolio": [[]],
    "report service-review": [["{service}", "--period", "2026-Q3"]],
    "schema": [[], ["Change"]],
    "serve": [["--port", "0", "--for", "0"]],
    "set": [["{spare}", "metadata.title=New"]],
    "show": [["{record}"]],
    "sla": [[], ["--window", "2026-Q3"], ["--daily"], ["--what-if", "{service}=99.5"]],
    "validate": [[], ["--rev", "main"]],
    "waiver list": [[]],
}
"""Arguments by command; those in braces are filled in by whoever calls. ``spare`` is a change that may be altered."""


def commands(group: Any = program, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command of the program by its whole name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


def formats(command: click.Command) -> list[str]:
    """The values of ``--format``, none for a command without."""
    options = [option for option in command.params if "--format" in option.opts]
    return list(options[0].type.choices) if options else []  # type: ignore[attr-defined]
