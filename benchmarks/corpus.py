"""A corpus of services and changes, the same for the same seed: people and teams, then records of about 1.7 kB each."""

from __future__ import annotations

import random
from pathlib import Path

import yaml

SEED = 20261122
VERBS = ("Move", "Upgrade", "Split", "Replace", "Tune", "Harden", "Retire", "Scale")
THINGS = (
    "the session store",
    "the queue",
    "the search index",
    "the certificate chain",
    "the load balancer",
    "the cache",
)


def write(root: Path, services: int, changes: int, seed: int = SEED, *, agreements: bool = False) -> list[Path]:
    """Write a valid repository of records; gives the paths of the services and changes, and of agreements if wanted."""
    random_ = random.Random(seed)
    teams = max(4, services // 100)
    _save(root / "itsm.yaml", {"apiVersion": "itsm/v1", "kind": "Configuration", "spec": {"timezone": "Europe/Berlin"}})
    people = [f"person-{number:04d}" for number in range(teams * 4)]
    for name in people:
        _record(root / f"people/{name}.yaml", "Person", name, {"emails": [f"{name}@example.org"]})
    for number in range(teams):
        members = people[number * 4 : number * 4 + 4]
        spec = {"members": members, "lead": members[0]}
        _record(root / f"people/teams/team-{number:03d}.yaml", "Team", f"team-{number:03d}", spec)
    names = [f"service-{number:05d}" for number in range(services)]
    paths = [_service(root, names, index, teams, random_) for index in range(services)]
    paths += [_change(root, names, people, number, random_) for number in range(changes)]
    if agreements:
        paths += [_agreement(root, name, teams, random_) for name in names]
    return paths


def _text(random_: random.Random, words: int) -> str:
    vocabulary = (
        "order",
        "ledger",
        "zone",
        "answer",
        "queue",
        "before",
        "after",
        "each",
        "night",
        "customer",
        "waits",
        "drains",
    )
    return " ".join(random_.choice(vocabulary) for _ in range(words)).capitalize() + "."


def _service(root: Path, names: list[str], index: int, teams: int, random_: random.Random) -> Path:
    earlier = names[max(0, index - 200) : index]
    needs = random_.sample(earlier, min(len(earlier), random_.randint(0, 4)))
    spec = {
        "owner": f"team-{random_.randrange(teams):03d}",
        "stage": "catalogue",
        "lifecycle": "live",
        "tier": random_.randint(3, 4),
        "type": random_.choice(("business", "application", "infrastructure")),
        "valueProposition": _text(random_, 16),
        "support": {"channel": "service desk", "email": "desk@example.org", "escalation": _text(random_, 10)},
        "dependsOn": [
            {"service": name, "strength": random_.choice(("hard", "soft")), "note": _text(random_, 6)} for name in needs
        ],
        "continuity": {"rto": "PT4H", "rpo": "PT15M", "lastTested": "2026-06-01", "plan": _text(random_, 30)},
        "security": {"dataClassification": "confidential", "exposure": "internal", "authentication": "single sign-on"},
        "failureScenarios": [
            {
                "scenario": _text(random_, 8),
                "detection": _text(random_, 8),
                "response": _text(random_, 12),
                "impact": _text(random_, 8),
            }
            for _ in range(2)
        ],
        "runbook": f"https://wiki.example.org/{names[index]}/runbook",
    }
    return _record(root / f"services/{names[index]}.yaml", "Service", names[index], spec)


def _agreement(root: Path, service: str, teams: int, random_: random.Random) -> Path:
    """Everybody promises about the same, so that most promises cannot be kept by what is below them."""
    up = {"name": "availability", "indicator": "availability", "target": random_.choice(("99.5", "99.9", "99.95"))}
    mended = {"name": "mended", "indicator": "time-to-resolve", "target": str(random_.randint(1, 8))}
    spec = {
        "type": "sla",
        "service": service,
        "provider": f"team-{random_.randrange(teams):03d}",
        "customer": {"name": "Everybody"},
        "effective": {"from": "2026-01-01"},
        "objectives": [
            {**up, "unit": "percent", "comparison": "at-least", "window": {"rolling": "P28D"}},
            {**mended, "unit": "hours", "comparison": "at-most", "window": {"rolling": "P28D"}},
        ],
    }
    path = root / f"services/agreements/{service}-sla.yaml"
    return _record(path, "ServiceLevelAgreement", f"{service}-sla", spec)


def _change(root: Path, names: list[str], people: list[str], number: int, random_: random.Random) -> Path:
    month, day = number % 9 + 1, number // 9 % 28 + 1
    name = f"chg-2026{month:02d}{day:02d}-{number:06d}"
    start = f"2026-{month:02d}-{day:02d}T20:00:00Z"
    end = f"2026-{month:02d}-{day:02d}T22:00:00Z"
    spec = {
        "type": "normal",
        "services": random_.sample(names, random_.randint(1, 3)),
        "requester": random_.choice(people),
        "implementers": random_.sample(people, 2),
        "summary": f"{random_.choice(VERBS)} {random_.choice(THINGS)}. {_text(random_, 12)}",
        "justification": _text(random_, 18),
        "risk": {"impact": "medium", "likelihood": "low", "level": "low"},
        "schedule": {"start": start, "end": end},
        "actual": {"start": start, "end": end},
        "outage": {"expected": "none", "minutes": 0},
        "implementation": {"steps": [_text(random_, 12) for _ in range(3)], "minutes": 60},
        "test": {
            "summary": _text(random_, 14),
            "passed": True,
            "evidence": [{"title": "Run", "url": f"https://ci.example.org/{number}"}],
        },
        "backout": {"steps": [_text(random_, 12) for _ in range(2)], "trigger": _text(random_, 8), "minutes": 20},
        "result": "successful",
        "review": {"date": f"2026-{month:02d}-{day:02d}", "by": random_.choice(people), "findings": _text(random_, 12)},
        "status": "closed",
    }
    return _record(root / f"changes/2026/{month:02d}/{day:02d}/{name}.yaml", "Change", name, spec)


def _record(path: Path, kind: str, name: str, spec: dict[str, object]) -> Path:
    metadata = {"name": name, "title": name.replace("-", " ").capitalize()}
    return _save(path, {"apiVersion": "itsm/v1", "kind": kind, "metadata": metadata, "spec": spec})


def _save(path: Path, data: dict[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=110))
    return path
