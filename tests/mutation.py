"""Do the tests notice? Changes guards of ``src`` one at a time and runs the tests that reach them.

``python tests/mutation.py --area gate --sample 40 --seed 1`` prints the mutants that no test of the area notices, and
totals; the exit code is 1 where there are more than ``--most-survivors``, 2 where it could not be done. All runs in a
copy of the repository, which goes when the run ends, however it ends.

Which test reaches which line is measured once per test file (coverage, one context a test) and kept by content under
``.mutation_cache``: a line is known by its function and text, so that lines may move. A mutant meets the tests that
reach its lines, the fastest first, until one fails. A test only counts when it passes on the unchanged source.
"""

from __future__ import annotations

import argparse
import ast
import ctypes
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pytest

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.mutants import Mutant, compiles, mutants  # noqa: E402

SOURCE: Final = "src/itsm_as_code"
MORE: Final[Mapping[str, tuple[str, ...]]] = {
    "gate": (
        "attacks",
        "exhaustive",
        "cli/test_approve.py",
        "cli/test_calendar.py",
        "cli/test_evidence.py",
        "cli/test_impact.py",
        "cli/test_what_if.py",
    ),
    "assurance": ("attacks/test_30_evidence_of_merges.py", "cli/test_evidence.py", "forges/test_evidence_job.py"),
    "forges": ("gate/test_local_forge.py", "attacks/test_16_many.py"),
    "policies": (
        "policies/test_affected.py",
        "attacks/test_27_files_from_expressions.py",
        "attacks/test_18_waivers.py",
        "attacks/test_20_expressions_and_schemas.py",
        "cli/test_policy.py",
    ),
    "records": (
        "checks/test_examples.py",
        "cli/test_new.py",
        "cli/test_fmt.py",
        "attacks/test_06_yaml.py",
        "attacks/test_29_cache.py",
        "gate/test_identities.py",
    ),
    "site": (),
    "checks": ("gate/test_conflicts.py",),
    "measures": ("gate/test_conflicts.py",),
}
"""Tests of an area beside those under its own name in ``tests``."""
_FORMAT: Final = b"2"  # of what is kept
_PREFIX: Final = "itsm-mutation-"
_MOST_MEMORY: Final = 4 << 30
_SURVIVED, _NO_TEST = 0, 5  # exit codes of pytest


@dataclass(frozen=True, slots=True)
class Test:
    """A test of the map: its node id, its seconds, and the lines that it reaches."""

    __test__ = False
    id: str
    seconds: float
    lines: frozenset[str]


# Lines, known by what they say.


def line_keys(path: str, source: bytes) -> dict[int, str]:
    """A name for each line of a module that stays when others move: file, function, text, and which one of its like."""
    functions: dict[int, str] = {}
    for node in ast.walk(ast.parse(source)):  # outer functions first
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                functions[line] = f"{functions.get(line, '')}.{node.name}"
    keys: dict[int, str] = {}
    seen: dict[str, int] = {}
    for number, text in enumerate(source.decode().splitlines(), 1):
        name = f"{path}:{functions.get(number, '')}:{text.strip()}"
        seen[name] = seen.get(name, 0) + 1
        keys[number] = hashlib.sha256(f"{name}:{seen[name]}".encode()).hexdigest()[:12]
    return keys


# In the child: pytest under coverage, or with some tests alone.


class _Recorder:
    """Gives every test a context of its own, and keeps how long it took.

    What a fixture of several tests runs, it runs for each of them, though only the first one waits for it: it has a
    context of its own, which counts for all its tests.
    """

    def __init__(self, measured: Any) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self.fixtures: dict[str, list[str]] = {}
        self._context = ""

    def _switch(self, context: str) -> str:
        before, self._context = self._context, context
        self.measured.switch_context(context)
        return before

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in items:
            known = item._fixtureinfo.name2fixturedefs.values()
            self.fixtures[item.nodeid] = [_shared(found) for several in known for found in several if _shared(found)]

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        before = self._switch(_shared(fixturedef) or self._context)
        try:
            return (yield)
        finally:
            self._switch(before)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._switch(nodeid)
        self.seconds[nodeid] = time.perf_counter()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] = time.perf_counter() - self.seconds[nodeid]
        self._switch("")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


def _shared(fixture: Any) -> str:
    """The context of a fixture that several tests may share; empty for one that is made for each."""
    return "" if fixture.scope == "function" else f"fixture {fixture.baseid}::{fixture.argname}"


def _record(sources: Sequence[str], tests: str, out: Path) -> int:
    import coverage
    import pytest

    places = [str(Path(path).resolve()) for path in sources]
    measured = coverage.Coverage(data_file=None, include=places, config_file=False)
    recorder = _Recorder(measured)
    measured.start()
    code = pytest.main([*_OPTIONS, tests], plugins=[recorder])
    measured.stop()
    reached: dict[str, set[str]] = {}
    for path, place in zip(sources, places, strict=True):
        keys = line_keys(path, Path(path).read_bytes())
        for line, contexts in measured.get_data().contexts_by_lineno(place).items():
            for context in contexts:
                reached.setdefault(context, set()).add(keys.get(line, ""))
    passed = {
        test: (
            round(seconds, 4),
            sorted(set().union(*(reached.get(context, ()) for context in (test, *recorder.fixtures[test])))),
        )
        for test, seconds in recorder.seconds.items()
        if test not in recorder.failed
    }
    out.write_text(json.dumps(passed))
    return int(code) if code != _NO_TEST else 0


class _Chosen:
    """Runs the given tests alone, in their order, and names the first that fails."""

    def __init__(self, tests: Sequence[str], out: Path) -> None:
        self.place = {test: index for index, test in enumerate(tests)}
        self.out = out

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.place), key=lambda item: self.place[item.nodeid]
        )

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.out.exists():
            self.out.write_text(report.nodeid)


_OPTIONS: Final = ("-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--tb=no", "-m", "not deep and not browser")


def _child(order: Mapping[str, Any]) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    if sys.platform == "linux":  # whoever started this may be killed: PR_SET_PDEATHSIG, prctl(2)
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    signal.alarm(int(order["timeout"]) + 10)
    out = Path(order["out"])
    if "tests" not in order:
        return _record(order["sources"], order["file"], out)
    files = list(dict.fromkeys(test.split("::")[0] for test in order["tests"]))
    return int(pytest.main([*_OPTIONS, "-x", *files], plugins=[_Chosen(order["tests"], out)]))


# In the parent.


@contextmanager
def copy_of(root: Path) -> Iterator[Path]:
    """A copy of a repository's files, with its history; it goes in the end, and what killed runs left goes first."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True) as place:
        copy = Path(place) / "repository"
        git = shutil.which("git") or "git"
        subprocess.run([git, "clone", "-q", "--shared", "--no-checkout", str(root), str(copy)], check=True)
        subprocess.run([git, "reset", "-q"], cwd=copy, check=True)
        listing = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(listing, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0"):
            if name and os.path.lexists(root / name) and not name.endswith("/"):
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, copy / name, follow_symlinks=False)
        # Checked by their content: a changed source may be as long as the one it stands for, and as old.
        compiling = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "src", "tests"]
        subprocess.run(compiling, cwd=copy, check=False, stdout=subprocess.DEVNULL)
        yield copy


@dataclass
class Laboratory:
    """Runs tests in a copy; ``log`` is what the last run printed."""

    copy: Path
    cache: Path
    sources: tuple[str, ...]
    """Paths of the area's modules."""
    tests: list[Test] = field(default_factory=list)
    moved: set[str] = field(default_factory=set)
    """Modules that are not as they were when the tests were measured."""
    keys: dict[str, dict[int, str]] = field(default_factory=dict)
    trusted: dict[str, bool] = field(default_factory=dict)
    log: str = ""

    def run(self, timeout: float, **order: Any) -> tuple[int | None, str]:
        """Exit code of a child (None when it took too long), and what it wrote."""
        work = Path(tempfile.mkdtemp(dir=self.copy.parent))
        order |= {"out": str(work / "out"), "timeout": timeout}
        environment = os.environ | {
            "PYTHONPATH": str(self.copy / "src"),
            "TMPDIR": str(work),
            "XDG_CACHE_HOME": str(work / "cache"),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(work / "hypothesis"),
        }
        command = [sys.executable, "-m", "tests.mutation", "--child", json.dumps(order)]
        if len(command[-1]) > 100_000:  # no argument of a program is longer than 128 KiB
            (work / "order").write_text(command.pop())
            command.append(f"@{work / 'order'}")
        with (work / "log").open("wb") as log:
            child = subprocess.Popen(
                command, cwd=self.copy, env=environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            code: int | None = child.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self.log = (work / "log").read_text(errors="replace")
        said = (work / "out").read_text() if (work / "out").is_file() else ""
        shutil.rmtree(work, ignore_errors=True)
        return code, said

    def measure(self, file: str) -> None:
        """Add a test file's tests with the lines of the area that they reach, measured where that is not kept."""
        content = [_FORMAT, *map(str.encode, self.sources), (self.copy / file).read_bytes()]
        digest = hashlib.sha256(b"\0".join(content)).hexdigest()
        kept = self.cache / f"{file.replace('/', '.')}.json"
        data = json.loads(kept.read_text()) if kept.is_file() else {}
        if data.get("digest") != digest:
            began = time.monotonic()
            code, said = self.run(3600, sources=self.sources, file=file)
            if not said:
                print(f"{self.log}\n{file}: its tests could not be measured (exit code {code})", file=sys.stderr)
                sys.exit(2)
            data = {"digest": digest, "sources": self.digests, "tests": json.loads(said)}
            self.cache.mkdir(parents=True, exist_ok=True)
            temporary = kept.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps(data))
            temporary.replace(kept)
            print(f"measured {file} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        self.tests += [Test(test, seconds, frozenset(lines)) for test, (seconds, lines) in data["tests"].items()]
        self.moved |= {path for path in self.sources if data["sources"].get(path) != self.digests[path]}

    @cached_property
    def digests(self) -> dict[str, str]:
        return {path: hashlib.sha256((self.copy / path).read_bytes()).hexdigest() for path in self.sources}

    def reaching(self, path: str, mutant: Mutant) -> list[Test]:
        """The tests that run what a mutant changes, the fastest first.

        What no test runs no test notices, but where the source is not the one that was measured.
        """
        keys = self._keys(path)
        spans = mutant.spans if path in self.moved or len(mutant.spans) == 1 else mutant.spans[:-1]
        for first, last in spans:
            wanted = {keys[line] for line in range(first, last + 1) if line in keys}
            found = [test for test in self.tests if not wanted.isdisjoint(test.lines)]
            if found:
                return sorted(found, key=lambda test: test.seconds)
        return []

    def _keys(self, path: str) -> dict[int, str]:
        if path not in self.keys:
            self.keys[path] = line_keys(path, (self.copy / path).read_bytes())
        return self.keys[path]

    def verdict(self, path: str, mutant: Mutant, tests: Sequence[Test]) -> str:
        """The test that notices a mutant, ``(time)`` where it runs for ever, or nothing."""
        source = (self.copy / path).read_bytes()
        remaining = list(tests)
        while remaining:
            timeout = 20 + 5 * sum(test.seconds for test in remaining)
            self._put(path, mutant.apply(source))
            try:
                code, failed = self.run(timeout, tests=[test.id for test in remaining])
            finally:
                self._put(path, source)
            if code is None:
                return "(time)"
            if code == _SURVIVED:
                return ""
            if not failed:
                return "(import)"
            if self._is_trusted(failed):
                return failed
            remaining = [test for test in remaining if test.id != failed]
        return ""

    def _put(self, path: str, content: bytes) -> None:
        temporary = self.copy / f"{path}.new"
        temporary.write_bytes(content)
        temporary.replace(self.copy / path)

    def _is_trusted(self, test: str) -> bool:
        if test not in self.trusted:
            code, _ = self.run(600, tests=[test])
            self.trusted[test] = code == _SURVIVED
            if not self.trusted[test]:
                print(f"not counted, for it fails without any mutant: {test}", file=sys.stderr, flush=True)
        return self.trusted[test]


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no test noticed, with the tests that ran it."""

    path: str
    mutant: Mutant
    tests: int

    def text(self, source: bytes) -> str:
        """Where it is, and the lines before and after."""
        first, last = source.count(b"\n", 0, self.mutant.start), source.count(b"\n", 0, self.mutant.end)
        changed = self.mutant.apply(source)
        more = changed.count(b"\n") - source.count(b"\n")
        before, after = source.decode().splitlines()[first : last + 1], changed.decode().splitlines()
        shown = [f"  - {line.strip()}" for line in before]
        shown += [f"  + {line.strip()}" for line in after[first : last + 1 + more]]
        ran = f"{self.tests} tests run it" if self.tests else "no test runs it"
        return "\n".join([f"{self.path}:{first + 1}: {self.mutant.what} ({ran})", *shown])


def chosen(sources: Mapping[str, bytes], arguments: argparse.Namespace) -> tuple[list[tuple[str, Mutant]], int]:
    """The mutants to run, and how many there are."""
    everything = [(path, mutant) for path, source in sources.items() for mutant in mutants(source)]
    if arguments.at:
        wanted, _, line = arguments.at.partition(":")
        shuffled = [
            (path, mutant)
            for path, mutant in everything
            if path.endswith(wanted) and (not line or line_of(sources[path], mutant) == int(line))
        ]
    else:
        shuffled = _drawn(everything, sources, arguments.seed)
    can_run = ((path, mutant) for path, mutant in shuffled if compiles(mutant.apply(sources[path])))
    return list(islice(can_run, None if arguments.at else arguments.sample)), len(everything)


def _drawn(
    everything: Sequence[tuple[str, Mutant]], sources: Mapping[str, bytes], seed: int
) -> list[tuple[str, Mutant]]:
    """All mutants in an order of chance, which what is written elsewhere does not change: a seed asks the same of the
    same lines again, whatever comes and goes beside them."""
    keys = {path: line_keys(path, source) for path, source in sources.items()}

    def lot(found: tuple[str, Mutant]) -> str:
        path, mutant = found
        line = line_of(sources[path], mutant)
        column = mutant.start - sources[path].rfind(b"\n", 0, mutant.start)
        said = (seed, keys[path].get(line, ""), column, mutant.what, mutant.text)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    return sorted(everything, key=lot)


def line_of(source: bytes, mutant: Mutant) -> int:
    """The line, from 1, that a mutant changes."""
    return source.count(b"\n", 0, mutant.start) + 1


def area_files(root: Path, area: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The modules of an area, and its test files."""
    modules = sorted(path.relative_to(root).as_posix() for path in (root / SOURCE / area).rglob("*.py"))
    places = [root / "tests" / name for name in (area, *MORE.get(area, ()))]
    files = {path for place in places for path in ([place] if place.is_file() else place.rglob("test_*.py"))}
    return tuple(modules), tuple(sorted(path.relative_to(root).as_posix() for path in files))


def run(root: Path, arguments: argparse.Namespace) -> int:
    """Run the mutants of an area, print who survives, and give the exit code."""
    began = time.monotonic()
    modules, files = area_files(root, arguments.area)
    if not modules or not files:
        known = ", ".join(sorted(path.name for path in (root / SOURCE).iterdir() if area_files(root, path.name)[1]))
        print(f"there is no area '{arguments.area}' with tests; there are: {known}", file=sys.stderr)
        return 2
    sources = {path: (root / path).read_bytes() for path in modules}
    todo, possible = chosen(sources, arguments)
    survivors: list[Survivor] = []
    slow = 0
    with copy_of(root) as copy:
        laboratory = Laboratory(copy, root / ".mutation_cache" / arguments.area, modules)
        for file in files:
            laboratory.measure(file)
        for number, (path, mutant) in enumerate(todo, 1):
            tests = laboratory.reaching(path, mutant)
            noticed = laboratory.verdict(path, mutant, tests)
            slow += noticed == "(time)"
            where = f"{path}:{line_of(sources[path], mutant)}"
            progress = f"{number}/{len(todo)} {where}: {mutant.what}: {noticed or 'SURVIVED'}"
            print(progress, file=sys.stderr, flush=True)
            if not noticed:
                survivors.append(Survivor(path, mutant, len(tests)))
                print(survivors[-1].text(sources[path]), flush=True)
    killed = len(todo) - len(survivors)
    print(
        f"{arguments.area}: {len(todo)} of {possible:,} mutants (seed {arguments.seed}), "
        f"{killed} noticed ({slow} by time), {len(survivors)} survived; "
        f"{len(laboratory.tests):,} tests in {len(files)} files; "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if len(survivors) > arguments.most_survivors else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--area", help="a package of src/itsm_as_code")
    parser.add_argument("--sample", type=int, default=40, metavar="N", help="how many mutants (default 40)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="which ones (default 1)")
    parser.add_argument("--at", metavar="FILE[:LINE]", help="all mutants of a module or line instead of a sample")
    parser.add_argument("--most-survivors", type=int, default=2, metavar="M", help="exit code 1 above (default 2)")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    found = parser.parse_args(arguments)
    if found.child:
        text = Path(found.child[1:]).read_text() if found.child.startswith("@") else found.child
        return _child(json.loads(text))
    if not found.area:
        parser.error("--area is needed")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is to be tidied up is
    try:
        return run(found.root, found)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"could not do it: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
