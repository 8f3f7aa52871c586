"""Files of other tools that tell what ran, in the forms that those tools publish."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from itsm_as_code.assurance.ran import Ran, Skipped
from itsm_as_code.assurance.sources import Mapping, mapping_of, names, read
from itsm_as_code.errors import UsageError

COMMIT, DIGEST = "a" * 40, f"sha256:{'4' * 64}"
AT, THEN = "2026-12-01T20:00:00Z", "2026-12-01T20:05:00Z"
ARGO: Final = {
    "metadata": {"name": "payments", "namespace": "argocd"},
    "spec": {"destination": {"namespace": "production", "server": "https://kubernetes.default.svc"}},
    "status": {
        "history": [
            {
                "id": 7,
                "revision": COMMIT,
                "deployStartedAt": AT,
                "deployedAt": THEN,
                "initiatedBy": {"username": "bob"},
                "source": {"repoURL": "https://git.example/payments", "path": "deploy"},
            }
        ],
        "operationState": {
            "phase": "Failed",
            "startedAt": "2026-12-02T20:00:00Z",
            "finishedAt": "2026-12-02T20:01:00Z",
            "operation": {"initiatedBy": {"automated": True}, "sync": {"revision": "b" * 40}},
        },
    },
}
FLUX: Final = {
    "metadata": {"name": "payments", "namespace": "production"},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": AT, "reason": "ReconciliationSucceeded"}
        ],
        "lastAppliedRevision": f"main@sha1:{COMMIT}",
    },
}
REPLICAS: Final = {
    "kind": "ReplicaSet",
    "metadata": {
        "name": "payments-6d4f",
        "namespace": "production",
        "creationTimestamp": AT,
        "ownerReferences": [{"kind": "Deployment", "name": "payments"}],
    },
    "spec": {"template": {"spec": {"containers": [{"name": "api", "image": f"registry.example/payments@{DIGEST}"}]}}},
}
DEPLOYMENT: Final = REPLICAS | {"kind": "Deployment", "metadata": {"name": "payments", "namespace": "production"}}
GITHUB: Final = {
    "id": 1,
    "sha": COMMIT,
    "environment": "production",
    "created_at": AT,
    "creator": {"login": "octocat"},
    "repository_url": "https://api.github.com/repos/our-organisation/payments",
    "payload": {"change": "chg-20261201-db"},
    "statuses": [{"state": "inactive", "created_at": "2026-12-03T20:00:00Z"}, {"state": "success", "created_at": THEN}],
}
GITLAB: Final = {
    "iid": 2,
    "sha": COMMIT,
    "status": "success",
    "created_at": "2026-12-01T19:59:00Z",
    "updated_at": "2026-12-01T20:06:00Z",
    "user": {"username": "ada"},
    "environment": {"name": "production"},
    "deployable": {"started_at": AT, "finished_at": THEN},
}
ROWS: Final[dict[str, tuple[Any, list[tuple[str, ...]]]]] = {
    "argo-cd": (
        {"kind": "ApplicationList", "items": [ARGO]},
        [
            ("payments", "production", COMMIT, "successful", "bob"),
            ("payments", "production", "b" * 40, "failed", "nobody named"),
        ],
    ),
    "flux": ({"items": [FLUX]}, [("payments", "production", COMMIT, "successful", "flux")]),
    "kubernetes": (
        {"kind": "List", "items": [REPLICAS, DEPLOYMENT]},
        [("payments", "production", DIGEST, "successful", "kubernetes")],
    ),
    "github": ([GITHUB], [("payments", "production", COMMIT, "successful", "octocat")]),
    "gitlab": (
        [GITLAB, GITLAB | {"status": "canceled"}, GITLAB | {"status": "running"}],
        [("payments", "production", COMMIT, "successful", "ada")],
    ),
}  # fmt: skip


def told(form: str, content: bytes, *mapped: str) -> list[Ran | Skipped]:
    return list(read(form, content, "f", mapping_of(mapped)))


@pytest.mark.parametrize("form", ROWS)
def test_what_a_tool_tells(form: str) -> None:
    data, expected = ROWS[form]
    found = told(form, json.dumps(data).encode(), *(["service==payments"] if form == "gitlab" else []))
    assert [
        (item.service, item.environment, item.artifact, item.result, item.by) for item in found if isinstance(item, Ran)
    ] == expected
    assert len(found) == len(expected)
    first = found[0]
    assert isinstance(first, Ran)
    assert first.start.isoformat() == "2026-12-01T20:00:00+00:00"
    assert (first.change == "chg-20261201-db") == (form == "github")


@pytest.mark.parametrize("form", ROWS)
def test_what_is_none_is_told(form: str) -> None:
    """Broken JSON, and JSON of something else: never a population that is silently smaller."""
    for content in (b"{", b"[3]", b'[{"kind": "Pod", "status": "success", "statuses": []}]'):
        for item in told(form, content):
            assert isinstance(item, Skipped), item
    assert told(form, b"{")
    assert told(form, b"[3]")


def test_tables_of_any_kind() -> None:
    rows = f"\ufeffApp,Env,Digest,When\npayments,production,{DIGEST},{AT}\npayments,production,{DIGEST}\n".encode()
    mapped = ("service=App", "environment=Env", "artifact=Digest", "start=When")
    good, short = told("csv", rows, *mapped)
    assert isinstance(good, Ran)
    assert good.service == "payments"
    assert short == Skipped("f:3", "it has 3 cells, and the table 4 columns")
    (missed,) = told("csv", rows.partition(b"\npay")[0] + f"\np,p,{DIGEST},{AT}\n".encode(), "service=Application")
    assert missed == Skipped("f:2", "it has no 'Application', from which 'service' is to be taken")
    (undated,) = told("csv", b"service;environment;artifact;start\np;q;r;2026-12-01 20:00\n")
    assert isinstance(undated, Skipped)
    assert undated.place == "f:2"
    (backwards,) = told("csv", f"service;environment;artifact;start;end\np;q;r;{THEN};{AT}\n".encode())
    assert backwards == Skipped("f:2", "it ends before it begins")
    (odd,) = told("csv", f'service;environment;artifact;start\n"a\nb";q;r;{AT}\n'.encode())
    assert isinstance(odd, Skipped)
    assert told("csv", b"") == []


def test_lines_of_json() -> None:
    line = {"meta": {"app": "payments", "env": "production"}, "artifact": DIGEST, "start": AT, "result": "rollback"}
    content = json.dumps(line).encode() + b"\n\n{\n7\n"
    good, broken, number = told("json-lines", content, "service=meta.app", "environment=meta.env")
    assert isinstance(good, Ran)
    assert (good.service, good.result, good.place) == ("payments", "backed-out", "f:1")
    assert isinstance(broken, Skipped)
    assert broken.place == "f:3"
    assert number == Skipped("f:4", "it is no object")


def test_forms_and_mappings_are_named() -> None:
    assert names() == ["argo-cd", "csv", "flux", "github", "gitlab", "json-lines", "kubernetes"]
    with pytest.raises(UsageError, match="unknown source"):
        list(read("argo", b"", "f", Mapping()))
    for wrong in ("servise=App", "service", "service=", "service:x="):
        with pytest.raises(UsageError, match="maps nothing"):
            mapping_of([wrong])
