"""itsm audit deployments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._forge import ForgeOptions, connect, merge_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import BORDER, Said
from itsm_as_code.cli.output import Session, write_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from itsm_as_code.assurance.deployment_audit import DeploymentAudit
    from itsm_as_code.assurance.ran import Ran, Skipped
    from itsm_as_code.assurance.sources import Mapping as Columns
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.records.kinds import KindRegistry

    Period = tuple[datetime | None, datetime]


@click.command("deployments")
@click.option("--from", "begins", type=BORDER, metavar="WHEN", help="Deployments that began from then on.")
@click.option("--to", "ends", type=BORDER, metavar="WHEN", help="And before then (now).")
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="FORM=FILE",
    help="What else tells of deployments: argo-cd, csv, flux, github, gitlab, json-lines, kubernetes.",
)
@merge_options
@click.option("--map", "mapped", multiple=True, metavar="FIELD=COLUMN", help="FIELD==TEXT; service:THEIRS=OURS.")
@click.option("--tolerance", type=click.IntRange(0, 86_400), default=60, show_default=True, metavar="SECONDS")
@click.option("--drafts", type=click.Path(path_type=Path), metavar="DIR", help="Write there changes for what had none.")
@click.option("--rev", metavar="REV", help="Whose changes (default: the default branch as origin has it).")
@common_options("audit_deployments")
def command(
    session: Session,
    begins: Said | None,
    ends: Said | None,
    sources: tuple[str, ...],
    forge: ForgeOptions,
    mapped: tuple[str, ...],
    tolerance: int,
    drafts: Path | None,
    rev: str | None,
) -> int:
    """Ask whether changes covered all that was deployed.

    Exit code 0: yes, all; 1: no; 2: not known.

    The population are the signed statements of refs/itsm/deployments, and what sources tell besides. A deployment is
    covered by the change or model that it names, or by the one change whose release has its digest: within the window,
    of its services, with exactly what was released. Fields: service, environment, artifact, start, end, result, by,
    change, model. With --forge the deployments of a repository there are among them.

    \b
    Example:
      itsm audit deployments --from 2026-07-01 --to 2026-10-01
      itsm audit deployments --source csv=releases.csv --map service=App --map environment==production --drafts drafts
      itsm audit deployments --from 2026-07-01 --forge github --repo our-organisation/payments
    """
    from itsm_as_code.assurance.deployment_audit import join
    from itsm_as_code.assurance.ran import artifacts_of
    from itsm_as_code.cli._default_branch import default_branch
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.processes import no_collection
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import load_rule_set

    repository = Repository(session.directory)
    commit = repository.commit(rev or default_branch(repository))
    rule_set = load_rule_set(at_root(repository, commit).snapshot(commit))
    configuration = rule_set.configuration
    end = ends.at(session, configuration) if ends else session.instant(configuration.as_of)
    period = (begins.at(session, configuration) if begins else None, end)
    facts = Facts.of(rule_set.catalogue, configuration.timezone)
    with no_collection():
        population = [*_population(session, repository, configuration.raw, (sources, mapped), (forge, period))]
        made = repository.dates(artifacts_of(population))
        result = join(population, facts, period, timedelta(seconds=tolerance), made)
    if drafts is not None:
        _write(session, result, drafts, rule_set.registry)
    session.report("audit_deployments", result)
    return result.exit_code


def _population(
    session: Session,
    store: Repository,
    raw: Mapping[str, Any],
    files: tuple[tuple[str, ...], tuple[str, ...]],
    asked: tuple[ForgeOptions, Period],
) -> Iterator[Ran | Skipped]:
    """What pipelines stated, what the sources of ``files`` tell by their mapping, and the forge that is ``asked``."""
    from itsm_as_code.assurance.sources import mapping_of

    sources, mapped = files
    mapping = mapping_of(mapped)
    yield from _stated(store, raw)
    yield from _of_files(session, sources, mapping)
    yield from _of_forge(store, *asked, mapping)


def _stated(store: Repository, raw: Mapping[str, Any]) -> Iterator[Ran | Skipped]:
    from itsm_as_code.assurance.deployments import deployers, read_lines
    from itsm_as_code.assurance.ran import of_lines
    from itsm_as_code.git import lines
    from itsm_as_code.git.notes import tip

    said = lines.read(store, tip(store, lines.DEPLOYMENTS))
    yield from of_lines(read_lines(said, deployers(raw)))


def _of_files(session: Session, sources: tuple[str, ...], mapping: Columns) -> Iterator[Ran | Skipped]:
    from itsm_as_code.assurance.sources import read
    from itsm_as_code.errors import UsageError

    for source in sources:
        form, sign, name = source.partition("=")
        if not sign:
            raise UsageError(f"--source {source} names no file", remedy="say FORM=FILE")
        try:
            content = (session.called_in / name).read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {name}: {error.strerror}", remedy="name another file") from None
        yield from read(form, content, name, mapping)


def _of_forge(store: Repository, forge: ForgeOptions, period: Period, mapping: Columns) -> Iterator[Ran | Skipped]:
    if forge.is_local:
        return
    import orjson

    from itsm_as_code.assurance.sources import read
    from itsm_as_code.forges.deployments import deployments

    connection = connect(forge, store)
    found = deployments(forge.name, connection.client, connection.repository, *period)
    yield from read(forge.name, orjson.dumps(found), f"{forge.name} {connection.repository}", mapping)


def _write(session: Session, result: DeploymentAudit, place: Path, registry: KindRegistry) -> None:
    from itsm_as_code.records.writer import dump

    for draft in result.drafts:
        name, start = draft["metadata"]["name"], draft["spec"]["schedule"]["start"]
        file = place / start[:4] / start[5:7] / start[8:10] / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, dump(dict(draft), schema=registry["Change"].schema))
        session.say(f"drafted: {file}")
