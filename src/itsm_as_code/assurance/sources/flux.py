"""Kustomizations of Flux (``kubectl get kustomizations -o json``): what was applied last.

Source: https://fluxcd.io/flux/components/kustomize/kustomizations/#kustomization-status.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from itsm_as_code.assurance.ran import Skipped
from itsm_as_code.assurance.sources._rows import Row, at, digest, listed, objects

TITLE: Final = "Kustomizations of Flux"


def rows(content: bytes) -> Iterator[Row | Skipped]:
    """A row for each that is ready, or failed to become so."""
    for item in objects(content, "items"):
        if isinstance(item, Skipped):
            yield item
            continue
        place, data = item
        ready = next((row for row in listed(data, "status", "conditions") if at(row, "type") == "Ready"), None)
        if ready is None or at(ready, "status") == "Unknown":
            continue
        is_ready = at(ready, "status") == "True"
        revision = at(data, "status", "lastAppliedRevision" if is_ready else "lastAttemptedRevision")
        fields = {
            "service": at(data, "metadata", "labels", "app.kubernetes.io/name") or at(data, "metadata", "name"),
            "environment": at(data, "spec", "targetNamespace") or at(data, "metadata", "namespace"),
            "artifact": digest(revision),
            "start": at(ready, "lastTransitionTime"),
            "result": "successful" if is_ready else "failed",
            "by": "flux",
        }
        yield Row(place, fields)
