"""itsm policy test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session
from itsm_as_code.cli.policy import _select

if TYPE_CHECKING:
    from itsm_as_code.reports.policy_test import PolicyTest

_POLL_SECONDS = 0.3


@click.command("test")
@click.argument("policies", nargs=-1, metavar="[POLICY...]", shell_complete=_complete.policies)
@click.option("--watch", is_flag=True, help="Run again whenever a policy changes, until Ctrl-C.")
@click.option("--strength", is_flag=True, help="Change every operator and constant: which changes does no example see?")
@click.option(
    "--min-strength",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit code 1 when the examples see a smaller share of the changes.",
)
@common_options("policy_test")
def command(
    session: Session, policies: tuple[str, ...], watch: bool, strength: bool, min_strength: float | None
) -> int:
    """Run the examples that stand in the policies. Exit code 1 when one of them does not hold.

    POLICY is a name, a pattern of names, a pack (the folder of the policies), or the path of a file or folder.

    With --strength each operator and constant of the expressions is changed, one at a time (a mutant). A mutant that
    some example answers in another way is killed; one that survives shows what the examples do not test.

    \b
    Example:
      itsm policy test
      itsm policy test change-has-rehearsed-backout -v
      itsm policy test 'change-*' service-design --format junit -o results.xml
      itsm policy test policies/operations --watch
      itsm policy test --strength --min-strength 90
    """

    def once() -> PolicyTest:
        test = _run(session, policies, strength or min_strength is not None, min_strength)
        session.report("policy_test", test, colour=session.colour)
        return test

    if watch:
        _forever(session, once)
    done = once()
    return 1 if done.failed or done.is_too_weak else 0


def _run(session: Session, wanted: tuple[str, ...], with_strength: bool, least: float | None) -> PolicyTest:
    from fractions import Fraction

    from itsm_as_code.policies.examples import run_examples
    from itsm_as_code.policies.fixtures import fixtures_of
    from itsm_as_code.policies.strength import strength_of
    from itsm_as_code.reports.policy_test import PolicyTest
    from itsm_as_code.validation import load_rule_set

    snapshot = session.snapshot()
    chosen = _select.policies(load_rule_set(snapshot), session, wanted)
    fixtures = fixtures_of(snapshot)
    return PolicyTest(
        [(policy, list(run_examples(policy, fixtures))) for policy in chosen],
        session.verbose,
        [strength_of(policy, fixtures) for policy in chosen] if with_strength else None,
        Fraction(str(least)) if least is not None else None,
    )


def _forever(session: Session, once: Callable[[], PolicyTest]) -> NoReturn:
    """Run, then wait for a change, again and again; Ctrl-C ends it."""
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.policies.fixtures import fixture_folders

    watched = {"policies", "schemas", "itsm.yaml"}
    while True:
        before = _state(session.directory, watched)
        try:
            test = once()
            fixtures = {fixture for policy, _ in test.results for fixture in fixture_folders(policy.record.spec)}
            before |= _state(session.directory, fixtures - watched)
            watched |= fixtures
        except ItsmError as error:  # half-way through an edit: say so, and wait for the other half
            session.say(f"{error.message}; {error.remedy}")
        session.say("waiting for a change; Ctrl-C stops")
        while _state(session.directory, watched) == before:
            time.sleep(_POLL_SECONDS)


def _state(top: Path, names: Iterable[str]) -> set[tuple[str, int, int]]:
    """Files by path, time and size."""
    found = set()
    for place in (top / name for name in names):
        for path in [place, *place.rglob("*")]:
            try:
                status = path.stat()
            except OSError:  # gone since it was listed
                continue
            found.add((str(path), status.st_mtime_ns, status.st_size))
    return found
