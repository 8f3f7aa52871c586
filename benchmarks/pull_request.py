"""A repository of records with a pull request that touches three: it adds a change and edits two services."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import corpus

REPOSITORY = Path(__file__).resolve().parent.parent
NOW = "2026-11-22T12:00:00Z"
PERSON = "person-0001"
CHANGE = f"""\
apiVersion: itsm/v1
kind: Change
metadata: {{name: chg-20261201-tune, title: Tune the queue}}
spec:
  type: normal
  services: [service-00005]
  requester: {PERSON}
  implementers: [{PERSON}]
  summary: Send in smaller batches.
  justification: The provider throttles large batches.
  schedule: {{start: "2026-12-01T20:00:00Z", end: "2026-12-01T22:00:00Z"}}
  implementation: {{steps: [Set the batch size to 500], minutes: 10}}
  test: {{summary: Sent to ourselves., passed: true, evidence: [{{title: Run, url: "https://ci.example.org/1"}}]}}
  backout: {{steps: [Set it back, Restart], minutes: 10, rehearsedOn: "2026-11-20"}}
  status: proposed
"""


def repository(root: Path, services: int, changes: int) -> None:
    """Write records and this repository's policies, with what forges say of the pull request beside them."""
    corpus.write(root, services, changes)
    shutil.copytree(REPOSITORY / "policies", root / "policies")
    _open(root)
    (root.parent / "reviews.json").write_text(json.dumps({"author": PERSON, "reviews": []}))


def git(root: Path, *arguments: str) -> None:
    """Run git as the author of the pull request."""
    who = ("-c", f"user.name={PERSON}", "-c", f"user.email={PERSON}@example.org")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def _open(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Base")
    git(root, "checkout", "-q", "-b", "topic")
    change = root / "changes/2026/12/01/chg-20261201-tune.yaml"
    change.parent.mkdir(parents=True)
    change.write_text(CHANGE)
    for number in (5, 6):
        service = root / f"services/service-{number:05d}.yaml"
        service.write_text(service.read_text().replace("rto: PT4H", "rto: PT3H"))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Tune")
    git(root, "checkout", "-q", "main")
