"""The options of `itsm gate` that are about the evidence of a verdict: checking it, and signing it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from itsm_as_code.cli._options import option_group
from itsm_as_code.cli.output import Session, write_file
from itsm_as_code.errors import UsageError
from itsm_as_code.reports import formats


@dataclass(frozen=True, slots=True)
class EvidenceOptions:
    """What to do with evidence; paths are as they were given."""

    verify: str | None
    allowed_signers: Path | None
    require_signature: bool
    sign: Path | None

    def check(self, session: Session) -> None:
        """UsageError for options that do not go together."""
        if self.verify is not None and session.format not in formats("verify"):
            raise UsageError("--verify answers as text or json", remedy="leave out --format, or say --format json")
        if self.verify is None and (self.allowed_signers or self.require_signature):
            raise UsageError("--allowed-signers and --require-signature go with --verify", remedy="add --verify FILE")
        if self.sign is not None and (session.output is None or session.format not in ("json", "in-toto")):
            remedy = "add --format json --output FILE; the signature goes to FILE.sig"
            raise UsageError("--sign signs a file of evidence", remedy=remedy)


evidence_options = option_group(
    "evidence",
    EvidenceOptions,
    click.option("--verify", metavar="FILE", help="Judge again what evidence records, and compare."),
    click.option(
        "--allowed-signers",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Who may sign evidence, not people/ of the branch.",
    ),
    click.option("--require-signature", is_flag=True, help="Refuse evidence that nobody signed."),
    click.option(
        "--sign", type=click.Path(path_type=Path), metavar="KEY", help="Sign the evidence of --output with an SSH key."
    ),
)
"""For `itsm gate`, which gets them as ``evidence``."""


def keep(options: EvidenceOptions, session: Session) -> None:
    """Sign the file that was written."""
    from itsm_as_code.gate.endorsement import beside, endorse

    if options.sign is not None and session.output is not None:
        signature = endorse(session.output.read_bytes(), options.sign.expanduser())
        write_file(beside(session.output), signature.encode())
        session.say(f"signed: {beside(session.output)}")


def verify(options: EvidenceOptions, session: Session, base: str | None) -> int:
    """Check evidence, and print the answer: exit code 0 it holds, 1 it does not; ItsmError when that cannot be told.

    It has to be of a merge into ``base``, or into the default branch, at some time of its history: rules, people and
    keys of somewhere else prove nothing.
    """
    from itsm_as_code.cli._default_branch import default_branch
    from itsm_as_code.gate.endorsement import evidence_file, signer_of
    from itsm_as_code.gate.replay import Damaged, check_base, replay
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.reports.verify import Verification, intact

    repository = Repository(session.directory)
    file = evidence_file(Path(options.verify or ""))
    into = repository.commit(base or default_branch(repository))
    try:
        data = intact(file.content)
        if file.signature is None and options.require_signature:
            raise Damaged("nobody signed it")
        check_base(repository, data, into)
        repository = at_root(repository, into)
        signer = signer_of(file, repository.snapshot(into), session.instant(None), options.allowed_signers)
        result = Verification(replay(repository, data), signer)
    except Damaged as damaged:
        result = Verification(None, None, damaged.message)
    session.report("verify", result)
    return result.exit_code
