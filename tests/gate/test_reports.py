"""Reports: the same data in every form, and nothing in it acts."""

from __future__ import annotations

import json
import re

import jsonschema
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from itsm_as_code.errors import GitError
from itsm_as_code.findings import Finding, Location, RecordId, Severity
from itsm_as_code.gate import Decision
from itsm_as_code.gate.decision import canonical, error_decision, plain
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.reports import escape
from itsm_as_code.reports.validate import ValidateResult
from tests.conftest import NOW, Workshop
from tests.reports import renderers

FORMATS = renderers("gate")
VALIDATE = renderers("validate")

COMMON = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").enable("strikethrough")
HARMLESS = {
    *("text", "inline", "code_inline", "softbreak", "paragraph_open", "paragraph_close"),
    *(f"{name}_{side}" for name in ("table", "thead", "tbody", "tr", "th", "td") for side in ("open", "close")),
}
hostile = st.text("<>&|`*_[]()!#~$@:\\/-+=. \t\n\r\x1b\u202e\u200b\udcffabw1%{}'\",;", max_size=40)


def schema() -> dict[str, object]:
    return KindRegistry.load().bundled("reports/gate-report.schema.json")


def check_schema(decision: Decision) -> None:
    text = FORMATS["json"](decision)
    jsonschema.Draft202012Validator(schema()).validate(json.loads(text))
    evidence = {key: value for key, value in json.loads(text).items() if key != "digest"}
    assert canonical(evidence) == canonical(decision.evidence)


def tokens(text: str) -> list[str]:
    return [inner.type for token in COMMON.parse(text) for inner in (token, *(token.children or ())) if inner.type]


@given(hostile)
def test_markdown_text_stays_text(text: str) -> None:
    found = tokens(f"Intro {escape.markdown(text)} end")
    assert set(found) <= HARMLESS


@given(hostile)
def test_markdown_in_a_list_stays_text(text: str) -> None:
    allowed = HARMLESS | {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "code_block"}
    assert set(tokens(f"- {escape.markdown(text)}")) <= allowed


@given(hostile, hostile)
def test_a_table_cell_stays_a_cell(first: str, second: str) -> None:
    row = f"| a | b |\n|---|---|\n| {escape.code(first)} | {escape.markdown(second)} |\n"
    found = tokens(row)
    assert set(found) <= HARMLESS
    assert (found.count("tr_open"), found.count("td_open")) == (2, 2)


@given(hostile)
def test_a_cell_holds_by_the_rule_of_github_too(text: str) -> None:
    """cmark-gfm takes a backslash and whatever follows as one, so a bar after two backslashes ends the cell."""
    for cell in (escape.code(text), escape.markdown(text)):
        assert "|" not in re.sub(r"\\.", "", cell)


@pytest.mark.parametrize("text", ["@team", "a@b.example", "https://evil.example", "www.evil.example", "WWW.x", "x://y"])
def test_what_a_forge_would_link_is_code(text: str) -> None:
    assert escape.markdown(text) == f"`{text}`"
    assert escape.markdown(f"see {text} now") == f"see `{text}` now"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1. x", "1\\. x"),
        ("- x", "\\- x"),
        ("== x", "\\== x"),
        ("12) x", "12\\) x"),
        (" . x", " \\. x"),
        ("a-b", "a-b"),
    ],
)
def test_the_start_of_a_line_starts_nothing(text: str, shown: str) -> None:
    assert escape.markdown(text) in (shown, shown.replace(")", "\\)").replace("\\\\)", "\\)"))
    assert set(tokens(escape.markdown(text).strip())) <= HARMLESS


@given(st.text())
def test_a_terminal_line_is_one_line_of_what_shows(text: str) -> None:
    line = escape.terminal(text)
    assert line.isprintable()
    assert "##[" not in line
    assert escape.terminal(line) == line
    line.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb", "a\\nb"),
        ("\u202e", "\\u202e"),
        ("\udcff", "\\xff"),
        ("\ud800", "\\ud800"),
        ("\u200b", "\\u200b"),
        ("größe €", "größe €"),
        ("##[error]x", "##\\x5berror]x"),
        ("##" + "##[x", "####\\x5bx"),
    ],
)
def test_a_terminal_shows(text: str, shown: str) -> None:
    assert escape.terminal(text) == shown


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_workflow_command_is_one_command(message: str, path: str) -> None:
    finding = Finding("rule", Severity.ERROR, Location(path, 1, 2), message, "mend it")
    report = VALIDATE["github"](ValidateResult([finding], 1, NOW))
    command, summary, end = report.split("\n")
    assert (summary, end) == ("1 record: 1 error", "")
    match = re.fullmatch(r"::error file=([^,:\r\n]*),line=1,col=2,title=rule::([^\r\n]*)", command)
    assert match is not None
    shown = match[1].replace("%3A", ":").replace("%2C", ",").replace("%0D", "\r").replace("%0A", "\n")
    assert shown.replace("%25", "%") == escape.terminal(path)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_a_path_in_sarif_is_a_relative_reference(path: str) -> None:
    """RFC 3986: without a scheme, an authority, a query or a fragment."""
    uri = escape.uri(path)
    assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri)
    assert not uri.startswith("//")
    assert ":" not in uri


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("//evil.example/x", ".//evil.example/x"),
        ("a?b#c", "a%3Fb%23c"),
        ("a b", "a%20b"),
        ("%2e%2e", "%252e%252e"),
        ("\udcff", "%FF"),
    ],
)
def test_a_hostile_path_in_sarif(path: str, uri: str) -> None:
    finding = Finding("rule", Severity.ERROR, Location(path, 1, 2), "x", record=RecordId("Service", "a"))
    data = json.loads(VALIDATE["sarif"](ValidateResult([finding], 1, NOW)))
    place = data["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": uri}


@given(st.text())
def test_json_in_a_log_is_the_same_json(text: str) -> None:
    plain_text = plain(text)
    dumped = escape.json(orjson.dumps({plain_text: plain_text}).decode())
    assert "##[" not in dumped
    assert json.loads(dumped) == {plain_text: plain_text}


def test_the_report_fits_its_schema(workshop: Workshop) -> None:
    """An approved, a pending and a rejected one, with something in every list."""
    workshop.change(**{"services: [newsletter]": "services: [database, newsletter]"})
    workshop.change("chg-20261122-other")
    workshop.write("docs/a.md", "a\n")
    workshop.edit("policies/backout-is-planned.yaml", "steps.size() >= 2", "steps.size() >= 3")
    workshop.edit("policies/backout-is-planned.yaml", "[one, two]", "[one, two, three]")
    workshop.commit()
    for who in ("bob", "mallory", "dave", "erin"):
        workshop.review(who)
    pending = workshop.judge()
    assert pending.verdict == "pending"
    check_schema(pending)
    workshop.review("carol")
    approved = workshop.judge()
    assert approved.verdict == "approved"
    check_schema(approved)
    data = approved.evidence
    assert all(
        data[key] for key in ("records", "paths", "risk", "conflicts", "transitions", "approvals", "policyImpact")
    )
    workshop.edit("changes/2026/11/22/chg-20261122-tune.yaml", "status: proposed", "status: [\n")
    workshop.commit()
    rejected = workshop.judge()
    assert rejected.verdict == "rejected"
    check_schema(rejected)


def test_a_conflict_and_an_error_fit_the_schema_too(workshop: Workshop) -> None:
    check_schema(error_decision("usage", "x \udcff", "2026-11-22T12:00:00Z"))
    workshop.edit("services/orders.yaml", "title: Orders", "title: Order book")
    workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.edit("services/orders.yaml", "title: Orders", "title: Ordering")
    workshop.commit(who="erin")
    decision = workshop.judge()
    assert [reason.code for reason in decision.reasons] == ["merge-conflict"]
    check_schema(decision)


def test_a_conflict_in_a_file_whose_name_is_not_utf8(workshop: Workshop) -> None:
    path = "docs/\udcff.md"
    workshop.write(path, "one\n")
    workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.write(path, "two\n")
    workshop.commit(who="erin")
    decision = workshop.judge()
    check_schema(decision)
    for report in FORMATS.values():
        report(decision).encode("utf-8")


def test_every_form_says_the_verdict(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    shown = {name: report(decision) for name, report in FORMATS.items()}
    assert "PENDING: waits for people" in shown["text"]
    assert shown["markdown"].startswith("# … Pending: waits for people\n")
    assert json.loads(shown["json"])["verdict"] == "pending"
    assert "::error title=change gate%3A pending (waiting)::" in shown["github"]
    assert decision.digest in shown["text"]
    assert decision.digest in shown["markdown"]


def test_colour_is_only_where_it_is_asked_for(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    assert "\x1b[" in FORMATS["text"](decision, colour=True)
    assert "\x1b" not in FORMATS["text"](decision)


def test_an_error_is_never_a_verdict() -> None:
    decision = error_decision(GitError.code, "could not", "2026-11-22T12:00:00Z")
    assert (decision.verdict, decision.exit_code) == ("error", 2)
    assert "says nothing about the pull request" in FORMATS["text"](decision)
