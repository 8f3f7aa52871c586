"""What a review says of the performance of a service agrees with the agreements of that service, and with the records.

Each line names an agreement for the service and an objective in it, with its target; the verdict follows from
what was attained, and without data it is no-data. Otherwise a missed objective passes as met. An agreement that changes
its targets is another record with days of its own, so that reviews of earlier periods stay true. Where the records say
what was attained in the period (availability by the outages of incidents, times by incidents and requests), the figure
is theirs, to three decimals: a review confirms it and never replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem, did_you_mean
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels import Attainment, Figure, attained_text, because, review_figure
from itsm_as_code.service_levels.budget import PLACES

TITLE = "The performance in a review agrees with the agreement"
SEVERITY = "error"
WAIVABLE = True
READS = (
    "Calendar",
    "Incident",
    "RequestOffering",
    "Service",
    "ServiceLevelAgreement",
    "ServiceRequest",
    "ServiceReview",
)


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
                wrong = wrong or _differs(facts, review, line, situation.now)
                if wrong:
                    key, message, remedy = wrong
                    pointer = ("spec", "performance", index, key if key in line else "verdict")
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


def _differs(facts: Facts, review: Data, line: dict[str, Any], now: datetime) -> tuple[str, str, str] | None:
    """What the records say was attained, where the line says something else."""
    try:
        found = review_figure(facts, review, line, now)
    except ValueError as error:
        return "attained", f"what was attained could not be computed: {error}", "mend the record that it names"
    typed = line.get("attained")
    if found is None or found.attained is None or (typed is not None and _is_alike(typed, found)):
        return None
    unit = "percent" if isinstance(found, Attainment) else found.objective["unit"]
    said = f"{typed} {unit}" if typed is not None else "no data"
    message = f"the records say {attained_text(found)} {unit}, not {said}: {because(found)}"
    return "attained", message, f"write {attained_text(found)}, or correct the records"


def _is_alike(typed: str, found: Figure) -> bool:
    """A share to three decimals or as many as are written, rounded or cut; a time to as many as are written."""
    places, exact = len(typed.partition(".")[2]), found.attained or Fraction(0)
    if isinstance(found, Attainment):
        return abs(Fraction(typed) - exact * 100) < Fraction(1, 10 ** max(PLACES, places))
    return abs(Fraction(typed) - exact) <= Fraction(1, 2 * 10**places)


def _verdict(line: dict[str, Any], objective: dict[str, Any]) -> str:
    if "attained" not in line:
        return "no-data"
    attained, target = Fraction(line["attained"]), Fraction(line["target"])
    return "met" if (attained >= target if objective["comparison"] == "at-least" else attained <= target) else "missed"
