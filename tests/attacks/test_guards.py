"""Guard against attack: with all guards each attack fails, and without its guard it succeeds.

So no guard stands for nothing, and no attack fails for another reason than the one we think. The table of guards and
attacks is printed at the end of the run.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

import pytest

from itsm_as_code.policies.cel import diagnosis
from tests.attacks import (  # their scenarios are among the others
    scenarios_audit,  # noqa: F401
    scenarios_deployments,  # noqa: F401
    scenarios_doors,  # noqa: F401
    scenarios_evidence,  # noqa: F401
    scenarios_history,  # noqa: F401
    scenarios_measurements,  # noqa: F401
    scenarios_paths,  # noqa: F401
    scenarios_renames,  # noqa: F401
    scenarios_root,  # noqa: F401
)
from tests.attacks.guards import GUARDS as GATE_GUARDS
from tests.attacks.guards import Guard
from tests.attacks.guards_audit import AUDIT_GUARDS
from tests.attacks.guards_deployments import DEPLOYMENT_GUARDS
from tests.attacks.guards_doors import DOOR_GUARDS
from tests.attacks.guards_evidence import EVIDENCE_GUARDS
from tests.attacks.guards_history import HISTORY_GUARDS
from tests.attacks.guards_measurements import MEASUREMENT_GUARDS
from tests.attacks.guards_paths import PATH_GUARDS
from tests.attacks.guards_renames import RENAME_GUARDS
from tests.attacks.guards_root import ROOT_GUARDS
from tests.attacks.scenarios import SCENARIOS, prepared
from tests.conftest import Workshop

GUARDS = (
    *(*GATE_GUARDS, *DOOR_GUARDS, *EVIDENCE_GUARDS, *HISTORY_GUARDS, *PATH_GUARDS),
    *(*MEASUREMENT_GUARDS, *RENAME_GUARDS, *ROOT_GUARDS, *DEPLOYMENT_GUARDS, *AUDIT_GUARDS),
)
PAIRS = [(guard, name) for guard in GUARDS for name in guard.stops]


def test_every_guard_has_an_attack_and_every_attack_a_guard() -> None:
    assert [guard.name for guard in GUARDS if not guard.stops] == []
    assert sorted({name for _, name in PAIRS}) == sorted(SCENARIOS)
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)


@pytest.mark.parametrize(("guard", "name"), PAIRS, ids=[f"{guard.name}: {name}" for guard, name in PAIRS])
def test_only_its_guard_stops_an_attack(
    workshop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    guard: Guard,
    name: str,
) -> None:
    attack = prepared(name, workshop)
    assert not attack.succeeds(workshop)
    monkeypatch.setattr(diagnosis, "KNOWN", WeakKeyDictionary())  # what guards said of expressions while they stood
    guard.remove(monkeypatch)
    assert attack.succeeds(workshop), f"{attack.name} fails without the guard '{guard.name}' as well"
    record_property("guard x attack", f"{guard.name}|{attack.number} {attack.name}")
