"""itsm deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import INSTANT
from itsm_as_code.cli.output import Session

_FILE = click.Path(path_type=Path)


@click.command("deployed")
@click.option("--service", metavar="SERVICE", help="What was deployed.")
@click.option("--environment", metavar="NAME", help="Where, such as production.")
@click.option("--artifact", metavar="DIGEST|COMMIT", help="Exactly what: sha256:..., or a commit.")
@click.option("--change", metavar="CHANGE", help="Under which change.")
@click.option("--model", metavar="MODEL", help="Or by which model, with --answer.")
@click.option("--answer", type=_FILE, metavar="FILE", help="What itsm authorise --format json answered before.")
@click.option("--start", type=INSTANT, metavar="INSTANT", help="When it began.")
@click.option("--end", type=INSTANT, metavar="INSTANT", help="When it ended (now, unless said otherwise).")
@click.option("--result", type=click.Choice(["successful", "failed", "backed-out"]), default="successful")
@click.option("--supersedes", metavar="DIGEST", help="Which earlier line this one corrects.")
@click.option("--as", "deployer", metavar="NAME", help="Which deployer of itsm.yaml says so.")
@click.option("--key", type=_FILE, metavar="FILE", help="The private SSH key that signs.")
@click.option("--push", "remote", is_flag=False, flag_value="origin", metavar="[REMOTE]", help="And push it (origin).")
@click.option("--list", "lists", is_flag=True, help="Show what was said, and what of it does not hold.")
@common_options("deployed")
def command(session: Session, remote: str | None, lists: bool, key: Path | None, **said: Any) -> int:
    """Say what was deployed: a signed line on refs/itsm/deployments. Written (exit code 0), could not (2).

    Each line names the one before, so that none can be taken away unseen; a wrong one is corrected by one that
    supersedes it. With --list: all lines hold (0), some do not (1). A statement changes no risk and lifts no stop.

    \b
    Example:
      itsm deployed --service payments-api --environment production --artifact sha256:4bf5... --push \\
        --change chg-20261201-db --start 2026-12-01T20:05:00Z --as pipeline --key deploy-key
      itsm deployed --list
    """
    from itsm_as_code.assurance.deployments import deployers, read_lines
    from itsm_as_code.cli._default_branch import default_branch
    from itsm_as_code.errors import UsageError
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git import lines
    from itsm_as_code.git.notes import tip
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.validation import load_rule_set

    repository = Repository(session.directory)
    if lists:
        commit = repository.commit(default_branch(repository))
        raw = load_rule_set(at_root(repository, commit).snapshot(commit)).configuration.raw
        if remote is not None:
            lines.fetch(repository, remote)
        found = read_lines(lines.read(repository, tip(repository, lines.DEPLOYMENTS)), deployers(raw))
        session.report("deployed", found)
        return 0 if all(line.holds for line in found) else 1
    lacking = [name for name in ("service", "environment", "artifact", "start", "deployer") if not said[name]]
    lacking += ["key"] if key is None else []
    if lacking or key is None:
        raise UsageError(f"what was deployed needs {', '.join(lacking)}", remedy="see itsm deployed --help")
    _write(session, repository, _statement(session, said), key.expanduser(), remote)
    return 0


def _statement(session: Session, said: dict[str, Any]) -> dict[str, str]:
    """What the options say, as a statement without what comes before it."""
    from itsm_as_code.assurance.deployments import digest_of
    from itsm_as_code.clock import format_instant
    from itsm_as_code.errors import UsageError

    answer = said.pop("answer")
    data = {key: value for key, value in said.items() if value is not None}
    end = said["end"].at(session) if said["end"] else session.instant(None)
    data |= {"start": format_instant(said["start"].at(session)), "end": format_instant(end)}
    if answer is not None:
        try:
            data["answer"] = digest_of(answer.read_bytes())
        except OSError as error:
            raise UsageError(f"cannot read {answer}: {error.strerror}", remedy="name another --answer") from None
    return data


def _write(session: Session, repository: Any, data: dict[str, str], key: Path, remote: str | None) -> None:
    """Add the line to what is there now, again where somebody was faster; ItsmError when that does not succeed."""
    from itsm_as_code.assurance.deployments import ATTEMPTS, appended, last_digest
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.git import lines
    from itsm_as_code.git.notes import REF, tip

    seen = tip(repository, REF)
    for _ in range(ATTEMPTS):
        old = lines.fetch(repository, remote) if remote is not None else tip(repository, lines.DEPLOYMENTS)
        content = appended(lines.read(repository, old), data | ({"evidence": seen} if seen else {}), key)
        new = lines.add(repository, old, content, session.instant(None))
        if lines.move(repository, new, old, remote):
            session.write(f"{last_digest(content)}\n")
            return
    raise ItsmError("somebody else was faster each time", code="deployments-busy", remedy="try again")
