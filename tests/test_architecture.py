"""The shape of the code: imports point downwards, and what belongs in one place stays there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = "itsm_as_code"
SOURCE = ROOT / "src" / PACKAGE
MODULES = sorted(SOURCE.rglob("*.py"))

# From the ground up; a line may import from the lines above it, and downwards within its own package. Names in one line
# are siblings: they do not import one another. docs/explanation/architecture.md shows the same.
LAYERS = [
    ["findings", "errors", "durations", "recurrence", "programs", "progress", "wording"],
    ["cache", "clock", "horizon", "processes", "shipped", "signing", "snapshot", "starter"],
    ["forges.interface", "wheel"],
    ["records", "git"],
    ["measures", "forges"],
    ["configuration", "service_levels"],
    ["figures"],
    ["checks", "policies", "portfolio"],
    ["validation"],
    ["by_index"],
    ["index_parts"],
    ["stored_findings"],
    ["stored_validation"],
    ["compliance"],
    ["gate"],
    ["assurance"],
    ["interchange"],
    ["reports"],
    ["site"],
    ["cli"],
]
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}

# A room that others enter by the names of its __init__ alone.
CLOSED = ["policies.cel"]

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 50

ONLY_HERE = {
    "git": {"git.remotes"},
    "click": {"cli"},
    "cel_expr_python": {"policies.cel.environment"},
    "jsonschema_rs": {"records.schemas"},
    "jsonschema": {"records.schemas"},
    "dateutil": {"recurrence"},
    "ibis": {"service_levels.measurements.tables"},
    "jinja2": {"site"},
    "subprocess": {"git.commands", "git.user", "signing"},
    "pyspark": {"service_levels.measurements.tables"},
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


def room_of(name: str) -> str:
    """The room in LAYERS that a module belongs to: ``forges.interface``, else ``forges``; its first word otherwise."""
    return next((room for room in (name, ".".join(name.split(".")[:2])) if room in HEIGHT), name.split(".")[0])


@cache
def edges() -> dict[str, set[str]]:
    """What each module imports of this package: at its head, in its functions, and for its types alone."""
    return {module_name(path): {name for name, _ in own(path)} - {module_name(path)} for path in MODULES}


def rooms() -> list[str]:
    """The packages, the whole one (an empty name) first."""
    return [module_name(path) for path in MODULES if path.name == "__init__.py"]


def between(room: str, imported: dict[str, set[str]]) -> dict[str, set[str]]:
    """How the modules and packages that stand directly in a room import one another, each package taken as one."""

    def part(name: str) -> str:
        return name.removeprefix(f"{room}.").split(".")[0] if name.startswith(f"{room}.") or not room else ""

    found: dict[str, set[str]] = {}
    for name, others in imported.items():
        if part(name):
            found.setdefault(part(name), set()).update({part(other) for other in others} - {part(name), ""})
    return found


def circles(imported: dict[str, set[str]]) -> list[str]:
    """The circles among what imports what, each once, as ``a -> b -> a``."""
    found: list[str] = []
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            found.append(" -> ".join((*way[way.index(name) :], name)))
        elif name not in done:
            for other in sorted(imported.get(name, ())):
                visit(other, (*way, name))
            done.add(name)

    for name in sorted(imported):
        visit(name, ())
    return found


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function with its lines from ``def`` to its end; decorators, which are data, do not count."""
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            yield f"{module_name(path)}.{node.name}", node.end_lineno - node.lineno + 1


def test_every_module_has_its_layer() -> None:
    names = {room_of(module_name(path)) for path in MODULES}
    assert names - {"", "__main__"} == HEIGHT.keys()


def test_imports_point_downwards() -> None:
    upwards = []
    for path in MODULES:
        me = room_of(module_name(path))
        for name, line in own(path):
            other = room_of(name)
            if me in HEIGHT and other != me and HEIGHT[other] >= HEIGHT[me]:
                upwards.append(f"{path.relative_to(ROOT)}:{line}: {me} imports {name}")
    assert upwards == []


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert circles(edges()) == []


@pytest.mark.parametrize("room", rooms())
def test_imports_point_downwards_within_a_room(room: str) -> None:
    assert circles(between(room, edges())) == []


def test_a_circle_is_found_wherever_the_import_stands(tmp_path: Path) -> None:
    texts = (
        "from itsm_as_code import clock\n",
        "if TYPE_CHECKING:\n    from itsm_as_code.clock import Interval\n",
        "def f() -> None:\n    from itsm_as_code.clock import Interval\n",
    )
    for number, text in enumerate(texts):
        source = tmp_path / f"m{number}.py"
        source.write_text(text)
        assert [name for name, _ in own(source)] == ["clock"]
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b -> c -> b"]
    assert circles(between("x", {"x.a.b": {"x.c"}, "x.c": {"x.a.d"}, "x.a.d": set()})) == ["a -> c -> a"]


@pytest.mark.parametrize("room", CLOSED)
def test_a_closed_room_is_entered_by_its_door(room: str) -> None:
    through_the_wall = {
        f"{name} imports {other}"
        for name, others in edges().items()
        for other in others
        if other.startswith(f"{room}.") and not name.startswith(room)
    }
    assert through_the_wall == set()


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
    below = [path for path in MODULES if room_of(module_name(path)) not in ("cli", "__main__")]
    found = {module_name(path): names for path in below if (names := _looks_at(path))}
    # git gets all of it but what would lead it elsewhere: where its settings, credentials and proxies are. Programs are
    # found by its search path.
    # The library that reaches remotes is told by variables which git it may run.
    assert found == {name: ["os.environ"] for name in ("git.commands", "git.remotes", "programs")}


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
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_function_is_too_long_to_read() -> None:
    lengths = {name: lines for path in MODULES for name, lines in functions(path)}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [module_name(path) for path in MODULES if not ast.get_docstring(tree(path))] == []


# What a library calls by its name.
CALLED_FROM_OUTSIDE = {"get_command", "handle_data", "handle_endtag", "handle_starttag", "http_open", "https_open"}
CALLED_FROM_OUTSIDE |= {"allow_reuse_address", "daemon_threads", "do_HEAD", "log_message"}


def defined(path: Path) -> Iterator[str]:
    """The names of what a module defines, but for what a decorator hands on, such as commands."""
    for node in ast.walk(tree(path)):
        for item in node.body if isinstance(node, (ast.Module, ast.ClassDef)) else ():
            if isinstance(item, ast.ClassDef) or (
                isinstance(item, ast.FunctionDef) and not any(isinstance(d, ast.Call) for d in item.decorator_list)
            ):
                yield item.name
            elif isinstance(item, (ast.Assign, ast.AnnAssign)):
                targets = item.targets if isinstance(item, ast.Assign) else [item.target]
                yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_every_name_is_used_in_the_program() -> None:
    """A name that stands once in all of the source is its own definition; tests are no users."""
    files = [file for file in SOURCE.rglob("*") if file.suffix in (".py", ".html", ".js", ".xml")]
    said = {file: Counter(re.findall(r"\w+", file.read_text("utf-8"))) for file in files}
    words = Counter[str]()
    for found in said.values():
        words.update(found)
    unused = {
        f"{module_name(path)}.{name}"
        for path in MODULES
        for name in set(defined(path)) - CALLED_FROM_OUTSIDE
        if name[:2] != "__" and (said[path] if name[0] == "_" else words)[name] == 1
    }
    assert unused == set()


PAGE = ROOT / "docs" / "explanation" / "architecture.md"


def what_for(name: str) -> str:
    """The first sentence of what a module or package says of itself."""
    file = SOURCE.joinpath(*name.split("."))
    said = ast.get_docstring(tree(file / "__init__.py" if file.is_dir() else file.with_suffix(".py"))) or ""
    return re.split(r"(?<=[a-z)])\.(?:\s|$)|\n", said, maxsplit=1)[0].rstrip(".")


def house() -> str:
    """The table of rooms, from the ground up: each with its layer, and the packages in it."""
    lines = ["| layer | room | what it is for |", "|---|---|---|"]
    for height, names in enumerate(LAYERS, 1):
        for room in names:
            lines += [f"| {height} | {shown(room)} | {what_for(room)} |"]
            lines += [f"| | {shown(below)} | {what_for(below)} |" for below in rooms() if below.startswith(f"{room}.")]
    return "\n".join(lines)


def shown(room: str) -> str:
    path = room.replace(".", "/")
    return f"`{path}/`" if (SOURCE / path).is_dir() else f"`{path}.py`"


def test_the_page_shows_the_house_as_it_is() -> None:
    assert house() in PAGE.read_text("utf-8"), "run: python -m tests.test_architecture"


if __name__ == "__main__":
    PAGE.write_text(re.sub(r"(\|.*\n)+", lambda _: house() + "\n", PAGE.read_text("utf-8"), count=1), "utf-8")
