"""Random edits of a repository with records of every kind: of records, policies, people, calendars, schemas, packs and
itsm.yaml, and of the time at which it is built.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import yaml

from itsm_as_code import shipped
from itsm_as_code.compliance import Known, Trend
from itsm_as_code.compliance.known import NOTHING
from itsm_as_code.site.views.context import NO_PAST, Past
from itsm_as_code.validation import Validation, validate
from tests.conftest import NOW, SMALL
from tests.site.transcript import HERE
from tests.snapshots import Memory, folder

SCHEMA = "schemas/supplier.schema.json"
PACKS = ("change-enablement", "operations", "service-design")
BUREAU = "changes/2026/11/18/chg-20261118-bureau-score-v4.yaml"
LEVELS = (
    (SMALL / "itsm.yaml").read_bytes()
    + b"""
  policies: {levels: [{name: bronze, policies: [backout-is-planned]}]}
"""
)


@dataclass
class Repository:
    """Files of a repository, and when and as what it is built."""

    now: datetime = NOW
    revision: str = "0" * 40
    files: dict[str, Any] = field(default_factory=lambda: _files())
    removed: dict[str, Any] = field(default_factory=dict)
    trend: Trend | None = None
    feeds: dict[tuple[str, str], bytes] = field(default_factory=dict)
    beside: Known = NOTHING
    past: Past = NO_PAST

    def validated(self) -> Validation:
        return validate(Memory(self.files), self.now)

    def paths(self, part: str) -> list[str]:
        """Records in a folder, or with that in their path, in order."""
        return sorted(path for path in self.files if part in path and path.endswith(".yaml") and path != "itsm.yaml")

    def change(self, path: str, edit: Callable[[Any], None]) -> None:
        data = yaml.load(self.files[path], yaml.CSafeLoader)
        edit(data)
        self.files[path] = yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False)


def _files() -> dict[str, Any]:
    """Both organisations, with a level, and a proposed change of a service that there is."""
    files = {**folder(SMALL), **folder(HERE / "organisation"), "itsm.yaml": LEVELS}
    return files | {BUREAU: files[BUREAU].replace(b"[loan-decisioning]", b"[payments-api]")}


def edit(repository: Repository, random_: random.Random) -> str:
    """Make one edit; says which."""
    name = random_.choices(list(EDITS), [weight for weight, _ in EDITS.values()])[0]
    return f"{name}: {EDITS[name][1](repository, random_)}"


def _title(repository: Repository, random_: random.Random) -> str:
    path = random_.choice(repository.paths(""))

    def titled(data: Any) -> None:
        data["metadata"]["title"] = f"Title {random_.randrange(1000)}"

    repository.change(path, titled)
    return path


def _text(repository: Repository, random_: random.Random, part: str = "") -> str:
    """Another text, number or day somewhere in a record, valid or not."""
    path = random_.choice(repository.paths(part))
    said = []

    def changed(data: Any) -> None:
        places = list(_scalars(data["spec"]))
        if not places:
            return
        holder, key = random_.choice(places)
        said.append(key)
        value = holder[key]
        if isinstance(value, bool):
            holder[key] = not value
        elif isinstance(value, int):
            holder[key] = max(1, value + random_.choice((-1, 1)))
        elif isinstance(value, str) and value[:2] == "20" and value[4:5] == "-":
            holder[key] = value[:8] + f"{random_.randint(1, 28):02d}" + value[10:]
        else:
            others = [h[k] for h, k in _scalars(data["spec"]) if k == key]
            holder[key] = random_.choice([*others, f"{value} more"])

    repository.change(path, changed)
    return f"{path} {said}"


def _scalars(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(item, (dict, list)):
            yield from _scalars(item)
        elif isinstance(item, (str, int)):
            yield value, key


def _state(repository: Repository, random_: random.Random) -> str:
    """The status of a change or an incident."""
    path = random_.choice(repository.paths("changes/2026") + repository.paths("incidents"))
    states = ("proposed", "scheduled", "implementing", "implemented", "closed", "new", "in-progress", "resolved")

    def changed(data: Any) -> None:
        data["spec"]["status"] = random_.choice(states)

    repository.change(path, changed)
    return path


def _reference(repository: Repository, random_: random.Random) -> str:
    """What a service depends on or who owns it, or what a change or an incident is about."""
    services = [path.rsplit("/", 1)[1][:-5] for path in repository.paths("services/") if path.count("/") == 1]
    teams = [path.rsplit("/", 1)[1][:-5] for path in repository.paths("people/teams")]
    path = random_.choice(repository.paths("services/") + repository.paths("changes/2026"))

    def changed(data: Any) -> None:
        spec = data["spec"]
        if data["kind"] == "Service":
            spec["dependsOn"] = [{"service": random_.choice(services), "strength": random_.choice(("hard", "soft"))}]
            spec["owner"] = random_.choice(teams)
        elif "services" in spec:
            spec["services"] = random_.sample(services, 2)

    repository.change(path, changed)
    return path


def _remove(repository: Repository, random_: random.Random) -> str:
    path = random_.choice(repository.paths(""))
    repository.removed[path] = repository.files.pop(path)
    return path


def _restore(repository: Repository, random_: random.Random) -> str:
    if not repository.removed:
        return _copy(repository, random_)
    path = random_.choice(sorted(repository.removed))
    repository.files[path] = repository.removed.pop(path)
    return path


def _copy(repository: Repository, random_: random.Random) -> str:
    """A record like another one, under another name."""
    path = random_.choice(repository.paths(""))
    name = path.rsplit("/", 1)[1][:-5]
    fresh = f"{name[:-1]}{random_.randrange(10)}" if name[-1].isdigit() else f"{name}-{random_.randrange(10)}"
    other = path.replace(name, fresh)
    repository.files[other] = repository.files[path]
    repository.change(other, lambda data: data["metadata"].update(name=fresh))
    return other


def _settings(repository: Repository, random_: random.Random) -> str:
    """Time zone, names, addresses and packs in itsm.yaml."""
    packs = random_.sample(PACKS, random_.randint(0, 2))

    def changed(data: Any) -> None:
        spec = data.setdefault("spec", {})
        spec["timezone"] = random_.choice(("Europe/Berlin", "UTC", "America/New_York"))
        spec["site"] = {**spec.get("site", {}), "title": f"Site {random_.randrange(10)}"}
        spec["policies"] = {"packs": [{"name": name, "version": "1"} for name in packs]}

    repository.change("itsm.yaml", changed)
    return str(packs)


def _schema(repository: Repository, random_: random.Random) -> str:
    """A schema of one's own over a shipped one."""
    text = shipped.files("schemas", "supplier.schema.json")["supplier.schema.json"].decode()
    repository.files[SCHEMA] = text.replace('"title": "Supplier"', f'"title": "Supplier {random_.randrange(9)}"')
    return SCHEMA


def _clock(repository: Repository, random_: random.Random) -> str:
    """Later, or earlier, by an hour, days or weeks."""
    step = random_.choice((timedelta(hours=1), timedelta(days=1), timedelta(days=9), -timedelta(days=3)))
    repository.now += step
    return str(step)


def _revision(repository: Repository, random_: random.Random) -> str:
    repository.revision = f"{random_.getrandbits(160):040x}"
    return repository.revision


def _in(part: str) -> Callable[[Repository, random.Random], str]:
    return lambda repository, random_: _text(repository, random_, part)


EDITS: dict[str, tuple[int, Callable[[Repository, random.Random], str]]] = {
    "title": (4, _title),
    "text": (6, _text),
    "state": (4, _state),
    "reference": (3, _reference),
    "policy": (2, _in("policies/")),
    "people": (2, _in("people/")),
    "calendar": (2, _in("calendars/")),
    "agreement": (2, _in("agreements/")),
    "remove": (3, _remove),
    "restore": (2, _restore),
    "copy": (3, _copy),
    "settings": (1, _settings),
    "schema": (1, _schema),
    "clock": (3, _clock),
    "revision": (1, _revision),
}
"""Each kind of edit with its weight."""
