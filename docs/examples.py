"""Runs the examples that stand in README.md and docs/, and writes down what they print.

In a page, each ``sh`` block is run, in order and in one shell; the ``text`` block right after it is what it printed.
A ``yaml file=PATH`` block is written to that file. Words after the language are not shown by Markdown viewers.

- ``sh skip`` is not run: it needs a network, a forge, or an editor.
- A line ``…`` in the output stands for lines that were left out; such a block is compared, never rewritten.
- ``<!-- example: empty -->`` starts over in an empty folder, ``<!-- example: alder-bank -->`` in the git repository of
  the demo, with its pull requests as branches and the reviews of their first round beside it (``../reviews/``).

The clock stands still at 2026-11-22T09:00:00Z and git commits as of then, so that a page reads the same each time.
``python docs/examples.py`` rewrites what differs; tests/docs/test_examples.py fails on it.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ready import NOW, client

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
START = re.compile(r"^<!-- example: (?P<name>\S+) -->$", re.MULTILINE)
HASHES = re.compile(r"sha256:[0-9a-f]{64}|\b[0-9a-f]{40}\b|\b[0-9a-f]{12}\b")

DATE = """#!/bin/sh
exec {date} --utc --date={now} "$@"
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language with what follows, its text, where the text starts and ends in the page."""

    info: list[str]
    body: str
    start: int
    end: int


@dataclass(frozen=True)
class Difference:
    """An output in a page that is not what its commands print."""

    start: int
    end: int
    written: str
    fresh: str

    @property
    def is_shortened(self) -> bool:
        return "\n…\n" in f"\n{self.written}"


def documents() -> list[Path]:
    """The pages whose examples are run: those written by hand."""
    generated = ("reference", "transcripts")
    found = [
        path for path in (ROOT / "docs").rglob("*.md") if path.relative_to(ROOT / "docs").parts[0] not in generated
    ]
    return [ROOT / "README.md", *sorted(found)]


def differences(page: Path) -> list[Difference]:
    """Run a page's examples and compare what they print with what the page says."""
    found = []
    text = page.read_text("utf-8")
    for name, blocks in sections(text):
        with workshop(name) as shell:
            printed: str | None = None
            for block in blocks:
                language, *words = block.info or [""]
                if language == "sh" and "skip" not in words:
                    printed = shell.run(block.body)
                    continue
                if language == "text" and printed is not None and not matches(block.body, printed):
                    found.append(Difference(block.start, block.end, block.body, printed))
                for word in words:
                    if word.startswith("file="):
                        shell.write(word.removeprefix("file="), block.body)
                printed = None
    return found


def sections(text: str) -> Iterator[tuple[str, list[Block]]]:
    """The parts of a page, each with the folder it starts in."""
    blocks = [
        Block(match["info"].split(), match["body"], match.start("body"), match.end("body"))
        for match in BLOCK.finditer(text)
    ]
    starts = [(match.start(), match["name"]) for match in START.finditer(text)] or [(0, "empty")]
    for (begin, name), (end, _) in zip(starts, [*starts[1:], (len(text), "")], strict=True):
        yield name, [block for block in blocks if begin <= block.start < end]


def matches(written: str, fresh: str) -> bool:
    """Whether an output is what it should be; digests and commits are allowed to differ."""
    pattern = "".join(
        "(?:.*\n)*?" if line == "…\n" else re.escape(HASHES.sub("#", line))
        for line in written.splitlines(keepends=True)
    )
    return re.fullmatch(pattern, HASHES.sub("#", fresh)) is not None


class Shell:
    """One shell for all examples of a section."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        command = [shutil.which("bash") or "bash", "--norc"]
        pipe, merged = subprocess.PIPE, subprocess.STDOUT
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, stderr=merged, text=True
        )

    def run(self, commands: str) -> str:
        """What some commands print, both streams together."""
        return self._ask(f"{{ {commands}\n}} </dev/null")

    def write(self, path: str, text: str) -> None:
        """Write a file below the shell's folder."""
        place = Path(self._ask("pwd").strip()) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")

    def close(self) -> None:
        self._process.communicate()

    def _ask(self, commands: str) -> str:
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:
            raise RuntimeError("the shell has no pipes")
        mark = "----- end of the example -----"
        to.write(f"{commands}\nprintf '%s\\n' {shlex.quote(mark)}\n")
        to.flush()
        lines = []
        for line in back:
            if line.endswith(mark + "\n"):
                lines.append(line.removesuffix(mark + "\n"))
                break
            lines.append(line)
        return "".join(lines)


@contextmanager
def workshop(name: str) -> Iterator[Shell]:
    """A shell in a fresh folder of that name."""
    with tempfile.TemporaryDirectory(prefix="itsm-docs-") as top:
        folder, programs = Path(top) / "work", Path(top) / "bin"
        folder.mkdir()
        programs.mkdir()
        scripts = {
            "itsm": client(as_of=NOW),
            "date": DATE.format(date=shutil.which("date"), now=NOW),
        }
        for program, source in scripts.items():
            (programs / program).write_text(source)
            (programs / program).chmod(0o755)
        shell = Shell(folder, environment(programs, Path(top)))
        try:
            if name == "alder-bank":
                alder_bank(folder)
            yield shell
        finally:
            shell.close()


def alder_bank(folder: Path) -> None:
    """Put the demo's repository into an empty folder, and the reviews beside it."""
    made = _alder_bank()
    shutil.copytree(made / "work", folder, dirs_exist_ok=True)
    shutil.copytree(made / "reviews", folder.parent / "reviews")


@cache
def _alder_bank() -> Path:
    sys.path.insert(0, str(ROOT / "demo"))
    demo = importlib.import_module("run")
    top = Path(tempfile.mkdtemp(prefix="itsm-docs-"))
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    (top / "reviews").mkdir()
    with demo.temporary_repository() as repository:
        for example in demo.pull_requests():
            head = example.push(repository)
            given = [{**review, "commit": head} for review in example.about["rounds"][0]["reviews"]]
            text = json.dumps({"author": example.about["author"], "reviews": given}, indent=2) + "\n"
            (top / f"reviews/{example.branch}.json").write_text(text)
        demo.git("checkout", "-q", "main", cwd=repository)
        demo.git("repack", "-a", "-d", "-q", cwd=repository)
        shutil.copytree(repository, top / "work")
    return top


def environment(programs: Path, home: Path) -> dict[str, str]:
    """Nothing of whoever runs it but the way to the programs."""
    who = ("GIT_AUTHOR", "GIT_COMMITTER")
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"{role}_DATE": NOW for role in who},
        "EMAIL": "ada@shop.example",
    }


def main() -> int:
    """Bring the outputs up to date; 1 when one that is shortened must be mended by hand."""
    by_hand = 0
    for page in documents():
        text = page.read_text("utf-8")
        for difference in reversed(differences(page)):
            line = text.count("\n", 0, difference.start) + 1
            place = f"{page.relative_to(ROOT)}:{line}"
            if difference.is_shortened:
                by_hand += 1
                sys.stdout.write(f"{place}: mend by hand; it prints now:\n{difference.fresh}\n")
            else:
                text = text[: difference.start] + difference.fresh + text[difference.end :]
                sys.stdout.write(f"{place}: brought up to date\n")
        if text != page.read_text("utf-8"):
            page.write_text(text, "utf-8")
    return 1 if by_hand else 0


if __name__ == "__main__":
    sys.exit(main())
