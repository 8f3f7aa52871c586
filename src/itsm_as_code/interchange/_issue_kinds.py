"""What people without git are asked for a change, an incident, an improvement or a risk, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.interchange._request_form import Field
from itsm_as_code.records.facts import Facts

KIND_LABEL: Final = "Kind of record"
"""The heading under which a submitted form names its kind."""
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Submitted:
    """Who submitted an issue (the name of a Person, and their title), and when."""

    person: str
    title: str
    at: str


@dataclass(frozen=True, slots=True)
class IssueKind:
    """A kind that an issue may become: ``prefix`` begins the names, ``spec`` makes the specification of answers."""

    kind: str
    prefix: str
    title: str
    about: str
    fields: tuple[Field, ...]
    spec: Callable[[Values, Submitted], dict[str, Any]]

    def asked(self, facts: Facts) -> list[Field]:
        """The fields, with the teams of the organisation to choose from where one is to answer for it."""
        teams = sorted(
            data["metadata"]["name"] for data in facts.records("Team") if data["spec"].get("retired") is not True
        )
        return [{**field, "choices": teams} if field["name"] == "owner" else field for field in self.fields]


def _field(name: str, title: str, kind: str = "longtext", *, required: bool = True, **more: Any) -> Field:
    limits = {"maxLength": 4000} if kind == "longtext" else {"maxLength": 100} if kind == "text" else {}
    return {"name": name, "title": title, "type": kind, "required": required, **limits, **more}


_SERVICE: Final = _field("service", "Service", "service", help="More can be added in the pull request.")
_OWNER: Final = _field("owner", "Team that should take care of it", "choice")
_INSTANT: Final = "With its offset, such as 2026-12-01T20:00:00+01:00."


def _change(values: Values, by: Submitted) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "normal", "services": [values["service"]], "requester": by.person}
    spec |= {"summary": values["summary"], "justification": values["justification"]}
    schedule = {key: values[key] for key in ("start", "end") if key in values}
    return spec | ({"schedule": schedule} if schedule else {}) | {"status": "draft"}


def _incident(values: Values, by: Submitted) -> dict[str, Any]:
    spec: dict[str, Any] = {"services": [values["service"]], "impact": values["impact"], "urgency": values["urgency"]}
    return spec | {"detectedAt": by.at, "reportedBy": by.title, "status": "new"}


def _improvement(values: Values, by: Submitted) -> dict[str, Any]:
    source = {"type": "other", "note": f"{by.title}, in an issue."}
    services = {"services": [values["service"]]} if "service" in values else {}
    return {"owner": values["owner"], "source": source, **services, "status": "proposed"}


def _risk(values: Values, by: Submitted) -> dict[str, Any]:
    spec = {key: values[key] for key in ("cause", "event", "consequence", "owner")}
    services = {"services": [values["service"]]} if "service" in values else {}
    return {**spec, **services, "status": "identified"}


KINDS: Final = {
    kind.kind: kind
    for kind in (
        IssueKind(
            "Change",
            "chg",
            "Change",
            "Ask for a change of a service. It is a draft: people who carry it out plan it, and others approve it.",
            (
                _SERVICE,
                _field("summary", "What will be different?"),
                _field("justification", "Why is it worth doing, and what happens if it is not done?"),
                _field("start", "Start of the window", "text", required=False, help=_INSTANT),
                _field("end", "End of the window", "text", required=False, help=_INSTANT),
            ),
            _change,
        ),
        IssueKind(
            "Incident",
            "inc",
            "Incident",
            "Report that a service does not do what it should.",
            (
                _SERVICE,
                _field("description", "What happens, and since when?"),
                _field("impact", "Impact", "number", minimum=1, maximum=5, help="1 is the highest."),
                _field("urgency", "Urgency", "number", minimum=1, maximum=5, help="1 is the highest."),
            ),
            _incident,
        ),
        IssueKind(
            "Improvement",
            "imp",
            "Improvement",
            "Propose what could be better.",
            (
                _OWNER,
                _field("description", "What could be better, and for whom?"),
                _field("service", "Service", "service", required=False),
            ),
            _improvement,
        ),
        IssueKind(
            "Risk",
            "risk",
            "Risk",
            "Name what may go wrong, before it does.",
            (
                _field("cause", "Because of what may it happen?"),
                _field("event", "What may happen?"),
                _field("consequence", "What would it do to services, people or money?"),
                _OWNER,
                _field("service", "Service", "service", required=False),
            ),
            _risk,
        ),
    )
}
