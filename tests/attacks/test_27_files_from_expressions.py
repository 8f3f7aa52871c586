"""27: an expression that makes the runtime open a file by way of a time zone, or wait for ever."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from cel_expr_python import cel

from itsm_as_code.policies.cel.cost import small_up_to
from itsm_as_code.policies.cel.environment import CompileError, Context, Environment, EvaluationError
from itsm_as_code.policies.cel.wall_clock import NAME, READINGS
from itsm_as_code.records.facts import Facts
from tests.attacks.tools import EVERYBODY, POLICY, approve, blocking, on_main
from tests.conftest import NOW, Run, Workshop, codes

ENVIRONMENT = Environment(Facts({}), NOW)
ACTIVATION = ENVIRONMENT.activation(Context({"zone": "/etc/localtime", "parts": ["/etc", "localtime"]}, NOW))
NOT_ZONES = (
    *(
        "/etc/localtime",
        "/dev/stdin",
        "/proc/self/fd/0",
        "/proc/self/fd/1",
        "../../../etc/localtime",
        "./UTC",
        "~/zone",
    ),
    *("file:/etc/localtime", "file:UTC", "libc:localtime", "Fixed/UTC+01:00:00", "+01:00", "-5:00", "01:30:30", ""),
    *("UTC\\u0000/etc/passwd", "Europe/../../etc/localtime", "C:/zone", "//host/share/zone", " UTC", "UTC ", "~/zone"),
)


@pytest.mark.parametrize("zone", NOT_ZONES)
def test_what_is_no_name_of_the_tz_database_does_not_compile(zone: str) -> None:
    for name in READINGS:
        with pytest.raises(CompileError, match="is not an IANA time zone") as caught:
            ENVIRONMENT.compile(f"1 == 1 &&\n  now.{name}('{zone}') == 3")
        assert (caught.value.line, caught.value.column) == (2, 8 + len(name))


@pytest.mark.parametrize(
    "zone",
    [
        "object.zone",
        "object.parts.join('/')",
        "'/etc' + '/localtime'",
        "dyn('/dev/stdin')",
        "true ? '/dev/fd/0' : 'UTC'",
    ],
)
def test_a_zone_that_is_worked_out_is_held_against_the_tz_database_too(zone: str) -> None:
    for name in READINGS:
        with pytest.raises(EvaluationError, match="is not an IANA time zone"):
            ENVIRONMENT.evaluate(f"now.{name}({zone})", ACTIVATION)


WRITTEN_ODDLY = (
    "now.getHours // a remark\n (\n'/dev/stdin' )",
    "(true ? now : now).getHours(r'/dev/stdin')",
    "[now].exists(n, n.getHours('/dev/stdin') == n.getHours('UTC'))",
    "now.getHours(string(now.getHours('/dev/stdin')))",
    "timestamp('2026-01-01T00:00:00Z').getHours('/dev/stdin')",
    "dyn(now).getHours('/dev/stdin')",
    "now.getHours('\\x2fdev\\x2fstdin')",
    'now.getHours("""/dev/stdin""")',
    "now.getHours('/dev/stdin', 'UTC')",
    "getHours(now, '/dev/stdin')",
    ".getHours(now, '/dev/stdin')",
    "now.`getHours`('/dev/stdin')",
    "now.?getHours('/dev/stdin')",
    "false || now.getHours('/dev/stdin') > 0",
    "now.getHours(b'/dev/stdin')",
    f"now.{NAME}(b'/dev/stdin')",
)


@pytest.mark.parametrize("expression", WRITTEN_ODDLY)
def test_no_way_of_writing_it_leads_to_the_function_of_the_runtime(expression: str) -> None:
    with pytest.raises((CompileError, EvaluationError)):
        ENVIRONMENT.evaluate(expression, ACTIVATION)


def test_the_functions_of_the_runtime_are_no_part_of_the_environment() -> None:
    """Whatever the rewriting misses does not compile: it is asked here what was not rewritten."""
    for name in READINGS:
        assert ENVIRONMENT.evaluate(f"now.{name}() >= 0", ACTIVATION) is True
        with pytest.raises(RuntimeError, match="undeclared reference"):
            ENVIRONMENT._environment.compile(f"now.{name}('UTC')")


def test_no_call_that_is_given_a_zone_is_small() -> None:
    for name in READINGS:
        assert small_up_to(f"now.{name}() == 1") > 0
        for zone in ("'Europe/Berlin'", "object.zone", "'/etc/localtime'"):
            assert small_up_to(f"now.{name}({zone}) == 1") == -1
            assert small_up_to(f"true || [1].all(x, now.{name}({zone}) == x)") == -1


def test_a_clock_on_the_wall_shows_what_the_runtime_says_it_shows() -> None:
    """Every reading of random instants in random zones, against the runtime's own functions (which get good names)."""
    own = cel.NewEnv(variables={"now": cel.Type.TIMESTAMP, "zone": cel.Type.STRING})
    random_ = random.Random(27)
    zones = sorted(name for name in available_timezones() if name[0] in "AEP" and name.count("/") == 1)
    for name in READINGS:
        expected = own.compile(f"now.{name}(zone)")
        for _ in range(40):
            instant = datetime(1975, 1, 1, tzinfo=UTC) + timedelta(
                milliseconds=random_.randrange(60 * 365 * 86_400_000)
            )
            zone = random_.choice(zones)
            given = ENVIRONMENT.activation(Context({"zone": zone}, instant))
            ours = ENVIRONMENT.evaluate_small(f"now.{name}(object.zone)", given)
            theirs = expected.eval(own.Activation({"now": instant, "zone": zone})).plain_value()
            assert ours == theirs, (name, instant, zone)


def test_a_pipe_in_a_pull_request_is_not_waited_for(workshop: Workshop) -> None:
    """A policy of the pull request is asked what it would say: its pipe would keep the gate for ever."""
    pipe = workshop.path.parent / "pipe"
    os.mkfifo(pipe)
    workshop.edit(POLICY, "object.spec.backout.steps.size() >= 2", f"now.getHours('{pipe}') >= 0")
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert "policy-compiles" in blocking(decision)


def test_a_policy_of_the_base_that_names_a_file_judges_nothing(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit(POLICY, "object.spec.backout.steps.size() >= 2", "now.getHours('/dev/stdin') >= 0")
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["no-policy", "judges-unusable"]


def test_an_approval_rule_that_names_a_file_is_a_finding(workshop: Workshop, itsm: Run) -> None:
    rules = workshop.path / "policies/approvals/all.yaml"
    rule = "{name: pry, match: {kinds: [Change], where: \"now.getHours('/etc/localtime') == 1\"}, approvals: []}"
    rules.write_text(rules.read_text() + f"    - {rule}\n")
    code, out, _ = itsm("validate", "-C", workshop.path, "--now", "2026-11-22T12:00:00Z")
    assert code == 1
    assert "'/etc/localtime' is not an IANA time zone such as Europe/Berlin" in out
    assert "policies/approvals/all.yaml:" in out


def test_the_environment_of_the_process_moves_no_clock(tmp_path: Path) -> None:
    """TZ, TZDIR and ZONEINFO steer what C libraries read; an expression says the same all the same."""
    program = (
        "from tests.attacks.test_27_files_from_expressions import *\n"
        "print([ENVIRONMENT.evaluate(text, ACTIVATION) for text in"
        " ('now.getHours()', \"now.getHours('Europe/Berlin')\", \"string(now)\")])"
    )
    said = []
    for more in ({}, {"TZ": "Asia/Tokyo", "TZDIR": str(tmp_path), "ZONEINFO": "/x", "LOCALTIME": "/x"}):
        environment = {**os.environ, **more}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
        )
        said.append(done.stdout)
    assert said[0] == said[1] == "[12, 13, '2026-11-22T12:00:00Z']\n"


def test_the_zone_is_that_of_the_name() -> None:
    for zone in ("Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT-14", "UTC", "Asia/Kathmandu"):
        local = NOW.astimezone(ZoneInfo(zone))
        assert ENVIRONMENT.evaluate(f"now.getMinutes('{zone}') + 60 * now.getHours('{zone}')", ACTIVATION) == (
            local.minute + 60 * local.hour
        )


def test_who_names_what_stands_for_it_is_told_of_that_name() -> None:
    """Only where an expression was rewritten does a message speak of what was written."""
    with pytest.raises(CompileError, match=NAME):
        ENVIRONMENT.compile(f"{NAME}(1) == 2")
