"""ReplicaSets and Deployments of Kubernetes (``kubectl get replicasets,deployments -o json``).

Each ReplicaSet of a Deployment is a version that ran; a Deployment is what runs now. An image without a digest is named
by its tag, which may have been moved since. Of several containers the first counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from itsm_as_code.assurance.ran import Skipped
from itsm_as_code.assurance.sources._rows import Row, at, digest, listed, objects

TITLE: Final = "ReplicaSets and Deployments of Kubernetes"


def rows(content: bytes) -> Iterator[Row | Skipped]:
    """A row for each; a Deployment counts where none of its ReplicaSets stands beside it."""
    found = list(objects(content, "items"))
    owners = {
        _owner(item[1]) for item in found if not isinstance(item, Skipped) and at(item[1], "kind") == "ReplicaSet"
    }
    for item in found:
        if isinstance(item, Skipped):
            yield item
            continue
        place, data = item
        kind, name = at(data, "kind"), at(data, "metadata", "name")
        if kind == "ReplicaSet":
            yield Row(place, _fields(data, _owner(data), at(data, "metadata", "creationTimestamp")))
        elif kind == "Deployment" and name not in owners:
            conditions = listed(data, "status", "conditions")
            since = next((at(row, "lastUpdateTime") for row in conditions if at(row, "type") == "Progressing"), "")
            yield Row(place, _fields(data, name, since or at(data, "metadata", "creationTimestamp")))
        elif kind != "Deployment":
            yield Skipped(place, f"it is {kind or 'nothing that has a kind'}, no ReplicaSet or Deployment")


def _owner(data: Mapping[str, Any]) -> str:
    owners = [at(row, "name") for row in listed(data, "metadata", "ownerReferences") if at(row, "kind") == "Deployment"]
    return owners[0] if owners else at(data, "metadata", "name")


def _fields(data: Mapping[str, Any], name: str, start: str) -> dict[str, str]:
    images = [at(row, "image") for row in listed(data, "spec", "template", "spec", "containers")]
    return {
        "service": at(data, "metadata", "labels", "app.kubernetes.io/name") or name,
        "environment": at(data, "metadata", "namespace"),
        "artifact": digest(images[0]) if images else "",
        "start": start,
        "by": "kubernetes",
    }
