"""itsm init --upgrade: what the program brings along, written anew into a repository of records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from itsm_as_code.cli import _tool, _workflows
from itsm_as_code.cli._streams import held
from itsm_as_code.cli.output import write_file

if TYPE_CHECKING:
    from itsm_as_code.cli._workflows import FlowOptions
    from itsm_as_code.cli.output import Session


def upgrade(session: Session, top: Path, flow: FlowOptions) -> int:
    """Write workflows, tool and schemas anew; records, rules and ``itsm.yaml`` are left alone, nothing is deleted.

    The workflow of an older check stays: a ruleset that requires it would otherwise wait for it for ever.
    """
    from itsm_as_code import shipped
    from itsm_as_code.configuration import load_configuration
    from itsm_as_code.errors import UsageError
    from itsm_as_code.records.kinds import SUFFIX, KindRegistry
    from itsm_as_code.snapshot import WorkTree

    if not (top / "itsm.yaml").is_file():
        raise UsageError(f"{top} holds no itsm.yaml to upgrade", remedy="go there, or make one: itsm init DIR")
    configuration, _ = load_configuration(WorkTree(top), KindRegistry.load())
    forge = str(configuration.raw.get("forge", {}).get("type", flow.forge))
    if flow.forge not in (forge, "github"):  # the default, which need not have been written
        raise UsageError(
            f"itsm.yaml names the forge {forge}, not {flow.forge}", remedy="change it there first, by a pull request"
        )
    files = {f"schemas/{path}": content for path, content in shipped.files("schemas", SUFFIX).items()}
    tool, installs = _tool.files(forge, flow.tool, flow.wheels)
    files |= tool
    files |= _workflows.workflows(forge, flow.verdict, _workflows.prefix_of(top))
    changed = {path: content for path, content in files.items() if _content(top / path) != content}
    with held():
        for path, content in changed.items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            write_file(top / path, content)
    if installs:
        session.say(installs)
    session.write("".join(f"{path}\n" for path in sorted(changed)) or "all is as this program writes it\n")
    old = top / ("../" * _workflows.prefix_of(top).count("/")) / ".github/workflows/gate.yml"
    if flow.verdict == "status" and old.is_file():
        session.say(
            "gate.yml stays, for the ruleset may still require its job Gate: merge this, require the status 'itsm "
            "gate' of your App instead, and only then delete it"
        )
    session.say("look at the difference (git diff), and propose it by a pull request: it needs governance")
    return 0


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
