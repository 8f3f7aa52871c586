"""4: file names that read as others, or are others on some systems."""

from __future__ import annotations

import json
import os
import unicodedata

import orjson
import pytest

from tests.attacks.tools import EVERYBODY, SERVICE, add_rule, approve, blocking, on_main, rules_by_path
from tests.conftest import Workshop, codes
from tests.reports import renderers

FORMATS = renderers("gate")

SERVICE_TEXT = SERVICE % "extra"


def test_records_under_odd_names(workshop: Workshop) -> None:
    names = {
        "services/extra.yml": "file-kind",
        "services/extra.YAML": "file-kind",
        "services/extra.Yaml": "file-kind",
        "services/.extra.yaml": "file-kind",
        "services/extra.yaml.": "file-kind",
        "services/extra.yaml ": "file-kind",
        "services/extr\u0430.yaml": "file-name",
        "services/Extra.yaml": "file-name",
        'services/"extra".yaml': "file-name",
        "services/extra\n.yaml": "file-name",
        "services/\x1b[2Kextra.yaml": "file-name",
        "services/extra\u200b.yaml": "file-name",
        "services/--extra.yaml": "file-name",
    }
    for path in names:
        workshop.write(path, SERVICE_TEXT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    found = rules_by_path(decision)
    assert {path: rule for path, rule in names.items() if rule not in found.get(path, ())} == {}
    for report in FORMATS.values():
        assert "\x1b" not in report(decision)


def test_documents_whose_names_do_not_read_as_they_are(workshop: Workshop) -> None:
    names = [
        "docs/a\nb.md",
        "docs/a\tb.md",
        "docs/a\x1b[31m.md",
        "docs/\u202egpj.md",
        "docs/zero\u200bwidth.md",
        "docs/a\\b.md",
        "docs/end. /x.md",
        "docs/" + unicodedata.normalize("NFD", "größe") + ".md",
        os.fsdecode(b"docs/\xff\xfe.md"),
        *("docs/CON.md", "docs/aux/a.md", "docs/nul", "docs/Com1.tar.gz", "docs/lpt\u00b9.txt", "docs/con .md"),
        *("docs/a:b.md", "docs/what?.md", 'docs/"x".md', "docs/<x>.md"),
    ]
    for path in names:
        workshop.write(path, "Hello.\n")
    workshop.commit()
    approve(workshop, "bob")
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["path-refused"] * len(names))
    assert json.loads(orjson.dumps(decision.as_data()))["digest"] == decision.digest
    for report in FORMATS.values():
        report(decision).encode("utf-8")


def test_folders_that_differ_only_in_case(workshop: Workshop) -> None:
    """On a system that does not tell them apart one of them takes in the files of the other."""
    with on_main(workshop):
        workshop.write("docs/Plan/a.md", "Hello.\n")
    for path in (
        "docs/plan/b.md",
        "docs/Gr\u00f6\u00dfe/c.md",
        "docs/gr\u00f6\u00dfe/d.md",
        "docs/console/e.md",
        "docs/common.md",
    ):
        workshop.write(path, "Hello.\n")
    workshop.commit()
    approve(workshop, "bob")
    decision = workshop.judge()
    assert sorted(reason.message for reason in decision.reasons) == [
        "the path docs/Gr\u00f6\u00dfe/c.md differs from docs/gr\u00f6\u00dfe only in case or accents; rename it",
        "the path docs/gr\u00f6\u00dfe/d.md differs from docs/Gr\u00f6\u00dfe only in case or accents; rename it",
        "the path docs/plan/b.md differs from docs/Plan only in case or accents; rename it",
    ]


def test_an_ordinary_name_with_accents_is_fine(workshop: Workshop) -> None:
    workshop.write("docs/größe.md", "Hello.\n")
    workshop.commit()
    approve(workshop, "bob")
    assert workshop.judge().verdict == "approved"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("Services/extra.yaml", "path-refused"),
        ("changes/Models/extra.yaml", "path-refused"),
        ("POLICIES/approvals/extra.yaml", "path-refused"),
        ("docs/readme.md", "path-refused"),
        ("services/../people/eve.txt", ""),
    ],
)
def test_names_that_differ_in_case_only(workshop: Workshop, path: str, code: str) -> None:
    """Even where a rule covers every path: on some systems these files take the place of others."""
    with on_main(workshop):
        add_rule(workshop, "{name: rest, match: {paths: ['**']}, approvals: [{from: {anyone: true}}]}")
        workshop.write("docs/README.md", "Read me.\n")
    workshop.write(path, SERVICE_TEXT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert ([code] if code else []) == [found for found in codes(decision) if not found.startswith("finding:")]


def test_bytes_that_are_no_utf8_in_a_record_folder(workshop: Workshop) -> None:
    workshop.write(os.fsdecode(b"services/\xe9.yaml"), SERVICE_TEXT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert "file-kind" in blocking(decision)
    assert "path-refused" in codes(decision)
    assert rb"\\xe9" in orjson.dumps(decision.as_data())


def test_a_folder_with_a_line_break_above_a_record(workshop: Workshop) -> None:
    workshop.write("services/a\nb/extra.yaml", SERVICE_TEXT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert codes(decision) == ["path-refused"]
    assert decision.evidence["records"][0]["path"] == "services/a\nb/extra.yaml"


def test_an_option_like_name_is_a_name(workshop: Workshop) -> None:
    workshop.write("--output=x", "hello\n")
    workshop.git("add", "--", "--output=x")
    workshop.commit()
    decision = workshop.judge()
    assert codes(decision) == ["not-covered", "no-rule"]
