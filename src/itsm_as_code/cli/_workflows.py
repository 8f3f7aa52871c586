"""The workflows of a new repository, at git's top, wherever below it the records lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from itsm_as_code.cli import _tool
from itsm_as_code.cli._options import ForgeChoice, check_text, option_group

_OWN = b"run: python -m pip install --quiet --disable-pip-version-check ."
_GH_HELPER = b'"!gh auth git-credential"'
_GITEA_HELPER = b"""'!f() { test "$1" = get && printf "username=itsm\\npassword=%s\\n" "$GITEA_TOKEN"; }; f'"""
_ISSUE = "ci/issue.yml"
_PERMISSIONS = b"permissions: {}\n"
_RENAME = "rename the folder: workflows name it, and they are UTF-8"


@dataclass(frozen=True, slots=True)
class FlowOptions:
    """Where pull requests live, how the verdict is shown there, and what the workflows install."""

    forge: str
    verdict: str
    tool: str | None
    wheels: Path | None
    upgrade: bool


flow_options = option_group(
    "flow",
    FlowOptions,
    click.option(
        "--forge",
        type=ForgeChoice(["github", "gitlab", "gitea", "local"]),
        default="github",
        show_default=True,
        help="Where pull requests live; forgejo is read as gitea.",
    ),
    click.option(
        "--verdict",
        type=click.Choice(["job", "status"]),
        default="job",
        show_default=True,
        help="How GitHub shows it: as a job that is red until approved, or a status that waits (needs a GitHub App).",
    ),
    click.option(
        "--tool",
        metavar="WHEEL|REQUIREMENT",
        help="What the workflows install: the file of a wheel (with #sha256=... it is compared), or a requirement "
        "with its hash. A wheel of the running program otherwise.",
    ),
    click.option(
        "--wheels",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        metavar="DIR",
        help="Wheels of all that the tool needs, to be kept in the repository: no index is asked then.",
    ),
    click.option(
        "--upgrade", is_flag=True, help="Write workflows, tool and schemas of a repository anew, and nothing else."
    ),
)
"""For `itsm init`, which gets them as ``flow``."""


def prefix_of(target: Path) -> str:
    """The way from git's top to a folder that may be yet to come, with a ``/`` at its end; empty outside of git."""
    whole = target.resolve()
    top = _top(whole) or whole
    return "" if top == whole else f"{whole.relative_to(top).as_posix()}/"


def is_in_git(target: Path) -> bool:
    return _top(target.resolve()) is not None


def _top(whole: Path) -> Path | None:
    return next((place for place in (whole, *whole.parents) if (place / ".git").exists()), None)


def workflows(forge: str, verdict: str, prefix: str) -> dict[str, bytes]:
    """The files of a forge, by their place below the records; in a larger repository by names that are hardly taken."""
    top = "../" * prefix.count("/")
    if forge != "local":
        check_text([prefix], _RENAME)
    if forge == "github":
        name = f"{top}.github/workflows/{'itsm-' if prefix else ''}"
        return {f"{name}{file}": _github(text, prefix) for file, text in _of_github(verdict).items()}
    if forge == "gitea":  # Forgejo looks there as well
        name = f"{top}.gitea/workflows/{'itsm-' if prefix else ''}"
        return {f"{name}{file}": _gitea(text, prefix) for file, text in _of_gitea().items()}
    if forge == "gitlab":
        place = "ci/gitlab.yml" if prefix else ".gitlab-ci.yml"
        return {place: _gitlab("gitlab-ci.yml", prefix), "ci/authorise.yml": _gitlab("gitlab-authorise.yml", prefix)}
    return {}


def of_issues(forge: str, prefix: str) -> dict[str, bytes]:
    """The workflow that makes records of submitted issues, by its place below the records."""
    from itsm_as_code import shipped

    check_text([prefix], _RENAME)
    if forge == "gitlab":
        return {_ISSUE: _gitlab("gitlab-issue.yml", prefix)}
    folder, template, write = _DOORS[forge]
    place = f"{folder}/workflows/{'itsm-' if prefix else ''}issue.yml"
    return {place: write(shipped.starter(template).encode(), prefix)}


def _of_github(verdict: str) -> dict[str, bytes]:
    from itsm_as_code import shipped

    found = {name: shipped.files("workflows", name)[name] for name in shipped.WORKFLOWS}
    found["reminders.yml"] = shipped.starter("reminders.yml").encode()
    if verdict == "status":
        del found["gate.yml"]
        found |= {name: shipped.starter(name).encode() for name in ("verdict.yml", "asked.yml")}
    return found


def _of_gitea() -> dict[str, bytes]:
    from itsm_as_code import shipped

    own = {f"{name}.yml": shipped.starter(f"gitea-{name}.yml").encode() for name in ("gate", "evidence")}
    return own | {"reminders.yml": shipped.starter("reminders.yml").encode()}


def _gitea(text: bytes, prefix: str) -> bytes:
    """As for GitHub, but the token has another name, and git is told it without a program of GitHub's."""
    text = text.replace(b"--forge github", b"--forge gitea").replace(b"GH_TOKEN:", b"GITEA_TOKEN:")
    return _github(text.replace(_GH_HELPER, _GITEA_HELPER), prefix)


def _github(text: bytes, prefix: str) -> bytes:
    """A workflow of this project, which installs what the repository fixes instead of this project's checkout."""
    fixed = "run: |\n          " + _tool.install(" " * 10)
    text = text.replace(_OWN, fixed.encode()).replace(b"Install itsm from the base", b"Install itsm")
    if prefix and b"        run: " in text:
        folder = prefix.removesuffix("/").encode()
        there = b"defaults:\n  run:\n    working-directory: " + folder + b" # where the records lie\n"
        text = text.replace(_PERMISSIONS, _PERMISSIONS + b"\n" + there, 1)
        text = text.replace(b"          path: site\n", b"          path: " + folder + b"/site\n")
        if b"actions/checkout" not in text:  # nothing lies there
            text = text.replace(b"\n" + there, b"", 1)
    return text


_DOORS = {"github": (".github", "issue.yml", _github), "gitea": (".gitea", "gitea-issue.yml", _gitea)}


def _gitlab(template: str, prefix: str) -> bytes:
    from itsm_as_code import shipped

    pip = "--root-user-action ignore "
    ways = {
        "install from what was fetched": _tool.install(" " * 6, "FETCH_HEAD", "-C fixed ", pip, prefix),
        "install from the checkout": _tool.install(" " * 6, "HEAD", "", pip, prefix),
    }
    text = shipped.starter(template)
    for key, value in ways.items():
        text = text.replace("{{ " + key + " }}", value)
    text = text.replace("{{ issue }}", f"{prefix}{_ISSUE}")
    if prefix:
        for command in ("report", "import"):  # they read files, the others git
            text = text.replace(f"-C records {command} ", f"-C records/{prefix.removesuffix('/')} {command} ")
        text = text.replace("itsm build -o public", f'itsm -C {prefix.removesuffix("/")} build -o "$PWD/public"')
    return text.encode()
