"""Submitted forms of changes, incidents, improvements and risks become records; hostile text is a value or refused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.interchange import Known
from itsm_as_code.interchange._issue_kinds import KIND_LABEL, KINDS
from itsm_as_code.interchange._request_form import Forge, Question, questions
from itsm_as_code.interchange.issue import DIGEST, convert
from itsm_as_code.interchange.issue_forms import export
from itsm_as_code.interchange.request import facts_of
from itsm_as_code.records.document import parse
from tests.conftest import SMALL, Run, copy_tree, examples
from tests.interchange.request_shop import SUBMITTED, gitea, github, gitlab, rendered
from tests.interchange.test_request import ALICE
from tests.interchange.test_request_forms import validates

ANSWERS: dict[str, dict[str, Any]] = {
    "Change": {
        "service": "orders",
        "summary": "Orders take vouchers.",
        "justification": "Customers ask for it.",
        "start": "2026-12-01T20:00:00+01:00",
        "end": "2026-12-01T22:00:00+01:00",
    },
    "Incident": {"service": "orders", "description": "No order goes through.", "impact": 2, "urgency": 1},
    "Improvement": {"owner": "team-shop", "description": "Vouchers.", "service": "orders"},
    "Risk": {"cause": "One knows it.", "event": "They leave.", "consequence": "Nobody does.", "owner": "team-shop"},
}


@lru_cache
def _shop() -> tuple[Known, TemporaryDirectory[str]]:
    folder = TemporaryDirectory(prefix="itsm-issue-")
    root = Path(folder.name)
    copy_tree(SMALL, root)
    (root / "people/alice.yaml").write_text(ALICE)
    return Known.read(root), folder


@pytest.fixture(scope="module")
def known() -> Known:
    return _shop()[0]


def asked(known: Known, kind: str, forge: Forge) -> tuple[Question, ...]:
    return questions(KINDS[kind].asked(facts_of(known)), forge)


def body(known: Known, kind: str, answers: Mapping[str, Any], forge: Forge = Forge.GITHUB) -> str:
    parts = [f"### {KIND_LABEL}", kind]
    for question in asked(known, kind, forge):
        parts += [
            f"### {question.label}",
            *filter(None, [question.comment]),
            rendered(question, answers.get(question.name)),
        ]
    return "\n\n".join(parts)


def record(known: Known, source: bytes) -> dict[str, Any]:
    conversion = convert({"issue": source}, known)
    assert conversion.findings == []
    (found,) = conversion.records
    return dict(found.data)


def refused(known: Known, source: bytes) -> str:
    conversion = convert({"issue": source}, known)
    assert conversion.records == []
    return "; ".join(finding.message for finding in conversion.findings)


@pytest.mark.parametrize("forge", Forge)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_becomes_a_record_that_is_valid(kind: str, forge: Forge, tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path / "shop")
    (tmp_path / "shop/people/alice.yaml").write_text(ALICE)
    known = Known.read(tmp_path / "shop")
    (tmp_path / "issue.json").write_bytes(SUBMITTED[forge](body(known, kind, ANSWERS[kind], forge), title="Vouchers"))
    code, out, err = itsm("-C", tmp_path / "shop", "import", "issue", tmp_path / "issue.json", "--into", ".")
    assert (code, err) == (0, ""), out
    (file,) = (tmp_path / "shop").rglob("*-20261109-42.yaml")
    data = parse(file.read_bytes())
    assert (data["kind"], data["metadata"]["title"]) == (kind, "Vouchers")
    assert data["metadata"]["annotations"][DIGEST].startswith("sha256:")
    assert itsm("-C", tmp_path / "shop", "validate")[0] == 0
    assert itsm("-C", tmp_path / "shop", "import", "issue", tmp_path / "issue.json", "--into", ".")[0] == 0


def test_the_forms_of_github_ask_what_is_read_back(known: Known, tmp_path: Path) -> None:
    forms = export(facts_of(known), Forge.GITHUB).files
    for kind in KINDS:
        path = f".github/ISSUE_TEMPLATE/{kind.lower()}.yml"
        file = tmp_path / f"{kind}.yml"
        file.write_bytes(forms[path])
        headings = [item["attributes"]["label"] for item in parse(forms[path])["body"][1:]]
        assert headings == [KIND_LABEL, *(question.label for question in asked(known, kind, Forge.GITHUB))]
    validates(*tmp_path.glob("*.yml"))


def test_the_templates_of_gitlab_are_read_back(known: Known) -> None:
    forms = export(facts_of(known), Forge.GITLAB).files
    for kind, answers in ANSWERS.items():
        text = (
            forms[f".gitlab/issue_templates/{kind.lower()}.md"].decode().replace("- [ ] team-shop", "- [x] team-shop")
        )
        for question in asked(known, kind, Forge.GITLAB):
            if not question.options and question.name in answers:
                heading = f"### {question.label}\n"
                text = text.replace(heading, f"{heading}\n{answers[question.name]}\n")
        assert record(known, gitlab(text))["kind"] == kind


def test_who_it_is_comes_from_the_account_and_never_from_the_text(known: Known) -> None:
    answers = ANSWERS["Change"] | {"summary": "Requester: bob\nrequester: bob\n@bob-gh"}
    made = record(known, github(body(known, "Change", answers), title="requester: bob"))
    assert made["spec"]["requester"] == "alice"
    renamed = {"user": {"login": "alice-was-renamed", "id": 7}}
    assert record(known, github(body(known, "Change", answers), **renamed))["spec"]["requester"] == "alice"


def test_an_account_of_gitea_is_nobody_of_github(known: Known) -> None:
    """Its issues look like GitHub's, where the number of alice is somebody else's."""
    text = body(known, "Change", ANSWERS["Change"])
    assert record(known, gitea(text))["spec"]["requester"] == "alice"
    assert "alice-gh" in refused(known, gitea(text, user={"login": "alice-gh", "id": 7}))
    assert "alice-tea" in refused(known, github(text, user={"login": "alice-tea", "id": 5}))


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({"login": "stranger", "id": 99}, "'stranger'"),
        ({"login": "alice-gh", "id": 8}, "alice-gh"),
        ({"login": "ghost", "id": 0}, "'ghost'"),
    ],
)
def test_only_members_come_in(user: dict[str, Any], message: str, known: Known) -> None:
    """Whoever took over a login that Alice gave up is not Alice."""
    assert message in refused(known, github(body(known, "Incident", ANSWERS["Incident"]), user=user))


@pytest.mark.parametrize(
    "text",
    [
        "*.yaml: !!python/object/apply:os.system [id]",
        "status: closed\nspec:\n  status: closed",
        "${{ github.token }} $(id) `id` ; rm -rf / && echo",
        "::set-output name=x::y\n##[add-mask]x",
        "---\nkind: Policy\n...\n- [x] team-board",
        "<!-- x --> <img src=x onerror=alert(1)> @everyone",
        "#### Kind of record\n\nRisk",
    ],
)
def test_hostile_text_is_a_value(text: str, known: Known) -> None:
    made = record(known, github(body(known, "Change", ANSWERS["Change"] | {"summary": text})))
    assert (made["spec"]["summary"], made["spec"]["status"], made["kind"]) == (text, "draft", "Change")


@pytest.mark.parametrize("line", [f"### {KIND_LABEL}\n\nRisk", "### Service\n\ndatabase", "###\tService", "### Other"])
def test_an_answer_that_looks_like_a_field_is_refused(line: str, known: Known) -> None:
    assert refused(known, github(body(known, "Change", ANSWERS["Change"] | {"summary": f"Fine.\n\n{line}"})))


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        ("Change", {"service": "no-such"}),
        ("Change", {"start": "tomorrow"}),
        ("Change", {"summary": None}),
        ("Incident", {"impact": 0}),
        ("Incident", {"urgency": "1; DROP"}),
        ("Risk", {"event": "x" * 4001}),
    ],
)
def test_what_does_not_fit_is_refused(kind: str, answers: dict[str, Any], known: Known) -> None:
    assert refused(known, github(body(known, kind, ANSWERS[kind] | answers)))


@pytest.mark.parametrize("kind", ["Policy", "Waiver", "Person", "ServiceRequest", "change", "../x", ""])
def test_no_other_kind_comes_in(kind: str, known: Known) -> None:
    text = body(known, "Change", ANSWERS["Change"]).replace("Change\n", f"{kind}\n", 1)
    assert refused(known, github(text))


def test_a_name_that_is_taken_is_refused(tmp_path: Path, itsm: Run) -> None:
    """Another incident of that day and number, as of another repository."""
    copy_tree(SMALL, tmp_path / "shop")
    (tmp_path / "shop/people/alice.yaml").write_text(ALICE)
    known = Known.read(tmp_path / "shop")
    issue = tmp_path / "issue.json"
    for at, expected in (("2026-11-09T08:12:00Z", 0), ("2026-11-09T08:12:01Z", 1)):
        issue.write_bytes(github(body(known, "Incident", ANSWERS["Incident"]), created_at=at))
        assert itsm("-C", tmp_path / "shop", "import", "issue", issue, "--into", ".")[0] == expected


@settings(max_examples=examples(40))
@given(st.text(max_size=60), st.sampled_from(["summary", "justification"]))
def test_any_answer_is_itself_or_refused(text: str, field: str) -> None:
    known = _shop()[0]
    conversion = convert({"x": github(body(known, "Change", ANSWERS["Change"] | {field: text}))}, known)
    if not conversion.findings:
        spec = conversion.records[0].data["spec"]
        other = "justification" if field == "summary" else "summary"
        assert spec[other] == ANSWERS["Change"][other]
        assert " ".join(spec[field].split()) == " ".join(text.split())
        assert spec["status"] == "draft"


@settings(max_examples=examples(40))
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_findings(source: bytes) -> None:
    conversion = convert({"x": source}, _shop()[0])
    assert conversion.findings
    assert conversion.records == []


def test_the_digest_is_that_of_the_text(known: Known) -> None:
    text = body(known, "Change", ANSWERS["Change"])
    one, other = (record(known, github(text, title=title)) for title in ("A", "B"))
    assert one["metadata"]["annotations"][DIGEST] != other["metadata"]["annotations"][DIGEST]
