"""Who works in which team, as forges, directories and lists of owners say it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from itsm_as_code.findings import Location
from itsm_as_code.interchange._mapping import key_of
from itsm_as_code.interchange._tables import UnreadableError, json_objects, json_whole, read_rows
from itsm_as_code.interchange._yaml import read_documents

_COLUMNS: Final = {
    "login": ("login", "username", "user name", "user", "uid", "account"),
    "name": ("name", "full name", "display name", "cn"),
    "email": ("email", "e-mail", "mail", "email address", "primary email"),
    "teams": ("teams", "team", "groups", "group"),
    "job": ("job title", "title", "role"),
    "active": ("active", "state", "status"),
}
_GONE: Final = ("false", "no", "0", "inactive", "blocked", "deactivated", "suspended", "disabled", "left", "terminated")
_PEOPLE: Final = {"person", "organizationalperson", "inetorgperson", "posixaccount", "user"}
_GROUPS: Final = {"group", "groupofnames", "groupofuniquenames", "posixgroup"}
_DISABLED: Final = 2
"""ACCOUNTDISABLE of userAccountControl, as Active Directory exports it."""
_FLAGS: Final = re.compile(r"\d{1,10}\Z")
_TOKEN_BOT: Final = re.compile(r"(?:project|group)_\d+_bot")
"""The account of an access token at GitLab."""
_LINE: Final = re.compile(r"([A-Za-z][\w.-]*)(?:;[\w;-]+)?(::?|:<)[ ]*(.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Someone:
    """A person as a source knows them. ``key`` is how teams of the source name them."""

    key: str
    at: Location
    login: str = ""
    name: str = ""
    emails: tuple[str, ...] = ()
    number: int | None = None
    job: str = ""
    is_bot: bool = False
    is_active: bool = True
    has_account: bool = True
    """Whether the login is one at a forge."""


@dataclass(slots=True)
class Group:
    """A team as a source knows it; ``members`` are keys, all there are where it ``is_whole``."""

    name: str
    at: Location
    title: str = ""
    text: str = ""
    parent: str = ""
    slug: str = ""
    """``organisation/team`` where a forge says so."""
    members: dict[str, None] = field(default_factory=dict)
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """What sources tell, and what of them cannot be read."""

    people: dict[str, Someone] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    problems: list[tuple[str, Location]] = field(default_factory=list)

    def add(self, someone: Someone) -> str:
        """Take somebody in; of what is said twice the first counts."""
        self.people.setdefault(someone.key, someone)
        return someone.key

    def group(self, name: str, at: Location, **said: Any) -> Group:
        return self.groups.setdefault(name.casefold(), Group(name, at, **said))


def read_people(sources: Mapping[str, bytes], team: str | None) -> Told:
    """What all sources tell together; ``team`` is whose members lists of accounts are."""
    told = Told()
    aliases = {path for path in sources if PurePath(path).name == "OWNERS_ALIASES"}
    for path in sorted(sources, key=lambda path: path not in aliases):
        try:
            _reader(path, sources[path])(path, sources[path], told, team)
        except UnreadableError as error:
            told.problems.append((str(error), Location(path, error.line, 1)))
    return told


def _reader(path: str, source: bytes) -> Any:
    name = PurePath(path).name
    by_name = {"CODEOWNERS": _codeowners, "OWNERS": _owners, "OWNERS_ALIASES": _aliases}
    by_end = {".ldif": _ldif, ".csv": _csv, ".tsv": _csv}
    if source.lstrip()[:1] in (b"[", b"{"):
        return _json
    found = by_name.get(name) or by_end.get(PurePath(path).suffix.lower())
    if found is None:
        raise UnreadableError("it is neither JSON, LDIF, CSV, CODEOWNERS, OWNERS nor OWNERS_ALIASES by its name")
    return found


# What forges answer


def _json(path: str, source: bytes, told: Told, team: str | None) -> None:
    """Lists of accounts or teams as APIs give them, or all of an organisation as it was fetched."""
    whole = json_whole(source)
    if isinstance(whole, dict) and all(isinstance(whole.get(key), list) for key in ("members", "teams")):
        items = [(item, Location(path, 1, 1)) for item in (*whole["members"], *whole["teams"])]
    else:
        items = json_objects(path, source)
    for item, at in items:
        if not isinstance(item, dict):
            told.problems.append(("it is neither an account nor a team", at))
        elif someone := _account(item, at):
            key = told.add(someone)
            if team is not None:
                told.group(team, at).members[key] = None
        elif not _team(item, at, told):
            told.problems.append(("it is neither an account nor a team", at))


def _account(item: Mapping[str, Any], at: Location) -> Someone | None:
    """GitHub and Gitea call it ``login``, GitLab ``username``."""
    login = item.get("login") or item.get("username")
    if not isinstance(login, str) or not login.strip():
        return None
    emails = [item.get(key) for key in ("email", "public_email")]
    number, state = item.get("id"), str(item.get("state", "active"))
    return Someone(
        login.casefold(),
        at,
        login.strip(),
        str(item.get("name") or item.get("full_name") or "").strip(),
        _addresses(emails),
        number if isinstance(number, int) and not isinstance(number, bool) else None,
        str(item.get("job_title") or "").strip(),
        item.get("type") == "Bot" or item.get("bot") is True or bool(_TOKEN_BOT.match(login)),
        state not in _GONE,
    )


def _addresses(found: Iterable[Any]) -> tuple[str, ...]:
    """Addresses that reach somebody; those that forges make up do not."""
    kept = (str(item).strip() for item in found if item and "@" in str(item))
    return tuple(dict.fromkeys(item for item in kept if "noreply" not in item.casefold()))


def _team(item: Mapping[str, Any], at: Location, told: Told) -> bool:
    name = item.get("slug") or item.get("path") or item.get("name")
    if not isinstance(name, str) or not name.strip():
        return False
    parent, address = item.get("parent"), str(item.get("html_url", ""))
    slug = re.search(r"/orgs/([^/]+)/teams/([^/]+)\Z", address)
    members = item.get("members")
    group = told.group(
        name,
        at,
        title=str(item.get("name") or "").strip(),
        text=str(item.get("description") or "").strip(),
        parent=str(parent.get("slug", "")) if isinstance(parent, dict) else "",
        slug=f"{slug[1]}/{slug[2]}" if slug else "",
        is_whole=isinstance(members, list),
    )
    for member in members if isinstance(members, list) else ():
        if someone := _account(member, at) if isinstance(member, dict) else None:
            group.members[told.add(someone)] = None
        else:
            told.problems.append((f"a member of the team '{name[:60]}' is no account", at))
    return True


# Lists of owners


def _codeowners(path: str, source: bytes, told: Told, _: str | None) -> None:
    """GitHub's form, of which the export has the address, and GitLab's sections."""
    for number, line in enumerate(source.decode("utf-8", "replace").splitlines(), 1):
        text = re.sub(r"(?:^|\s)#.*", "", line)
        text = re.sub(r"^\s*\^?\[[^\]]*\](?:\[\d+\])?", "section", text)
        column = 0
        for owner in re.split(r"(?<!\\)\s+", text.strip())[1:]:
            column = line.find(owner, column) + 1
            at = Location(path, number, column)
            if owner.startswith("@@"):
                continue  # a role of GitLab
            if owner.startswith("@") and "/" in owner:
                told.group(owner.rpartition("/")[2], at, slug=owner[1:], is_whole=False)
            elif owner.startswith("@"):
                told.add(Someone(owner[1:].casefold(), at, owner[1:]))
            elif "@" in owner:
                told.add(Someone(owner.casefold(), at, emails=(owner,)))
            else:
                told.problems.append((f"'{owner[:60]}' is no owner", at))


def _yaml(path: str, source: bytes) -> tuple[Mapping[str, Any], Any]:
    document = next(iter(read_documents(path, source)), None)
    if document is None or not isinstance(document.data, dict):
        line = document.line if document else 1
        raise UnreadableError((document.problem if document else "") or "it holds no fields", line)
    return document.data, document


def _aliases(path: str, source: bytes, told: Told, _: str | None) -> None:
    """https://www.kubernetes.dev/docs/guide/owners/: each alias is a team."""
    data, document = _yaml(path, source)
    aliases = data.get("aliases")
    if not isinstance(aliases, dict):
        raise UnreadableError("it holds no aliases")
    for name, members in aliases.items():
        at = document.at("aliases", name)
        group = told.group(str(name), at)
        for login in _logins(members, f"the alias {name}", at, told):
            group.members[told.add(Someone(login.casefold(), at, login))] = None


def _owners(path: str, source: bytes, told: Told, _: str | None) -> None:
    data, document = _yaml(path, source)
    filters = data.get("filters")
    for part in (data, *(filters.values() if isinstance(filters, dict) else ())):
        for role in ("approvers", "reviewers"):
            at = document.at(role)
            for login in _logins(part.get(role) if isinstance(part, dict) else None, role, at, told):
                if login.casefold() not in told.groups:
                    told.add(Someone(login.casefold(), at, login))


def _logins(listed: Any, what: str, at: Location, told: Told) -> list[str]:
    """The accounts that a list names; whatever is none is told of."""
    items = listed if isinstance(listed, list) else [] if listed is None else [listed]
    found = [item for item in items if isinstance(item, str) and item.strip()]
    if not isinstance(listed, list | None) or len(found) < len(items):
        told.problems.append((f"{what} is no list of accounts", at))
        return []
    return found


# Directories


def _csv(path: str, source: bytes, told: Told, team: str | None) -> None:
    _, rows = read_rows(path, source)
    for row in rows:
        cells = {key_of(column): text for column, text in row.cells.items()}
        said = {name: next((cells[key] for key in keys if key in cells), "") for name, keys in _COLUMNS.items()}
        key = (said["login"] or said["email"] or said["name"]).casefold()
        if row.problem or not key:
            told.problems.append((row.problem or "the row has neither login, email nor name", row.at))
            continue
        active = said["active"].casefold() not in _GONE
        emails = _addresses(re.split(r"[;,\s]+", said["email"]))
        told.add(Someone(key, row.at, said["login"], said["name"], emails, None, said["job"], is_active=active,
                         has_account=False))  # fmt: skip
        for name in filter(None, map(str.strip, [*re.split(r"[;,]", said["teams"]), team or ""])):
            told.group(name, row.at).members[key] = None


def _ldif(path: str, source: bytes, told: Told, _: str | None) -> None:
    """RFC 2849: entries of people and of groups; whatever else a directory holds is none of our business."""
    entries = list(_entries(path, source))
    names: dict[str, str] = {}
    for at, entry in entries:
        classes = {item.casefold() for item in entry.get("objectclass", ())}
        first = {key: values[0] for key, values in entry.items()}
        login = first.get("uid") or first.get("samaccountname", "")
        emails = _addresses(entry.get("mail", ()))
        key = (login or (emails or ("",))[0] or first.get("dn", "")).casefold()
        if classes & _GROUPS or not classes & _PEOPLE or "computer" in classes:
            continue
        control = first.get("useraccountcontrol", "0")
        disabled = bool(_FLAGS.match(control)) and bool(int(control) & _DISABLED)
        name = first.get("displayname") or first.get("cn", "")
        names[first.get("dn", "").casefold()] = key
        told.add(Someone(key, at, login, name, emails, None, first.get("title", ""), is_active=not disabled,
                         has_account=False))  # fmt: skip
    for at, entry in entries:
        if {item.casefold() for item in entry.get("objectclass", ())} & _GROUPS:
            group = told.group(entry.get("cn", [""])[0], at, text=entry.get("description", [""])[0])
            named = [*entry.get("member", ()), *entry.get("uniquemember", ())]
            keys = [names.get(item.casefold(), "") for item in named] + [
                item.casefold() for item in entry.get("memberuid", ())
            ]
            group.members |= dict.fromkeys(filter(None, keys))


def _entries(path: str, source: bytes) -> Iterator[tuple[Location, dict[str, list[str]]]]:
    whole: list[tuple[int, list[str]]] = []
    for number, line in enumerate(source.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n"), 1):
        if line.startswith(" ") and whole:  # it goes on with the one before (RFC 2849, note 2)
            whole[-1][1].append(line[1:])
        else:
            whole.append((number, [line]))
    entry: dict[str, list[str]] = {}
    begin = 1
    for number, parts in [*whole, (0, [])]:
        line = "".join(parts)
        if not line.strip():
            if "dn" in entry:
                yield Location(path, begin, 1), entry
            entry, begin = {}, number + 1
        elif not line.startswith("#"):
            match = _LINE.match(line)
            if match is None:
                raise UnreadableError("a line is not 'attribute: value'", number)
            value = match[3].strip()
            if match[2] == "::":
                try:
                    value = base64.b64decode(value, validate=True).decode()
                except (binascii.Error, UnicodeDecodeError):
                    continue  # a picture, or a password
            entry.setdefault(match[1].casefold(), []).append(value)
