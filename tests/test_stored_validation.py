"""All that is known of a tree by an earlier run is what judging everything would say of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from itsm_as_code.cache import Cache
from itsm_as_code.clock import Interval
from itsm_as_code.errors import ItsmError
from itsm_as_code.findings import RecordId
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.lazy import LazyCatalogue
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.stored_validation import standing
from itsm_as_code.validation import Validation
from tests.conftest import NOW, Workshop
from tests.edits import FOLDERS, Edits, organisation
from tests.test_stored_findings import OF_RECORDS, settled


def told(validation: Validation) -> dict[str, Any]:
    """Everything that somebody can ask a validation and its catalogue."""
    catalogue = validation.catalogue
    ids = [*catalogue.records, RecordId("Service", "nobody"), RecordId("Person", "nobody"), RecordId("Nothing", "x")]
    kinds = [*validation.registry.kinds, "Nothing"]
    return {
        "findings": validation.findings,
        "outcomes": list(validation.outcomes),
        "counted": len(validation.outcomes),
        "waivers": [(item.record.id, item.state, item.until, item.rule, item.subjects) for item in validation.waivers],
        "policies": validation.policies,
        "settings": validation.configuration,
        "now": validation.now,
        "records": [replace(record, kind=None, content=None, oid=None) for record in catalogue],  # type: ignore[arg-type]
        "size": (len(catalogue), [record.id for record in catalogue.packed]),
        "paths": [*catalogue.by_path],
        "files": sorted((path, item) for item, path, _ in catalogue.files()),
        "versions": [catalogue.version(item) for item in ids],
        "broken": {kind: [record.id for record in catalogue.broken(kind)] for kind in kinds},
        "names": {kind: (catalogue.names(kind), [item.name for item in catalogue.of_kind(kind)]) for kind in kinds},
        "findings of files": catalogue.findings,
        "referrers": {
            item: [(record.id, pointer) for record, pointer in catalogue.referrers.get(item, ())] for item in ids
        },
        "taken over": {kind: sorted(validation.facts.names_taken_over(kind)) for kind in kinds},
        **of_changes(validation, [record.name for record in catalogue if record.id.kind in ("Service", "ChangeModel")]),
    }


def of_changes(validation: Validation, names: list[str]) -> dict[str, Any]:
    """What an index knows of changes, some of it by the names of services and models."""
    facts, months = validation.facts, [NOW + timedelta(days=30 * number) for number in range(-20, 10)]
    return {
        "blamed": dict(facts.blamed),
        "times": (
            facts.times.rows,
            facts.times.timeless,
            [facts.times.within(Interval(NOW, at)) for at in months[20:]],
        ),
        "to come": (facts.changes_to_come, facts.changes_of_releases),
        "history": [(facts.change_history.at(at), facts.model_history.at(at)) for at in months],
        "ended": [(facts.outcomes_by_service.get(name, {}), facts.outcomes_by_model.get(name, {})) for name in names],
        "by model": [facts.changes_by_model.get(name, []) for name in names],
        "some": facts.some("Change", [*sorted(facts.times.rows), "nothing"]),
    }


class Both:
    """A repository judged by an index and without, as a commit and as a work tree."""

    def __init__(self, shop: Workshop, folder: Path) -> None:
        self.shop, self._folder = shop, folder
        self.wrong: list[str] = []
        self.by_index = self.judged = 0

    def compare(self, what: str, now: datetime = NOW) -> None:
        for is_tree in (False, True):
            snap = WorkTree(self.shop.path) if is_tree else Repository(self.shop.path).snapshot(self.shop.tip())
            stored = StoredRecords(Cache(self._folder))
            try:
                right = told(standing(snap, None, lambda _: now))
            except ItsmError:
                with pytest.raises(ItsmError):
                    standing(snap, stored, lambda _: now)
                continue
            found = standing(snap, stored, lambda _: now)
            self.judged += 1
            self.by_index += isinstance(found.catalogue, LazyCatalogue)
            said = told(found)
            form = "files" if is_tree else "commit"
            self.wrong += [f"{key} ({form}): {what}" for key in right if right[key] != said[key]]

    def run(self, seed: int, folders: tuple[str, ...] = OF_RECORDS) -> None:
        """Edit, and judge both ways; the edits of every fifth seed stay for those that follow."""
        shop, chance, base = self.shop, random.Random(seed), self.shop.tip()
        what = Edits(shop, seed, folders).make(chance.randint(1, 4))
        shop.commit()
        for _ in range(2):
            self.compare(f"{seed}: {what}", NOW + timedelta(minutes=chance.randint(0, 60)))
        self.compare(f"{seed}, later: {what}", NOW + timedelta(days=chance.choice((-30, 1, 7, 40))))
        if seed % 5:
            shop.git("reset", "-q", "--hard", base)


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Both:
    """The organisation of this repository, judged once."""
    found = Both(organisation(tmp_path / "repository"), tmp_path / "cache")
    settled(found.shop, monkeypatch)
    found.compare("as it is")
    return found


@pytest.mark.parametrize(("seed", "folders"), [(0, OF_RECORDS), (3, FOLDERS)])
def test_what_is_known_by_an_index_is_what_judging_says(both: Both, seed: int, folders: tuple[str, ...]) -> None:
    both.run(seed, folders)
    assert both.wrong == []
    assert both.by_index > 1


WAIVER = """\
apiVersion: itsm/v1
kind: Waiver
metadata: {name: at-peak, title: For a while}
spec:
  check: redundant-at-peak
  records: [{kind: Service, name: container-platform-frankfurt}]
  reason: It takes time.
  risk: Some.
  requester: yusuf-arslan
  approver: samuel-okafor
  from: "2026-11-20T00:00:00Z"
  until: "2026-12-04T00:00:00Z"
"""


def test_a_waiver_of_a_check_is_unneeded_once_another_record_is_mended(both: Both) -> None:
    """What judges was touched by the waiver, and nothing but a check looks from one cluster at the other."""
    both.shop.write("policies/waivers/at-peak.yaml", WAIVER)
    both.shop.commit()
    both.compare("waived")
    file = next(both.shop.path.rglob("container-platform-berlin.yaml"))
    data = yaml.load(file.read_bytes(), yaml.CSafeLoader)
    for measure in data["spec"]["capacity"]:
        measure["limit"] *= 10
    file.write_text(yaml.dump(data, sort_keys=False))
    both.shop.commit()
    before = both.by_index
    both.compare("mended")
    assert both.wrong == []
    assert both.by_index == before + 2


@pytest.mark.deep
@pytest.mark.parametrize("part", range(10))
def test_what_is_known_by_an_index_after_100_edits(
    both: Both, record_property: Callable[[str, object], None], part: int
) -> None:
    for seed in range(10 * part, 10 * part + 10):
        both.run(seed, FOLDERS if seed % 4 == 0 else OF_RECORDS)
    record_property("Edits", f"10|{len(both.wrong)} of {both.judged} differ|{both.by_index} by an index")
    assert both.wrong == []
