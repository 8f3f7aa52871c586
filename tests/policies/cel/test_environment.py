"""CEL as policies use it: what cannot be evaluated has not passed, and nothing runs for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from itsm_as_code.policies.cel.environment import CompileError, Context, Environment, EvaluationError
from itsm_as_code.records.facts import Facts
from tests.limits import within

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECORDS: list[dict[str, Any]] = [
    {"kind": "Team", "metadata": {"name": "team-shop"}, "spec": {"members": ["alice"]}},
    {"kind": "Service", "metadata": {"name": "orders"}, "spec": {"owner": "team-shop", "tier": 2}},
    {
        "kind": "Service",
        "metadata": {"name": "shop"},
        "spec": {"owner": "team-gone", "dependsOn": [{"service": "orders", "strength": "hard"}]},
    },
    {
        "kind": "Calendar",
        "metadata": {"name": "year-end"},
        "spec": {
            "timezone": "UTC",
            "kind": "freeze",
            "appliesTo": {"services": ["orders"]},
            "entries": [{"start": "2026-12-15T00:00:00Z", "end": "2027-01-05T00:00:00Z"}],
        },
    },
    {
        "kind": "Calendar",
        "metadata": {"name": "broken"},
        "spec": {"timezone": "Nowhere", "kind": "freeze", "appliesTo": {"services": ["shop"]}, "entries": []},
    },
    {
        "kind": "Calendar",
        "metadata": {"name": "empty"},
        "spec": {"kind": "freeze", "appliesTo": {"services": ["bare"]}},
    },
]
OBJECT: dict[str, Any] = {
    "kind": "Service",
    "spec": {"list": [1, 2, 3], "text": "x", "zero": 0, "half": 1.5, "nothing": None, "long": list(range(1000))},
}
ENVIRONMENT = Environment(Facts.from_records(RECORDS))
ACTIVATION = ENVIRONMENT.activation(Context(OBJECT, NOW))

NEVER_PASS = {
    "division by zero": "1 / object.spec.zero == 1",
    "remainder by zero": "1 % object.spec.zero == 1",
    "an index past the end": "object.spec.list[3] == 1",
    "an index before the start": "object.spec.list[-1] == 3",
    "a missing field": "object.spec.missing == 'x'",
    "a missing field, negated": "object.spec.missing != 'x'",
    "not a missing field": "!object.spec.missing",
    "has on a missing way": "has(object.spec.missing.deeper)",
    "not has on a missing way": "!has(object.spec.missing.deeper)",
    "has on text": "has(object.spec.text.deeper)",
    "a field of null": "object.spec.nothing.deeper == 1",
    "a field of no old record": "old.spec.tier == 1",
    "overflow": "9223372036854775807 + object.spec.list[0] > 0",
    "no number": "int(object.spec.text) == 1",
    "no instant": "timestamp(object.spec.text) < now",
    "no day": "day(object.spec.text) < now",
    "no period": "period('P1M') > duration('1h')",
    "a broken pattern": "object.spec.text.matches('(')",
    "text added to a number": "object.spec.text + object.spec.zero == ''",
    "an error in a loop": "object.spec.list.all(item, item / object.spec.zero == 1)",
    "an error in every branch": "object.spec.list.exists(item, item / object.spec.zero == 1)",
    "a record that is not there": "record('Service', 'gone').spec.tier == 1",
    "an owner that is not there": "owner('shop').spec.members.size() == 0",
    "a freeze that cannot be read": "!frozen('shop', '2026-12-01T00:00:00Z', '2026-12-02T00:00:00Z')",
    "a freeze without entries": "!frozen('bare', '2026-12-01T00:00:00Z', '2026-12-02T00:00:00Z')",
    "a window that runs backwards": "!frozen('orders', '2026-12-03T00:00:00Z', '2026-12-02T00:00:00Z')",
    "a number": "object.spec.list.size()",
    "text": "'true'",
    "null": "null",
    "a list": "object.spec.list",
    "the record": "object",
    "a type": "type(object)",
    "too many steps": "object.spec.long.all(a, object.spec.long.all(b, object.spec.long.all(c, a + b + c >= 0)))",
}


@pytest.mark.parametrize("name", NEVER_PASS)
def test_what_cannot_be_evaluated_is_an_error_and_never_true_or_false(name: str) -> None:
    with within(5), pytest.raises(EvaluationError) as caught:
        ENVIRONMENT.holds(NEVER_PASS[name], ACTIVATION)
    assert str(caught.value).strip()
    assert "\n" not in str(caught.value)


FAR = {
    "a far end less now": "timestamp(object.spec.far) - now > period('P14D')",
    "now less a far end": "now - timestamp(object.spec.far) <= period('P14D')",
    "of a far beginning": "now - timestamp( object.spec.long_ago ) > duration('1h')",
    "from end to end": "timestamp(object.spec.far) - timestamp(object.spec.long_ago) > duration('1h')",
    "an instant of a far one": "timestamp(timestamp(object.spec.far)) - now > duration('1h')",
    "in a loop": "[object.spec.far].all(timestamp, timestamp(timestamp) - now > duration('1h'))",
    "a period later": "timestamp(object.spec.far) + period('P36525D') > now",
    "a day": "day('9999-12-31') - now > duration('1h')",
    "in a text": "'timestamp(' + object.spec.far == 'timestamp(9999-12-31T23:59:59Z' && "
    "timestamp(object.spec.far) - now > duration('1h')",
}


@pytest.mark.parametrize("name", FAR)
def test_never_is_after_all_other_instants_and_stops_no_policy(name: str) -> None:
    """CEL subtracts in nanoseconds of 64 bits, which run over at 292 years; other systems write never as year 9999."""
    spec = {"far": "9999-12-31T23:59:59Z", "long_ago": "0001-01-01T00:00:00Z"}
    activation = ENVIRONMENT.activation(Context({"spec": spec}, NOW))
    assert ENVIRONMENT.holds(FAR[name], activation) is True


NO_SENSE = {
    "undeclared": ("objct.spec", 1, 6),
    "unknown function": ("lookup('x') == null", 1, 7),
    "open bracket": ("(1 == 1", 1, 8),
    "types that never fit": ("true &&\n  1 == 'x'", 2, 5),
    "assignment": ("object = 1", 1, 8),
    "nothing": ("", 1, 1),
    "arguments": ("period(1) > duration('1h')", 1, 7),
    "python": ("__import__('os').system('id')", 1, 11),
    "attribute of a function": ("record.__globals__ == null", 1, 7),
}


@pytest.mark.parametrize("name", NO_SENSE)
def test_what_makes_no_sense_is_refused_with_its_place(name: str) -> None:
    expression, line, column = NO_SENSE[name]
    with pytest.raises(CompileError) as caught:
        ENVIRONMENT.compile(expression)
    assert caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column), caught.value.message


HOLDS = [
    "object.kind == 'Service'",
    "!has(object.spec.missing)",
    "has(object.spec.nothing) && object.spec.nothing == null",
    "!has(object.spec.missing) || object.spec.missing == 1",
    "object.spec.half == 1.5",
    "object.spec.list == [1, 2, 3]",
    "old == null && change == null && risk == null && request == null",
    "now == timestamp('2026-11-22T12:00:00Z')",
    "now - day('2026-11-22') == duration('12h')",
    "period('P1DT12H') == duration('36h')",
    "record('Service', 'orders').spec.tier == 2",
    "record('Service', 'gone') == null",
    "record('Nothing', 'gone') == null",
    "records('Service').map(item, item.metadata.name) == ['orders', 'shop']",
    "records('Nothing') == []",
    "owner('orders').metadata.name == 'team-shop'",
    "owner('gone') == null",
    "dependents('orders') == ['shop']",
    "dependencies('shop') == ['orders']",
    "dependents('gone') == []",
    "frozen('orders', '2026-12-14T23:59:59Z', '2026-12-15T00:00:01Z')",
    "!frozen('orders', '2026-12-14T00:00:00Z', '2026-12-15T00:00:00Z')",
    "!frozen('gone', '2026-12-20T00:00:00Z', '2026-12-21T00:00:00Z')",
    "'a-b'.split('-') == ['a', 'b']",
    "math.greatest(1, 2) == 2",
    "(object.spec.text + 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab').matches('^(a+)+$') == false",
]


@pytest.mark.parametrize("expression", HOLDS)
def test_what_policies_can_say(expression: str) -> None:
    assert ENVIRONMENT.holds(expression, ACTIVATION) is True


def test_a_truth_beside_an_error_is_what_the_language_says() -> None:
    """CEL's || and && are commutative: https://github.com/google/cel-spec/blob/master/doc/langdef.md#logical-operators."""
    assert ENVIRONMENT.holds("object.spec.missing == 1 || true", ACTIVATION) is True
    assert ENVIRONMENT.holds("object.spec.missing == 1 && false", ACTIVATION) is False


def test_values_come_back_as_plain_python() -> None:
    assert ENVIRONMENT.evaluate("'a' + 'b'", ACTIVATION) == "ab"
    assert ENVIRONMENT.evaluate("1 + 1", ACTIVATION) == 2
    assert ENVIRONMENT.evaluate("duration('90s')", ACTIVATION) == timedelta(seconds=90)
    assert ENVIRONMENT.evaluate("null", ACTIVATION) is None


def test_each_context_is_its_own() -> None:
    first = ENVIRONMENT.activation(Context({"spec": {"tier": 1}}, NOW, risk={"level": "low"}))
    second = ENVIRONMENT.activation(Context({"spec": {"tier": 2}}, NOW + timedelta(days=1), old={"spec": {"tier": 1}}))
    assert ENVIRONMENT.holds("object.spec.tier == 1 && risk.level == 'low' && old == null", first)
    assert ENVIRONMENT.holds("object.spec.tier == 2 && risk == null && old.spec.tier == 1", second)
    assert ENVIRONMENT.holds("now < day('2026-11-23')", first)
    assert not ENVIRONMENT.holds("now < day('2026-11-23')", second)
