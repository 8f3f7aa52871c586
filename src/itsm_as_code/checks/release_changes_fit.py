"""A release and its changes belong together: they name each other, and share services.

Each change that a release lists works on one of its services and names no other release; a change that names a release
is listed by it. What is deployed was deployed by a change that was carried out. Source: ITIL 4, release management
practice; ISO/IEC 20000-1:2018 clause 8.5.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "A release and its changes agree"
SEVERITY = "error"
WAIVABLE = True
READS = ("Change", "Release")
_DEPLOYED = ("deployed", "verified", "closed", "rolled-back")
_CARRIED_OUT = ("implementing", "implemented", "reviewed", "closed", "backed-out", "failed")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for release in facts.records("Release"):
        for problem in _release_problems(release, facts):
            yield ("Release", release["metadata"]["name"]), problem
    listed = {release["metadata"]["name"]: set(release["spec"]["changes"]) for release in facts.records("Release")}
    for change in facts.changes_of_releases:
        name, release_name = change["metadata"]["name"], change["spec"]["release"]
        if release_name in listed and name not in listed[release_name]:
            message = f"{release_name} does not list this change"
            remedy = f"add {name} to the changes of {release_name}, or leave release out"
            yield ("Change", name), Problem(message, ("spec", "release"), remedy)


def _release_problems(release: dict[str, Any], facts: Facts) -> Iterator[Problem]:
    spec, name = release["spec"], release["metadata"]["name"]
    services = set(spec["services"])
    carried_out = False
    for index, change_name in enumerate(spec["changes"]):
        change = facts.spec("Change", change_name)
        at = ("spec", "changes", index)
        if not change:
            continue  # reference-exists says so
        carried_out = carried_out or change["status"] in _CARRIED_OUT
        if services.isdisjoint(change["services"]):
            yield Problem(f"{change_name} works on none of the services of the release", at, "correct either of them")
        if change.get("release", name) != name:
            message = f"{change_name} belongs to {change['release']}"
            yield Problem(message, at, "let the change name this release, or take it out")
    if spec["status"] in _DEPLOYED and not carried_out:
        message = f"it is {spec['status']}, but no change of it was carried out"
        yield Problem(message, ("spec", "changes"), "list the change that deployed it")
