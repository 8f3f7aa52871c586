"""itsm init."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli import _packs, _tool, _workflows
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._streams import held
from itsm_as_code.cli._upgrade import upgrade
from itsm_as_code.cli._workflows import FlowOptions, flow_options
from itsm_as_code.cli.output import Session, write_file
from itsm_as_code.wording import count

if TYPE_CHECKING:
    from itsm_as_code.findings import Finding


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option(
    "--organisation", metavar="NAME", default="My organisation", show_default=True, help="Whose services these are."
)
@click.option(
    "--person",
    "people",
    multiple=True,
    metavar="'NAME <ADDRESS> [@LOGIN]'",
    help="A person, with their login at the forge; repeat it for each. No login is guessed.",
)
@click.option("--timezone", metavar="ZONE", default="UTC", show_default=True, help="An IANA time zone.")
@click.option(
    "--packs",
    metavar="NAME,...",
    default=",".join(_packs.DEFAULT),
    show_default=True,
    help="Policy packs that apply; itsm.yaml names them. Others: dora-eu, error-budget, iso20000-1, soc2.",
)
@click.option("--vendor", is_flag=True, help="Copy the policies of the packs as well, to change them here.")
@flow_options
@common_options(output=False)
def command(
    session: Session,
    folder: Path | None,
    organisation: str,
    people: tuple[str, ...],
    timezone: str,
    packs: str,
    vendor: bool,
    flow: FlowOptions,
) -> int:
    """Make a new repository of records. It has rules, schemas, people, a first team and service, and the gate's
    workflow.

    Name three people or more: nobody approves their own change, and a board needs three. What is there already is
    never overwritten, but for --upgrade. The result is valid at once.

    \b
    Example:
      itsm init my-shop --organisation "Small Shop" --person "Ada Example <ada@shop.example> @ada-at-work" \\
        --person "Ben Example <ben@shop.example> @benex" --person "Cleo Example <cleo@shop.example> @cleo"
      itsm init my-bank --packs change-enablement,operations,dora-eu
      itsm init --upgrade
    """
    if flow.upgrade:
        return upgrade(session, folder or session.directory, flow)
    target = folder if folder is not None else session.called_in
    _check_free(target, flow)
    team = _team(people or _EXAMPLES)
    chosen = _packs.choose(packs)
    excluded = _packs.too_early(chosen) if len(team) < _BOARD else []
    files = _files(team, {"organisation": organisation, "timezone": timezone, "forge": flow.forge})
    files["itsm.yaml"] += _packs.settings(chosen, excluded).encode()
    files |= _packs.copies(chosen) if vendor else {}
    tool, installs = _tool.files(flow.forge, flow.tool, flow.wheels)
    files |= tool | _workflows.workflows(flow.forge, flow.verdict, _workflows.prefix_of(target))
    files = _in_form(files)
    wrong = _wrong(files, session.instant(None))
    for finding in wrong:
        click.echo(f"{finding.location}: {finding.message}", err=True)
    if wrong:
        session.say("nothing was written; mend what the options say")
        return 1
    _write(target, files)
    _say_what_was_chosen(session, installs, excluded)
    _say_who_has_no_account(session, team, flow.forge)
    session.write(
        f"{count(len(files), 'file')} in {target}. Next:\n{_next(target, folder is not None, team[0]['email'])}"
    )
    _say_settings(session, flow.forge)
    return 0


def _check_free(target: Path, flow: FlowOptions) -> None:
    """UsageError where records are already, and for options that do not go together."""
    from itsm_as_code.errors import UsageError

    if (target / "itsm.yaml").exists():
        remedy = "name a new folder; what the program brings along is renewed by itsm init --upgrade"
        raise UsageError(f"{target} holds records: itsm.yaml is there already", remedy=remedy)
    if flow.verdict == "status" and flow.forge != "github":
        raise UsageError("--verdict status is for GitHub", remedy=f"leave it out, or leave out --forge {flow.forge}")


def _wrong(files: dict[str, bytes], now: datetime) -> list[Finding]:
    """What would be wrong with the records, if they were written."""
    from tempfile import TemporaryDirectory

    from itsm_as_code.snapshot import WorkTree
    from itsm_as_code.validation import validate

    with TemporaryDirectory() as folder:
        _write(Path(folder), {path: content for path, content in files.items() if not path.startswith("../")})
        return [item for item in validate(WorkTree(Path(folder)), now).findings if item.blocks]


def _say_what_was_chosen(session: Session, installs: str, excluded: list[str]) -> None:
    if installs:
        session.say(installs)
    if excluded:
        session.say(f"with fewer than {_BOARD} people itsm.yaml excludes these policies: {', '.join(excluded)}")


_SETTINGS = {
    "github": "a ruleset for the default branch (the gate required from a named source, pull requests required, no "
    "force pushes or deletions, nobody bypasses it) and one for tags",
    "gitlab": "the default branch protected (nobody pushes, no force pushes), 'Pipelines must succeed' without skipped "
    "ones, the pipeline's file in another project, protected tags",
    "gitea": "a rule for the default branch (nobody pushes, the status 'itsm gate' required, outdated branches "
    "blocked, administrators not exempt, few people merge) and protected tags",
}


def _say_settings(session: Session, forge: str) -> None:
    """What the forge has to be told, for no file of a repository can."""
    if forge in _SETTINGS:
        session.say(f"at the forge, set: {_SETTINGS[forge]}; itsm audit forge --forge {forge} says whether it holds")


def _next(target: Path, is_elsewhere: bool, email: str) -> str:
    """What to type next."""
    go = f"cd {shlex.quote(str(target))} && " * is_elsewhere
    go += "git init -b main && " * (not _workflows.is_in_git(target))
    return _NEXT.format(go=go, email=shlex.quote(email))


_NEXT = """\
  {go}git config user.email {email}
  git add -A && git commit -m 'Start'
  itsm validate
  itsm new Change --title "My first change"
  itsm build -o site/
"""


def _say_who_has_no_account(session: Session, team: list[dict[str, str]], forge: str) -> None:
    unknown = [f"people/{person['name']}.yaml" for person in team if not _account(person, forge)]
    if unknown and forge != "local":
        session.say(
            f"no {forge} login is known for {', '.join(unknown)}, and none was guessed: their reviews and pull "
            "requests count once it stands there under accounts"
        )


def _write(target: Path, files: dict[str, bytes]) -> None:
    """Write all files, or none where one is there already."""
    from itsm_as_code.errors import UsageError

    taken = sorted(path for path in files if (target / path).exists())
    if taken:
        raise UsageError(f"{target / taken[0]} is there already", remedy="name a new folder; nothing is overwritten")
    with held():
        for path, content in files.items():
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            write_file(place, content)


_EXAMPLES = ("Ada Example <ada@example.org>", "Ben Example <ben@example.org>", "Cleo Example <cleo@example.org>")
_BOARD = 3
_PERSON = re.compile(r"\s*([^<>\s](?:[^<>]*[^<>\s])?)\s*<([^<>\s]+)>(?:\s*@([^<>@\s]+))?\s*\Z")


def _team(people: Iterable[str]) -> list[dict[str, str]]:
    """The people, each with a name of their own; UsageError."""
    from itsm_as_code.errors import UsageError

    team = [_person(text) for text in people]
    names = [person["name"] for person in team]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two people would be '{twice}'", remedy="write their names so that they differ")
    return team


def _person(text: str) -> dict[str, str]:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.records.blank import slug

    match = _PERSON.match(text)
    if not match:
        raise UsageError(f"'{text}' is not a person", remedy="write --person 'Ada Example <ada@example.org> @ada'")
    name = slug(match[1])
    if not name:
        raise UsageError(f"'{match[1]}' leaves no name of ASCII letters", remedy="write the name in Latin letters")
    return {"name": name, "title": match[1], "email": match[2], "login": match[3] or ""}


def _account(person: dict[str, str], forge: str) -> dict[str, str | int]:
    """The account of a person at the forge, as they named it or as the forge's private address does; else empty."""
    from itsm_as_code.records.identities import address_key, private_account

    if person["login"]:
        return {"forge": forge, "login": person["login"]}
    private = private_account(address_key(person["email"]))
    if private is None or private.forge != forge:
        return {}
    return {"forge": forge, "login": private.login} | ({"id": private.number} if private.number else {})


def _accounts(person: dict[str, str], forge: str) -> bytes:
    """The accounts of a person as YAML; where none is known, the comment that says how to write it."""
    account = _account(person, forge)
    if account:
        lines = (f"{key}: {json.dumps(value)}" for key, value in account.items())
        return ("  accounts:\n    - " + "\n      ".join(lines)).encode()
    if forge == "local":
        return b"  # In reviews files the name of this record is their login."
    return (
        f"  # Their reviews count once their login is known:\n  # accounts: [{{forge: {forge}, login: ...}}]".encode()
    )


def _files(team: list[dict[str, str]], values: dict[str, str]) -> dict[str, bytes]:
    from itsm_as_code import shipped
    from itsm_as_code.records.kinds import SUFFIX

    values = {**values, "lead": team[0]["name"], "email": team[0]["email"]}
    members = [person["name"] for person in team]
    found: dict[str, bytes] = {
        "itsm.yaml": _filled("itsm.yaml", values),
        "people/teams/team-first.yaml": _filled("team.yaml", values).replace(b"MEMBERS", ", ".join(members).encode()),
        "services/first-service.yaml": _filled("service.yaml", values),
        "policies/approvals/default.yaml": _filled("approvals.yaml", values),
        "README.md": _filled("README.md", values, quoted=False),
        ".gitignore": b"/site/\n",
        ".vscode/settings.json": _editor_settings(),
    }
    for person in team:
        record = _filled("person.yaml", {**values, **person})
        found[f"people/{person['name']}.yaml"] = record.replace(b"ACCOUNTS", _accounts(person, values["forge"]))
    for path, content in shipped.files("schemas", SUFFIX).items():
        found[f"schemas/{path}"] = content
    return found


def _in_form(files: dict[str, bytes]) -> dict[str, bytes]:
    """The records as `itsm fmt` writes them: what a template has to quote need not stay in quotes."""
    from itsm_as_code.records.formatting import format_file
    from itsm_as_code.records.kinds import KindRegistry

    registry = KindRegistry.load()
    return {
        path: format_file(path, content, registry).after if path.endswith(".yaml") else content
        for path, content in files.items()
    }


def _filled(template: str, values: dict[str, str], quoted: bool = True) -> bytes:
    """A template with its values, each as a YAML string in double quotes (which JSON strings are)."""
    from itsm_as_code import shipped

    text = shipped.starter(template)
    for key, value in values.items():
        text = text.replace("{{ " + key + " }}", json.dumps(value, ensure_ascii=False) if quoted else value)
    return text.encode()


def _editor_settings() -> bytes:
    """Which schema VS Code uses for which file, for records without a comment on top."""
    from itsm_as_code.records.for_editors import globs
    from itsm_as_code.records.kinds import KindRegistry

    schemas = {f"./{path}": patterns for path, patterns in globs(KindRegistry.load()).items()}
    return (json.dumps({"yaml.schemas": schemas}, indent=2) + "\n").encode()
