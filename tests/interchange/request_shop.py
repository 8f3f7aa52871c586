"""A small organisation with an offering to order from, and issues as forges render them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from itsm_as_code.interchange import Known
from itsm_as_code.interchange._request_form import OFFERING_LABEL, Forge, Question, Widget, questions
from tests.conftest import SMALL, copy_tree

FIELDS: list[dict[str, Any]] = [
    {"name": "purpose", "title": "What is it for?", "type": "longtext", "required": True, "maxLength": 2000,
     "help": "One or two sentences -->; the approver reads them."},
    {"name": "label", "title": "Name", "type": "text", "required": True, "maxLength": 40},
    {"name": "size", "title": "Size", "type": "choice", "required": True, "choices": ["small", "large", "no"]},
    {"name": "zone", "title": "Zone", "type": "choice", "choices": ["None", "north"]},
    {"name": "regions", "title": "Regions", "type": "multi-choice", "choices": ["eu-west", "eu-north", "on"]},
    {"name": "extras", "title": "Extras", "type": "multi-choice", "choices": ["backup, daily", "alerts"]},
    {"name": "days", "title": "Days of backup", "type": "number", "minimum": 7, "maximum": 90},
    {"name": "from", "title": "Needed from", "type": "date"},
    {"name": "personal", "title": "Personal data?", "type": "boolean", "required": True},
    {"name": "owner", "title": "Who answers for it?", "type": "person"},
    {"name": "service", "title": "Size", "type": "service"},
]  # fmt: skip
ANSWERS: dict[str, Any] = {
    "purpose": "Points of the loyalty programme.\n\nDuring its pilot: \"quoted\", 'no', # 1",
    "label": "loyalty-db",
    "size": "small",
    "regions": ["eu-west", "on"],
    "extras": ["backup, daily"],
    "days": 30,
    "from": "2026-12-01",
    "personal": False,
    "owner": "bob",
    "service": "orders",
}


def offering(name: str = "database", fields: list[dict[str, Any]] | None = None, **spec: Any) -> dict[str, Any]:
    """The data of an offering."""
    whole: dict[str, Any] = {"service": "orders", "active": True}
    whole["form"] = {"fields": FIELDS if fields is None else fields}
    whole |= spec
    metadata = {"name": name, "title": "Database for a project", "description": "A database with backup."}
    return {"apiVersion": "itsm/v1", "kind": "RequestOffering", "metadata": metadata, "spec": whole}


def make_shop(root: Path, *offerings: dict[str, Any]) -> Path:
    """The small organisation with some offerings."""
    copy_tree(SMALL, root)
    (root / "operations/offerings").mkdir(parents=True, exist_ok=True)
    for data in offerings or (offering(),):
        path = root / "operations/offerings" / f"{data['metadata']['name']}.yaml"
        path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    known = Known.read(root)
    assert all(record.valid for record in known.records.values())
    return root


def rendered(question: Question, value: Any) -> str:
    """An answer as GitHub renders it, or as a person writes it into a template of GitLab."""
    if question.widget is Widget.TICKS:
        chosen = value if isinstance(value, list) else [] if value is None else [value]
        return "\n".join(f"- [{'X' if it in chosen else ' '}] {label}" for label, it in question.options.items())
    if value is None:
        return "_No response_"
    if question.options:
        labels = {str(it): label for label, it in question.options.items()}
        return ", ".join(labels[str(it)] for it in (value if isinstance(value, list) else [value]))
    return str(value)


def body(
    answers: Mapping[str, Any],
    forge: Forge = Forge.GITHUB,
    fields: list[dict[str, Any]] | None = None,
    name: str = "database",
) -> str:
    """The body of a submitted form."""
    parts = [f"### {OFFERING_LABEL}", name]
    for question in questions(FIELDS if fields is None else fields, forge):
        parts.append(f"### {question.label}")
        if question.comment:
            parts.append(question.comment)
        parts.append(rendered(question, answers.get(question.name)))
    return "\n\n".join(parts)


def github(text: str, **other: Any) -> bytes:
    """An issue of GitHub's REST API."""
    issue = {
        "number": 42,
        "title": "Database for the loyalty project",
        "body": text,
        "user": {"login": "Alice-GH", "id": 7, "type": "User"},
        "created_at": "2026-11-09T08:12:00Z",
        "html_url": "https://github.example.com/shop/itsm/issues/42",
        "labels": [{"name": "service-request"}],
    }
    return json.dumps(issue | other).encode()


def gitlab(text: str, **other: Any) -> bytes:
    """An issue of GitLab's REST API."""
    issue = {
        "iid": 42,
        "title": "Database for the loyalty project",
        "description": text,
        "author": {"username": "alice-gl", "id": 7},
        "created_at": "2026-11-09T09:12:00.123+01:00",
        "web_url": "https://gitlab.example.com/shop/itsm/-/issues/42",
        "labels": ["service-request"],
    }
    return json.dumps(issue | other).encode()


def gitea(text: str, **other: Any) -> bytes:
    """An issue of Gitea's or Forgejo's REST API."""
    gitea: dict[str, Any] = {"user": {"id": 5, "login": "alice-tea"}, "original_author": "", "original_author_id": 0}
    gitea |= {"created_at": "2026-11-09T09:12:00+01:00", "pull_request": None, "labels": None}
    return github(text, **{**gitea, **other})


SUBMITTED = {Forge.GITHUB: github, Forge.GITEA: gitea, Forge.GITLAB: gitlab}
"""An issue as each forge gives it; Alice wrote it."""
