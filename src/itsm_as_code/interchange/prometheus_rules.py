"""Prometheus rules: recording rules for the share of failures, and alerts on how fast error budgets burn.

The series are counters with the labels ``service`` and ``objective``, of all events and of good ones; the names of both
may be others. Numbers are exact decimals, so that a target of 99.95 % allows 0.0005 and not 0.000500000000000056.
Format: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from itsm_as_code.findings import Rule
from itsm_as_code.measures.numbers import plain
from itsm_as_code.service_levels.alerts import PAIRS, Alert, Alerts

TITLE: Final = "Prometheus rules"
RULES: Final[tuple[Rule, ...]] = ()
GOOD: Final = "itsm_sli_good_total"
TOTAL: Final = "itsm_sli_events_total"
_WINDOWS: Final = tuple(dict.fromkeys(window for pair in PAIRS for window in (pair.short, pair.long)))


def rules(objectives: Sequence[Alerts], good: str = GOOD, total: str = TOTAL) -> str:
    """The rule file, as YAML: a group for each objective."""
    groups = [line for item in objectives for line in _group(item, good, total)]
    return "\n".join(["groups:" if groups else "groups: []", *groups, ""])


def warnings(objectives: Sequence[Alerts]) -> Iterator[str]:
    """A sentence for each alert whose threshold was raised: under it, it would fire while the budget lasts."""
    for item in objectives:
        raised = [alert.pair.long for alert in item.alerts if alert.raised]
        if raised:
            windows = " and ".join(raised)
            about = f"{item.objective} of {item.agreement}: over {_number(item.days)} days the alert over {windows}"
            yield f"{about} would fire inside the budget; it fires at the rate that uses the budget up"


def _group(item: Alerts, good: str, total: str) -> Iterator[str]:
    labels = f'service="{item.service}",objective="{item.objective}"'
    yield f"  - name: {_text(f'itsm {item.agreement} {item.objective}')}"
    yield "    rules:"
    for window in _WINDOWS:
        share = f"1 - sum(rate({good}{{{labels}}}[{window}])) / sum(rate({total}{{{labels}}}[{window}]))"
        yield f"      - record: {_series(window)}"
        yield f"        expr: {_text(share)}"
        yield from _labels(item)
    for alert in item.alerts:
        yield from _alert(item, alert)


def _alert(item: Alerts, alert: Alert) -> Iterator[str]:
    selector = f'{{service="{item.service}",objective="{item.objective}",agreement="{item.agreement}"}}'
    threshold = _number(alert.threshold)
    both = " and ".join(f"{_series(window)}{selector} > {threshold}" for window in (alert.pair.long, alert.pair.short))
    rate = _number(alert.rate)
    yield "      - alert: ItsmErrorBudgetBurn"
    yield f"        expr: {_text(both)}"
    yield from _labels(item, severity=alert.pair.severity, window=alert.pair.long)
    yield "        annotations:"
    yield f"          summary: {_text(f'The error budget of {item.service} burns {rate} times as fast as it lasts')}"
    said = (
        f"{item.objective} of {item.agreement} promises {item.target} % over {_number(item.days)} days; over "
        f"{alert.pair.long} and {alert.pair.short} more than {threshold} of the events fail."
    )
    yield f"          description: {_text(said)}"


def _labels(item: Alerts, **more: str) -> Iterator[str]:
    yield "        labels:"
    named = {"service": item.service, "objective": item.objective, "agreement": item.agreement, **more}
    for name, value in named.items():
        yield f"          {name}: {_text(value)}"


def _series(window: str) -> str:
    return f"itsm:sli_failed:ratio_rate{window}"


def _number(value: Fraction) -> str:
    return plain(value, 12)


def _text(value: str) -> str:
    """A YAML string in double quotes, which is what JSON writes."""
    return json.dumps(value, ensure_ascii=False)
