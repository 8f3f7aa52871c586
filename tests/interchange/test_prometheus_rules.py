"""Alerts on burning error budgets: thresholds by hand, and rules that promtool accepts and acts out."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from itsm_as_code.interchange.prometheus_rules import rules, warnings
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels.alerts import Alerts, alerts
from tests.conftest import ROOT, Run

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not here (Debian's package prometheus)")
WINDOWS = ["P7D", "P28D", "P30D"]


def objectives(window: str, target: str = "99.95") -> list[Alerts]:
    objective = {"name": "up", "indicator": "availability", "target": target, "unit": "percent"}
    objective |= {"comparison": "at-least", "window": {"rolling": window}}  # type: ignore[dict-item]
    latency = {**objective, "name": "fast", "indicator": "latency"}
    spec = {"type": "sla", "service": "shop", "objectives": [objective, latency]}
    contract = {**spec, "type": "underpinning"}
    records = [
        {"kind": "ServiceLevelAgreement", "metadata": {"name": name}, "spec": data}
        for name, data in (("shop-sla", spec), ("contract", contract))
    ]
    return list(alerts(Facts.from_records(records), NOW))


@pytest.mark.parametrize(
    ("window", "rates", "raised"),
    [
        ("P30D", ["14.4", "6", "3", "1"], []),  # the table of the workbook
        ("P28D", ["13.44", "5.6", "2.8", "1"], ["3d"]),  # a tenth of 28 days in 3 is 0.933 times
        ("P7D", ["3.36", "1.4", "1", "1"], ["1d", "3d"]),
    ],
)
def test_thresholds_follow_from_the_window(window: str, rates: list[str], raised: list[str]) -> None:
    (found,) = objectives(window)
    assert [alert.rate for alert in found.alerts] == [Fraction(rate) for rate in rates]
    assert [alert.threshold for alert in found.alerts] == [Fraction(rate) * Fraction("0.0005") for rate in rates]
    assert [alert.pair.long for alert in found.alerts if alert.raised] == raised
    assert len(list(warnings([found]))) == bool(raised)


@pytest.mark.parametrize("target", ["99.95", "99.9", "99.99", "99.5", "99.999", "95", "90"])
def test_numbers_are_free_of_binary_noise(target: str) -> None:
    text = rules(objectives("P30D", target))
    thresholds = {word for line in text.splitlines() if "expr" in line for word in line.split() if word[:2] == "0."}
    assert thresholds
    assert all(len(word.strip('"')) <= len("0.0000144") for word in thresholds), thresholds


def test_what_allows_no_failure_has_no_alert() -> None:
    assert objectives("P30D", "100") == []
    assert rules([]) == "groups: []\n"


@needs_promtool
@pytest.mark.parametrize("window", WINDOWS)
def test_promtool_accepts_the_rules(tmp_path: Path, window: str) -> None:
    (tmp_path / "rules.yaml").write_text(rules(objectives(window)))
    done = promtool("check", "rules", tmp_path / "rules.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "11 rules found" in done.stdout, "seven windows and four alerts"


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    return subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)


@needs_promtool
@pytest.mark.parametrize(
    ("failing", "window"),
    [
        pytest.param(failing, window, marks=[] if window == first else [pytest.mark.deep])
        for failing, first in ((0, "P7D"), (4, "P28D"), (20, "P30D"), (80, "P7D"))
        for window in WINDOWS
    ],
)
def test_promtool_acts_them_out(tmp_path: Path, window: str, failing: int) -> None:
    """So many of 10,000 events fail a minute, for two hours: exactly the alerts under that share fire."""
    found = objectives(window)
    text = rules(found)
    (tmp_path / "rules.yaml").write_text(text)
    labels = '{service="shop",objective="up"}'
    written = [rule for rule in yaml.safe_load(text)["groups"][0]["rules"] if "alert" in rule]
    firing = [
        {
            "exp_labels": rule["labels"],
            "exp_annotations": rule["annotations"],
        }
        for rule, alert in zip(written, found[0].alerts, strict=True)
        if Fraction(failing, 10_000) > alert.threshold
    ]
    case: dict[str, Any] = {
        "interval": "1m",
        "input_series": [
            {"series": f"itsm_sli_events_total{labels}", "values": "0+10000x150"},
            {"series": f"itsm_sli_good_total{labels}", "values": f"0+{10_000 - failing}x150"},
        ],
        "alert_rule_test": [{"eval_time": "2h", "alertname": "ItsmErrorBudgetBurn", "exp_alerts": firing}],
    }
    (tmp_path / "test.yaml").write_text(
        yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]})
    )
    done = promtool("test", "rules", tmp_path / "test.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_writes_those_of_the_example(itsm: Run, tmp_path: Path) -> None:
    code, out, err = itsm("-C", ROOT, "export", "prometheus-rules", "identity-provider", "payments-api")
    assert code == 0
    groups = yaml.safe_load(out)["groups"]
    assert [group["name"] for group in groups] == [
        "itsm identity-provider-sla availability",
        "itsm payments-api-sla availability",
    ]
    assert "> 0.004032 and" in out, "13.44 times 0.0003"
    assert "over 28 days the alert over 3d would fire inside the budget" in err
    code, _, err = itsm("-C", ROOT, "export", "prometheus-rules", "payment-api")
    assert (code, "did you mean 'payments-api'?" in err) == (2, True)
    code, _, err = itsm("-C", ROOT, "export", "prometheus-rules", "--good", "a b")
    assert (code, "is not the name of a series" in err) == (2, True)
