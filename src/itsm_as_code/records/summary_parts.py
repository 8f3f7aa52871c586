"""The parts of an index that say what is known of the changes of a catalogue (:mod:`itsm_as_code.records.summary`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.records.outcomes import History, Outcome, blamed_at
from itsm_as_code.records.summary import divided
from itsm_as_code.records.times import number


def parts_of(facts: Facts) -> dict[str, Any]:
    """The parts of an index that say what is known of changes: plain data."""
    came = {name: [incident["spec"]["detectedAt"] for incident in items] for name, items in _blaming(facts).items()}
    return {
        "changes": {
            "toCome": facts.names_to_come,
            "released": [change["metadata"]["name"] for change in facts.changes_of_releases],
            "blamed": came,
            "models": {
                model: [change["metadata"]["name"] for change in changes]
                for model, changes in facts.changes_by_model.items()
            },
        },
        "times": {"rows": facts.times.rows},
        "history": [_counted(facts.change_history), _counted(facts.model_history)],
        **divided("outcomes of services", _plain(facts.outcomes_by_service)),
        **divided("outcomes of models", _plain(facts.outcomes_by_model)),
    }


def _blaming(facts: Facts) -> dict[str, list[Data]]:
    """The incidents that make a change a failure, by its name."""
    found: dict[str, list[Data]] = {}
    for incident in facts.records("Incident"):
        for name in blamed_at([incident]):
            found.setdefault(name, []).append(incident)
    return found


def _counted(history: History) -> list[list[int]]:
    return [[number(item) for item in items] for items in history.instants]


def _plain(outcomes: Mapping[str, Mapping[str, Outcome]]) -> dict[str, Any]:
    return {
        key: {name: [number(item.known), number(item.failed)] for name, item in ended.items()}
        for key, ended in outcomes.items()
    }
