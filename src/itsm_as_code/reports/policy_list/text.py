"""For people: a line for each policy, then why some are set differently or excluded."""

from __future__ import annotations

from typing import Any

from itsm_as_code.reports.escape import terminal
from itsm_as_code.wording import count


def render(rows: list[dict[str, Any]]) -> str:
    packs = [f"{row['pack']['name']} {row['pack']['version']}" if row["pack"] else "" for row in rows]
    name, pack = max(len(row["name"]) for row in rows), max(map(len, packs))
    lines = [
        f"{'excluded' if row['excluded'] else row['severity']:<9} {row['name']:<{name}}  {where:<{pack}}  "
        f"pass {row['pass']:>4}  fail {row['fail']:>3}  waived {row['waived']:>2}  {terminal(row['title'])}"
        for row, where in zip(rows, packs, strict=True)
    ]
    for word, reason in (("set differently", "override"), ("excluded", "excluded")):
        lines += [f"{word}: {row['name']}: {terminal(row[reason]['reason'])}" for row in rows if row[reason]]
    return "\n".join([*lines, count(len(rows), "policy", "policies"), ""])
