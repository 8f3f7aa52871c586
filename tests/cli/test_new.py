"""itsm new: a record of every kind from the answers that its schema requires, with --set and in a terminal."""

from __future__ import annotations

import os
import pty
import re
import shlex
import sys
from pathlib import Path

import pytest

from itsm_as_code.records.document import parse
from itsm_as_code.records.kinds import KindRegistry
from tests.cli.terminal import Agreeable, Terminal
from tests.conftest import ROOT, SMALL, Run, Workshop, copy_tree

NOW = ("--now", "2026-11-22T12:00:00Z")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of the small organisation."""
    copy_tree(SMALL, tmp_path / "small")
    return tmp_path / "small"


REQUIRED = {
    "BusinessCase": ["owner=team-shop", "demand=Fewer calls", "currency=EUR", "discountRate=8.0"],
    "Budget": ["fiscalYear=2026", "start=2026-01-01", "owner=team-shop", "currency=EUR", "lines=[]"],
    "Benchmark": ["figure=request-hours", "value=12", "source=A round table", "on=2026-05-01"],
    "CostStatement": ["month=2026-10", "provider=Halo", "currency=EUR", "total=11020.11", "lines.0.amount=11020.11"],
    "Improvement": ["owner=team-shop", "source.type=survey"],
    "Initiative": ["sponsor=erin", "owner=team-shop", "purpose=Changes are judged where the work is."],
    "KnowledgeArticle": ["owner=team-shop", "body=Start it again."],
    "Problem": [
        "services=orders",
        "owner=team-shop",
        "symptom=Orders are slow at three.",
        "detectedAt=2026-11-20T08:30:00Z",
        "proactive=true",
    ],
    "Release": ["version=2026.11.0", "services=orders", "changes=chg-20261122-first"],
    "RequestOffering": ["service=orders", "active=true"],
    "Risk": ["owner=alice", "cause=Old versions", "event=A weakness is found", "consequence=Data could be read"],
    "ServiceRequest": ["offering=first", "requester=alice", "submittedAt=2026-11-20T08:12:00Z"],
    "ServiceReview": [
        "service=orders",
        "period.from=2026-07-01",
        "period.until=2026-10-01",
        "heldOn=2026-10-14",
        "attendees=alice",
    ],
    "Training": ["topic=How a change is judged", "owner=team-shop"],
    "ApprovalPolicy": ["rules.0.name=all-of-them", "rules.0.match.kinds=Change", "rules.0.approvals=[]"],
    "Calendar": ["timezone=Europe/Berlin", "kind=holidays", "entries=[]"],
    "Change": ["type=normal", "services=orders", "requester=alice", "summary=Restart the queue"],
    "ChangeModel": [
        "owner=team-shop",
        "services=orders",
        "summary=Restart one after another",
        "steps=[Restart it]",
        "backout.steps=[Start it again]",
        "preAuthorisation.by=dave",
        "preAuthorisation.on=2026-01-10",
        "preAuthorisation.expires=2027-01-10",
    ],
    "Control": ["framework=soc2", "clause=CC8.1", "statement=Changes are authorised."],
    "Incident": ["services=orders", "impact=2", "urgency=2", "detectedAt=2026-11-22T08:00:00Z"],
    "Person": ["emails=henry@shop.example"],
    "Policy": [
        "severity=warning",
        "match.kinds=Change",
        "require=object.spec.type == 'normal'",
        "message='no'",
        "remedy=Mend it.",
        "examples.0.name=a normal one",
        "examples.0.expect=pass",
        "examples.0.object={kind: Change, spec: {type: normal}}",
        "examples.1.name=a standard one",
        "examples.1.expect=fail",
        "examples.1.object={kind: Change, spec: {type: standard}}",
    ],
    "PolicyPack": ["version=1.0.0", "policies=backout-is-planned"],
    "Service": ["owner=team-shop", "stage=pipeline", "tier=3", "type=application"],
    "ServiceLevelAgreement": [
        "type=sla",
        "service=orders",
        "provider=team-shop",
        "customer.name=Everybody",
        "effective.from=2026-01-01",
        "objectives.0.name=up",
        "objectives.0.indicator=availability",
        "objectives.0.target=99.5",
        "objectives.0.unit=percent",
        "objectives.0.comparison=at-least",
        "objectives.0.window.rolling=P28D",
    ],
    "Supplier": ["owner=team-shop"],
    "Team": ["members=alice,bob"],
    "Waiver": [
        "policy=backout-is-planned",
        "records.0.kind=Service",
        "records.0.name=orders",
        "reason=There is no way back.",
        "risk=Low.",
        "requester=alice",
        "approver=erin",
        "from=2026-11-01T00:00:00Z",
        "until=2026-12-01T00:00:00Z",
    ],
}


def test_every_kind_has_its_required_answers_listed() -> None:
    assert {kind.name for kind in KindRegistry.load()} == set(REQUIRED)


FIRST = {
    "Problem": ("Incident", "inc-1"),
    "Release": ("Change", "chg-20261122-first"),
    "ServiceRequest": ("RequestOffering", "first"),
}
"""What has to be there before a record of a kind can name it."""


def answers(kind: str) -> list[str]:
    return [part for value in REQUIRED[kind] for part in ("--set", value)]


def prepare(kind: str, small: Path, itsm: Run) -> None:
    """Write what a record of the kind has to name."""
    if kind in FIRST:
        other, name = FIRST[kind]
        itsm("-C", small, "new", other, name, *answers(other), *NOW)


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_new_with_the_required_answers_gives_a_valid_record(kind: str, small: Path, itsm: Run) -> None:
    prepare(kind, small, itsm)
    code, out, err = itsm("-C", small, "new", kind, "--title", "Something new", *answers(kind), *NOW)
    assert code == 0, err
    file = small / out.strip()
    data = parse(file.read_bytes())
    assert (data["kind"], data["metadata"]["title"]) == (kind, "Something new")
    code, out, _ = itsm("-C", small, "validate", *NOW)
    assert code == 0, out


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_what_new_suggests_is_a_valid_record(kind: str, small: Path, itsm: Run) -> None:
    """Whoever types what it says is missing, until nothing is, has a record that stands, and examples that hold."""
    prepare(kind, small, itsm)
    given = ["--set", "services=orders"] if kind == "Release" else []  # as those of the change that it is made of
    for _ in range(6):
        code, _, err = itsm("-C", small, "new", kind, "something-new", *given, *NOW)
        if code == 0:
            break
        given += shlex.split(err.strip().splitlines()[-1].removeprefix("  = "))
    assert code == 0, err
    code, out, _ = itsm("-C", small, "validate", *NOW)
    assert code == 0, (given, out)
    assert itsm("-C", small, "policy", "test")[0] == 0


def by_prompt(kind: str, **more: list[str]) -> dict[str, list[str]]:
    pairs = (value.split("=", 1) for value in REQUIRED[kind])
    return {f"spec.{path}": [value] for path, value in pairs} | more


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_in_a_terminal_it_asks_for_what_is_required(
    kind: str, small: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from itsm_as_code.cli.program import run

    prepare(kind, small, itsm)
    ways = {"ServiceLevelAgreement": ["name", "rolling"], "ApprovalPolicy": ["kinds"], "Waiver": ["policy"]}
    ways |= {"Person": ["emails"], "Benchmark": ["value"]}
    terminal = Terminal({**by_prompt(kind), "one of": ways.get(kind, [])})
    with terminal.attached(monkeypatch):
        code = run(["-C", str(small), "new", kind, "something-new", *NOW])
    assert code == 0, terminal.seen
    assert not any(terminal.replies.values()), terminal.replies
    code, out, _ = itsm("-C", small, "validate", *NOW)
    assert code == 0, out


def test_new_names_a_change_after_its_day_and_title(small: Path, itsm: Run) -> None:
    title = "Größere Warteschlange für Ørsted!"
    _, out, _ = itsm("-C", small, "new", "change", "--title", title, *answers("Change"), *NOW)
    assert out == "changes/2026/11/22/chg-20261122-grossere-warteschlange-fur-oersted.yaml\n"


def test_new_says_what_is_missing(small: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", small, "new", "Change", "--title", "X", *NOW)
    assert (code, out) == (2, "")
    assert "a change needs 4 more values" in err
    assert "--set spec.requester=" in err
    assert "an incident needs 4 more values" in itsm("-C", small, "new", "Incident", "--title", "X", *NOW)[2]
    assert not (small / "changes/2026").exists()


def test_new_puts_the_schema_on_top_when_the_repository_has_it(small: Path, itsm: Run) -> None:
    copy_tree(ROOT / "schemas", small / "schemas")
    _, out, _ = itsm("-C", small, "new", "Team", "team-new", "--set", "members=alice", *NOW)
    first = (small / out.strip()).read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../schemas/team.schema.json"
    assert (small / "people/teams" / first.split("=")[1]).resolve() == (small / "schemas/team.schema.json").resolve()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("chnge", "x"), "did you mean 'Change'?"),
        (("Service", "nul", "--set", "owner=team-shop"), "'nul' is the name of a device on Windows"),
        (("Team", "team-x", "--set", "lea=alice"), "did you mean 'lead'?"),
        (("Team", "team-x", "--set", "lead"), "there is no '='"),
        (("Team", "team-shop", "--set", "members=alice"), "is there already"),
        (("Team",), "neither name nor title"),
        (("Team", "--title", "支払い"), "leaves no name of ASCII letters"),
        (("Team", "team-x", "--title", "Red \x1b[31m", "--set", "members=alice"), "'title' holds the character U+001B"),
        (("Team", "team-x\x07", "--set", "members=alice"), "'name' holds the character U+0007"),
        (("Team", "team-x", "--set", "members=alice", "--set", "lead=al\x1bice"), "'lead' holds the character U+001B"),
        (("Team", "team-x", "--set", "members.²=alice"), "Team has no field 'spec.members.²'"),
        (("Team", "team-x", "--set", "members=alice", "--set", "metadata.name=other"), "give it as NAME"),
        (("Team", "team-x", "--set", "metadata=3"), "give its fields: metadata.FIELD=VALUE"),
        (("Team", "team-x", "--set", "spec=members"), "give its fields: spec.FIELD=VALUE"),
        (("Team", "team-x", "--set", "metadata={title: x}"), "give it as NAME"),
    ],
)
def test_new_explains_mistakes(arguments: tuple[str, ...], message: str, small: Path, itsm: Run) -> None:
    code, _, err = itsm("-C", small, "new", *arguments, *NOW)
    assert code == 2
    assert message in err


def test_new_takes_a_number_for_a_key_where_the_schema_has_no_list(small: Path, itsm: Run) -> None:
    given = ("--set", "members.0=alice", "--set", "metadata.labels.1=one", "--set", "metadata.annotations.2026=x")
    assert itsm("-C", small, "new", "Team", "team-x", *given, *NOW)[0] == 0
    data = parse((small / "people/teams/team-x.yaml").read_bytes())
    assert data["spec"]["members"] == ["alice"]
    assert (data["metadata"]["labels"], data["metadata"]["annotations"]) == ({"1": "one"}, {"2026": "x"})


@pytest.mark.parametrize("break_", ["\n", "\r\n"])
def test_new_keeps_a_title_to_one_line(break_: str, small: Path, itsm: Run) -> None:
    title = f"Billing{break_}and more"
    code, out, err = itsm("-C", small, "new", "Team", "team-x", "--title", title, "--set", "members=alice", *NOW)
    assert (code, out) == (1, "")
    assert "metadata.title" in err


def test_new_writes_nothing_that_does_not_fit_the_schema(small: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", small, "new", "Team", "Team_X", "--set", "members=alice", *NOW)
    assert (code, out) == (1, "")
    assert "metadata.name is 'Team_X'" in err
    assert not (small / "people/teams/Team_X.yaml").exists()


def test_new_says_at_once_that_a_reference_is_misspelt(small: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", small, "new", "Team", "team-x", "--set", "members=alicia", *NOW)
    assert (code, out) == (1, "")
    assert not (small / "people/teams/team-x.yaml").exists()
    assert "no Person named 'alicia'" in err
    assert "did you mean 'alice'?" in err


def test_in_a_terminal_it_asks_again_until_the_answer_fits(
    small: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from itsm_as_code.cli.program import run

    replies = by_prompt("Change") | {"spec.type": ["usual", "standard"], "spec.model": ["restart"]}
    terminal = Terminal(replies)
    with terminal.attached(monkeypatch):
        code = run(["-C", str(small), "new", "Change", "--title", "Once more", *NOW])
    assert code == 0, terminal.seen
    assert "spec.type is 'usual', not one of: standard, normal, emergency" in terminal.seen
    assert parse((small / "changes/2026/11/22/chg-20261122-once-more.yaml").read_bytes())["spec"]["type"] == "standard"


def test_an_answer_can_make_another_one_necessary(small: Path, itsm: Run) -> None:
    itsm("-C", small, "new", "Incident", "slow-orders", *answers("Incident"), *NOW)
    base = ("-C", small, "new", "Problem", "slow", *answers("Problem"), "--set", "proactive=false")
    code, _, err = itsm(*base, *NOW)
    assert (code, "a problem needs 1 more value" in err, "--set spec.incidents=slow-orders" in err) == (2, True, True)
    assert itsm(*base, "--set", "incidents=slow-orders", *NOW)[0] == 0
    assert itsm("-C", small, "validate", *NOW)[0] == 0


def test_what_the_next_state_needs_is_written_as_comments_that_advance_fills_in(small: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", small, "new", "Change", "--title", "Once more", *answers("Change"), *NOW)
    assert (code, "'itsm advance chg-20261122-once-more' asks for what stands there" in err) == (0, True)
    file = small / out.strip()
    lines = [line.strip() for line in file.read_text().splitlines() if line.startswith("  # ")]
    assert [line.split()[1] for line in lines] == [
        "justification:",
        "schedule:",
        "implementation:",
        "backout:",
        "test:",
    ]
    assert all(line.count("  # ") == 1 for line in lines), "each with its meaning"
    assert "2026-11-23T20:00:00+01:00" in lines[1], "tomorrow evening, by the clocks of Berlin"
    assert itsm("-C", small, "fmt", "--check")[0] == 0
    given = [
        "justification=It is old.",
        "implementation.steps=Restart it.",
        "backout.steps=Start it.",
        "test.summary=Ok.",
    ]
    given += ["schedule.start=tomorrow 20:00", "schedule.end=tomorrow 21:00"]
    sets = [part for item in given for part in ("--set", item)]
    assert itsm("-C", small, "advance", "chg-20261122-once-more", "--to", "scheduled", *sets, *NOW)[0] == 0
    assert "#" not in file.read_text(), "no place is kept for what is there"
    assert parse(file.read_bytes())["spec"]["schedule"]["end"] == "2026-11-23T21:00:00+01:00"
    assert itsm("-C", small, "validate", *NOW)[0] == 0


@pytest.mark.parametrize("kind", sorted(kind.name for kind in KindRegistry.load() if kind.lifecycle))
def test_the_comments_name_fields_that_fit_once_they_are_no_comments(kind: str, small: Path, itsm: Run) -> None:
    prepare(kind, small, itsm)
    _, out, _ = itsm("-C", small, "new", kind, "something-new", *answers(kind), *NOW)
    file = small / out.strip()
    text = file.read_text()
    file.write_text(text.replace("  # ", "  ", 1) if text.count("\n  # ") == 1 else re.sub(r"(?m)^  # ", "  ", text))
    if ": ...  # " not in text:
        kinds = KindRegistry.load()
        wrong = [problem.message for problem in kinds[kind].validator.problems(parse(file.read_bytes()))]
        assert wrong == []


def test_the_window_that_is_suggested_is_free(small: Path, itsm: Run) -> None:
    calendar = small / "changes/calendars/year-end.yaml"
    start = "2026-12-01T20:30:00Z"
    assert "freeze" in calendar.read_text()
    out = itsm("-C", small, "new", "Change", "--title", "A", *answers("Change"), "--now", "2026-12-23T10:00:00Z")[1]
    (line,) = [item for item in (small / out.strip()).read_text().splitlines() if "# schedule:" in item]
    assert "2026-12-24" not in line, f"a freeze covers it: {line} {start}"


def test_the_requester_is_whom_git_says(small: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = small.parent / "gitconfig"
    settings.write_text("[user]\n\temail = Bob@shop.example\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    given = [item for item in REQUIRED["Change"] if not item.startswith("requester")]
    sets = [part for item in given for part in ("--set", item)]
    code, out, err = itsm("-C", small, "new", "Change", "--title", "A", *sets, *NOW)
    assert (code, "spec.requester: bob, who you are by git's user.email" in err) == (0, True), err
    assert parse((small / out.strip()).read_bytes())["spec"]["requester"] == "bob"
    settings.write_text("[user]\n\temail = stranger@shop.example\n")
    assert "a change needs 1 more value" in itsm("-C", small, "new", "Change", "--title", "B", *sets, *NOW)[2]
    monkeypatch.setenv("PATH", "/nowhere")
    assert "a change needs 1 more value" in itsm("-C", small, "new", "Change", "--title", "B", *sets, *NOW)[2]


def test_git_is_told_of_a_new_record_so_that_a_commit_of_all_takes_it_along(workshop: Workshop, itsm: Run) -> None:
    code, out, err = itsm("-C", workshop.path, "new", "Service", "letters", *answers("Service"), *NOW)
    assert code == 0, err
    assert workshop.git("diff", "--cached", "--name-only") == ""
    assert workshop.git("status", "--porcelain") == f"A {out.strip()}"
    assert itsm("-C", workshop.path, "rename", "letters", "mail", *NOW)[0] == 0
    workshop.git("commit", "-q", "-a", "-m", "All")
    assert workshop.git("show", "--format=", "--name-status") == "A\tservices/mail.yaml"


def test_a_name_that_is_taken_is_said_before_anything_is_asked(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from itsm_as_code.cli.program import run

    terminal = Agreeable()
    with terminal.attached(monkeypatch):
        assert run(["-C", str(small), "new", "Team", "team-shop", *NOW]) == 2
    assert "people/teams/team-shop.yaml is there already" in terminal.seen
    assert not terminal.asked


def test_a_line_can_be_edited_and_names_are_completed(small: Path) -> None:
    """In a terminal of its own, for the library that edits lines reads the terminal of the process."""
    pytest.importorskip("readline", reason="Python has no readline here")
    command = [sys.executable, "-m", "itsm_as_code", "-C", str(small), "new", "Team", "team-x", *NOW]
    pid, master = pty.fork()
    if not pid:
        os.environ |= {"TERM": "dumb", "PYTHONPATH": str(ROOT / "src"), "INPUTRC": os.devnull}
        os.execv(command[0], command)  # noqa: S606
    seen = b""
    while b"spec.members: " not in seen:
        seen += os.read(master, 4096)
    # A letter too many taken back, one put in at the start of the line, and the rest of a name by the tab key.
    os.write(master, b"licex\x7f\x01a\x05,er\t\n")
    while True:
        try:
            more = os.read(master, 4096)
        except OSError:
            break
        if not more:
            break
        seen += more
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, seen
    assert parse((small / "people/teams/team-x.yaml").read_bytes())["spec"]["members"] == ["alice", "erin"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("services=frist", "no Service named 'frist'"),
        ("type=norml", "did you mean 'normal'?"),
        ("schedule.start=tomorow", "spec.schedule.start is 'tomorow', not an instant"),
        ("backout.minutes=ten", "spec.backout.minutes must be a whole number"),
    ],
)
def test_what_is_given_and_does_not_fit_is_said_beside_what_is_missing(
    given: str, said: str, small: Path, itsm: Run
) -> None:
    code, out, err = itsm("-C", small, "new", "Change", "--title", "X", "--set", given, *NOW)
    assert (code, out, said in err, "more value" in err) == (2, "", True, True), err


def test_a_window_that_is_repeated_needs_the_day_since_which(small: Path, itsm: Run) -> None:
    """What one field makes another one need (dependentRequired) is asked for as well."""
    kept = [value for value in REQUIRED["ServiceLevelAgreement"] if "window" not in value]
    given = [part for value in (*kept, "objectives.0.window.every=P1W") for part in ("--set", value)]
    code, _, err = itsm("-C", small, "new", "ServiceLevelAgreement", "something-new", *given, *NOW)
    assert (code, "--set spec.objectives.0.window.from=2026-01-05" in err) == (2, True), err
