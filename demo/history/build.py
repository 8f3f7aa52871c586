"""The year of a small bookshop that keeps evidence: 60 landings in real git, with notes, approvals and deployments.

    python demo/history/build.py DIR

It writes ``DIR/records`` (the repository), ``DIR/keys`` (of everybody, for they are worth nothing) and
``DIR/by-hand.csv`` (a deployment that no pipeline made). Every build gives the same commits. Four landings and three
deployments are wrong: ``itsm audit`` and ``itsm audit deployments`` find them; see docs/how-to/audit-the-history.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from keys import PUBLIC, public, write_key
from story import END, FIRST, HOUR, RECORDS, Landing, digest, person, story

from itsm_as_code import signing
from itsm_as_code.assurance.deployments import appended
from itsm_as_code.assurance.merges import Place, SignedMerges, landings, statement_of
from itsm_as_code.assurance.statement import Statement, sign
from itsm_as_code.forges.interface import PullRequest, SignedApproval
from itsm_as_code.gate.approvals import approvals_of
from itsm_as_code.gate.attestation import propose
from itsm_as_code.gate.candidate import InARow, read_candidate
from itsm_as_code.gate.decision import Decision, canonical
from itsm_as_code.gate.findings import findings_of
from itsm_as_code.gate.signed_approvals import NAMESPACE
from itsm_as_code.git import lines, notes
from itsm_as_code.git.repository import Repository
from itsm_as_code.git.signed_approvals import store_approval
from itsm_as_code.processes import cores, spread

REPOSITORY: Final = "kestrel-books/records"
MAIN: Final = "refs/heads/main"
BY_HAND: Final = (
    *("service=App", "artifact=Version", "start=When"),
    *("environment==production", "by==emil", "service:Newsletter=newsletter"),
)
"""How `itsm audit deployments` takes in by-hand.csv."""
SETTINGS: Final = """\
apiVersion: itsm/v1
kind: Configuration
spec:
  organisation: {name: Kestrel Books}
  timezone: Europe/London
  defaultBranch: main
"""
ASKING: Final = """\
  evidence:
    since: {since}
    repository: {repository}
    keys:
      - {{key: "{evidence}"}}
  deployers:
    - name: pipeline
      key: "{pipeline}"
      services: [web-shop, newsletter, stock-database]
      environments: [production]
"""


def build(folder: Path) -> list[Landing]:
    """Write the history into a folder that does not exist yet: its landings, oldest first."""
    records, keys = folder / "records", folder / "keys"
    found = story()
    with_evidence(folder, found)
    _deployments(Repository(records), found, keys / "pipeline")
    (folder / "by-hand.csv").write_text(f"App;Version;When\nNewsletter;{digest(99)};2025-08-01T10:00:00Z\n")
    git(records, "reset", "-q", "--hard")
    return found


def with_evidence(folder: Path, found: Sequence[Landing]) -> None:
    """Write landings, oldest first, the keys of everybody, what reviewers signed, and what was noted."""
    keys = folder / "keys"
    keys.mkdir(parents=True)
    for name in PUBLIC:
        write_key(keys, name)
    write_history(folder / "records", found)
    _evidence(Repository(folder / "records"), found, keys)


def git(folder: Path, *arguments: str, feed: str = "") -> str:
    """Run git, untouched by the settings of whoever builds."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, input=feed, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Stream:
    """Commits for git fast-import, each with a mark; the ids of the marks come back."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._parts: list[str] = []

    def commit(
        self, ref: str, title: str, files: Mapping[str, str], who: tuple[str, str], at: datetime, *parents: str
    ) -> str:
        """A commit by an author and a committer, at an instant: its mark."""
        mark = f":{len(self._parts) + 1}"
        stamps = [f"{name} <{name}@kestrel-books.example> {int(at.timestamp())} +0000" for name in who]
        rows = [f"commit {ref}", f"mark {mark}", f"author {stamps[0]}", f"committer {stamps[1]}"]
        rows += [f"data {len(title.encode())}", title]
        rows += [f"{'merge' if place else 'from'} {parent}" for place, parent in enumerate(parents)]
        rows += [f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}" for path, text in files.items()]
        self._parts.append("\n".join([*rows, "", ""]))
        return mark

    def run(self) -> dict[str, str]:
        """Import them: mark -> id."""
        marks = self._repository / "marks"
        git(self._repository, "fast-import", "--quiet", f"--export-marks={marks}", feed="".join(self._parts))
        found = dict(line.split() for line in marks.read_text().splitlines())
        marks.unlink()
        self._parts.clear()
        return found


def write_history(place: Path, found: Sequence[Landing]) -> None:
    """The commits of all landings, and the heads of their pull requests as a forge keeps them."""
    place.mkdir()
    git(place, "init", "-q", "-b", "main", "--template=")
    stream = Stream(place)
    start = {path.relative_to(RECORDS).as_posix(): path.read_text() for path in sorted(RECORDS.rglob("*.yaml"))}
    start = {path: person(said, Path(path).stem) if "kind: Person" in said else said for path, said in start.items()}
    governance = ("dora", "dora")
    stream.commit(MAIN, "Start", start | {"itsm.yaml": SETTINGS}, governance, FIRST - 2 * HOUR)
    (since,) = stream.run().values()
    asking = SETTINGS + ASKING.format(
        since=since, repository=REPOSITORY, evidence=public("evidence"), pipeline=public("pipeline")
    )
    tip = base = stream.commit(MAIN, "Keep evidence", {"itsm.yaml": asking}, governance, FIRST - HOUR, since)
    for number, landing in enumerate(found, 1):
        base = base if landing.how == "queue" and found[number - 2].how == "queue" else tip
        landing.base = tip
        _land(stream, landing, number, base)
        tip = landing.commits[-1]
    ids = stream.run()
    for landing in found:
        landing.base, landing.head = ids[landing.base], ids.get(landing.head, "")
        landing.commits = [ids[mark] for mark in landing.commits]


def _land(stream: Stream, landing: Landing, number: int, base: str) -> None:
    """The commits of a pull request from ``base``, and those that it became on main; the marks stay in the landing."""
    files, author, at = landing.files(landing.at), landing.author, landing.at
    if landing.how != "push":
        landing.head = base
        for path, content in files.items():
            told = (f"refs/pull/{number}/head", f"Write {path}", {path: content})
            landing.head = stream.commit(*told, (author, author), at - 4 * HOUR, landing.head)
    if landing.how == "rebase":
        tip = landing.base
        for path, content in files.items():
            tip = stream.commit(MAIN, f"Write {path}", {path: content}, (author, "emil"), at, tip)
            landing.commits.append(tip)
        return
    parents = (landing.base,) if landing.how in ("squash", "push") else (landing.base, landing.head)
    title = landing.title if landing.how == "push" else f"{landing.title} (#{number})"
    who = (author, "emil") if landing.how == "squash" else ("emil", "emil")
    landing.commits.append(stream.commit(MAIN, title, files, who, at, *parents))


def _evidence(repository: Repository, found: Sequence[Landing], keys: Path) -> None:
    """What reviewers signed, as `itsm approve` keeps it, and what the job noted on each landing."""

    def work(mine: Iterator[int]) -> list[tuple[int, SignedApproval | None, Statement]]:
        own, row = Repository(repository.folder), InARow()
        made = []
        for place in mine:
            approval = _approval(own, found[place], keys, row)
            made.append((place, approval, sign(_line(own, found[place], approval, row), keys / "evidence")))
            own.forget()
        return made

    content: dict[str, bytes] = {}
    for place, approval, statement in sorted(
        (item for part in spread(range(len(found)), work, cores()) for item in part), key=itemgetter(0)
    ):
        landing = found[place]
        if approval is not None and landing.reviewer is not None:
            said = (landing.head, landing.reviewer, approval.text, approval.signature)
            store_approval(repository, *said, landing.at - HOUR)
        packed = statement.packed
        content[landing.commits[-1]] = packed[:-9] if landing.wrong == "evidence-altered" else packed
    assert notes.move(repository, notes.add_notes(repository, None, content, END), None)


def _approval(repository: Repository, landing: Landing, keys: Path, row: InARow) -> SignedApproval | None:
    """What the reviewer signed an hour before."""
    if landing.reviewer is None:
        return None
    asked = PullRequest(f"{landing.author}@kestrel-books.example")
    candidate = read_candidate(repository, landing.base, landing.head, asked, landing.at - HOUR, row)
    approvals = approvals_of(candidate, findings_of(candidate), repository)
    proposal = propose(candidate, approvals, landing.reviewer, "approved")
    signature = signing.sign(proposal.text.encode(), keys / landing.reviewer, NAMESPACE)
    return SignedApproval(proposal.text, signature)


def _line(repository: Repository, landing: Landing, approval: SignedApproval | None, row: InARow) -> bytes:
    """The line of the evidence; that of one landing says of Ben what is not so."""
    signed = [approval] if approval is not None else []
    merges = SignedMerges(repository, landing.base, landing.commits, signed)
    (unit,) = landings(landing.base, landing.commits, merges)
    line = statement_of(repository, unit, Place(REPOSITORY, "main"), (None, max(END, landing.at)), row)
    return _with_approval_of("ben", line) if landing.wrong == "approver-not-member" else line


def _with_approval_of(name: str, line: bytes) -> bytes:
    """A line that says somebody approved, in a form that agrees with itself."""
    data: dict[str, Any] = json.loads(line)
    (member,) = data["pullRequests"]
    decision = {key: value for key, value in member["decision"].items() if key != "digest"}
    for row in decision["approvals"]:
        row["satisfied"] = True
        row["required"][0] |= {"satisfiedBy": [name], "missing": 0, "suggested": []}
    decision |= {"verdict": "approved", "reasons": []}
    member |= {"verdict": "approved", "decision": Decision("approved", (), decision).as_data()}
    return canonical({**data, "verdict": "approved"}) + b"\n"


def _deployments(repository: Repository, found: Sequence[Landing], key: Path) -> None:
    """What the pipeline said, line by line."""
    content = b""
    for landing in found:
        if landing.deployed is not None:
            content = appended(content, {"deployer": "pipeline", **landing.deployed(landing.at)}, key)
    assert lines.move(repository, lines.add(repository, None, content, END), None, None)


def main() -> int:
    """Build it where the command line says, and say what to ask."""
    parser = ArgumentParser(description="Build a year of landings with signed evidence, to audit.")
    parser.add_argument("folder", metavar="DIR", type=Path, help="a folder that does not exist yet")
    folder = parser.parse_args().folder
    if folder.exists():
        parser.error(f"{folder} is there already: name a folder that does not exist yet")
    found = build(folder)
    print(f"{len(found)} landings in {folder / 'records'}; ask:\n")
    print(f"  itsm audit -C {folder / 'records'}")
    mapped = " ".join(f"--map '{item}'" for item in BY_HAND)
    print(f"  itsm audit deployments -C {folder / 'records'} --source csv={folder / 'by-hand.csv'} {mapped}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
