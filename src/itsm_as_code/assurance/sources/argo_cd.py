"""Applications of Argo CD (``argocd app list -o json``, ``kubectl get applications -o json``).

Source: https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go (RevisionHistory,
OperationState).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from itsm_as_code.assurance.ran import Skipped
from itsm_as_code.assurance.sources._rows import Row, at, listed, objects

TITLE: Final = "Applications of Argo CD"
_FAILED: Final = ("Failed", "Error")


def rows(content: bytes) -> Iterator[Row | Skipped]:
    """A row for each revision of the history, and one where the last operation failed."""
    for item in objects(content, "items"):
        if isinstance(item, Skipped):
            yield item
            continue
        place, data = item
        for entry in listed(data, "status", "history"):
            yield Row(f"{place}.{at(entry, 'id')}", _fields(data, entry))
        last = data.get("status", {}).get("operationState") if isinstance(data.get("status"), dict) else None
        if at(last, "phase") in _FAILED:
            told = {
                "artifact": at(last, "syncResult", "revision") or at(last, "operation", "sync", "revision"),
                "start": at(last, "startedAt"),
                "end": at(last, "finishedAt"),
                "result": "failed",
                "by": at(last, "operation", "initiatedBy", "username"),
            }
            yield Row(f"{place}.operation", _fields(data, {}) | told)


def _fields(data: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, str]:
    labels = ("metadata", "labels")
    return {
        "service": at(data, *labels, "app.kubernetes.io/name") or at(data, "metadata", "name"),
        "environment": at(data, "spec", "destination", "namespace"),
        "artifact": at(entry, "revision"),
        "start": at(entry, "deployStartedAt") or at(entry, "deployedAt"),
        "end": at(entry, "deployedAt"),
        "by": at(entry, "initiatedBy", "username"),
    }
