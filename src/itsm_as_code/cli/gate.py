"""itsm gate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._evidence import EvidenceOptions, evidence_options, keep, verify
from itsm_as_code.cli._forge import ForgeOptions, connect, forge_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._what_if import what_if_options
from itsm_as_code.cli.output import Session
from itsm_as_code.errors import ItsmError, UsageError
from itsm_as_code.reports import renderer

if TYPE_CHECKING:
    from collections.abc import Callable

    from itsm_as_code.forges.connection import Connection
    from itsm_as_code.forges.interface import Publisher, PullRequest
    from itsm_as_code.gate.decision import Decision
    from itsm_as_code.gate.what_if import WhatIf
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.snapshot import Snapshot


@click.command("gate")
@click.option("--base", metavar="REV", help="What the pull request would be merged into (default: as the forge says).")
@click.option("--head", metavar="REV", help="The tip of the pull request (default: as the forge says).")
@click.option("--reviews", type=click.Path(path_type=Path), metavar="FILE", help="Author and reviews, as JSON.")
@click.option(
    "--approvals",
    metavar="refs|none|FILE",
    help="Approvals signed with `itsm approve`: of refs/itsm/approvals/ (so without --reviews), or of a file.",
)
@cache_options
@forge_options
@evidence_options
@what_if_options
@click.option(
    "--explain", is_flag=True, help="Print the tree of approvals: who may, who did, who did not count and why."
)
@common_options("gate")
def command(
    session: Session,
    base: str | None,
    head: str | None,
    reviews: Path | None,
    approvals: str | None,
    forge: ForgeOptions,
    cache: CacheOptions,
    evidence: EvidenceOptions,
    what_if: WhatIf | None,
    explain: bool,
) -> int:
    """Judge a pull request. Exit code 0: approved; 1: pending or rejected; 2: could not judge.

    The rules are read from the base, the records from the merge of both; the work tree is never looked at. The same
    arguments with the same --now give the same bytes. With a forge, GITHUB_TOKEN (or GH_TOKEN), GITLAB_TOKEN (or
    CI_JOB_TOKEN) is what it is asked with.

    \b
    Example:
      itsm gate --base main --head my-change --reviews reviews.json
      itsm gate --forge github --repo owner/name --pr 17 --fetch
      itsm gate --base main --head my-change --as alice --with-review bob:approve --explain
      itsm gate --verify evidence.json
    """
    evidence.check(session)
    if evidence.verify is not None:
        return verify(evidence, session, base)
    forge.check(base, head, reviews, to_file=session.output is not None)
    if what_if is not None and (forge.publish or forge.comment or forge.issue or evidence.sign):
        raise UsageError("a what-if is not published or signed", remedy="leave out --as and --with-...")
    if what_if is not None and forge.group is not None:
        raise UsageError("a what-if is about one pull request", remedy="leave out --merge-group, or what is supposed")
    _check_explain(session, explain)
    if forge.every:
        return _judge_all(session, forge, cache)
    run = _Run(session, forge, what_if)
    failure: ItsmError | None = None
    try:
        decision = run.decide(base, head, reviews, approvals, cache)
    except ItsmError as error:
        failure, decision = error, run.failed(error)
    run.publish(decision, failure)
    if failure is not None and session.format in ("text", "in-toto"):
        raise failure
    _show(session, decision, explain=explain)
    keep(evidence, session)
    if forge.annotate:
        session.show(renderer("gate", "github")(decision), is_data=True)
    return decision.exit_code


def _check_explain(session: Session, explain: bool) -> None:
    if explain and session.format != "text":
        raise UsageError("--explain prints text", remedy=f"leave out --format {session.format}, which has the tree too")


def _show(session: Session, decision: Decision, *, explain: bool) -> None:
    if not explain:
        session.report("gate", decision, colour=session.colour)
        return
    from itsm_as_code.reports.approval_tree import explanation

    session.write(explanation(decision, session.colour))


def _judge_all(session: Session, forge: ForgeOptions, cache: CacheOptions) -> int:
    """Judge every open pull request; first what was published of them and may hold no longer is taken back.

    An approval stays meanwhile that says of itself that it is about this base and not over. What fails for one stops
    no other. Exit code 0 when all could be judged, whatever the verdicts are, 2 otherwise; a line for each.
    """
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.reports import escape
    from itsm_as_code.reports.notice import holds

    repository = Repository(session.directory)
    heads = connect(forge, repository).open(forge.into or branch_name(repository))
    base = "" if forge.into else repository.commit(default_branch(repository))
    keep = partial(holds, base=base, now=session.instant(None))
    runs = {number: _Run(session, replace(forge, number=number), None) for number in heads}
    failures: dict[int, ItsmError] = {}
    for number, run in runs.items():
        try:
            run.begin(connect(run.forge, repository), heads[number], keep)
        except ItsmError as error:
            failures[number] = error
    for number, run in runs.items():
        decision = run.failed(failures[number]) if number in failures else run.of_all(heads[number], cache, failures)
        why = next((f": {escape.terminal(reason.message)}" for reason in decision.reasons), "")
        session.write(f"#{number} {decision.verdict}{why}\n")
    return 2 if failures else 0


@dataclass
class _Run:
    """What is heard of a run while it goes on: which commit, its pull request, the instant."""

    session: Session
    forge: ForgeOptions
    what_if: WhatIf | None
    publisher: Publisher | None = None
    now: datetime | None = None
    begun: str | None = None

    def decide(
        self, base: str | None, head: str | None, reviews: Path | None, approvals: str | None, cache: CacheOptions
    ) -> Decision:
        from itsm_as_code.gate.run import Asked, evaluate_at_forge, evaluate_local
        from itsm_as_code.git.objects import ID
        from itsm_as_code.git.repository import Repository

        repository = Repository(self.session.directory)
        stored = partial(cache.records, self.session)
        asked = Asked(base, head, self._instant, reviews, approvals, self.what_if, stored)
        if self.forge.is_local:
            return evaluate_local(repository, asked)
        connection = connect(self.forge, repository)
        if self.forge.publish is not None:  # before the forge is asked: it may not answer, and nothing stays green
            known = head if head is not None and ID.match(head) else self._head(connection, repository)
            if known is not None:
                self.begin(connection, known)
        return evaluate_at_forge(repository, asked, connection, partial(self.begin, connection), self._told)

    def _head(self, connection: Connection, repository: Repository) -> str | None:
        """The head of the pull request, where it is an open one and none was named."""
        from itsm_as_code.cli._default_branch import branch_name

        if self.forge.group is not None:
            return None
        return connection.open(self.forge.into or branch_name(repository)).get(self.forge.number or 0)

    def _instant(self, base: Snapshot) -> datetime:
        from itsm_as_code.validation import as_of
        from itsm_as_code.wheel import LOCK, tool_of

        for _, lock in base.read_many([LOCK] if LOCK in base.entries else []):
            if isinstance(lock, bytes):
                self.session.say(f"the base fixes the program: {tool_of(lock)}")

        self.now = self.session.instant(None if self.session.now is not None else as_of(base))
        if self.what_if is not None:
            self.session.say("WHAT IF: this is no verdict; nobody decided it")
        return self.now

    def of_all(self, head: str, cache: CacheOptions, failures: dict[int, ItsmError]) -> Decision:
        """The published decision on one of all pull requests; that there is none is added to ``failures``."""
        failure: ItsmError | None = None
        try:
            decision = self.decide(None, head, None, None, cache)
        except ItsmError as error:
            failure, decision = error, self.failed(error)
        try:
            self.publish(decision, failure)
        except ItsmError as error:
            failure, decision = error, self.failed(error)
        if failure is not None:
            failures[self.forge.number or 0] = failure
        return decision

    def begin(self, connection: Connection, head: str, keep: Callable[[str], bool] = lambda _: False) -> None:
        """Whatever was published of a commit before is taken back, once, but for an approval that is to be kept."""
        if self.begun == head:
            return
        self.begun = head
        to = (self.forge.publish, self.forge.comment, self.forge.comment_as, self.forge.issue)
        self.publisher = connection.publisher(head, *to)
        if self.publisher is not None:
            self.publisher.begin(keep)

    def _told(self, pull_request: PullRequest) -> None:
        if self.forge.keep is not None:
            import orjson

            from itsm_as_code.cli.output import write_file
            from itsm_as_code.forges.local import pull_request_data

            options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
            write_file(self.forge.keep, orjson.dumps(pull_request_data(pull_request), option=options))

    def _ask(self, decision: Decision) -> None:
        """Ask for the reviews that the verdict suggests. That nobody could be asked changes no verdict, and is said."""
        rows = decision.evidence["approvals"] if self.forge.ask and decision.verdict == "pending" else ()
        names = sorted({name for row in rows for need in row["required"] for name in need["suggested"]})
        if not names:
            return
        from itsm_as_code.clock import parse_instant
        from itsm_as_code.gate.identities import Directory
        from itsm_as_code.gate.root import at_root
        from itsm_as_code.git.repository import Repository
        from itsm_as_code.records.facts import Facts
        from itsm_as_code.validation import load_rule_set

        repository = Repository(self.session.directory)
        base = decision.evidence["base"]
        rule_set = load_rule_set(at_root(repository, base).snapshot(base))
        now = parse_instant(decision.evidence["now"])
        directory = Directory(Facts.of(rule_set.catalogue), now, self.forge.name)
        logins = [login for name in names if (login := directory.login_of(name)) is not None]
        try:
            connect(self.forge, repository).request_reviews(logins)
        except ItsmError as error:
            self.session.say(f"nobody was asked for a review: {error.message}")
        else:
            self.session.say(f"asked for a review: {', '.join(logins)}")

    def failed(self, error: ItsmError) -> Decision:
        """The decision that says that there is none."""
        from datetime import UTC

        from itsm_as_code.clock import format_instant
        from itsm_as_code.gate.decision import error_decision

        moment = self.now or datetime.now(UTC).replace(microsecond=0)
        return error_decision(error.code, f"{error.message}; {error.remedy}", format_instant(moment))

    def publish(self, decision: Decision, failure: ItsmError | None) -> None:
        """Publish, if that was begun. What cannot be published is no verdict: ForgeError, unless there was none."""
        from itsm_as_code.reports.gate import markdown
        from itsm_as_code.reports.notice import notice

        self._ask(decision)
        if self.publisher is not None:
            try:
                self.publisher.finish(notice(decision, mention=self.forge.mention))
            except ItsmError as error:
                if failure is None:
                    raise
                self.session.say(f"nor could that be published: {error.message}")
        if self.forge.summary is not None:
            try:
                with self.forge.summary.open("a", encoding="utf-8") as file:
                    file.write(markdown.render(decision, mention=self.forge.mention))
            except OSError as error:
                raise ItsmError(
                    f"cannot write {self.forge.summary}: {error.strerror}", remedy="name another file with --summary"
                ) from None
