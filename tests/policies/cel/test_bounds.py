"""No expression runs for long or takes much memory, whatever it says and whatever the record is."""

from __future__ import annotations

import gc
import os
import select
import signal
import time
import weakref
from typing import Any

import pytest

from itsm_as_code.policies.cel import bounded
from itsm_as_code.policies.cel.bounded import CHILDREN, Bounded, OutOfBounds
from itsm_as_code.policies.cel.cost import SMALL, small_up_to
from itsm_as_code.policies.cel.environment import Context, Environment, EvaluationError
from itsm_as_code.policies.cel.look_ups import ITERATIONS
from itsm_as_code.records.facts import Facts
from tests.conftest import NOW
from tests.policies.cel.test_expressions import expressions

SPEC = {f"k{key}": {"list": [1, 2]} for key in range(20)}
RECORDS: list[dict[str, Any]] = [
    {"kind": "Service", "metadata": {"name": f"s{index}"}, "spec": SPEC} for index in range(9000)
]
OBJECT = {
    "spec": {
        "list": list(range(9000)),
        "short": list(range(95)),
        "text": "a" * 100_000,
        "texts": ["a"] * 3000,
        "some": ["a"] * 900,
        "zero": 0,
    }
}
ENVIRONMENT = Environment(Facts.from_records(RECORDS))
ACTIVATION = ENVIRONMENT.activation(Context(OBJECT, NOW))
GROW = ".replace('a', 'aaaaaaaaaa')"

HOSTILE = {
    "text that grows tenfold": "'aaaaaaaaaa'" + GROW * 9 + ".size() > 0",
    "text that grows without end": "'aaaaaaaaaa'" + GROW * 25 + ".size() > 0",
    "text of the record that grows": "object.spec.text" + GROW * 6 + " == ''",
    "a list built from a long one": "object.spec.list.map(x, x).size() > 0",
    "a long list that is filtered": "object.spec.list.filter(x, true).size() > 0",
    "lists of lists": "object.spec.list.map(x, object.spec.list).size() > 0",
    "texts put together": "object.spec.list.map(x, object.spec.text + object.spec.text).size() > 0",
    "lists of texts in lists": "object.spec.short.map(x, object.spec.short.map(y, object.spec.text + '')).size() > 0",
    "a search in every turn": "object.spec.list.all(x, !(-1 in object.spec.list))",
    "a long text in every turn": "object.spec.list.all(x, object.spec.text.size() > 0)",
    "a pattern in every turn": "object.spec.list.all(x, !object.spec.text.matches('(a|b)*c'))",
    "texts joined": "object.spec.texts.map(x, object.spec.text).join('').size() > 0",
    "characters built anew": "object.spec.text.split('').map(x, x + 'a').join('b') != ''",
    "list after list": "object.spec.list.map(a, [a, a, a, a]).map(b, b + b + b).size() > 0",
    "hidden behind a truth": "true || object.spec.list.map(x, x).size() > 0",
    "all records in every turn": "records('Service').all(s, records('Service').size() > 0)",
    "all records": "records('Service').size() > 0",
    "loops in loops": "object.spec.list.all(a, object.spec.list.all(b, object.spec.list.all(c, a + b + c >= 0)))",
    "division by zero": "1 / object.spec.zero == 1",
    "past the end": "object.spec.list[9000] == 1",
    "a wide number": "'%.100000000f'.format([1.5]) != ''",
}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expressions are stopped after a fifth of their time: each test would wait for the whole of it."""
    monkeypatch.setattr(bounded, "SECONDS", bounded.SECONDS / 5)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", HOSTILE)
def test_what_takes_long_is_no_answer_and_known_within_a_second(name: str) -> None:
    started, used = time.monotonic(), os.times()
    try:
        answer = ENVIRONMENT.holds(HOSTILE[name], ACTIVATION)
    except EvaluationError:
        answer = None
    may_be_true = name in ("hidden behind a truth", "lists of texts in lists")
    assert answer is None or (answer and may_be_true)
    now = os.times()
    spent = now.user + now.system + now.children_user + now.children_system
    spent -= used.user + used.system + used.children_user + used.children_system
    assert spent < 1.5, "of processor time, the start of the child included"
    assert time.monotonic() - started < 20


MANY = list(range(9900))
SEEMINGLY_SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    "one item is the whole list": ("object.list.all(x, x.map(y, y).size() >= 0)", {"object": {"list": [MANY]}}),
    "one text is the whole list": (
        "object.list.all(x, x.replace('', x).replace('a', 'bbbbbb').size() >= 0)",
        {"object": {"list": ["a" * 15_000]}},
    ),
    "a long list of a record looked up": ("record('Team', 'numbers').spec.map(x, [x, x, x, x]).size() >= 0", {}),
    "long parameters": ("params.list.map(x, x).size() > 0", {"params": {"list": MANY}}),
    "a long request": ("request.list.map(x, x).size() > 0", {"request": {"list": MANY}}),
    "a pattern read in every turn": (
        r"object.list.all(x, 'a'.matches('(\\pL|\\PN){30}') || true)",
        {"object": {"list": list(range(3000))}},
    ),
    "a pattern of the record": (
        "object.list.all(x, 'a'.matches(object.pattern) || true)",
        {"object": {"list": list(range(3000)), "pattern": r"(\pL|\PN){30}"}},
    ),
    "a long text sought in a long one": (
        "object.text.contains(object.other)",
        {"object": {"text": "a" * 600_000, "other": "a" * 300_000 + "b"}},
    ),
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", SEEMINGLY_SMALL)
def test_what_only_seems_small_is_no_answer_either(name: str) -> None:
    """What grows faster than what it reads, and what does not stand in the record that is judged."""
    expression, seen = SEEMINGLY_SMALL[name]
    numbers = {"kind": "Team", "metadata": {"name": "numbers"}, "spec": MANY}
    environment = Environment(Facts.from_records([numbers]))
    activation = environment.activation(Context(**{"object": {}, "now": NOW, **seen}))
    used = os.times()
    with pytest.raises(EvaluationError, match="too much time or memory"):
        environment.holds(expression, activation)
    now = os.times()
    spent = now.user + now.system + now.children_user + now.children_system
    assert spent - (used.user + used.system + used.children_user + used.children_system) < 1.5


def test_an_environment_goes_when_nobody_needs_it() -> None:
    """The runtime holds the look-up functions, and nobody frees a circle through it."""
    facts = Facts.from_records(RECORDS[:1])
    environment = Environment(facts, NOW)
    assert environment.holds("records('Service').size() == 1", environment.activation(Context({}, NOW)))
    gone = weakref.ref(environment), weakref.ref(facts)
    del environment, facts
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


def test_a_long_evaluation_does_not_keep_the_next_from_its_answer() -> None:
    for _ in range(2):
        with pytest.raises(EvaluationError, match="too much time or memory"):
            ENVIRONMENT.holds(HOSTILE["a list built from a long one"], ACTIVATION)
        assert ENVIRONMENT.holds("object.spec.some.map(x, x).size() == 900", ACTIVATION)
        with pytest.raises(EvaluationError, match="divi"):
            ENVIRONMENT.holds("object.spec.some.map(x, 1 / object.spec.zero).size() == 900", ACTIVATION)


def test_a_large_record_that_is_looked_up_is_read_where_it_can_be_stopped() -> None:
    large = {"kind": "Team", "metadata": {"name": "large"}, "spec": {"text": "a" * 1_000_000}}
    environment = Environment(Facts.from_records([large]))
    activation = environment.activation(Context({"list": list(range(9000))}, NOW))
    assert environment.holds("record('Team', 'large').spec.text.size() == 1000000", activation)
    assert environment.holds("records('Team')[0].spec.text.size() == 1000000 || 1 / 0 == 1", activation)
    for text in (
        "[record('Team', 'large')].all(t, object.list.all(x, t.spec.text.size() > 0))",
        "object.list.all(x, record('Team', 'large').spec.text != '')",
    ):
        with pytest.raises(EvaluationError):
            environment.holds(text, environment.activation(Context({"list": list(range(9000))}, NOW, size=0)))


def test_what_is_small_is_evaluated_where_it_stands() -> None:
    """So nearly all policies of this repository need no other process, on records as they are."""
    assert sum(small_up_to(text) < 4096 for text in expressions()) <= len(expressions()) // 10
    assert small_up_to("object.spec.tier <= 2") >= 1 << 20
    assert small_up_to("object.spec.text" + GROW * 3) < 1 << 20
    assert small_up_to("(") == -1


def test_the_runtime_counts_iterations_as_the_estimate_does() -> None:
    activation = ENVIRONMENT.activation(Context({"list": list(range(ITERATIONS - 10))}, NOW, size=0))
    assert ENVIRONMENT.holds("object.list.all(x, x >= 0)", activation)
    for text in (
        "object.list.all(x, x >= 0) && object.list.all(x, x >= 0)",
        "object.list.all(x, [1, 2].all(y, y > 0))",
    ):
        with pytest.raises(EvaluationError, match="budget"):
            ENVIRONMENT.holds(text, activation)
    assert SMALL > ITERATIONS


def test_an_expression_that_is_too_slow_for_many_records_is_soon_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itsm_as_code.policies.cel.environment.MOST_STOPS", 2)
    environment = Environment(Facts({}), NOW)
    used = os.times()
    for index in range(20):
        activation = environment.activation(Context({"list": MANY, "index": index}, NOW))
        with pytest.raises(EvaluationError, match="too much time or memory"):
            environment.holds("object.list.map(x, x).size() > 0", activation)
    now = os.times()
    assert now.children_user + now.children_system - used.children_user - used.children_system < 2
    assert environment.holds("object.list.map(x, x).size() > 0", environment.activation(Context({"list": [1]}, NOW)))


def test_a_child_answers_again_after_it_was_stopped() -> None:
    def answer(question: int) -> int:
        while question < 0:
            pass
        return question + 1

    asked = Bounded(answer)
    assert [asked.ask(1), asked.ask(2)] == [2, 3]
    with pytest.raises(OutOfBounds):
        asked.ask(-1)
    assert asked.ask(3) == 4


def test_who_starts_this_program_cannot_have_it_run_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """That a signal is ignored goes on to the programs that one starts, the one included that ends a child."""
    monkeypatch.setattr("itsm_as_code.policies.cel.bounded.PATIENCE", 5.0)
    before = signal.signal(signal.SIGPROF, signal.SIG_IGN)
    began = time.monotonic()
    try:
        with pytest.raises(OutOfBounds):
            Bounded(lambda question: all(True for _ in iter(int, question))).ask(1)
    finally:
        signal.signal(signal.SIGPROF, before)
    assert time.monotonic() - began < 4, "it was ended for its patience alone"


def test_there_are_never_many_children() -> None:
    askers = [Bounded(lambda question, index=index: question + index) for index in range(3 * CHILDREN)]
    for _ in range(2):
        assert [asker.ask(1) for asker in askers] == [index + 1 for index in range(3 * CHILDREN)]
    assert sum(asker._child is not None and not asker._child.is_stopped for asker in askers) <= CHILDREN


def test_where_no_child_can_be_started_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(OutOfBounds, match="cannot be bounded"):
        Bounded(int).ask(1)


def test_a_process_with_many_open_files_gets_its_answer() -> None:
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 1_200:
        pytest.skip("this system lets nobody open 1,200 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 1_200), most))
    held = []
    try:
        while not held or held[-1] < 1_030:
            held.append(os.open(os.devnull, os.O_RDONLY))
        assert Bounded(str.upper).ask("yes") == "YES"
    finally:
        for number in held:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_child_keeps_no_file_of_its_parent_open() -> None:
    """Else whoever reads to the end of a pipe that this program closed waits for as long as the child lives."""
    end, begin = os.pipe()
    asked = Bounded(lambda question: question)
    assert asked.ask(1) == 1
    os.close(begin)
    waiting = select.poll()
    waiting.register(end)
    assert waiting.poll(5_000), "the child holds it"
    assert os.read(end, 1) == b""
    assert asked.ask(2) == 2
    os.close(end)


def test_a_copy_of_the_process_leaves_the_children_of_the_first_alone() -> None:
    """Several processes judge at a time: each has children of its own, and ends none of another one's."""
    first = Bounded(lambda question: 2 * question)
    assert first.ask(1) == 2
    pid = os.fork()
    if pid == 0:
        others = [Bounded(lambda question: 3 * question) for _ in range(CHILDREN + 1)]
        is_right = [other.ask(2) for other in others] == [6] * len(others) and first.ask(5) == 10
        os._exit(0 if is_right else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert first.ask(7) == 14
