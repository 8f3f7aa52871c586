"""The shape of the code: imports point downwards, and what belongs in one place stays there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = "itsm_as_code"
SOURCE = ROOT / "src" / PACKAGE
MODULES = sorted(SOURCE.rglob("*.py"))

# From the ground up; a line may import from the lines above it, and from what is above it in its own package.
# Names in one line are siblings: they do not import one another.
LAYERS = [
    ["findings", "errors", "durations", "recurrence"],
    ["cache", "clock", "shipped", "signing", "snapshot", "starter"],
    ["records"],
    ["git", "measures"],
    ["configuration"],
    ["service_levels"],
    ["checks", "policies", "forges"],
    ["validation"],
    ["gate", "compliance"],
    ["assurance"],
    ["reports", "interchange", "site"],
    ["cli"],
]
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}

ONLY_HERE = {
    "git": {"git.commands"},
    "click": {"cli"},
    "cel_expr_python": {"policies.cel.environment"},
    "jsonschema_rs": {"records.schemas"},
    "jsonschema": {"records.schemas"},
    "dateutil": {"recurrence"},
    "jinja2": {"site"},
    "yaml": {"records", "interchange._yaml"},
}


def module_name(path: Path) -> str:
    """``records.document`` for a module of this package; ``records`` for a package's ``__init__``."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    """Every module that a module imports, wherever it does so, with the line."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            assert node.module is not None
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                file = SOURCE.parent.joinpath(*whole.split("."))
                is_module = file.with_suffix(".py").exists() or file.is_dir()
                yield whole if is_module else node.module, node.lineno


def own(path: Path) -> Iterator[tuple[str, int]]:
    """The modules of this package that a module imports."""
    for name, line in imports(path):
        if name.startswith(f"{PACKAGE}."):
            yield name.removeprefix(f"{PACKAGE}."), line


def test_every_module_has_its_layer() -> None:
    names = {module_name(path).split(".")[0] for path in MODULES}
    assert names - {"", "__main__"} == HEIGHT.keys()


def test_imports_point_downwards() -> None:
    upwards = []
    for path in MODULES:
        me = module_name(path).split(".")[0]
        for name, line in own(path):
            other = name.split(".")[0]
            if me in HEIGHT and other != me and HEIGHT[other] >= HEIGHT[me]:
                upwards.append(f"{path.relative_to(ROOT)}:{line}: {me} imports {name}")
    assert upwards == []


def test_no_modules_import_one_another_in_a_circle() -> None:
    edges: dict[str, set[str]] = {}
    for path in MODULES:
        body = tree(path).body
        at_load = {node.lineno for node in body if isinstance(node, (ast.Import, ast.ImportFrom))}
        edges[module_name(path)] = {name for name, line in own(path) if line in at_load}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way, name))
        if name not in done:
            for other in sorted(edges.get(name, ())):
                visit(other, (*way, name))
            done.add(name)

    for name in sorted(edges):
        visit(name, ())


@pytest.mark.parametrize("library", ONLY_HERE)
def test_a_library_has_one_home(library: str) -> None:
    users = {module_name(path) for path in MODULES for name, _ in imports(path) if name.split(".")[0] == library}
    strangers = {
        user for user in users if not any(user == home or user.startswith(f"{home}.") for home in ONLY_HERE[library])
    }
    assert strangers == set()
    assert users, "nobody uses it any more; take it out of the dependencies and of this list"


FORBIDDEN_BELOW_CLI = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "localtime"),
    ("os", "environ"),
    ("os", "environb"),
    ("os", "getenv"),
    ("os", "getcwd"),
    ("Path", "cwd"),
    ("Path", "home"),
    ("random", "random"),
    ("sys", "argv"),
    ("sys", "stdout"),
    ("sys", "stderr"),
}


def test_nothing_below_the_command_line_looks_at_the_clock_or_the_environment() -> None:
    below = [path for path in MODULES if module_name(path).split(".")[0] not in ("cli", "__main__")]
    found = {module_name(path): names for path in below if (names := _looks_at(path))}
    # GitPython looks for git when it is imported, and complains on standard error; one variable keeps it quiet.
    assert found == {"git.commands": ["os.environ"]}


def _looks_at(path: Path) -> list[str]:
    found = []
    for node in ast.walk(tree(path)):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr) in FORBIDDEN_BELOW_CLI
        ):
            found.append(f"{node.value.id}.{node.attr}")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("print", "input", "exit")
        ):
            found.append(node.func.id)
    return found


def test_no_module_is_too_long_to_read() -> None:
    lengths = {module_name(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 430} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [module_name(path) for path in MODULES if not ast.get_docstring(tree(path))] == []
