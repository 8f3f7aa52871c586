"""itsm gate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._evidence import EvidenceOptions, evidence_options, keep, verify
from itsm_as_code.cli._forge import Connection, ForgeOptions, forge_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._what_if import what_if_options
from itsm_as_code.cli.output import Session
from itsm_as_code.errors import ForgeError, ItsmError, UsageError

if TYPE_CHECKING:
    from itsm_as_code.forges.interface import Publisher, PullRequest
    from itsm_as_code.gate.decision import Decision
    from itsm_as_code.gate.what_if import WhatIf
    from itsm_as_code.git.repository import Repository


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
@common_options("text", "json", "markdown", "github", "in-toto")
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
    """Judge a pull request: approved (exit code 0), pending or rejected (1), could not judge (2).

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
    from itsm_as_code.reports.approval_tree import explanation
    from itsm_as_code.reports.gate import FORMATS

    evidence.check(session)
    if evidence.verify is not None:
        return verify(evidence, session, base)
    forge.check(base, head, reviews, to_file=session.output is not None)
    if what_if is not None and (forge.publish or forge.comment or evidence.sign):
        raise UsageError("a what-if is not published or signed", remedy="leave out --as and --with-...")
    if explain and session.format != "text":
        raise UsageError("--explain prints text", remedy=f"leave out --format {session.format}, which has the tree too")
    run = GateRun(session, base, head, reviews, approvals, forge, cache, what_if)
    failure: ItsmError | None = None
    try:
        decision = run.decide()
    except ItsmError as error:
        failure, decision = error, run.failed(error)
    run.publish(decision, failure)
    if failure is not None and session.format in ("text", "in-toto"):
        raise failure
    report = explanation if explain else FORMATS[session.format]
    session.write(report(decision, decision.sources, colour=session.colour))
    keep(evidence, session)
    if forge.annotate:
        session.show(FORMATS["github"](decision, decision.sources), is_data=True)
    return decision.exit_code


@dataclass
class GateRun:
    """One judgement: the pull request is asked for, judged, and the verdict published, in that order."""

    session: Session
    base: str | None
    head: str | None
    reviews: Path | None
    approvals: str | None
    forge: ForgeOptions
    cache: CacheOptions
    what_if: WhatIf | None = None
    now: datetime | None = None
    publisher: Publisher | None = None

    def decide(self) -> Decision:
        """The decision. As soon as the commit is known, whatever was published of it before is taken back."""
        from itsm_as_code.cli._forge import connect
        from itsm_as_code.forges.local import local_pull_request, with_statements
        from itsm_as_code.gate.queue import judge_group
        from itsm_as_code.git.repository import Repository

        repository = Repository(self.session.directory)
        if self.forge.is_local:
            base, head = repository.commit(self.base or ""), self.head or ""
            pull_request = local_pull_request(repository, base, head, self.reviews, self.approvals)
            now = self._instant(repository, base)
            return self._judge(repository, base, head, pull_request, now)
        connection = connect(self.forge, repository)
        if self.head is not None and self.forge.remote is None:
            self._begin(connection, repository.commit(self.head))
        pull_request = connection.pull_request(repository)
        base, head = self._commits(repository, pull_request)
        if self.publisher is None:
            self._begin(connection, head)
        if self.approvals is not None:
            pull_request = with_statements(pull_request, repository, self.approvals)
        self._keep(pull_request)
        now = self._instant(repository, base)
        if self.forge.group is None:
            return self._judge(repository, base, head, pull_request, now)

        def other(number: int) -> PullRequest:
            found = connection.forge(number).pull_request()
            return found if self.approvals is None else with_statements(found, repository, self.approvals)

        return judge_group(repository, base, head, pull_request, other, now)

    def _judge(
        self, repository: Repository, base: str, head: str, pull_request: PullRequest, now: datetime
    ) -> Decision:
        """The decision, or with a supposition what it would be."""
        from itsm_as_code.gate.judge import judge

        stored = self.cache.records(self.session)
        if self.what_if is None:
            return judge(repository, base, head, pull_request, now, stored)
        self.session.say("WHAT IF: this is no verdict; nobody decided it")
        supposed = self.what_if.pull_request(pull_request, repository.commit(head), now)
        decision = judge(repository, self.what_if.base(repository, base), head, supposed, now, stored)
        return self.what_if.mark(decision, base)

    def _commits(self, repository: Repository, pull_request: PullRequest) -> tuple[str, str]:
        """Base and head: those of the options, else those that the forge names."""
        found = []
        for given, told, option in ((self.base, pull_request.base, "--base"), (self.head, pull_request.head, "--head")):
            revision = given or told
            if revision is None:
                raise ForgeError(f"{option} is not known", remedy=f"name it with {option}")
            try:
                found.append(repository.commit(revision))
            except ItsmError as error:
                if given is None:
                    remedy = "fetch it, or let --fetch do it"
                    raise ForgeError(f"this clone lacks {revision[:12]}", code=error.code, remedy=remedy) from None
                raise
        return found[0], found[1]

    def _instant(self, repository: Repository, base: str) -> datetime:
        from itsm_as_code.configuration import load_configuration
        from itsm_as_code.validation import registry_of

        as_of = None
        if self.session.now is None:
            snapshot = repository.snapshot(base)
            as_of = load_configuration(snapshot, registry_of(snapshot))[0].as_of
        self.now = self.session.instant(as_of)
        return self.now

    def _begin(self, connection: Connection, head: str) -> None:
        self.publisher = connection.publisher(head)
        if self.publisher is not None:
            self.publisher.begin()

    def _keep(self, pull_request: PullRequest) -> None:
        if self.forge.keep is not None:
            import orjson

            from itsm_as_code.cli.output import write_file
            from itsm_as_code.forges.local import pull_request_data

            options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
            write_file(self.forge.keep, orjson.dumps(pull_request_data(pull_request), option=options))

    def failed(self, error: ItsmError) -> Decision:
        """The decision that says that there is none."""
        from datetime import UTC

        from itsm_as_code.clock import format_instant
        from itsm_as_code.gate.decision import error_decision

        moment = self.now or datetime.now(UTC).replace(microsecond=0)
        return error_decision(error.code, f"{error.message}; {error.remedy}", format_instant(moment))

    def publish(self, decision: Decision, failure: ItsmError | None) -> None:
        """Publish, if that was begun. What cannot be published is no verdict: ForgeError, unless there was none."""
        from itsm_as_code.reports.gate_markdown import markdown
        from itsm_as_code.reports.notice import notice

        if self.publisher is not None:
            try:
                self.publisher.finish(notice(decision))
            except ItsmError as error:
                if failure is None:
                    raise
                self.session.say(f"nor could that be published: {error.message}")
        if self.forge.summary is not None:
            try:
                with self.forge.summary.open("a", encoding="utf-8") as file:
                    file.write(markdown(decision, decision.sources))
            except OSError as error:
                raise ItsmError(
                    f"cannot write {self.forge.summary}: {error.strerror}", remedy="name another file with --summary"
                ) from None
