"""What becomes of OpenSLO: every object read exactly or refused by line, and given back with all that it said."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.interchange import Known, plan, write
from itsm_as_code.interchange._openslo_export import export, text
from itsm_as_code.interchange._openslo_form import decoded, duration, encoded, shorthand
from itsm_as_code.interchange._yaml import read_documents
from itsm_as_code.interchange.openslo import convert
from itsm_as_code.records.document import Document, load
from itsm_as_code.records.facts import Facts
from tests.conftest import ROOT, SMALL, Run, examples

EXAMPLES = sorted((Path(__file__).parent / "examples" / "openslo").glob("*.yaml"))
CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
FILES = sorted(path for path in CORPORA.glob("openslo-*/**/*") if path.suffix in (".yaml", ".yml"))
REFUSED = {
    "openslo-oslo/test/inputs/validate/invalid-apiversion.yaml": (1, "Service of foo is no object of OpenSLO"),
    "openslo-sloth/getting-started.yml": (4, "not an object of OpenSLO with apiVersion and kind"),
    "openslo-sloth/kubernetes-apiserver.yml": (19, "not an object of OpenSLO with apiVersion and kind"),
}
"""Files of the corpora that hold no objects of a version that is read, and the line that is named for it."""


def imported(sources: dict[str, bytes], into: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Records by kind and name, written as well, and messages."""
    known = Known.read(into)
    conversion = convert(sources, known)
    files, said = plan(conversion, known, force=False)
    into.mkdir(exist_ok=True)
    write(into, files)
    records = {f"{new.id.kind}/{new.id.name}": new.data for new in conversion.records}
    assert conversion.entities >= len(records)
    return records, [f"{found.location}: {found.message}" for found in (*conversion.findings, *said)]


def exported(records: dict[str, dict[str, Any]]) -> str:
    return text(export(Facts.from_records(list(records.values())), (), "good", "total").objects)


def check_round_trip(sources: dict[str, bytes], tmp_path: Path) -> dict[str, dict[str, Any]]:
    """All that was read is in the export, and the export makes the same records."""
    records, _ = imported(sources, tmp_path / "first")
    written = exported(records)
    again, _ = imported({"slo.yaml": written.encode()}, tmp_path / "second")
    assert again == records
    assert exported(again) == written
    read = Counter(leaf for path, source in sources.items() for leaf in leaves(path, source))
    there = Counter(leaf for leaf in leaves("slo.yaml", written.encode()))
    split = {name.partition("/")[2][:-2] for name in records if name.endswith("-1")}
    assert read.keys() - there.keys() <= split
    return records


def leaves(path: str, source: bytes) -> Iterator[str]:
    """Each value of a file by itself; numbers by what they are worth, and without the names of units and versions."""
    if not read_documents(path, source):
        return
    stack = [item for document in yaml.load_all(source, yaml.BaseLoader) for item in as_list(document)]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += [item for key, item in value.items() if key not in ("apiVersion", "duration", "unit", "count")]
        elif isinstance(value, list):
            stack += value
        elif value:
            try:
                yield f"{Decimal(value).normalize():f}"
            except InvalidOperation:
                yield value


def as_list(document: Any) -> list[Any]:
    return document if isinstance(document, list) else [document]


@pytest.mark.skipif(not FILES, reason="the corpora of OpenSLO are not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CORPORA).as_posix())
def test_every_file_of_the_corpora(path: Path, tmp_path: Path) -> None:
    """Read with all that it says, or refused at a line."""
    name = path.relative_to(CORPORA).as_posix()
    source = path.read_bytes()
    records, said = imported({name: source}, tmp_path / "shop")
    if name in REFUSED:
        line, why = REFUSED[name]
        assert records == {}
        assert len(said) == 1
        assert why in said[0]
        assert abs(int(said[0].removeprefix(name).split(":")[1]) - line) <= 3
    else:
        objects = [item for document in yaml.load_all(source, yaml.BaseLoader) for item in as_list(document)]
        assert len(records) >= len(objects)
        assert not any("not imported" in line for line in said)
        check_round_trip({name: source}, tmp_path)


@pytest.mark.skipif(not FILES, reason="the corpora of OpenSLO are not here")
def test_all_files_of_the_corpora_at_once(tmp_path: Path, itsm: Run) -> None:
    """The report adds up, a second import finds nothing to do, and the repository lists what is left to decide."""
    code, out, _ = itsm("import", "openslo", *FILES, "--into", tmp_path, "--format", "json")
    summary = json.loads(out)["summary"]
    records = summary["created"] + summary["updated"] + summary["unchanged"] + summary["skipped"]
    assert (code, summary["entities"]) == (1, records + summary["notImported"])
    assert summary["created"] == records
    code, out, _ = itsm("import", "openslo", *FILES, "--into", tmp_path, "--format", "json")
    again = json.loads(out)["summary"]
    assert (again["unchanged"], again["created"], again["updated"], again["skipped"]) == (records, 0, 0, 0)
    code, out, _ = itsm("-C", tmp_path, "validate", "--format", "json")
    found = json.loads(out)["findings"]
    errors = [item for item in found if item["severity"] == "error"]
    assert code == 1
    assert {item["rule"] for item in errors} == {"reference-exists"}, "owners, providers and services to be decided"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_version_comes_back_whole(path: Path, tmp_path: Path) -> None:
    check_round_trip({path.name: path.read_bytes()}, tmp_path)


def test_what_version_1_becomes(tmp_path: Path) -> None:
    records, said = imported({"v1.yaml": EXAMPLES[0].read_bytes()}, tmp_path / "shop")
    service = records["Service/web-shop"]["metadata"]
    assert service["labels"] == {"env": "prod", "team": "team-a,team-b", "region": "eu"}
    assert service["annotations"]["openslo.com/key1"] == "value1"
    assert service["annotations"]["openslo/spec.tier"] == "gold"
    slo = records["ServiceLevelAgreement/42"]
    fast, faster, half = slo["spec"]["objectives"]
    assert [item["target"] for item in (fast, faster, half)] == ["99.95", "99.99999", "50"], "exact, in percent"
    assert [item["name"] for item in (fast, faster, half)] == ["fast", "fast-2", "objective-3"]
    assert fast["window"] == {"every": "P1M", "from": "2026-01-31", "at": "00:00:00"}
    assert (slo["spec"]["timezone"], slo["spec"]["effective"]) == ("Europe/Berlin", {"from": "2026-01-31"})
    assert slo["spec"]["service"] == "web-shop"
    assert slo["metadata"]["annotations"]["openslo/object.SLI"].startswith('{"apiVersion": "openslo/v1", "kind": "SLI"')
    assert records["ServiceLevelAgreement/raw"]["spec"]["objectives"][0]["window"] == {"rolling": "P3M"}
    assert records["ServiceLevelAgreement/minutes"]["spec"]["objectives"][0]["window"] == {"rolling": "PT1M"}
    assert any("no longer than 1 minute: in OpenSLO m is a minute, and M a month" in line for line in said)
    assert any("v1.yaml:56:1: SLO raw: extra is no field of OpenSLO" in line for line in said), said
    assert any("spec.objectives.2.weight is no field of OpenSLO" in line for line in said)


def test_objectives_of_version_1alpha_that_measure_different_things(tmp_path: Path) -> None:
    records, said = imported({"a.yaml": EXAMPLES[1].read_bytes()}, tmp_path / "shop")
    assert sorted(records) == [
        *("Service/pages", "ServiceLevelAgreement/requests-1", "ServiceLevelAgreement/requests-2"),
        "ServiceLevelAgreement/threshold",
    ]
    assert any("its objectives measure 2 different things: an agreement is made for each" in line for line in said)
    assert (
        records["ServiceLevelAgreement/requests-1"]["spec"]["objectives"][0]["source"] == 'prometheus: good{le="0.4"}'
    )


def test_edits_are_exported_and_never_overwritten(tmp_path: Path, itsm: Run) -> None:
    """What was edited comes out edited, the rest as it came; an import leaves it alone without --force."""
    code, _, _ = itsm("import", "openslo", EXAMPLES[0], "--into", tmp_path)
    path = tmp_path / "services/agreements/42.yaml"
    path.write_text(
        path.read_text().replace('target: "99.95"', 'target: "99.9"').replace('title: "42"', "title: Speed")
    )
    edited = path.read_bytes()
    code, out, _ = itsm("import", "openslo", EXAMPLES[0], "--into", tmp_path)
    assert "fields that differ: metadata.title, spec.objectives" in out
    assert path.read_bytes() == edited
    code, out, _ = itsm("-C", tmp_path, "export", "openslo")
    assert code == 0
    slo = next(item for item in yaml.safe_load_all(out) if item["metadata"]["name"] == "42")
    assert (slo["metadata"]["displayName"], slo["spec"]["indicatorRef"]) == ("Speed", "latency")
    fast = slo["spec"]["objectives"][0]
    assert fast == {"displayName": "Fast", "op": "lte", "value": 0.25, "targetPercent": 99.9}
    itsm("import", "openslo", EXAMPLES[0], "--into", tmp_path, "--force")
    assert path.read_bytes() != edited


SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: pages}
spec:
  service: shop
  indicator: {metadata: {name: x}, spec: {thresholdMetric: {metricSource: {spec: {query: x}}}}}
  timeWindow:
    - duration: 1w
      calendar:
        startTime: 2022-01-01 12:00:00
        timeZone: America/New_York
  budgetingMethod: Occurrences
  objectives:
    - op: lt
      value: 5
      target: 0.99
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("value: 5", "value: 5\n      indicatorRef: y", 16, "composite objectives are not read yet"),
        ("target: 0.99", "target: 99.9", 16, "a target is a share"),
        ("target: 0.99", "target: 0.999999999999", 16, "at most nine decimals"),
        ("target: 0.99", "target: true", 16, "target is no number"),
        ("target: 0.99", "target: .nan", 16, "target is no number"),
        ("target: 0.99", "target: 0.9\n      targetPercent: 90", 14, "either a target or a targetPercent"),
        ("op: lt", "op: about", 14, "an op (lt, lte, gt, gte) and a value"),
        ("1w", "1 week", 8, "no length of a window"),
        ("1w", "0d", 8, "no length of a window"),
        ("duration: 1w", "duration: 1w\n      isRolling: true", 9, "either rolls, or does not and has a calendar"),
        ("2022-01-01 12:00:00", "2022-02-30 12:00:00", 10, "is no time such as"),
        ("2022-01-01 12:00:00", "noon", 10, "is no time such as"),
        ("America/New_York", "Mars/Olympus", 11, "is no time zone"),
        ("Occurrences", "Guesses", 12, "the budgeting method is none of"),
        ("service: shop", "team: shop", 4, "the service is not named"),
        ("thresholdMetric", "someMetric", 6, "either a ratioMetric or a thresholdMetric"),
        ("  budgetingMethod", "  indicatorRef: y\n  budgetingMethod", 4, "by either indicator or indicatorRef"),
        ("name: pages", "name: [pages]", 1, "without a metadata.name"),
        ("apiVersion: openslo/v1", "apiVersion: openslo/v2", 1, "no object of OpenSLO that is read"),
        ("kind: SLO", "kind: Sla", 2, "no object of OpenSLO that is read"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_exactly_is_refused_at_its_line(
    old: str, new: str, line: int, why: str, tmp_path: Path
) -> None:
    assert old in SLO
    records, said = imported({"slo.yaml": SLO.replace(old, new, 1).encode()}, tmp_path / "shop")
    assert records == {}
    (only,) = [text for text in said if "not imported" in text]
    assert why in only
    assert int(only.split(":")[1]) in (line, line + 1), only


def test_what_is_refused_does_not_keep_the_rest_from_being_read(tmp_path: Path) -> None:
    both = f"{SLO}---\n{SLO.replace('pages', 'posts').replace('0.99', '99')}---\n[]\n---\n- 5\n"
    records, said = imported({"slo.yaml": both.encode(), "other.yaml": b"{"}, tmp_path / "shop")
    assert sorted(records) == ["ServiceLevelAgreement/pages"]
    assert sum("not imported" in text for text in said) == 3


def test_names_stay_with_their_records(tmp_path: Path) -> None:
    """Two names that look alike are kept apart, whichever comes first, and keep their records."""
    service = "- {{apiVersion: openslo/v1, kind: Service, metadata: {{name: {}}}, spec: {{}}}}\n"
    first, _ = imported({"a.yaml": (service.format("my shop") + service.format("My.Shop")).encode()}, tmp_path / "x")
    second, _ = imported({"a.yaml": (service.format("My.Shop") + service.format("my-shop")).encode()}, tmp_path / "x")
    names = {data["metadata"]["title"]: record for record, data in (*first.items(), *second.items())}
    assert names["my shop"] == "Service/my-shop"
    assert len(set(names.values())) == 3
    assert all(re.fullmatch(r"Service/my-shop(-[0-9a-f]{8})?", name) for name in names.values())
    again, _ = imported({"a.yaml": service.format("My.Shop").encode()}, tmp_path / "x")
    assert list(again) == [names["My.Shop"]]
    unreadable, _ = imported({"a.yaml": service.format("商店").encode()}, tmp_path / "x")
    assert len(unreadable) == 1


def test_the_export_of_the_example(itsm: Run, tmp_path: Path) -> None:
    """Shares in version 1; what OpenSLO has no place for is said; it can be imported again."""
    code, out, err = itsm("-C", ROOT, "export", "openslo", "payments-api", "identity-provider")
    objects = {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(out)}
    assert code == 0
    slo = objects["SLO", "payments-api-sla-availability"]["spec"]
    assert (slo["service"], slo["objectives"]) == ("payments-api", [{"displayName": "availability", "target": 0.9995}])
    assert slo["timeWindow"] == [{"duration": "28d", "isRolling": True}]
    assert "exclude of availability of payments-api-sla has no place in OpenSLO" in err
    assert "own-p1 of payments-api-sla is not exported" in err
    (tmp_path / "slo.yaml").write_text(out)
    records, said = imported({"slo.yaml": out.encode()}, tmp_path / "shop")
    assert len(records) == len(objects)
    assert not any("not imported" in line for line in said)
    code, _, err = itsm("-C", ROOT, "export", "openslo", "payment-api")
    assert (code, "did you mean 'payments-api'?" in err) == (2, True)


def test_percentiles_become_thresholds() -> None:
    objective = {"name": "fast", "indicator": "latency", "target": "300", "unit": "ms", "comparison": "at-most"}
    objective |= {"percentile": "99.5", "window": {"calendar": "month"}, "source": "prometheus: latency_ms"}  # type: ignore[dict-item]
    spec = {"type": "sla", "service": "shop", "effective": {"from": "2026-03-01"}, "objectives": [objective]}
    record = {"kind": "ServiceLevelAgreement", "metadata": {"name": "shop-sla", "title": "Shop"}, "spec": spec}
    service = {"kind": "Service", "metadata": {"name": "shop", "title": "Shop"}, "spec": {}}
    found = export(Facts.from_records([record, service], "Europe/Berlin"), ("shop",), "good", "total")
    slo = found.objects[1]["spec"]
    assert found.left_out == []
    assert slo["objectives"] == [{"displayName": "fast", "target": "0.995", "op": "lte", "value": "300"}]
    assert slo["indicator"]["spec"] == {
        "thresholdMetric": {"metricSource": {"type": "Prometheus", "spec": {"query": "latency_ms"}}}
    }
    calendar = {"startTime": "2026-01-01 00:00:00", "timeZone": "Europe/Berlin"}
    assert slo["timeWindow"] == [{"duration": "1M", "isRolling": False, "calendar": calendar}]


@pytest.mark.parametrize(
    ("short", "iso"), [("1m", "PT1M"), ("5h", "PT5H"), ("28d", "P28D"), ("1w", "P1W"), ("1M", "P1M"), ("2Y", "P2Y")]
)
def test_durations(short: str, iso: str) -> None:
    assert duration(short) == iso
    assert shorthand(iso) == short
    assert shorthand("P1DT1H") is None
    assert shorthand("P1W2D") == "9d"


SIMPLE = st.none() | st.booleans() | st.integers(-9, 9) | st.text()


@given(st.recursive(SIMPLE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
@settings(max_examples=examples(60))
def test_what_an_annotation_holds_comes_back(value: Any) -> None:
    assert decoded(encoded(value)) == value


def test_an_import_into_the_small_organisation_validates(tmp_path: Path, itsm: Run) -> None:
    """A service that is there with its owner: nothing is left to decide that keeps the repository from being valid."""
    import shutil

    shutil.copytree(SMALL, tmp_path / "small")
    (tmp_path / "slo.yaml").write_text(SLO.replace("service: shop", "service: newsletter"))
    code, out, _ = itsm("import", "openslo", tmp_path / "slo.yaml", "--into", tmp_path / "small")
    assert code == 0, out
    document = load("x.yaml", (tmp_path / "small/services/agreements/pages.yaml").read_bytes())
    assert isinstance(document, Document)
    before = itsm("-C", SMALL, "validate", "--format", "json")[1]
    code, out, _ = itsm("-C", tmp_path / "small", "validate", "--format", "json")
    rules = {item["rule"] for item in json.loads(out)["findings"] if item["severity"] == "error"}
    assert rules == {item["rule"] for item in json.loads(before)["findings"] if item["severity"] == "error"}


ODD: list[Any] = [
    *(None, True, 0, -1, 5, 0.5, 1e300, "", " ", "x", "1", "null", "a,b", "28d", "0.1", "é\n", "y" * 300),
    *([], {}, [None], ["a"], ["a", "b"], {"a": None}, {"a": 1}, {"a.b": {"c": [1, {"d": "1.10"}]}}, [[]], [{"x": 1}]),
]
KEYS = ["name", "displayName", "labels", "annotations", "spec", "indicator", "target", "new", "a.b", "metadata", "op"]


def altered(data: Any, pick: random.Random) -> Any:
    """A document with one value somewhere in it replaced, taken out, or added."""
    places: list[tuple[Any, Any]] = []
    stack = [data]
    while stack:
        value = stack.pop()
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        places += [(value, key) for key in keys]
        stack += [value[key] for key in keys if isinstance(value[key], (dict, list))]
    where, key = pick.choice(places)
    action = pick.randrange(3)
    if action == 0 and isinstance(where, dict):
        where[pick.choice(KEYS)] = pick.choice(ODD)
    elif action == 1 and isinstance(where, dict):
        del where[key]
    else:
        where[key] = pick.choice(ODD)
    return data


@pytest.mark.parametrize("rounds", [40, pytest.param(4_000, marks=pytest.mark.deep)])
def test_whatever_is_altered_is_kept_or_refused(rounds: int, tmp_path: Path) -> None:
    """Of each altered file what is read comes back whole; what is not is named, and nothing breaks."""
    pick, read, known = random.Random(5), 0, Known.read(tmp_path / "none")
    for _ in range(rounds):
        documents = list(yaml.safe_load_all(pick.choice(EXAMPLES).read_text()))
        for _ in range(pick.randint(1, 3)):
            altered(documents, pick)
        source = yaml.safe_dump_all(documents, allow_unicode=True).encode()
        conversion = convert({"slo.yaml": source}, known)
        records = {f"{new.id.kind}/{new.id.name}": new.data for new in conversion.records}
        read += len(records)
        assert conversion.entities - len(records) == 0 or conversion.findings
        written = exported(records)
        again = convert({"slo.yaml": written.encode()}, known)
        assert {f"{new.id.kind}/{new.id.name}": new.data for new in again.records} == records, source.decode()
    assert read > rounds
