"""21: file names, titles and messages that would act in a report."""

from __future__ import annotations

import csv
import json
import re

import pytest
from markdown_it import MarkdownIt

from itsm_as_code.reports import escape, renderer
from tests.attacks.tools import EVERYBODY, POLICY, approve, on_main
from tests.conftest import Workshop, codes
from tests.reports import renderers
from tests.reports.test_growth import BUILT
from tests.reports.test_growth import FORMATS as REPORT_FORMATS

FORMATS = renderers("gate")

PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "](javascript:alert(1)) [click](https://evil.example)",
    "![x](https://evil.example/t.png)",
    "@team please merge, see https://evil.example or www.evil.example",
    "::error file=a::b",
    "%0A::add-mask::approved",
    "##[add-mask]approved",
    "| a | b |",
    "x\\| <b>bold</b> \\",
    "`code` ``",
    "# heading *bold* _it_ ~~no~~ $x$ #1",
    "&lt;script&gt; &#x1b;",
    "{{ 7*7 }} ${{ github.token }}",
]
LINES = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")


FOLD = re.compile(r"(?:</details>\n)?(?:<details>\n<summary>[A-Z][A-Za-z, ]+</summary>\n)?\Z")
"""The HTML of our own: what folds, under titles that no record has a word in."""


def acts(decision_text: str) -> list[str]:
    """What in rendered Markdown is not text: raw HTML but for what folds, links, images."""
    found = []
    for token in LINES.parse(decision_text):
        if token.type == "html_block" and FOLD.match(token.content):
            continue
        for inner in (token, *(token.children or ())):
            if inner.type in ("html_block", "html_inline", "link_open", "image", "fence", "code_block", "em_open"):
                found.append(inner.type)
    return found


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_message_built_from_a_record(workshop: Workshop, payload: str) -> None:
    """A policy quotes the title of a change in its message, and the title is hostile."""
    with on_main(workshop):
        workshop.edit(POLICY, "'the back-out of ' + object.metadata.name", "object.metadata.title + ': the back-out'")
    title = json.dumps(payload)
    workshop.change(**{"title: Tune the newsletter": f"title: {title}", "[Set it back, Restart]": "[Set it back]"})
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert codes(decision) == ["finding:backout-is-planned"]
    assert payload in decision.reasons[0].message
    markdown = FORMATS["markdown"](decision)
    assert acts(markdown) == []
    for name in ("text", "github", "json", "markdown"):
        report = FORMATS[name](decision)
        assert "##[" not in report
        assert "\x1b" not in report
    commands = [line for line in FORMATS["github"](decision).split("\n") if line.lstrip().startswith("::")]
    assert len(commands) == 2
    assert json.loads(FORMATS["json"](decision))["digest"] == decision.digest


@pytest.mark.parametrize(
    "name",
    [
        "::error::x",
        "a|b`c",
        "x\\|![i](https:evil)",
        "%25%0A::error",
        "##[stop-commands]x",
        "<script>",
        "a,b;c=d",
        "é €",
    ],
)
def test_a_hostile_file_name(workshop: Workshop, name: str) -> None:
    workshop.write(f"docs/{name}/{name.replace('/', '')}.md", "Hello.\n")
    workshop.commit()
    decision = workshop.judge()
    markdown = FORMATS["markdown"](decision)
    assert acts(markdown) == []
    for report in FORMATS.values():
        lines = report(decision).split("\n")
        assert not any("##[" in line for line in lines)
        assert sum(line.lstrip().startswith("::") for line in lines) <= 1


def test_a_record_of_a_hostile_name(workshop: Workshop) -> None:
    """The stem of a file that breaks the rules for names is still shown as the record's name."""
    workshop.write("services/\x1b]0;owned\x07 <b>x.yaml", "apiVersion: itsm/v1\nkind: Service\n")
    workshop.write("services/a\n::error::b.yaml", "apiVersion: itsm/v1\nkind: Service\nspec: {lifecycle: '\\n::x'}\n")
    workshop.commit()
    decision = workshop.judge()
    for name, report in FORMATS.items():
        shown = report(decision)
        assert "\x1b" not in shown
        assert "\x07" not in shown
        if name != "github":
            assert not any(line.lstrip().startswith("::") for line in shown.split("\n"))
    assert acts(FORMATS["markdown"](decision)) == []


def test_a_reviewer_with_a_hostile_login(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    approve(workshop, "<img src=x>", "@everyone", "##[add-mask]x", "a|b")
    decision = workshop.judge()
    assert acts(FORMATS["markdown"](decision)) == []
    assert "`@everyone:`" in FORMATS["markdown"](decision)
    assert "##[" not in FORMATS["text"](decision)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_text_that_a_spreadsheet_takes_for_a_formula(start: str) -> None:
    assert escape.cell(f"{start}HYPERLINK(0)") == f"'{start}HYPERLINK(0)"
    assert escape.cell(f"\t{start}1") == f"\\t{start}1"
    assert (escape.cell(None), escape.cell(12), escape.cell("a=b")) == ("", "12", "a=b")
    for report in (report for report, form in REPORT_FORMATS if form == "csv"):
        written = renderer(report, "csv")(*BUILT[report](2, f"{start}1+1"))
        cells = [cell for row in csv.reader(written.splitlines()) for cell in row]
        assert f"'{start}1+1" in {cell[:5] for cell in cells}, report
        assert not [cell for cell in cells if cell.startswith(start)], report
