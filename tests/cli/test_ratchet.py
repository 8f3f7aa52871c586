"""itsm validate --base and itsm fmt --records, as hooks call them: what is wrong already stops no commit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run, Workshop

OLD = "services/newsletter.yaml"


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """A service of an owner who is nobody stands on the base."""
    workshop.edit(OLD, "owner: team-shop", "owner: team-gone")
    workshop.commit()
    return workshop


def validated(itsm: Run, shop: Workshop, *arguments: str | Path) -> tuple[int, str]:
    code, out, _ = itsm("-C", shop.path, "validate", "--base", "HEAD", *arguments)
    return code, out


def test_what_stands_on_the_base_stops_nobody(itsm: Run, shop: Workshop) -> None:
    assert itsm("-C", shop.path, "validate")[0] == 1
    shop.edit("services/orders.yaml", "title: Orders", "title: Order book")
    code, out = validated(itsm, shop)
    assert (code, "team-gone" in out, "1 known" in out) == (0, False, True)


def test_what_is_wrong_anew_does(itsm: Run, shop: Workshop) -> None:
    shop.edit("services/orders.yaml", "owner: team-shop", "owner: team-away")
    code, out = validated(itsm, shop)
    assert (code, "team-away" in out, "team-gone" in out) == (1, True, False)


def test_a_file_that_was_touched_is_looked_at_whole(itsm: Run, shop: Workshop) -> None:
    shop.edit(OLD, "title: Newsletter", "title: The newsletter")
    assert validated(itsm, shop)[0] == 1


def test_what_a_deletion_breaks_elsewhere_is_new(itsm: Run, shop: Workshop) -> None:
    (shop.path / "services/database.yaml").unlink()
    code, out = validated(itsm, shop)
    assert (code, "no Service named 'database'" in out) == (1, True)


def test_the_same_mistake_at_another_place_is_new(itsm: Run, shop: Workshop) -> None:
    text = (shop.path / OLD).read_text()
    (shop.path / "services/letters.yaml").write_text(text.replace("name: newsletter", "name: letters"))
    assert validated(itsm, shop)[0] == 1


def test_json_tells_which_are_known(itsm: Run, shop: Workshop) -> None:
    code, out = validated(itsm, shop, "--format", "json")
    report = json.loads(out)
    assert (code, report["summary"]["known"], report["summary"]["errors"]) == (0, 1, 0)
    assert [item["known"] for item in report["findings"] if item["severity"] == "error"] == [True]
    sarif = json.loads(validated(itsm, shop, "--format", "sarif")[1])
    assert [result["level"] for result in sarif["runs"][0]["results"] if "suppressions" not in result] == []


def test_before_the_first_commit_all_is_new(itsm: Run, shop: Workshop, tmp_path: Path) -> None:
    fresh = Workshop(tmp_path / "fresh")
    shop.git("clone", "-q", str(shop.path), str(fresh.path))
    (fresh.path / ".git").rename(tmp_path / "old")
    fresh.git("init", "-q", "-b", "main", "--template=")
    assert validated(itsm, fresh)[0] == 1
    fresh.edit(OLD, "owner: team-gone", "owner: team-shop")
    assert validated(itsm, fresh)[0] == 0


def test_a_base_that_is_not_there_is_no_answer(itsm: Run, shop: Workshop) -> None:
    assert itsm("-C", shop.path, "validate", "--base", "no-such")[0] == 2


def test_a_base_with_a_cache_says_the_same(itsm: Run, shop: Workshop, tmp_path: Path) -> None:
    asked = (
        "-C",
        shop.path,
        "validate",
        "--base",
        "HEAD",
        "--cache",
        tmp_path / "cache",
        "--now",
        "2026-11-22T12:00:00Z",
    )
    first, second = itsm(*asked), itsm(*asked)
    assert first[:2] == second[:2] == (0, validated(itsm, shop)[1])


def test_fmt_leaves_alone_what_is_no_record(itsm: Run, shop: Workshop) -> None:
    shop.write("compose.yaml", "services:   {}\n")
    shop.write(".github/dependabot.yaml", "version:   2\n")
    text = (shop.path / OLD).read_text()
    shop.write(OLD, text.replace("spec:\n", "spec:\n\n\n"))
    outside = shop.path.parent / "outside.yaml"
    outside.write_text("a:   1\n")
    paths = [shop.path / OLD, shop.path / "compose.yaml", shop.path / ".github/dependabot.yaml", outside]
    code, out, _ = itsm("-C", shop.path, "fmt", "--records", *paths)
    assert (code, out) == (0, f"formatted: {OLD}\n1 formatted, 0 left as they are\n")
    assert ((shop.path / OLD).read_text(), outside.read_text()) == (text, "a:   1\n")
    assert (shop.path / "compose.yaml").read_text() == "services:   {}\n"


def test_fmt_of_no_records_touches_nothing(itsm: Run, shop: Workshop) -> None:
    """Else it would format all of them, for that is what no PATH means."""
    shop.write(OLD, (shop.path / OLD).read_text().replace("spec:\n", "spec:\n\n\n"))
    shop.write("compose.yaml", "services:   {}\n")
    for paths in ([shop.path / "compose.yaml"], []):
        assert itsm("-C", shop.path, "fmt", "--records", *paths)[0] == 0
    assert "spec:\n\n\n" in (shop.path / OLD).read_text()
