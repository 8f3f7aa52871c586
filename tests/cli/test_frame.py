"""The frame of the program: exit codes, where output goes, and that nobody ever sees a traceback."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest

from itsm_as_code import __version__
from itsm_as_code.cli.program import program as frame
from itsm_as_code.reports import formats
from tests.conftest import ROOT, SMALL, Run, Workshop, copy_tree


def environment(**more: str) -> dict[str, str]:
    """An environment in which a subprocess runs this checkout."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "HOME": os.devnull, **more}


GROUP = f"refs/heads/gh-readonly-queue/main/pr-7-{40 * 'a'}"


def program(*arguments: str | Path, cwd: Path = SMALL, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run the program as people do."""
    return subprocess.run(
        [sys.executable, "-m", "itsm_as_code", *map(str, arguments)],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        **more,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["vaildate"], "no command 'vaildate'. Did you mean 'validate'?"),
        (["xyzzy"], "no command 'xyzzy'. Commands: "),
        (["validate", "--fromat", "json"], "Did you mean --format?"),
        (["validate", "--format", "jsno"], "'jsno' is not one of 'text', 'json', 'sarif', 'github', 'gitlab', 'junit'"),
        (["validate", "--now", "yesterday"], "--now: 'yesterday' is not an instant such as"),
        (["validate", "--now"], "requires an argument"),
        (["authorise", "x", "--at", "soon"], "--at: 'soon' is not an instant such as"),
        (["validate", "-C", "/nowhere/at/all"], "/nowhere/at/all is not a folder"),
        (["validate", "nowhere"], "there is no file or folder 'nowhere'"),
        (["validate", "../elsewhere"], "../elsewhere lies outside"),
        (["validate", "-o", "/nowhere/at/all"], "cannot write /nowhere/at/all: No such file or directory"),
        (["validate", "-o", "/"], "cannot write /: Is a directory"),
        (["gate"], "--base and --head are missing"),
        (
            ["gate", "--base", "a", "--head", "b", "--forge", "github", "--merge-group", GROUP, "--as", "bob"],
            "a what-if is about one pull request",
        ),
        (["gate", "--base", "a", "--head", "b", "--forge", "githib"], "'githib' is not"),
        ([], "Usage: itsm"),
    ],
)
def test_a_request_that_makes_no_sense_is_2(
    arguments: list[str], said: str, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SMALL)
    code, out, err = itsm(*arguments)
    assert (code, out) == (2, "")
    # click 8.2 names an option bare, later ones in quotes.
    assert said in err.replace("Did you mean '--format'?", "Did you mean --format?")
    assert "\\n" not in err


def test_a_request_that_makes_no_sense_is_2_for_the_shell() -> None:
    done = program("vaildate")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "itsm: no command 'vaildate'. Did you mean 'validate'? Try 'itsm --help'.\n"


def test_version_and_help() -> None:
    for option in ("--version", "-V"):
        done = program(option)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"itsm {__version__}\n", "")
    done = program("--help")
    assert done.returncode == 0
    assert "validate" in done.stdout
    assert done.stderr == ""


def commands() -> list[str]:
    """Every command, and every command of a command."""
    found = []
    context = click.Context(frame)
    for name in frame.list_commands(context):
        command = frame.get_command(context, name)
        below = command.list_commands(context) if isinstance(command, click.Group) else []
        found += [f"{name} {other}" for other in below] or [name]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help_with_an_example(command: str, itsm: Run) -> None:
    code, out, err = itsm(*command.split(), "--help")
    assert (code, err) == (0, "")
    assert "Example" in out
    assert f"itsm {command}" in out


@pytest.mark.parametrize("format_name", formats("validate"))
def test_output_is_the_same_bytes_on_standard_output_and_in_a_file(format_name: str, tmp_path: Path, itsm: Run) -> None:
    arguments = ["validate", "-C", SMALL, "--now", "2026-11-22T12:00:00Z", "--format", format_name]
    code, out, _ = itsm(*arguments)
    target = tmp_path / "report"
    assert itsm(*arguments, "-o", target) == (code, "", "")
    assert target.read_text() == out
    assert [path.name for path in tmp_path.iterdir()] == ["report"], "nothing else is left behind"
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_file_that_cannot_be_written_keeps_what_it_held(
    tmp_path: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report"
    target.write_text("before")

    def full(self: Path, other: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        code, out, err = itsm("validate", "-C", SMALL, "-o", target)
    assert (code, out) == (2, "")
    assert "No space left on device" in err
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_pipe_or_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """As root, replacing /dev/null would harm the whole machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
    done = program("validate", "-q", "-o", pipe)
    out, _ = reader.communicate(timeout=30)
    assert (done.returncode, out) == (0, "20 records: no findings\n")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_keeps_pointing_to_the_file(tmp_path: Path, itsm: Run) -> None:
    (tmp_path / "report").write_text("before")
    (tmp_path / "link").symlink_to("report")
    assert itsm("validate", "-C", SMALL, "-o", tmp_path / "link")[0] == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "report").read_text() == "20 records: no findings\n"


@pytest.mark.parametrize("broken", [False, True])
def test_a_reader_that_has_seen_enough_changes_nothing(broken: bool, tmp_path: Path) -> None:
    """`itsm validate | head` keeps the verdict in its exit code, and says nothing."""
    copy_tree(SMALL, tmp_path)
    if broken:
        for number in range(300):
            (tmp_path / "services" / f"s{number}.yml").write_text("")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "itsm_as_code", "validate"],
        cwd=tmp_path,
        env=environment(),
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (int(broken), "")


SLEEPER = """
import sys, time
from itsm_as_code import cli, validation
def sleep(*arguments):
    print("ready", flush=True)
    time.sleep(60)
validation.load_rule_set = sleep
cli.main(["validate", "-o", sys.argv[1]])
"""
LOADING = """
import sys
from itsm_as_code import cli
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "itsm_as_code.cli.program":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
cli.main(["validate"])
"""


def test_an_interrupt_is_130_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    target = tmp_path / "report"
    target.write_text("before")
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(target)],
        cwd=SMALL,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.strip() == "itsm: interrupted; nothing was left half-written"
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_an_interrupt_while_the_program_is_loaded_is_130() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADING], cwd=SMALL, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (130, "")


def test_a_bug_is_one_line_and_its_trace_goes_to_a_file(
    itsm: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from itsm_as_code import stored_findings, validation

    def broken(*_: object) -> None:
        raise KeyError("something\x1b[31m")

    monkeypatch.setattr(validation, "load_rule_set", broken)
    monkeypatch.setattr(stored_findings, "load_rule_set", broken, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    code, out, err = itsm("validate", "-C", SMALL)
    assert (code, out) == (2, "")
    assert err.splitlines()[0].startswith("itsm: internal error: KeyError: ")
    assert "Traceback" not in err
    assert "\x1b" not in err
    assert list(tmp_path.iterdir()) == []
    code, out, err = itsm("validate", "-C", SMALL, "-v")
    assert code == 2
    assert "Traceback" not in err
    (trace,) = tmp_path.iterdir()
    assert str(trace) in err
    assert "Traceback" in trace.read_text()


@pytest.mark.parametrize(
    ("variables", "painted"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour(
    variables: dict[str, str], painted: bool, itsm: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy_tree(SMALL, tmp_path / "r")
    (tmp_path / "r" / "services" / "a.yml").write_text("")
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code, out, _ = itsm("validate", "-C", tmp_path / "r")
    assert code == 1
    assert ("\x1b[" in out) is painted
    assert itsm("validate", "-C", tmp_path / "r", "-o", tmp_path / "out")[0] == 1
    assert "\x1b[" not in (tmp_path / "out").read_text(), "a file is never painted"
    assert "\x1b[" not in itsm("validate", "-C", tmp_path / "r", "--format", "json")[1]


def test_talk_goes_to_standard_error_and_can_be_silenced(itsm: Run, tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path)
    (tmp_path / "itsm.yaml").write_text(
        'apiVersion: itsm/v1\nkind: Configuration\nspec: {organisation: {name: X}, asOf: "2026-11-22T12:00:00Z"}\n'
    )
    assert itsm("validate", "-C", tmp_path) == (
        0,
        "20 records: no findings\n",
        "itsm: as of 2026-11-22T12:00:00Z, which itsm.yaml names\n",
    )
    assert itsm("validate", "-C", tmp_path, "-q") == (0, "20 records: no findings\n", "")
    assert itsm("validate", "-C", tmp_path, "--now", "2026-11-23T12:00:00Z")[2] == ""


def test_the_folder_can_be_named_before_or_after_the_command(itsm: Run) -> None:
    assert itsm("-C", SMALL, "validate") == itsm("validate", "-C", SMALL) == (0, "20 records: no findings\n", "")


# What the gate could not do is 2 as well, whatever the reason.


@pytest.mark.parametrize(
    ("base", "head", "code"),
    [
        ("main", "nowhere", "unknown-revision"),
        ("nowhere", "topic", "unknown-revision"),
        ("--upload-pack=x", "topic", "unknown-revision"),
        ("main", "", "unknown-revision"),
        ("main", "topic:people", "unknown-revision"),
    ],
)
def test_the_gate_could_not_judge(base: str, head: str, code: str, workshop: Workshop, itsm: Run) -> None:
    arguments = ["gate", "-C", workshop.path, f"--base={base}", f"--head={head}"]
    number, out, err = itsm(*arguments)
    assert (number, out) == (2, "")
    assert "Traceback" not in err
    assert "revision" in err
    number, out, err = itsm(*arguments, "--format", "json")
    assert number == 2
    import json

    decision = json.loads(out)
    assert (decision["verdict"], [reason["code"] for reason in decision["reasons"]]) == ("error", [code])


def test_the_gate_in_a_shallow_clone_says_how_to_get_the_rest(workshop: Workshop, itsm: Run, tmp_path: Path) -> None:
    workshop.change()
    workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.write("README.md", "later\n")
    workshop.commit(who="erin")
    clone = tmp_path / "clone"
    source = f"file://{workshop.path}"
    workshop.git("clone", "-q", "--depth", "1", "--no-single-branch", source, str(clone))
    code, out, err = itsm("gate", "-C", clone, "--base", "origin/main", "--head", "origin/topic")
    assert (code, out) == (2, "")
    assert "shallow" in err
    assert "fetch-depth: 0" in err
    code, _, err = itsm("gate", "-C", clone, "--base", "origin/main", "--head", "0" * 40)
    assert code == 2
    assert "this clone is shallow" in err


def test_a_folder_without_git_is_validated_but_not_judged(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    assert itsm("validate", "-C", tmp_path)[0] == 0
    for arguments in (["validate", "--rev", "HEAD"], ["gate", "--base", "a", "--head", "b"]):
        code, out, err = itsm(*arguments, "-C", tmp_path)
        assert (code, out) == (2, "")
        assert "is not a git repository" in err


def test_a_repository_without_a_commit(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    code, _, err = itsm("validate", "--rev", "HEAD", "-C", tmp_path)
    assert code == 2
    assert "the repository has no commit yet" in err
    assert itsm("validate", "-C", tmp_path)[0] == 0


@pytest.mark.parametrize("module", ["cel_expr_python", "yaml"])
def test_what_has_no_build_for_a_system_is_one_clear_sentence(module: str) -> None:
    """As on Alpine, and on Windows on ARM, where cel-expr-python has none."""
    command = f"import sys; sys.modules[{module!r}] = None; from itsm_as_code.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", command, "validate"], cwd=SMALL, env=environment(), capture_output=True, text=True
    )
    first, remedy = done.stderr.splitlines()
    name = module.replace("_", "-")
    assert (done.returncode, done.stdout) == (2, "")
    assert first.startswith(f"itsm: {name}, which this needs, is not installed for this Python and system: ")
    assert ("not for musl (Alpine)" in remedy) == (module == "cel_expr_python")
