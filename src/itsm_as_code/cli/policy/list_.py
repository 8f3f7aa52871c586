"""itsm policy list."""

from __future__ import annotations

from typing import Any

import click

from itsm_as_code.cli.output import Session
from itsm_as_code.cli.program import common_options


@click.command("list")
@common_options("text", "json")
def command(session: Session) -> int:
    """List the policies with what they said of the records here.

    \b
    Example:
      itsm policy list
    """
    from collections import Counter

    from itsm_as_code.errors import UsageError
    from itsm_as_code.snapshot import WorkTree
    from itsm_as_code.validation import assess_catalogue, load_judges

    judges = load_judges(WorkTree(session.directory))
    validation = assess_catalogue(judges.catalogue, judges, session.instant(judges.configuration.as_of))
    counts: dict[str, Counter[str]] = {}
    for outcome in validation.outcomes:
        counts.setdefault(outcome.policy, Counter())[outcome.status] += 1
    if not judges.catalogue.of_kind("Policy"):
        raise UsageError("there is no policy here", remedy="add one to policies/, or go to a repository of records")
    rows = [
        _row(record.name, record.spec, record.title, counts.get(record.name, Counter()))
        for record in judges.catalogue.of_kind("Policy")
    ]
    if session.format == "json":
        import orjson

        data = {"schema": "itsm/policy-list/v1", "policies": rows}
        session.write(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
        return 0
    width = max(len(row["name"]) for row in rows)
    text = [
        f"{row['severity']:<8}{row['name']:<{width}}  pass {row['pass']:>4}  fail {row['fail']:>3}  "
        f"waived {row['waived']:>2}  {row['title']}"
        for row in rows
    ]
    session.write("\n".join([*text, f"{len(rows)} policies", ""]))
    return 0


def _row(name: str, spec: dict[str, Any], title: str, count: Any) -> dict[str, Any]:
    statuses = {status: count[status] for status in ("pass", "fail", "error", "waived")}
    return {"name": name, "title": title, "severity": spec["severity"], "kinds": spec["match"]["kinds"], **statuses}
