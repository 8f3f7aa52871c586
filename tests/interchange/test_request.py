"""Submitted forms become requests; what is hostile in them is a value, or is refused and nothing is written."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.findings import Finding
from itsm_as_code.interchange import Conversion, Known, plan
from itsm_as_code.interchange._request_form import Forge
from itsm_as_code.interchange.request import RULES, Said, convert
from itsm_as_code.interchange.request_forms import export
from itsm_as_code.records.characters import FORBIDDEN
from itsm_as_code.records.document import parse
from itsm_as_code.records.writer import dump
from tests.conftest import Run, examples
from tests.interchange.request_shop import ANSWERS, FIELDS, SUBMITTED, body, github, gitlab, make_shop, offering

ALICE = """\
apiVersion: itsm/v1
kind: Person
metadata: {name: alice, title: Alice Arden}
spec:
  emails: ["alice@shop.example"]
  accounts:
    - {forge: github, login: alice-gh, id: 7}
    - {forge: gitlab, login: alice-gl}
    - {forge: gitea, login: alice-tea, id: 5}
"""


@lru_cache
def _shop() -> tuple[Known, TemporaryDirectory[str]]:
    folder = TemporaryDirectory(prefix="itsm-request-")
    return _known(Path(folder.name) / "shop"), folder


@pytest.fixture(scope="module")
def known() -> Known:
    return _shop()[0]


def _known(root: Path, *offerings: dict[str, Any]) -> Known:
    make_shop(root, *offerings)
    (root / "people/alice.yaml").write_text(ALICE)
    return Known.read(root)


def read(known: Known, source: bytes, said: Said | None = None) -> Conversion:
    return convert({"issue": source}, known, said)


def values_of(known: Known, source: bytes, said: Said | None = None) -> dict[str, Any]:
    conversion = read(known, source, said)
    assert conversion.findings == []
    (record,) = conversion.records
    assert known.registry["ServiceRequest"].validator.problems(record.data) == []
    values: dict[str, Any] = record.data["spec"]["values"]
    return values


def refused(known: Known, source: bytes, rule: str, message: str, said: Said | None = None) -> Finding:
    conversion = read(known, source, said)
    assert conversion.records == []
    found = [finding for finding in conversion.findings if finding.rule == rule and message in finding.message]
    assert found, conversion.findings
    assert all(finding.severity.value == "error" for finding in conversion.findings)
    assert all(len(finding.message) < 400 for finding in conversion.findings)
    assert {finding.rule for finding in conversion.findings} <= {rule.id for rule in RULES}
    return found[0]


class TestGood:
    def test_an_issue_of_github(self, known: Known) -> None:
        conversion = read(known, github(body(ANSWERS)))
        assert conversion.findings == []
        (record,) = conversion.records
        assert record.data == {
            "apiVersion": "itsm/v1",
            "kind": "ServiceRequest",
            "metadata": {
                "name": "req-20261109-42-database",
                "title": "Database for the loyalty project",
                "links": [{"title": "Issue 42", "url": "https://github.example.com/shop/itsm/issues/42"}],
            },
            "spec": {
                "offering": "database",
                "requester": "alice",
                "values": ANSWERS,
                "submittedAt": "2026-11-09T08:12:00Z",
                "status": "submitted",
            },
        }

    def test_an_issue_of_gitlab_from_its_template(self, known: Known) -> None:
        (record,) = (r for r in known.records.values() if r.id.kind == "RequestOffering")
        text = export([record], Forge.GITLAB).files[".gitlab/issue_templates/database.md"].decode()
        text = text.replace("- [ ] small", "- [x] small").replace("- [ ] No\n", "- [X] No\n")
        text = text.replace("### Name\n\n", "### Name\n\nloyalty-db\n\n")  # above the hint, as people do
        hint = "reads them. -->\n"
        text = text.replace(hint, f"{hint}\nFor points.\n\n<!-- mine -->\n")
        for source in (gitlab(text), gitlab(text.removesuffix("/label ~service-request\n").strip())):
            conversion = read(known, source)
            assert conversion.findings == []
            spec = conversion.records[0].data["spec"]
            assert spec["values"] == {
                "purpose": "For points.\n\n<!-- mine -->",
                "label": "loyalty-db",
                "size": "small",
                "personal": False,
            }
            assert (spec["requester"], spec["submittedAt"]) == ("alice", "2026-11-09T08:12:00Z")
        said = Said(requester="alice", at="2026-11-09T08:12:00Z")
        assert values_of(known, text.encode(), said)["size"] == "small"

    def test_a_body_alone(self, known: Known) -> None:
        said = Said(requester="bob", at="2026-11-09T09:12:00+01:00", name="req-mine")
        conversion = read(known, body(ANSWERS).encode(), said)
        assert conversion.findings == []
        data = conversion.records[0].data
        assert data["metadata"] == {"name": "req-mine", "title": "Database for a project"}
        assert data["spec"]["requester"] == "bob"
        bare = body(ANSWERS).removeprefix("### Request offering\n\ndatabase\n\n")
        named = Said("database", "bob", "2026-11-09T09:12:00+01:00")
        assert values_of(known, bare.encode(), named) == ANSWERS
        assert read(known, bare.encode(), named).records[0].data["metadata"]["name"] == "req-20261109-database"

    def test_answers_that_were_not_given_are_left_out(self, known: Known) -> None:
        few = {name: ANSWERS[name] for name in ("purpose", "label", "size", "personal")}
        text = body(few)
        assert values_of(known, github(text)) == few
        assert values_of(known, github(text.replace("### Regions\n\n_No response_", "### Regions\n\nNone"))) == few
        assert values_of(known, github(text.replace("\n", "\r\n"))) == few

    def test_a_choice_that_is_called_none(self, known: Known) -> None:
        assert values_of(known, github(body(ANSWERS | {"zone": "None"})))["zone"] == "None"

    def test_a_person_by_login(self, known: Known) -> None:
        assert values_of(known, github(body(ANSWERS | {"owner": "@BOB-gh"})))["owner"] == "bob"

    def test_numbers(self, known: Known) -> None:
        assert values_of(known, github(body(ANSWERS | {"days": "7.5"})))["days"] == 7.5

    def test_an_offering_that_asks_nothing(self, tmp_path: Path) -> None:
        known = _known(tmp_path / "shop", offering(form={"fields": []}))
        conversion = read(known, github("### Request offering\n\ndatabase"))
        assert conversion.findings == []
        assert "values" not in conversion.records[0].data["spec"]

    def test_the_offering_may_stand_in_a_label(self, known: Known) -> None:
        bare = body(ANSWERS).removeprefix("### Request offering\n\ndatabase\n\n")
        assert values_of(known, github(bare, labels=[{"name": "offering:database"}])) == ANSWERS
        assert values_of(known, gitlab(body(ANSWERS, Forge.GITLAB), labels=["offering::database"])) == ANSWERS

    def test_no_title_and_no_address(self, known: Known) -> None:
        data = read(known, github(body(ANSWERS), title=" \n ", html_url="javascript:alert(1)")).records[0].data
        assert data["metadata"] == {"name": "req-20261109-42-database", "title": "Database for a project"}


HOSTILE = [
    "x\nkind: Person", "a: b", "{{ evil }}", "!!python/object/apply:os.system [id]", "*a", "&a b", "<<: *x", "---",
    "...", "- [x] small", "yes", "null", "~", "0x10", "2026-01-01", "'\"", '"', "#x", " #x", "|", ">-", "%YAML 1.1",
    "${{ secrets.TOKEN }}", "<script>alert(1)</script>", "$(id)", "`id`", "@everyone", "-->", "<!-- x -->",
    "## Size", "#### Size", "**### Size**", "###Size", "x ### Size", "    ### Size", "Size\n----", "_No response",
    "é\u00a0\U0001f600",
]  # fmt: skip


class TestHostile:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_text_is_just_a_value(self, text: str, known: Known) -> None:
        source = github(body(ANSWERS | {"purpose": f"a\n{text}\nb"}))
        assert values_of(known, source) == ANSWERS | {"purpose": f"a\n{text}\nb"}
        (record,) = read(known, source).records
        assert parse(dump(record.data)) == record.data
        assert read(known, github(body(ANSWERS), title=f"x {text} y")).findings == []

    @pytest.mark.parametrize(
        "line",
        [
            "### Size (size)\n\nlarge",
            "### Size (size)",
            "### Other field\n\nx",
            "### Request offering\n\nother",
            "### ",
            "###",
            "   ### Size (size)\n\nlarge",
            "###\tSize (size)",
            "### Size (size) ",
            "```\n### Size (size)\n```",
            "<!--\n### Size (size)\n-->",
        ],
    )
    @pytest.mark.parametrize("field", ["purpose", "label", "days"])
    def test_an_answer_that_looks_like_a_field_is_refused(self, line: str, field: str, known: Known) -> None:
        text = body(ANSWERS | {field: f"a\n\n{line}\n\nb"})
        refused(known, github(text), "request-form", "times" if "### Size (size)" in line and line[0] != " " else "")

    def test_an_answer_cannot_take_the_place_of_a_field(self, known: Known) -> None:
        text = body(ANSWERS)
        without = text.replace("### Size (size)\n\nsmall\n\n", "")
        refused(known, github(without), "request-form", "'Size (size)' is missing")
        forged = without.replace("Points of", "x\n\n### Size (size)\n\nlarge\n\nPoints of")
        refused(known, github(forged), "request-form", "not stand in the order")
        refused(known, github("before\n\n" + text), "request-form", "text before the first field")

    def test_a_heading_of_another_alphabet_is_unknown(self, known: Known) -> None:
        text = body(ANSWERS | {"purpose": "a\n### \u0405ize (size)\nlarge"})
        finding = refused(known, github(text), "request-form", "has no field '\u0405ize (size)'")
        assert "(line 8 of the body)" in finding.message

    def test_lines_of_a_body_alone_are_lines_of_the_file(self, known: Known) -> None:
        said = Said(requester="bob", at="2026-11-09T08:12:00Z")
        text = body(ANSWERS | {"days": 6})
        finding = refused(known, text.encode(), "request-value", "'days' is below 7", said)
        line = finding.location.line
        assert line is not None
        assert text.split("\n")[line - 1] == "### Days of backup"

    @pytest.mark.parametrize(
        "character", ["\x00", "\x1b", "\r", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "\x85", "\ud800"]
    )
    def test_characters_that_do_not_show_are_refused(self, character: str, known: Known) -> None:
        message = f"U+{ord(character):04X}"
        refused(known, github(body(ANSWERS | {"label": f"a{character}b"})), "request-issue", message)
        refused(known, github(body(ANSWERS), title=f"a{character}b"), "request-issue", message)
        refused(known, github(body(ANSWERS), user={"login": f"a{character}b"}), "request-issue", message)

    @pytest.mark.parametrize("field", ["purpose", "label", "size", "regions", "days", "from", "owner", "service"])
    def test_a_value_of_a_megabyte(self, field: str, known: Known) -> None:
        text = body({name: value for name, value in ANSWERS.items() if name != field})
        heading = next(line for line in text.split("\n") if line in _headings(field))
        answered = text.replace(f"{heading}\n\n_No response_", f"{heading}\n\n{'x' * 1_000_000}")
        assert len(answered) > 1_000_000
        refused(known, github(answered), "request-value", f"'{field}' ")

    def test_a_file_that_is_too_large(self, known: Known) -> None:
        refused(known, github("x" * (1 << 20)), "request-issue", "more than")

    def test_many_false_headings_are_few_findings(self, known: Known) -> None:
        conversion = read(known, github(body(ANSWERS | {"purpose": "### x\n" * 100_000})))
        assert 0 < len(conversion.findings) <= 12

    def test_text_without_a_limit_of_its_own_is_limited_by_the_schema(self, tmp_path: Path) -> None:
        fields = [{"name": "x", "title": "X", "type": "longtext"}]
        known = _known(tmp_path / "shop", offering(fields=fields))
        text = body({"x": "y" * 20_001}, fields=fields)
        refused(known, github(text), "request-value", "longer than 20000 characters")


def _headings(field: str) -> set[str]:
    title = next(item["title"] for item in FIELDS if item["name"] == field)
    return {f"### {title}", f"### {title} ({field})"}


class TestMisfits:
    @pytest.mark.parametrize(
        ("answers", "message"),
        [
            ({"size": "huge"}, "'size' is none of its choices"),
            ({"size": "Small"}, "'size' is none of its choices"),
            ({"size": None}, "'size' must be answered"),
            ({"purpose": "  "}, "'purpose' must be answered"),
            ({"purpose": "_No response_"}, "'purpose' must be answered"),
            ({"label": "x" * 41}, "'label' has 41 characters"),
            ({"label": "two\nlines"}, "'label' has more than one line"),
            ({"regions": "eu-west, eu-south"}, "'regions' is none of its choices"),
            ({"regions": "eu-west, eu-west"}, "'regions' names a choice twice"),
            ({"extras": "alerts"}, "'extras' is not the list"),
            ({"days": 6}, "'days' is below 7"),
            ({"days": 91}, "'days' is above 90"),
            ({"days": "1e1"}, "'days' is not a number"),
            ({"days": "0x10"}, "'days' is not a number"),
            ({"days": "nan"}, "'days' is not a number"),
            ({"days": "9" * 400}, "'days' is not a number"),
            ({"days": "\u0663\u0660"}, "'days' is not a number"),
            ({"days": "30; DROP"}, "'days' is not a number"),
            ({"from": "2026-02-30"}, "'from' is not a date"),
            ({"from": "tomorrow"}, "'from' is not a date"),
            ({"personal": "true"}, "'personal' is neither true nor false"),
            ({"personal": None}, "'personal' must be answered"),
            ({"owner": "nobody"}, "'owner' is not the name of a Person"),
            ({"owner": "@nobody"}, "'owner' is not the name of a Person"),
            ({"service": "bob"}, "'service' is not the name of a Service"),
        ],
    )
    def test_what_the_form_does_not_take(self, answers: dict[str, Any], message: str, known: Known) -> None:
        text = body(ANSWERS | dict.fromkeys(answers))
        for name, value in answers.items():
            if value is not None:
                for heading in _headings(name):
                    start, _, rest = text.partition(f"{heading}\n\n")
                    if rest:
                        after = rest[rest.index("\n\n### ") :] if "\n\n### " in rest else ""
                        text = f"{start}{heading}\n\n{value}{after}"
        refused(known, github(text), "request-value", message)

    def test_every_misfit_is_said(self, known: Known) -> None:
        conversion = read(known, github(body(ANSWERS | {"days": 6, "from": "x", "owner": "y"})))
        assert len(conversion.findings) == 3

    @pytest.mark.parametrize(
        ("ticked", "message"),
        [
            (["small", "large"], "more than one choice ticked"),
            ([], "'size' must be answered"),
        ],
    )
    def test_ticks(self, ticked: list[str], message: str, known: Known) -> None:
        text = body(ANSWERS, Forge.GITLAB).replace("- [X] small", "- [ ] small")
        for choice in ticked:
            text = text.replace(f"- [ ] {choice}", f"- [x] {choice}")
        refused(known, gitlab(text), "request-value", message)

    @pytest.mark.parametrize("other", ["- [x] huge", "- [X] small\n- [x] small", "small", "- [y] small"])
    def test_a_list_that_is_not_that_of_the_form(self, other: str, known: Known) -> None:
        text = body(ANSWERS, Forge.GITLAB).replace("- [X] small", other)
        refused(known, gitlab(text), "request-value", "'size' is not the list of the form")

    def test_a_hint_of_another_form_is_no_answer(self, known: Known) -> None:
        text = body(ANSWERS, Forge.GITLAB).replace("<!-- Required; at most 40", "<!-- Required; at most 30")
        refused(known, gitlab(text), "request-value", "begins with a comment")

    def test_offerings(self, known: Known, tmp_path: Path) -> None:
        text = body(ANSWERS)
        refused(known, github(body(ANSWERS, name="databse")), "request-offering", "no offering 'databse'")
        refused(known, github("hello"), "request-offering", "names no offering")
        refused(known, github(text), "request-offering", "more than one offering", Said(offering="other"))
        labels = [{"name": "offering:other"}]
        refused(known, github(text, labels=labels), "request-offering", "'database', 'other'")
        refused(known, github(body(ANSWERS, name="../x")), "request-offering", "no offering '../x'")
        make_shop(tmp_path / "broken", offering())
        file = tmp_path / "broken/operations/offerings/database.yaml"
        file.write_text(file.read_text().replace("active: true", "active: perhaps"))
        broken = Known.read(tmp_path / "broken")
        refused(broken, github(text), "request-offering", "the record of the offering 'database' has errors")
        closed = _known(tmp_path / "shop", offering(active=False))
        refused(closed, github(text), "request-offering", "not offered at present")

    def test_requesters(self, known: Known, tmp_path: Path) -> None:
        text = body(ANSWERS)
        refused(known, github(text, user={"login": "stranger"}), "request-requester", "is nobody in people/")
        refused(known, github(text, user={"login": "alice"}), "request-requester", "is no login at github: alice")
        refused(known, github(text, user={"login": "alice-gl"}), "request-requester", "is no login at github: alice")
        refused(
            known,
            github(text, user={"login": "alice-gh", "id": 8}),
            "request-requester",
            "is the login of account 8 now",
        )
        said = Said(at="2026-11-09T08:12:00Z")
        refused(known, text.encode(), "request-requester", "nobody says who", said)
        refused(known, text.encode(), "request-requester", "'alise'", Said(None, "alise", "2026-11-09T08:12:00Z"))
        root = make_shop(tmp_path / "shop")
        (root / "people/alice.yaml").write_text(ALICE.replace("spec:\n", "spec:\n  active: false\n"))
        refused(Known.read(root), github(text), "request-requester", "nobody who works here")
        double = ALICE.replace("alice,", "alice-two,").replace("alice@", "two@")
        (root / "people/alice.yaml").write_text(ALICE)
        (root / "people/alice-two.yaml").write_text(double)
        refused(Known.read(root), github(text), "request-requester", "of more than one person")

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (b"", "nobody says when"),
            (b"\xff", "not UTF-8"),
            (b"{", "not the JSON of an issue"),
            (b"{}", "of no forge that is known"),
            (b'{"a": 1, "a": 2}', "a key stands twice"),
            (b'{"number": NaN}', "NaN is not JSON"),
            (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
            (b'{"number": ' + b"9" * 5000 + b"}", "not the JSON of an issue"),
            (github("x", iid=1, author={}), "of no forge that is known"),
            (github("x", pull_request={}), "a pull request"),
            (github("x", number="42"), "'number' of the issue"),
            (github("x", number=True), "'number' of the issue"),
            (github("x", number=-1), "the number of the issue"),
            (github("x", number=10**12), "the number of the issue"),
            (github("x", user=None), "'user' of the issue"),
            (github("x", user={"login": 1}), "'login' of the issue"),
            (github("x", user={"login": "alice-gh", "id": "7"}), "'id' of the issue"),
            (github("x", title=None), "'title' of the issue"),
            (github("x", body=1), "'body' of the issue"),
            (github("x", created_at=None), "'created_at' of the issue"),
            (github("x", created_at="yesterday"), "'yesterday' is not the instant"),
            (github("x", html_url=1), "'html_url' of the issue"),
        ],
    )
    def test_files_that_are_no_issue(self, source: bytes, message: str, known: Known) -> None:
        refused(known, source, "request-issue", message)

    def test_an_issue_without_body_or_with_odd_labels(self, known: Known) -> None:
        refused(known, github("x", body=None), "request-offering", "names no offering")
        refused(known, github("x", labels=[1, {"name": 2}, None]), "request-offering", "names no offering")
        refused(known, github("x", labels="offering:database"), "request-offering", "names no offering")

    def test_a_title_that_is_too_long(self, known: Known) -> None:
        refused(known, github(body(ANSWERS), title="x" * 201), "request-value", "metadata.title is longer than 200")


text = st.text(st.sampled_from("ab #\n-[]x`<!>_:'\"{}é|,."), max_size=30)
lines = st.text(st.sampled_from("ab #-[]x`<!>_:'\"{}é|,"), max_size=20)


class TestProperties:
    @settings(max_examples=examples(60))
    @given(text, lines, st.sampled_from(list(Forge)))
    def test_an_answer_is_itself_or_refused_and_never_another_field(
        self, purpose: str, label: str, forge: Forge
    ) -> None:
        known = _shop()[0]
        conversion = read(known, SUBMITTED[forge](body(ANSWERS | {"purpose": purpose, "label": label}, forge)))
        if conversion.findings:
            assert conversion.records == []
            return
        values = conversion.records[0].data["spec"]["values"]
        assert values["purpose"] == purpose.strip("\n").rstrip()
        assert values["label"] == label.strip()
        assert {name: value for name, value in values.items() if name not in ("purpose", "label")} == {
            name: value for name, value in ANSWERS.items() if name not in ("purpose", "label")
        }

    @settings(max_examples=examples(60))
    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
    def test_any_body_is_a_request_or_findings(self, anything: str) -> None:
        known = _shop()[0]
        conversion = read(known, github(anything))
        assert bool(conversion.findings) == (not conversion.records)
        inside = body(ANSWERS | {"purpose": f"a{anything}b"})
        conversion = read(known, github(inside))
        assert bool(conversion.findings) == (not conversion.records)
        if FORBIDDEN.search(anything.replace("\r\n", "\n")):
            assert conversion.findings
        for record in conversion.records:
            assert parse(dump(record.data)) == record.data

    @settings(max_examples=examples(60))
    @given(st.binary(max_size=100))
    def test_any_bytes_are_findings(self, source: bytes) -> None:
        known = _shop()[0]
        assert read(known, source, Said(requester="bob", at="2026-11-09T08:12:00Z")).findings
        assert read(known, b"{" + source).findings


class TestCommand:
    @pytest.fixture
    def top(self, tmp_path: Path) -> Path:
        _known(tmp_path / "shop")
        (tmp_path / "issue.json").write_bytes(github(body(ANSWERS)))
        return tmp_path / "shop"

    def test_the_record_is_written_and_valid(self, top: Path, itsm: Run) -> None:
        code, out, _ = itsm("import", "request", top.parent / "issue.json", "--into", top)
        assert code == 0, out
        path = top / "operations/requests/req-20261109-42-database.yaml"
        assert parse(path.read_bytes())["spec"]["values"] == ANSWERS
        found = itsm("-C", top, "validate", "operations", "--format", "json", "--now", "2026-11-22T12:00:00Z")[1]
        assert json.loads(found)["summary"]["errors"] == 0
        assert itsm("-C", top, "fmt", "--check", "operations/requests")[0] == 0
        assert "1 unchanged" in itsm("import", "request", top.parent / "issue.json", "--into", top)[1]

    def test_a_request_on_its_way_is_left_alone(self, top: Path, itsm: Run) -> None:
        itsm("import", "request", top.parent / "issue.json", "--into", top)
        path = top / "operations/requests/req-20261109-42-database.yaml"
        mine = path.read_bytes().replace(b"status: submitted", b"status: approved\n  decidedAt: 2026-11-10T08:00:00Z")
        path.write_bytes(mine)
        code, out, _ = itsm("import", "request", top.parent / "issue.json", "--into", top)
        assert code == 0
        assert "left alone" in out
        assert path.read_bytes() == mine

    def test_the_name_of_another_request_is_refused(self, top: Path, itsm: Run) -> None:
        itsm("import", "request", top.parent / "issue.json", "--into", top)
        (top.parent / "issue.json").write_bytes(github(body(ANSWERS), created_at="2026-11-09T08:13:00Z"))
        code, out, _ = itsm("import", "request", top.parent / "issue.json", "--into", top)
        assert code == 1
        assert "another request has the name" in out
        assert itsm("import", "request", top.parent / "issue.json", "--into", top, "--name", "req-two")[0] == 0
        assert itsm("import", "request", top.parent / "issue.json", "--into", top, "--name", "../x")[0] == 1
        assert not (top / "operations/x.yaml").exists()

    @pytest.mark.parametrize("answers", [{"days": 6}, {"label": "\u202e"}, {"purpose": "### Name\n\nx"}])
    def test_nothing_is_written_when_anything_is_wrong(self, answers: Any, top: Path, itsm: Run) -> None:
        before = sorted(top.rglob("*"))
        (top.parent / "issue.json").write_bytes(github(body(ANSWERS | answers)))
        code, out, _ = itsm("import", "request", top.parent / "issue.json", "--into", top)
        assert code == 1
        assert "error request-" in out
        assert sorted(top.rglob("*")) == before

    def test_a_body_alone(self, top: Path, itsm: Run) -> None:
        (top.parent / "body.md").write_text(body(ANSWERS))
        arguments = ["import", "request", top.parent / "body.md", "--into", top, "--requester", "bob"]
        assert itsm(*arguments)[0] == 1
        assert itsm(*arguments, "--at", "2026-11-09T08:12:00Z")[0] == 0
        assert (top / "operations/requests/req-20261109-database.yaml").is_file()

    def test_what_an_issue_says_itself_is_not_said_again(self, top: Path, itsm: Run) -> None:
        code, out, _ = itsm("import", "request", top.parent / "issue.json", "--into", top, "--requester", "bob")
        assert code == 1
        assert "says itself" in out

    def test_an_import_that_finds_no_error_is_planned_as_any_other(self, known: Known) -> None:
        files, said = plan(read(known, github(body(ANSWERS))), known, force=False)
        assert [file.path for file in files if file.record] == ["operations/requests/req-20261109-42-database.yaml"]
        assert said == []
