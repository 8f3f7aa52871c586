"""`itsm import people`: who works here, and in which team."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from itsm_as_code.cli._options import ForgeChoice, common_options, forge_named
from itsm_as_code.cli.output import Session
from itsm_as_code.forges.organisation import FORGES
from itsm_as_code.interchange.people import Asked, convert

_HELP = """Import people and teams.

FILE is a list of accounts or teams as the API of GitHub, GitLab or Gitea gives it (JSON), LDIF or CSV of a directory,
CODEOWNERS, OWNERS or OWNERS_ALIASES. Somebody who is here is told by their account, else by their address; what is
missing of them is added, and nothing taken away. An address alone gives nobody an account without --by-address. Who
is in no source that holds all is proposed as a leaver.

\b
Example:
  itsm import people --from github:acme --dry-run
  itsm import people directory.ldif --all
  gh api --paginate orgs/acme/teams/platform/members > members.json
  itsm import people members.json --team platform"""


def people_command(
    run: Callable[..., None], how: Callable[..., Any], into: Callable[..., Any], dry_run: Callable[..., Any]
) -> click.Command:
    """The command, which ends as the other imports do: by ``run``, with ``how`` and their options."""

    @click.command("people", help=_HELP)
    @click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
    @click.option(
        "--from",
        "origin",
        metavar="FORGE:NAME",
        help="Ask a forge for an organisation (GitLab: a group) and its teams.",
    )
    @click.option("--api-url", metavar="URL", help="The API of GitHub Enterprise, or of a GitLab or Gitea of your own.")
    @click.option(
        "--forge", type=ForgeChoice(FORGES), default="github", show_default=True, help="Whose accounts FILE has."
    )
    @click.option("--team", metavar="NAME", help="The team whose members FILE lists.")
    @click.option("--all", "is_all", is_flag=True, help="They are all who work here: name who is here and not there.")
    @click.option("--retire", is_flag=True, help="Write that who is not there any more is not active.")
    @click.option("--by-address", is_flag=True, help="Give accounts by address: the forge has verified all of them.")
    @into
    @dry_run
    @common_options("import_")
    def command(
        session: Session,
        files: tuple[Path, ...],
        origin: str | None,
        api_url: str | None,
        forge: str,
        team: str | None,
        is_all: bool,
        retire: bool,
        by_address: bool,
        into: Path | None,
        dry_run: bool,
    ) -> None:
        told = _asked(files, origin, api_url)
        forge = origin.partition(":")[0] if origin else forge
        asked = Asked(forge, team, is_all or bool(told), retire, by_address)
        run(session, "people", files, into, partial(convert, asked=asked), how(dry_run=dry_run), told)

    return command


def _asked(files: tuple[Path, ...], origin: str | None, api_url: str | None) -> dict[str, bytes]:
    """What a forge answers, where one is asked."""
    import json

    from itsm_as_code.cli._forge import client_of
    from itsm_as_code.errors import UsageError
    from itsm_as_code.forges.organisation import organisation

    if bool(files) == (origin is not None):
        raise UsageError("name FILE, or --from", remedy="one of the two")
    if origin is None:
        return {}
    forge, _, name = origin.partition(":")
    forge = forge_named(forge)
    if forge not in FORGES:
        raise UsageError(
            f"'{origin}' names no forge",
            remedy="write --from github:NAME, gitlab:GROUP or gitea:NAME (also for Forgejo)",
        )
    return {origin: json.dumps(organisation(forge, client_of(forge, api_url), name)).encode()}
