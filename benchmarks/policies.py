"""Measure policies against native Python: `python benchmarks/policies.py [--services N] [--changes N] [--policies N]`.

Prints one ratio: seconds of processor time of judging every record by every policy, divided by those that native Python
functions with the same tests take over the same records, both in this process and this run. All policies match all
records, and no two ask the same.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import corpus
import yaml

from itsm_as_code.configuration import PolicySettings
from itsm_as_code.policies.engine import PolicyEngine
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.snapshot import WorkTree

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Test = Callable[[dict[str, Any]], bool]


def rules(count: int) -> list[tuple[str, str, Test, Test]]:
    """Condition and requirement of each policy, and native functions with the same tests; no two are the same."""
    found = []
    for index in range(count):
        where, native_where = _CONDITIONS[index // 5 % len(_CONDITIONS)]
        require, native = _REQUIREMENTS[index % len(_REQUIREMENTS)]
        found.append((where, require.replace("NUMBER", str(100 + index)), native_where, native(100 + index)))
    return found


_CONDITIONS: list[tuple[str, Test]] = [
    ("object.metadata.name != ''", lambda data: data["metadata"]["name"] != ""),
    ("object.metadata.title != 'x'", lambda data: data["metadata"]["title"] != "x"),
    (
        "has(object.spec.lifecycle) || has(object.spec.status)",
        lambda data: "lifecycle" in data["spec"] or "status" in data["spec"],
    ),
    ("object.kind in ['Service', 'Change']", lambda data: data["kind"] in ("Service", "Change")),
    (
        "!has(object.metadata.labels) || !('x' in object.metadata.labels)",
        lambda data: "x" not in data["metadata"].get("labels", {}),
    ),
]


def _short_name(number: int) -> Test:
    return lambda data: len(data["metadata"]["name"]) < number


def _title(number: int) -> Test:
    other = str(number)
    return lambda data: "title" in data["metadata"] and data["metadata"]["title"] != other


def _type_or_tier(number: int) -> Test:
    types = ("normal", str(number))
    return lambda data: data["spec"]["type"] in types if data["kind"] == "Change" else data["spec"]["tier"] <= number


def _services(number: int) -> Test:
    other = str(number)
    return lambda data: data["kind"] == "Service" or all(name != other for name in data["spec"]["services"])


def _summary(number: int) -> Test:
    return lambda data: (
        "owner" in data["spec"] if data["kind"] == "Service" else len(data["spec"]["summary"]) < number * number
    )


_REQUIREMENTS: list[tuple[str, Callable[[int], Test]]] = [
    ("object.metadata.name.size() < NUMBER", _short_name),
    ("has(object.metadata.title) && object.metadata.title != 'NUMBER'", _title),
    ("object.kind == 'Change' ? object.spec.type in ['normal', 'NUMBER'] : object.spec.tier <= NUMBER", _type_or_tier),
    ("object.kind == 'Service' || object.spec.services.all(s, s != 'NUMBER')", _services),
    ("object.kind == 'Service' ? has(object.spec.owner) : object.spec.summary.size() < NUMBER * NUMBER", _summary),
]


def main() -> None:
    """Make the corpus and the policies, judge, compare, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--services", type=int, default=10_000)
    options.add_argument("--changes", type=int, default=100_000)
    options.add_argument("--policies", type=int, default=45)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="itsm-bench-") as name:
        root = Path(name)
        corpus.write(root, chosen.services, chosen.changes)
        tests = rules(chosen.policies)
        for index, (where, require, _, _) in enumerate(tests):
            _policy(root, f"policy-{index:02d}", where, require)
        catalogue = load_catalogue(WorkTree(root), KindRegistry.load())
    records = [record for record in catalogue if record.id.kind in ("Service", "Change")]
    gc.disable()
    passed, native = _natively([record.data for record in records], [(where, test) for _, _, where, test in tests])
    answers, judged = _judged(catalogue, records)
    if answers != passed:
        raise SystemExit(f"policies let {answers} through, native functions {passed}")
    count = len(records) * len(tests)
    print(f"{len(tests)} policies over {len(records)} records, {passed} of {count} answers are a pass")
    print(f"  policies {judged:.2f} s ({judged / count * 1e6:.2f} us each), native Python {native:.2f} s")
    print(f"  ratio {judged / native:.1f} (at most 8 is what we keep to)")


def _policy(root: Path, name: str, where: str, require: str) -> None:
    spec = {
        "severity": "error",
        "match": {"kinds": ["Service", "Change"], "where": where},
        "require": require,
        "message": "object.metadata.name",
        "remedy": "Mend it.",
        "examples": [{"name": kind, "expect": kind, "object": {"kind": "Service"}} for kind in ("pass", "fail")],
    }
    data = {"apiVersion": "itsm/v1", "kind": "Policy", "metadata": {"name": name, "title": name}, "spec": spec}
    path = root / f"policies/{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data), encoding="utf-8")


def _natively(records: list[dict[str, Any]], tests: list[tuple[Test, Test]]) -> tuple[int, float]:
    """How many tests of all records hold, and the seconds that it takes; each keeps its answer, as a policy does."""
    start = time.process_time()
    passed = 0
    for data in records:
        answers = ["pass" if test(data) else "fail" for where, test in tests if where(data)]
        passed += answers.count("pass")
    return passed, time.process_time() - start


def _judged(catalogue: Catalogue, records: list[Any]) -> tuple[int, float]:
    engine = PolicyEngine(catalogue, PolicySettings(), Facts.of(catalogue), NOW)
    start = time.process_time()
    passed = 0
    for record in records:
        passed += sum(outcome.status == "pass" for outcome, _ in engine.judge(record))
    return passed, time.process_time() - start


if __name__ == "__main__":
    main()
