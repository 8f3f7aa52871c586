"""What a review says of the performance of a service agrees with the agreements of that service.

Each line names an agreement for the service and an objective in it, with its target; the verdict follows from
what was attained, and without data it is no-data. Otherwise a missed objective passes as met. An agreement that changes
its targets is another record with days of its own, so that reviews of earlier periods stay true.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem, did_you_mean
from itsm_as_code.records.facts import Facts

TITLE = "The performance in a review agrees with the agreement"
SEVERITY = "error"
WAIVABLE = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    objectives = {
        data["metadata"]["name"]: {item["name"]: item for item in data["spec"]["objectives"]}
        for data in facts.records("ServiceLevelAgreement")
    }
    for review in facts.records("ServiceReview"):
        spec = review["spec"]
        for index, line in enumerate(spec.get("performance", ())):
            if line["agreement"] in objectives:
                about = facts.spec("ServiceLevelAgreement", line["agreement"])["service"]
                wrong = _wrong(line, objectives[line["agreement"]], spec["service"], about)
                if wrong:
                    key, message, remedy = wrong
                    pointer = ("spec", "performance", index, key)
                    yield ("ServiceReview", review["metadata"]["name"]), Problem(message, pointer, remedy)


def _wrong(
    line: dict[str, Any], objectives: dict[str, dict[str, Any]], service: str, about: str
) -> tuple[str, str, str] | None:
    agreement, objective = line["agreement"], objectives.get(line["objective"])
    if about != service:
        return "agreement", f"{agreement} is about '{about}', not '{service}'", "name an agreement for the service"
    if objective is None:
        message = f"{agreement} has no objective '{line['objective']}'"
        return "objective", message, did_you_mean(line["objective"], objectives) or "name one of its objectives"
    if Fraction(line["target"]) != Fraction(objective["target"]):
        message = f"{agreement} promises {objective['target']}, not {line['target']}"
        return "target", message, f"write {objective['target']}, or name the agreement that held in the period"
    verdict = _verdict(line, objective)
    if line["verdict"] != verdict:
        attained = f"{line['attained']} against {line['target']}" if "attained" in line else "nothing attained"
        return (
            "verdict",
            f"{attained} ({objective['comparison']}) is {verdict}, not {line['verdict']}",
            f"write {verdict}",
        )
    return None


def _verdict(line: dict[str, Any], objective: dict[str, Any]) -> str:
    if "attained" not in line:
        return "no-data"
    attained, target = Fraction(line["attained"]), Fraction(line["target"])
    return "met" if (attained >= target if objective["comparison"] == "at-least" else attained <= target) else "missed"
