"""Completion by the tab key in the shells that this machine has, run for real; `itsm help`; summaries in 80 columns."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from itsm_as_code.cli.program import program
from tests.conftest import SMALL, Run
from tests.program import put_program

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(itsm completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -u -D; eval "$(itsm completion zsh)"'),
}
LINES = [
    ("itsm show newsl", "itsm show newsletter "),
    ("itsm set Team/team-d", "itsm set Team/team-data "),
    ("itsm new Know", "itsm new KnowledgeArticle "),
    ("itsm advance orders --to dep", "itsm advance orders --to deprecated "),
    ("itsm explain change-in-fr", "itsm explain change-in-freeze "),
    ("itsm help pol", "itsm help policy "),
]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A search path on which ``itsm`` is this checkout."""
    script = put_program(tmp_path / "bin/itsm")
    return f"{script.parent}:{os.environ['PATH']}"


def needed(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"this machine has no {shell}")
    return found


class Shell:
    """A shell in a pseudo-terminal, in the folder of the small organisation."""

    def __init__(self, command: list[str], path: str, home: Path) -> None:
        self.pid, self.master = pty.fork()
        if not self.pid:
            os.chdir(SMALL)
            variables = {"PATH": path, "HOME": str(home), "TERM": "dumb", "PS1": "> ", "LC_ALL": "C.UTF-8"}
            os.execvpe(command[0], command, variables)  # noqa: S606
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def wait_for(self, text: str, seconds: float = 20) -> bool:
        """Whether a text comes, within some seconds."""
        end, waiting = time.monotonic() + seconds, select.poll()
        waiting.register(self.master, select.POLLIN)  # select() takes no file of a number over 1,023
        while text not in self.seen and time.monotonic() < end:
            if waiting.poll(100):
                try:
                    self.seen += os.read(self.master, 4096).decode(errors="replace")
                except OSError:
                    break
        return text in self.seen

    def close(self) -> None:
        os.close(self.master)
        os.waitpid(self.pid, 0)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_tab_key_completes(shell: str, path: str, tmp_path: Path) -> None:
    needed(shell)
    command, load = SHELLS[shell]
    terminal = Shell(command, path, tmp_path)
    try:
        terminal.type(f"{load}; echo rea''dy\n")
        assert terminal.wait_for("ready"), terminal.seen
        for typed, completed in LINES:
            terminal.seen = ""
            terminal.type(f"{typed}\t")
            rest = completed.removeprefix(typed)
            assert terminal.wait_for(rest), (typed, terminal.seen)
            terminal.type("\x15")  # the line is taken back
    finally:
        terminal.close()


def test_fish_completes(path: str, tmp_path: Path) -> None:
    fish = needed("fish")
    asked = "; ".join(f"complete -C '{typed}' | head -1" for typed, _ in LINES)
    done = subprocess.run(
        [fish, "--no-config", "-c", f"itsm completion fish | source; {asked}"],
        cwd=SMALL,
        env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert found == [completed.split()[-1] for _, completed in LINES], done.stderr


def test_outside_of_a_repository_nothing_is_completed_and_nothing_said(path: str, tmp_path: Path) -> None:
    variables = {"PATH": path, "COMP_WORDS": "itsm show ", "COMP_CWORD": "2", "_ITSM_COMPLETE": "bash_complete"}
    done = subprocess.run(["itsm"], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument"),
        (("tcsh",), "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
        (("bash", "zsh"), "unexpected extra argument"),
    ],
)
def test_what_completion_says_to_mistakes(arguments: tuple[str, ...], said: str, itsm: Run) -> None:
    code, out, err = itsm("completion", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from walk(below, (*path, name))


def test_help_says_what_the_flag_says(itsm: Run) -> None:
    for path, _ in walk(program):
        assert itsm("help", *path) == itsm(*path, "--help"), path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("polcy",), "no command 'polcy'. Did you mean 'policy'?"),
        (("policy", "tets"), "no command 'tets'. Did you mean 'test'?"),
        (("new", "Change"), "'itsm new' has no commands below it"),
        (("--nothing",), "No such option"),
    ],
)
def test_what_help_says_to_mistakes(words: tuple[str, ...], said: str, itsm: Run) -> None:
    code, out, err = itsm("help", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_summaries_of_commands_fit_80_columns(itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for path, command in walk(program):
        if isinstance(command, click.Group):
            summaries = itsm(*path, "--help")[1].split("Commands:\n")[1].splitlines()
            assert [line for line in summaries if line.endswith("...") or len(line) > 80] == [], path
