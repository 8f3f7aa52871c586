"""Every built-in rule has an example that passes and one that fails.

A case is a folder ``tests/examples/{pass,fail}/<rule>/<case>``: its files are laid over ``tests/fixtures/small``, and
``expected.txt`` lists all findings that then come up, as ``path[:line[:column]] rule``; a case that passes has none.
What is judged from one revision to the next has its files under ``base/`` and ``head/`` (laid over the base); the
rules of the gate are judged by the gate itself, in a git repository.
What a command finds that reads or writes other files (an import, an export, ``itsm fmt``) has that command in
``command.txt``; it runs in the folder of the case, with its own findings listed. Of such cases also one that passes may
have an ``expected.txt``: with what else is found, and nothing of the rule.
``deleted.txt`` and ``unreadable.txt`` list paths that are gone or cannot be read. A new case is a new folder.
"""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from pathlib import Path

import pytest

from itsm_as_code.assurance.links import UNCHECKED
from itsm_as_code.cli._rules import all_rules
from itsm_as_code.cli.program import run
from itsm_as_code.findings import Finding, Location, Severity
from itsm_as_code.gate.evaluation import RULES as GATE_RULES
from itsm_as_code.records.catalogue import stamp
from itsm_as_code.records.diff import diff_catalogues
from itsm_as_code.records.lifecycle import transition_problems
from itsm_as_code.records.positions import place_findings
from itsm_as_code.snapshot import SYMLINK, Entry, WorkTree
from itsm_as_code.validation import load_rule_set, validate
from tests.conftest import HERE, NOW, ROOT, SMALL, Run, Workshop
from tests.snapshots import Memory, folder

EXAMPLES = HERE / "examples"
CASES = sorted(path for path in EXAMPLES.glob("*/*/*") if path.is_dir())
ORGANISATION = folder(SMALL)
OF_THE_GATE = {rule.id for rule in GATE_RULES}
COMMAND = "command.txt"
DIRECTIVES = ("expected.txt", "deleted.txt", "unreadable.txt", COMMAND)


def listed(case: Path, name: str) -> list[str]:
    """The paths that a directive of the case names."""
    return (case / name).read_text().split() if (case / name).is_file() else []


def overlay(files: dict[str, str | bytes | OSError], case: Path) -> dict[str, str | bytes | OSError]:
    """Files with those of a folder laid over them."""
    files = {**files, **folder(case)}
    for path in listed(case, "unreadable.txt"):
        files[path] = PermissionError(13, "Permission denied")
    return {path: files[path] for path in files if path not in (*DIRECTIVES, *listed(case, "deleted.txt"))}


def snapshot(files: dict[str, str | bytes | OSError], case: Path) -> Memory:
    """The files as a snapshot, with the symbolic links of the case as such."""
    found = Memory(files)
    for path in case.rglob("*"):
        if path.is_symlink():
            found.entries[path.relative_to(case).as_posix()] = Entry(SYMLINK)
    return found


def judge(case: Path) -> list[Finding]:
    """All findings of a case."""
    small = dict(ORGANISATION)
    if (case / COMMAND).is_file():
        with tempfile.TemporaryDirectory() as place:
            return judge_by_command(Path(place), case)
    if case.parent.name in OF_THE_GATE:
        with tempfile.TemporaryDirectory() as place:
            return judge_in_git(Workshop(Path(place) / "repository"), case)
    if not (case / "head").is_dir():
        findings = validate(snapshot(overlay(small, case), case), NOW).findings
        return [finding for finding in findings if finding.waiver is None]
    base_files = overlay(small, case / "base")
    base = validate(snapshot(base_files, case), NOW)
    head = validate(snapshot(overlay(base_files, case / "head"), case), NOW)
    steps = [
        stamp(rule, diff.record, problem)
        for diff in diff_catalogues(base.catalogue, head.catalogue)
        for rule, problem in transition_problems(diff)
    ]
    sources = base.catalogue.sources() | head.catalogue.sources()
    return [*base.findings, *head.findings, *place_findings(steps, sources)]


def judge_in_git(shop: Workshop, case: Path) -> list[Finding]:
    """What the gate finds in a pull request from the base of a case to its head."""
    base = overlay(ORGANISATION, case / "base")
    for branch, files in (("main", base), ("topic", overlay(base, case / "head"))):
        shop.path.mkdir(exist_ok=True)
        for path in shop.path.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, content in files.items():
            assert isinstance(content, bytes)
            shop.write(name, content)
        if branch == "main":
            shop.git("init", "-q", "-b", "main", "--template=")
        else:
            shop.git("checkout", "-q", "-b", branch)
        shop.commit()
    return [finding for finding in shop.judge().findings if finding.waiver is None]


def judge_by_command(place: Path, case: Path) -> list[Finding]:
    """What the command of a case finds in the small organisation with the files of the case."""
    for path, content in overlay(ORGANISATION, case).items():
        assert isinstance(content, bytes)
        (place / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (place / "in" / path).write_bytes(content)
    report = place / "report.json"
    command = shlex.split((case / COMMAND).read_text())
    code = run(["-C", str(place / "in"), *command, "--format", "json", "--output", str(report)])
    found = [
        Finding(
            item["rule"], Severity(item["severity"]), Location(item["path"], item["line"], item["column"]),
            item["message"], item["remedy"] or "",
        )
        for item in json.loads(report.read_text())["findings"]
    ]  # fmt: skip
    has_error, is_unclear = (any(test(finding) for finding in found) for test in (_is_error, _could_not_be_checked))
    assert code == (1 if has_error else 2 if is_unclear else 0), code
    return found


def _is_error(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR


def _could_not_be_checked(finding: Finding) -> bool:
    return finding.rule == UNCHECKED


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.relative_to(EXAMPLES)))
def test_example(case: Path) -> None:
    outcome, rule = case.parts[-3:-1]
    findings = judge(case)
    said = sorted(f"{finding.location} {finding.rule}" for finding in findings)
    expected = sorted((case / "expected.txt").read_text().splitlines()) if (case / "expected.txt").is_file() else []
    assert said == expected, "\n".join(f"{finding.location} {finding.rule}: {finding.message}" for finding in findings)
    assert any(finding.rule == rule for finding in findings) == (outcome == "fail")
    for finding in findings:
        assert finding.message[0] != " "
        assert "\n" not in finding.message


def test_only_a_command_finds_other_things_in_what_passes() -> None:
    beside = {case for case in CASES if case.parts[-3] == "pass" and (case / "expected.txt").is_file()}
    assert beside == {case for case in beside if (case / COMMAND).is_file()}


def test_every_listed_rule_has_an_example_that_passes_and_one_that_fails(itsm: Run) -> None:
    """Built-in rules have folders of examples, run above; a policy has its own (tests/policies/test_examples.py)."""
    code, out, _ = itsm("-C", ROOT, "explain", "--list")
    listed = {line.split()[0] for line in out.splitlines()}
    assert code == 0
    policies = listed - all_rules().keys()
    judges = load_rule_set(WorkTree(ROOT)).catalogue.of_kind("Policy")
    named = {policy.name: policy.spec["examples"] for policy in judges}
    for outcome in ("pass", "fail"):
        have = {case.parent.name for case in CASES if case.parts[-3] == outcome}
        have |= {name for name in policies if any(example["expect"] == outcome for example in named[name])}
        assert have == listed, outcome


def test_every_rule_says_what_it_asks_and_why() -> None:
    for rule in all_rules().values():
        assert rule.title
        assert not rule.title.endswith(".")
        assert len(rule.explanation) > 60, rule.id
        assert rule.explanation.rstrip().endswith("."), rule.id
