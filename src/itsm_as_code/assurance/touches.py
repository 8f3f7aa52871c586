"""Which first-parent commits touched a file: between which versions, and under which name it stood before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from itsm_as_code.assurance.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Touch:
    """A first-parent commit that touched a file: the blobs before and after (all zeros where there is none).

    ``files`` are those of them that are the content of a file, and not a submodule or a link.
    """

    commit: str
    before: str
    after: str
    files: tuple[str, ...] = ()


def touches_of(ledger: Ledger, since: str, places: Sequence[str]) -> dict[str, list[Touch]]:
    """Path -> the first-parent commits after ``since`` that touched it, oldest first, of the paths in some places."""
    repository, found = ledger.repository, dict[str, list[Touch]]()
    options = ("--first-parent", "--reverse", "--end-of-options", f"{since}..{ledger.tip}")
    places = [repository.outward(place) for place in places]
    commits = repository.text("rev-list", *options, "--", *places).split()
    pairs = "".join(f"{commit} {ledger.chain[ledger.place[commit] - 1]}\n" for commit in commits)
    raw = ("--stdin", "-r", "--no-renames", "--raw", "-z", "--", *places)
    commit, about = "", ""
    for field in (
        repository.run("diff-tree", *raw, feed=pairs.encode())[1].decode("utf-8", "surrogateescape").split("\0")
    ):
        if about:
            mode, now, before, after, _ = about.removeprefix(":").split(" ")
            files = tuple(blob for kind, blob in ((mode, before), (now, after)) if kind.startswith("100"))
            found.setdefault(repository.inward(field), []).append(Touch(commit, before, after, files))
            about = ""
        elif field.startswith(":"):
            about = field
        elif field:
            commit = field.strip()
    return found


def former_paths(ledger: Ledger, path: str, touches: Sequence[Touch]) -> list[str]:
    """Where a record may have stood before it was renamed: what was taken away beside it when it was added.

    Another name makes nothing approved that was not.
    """
    if not touches or touches[0].before.strip("0"):
        return []
    commit, repository = touches[0].commit, ledger.repository
    pair = (ledger.chain[ledger.place[commit] - 1], commit)
    folder = repository.outward(path).rpartition("/")[0]
    ways = ("-r", "-z", "--no-renames", "--name-only", "--diff-filter=D")
    gone = repository.text("diff-tree", *ways, *pair, "--", folder)
    return [repository.inward(place) for place in gone.split("\0") if place]
