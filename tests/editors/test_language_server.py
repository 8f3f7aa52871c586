"""What plain editors say of records: yaml-language-server itself, with our schemas and settings for VS Code.

Version 1 is what stable editors ship; it and version 2 read patterns of files in different ways.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from itsm_as_code.records.for_editors import globs
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import ROOT, SMALL, Run, copy_tree
from tests.editors.language_server import LanguageServer

REGISTRY = KindRegistry.load()
OLDEST, NEWEST = "1.19.2", "2.0.0"
HEAD = "apiVersion: itsm/v1\nkind: Service\nmetadata: {name: x, title: X}\n"


@pytest.fixture(scope="module", params=[pytest.param(OLDEST, marks=pytest.mark.deep), NEWEST])
def script(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server of a version, from npm."""
    without = pytest.fail if os.environ.get("CI") else pytest.skip
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        without("npm and node are not installed; no editor can be asked")
    folder = tmp_path_factory.mktemp("npm")
    command = [str(npm), "install", "--silent", "--no-audit", "--no-fund", f"yaml-language-server@{request.param}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        without(f"npm cannot fetch the language server: {done.stderr.strip()[-200:]}")
    return folder / "node_modules/yaml-language-server/bin/yaml-language-server"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small organisation with its schemas, as `itsm init` lays them down."""
    copy_tree(SMALL, tmp_path / "small")
    copy_tree(ROOT / "schemas", tmp_path / "small/schemas")
    return tmp_path / "small"


def serve(script: Path, folder: Path, settings: dict[str, object]) -> Iterator[LanguageServer]:
    server = LanguageServer(str(shutil.which("node")), script, folder, settings)
    try:
        yield server
    finally:
        server.close()


@pytest.mark.deep
def test_a_file_of_any_kind_is_marked_where_it_is_wrong(script: Path, folder: Path) -> None:
    """Each file that validate reads has the schema of its kind, in every folder below; and instants are checked."""
    settings = {"yaml.schemas": {f"./{path}": patterns for path, patterns in globs(REGISTRY).items()}}
    for server in serve(script, folder, settings):
        for kind in REGISTRY:
            for path in (f"{kind.folder}/x.yaml", f"{kind.folder}/2026/12/x.yaml"):
                said = [item["message"] for item in server.problems(path, "kind: Nothing\n")]
                assert any(f'"{kind.name}"' in message for message in said), (path, said)
        comment = "# yaml-language-server: $schema=../../schemas/change.schema.json\n"
        text = 'spec:\n  schedule: {start: "2026-13-01T00:00:00Z", end: "2026-12-01T00:00:00Z"}\n'
        marked = {
            (item["range"]["start"]["line"], item["range"]["start"]["character"])
            for item in server.problems("changes/2026/a.yaml", comment + text)
            if "pattern" in item["message"]
        }
        assert marked == {(2, 20)}
        for field, wrong in (("metadata", "{name: Big Name, title: X}"), ("spec", "{hours: {timezone: 'x y'}}")):
            assert server.problems(f"services/{field}.yaml", f"kind: Service\n{field}: {wrong}\n"), field


@pytest.mark.slow
def test_names_of_records_are_offered_and_none_is_an_error(script: Path, folder: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", folder, "schema", "--for-editor", ".vscode/schemas")
    assert (code, f"{len(list(REGISTRY)) + 1} schemas in .vscode/schemas" in err) == (0, True), err
    for server in serve(script, folder, json.loads(out)):
        text = f"{HEAD}spec:\n  owner: \n"
        server.problems("services/w.yaml", text)  # by then it has read its settings
        offered = server.completions("services/x.yaml", text, 4, 9)
        assert sorted(offered) == ["team-board", "team-data", "team-governance", "team-shop"]
        said = [item["message"] for item in server.problems("services/y.yaml", f"{HEAD}spec:\n  owner: team-next\n")]
        assert not any("team-" in message or "Value is not accepted" in message for message in said), said
        said = [item["message"] for item in server.problems("services/z.yaml", f"{HEAD}spec:\n  owner: Team Next\n")]
        assert any("pattern" in message for message in said), said


def test_the_settings_of_this_repository_and_of_init_are_these(tmp_path: Path, itsm: Run) -> None:
    wanted = {f"./{path}": patterns for path, patterns in globs(REGISTRY).items()}
    assert json.loads((ROOT / ".vscode/settings.json").read_text())["yaml.schemas"] == wanted
    assert itsm("init", tmp_path / "new", "--now", "2026-11-22T12:00:00Z")[0] == 0
    assert json.loads((tmp_path / "new/.vscode/settings.json").read_text())["yaml.schemas"] == wanted


def test_each_record_here_is_for_the_schema_of_its_kind_alone() -> None:
    """The patterns read as both versions of the server do: the last one that matches decides."""
    for path in REGISTRY.top_folders:
        for file in sorted((ROOT / path).rglob("*.yaml")):
            relative = file.relative_to(ROOT).as_posix()
            kind = REGISTRY.of_path(relative)
            found = [name for name, patterns in globs(REGISTRY).items() if matches(relative, patterns)]
            assert found == ([kind.path] if kind else []), relative


def matches(path: str, patterns: list[str]) -> bool:
    result = False
    for pattern in patterns:
        folder = pattern.removeprefix("!").split("/**/")[0]
        if path.startswith(f"{folder}/") or path == pattern:
            result = not pattern.startswith("!")
    return result


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--for-editor",), "requires an argument"), (("--for-editor", "itsm.yaml"), "is a file")],
)
def test_what_it_says_to_mistakes(arguments: tuple[str, ...], said: str, folder: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", folder, "schema", *arguments)
    assert (code, out) == (2, "") or said in err, err
