"""itsm schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._streams import held
from itsm_as_code.cli.output import Session, write_file


@click.command("schema")
@click.argument("kind", required=False, shell_complete=_complete.kinds)
@click.option(
    "--all",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write every schema, self-contained, to a folder.",
)
@click.option(
    "--for-editor",
    "editor_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the schemas of all kinds, with the names that there are, and print the settings for VS Code.",
)
@common_options()
def command(session: Session, kind: str | None, folder: Path | None, editor_folder: Path | None) -> int:
    """Print the JSON Schema of a kind, or list the kinds. It is self-contained, for editors and other tools.

    Instants, dates, durations, time zones and addresses have a pattern or a list of values, so that any validator
    reports what `itsm validate` would. For editors, --for-editor offers the names of records where one
    belongs; keep that folder out of git, and write it anew now and then. Files whose first line names a schema keep
    that one.

    \b
    Example:
      itsm schema
      itsm schema Change > change.schema.json
      itsm schema --all build/schemas
      itsm schema --for-editor .vscode/schemas
    """
    from itsm_as_code.records.kinds import SUFFIX
    from itsm_as_code.records.own_kinds import registry_of
    from itsm_as_code.records.portable import portable

    registry = registry_of(session.snapshot())
    if editor_folder is not None:
        return _for_editor(session, editor_folder)
    if folder is not None:
        texts = {folder / file: _text(portable(registry.bundled(file))).encode() for file in registry.files}
        with held():
            for path, text in texts.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_file(path, text)
        session.say(f"{len(registry.files)} schemas in {folder}")
        return 0
    if kind is None:
        width = max(len(item.name) for item in registry)
        rows = [f"{item.name:<{width}}  {item.folder + '/':<24} {item.description}" for item in registry]
        session.write("\n".join([*rows, ""]))
        return 0
    file = _file(kind, {item.name: item.path for item in registry}, list(registry.files), SUFFIX)
    replace(session, format="json").write(_text(portable(registry.bundled(file))))
    return 0


def _for_editor(session: Session, folder: Path) -> int:
    """Write a schema for each kind, with names, and print which is for which files."""
    from itsm_as_code.cli._records import Work
    from itsm_as_code.records.for_editors import globs, with_names

    work = Work.of(session)
    whole = session.called_in / folder
    files = {kind.path: with_names(kind.schema, work.names) for kind in work.registry}
    files["schemas/configuration.schema.json"] = with_names(
        work.registry.bundled("configuration.schema.json"), work.names
    )
    with held():
        for path, schema in files.items():
            place = whole / Path(path).name
            place.parent.mkdir(parents=True, exist_ok=True)
            write_file(place, _text(schema).encode())
    settings = {(folder / Path(path).name).as_posix(): patterns for path, patterns in globs(work.registry).items()}
    settings = {path if path.startswith("/") else f"./{path}": patterns for path, patterns in settings.items()}
    replace(session, format="json").write(_text({"yaml.schemas": settings}))
    session.say(f"{len(files)} schemas in {folder}; what is printed belongs into .vscode/settings.json")
    return 0


def _text(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _file(wanted: str, kinds: dict[str, str], files: list[str], suffix: str) -> str:
    """The schema file that a person means by a kind's name or a file's stem, whatever the case."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean

    names = {name.casefold(): path.removeprefix("schemas/") for name, path in kinds.items()}
    names |= {file.removesuffix(suffix).split("/")[-1]: file for file in files}
    found = names.get(wanted.casefold())
    if found is None:
        remedy = did_you_mean(wanted, kinds) or f"kinds: {', '.join(kinds)}"
        raise UsageError(f"there is no kind '{wanted}'", remedy=remedy)
    return found
