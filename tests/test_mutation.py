"""The mutation tool: what it changes, how it knows a line again, and that it leaves nothing behind."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import ROOT
from tests.mutants import compiles, mutants
from tests.mutation import MORE, area_files, chosen, line_keys, line_of

GUARDS = '''
def guard(a, b=1, *, strict=False):
    """A docstring stays."""
    if not a:
        return 0
    if a > 1 and b == 2:
        raise ValueError("no")
    for item in a:
        if item is None:
            continue
        yield item
    a.check()
    return a in (1, 2) or strict
'''


def changed(text: str) -> dict[str, set[str]]:
    """What becomes of a source: the kinds of change, each with the lines that it makes."""
    source = dedent(text).encode()
    found: dict[str, set[str]] = {}
    before = source.decode().splitlines()
    for mutant in mutants(source):
        after = mutant.apply(source)
        assert compiles(after), after.decode()
        found.setdefault(mutant.what, set()).update(
            line.strip() for line in after.decode().splitlines() if line not in before
        )
    return found


def test_every_guard_is_changed() -> None:
    assert changed(GUARDS) == {
        "not dropped": {"if (a):"},
        "early return dropped": {"pass"},
        "constant changed": {"if a > 2 and b == 2:", "if a > 1 and b == 3:"}
        | {"return a in (2, 2) or strict", "return a in (1, 3) or strict"},
        "comparison swapped": {"if a >= 1 and b == 2:", "if a > 1 and b != 2:", "if item is not None:"}
        | {"return a not in (1, 2) or strict"},
        "and became or": {"if ((a > 1) or (b == 2)):"},
        "or became and": {"return ((a in (1, 2)) and (strict))"},
        "operand dropped": {"if ((b == 2)):", "if ((a > 1)):", "return ((strict))", "return ((a in (1, 2)))"},
        "raise removed": {"pass"},
        "continue removed": {"pass"},
        "yield removed": {"yield from ()"},
        "call removed": {"pass"},
        "member dropped": {"return a in (2, ) or strict", "return a in (1, ) or strict"},
        "default changed": {"def guard(a, b=2, *, strict=False):", "def guard(a, b=1, *, strict=True):"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "LIMIT = 5\n",
        "if TYPE_CHECKING:\n    import x\n",
        "def f():\n    raise AssertionError('never')\n",
        "def f():\n    if x == 1:\n        raise AssertionError('never')\n",
        "def f(x: Literal[1, 2]) -> tuple[Literal[True]]:\n    y: Literal[3] = x\n",
        "def f(x):\n    return f'{x + 1} is {x == 2}'\n",
        "def f(x):\n    return x[0][-1][2:]\n",
        "def f(x):\n    if x:\n        y()[0]\n".replace("y()[0]", "pass").replace("if x", "with x"),
    ],
)
def test_what_no_test_can_notice_is_left_alone(text: str) -> None:
    assert mutants(text.encode()) == []


def test_letters_of_several_bytes_do_not_shift_the_place() -> None:
    assert changed("def f(x):\n    return 'Größe ✓' != x and x == 1\n")["comparison swapped"] == {
        "return 'Größe ✓' == x and x == 1",
        "return 'Größe ✓' != x and x != 1",
    }


def test_the_lines_of_a_mutant_are_those_of_its_expression_its_statement_and_its_function() -> None:
    source = b"def f(a):\n    b = 0\n    if (\n        a\n        and b == 1\n    ):\n        return 1\n    return 2\n"
    (mutant,) = [item for item in mutants(source) if item.what == "comparison swapped"]
    assert mutant.spans == ((5, 5), (3, 6), (2, 8))


def test_a_line_is_known_again_where_it_has_moved() -> None:
    before = b"def f():\n    x = 1\n    y = 2\n    x = 1\n\ndef g():\n    x = 1\n"
    after = b"import a\n\n" + before.replace(b"y = 2", b"y = 3")
    old, new = line_keys("a.py", before), line_keys("a.py", after)
    assert {old[number] == new[number + 2] for number in (1, 2, 4, 6, 7)} == {True}
    assert len({old[2], old[4], old[7]}) == 3
    assert new[5] not in old.values()
    assert line_keys("b.py", before)[1] != old[1]


@pytest.mark.parametrize("area", ["gate", "forges", "policies", "records", "site", "checks", "measures"])
def test_an_area_has_modules_and_tests(area: str) -> None:
    modules, tests = area_files(ROOT, area)
    assert modules
    assert tests
    assert all((ROOT / path).is_file() for path in (*modules, *tests))


TOY = {
    "src/itsm_as_code/toy/__init__.py": "",
    "src/itsm_as_code/toy/sums.py": "def add(a, b):\n    if a == 0:\n        return b\n    return a + b\n\n\n"
    "def unseen(a):\n    return a > 1\n\n\ndef shared(a):\n    return a + 1\n",
    "src/itsm_as_code/__init__.py": "",
    "tests/__init__.py": "",
    "tests/toy/__init__.py": "",
    "tests/toy/test_shared.py": "import pytest\nfrom itsm_as_code.toy.sums import shared\n\n\n"
    "@pytest.fixture(scope='module')\ndef found():\n    return shared(3)\n\n\n"
    "def test_nothing(found):\n    assert found\n\n\ndef test_something(found):\n    assert found == 4\n",
    "tests/toy/test_sums.py": "import time\nfrom itsm_as_code.toy.sums import add\n\n\n"
    "def test_add():\n    assert add(2, 3) == 5\n\n\ndef test_fails():\n    assert add(1, 1) == 3\n",
}


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A repository with one small area, and the tool."""
    tmp_path = tmp_path / "repository"
    for path, text in TOY.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for name in ("mutants.py", "mutation.py"):
        (tmp_path / "tests" / name).write_bytes((ROOT / "tests" / name).read_bytes())
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\nmarkers = ['deep', 'browser']\n")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def start(toy: Path, *arguments: str) -> subprocess.Popen[str]:
    place = toy.parent / "temporary"
    place.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "tests/mutation.py", "--area", "toy", *arguments],
        cwd=toy, env=os.environ | {"TMPDIR": str(place)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.deep
def test_survivors_are_shown_and_the_work_tree_stays_as_it_is(toy: Path) -> None:
    run = start(toy, "--sample", "99")
    out, err = run.communicate(timeout=300)
    assert run.returncode == 1, err
    assert (
        "src/itsm_as_code/toy/sums.py:8: comparison swapped (no test runs it)\n  - return a > 1\n  + return a >= 1\n"
    ) in out
    assert "src/itsm_as_code/toy/sums.py:3: early return dropped" in out
    assert "sums.py:4: operator swapped" not in out
    assert "sums.py:12" not in out  # what a fixture of several tests runs counts for each of them
    assert "toy: 8 of 8 mutants (seed 1), 4 noticed (0 by time), 4 survived; 3 tests in 2 files" in out
    assert all((toy / path).read_text() == text for path, text in TOY.items())
    assert list((toy.parent / "temporary").iterdir()) == []
    again = start(toy, "--at", "sums.py:4", "--most-survivors", "0")
    assert again.wait(300) == 0  # by what was kept


@pytest.mark.deep
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_killed_leaves_nothing(number: signal.Signals, toy: Path) -> None:
    hanging = TOY["tests/toy/test_sums.py"].replace("add(2, 3) == 5", "time.sleep(60)")
    (toy / "tests/toy/test_sums.py").write_text(hanging)
    run = start(toy)
    deadline = time.monotonic() + 60
    while not list((toy.parent / "temporary").glob("*/repository/tests")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    run.send_signal(number)
    run.wait(60)
    (toy / "tests/toy/test_sums.py").write_text(TOY["tests/toy/test_sums.py"])
    assert start(toy, "--sample", "1").wait(300) in (0, 1)  # what SIGKILL leaves, the next run takes away
    assert list((toy.parent / "temporary").iterdir()) == []
    assert all((toy / path).read_text() == text for path, text in TOY.items())


def test_the_tests_of_an_area_are_there() -> None:
    places = [ROOT / "tests" / name for area, more in MORE.items() for name in (area, *more)]
    assert [str(place) for place in places if not place.exists()] == []


def test_a_seed_asks_the_same_of_the_same_lines() -> None:
    def drawn(text: str, seed: int) -> list[str]:
        source = {"a.py": text.encode()}
        return [
            f"{mutant.what} {mutant.text} {text.splitlines()[line_of(source['a.py'], mutant) - 1]}"
            for _, mutant in chosen(source, argparse.Namespace(at=None, seed=seed, sample=99))[0]
        ]

    before, more = drawn(GUARDS, 1), drawn(f"def other(a):\n    return a == 2 or a in (3, 4)\n\n{GUARDS}", 1)
    assert [mutant for mutant in more if mutant in before] == before
    assert len(more) > len(before)
    assert drawn(GUARDS, 2) != before
    assert sorted(drawn(GUARDS, 2)) == sorted(before)
