"""The page about risk: points and levels, asked from the program by giving it made-up changes."""

from __future__ import annotations

from typing import Any

from schema_pages import Row, table

from itsm_as_code.records.facts import Facts
from itsm_as_code.risk import LEVELS, MATRIX, assess, band

HEAD = """# Risk

How the level of a change is derived. Each factor gives points; the points of each side add up and fall into a band; the
two bands give the level. A level that the record declares can raise the result, never lower it. For the reasons see
[how the gate decides](../explanation/how-the-gate-decides.md#risk).
"""

FOOT = """*History*: the success rate to expect from earlier changes of the same services, smoothed towards that of all
services where they are few. `itsm gate` prints both rates.

*Blast radius*: services that depend on a changed one through hard dependencies, over any distance.
"""

PLAN: dict[str, Any] = {
    "type": "normal",
    "services": ["first"],
    "test": {"passed": True, "evidence": [{"title": "Run", "url": "https://ci.example"}]},
    "backout": {"steps": ["Go back."], "minutes": 10, "rehearsedOn": "2026-11-01"},
    "implementation": {"minutes": 10},
    "schedule": {"start": "2026-11-25T08:00:00Z", "end": "2026-11-25T09:00:00Z"},
}


def risk_page() -> str:
    likelihood, impact = points("likelihood", LIKELIHOOD), points("impact", IMPACT)
    return "\n".join(
        [
            HEAD,
            f"## Likelihood\n\n{table(['factor', 'what is found', 'points'], likelihood)}",
            f"## Impact\n\n{table(['factor', 'what is found', 'points'], impact)}",
            FOOT,
            f"## Bands\n\n{table(['points of one side', 'band'], bands())}",
            f"## Level\n\n{table(['impact', *(f'likelihood {name}' for name in LEVELS)], levels())}",
            "A standard change has the same factors; its model stands in for test and back-out.\n",
        ]
    )


def bands() -> list[Row]:
    rows = []
    start = 0
    for points in range(1, 20):
        if band(points) != band(start):
            rows.append([f"{start} to {points - 1}", band(start)])
            start = points
    return [*rows, [f"{start} and more", band(start)]]


def levels() -> list[Row]:
    return [[f"**{name}**", *row] for name, row in zip(LEVELS, MATRIX, strict=True)]


def services(first: dict[str, Any] | None = None, dependents: int = 0) -> list[dict[str, Any]]:
    found = [{"kind": "Service", "metadata": {"name": "first"}, "spec": {"tier": 4, **(first or {})}}]
    found += [{"kind": "Service", "metadata": {"name": f"more-{index}"}, "spec": {"tier": 4}} for index in range(5)]
    for index in range(dependents):
        spec = {"tier": 4, "dependsOn": [{"service": "first", "strength": "hard"}]}
        found.append({"kind": "Service", "metadata": {"name": f"user-{index}"}, "spec": spec})
    return found


def history(good: int, bad: int) -> list[dict[str, Any]]:
    results = ["successful"] * good + ["failed"] * bad
    return [
        {
            "kind": "Change",
            "metadata": {"name": f"old-{index}"},
            "spec": {"services": ["first"], "status": "closed", "result": result},
        }
        for index, result in enumerate(results)
    ]


MODEL = {"kind": "ChangeModel", "metadata": {"name": "m"}, "spec": {"test": {"summary": "t"}, "backout": {"steps": []}}}
Case = tuple[str, str, dict[str, Any], list[dict[str, Any]]]
LATE = {"start": "2026-11-25T08:00:00Z", "end": "2026-11-25T08:22:00Z"}

LIKELIHOOD: list[Case] = [
    ("type of change", "standard", {"type": "standard", "model": "m"}, [MODEL]),
    ("type of change", "normal", {}, []),
    ("type of change", "emergency", {"type": "emergency"}, []),
    ("test", "passed, with evidence", {}, []),
    ("test", "passed without evidence, or by the model", {"test": {"passed": True}}, []),
    ("test", "not passed", {"test": {}}, []),
    ("back-out", "rehearsed, or by the model", {}, []),
    ("back-out", "planned, never rehearsed", {"backout": {"steps": ["Go back."]}}, []),
    ("back-out", "none", {"backout": {}}, []),
    ("services changed at once", "1", {}, []),
    ("services changed at once", "2 or 3", {"services": ["first", "more-0", "more-1"]}, []),
    ("services changed at once", "more", {"services": ["first", "more-0", "more-1", "more-2"]}, []),
    ("schedule pressure", "work and back-out take up to 80 % of the window", {}, []),
    ("schedule pressure", "more than that", {"schedule": LATE}, []),
    ("schedule pressure", "no schedule", {"schedule": {}}, []),
    ("history of the services", "30 of 30 earlier changes succeeded", {}, history(30, 0)),
    ("history of the services", "8 of 10", {}, history(8, 2)),
    ("history of the services", "1 of 4", {}, history(1, 3)),
    ("history of the services", "no earlier change in the whole repository", {}, []),
]
IMPACT: list[Case] = [
    *(("highest tier", f"tier {tier}", {}, services({"tier": tier})) for tier in (4, 3, 2, 1)),
    ("blast radius", "none", {}, services()),
    ("blast radius", "1 to 5 services fail with them", {}, services(dependents=5)),
    ("blast radius", "6 to 15", {}, services(dependents=15)),
    ("blast radius", "16 and more", {}, services(dependents=16)),
    ("data", "public, internal", {}, services({"security": {"dataClassification": "internal"}})),
    ("data", "confidential, or not stated", {}, services()),
    ("data", "secret", {}, services({"security": {"dataClassification": "secret"}})),
    *(("expected outage", kind, {"outage": {"expected": kind}}, []) for kind in ("none", "degraded", "full")),
]


def points(dimension: str, cases: list[Case]) -> list[Row]:
    rows: list[Row] = []
    for factor, found, spec, records in cases:
        facts = Facts.from_records([*services(), *records])
        risk = assess({"kind": "Change", "metadata": {"name": "new"}, "spec": {**PLAN, **spec}}, facts)
        factors = {item.name: item for item in risk.factors if item.dimension == dimension}
        rows.append([factor, found, f"{factors.pop(factor).points:+d}"])
        missing = {name for name in factors if name not in {case[0] for case in cases}}
        if missing:
            raise SystemExit(f"docs/risk_page.py has no case for: {', '.join(sorted(missing))}")
    return rows
