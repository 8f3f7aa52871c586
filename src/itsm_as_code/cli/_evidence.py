"""The options of `itsm gate` that are about the evidence of a verdict: checking it, and signing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from itsm_as_code.cli.output import Session, write_file
from itsm_as_code.errors import ItsmError, UsageError

if TYPE_CHECKING:
    from itsm_as_code.gate.replay import Replay
    from itsm_as_code.git.repository import Repository

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class EvidenceOptions:
    """What to do with evidence; paths are as they were given."""

    verify: str | None
    allowed_signers: Path | None
    require_signature: bool
    sign: Path | None

    def check(self, session: Session) -> None:
        """UsageError for options that do not go together."""
        if self.verify is not None and session.format not in ("text", "json"):
            raise UsageError("--verify answers as text or json", remedy="leave out --format, or say --format json")
        if self.verify is None and (self.allowed_signers or self.require_signature):
            raise UsageError("--allowed-signers and --require-signature go with --verify", remedy="add --verify FILE")
        if self.sign is not None and (session.output is None or session.format not in ("json", "in-toto")):
            remedy = "add --format json --output FILE; the signature goes to FILE.sig"
            raise UsageError("--sign signs a file of evidence", remedy=remedy)


def evidence_options(function: Function) -> Function:
    """Adds the options to a command, which gets them as ``evidence``."""
    path = click.Path(path_type=Path)
    options = [
        click.option("--verify", metavar="FILE", help="Judge again what evidence records, and compare."),
        click.option(
            "--allowed-signers",
            type=path,
            metavar="FILE",
            help="Who may sign evidence, not people/ of the branch.",
        ),
        click.option("--require-signature", is_flag=True, help="Refuse evidence that nobody signed."),
        click.option("--sign", type=path, metavar="KEY", help="Sign the evidence of --output with an SSH key."),
    ]

    def wrapped(*positional: Any, **arguments: Any) -> Any:
        names = ("verify", "allowed_signers", "require_signature", "sign")
        found = EvidenceOptions(**{name: arguments.pop(name) for name in names})
        return function(*positional, evidence=found, **arguments)

    wrapped.__name__, wrapped.__doc__ = function.__name__, function.__doc__
    wrapped.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


def keep(options: EvidenceOptions, session: Session) -> None:
    """Sign the file that was written."""
    from itsm_as_code.gate.endorsement import endorse

    if options.sign is not None and session.output is not None:
        signature = endorse(session.output.read_bytes(), options.sign.expanduser())
        write_file(_beside(session.output), signature.encode())
        session.say(f"signed: {_beside(session.output)}")


def verify(options: EvidenceOptions, session: Session, base: str | None) -> int:
    """Check evidence, and print the answer: exit code 0 it holds, 1 it does not; ItsmError when that cannot be told.

    It has to be of a merge into ``base``, or into the default branch, at some time of its history.
    """
    from itsm_as_code.cli._default_branch import default_branch
    from itsm_as_code.gate.replay import Damaged
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.reports.verify import FORMATS, Verification

    repository = Repository(session.directory)
    content, signature = evidence_file(Path(options.verify or ""))
    into = repository.commit(base or default_branch(repository))
    try:
        result = Verification(*checked(options, session, repository, content, signature, into))
    except Damaged as damaged:
        result = Verification(None, None, damaged.message)
    session.write(FORMATS[session.format](result))
    return result.exit_code


def checked(
    options: EvidenceOptions, session: Session, repository: Repository, content: bytes, signature: str | None, into: str
) -> tuple[Replay, str | None]:
    """Evidence judged again, and who signed it; Damaged when it is not what was written, or not signed as it has to.

    ``into`` is the commit that it was for, or a later one: rules, people and keys of somewhere else prove nothing.
    """
    from itsm_as_code.gate.replay import Damaged, check_base, replay
    from itsm_as_code.reports.verify import intact

    data = intact(content)
    if signature is None and options.require_signature:
        raise Damaged("nobody signed it")
    check_base(repository, data, into)
    signer = _signer(options, session, repository, into, content, signature)
    return replay(repository, data), signer


def evidence_file(path: Path) -> tuple[bytes, str | None]:
    """The bytes of a file, and the signature that lies beside it (FILE.sig), if one does."""
    try:
        beside = _beside(path)
        return path.read_bytes(), beside.read_text("utf-8", "replace") if beside.is_file() else None
    except OSError as error:
        raise ItsmError(f"cannot read {path}: {error.strerror}", remedy="name a file of evidence") from None


def _signer(
    options: EvidenceOptions,
    session: Session,
    repository: Repository,
    into: str,
    content: bytes,
    signature: str | None,
) -> str | None:
    from itsm_as_code.gate.endorsement import endorser
    from itsm_as_code.records.catalogue import load_catalogue
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import registry_of

    if signature is None:
        return None
    allowed = None
    if options.allowed_signers is not None:
        allowed = allowed_signers(options.allowed_signers)
    snapshot = repository.snapshot(into)
    people = Facts.of(load_catalogue(snapshot, registry_of(snapshot)))
    return endorser(content, signature, people, session.instant(None), allowed)


def allowed_signers(file: Path) -> list[tuple[str, str]]:
    """Names and keys of an allowed-signers file."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ItsmError(f"cannot read {file}: {reason}", remedy="see ssh-keygen(1), ALLOWED SIGNERS") from None
    return [_allowed(line) for line in lines if line.strip() and not line.startswith("#")]


def _allowed(line: str) -> tuple[str, str]:
    """Name and key of a line ``name [options] type base64 [comment]`` of ssh-keygen(1), ALLOWED SIGNERS."""
    fields = line.split()
    kinds = ("ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-")
    at = next((index for index, field in enumerate(fields) if index and field.startswith(kinds)), None)
    if at is None or at + 1 >= len(fields):
        raise ItsmError("a line of the allowed signers names no key", remedy="write: name ssh-ed25519 AAAA...")
    return fields[0], f"{fields[at]} {fields[at + 1]}"


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".sig")
