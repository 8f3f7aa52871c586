"""Standard output that is full or closed, standard error that is, and encodings that lack letters: every command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import SMALL, Workshop, copy_tree
from tests.sweeps.commands import ROWS, commands, formats
from tests.sweeps.forked import CLOSED, started

COMMANDS = dict(commands())
CALLS = [(name, row, form) for name, rows in ROWS.items() for row in rows for form in formats(COMMANDS[name]) or [""]]
FEW = [call for call in {call[0]: call for call in CALLS}.values() if call[0] not in ("build", "init")]
"""Each command once, but for those that have nothing to say on standard output and much to do."""
SOME = [pytest.param(call, marks=[] if number % 3 == 0 else [pytest.mark.deep]) for number, call in enumerate(FEW)]
"""They all write through the same streams (cli/_streams): every third one here, all in the volume run."""
pytestmark = pytest.mark.skipif(not Path("/dev/full").exists() or not hasattr(os, "fork"), reason="needs /dev/full")


@dataclass
class Shop:
    folder: Path
    values: Mapping[str, str]
    scratch: int = 0

    def arguments(self, call: tuple[str, list[str], str]) -> list[str]:
        name, row, form = call
        self.scratch += 1
        values = {**self.values, "scratch": f"{self.folder.parent}/scratch{self.scratch}"}
        values["unique"] = f"new-{self.scratch}"
        if "{spare}" in row:
            values["spare"] = f"chg-20261122-{values['unique']}"
            Workshop(self.folder).change(values["spare"])
        words = [*name.split(), *(word.format_map(values) for word in row), "-C", str(self.folder)]
        words += ["--now", "2026-11-22T12:00:00Z", *(["--format", form] if form else [])]
        return words


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, first_workshop: Workshop) -> Shop:
    """A repository with letters that few encodings have, in which every command has something to say."""
    folder = tmp_path_factory.mktemp("streams") / "r"
    copy_tree(first_workshop.path, folder)
    work = Workshop(folder, first_workshop.clock)
    work.git("checkout", "-q", "main")
    work.edit("services/newsletter.yaml", "title: Newsletter", "title: Newsletter – żółć 😀")
    work.commit("Rename", who="erin")
    work.git("checkout", "-q", "-B", "topic")
    work.change(**{"Tune the newsletter": "Tune – żółć 😀"})
    work.write("services/broken.yaml", "kind: Sérvice 😀\n")
    work.commit()
    beside = folder.parent
    (beside / "reviews.json").write_text(json.dumps({"author": "alice", "reviews": []}))
    (beside / "entities.yaml").write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: żółć-😀}\nspec: {type: service}\n"
    )
    (beside / "issue.json").write_text("{}")
    values = {"reviews": str(beside / "reviews.json"), "entities": str(beside / "entities.yaml")}
    values |= {"issue": str(beside / "issue.json"), "service": "newsletter", "change": "chg-20261122-tune"}
    values |= {"record": "Service/newsletter", "key": str(beside / "key")}
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", beside / "key"], check=True, timeout=30)
    return Shop(folder, values)


def plain(out: bytes) -> bytes:
    """Output without the names that are other ones in each run."""
    return re.sub(rb"(scratch|new-)[0-9]+", rb"\1", out)


PLACES = ("/dev/full", CLOSED)


def check_full(shop: Shop, call: tuple[str, list[str], str], places: Sequence[str | None] = PLACES) -> None:
    code, out, _ = started(shop.arguments(call))
    assert code in (0, 1, 2)
    for place in places:
        got, _, err = started(shop.arguments(call), out=place)
        assert "internal error" not in err, err
        assert "Traceback" not in err, err
        if out:
            assert got == 2, err
            assert err.count("itsm: cannot write to standard output: ") == 1, err
        else:
            assert got == code, err


def check_talk(shop: Shop, call: tuple[str, list[str], str]) -> None:
    code, out, _ = started(shop.arguments(call))
    for place in PLACES:
        got, same, _ = started(shop.arguments(call), err=place)
        assert (got, plain(same)) == (code, plain(out))


def check_encoding(shop: Shop, call: tuple[str, list[str], str], encoding: str) -> None:
    code, out, _ = started(shop.arguments(call))
    got, other, err = started(shop.arguments(call), encoding=encoding)
    out, other = plain(out), plain(other)
    assert got == code, err
    assert "internal error" not in err, err
    if call[2] in ("", "text") and (call[0], bool(call[1])) != ("schema", True):
        assert other.decode(encoding) == out.decode().encode(encoding, "replace").decode(encoding)
    else:
        assert other == out, "data is UTF-8 everywhere"


@pytest.mark.parametrize("call", SOME, ids=lambda call: call[0])
def test_what_cannot_be_written_is_2_and_a_sentence(call: tuple[str, list[str], str], shop: Shop) -> None:
    place = PLACES[FEW.index(call) % len(PLACES)]  # the volume run tries both with each command
    check_full(shop, call, [place])


@pytest.mark.parametrize("name", ["validate", "gate", "calendar"])
def test_talk_that_nobody_hears_changes_no_answer(name: str, shop: Shop) -> None:
    check_talk(shop, next(call for call in FEW if call[0] == name))


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("call", [CALLS[0], FEW[0]], ids=["text", "data"])
def test_letters_that_an_encoding_lacks(encoding: str, call: tuple[str, list[str], str], shop: Shop) -> None:
    check_encoding(shop, (call[0], call[1], call[2]), encoding)


@pytest.mark.deep
@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {' '.join(call[1][:1])} {call[2]}")
def test_every_command_and_format(call: tuple[str, list[str], str], shop: Shop) -> None:
    check_full(shop, call)
    check_talk(shop, call)
    for encoding in ("ascii", "latin-1", "cp1252"):
        check_encoding(shop, call, encoding)


SHELL = """
"$0" -m itsm_as_code "$@" >/dev/full; echo $?
"$0" -m itsm_as_code "$@" >&-; echo $?
"$0" -m itsm_as_code "$@" 2>&- >/dev/null; echo $?
"$0" -m itsm_as_code "$@" 2>/dev/full >/dev/null; echo $?
"""


@pytest.mark.parametrize("call", ["--version", "--help", "schema", pytest.param("validate", marks=pytest.mark.deep)])
def test_in_a_shell(call: str) -> None:
    """The interpreter itself has a word in it when it ends."""
    done = subprocess.run(
        ["sh", "-c", SHELL, sys.executable, call], cwd=SMALL, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["2", "2", "0", "0"], done.stderr
    first, *lines = done.stderr.splitlines()
    second, *remedies = [line for line in lines if not line.startswith("  = make room for it, or")]
    assert first.endswith(": No space left on device")
    assert second.endswith(": Bad file descriptor")
    assert remedies in ([], ["  = leave it open, or name a file with --output"]), "--version has none"


@pytest.mark.parametrize("variables", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_a_locale_without_letters(variables: dict[str, str], shop: Shop) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONCOERCECLOCALE": "0", **variables}
    words = [sys.executable, "-m", "itsm_as_code", *shop.arguments(("explain", ["Service/newsletter"], ""))]
    done = subprocess.run(words, env=environment, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Newsletter ? ???? ?" in done.stdout
