"""Dead links, against a server on loopback; names lead there by a resolver of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from itsm_as_code.assurance.links import findings
from itsm_as_code.forges import visits
from itsm_as_code.forges.visits import Outcome, Visit, Visitor
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import load_rule_set
from tests.conftest import SMALL, Run, copy_tree
from tests.pages import DIGEST, Pages, resolver


def visitor(*allowed: str) -> Visitor:
    return Visitor(allowed or ("pages.test",), resolver(**{"pages.test": "127.0.0.1"}))


@pytest.mark.parametrize(
    ("path", "outcome", "why"),
    [
        ("/200", "there", ""),
        ("/404", "gone", "answers 404"),
        ("/410", "gone", "answers 410"),
        ("/500", "unknown", "answers 500"),
        ("/403", "unknown", "answers 403, which wants a login"),
        ("/302/4", "there", ""),
        ("/302/5", "gone", "leads on more than 5 times"),
        ("/308/end", "there", ""),
        ("/301", "unknown", "answers 301 and does not say where it leads"),
        ("/302/file", "unknown", "leads to what is no plain http or https address"),
        ("/302/private", "unknown", "127.0.0.1 is 127.0.0.1, which is no public address, and is not asked"),
    ],
)
def test_an_answer_says_whether_a_link_is_dead(pages: Pages, path: str, outcome: str, why: str) -> None:
    assert visitor().visit(pages.url(path)) == Visit(Outcome(outcome), why, visitor().visit(pages.url(path)).digest)


def test_the_way_there_is_bounded(pages: Pages) -> None:
    visitor().visit(pages.url("/302/9"))
    assert len(pages.asked) == visits.MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("http://gone.test/", "gone"),
        ("https://runs.shop.example/1", "gone"),  # a domain that nobody can have
        ("http://later.test/", "unknown"),  # the resolver itself has no answer
        ("http://pages.test:1/", "unknown"),  # nothing listens there
        ("http://pages.test:99999/", "unknown"),
        ("http://me:secret@pages.test/", "unknown"),
    ],
)
def test_no_answer_is_told_apart(url: str, outcome: str) -> None:
    assert visitor().visit(url).outcome == outcome


def test_content_is_compared_only_where_it_is_wanted(pages: Pages) -> None:
    assert visitor().visit(pages.url("/200"), has_content=True).digest == DIGEST
    assert visitor().visit(pages.url("/cut"), has_content=True).outcome == "unknown"
    assert visitor().visit(pages.url("/cut")).outcome == "there"


def test_addresses_are_asked_once_and_only_so_many(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MOST", 3)
    found = visitor().visit_all({pages.url(f"/200/{number}"): False for number in range(5)})
    assert [visit.outcome for visit in found.values()] == ["there"] * 3 + ["unknown"] * 2
    assert len(pages.asked) == 3


def test_a_run_has_an_end(pages: Pages) -> None:
    clock = iter(range(0, 10**6, 400))
    late = Visitor(("pages.test",), resolver(**{"pages.test": "127.0.0.1"}), lambda: float(next(clock)))
    found = late.visit_all({pages.url("/200/1"): False, pages.url("/200/2"): False})
    assert {visit.outcome for visit in found.values()} == {"unknown"}
    assert "took 10 minutes" in " ".join(visit.why for visit in found.values())


def world(top: Path, pages: Pages) -> Path:
    """The small organisation with a release whose artifacts and notes lie on the server."""
    copy_tree(SMALL, top)
    artifacts = [
        {"name": "good", "digest": DIGEST, "url": pages.url("/200")},
        {"name": "other", "digest": f"sha256:{'0' * 64}", "url": pages.url("/200")},
        {"name": "gone", "digest": DIGEST, "url": pages.url("/404")},
    ]
    spec = {
        "version": "1", "services": ["newsletter"], "changes": [], "status": "planned", "artifacts": artifacts,
        "notes": [{"title": "N", "url": "mailto:a@b.example"}, {"title": "P", "url": pages.url("/200", "127.0.0.1")}],
    }  # fmt: skip
    data = {"apiVersion": "itsm/v1", "kind": "Release", "metadata": {"name": "r", "title": "R"}, "spec": spec}
    folder = load_rule_set(WorkTree(top)).registry["Release"].folder
    (top / folder).mkdir(parents=True, exist_ok=True)
    (top / folder / "r.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    return top


def test_each_dead_link_is_a_finding_at_its_place(tmp_path: Path, pages: Pages) -> None:
    top = world(tmp_path / "r", pages)
    catalogue = load_rule_set(WorkTree(top)).catalogue
    found = findings(catalogue, visitor(), lambda path: path.endswith("r.yaml"))
    (path,) = {finding.location.path for finding in found}
    lines = (top / path).read_text().splitlines()
    told = []
    for finding in found:
        where = finding.location
        assert where.line is not None
        assert where.column is not None
        assert lines[where.line - 1][where.column - 1 :].startswith("http")
        told.append((finding.rule, finding.message.split(" ", 1)[1]))
    assert told == [
        ("link-dead", f"has the content {DIGEST}, not sha256:{'0' * 64}"),
        ("link-dead", "answers 404"),
        ("link-unchecked", "127.0.0.1 is 127.0.0.1, which is no public address, and is not asked"),
    ]
    assert sorted(path for path, _ in pages.asked) == ["/200", "/404"]


def test_the_command_asks_only_when_it_is_told_to(tmp_path: Path, pages: Pages, itsm: Run) -> None:
    top = world(tmp_path / "r", pages)
    for file in top.rglob("r.yaml"):
        file.write_text(file.read_text().replace("pages.test", "127.0.0.1"))
        path = file.relative_to(top)
    common = ("-C", top, "--now", "2026-11-22T12:00:00Z")
    before = itsm("validate", path, *common)
    assert (before[0], pages.asked) == (0, [])
    code, out, _ = itsm("validate", path, "--links", *common)
    assert (code, pages.asked, out.count("link-unchecked")) == (2, [], 4)
    code, out, _ = itsm("validate", path, "--links", "--allow-host", "127.0.0.1", *common)
    assert (code, out.count("link-dead"), out.count("link-unchecked")) == (0, 2, 0)
    assert itsm("validate", "--allow-host", "127.0.0.1", *common)[0] == 2


def test_a_linked_attestation_is_compared_with_the_digest_that_the_control_gives(tmp_path: Path, pages: Pages) -> None:
    top = tmp_path / "r"
    copy_tree(SMALL, top)
    seen = {"type": "attestation", "by": "erin", "on": "2026-11-01", "validUntil": "2027-11-01", "statement": "Seen."}
    evidence = [{**seen, "url": pages.url("/200"), "digest": digest} for digest in (DIGEST, f"sha256:{'0' * 64}")]
    spec = {"framework": "soc2", "clause": "CC8.1", "statement": "S.", "evidence": evidence}
    data = {"apiVersion": "itsm/v1", "kind": "Control", "metadata": {"name": "c", "title": "C"}, "spec": spec}
    (top / "policies/controls").mkdir(parents=True, exist_ok=True)
    (top / "policies/controls/c.yaml").write_text(yaml.safe_dump(data))
    catalogue = load_rule_set(WorkTree(top)).catalogue
    (found,) = findings(catalogue, visitor(), lambda path: True)
    assert (found.rule, found.location.pointer) == ("link-dead", ("spec", "evidence", 1, "url"))
    assert [finding for finding in catalogue.findings if finding.severity == "error"] == []
