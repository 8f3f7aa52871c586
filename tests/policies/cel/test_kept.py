"""What an index keeps of expressions is what would be worked out of them again."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from itsm_as_code.policies.cel import cost, diagnosis, expressions
from itsm_as_code.policies.cel.cost import small_up_to
from itsm_as_code.policies.cel.expressions import parse
from itsm_as_code.policies.cel.kept import take_over, worked_out
from itsm_as_code.records.kinds import KindRegistry
from tests.policies.cel.test_expressions import expressions as every_expression

REGISTRY = KindRegistry.load()


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    yield
    expressions.READY.clear()
    cost.READY.clear()
    parse.cache_clear()
    small_up_to.cache_clear()


def test_trees_and_sizes_are_the_same() -> None:
    texts = every_expression()
    assert len(texts) > 100
    fresh = {text: (parse(text), small_up_to(text)) for text in texts}
    kept = orjson.loads(orjson.dumps(worked_out(texts, REGISTRY)))
    parse.cache_clear()
    small_up_to.cache_clear()
    take_over(kept, REGISTRY)
    assert expressions.READY.keys() == cost.READY.keys() <= fresh.keys()
    assert len(expressions.READY) > 0.95 * len(fresh)
    assert {text: (parse(text), small_up_to(text)) for text in texts} == fresh


@pytest.mark.parametrize("text", ["1.5 > 1.0", "b'x' == b'x'", "9223372036854775807 > 1", "object.", "a b"])
def test_what_json_does_not_carry_is_left_out(text: str) -> None:
    assert worked_out([text], REGISTRY)["trees"] == {}


def test_only_what_is_sound_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    doubt = diagnosis.Diagnosis(diagnosis.Problem("no", (), "mend"), compiles=True)
    monkeypatch.setitem(diagnosis.KNOWN, REGISTRY, {"good": (), "bad": (doubt,)})
    assert worked_out([], REGISTRY)["sound"] == ["good"]
    take_over({"sound": ["bad", "other"], "trees": {}, "sizes": {}}, REGISTRY)
    assert diagnosis.KNOWN[REGISTRY] == {"good": (), "bad": (doubt,), "other": ()}, "what was found here stays"
