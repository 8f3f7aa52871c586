"""Whether people work in the new way: by records, by signed evidence and by deployment statements."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Final

from itsm_as_code.clock import Interval
from itsm_as_code.figures import Figure, Seen, Services, of
from itsm_as_code.measures.comparison import Value, mean, nothing, share
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.training import coverage_of

_HOUR: Final = 3600
_INSTANT: Final = timedelta(microseconds=1)


def _trained(seen: Seen, span: Interval, services: Services) -> Value:
    """At the end of the span: each person once for each training that is meant for them."""
    on = utc_day(min(seen.now, span.end - _INSTANT))
    trained: list[str] = []
    people = 0
    for training in seen.facts.records("Training"):
        cover, name = coverage_of(seen.facts, training, on).overall, training["metadata"]["name"]
        trained += [f"{name}/{person}" for person in cover.trained]
        people += len(cover.trained) + len(cover.expired) + len(cover.missing)
    return share(trained, people)


def _to_authorisation(seen: Seen, span: Interval, services: Services) -> Value:
    if isinstance(seen.authorisations, str):
        return nothing("mean", seen.authorisations)
    return mean(
        (one.change, Fraction((one.at - one.proposed).total_seconds()) / _HOUR)
        for one in seen.authorisations
        if one.at in span and one.proposed <= one.at and (services is None or not services.isdisjoint(one.services))
    )


def _covered(seen: Seen, span: Interval, services: Services) -> Value:
    if isinstance(seen.deployments, str):
        return nothing("share", seen.deployments)
    found = [one for one in seen.deployments if one[0] in span and of(services, one[1])]
    return share((place for _, _, place, covered in found if covered), len(found))


def _pushed(seen: Seen, span: Interval, services: Services) -> Value:
    if isinstance(seen.landings, str):
        return nothing("share", seen.landings)
    found = [one for one in seen.landings if one[0] in span]
    return share((commit for _, commit, by_pull_request in found if not by_pull_request), len(found))


FIGURES: Final = (
    Figure(
        "training-coverage",
        "Training coverage",
        "share",
        "percent",
        "higher",
        "People for whom a training is meant and who have completed it, at the end of the period; of all services.",
        _trained,
    ),
    Figure(
        "hours-to-authorisation",
        "Hours from proposal to authorisation",
        "mean",
        "hours",
        "lower",
        "From the first commit that proposed a change to the merge that authorised it, as signed evidence dates it.",
        _to_authorisation,
        evidence=True,
    ),
    Figure(
        "deployments-covered",
        "Deployments covered by changes",
        "share",
        "percent",
        "higher",
        "Deployments that a change or model covered, of all that statements tell of.",
        _covered,
        evidence=True,
    ),
    Figure(
        "direct-pushes",
        "Direct pushes",
        "share",
        "percent",
        "lower",
        "Landings on the default branch without a pull request, of all since evidence is asked for; of all services.",
        _pushed,
        evidence=True,
    ),
)
