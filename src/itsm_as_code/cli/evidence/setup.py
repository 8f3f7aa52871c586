"""itsm evidence setup."""

from __future__ import annotations

from pathlib import Path

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session, write_file


@click.command("setup")
@click.option(
    "--key",
    "keys",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    metavar="FILE",
    help="A key that signs evidence, or its public half; repeat it for one that lies in a safe.",
)
@click.option("--repository", metavar="NAME", required=True, help="This repository at its forge, such as owner/name.")
@click.option("--since", metavar="REV", help="Ask for evidence of what comes after this (default: the default branch).")
@common_options(output=False)
def command(session: Session, keys: tuple[Path, ...], repository: str, since: str | None) -> int:
    """Let `itsm authorise` ask for evidence from now on: writes evidence.since and the keys into itsm.yaml.

    Then propose that file by a pull request, and let a job of the default branch run `itsm evidence note`.

    \b
    Example:
      itsm evidence setup --key evidence-key.pub --key spare-key.pub --repository our-organisation/records
    """
    from itsm_as_code import signing
    from itsm_as_code.cli._default_branch import default_branch
    from itsm_as_code.clock import format_instant
    from itsm_as_code.configuration import PATH, read_configuration
    from itsm_as_code.errors import ItsmError, UsageError
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.records.kinds import KindRegistry

    place = session.directory / PATH
    try:
        text = place.read_text("utf-8")
    except OSError as error:
        raise ItsmError(f"cannot read {place}: {error.strerror}", remedy="go to the top of the records") from None
    registry = KindRegistry.load()
    before, wrong = read_configuration(text.encode(), registry)
    if wrong:
        raise ItsmError(f"{PATH} cannot be used: {wrong[0].message}", remedy="run itsm validate, and mend it")
    if before.evidence.keys:
        remedy = "add the new key below the others by hand; entries are added, never changed"
        raise UsageError(f"{PATH} names keys for evidence already", remedy=remedy)
    store = Repository(session.directory)
    start = store.commit(since or default_branch(store))
    begins = format_instant(session.instant(None))
    lines = [f"    since: {start}", f"    repository: {repository}", "    keys:"]
    lines += [f'      - {{key: "{signing.public_key(key.expanduser())}", from: "{begins}"}}' for key in keys]
    kept = [line for line in text.rstrip().splitlines() if line.strip() not in ("evidence:", "since: start")]
    made = "\n".join([*kept, "  evidence:", *lines, ""])
    found, wrong = read_configuration(made.encode(), registry)
    if wrong or found.evidence.since != start or len(found.evidence.keys) != len(keys):
        said = wrong[0].message if wrong else "its layout is not as 'itsm init' writes it"
        remedy = "write them by hand:\n  evidence:\n" + "\n".join(lines)
        raise ItsmError(f"the settings do not fit into {PATH}: {said}", remedy=remedy)
    write_file(place, made.encode())
    session.say(f"{PATH} asks for evidence of what comes after {start[:12]}; propose it by a pull request")
    return 0
