"""What an auditor takes along: population, evidence, signatures, keys and rules of the day, and a page that says how to
check them with git, ssh-keygen and sha256sum alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from itsm_as_code import clock, signing
from itsm_as_code.assurance.audit import Audit
from itsm_as_code.assurance.landings import Unit
from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.people import People
from itsm_as_code.assurance.statement import NAMESPACE
from itsm_as_code.errors import ItsmError
from itsm_as_code.gate.guard import policy_lines
from itsm_as_code.gate.signed_approvals import NAMESPACE as APPROVAL
from itsm_as_code.validation import load_rule_set

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
Files = dict[str, bytes]


def package_of(ledger: Ledger, audit: Audit, people: People, reports: Mapping[str, bytes]) -> Files:
    """The files of a package, by path: of the sample, or of all that has evidence. ``reports`` are put beside them.

    The same audit gives the same bytes. GitError where this clone lacks what belongs into it.
    """
    chosen = [unit for unit in audit.units if unit.evidence and (not audit.sample or unit.commit in audit.sample)]
    files: Files = dict(reports)
    heads: list[str] = []
    for unit in chosen:
        files |= _change(ledger, unit, people, heads)
    files |= _rules(ledger, {unit.base for unit in chosen})
    feed = "".join(f"{head}\n" for head in dict.fromkeys(heads)) + f"^{ledger.tip}\n"
    # One thread: with more the same objects may be packed otherwise.
    packed = ledger.repository.run("pack-objects", "--revs", "--stdout", "-q", "--threads=1", feed=feed.encode())[1]
    files["heads.pack"] = packed
    drawn = [unit.commit for unit in audit.units if unit.commit in audit.sample] or [unit.commit for unit in chosen]
    rule = audit.rule or "everything that has evidence"
    files["sample.txt"] = "".join(f"{line}\n" for line in (f"# {rule}", *drawn)).encode()
    files["README.md"] = _page(ledger, audit, len(chosen))
    manifest = (f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items()))
    return {**files, "MANIFEST.sha256": "".join(manifest).encode()}


def write(files: Files, place: Path) -> None:
    """Write a package: as a ZIP file where the name ends so, else as a new folder. ItsmError where that cannot be."""
    try:
        if place.suffix == ".zip":
            place.write_bytes(_zipped(files))
            return
        place.mkdir(parents=True)
        for path, content in files.items():
            file = place / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    except OSError as error:
        remedy = "name a folder that does not exist yet, or a file that ends in .zip"
        raise ItsmError(f"cannot write the package {place}: {error.strerror}", remedy=remedy) from None


def _zipped(files: Files) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(path, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _change(ledger: Ledger, unit: Unit, people: People, heads: list[str]) -> Files:
    """What belongs to one landing."""
    folder = f"changes/{unit.commit}"
    statement = next(
        item
        for item in ledger.statements(unit.commit)[0]
        if f"sha256:{hashlib.sha256(item.line).hexdigest()}" == unit.evidence
        and ledger.refusal(item, unit.commit) is None
    )
    members = statement.data["pullRequests"]
    own = [row["head"] for row in members if row["head"]]
    heads += own
    files = {
        f"{folder}/statement.json": statement.line,
        f"{folder}/statement.json.sig": statement.signature.encode(),
        f"{folder}/evidence-signers": _signers(
            "evidence", NAMESPACE, [signing.read_signature(statement.signature).key]
        ),
        f"{folder}/heads": "".join(f"{head}\n" for head in own).encode(),
    }
    signers = b""
    for number, (text, signature, reviewer) in enumerate(_approvals(members), 1):
        place = f"{folder}/approvals/{reviewer}-{number}.json"
        files |= {place: text.encode(), f"{place}.sig": signature.encode()}
        spec = people.at(unit.base).facts.spec("Person", reviewer)
        keys = [signing.bare_key(item["key"]) for item in spec.get("signingKeys", ())]
        fresh = _signers(reviewer, APPROVAL, keys)
        signers += fresh if fresh not in signers else b""
    return {**files, f"{folder}/approval-signers": signers}


def _signers(name: str, namespace: str, keys: list[str]) -> bytes:
    """Lines of allowed signers (ssh-keygen(1))."""
    return "".join(f'{name} namespaces="{namespace}" {key}\n' for key in keys).encode()


def _approvals(members: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Text, signature and reviewer of the signed approvals that a statement rests on."""
    for member in members:
        decision = member["decision"]
        counted = {name for row in decision["approvals"] for need in row["required"] for name in need["satisfiedBy"]}
        for item in decision["pullRequest"].get("statements", ()):
            data = json.loads(item["statement"])
            reviewer = data.get("reviewer") if isinstance(data, dict) else None
            if isinstance(reviewer, str) and _NAME.match(reviewer) and reviewer in counted:
                yield item["statement"], item["signature"], reviewer


def _rules(ledger: Ledger, bases: set[str]) -> Files:
    """What judged, as of some commits; the contents once for each blob."""
    files: Files = {}
    for base in sorted(bases):
        lines = policy_lines(load_rule_set(ledger.repository.snapshot(base)).catalogue)
        files[f"rules/{base}.txt"] = "".join(lines).encode("utf-8", "surrogateescape")
        blobs = [line.split(" ")[1] for line in lines if line.startswith("100")]
        wanted = [blob for blob in dict.fromkeys(blobs) if f"rules/blobs/{blob}" not in files]
        for blob, content in zip(wanted, ledger.repository.objects(wanted, "blob"), strict=True):
            files[f"rules/blobs/{blob}"] = content
        ledger.repository.forget()
    return files


def _page(ledger: Ledger, audit: Audit, count: int) -> bytes:
    text = resources.files("itsm_as_code.assurance").joinpath("auditor.md").read_text("utf-8")
    told = {
        "COUNT": str(count),
        "REPOSITORY": audit.repository,
        "BRANCH": audit.branch,
        "AT": clock.format_instant(audit.at),
        "AFTER": audit.after,
        "UNTIL": audit.tip,
        "PREFIX": ledger.repository.prefix,
    }
    for name, value in told.items():
        if not re.fullmatch(r"[\w./:@+-]*", value):  # it goes into a script
            raise ItsmError(f"a package cannot name {value!r}", remedy="rename it")
        text = text.replace(f"@{name}@", value)
    return text.encode()
