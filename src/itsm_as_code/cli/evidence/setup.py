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
    """Let `itsm authorise` ask for evidence from now on. Writes evidence.since and the keys into itsm.yaml.

    Then propose that file by a pull request, and let a job of the default branch run `itsm evidence note`.

    \b
    Example:
      itsm evidence setup --key evidence-key.pub --key spare-key.pub --repository our-organisation/records
    """
    from itsm_as_code import signing
    from itsm_as_code.assurance.setup import asking_for_evidence
    from itsm_as_code.cli._default_branch import default_branch
    from itsm_as_code.configuration import PATH, EvidenceKey, EvidenceSettings
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.git.repository import Repository

    place = session.directory / PATH
    try:
        text = place.read_text("utf-8")
    except OSError as error:
        raise ItsmError(f"cannot read {place}: {error.strerror}", remedy="go to the top of the records") from None
    store = Repository(session.directory)
    start = store.commit(since or default_branch(store))
    now = session.instant(None)
    asking = EvidenceSettings(
        start, repository, tuple(EvidenceKey(signing.public_key(key.expanduser()), now) for key in keys)
    )
    write_file(place, asking_for_evidence(text, asking).encode())
    session.say(f"{PATH} asks for evidence of what comes after {start[:12]}; propose it by a pull request")
    return 0
