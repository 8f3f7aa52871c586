"""What a pull request brings is judged in time that grows with it, and not with its square."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from itsm_as_code.findings import RecordId
from itsm_as_code.gate.renames import rename_of
from itsm_as_code.gate.scope import PathChange, RuleMatcher, View
from itsm_as_code.policies.cel.environment import Context, Environment
from itsm_as_code.policies.policy import Policy
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.diff import RecordDiff, diff_data, show_fields
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import NOW, Workshop
from tests.growth import SIZES, assert_grows_slowly
from tests.snapshots import Memory

KINDS = KindRegistry.load()
ENVIRONMENT = Environment(Facts({}), NOW)


def record(kind: str, spec: object) -> Record:
    data = {"kind": kind, "metadata": {"name": "x"}, "spec": spec}
    return Record(RecordId(kind, "x"), KINDS[kind], data, "x.yaml", b"")


def rules(*matches: dict[str, object]) -> Record:
    return record(
        "ApprovalPolicy",
        {"rules": [{"name": f"r{number}", "match": match, "approvals": []} for number, match in enumerate(matches)]},
    )


SHAPES: dict[str, Callable[[int], object]] = {
    "fields": lambda size: {f"key{number}": 1 for number in range(size)},
    "fields far down": lambda size: {"a" * 900: {"b" * 900: {f"key{number}": 1 for number in range(size)}}},
    "items": lambda size: {"list": [{"a": number} for number in range(size)], "key0": 1},
}


@SIZES
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("covered", [True, False])
def test_a_record_with_many_changed_fields(shape: str, covered: bool, enough: float) -> None:
    matches = [
        {"kinds": ["Service"], "fields": ["/metadata/links", "/spec/key0", "/spec/list/0"]},
        {"paths": ["docs/**", "**/*.md"]},
    ]
    matcher = RuleMatcher([rules(*matches, *([{"kinds": ["Service"]}] if covered else []))], ENVIRONMENT)

    def prepare(size: int) -> Callable[[], object]:
        old, new = record("Service", {}), record("Service", SHAPES[shape](size))
        activations = [ENVIRONMENT.activation(Context(side.data, NOW)) for side in (new, old)]

        def work() -> None:
            diff = RecordDiff(old.id, old, new, tuple(diff_data(old.data, new.data)))
            show_fields(diff.fields)
            scope = matcher.match([View(diff, diff, *activations)], [])
            assert bool(scope.uncovered) is not covered

        return work

    assert_grows_slowly(prepare, start=250, most=8000, enough=enough)


@SIZES
def test_many_changed_paths(enough: float) -> None:
    matcher = RuleMatcher([rules({"paths": ["docs/**", "**/**/**/x*y*z"]})], ENVIRONMENT)

    def prepare(size: int) -> Callable[[], object]:
        changes = [PathChange(f"docs/{number}/x" + "y" * 40, "added") for number in range(size)]
        changes += [PathChange(f"other/{number}/xyz/" * 3, "added") for number in range(size)]
        return lambda: matcher.match([], changes)

    assert_grows_slowly(prepare, start=100, most=4000, enough=enough)


@SIZES
@pytest.mark.parametrize("alike", [False, True])
def test_many_records_that_go_and_come(alike: bool, enough: float) -> None:
    """Each of those that go may have become each of those that come."""
    base = Catalogue(Memory({}), KINDS, {}, [])

    def side(letter: str, size: int) -> list[Record]:
        return [named(f"{letter}{number}", {"x": "same" if alike else f"{letter}{number}"}) for number in range(size)]

    def prepare(size: int) -> Callable[[], object]:
        diffs = [RecordDiff(old.id, old, None, ()) for old in side("a", size)]
        diffs += [RecordDiff(new.id, None, new, ()) for new in side("b", size)]
        return lambda: rename_of(base, base, diffs, lambda folder, name: False)

    assert prepare(50)() is None
    assert_grows_slowly(prepare, start=50, most=4000, enough=enough)


def named(name: str, spec: object) -> Record:
    data = {"kind": "Service", "metadata": {"name": name}, "spec": spec}
    return Record(RecordId("Service", name), KINDS["Service"], data, f"services/{name}.yaml", b"")


def test_the_message_of_a_policy_is_no_longer_than_a_sentence_may_be() -> None:
    spec = {
        "severity": "error", "match": {"kinds": ["Service"]}, "require": "false", "message": "object.spec.text",
        "remedy": "x", "examples": [],
    }  # fmt: skip
    policy = Policy(record("Policy", spec))
    for length in (1000, 100_000):
        data = record("Service", {"text": "x" * length}).data
        status, message = policy.judge(data, ENVIRONMENT, ENVIRONMENT.activation(Context(data, NOW)))
        assert (status, len(message)) == ("fail", 1000)
    assert message.endswith("x…")


def test_a_record_with_a_thousand_mistakes_makes_small_evidence(workshop: Workshop) -> None:
    """60,000 unknown keys were 41 MB."""
    path = "services/newsletter.yaml"
    text = (workshop.path / path).read_text()
    workshop.write(path, text.replace("spec:\n", "spec:\n" + "".join(f"  key{number}: 1\n" for number in range(9000))))
    workshop.commit()
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert len(str(decision.evidence)) < 100_000
    assert "(and 8999 more)" in decision.reasons[0].message
    (changed,) = decision.evidence["records"]
    assert changed["fields"][-1] == "and 8,000 more"
