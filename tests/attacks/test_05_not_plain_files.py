"""5: symlinks, submodules, attributes that make git show or merge other bytes, LFS pointers."""

from __future__ import annotations

import pytest

from tests.attacks.tools import EVERYBODY, add_rule, approve, blocking, missing, on_main
from tests.conftest import Workshop, codes


@pytest.fixture
def open_rules(workshop: Workshop) -> Workshop:
    """A base on which every path may be approved by anyone."""
    with on_main(workshop):
        add_rule(workshop, "{name: rest, match: {paths: ['**']}, approvals: [{from: {anyone: true}}]}")
    return workshop


@pytest.mark.parametrize("target", ["newsletter.yaml", "/etc/passwd", "../people/bob.yaml", "missing"])
def test_a_link_as_a_record(open_rules: Workshop, target: str) -> None:
    (open_rules.path / "services/linked.yaml").symlink_to(target)
    open_rules.commit()
    approve(open_rules, *EVERYBODY)
    assert codes(open_rules.judge()) == ["finding:file-kind"]


def test_a_link_to_a_record_with_the_same_bytes(open_rules: Workshop) -> None:
    """A link whose target text is a record's content has the same blob id as that record."""
    oid = open_rules.git("hash-object", "services/newsletter.yaml")
    open_rules.git("update-index", "--cacheinfo", f"120000,{oid},services/newsletter.yaml")
    open_rules.git("commit", "-q", "-m", "Link")
    approve(open_rules, *EVERYBODY)
    assert {"file-kind", "record-deleted"} <= blocking(open_rules.judge())


def test_a_record_folder_becomes_a_link(workshop: Workshop) -> None:
    (workshop.path / "changes/models/restart.yaml").unlink()
    (workshop.path / "changes/models").rmdir()
    (workshop.path / "changes/models").symlink_to("/tmp")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert {"file-kind", "record-deleted"} <= blocking(workshop.judge())


@pytest.mark.parametrize("path", ["services/vendor", "policies/approvals/more", "people/extra.yaml"])
def test_a_submodule_in_a_record_folder(open_rules: Workshop, path: str) -> None:
    open_rules.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{path}")
    open_rules.git("commit", "-q", "-m", "Submodule")
    approve(open_rules, *EVERYBODY)
    assert codes(open_rules.judge()) == ["finding:file-kind"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".gitattributes", "inc-*.yaml working-tree-encoding=UTF-16\n"),
        (".gitattributes", "*.yaml linguist-generated\n"),
        ("services/.gitattributes", "* eol=crlf -diff\n"),
        (".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c true\n'),
        (".mailmap", "Bob Brook <bob@shop.example> <alice@shop.example>\n"),
        (".lfsconfig", "[lfs]\n\turl = https://evil.example\n"),
        (".github/workflows/gate.yml", "on: push\n"),
        ("CODEOWNERS", "* @alice\n"),
    ],
)
def test_files_that_steer_git_or_the_forge_need_a_rule(workshop: Workshop, path: str, text: str) -> None:
    workshop.write(path, text)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["not-covered", "no-rule"])


def test_an_lfs_pointer_as_a_record(workshop: Workshop) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 300\n"
    workshop.write("services/newsletter.yaml", pointer)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "yaml-syntax" in blocking(workshop.judge())


def test_the_bytes_judged_are_those_of_the_blob(workshop: Workshop) -> None:
    """A filter or encoding that attributes ask for changes what lies in a work tree, never what is judged."""
    with on_main(workshop):
        workshop.write(".gitattributes", "*.yaml filter=hide\n")
        workshop.git("config", "filter.hide.smudge", "sed s/tier:.*/tier: 4/")
        workshop.git("config", "filter.hide.clean", "cat")
    workshop.edit("services/newsletter.yaml", "tier: 4", "tier: 9")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:record-schema"]


def test_an_executable_bit_needs_approval(workshop: Workshop) -> None:
    workshop.git("update-index", "--chmod=+x", "services/newsletter.yaml")
    workshop.git("commit", "-q", "-m", "Mode")
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"service": 1})


def conflicting(shop: Workshop) -> None:
    """Both sides change the same line."""
    shop.edit("services/orders.yaml", "title: Orders", "title: Order book")
    shop.commit()
    shop.git("checkout", "-q", "main")
    shop.edit("services/orders.yaml", "title: Orders", "title: Ordering")
    shop.commit(who="erin")
    shop.git("checkout", "-q", "topic")


@pytest.mark.parametrize("attribute", ["merge=union", "merge=evil", "merge=ours"])
def test_no_attribute_picks_a_merge_driver(workshop: Workshop, attribute: str) -> None:
    marker = workshop.path / "pwned"
    with on_main(workshop):
        workshop.write(".gitattributes", f"*.yaml {attribute}\n")
    workshop.git("config", "merge.evil.driver", f"touch {marker}")
    workshop.git("config", "merge.ours.driver", "true")
    conflicting(workshop)
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["merge-conflict"])
    assert not marker.exists()


def test_no_configuration_picks_a_merge_driver(workshop: Workshop) -> None:
    marker = workshop.path / "pwned"
    workshop.git("config", "merge.default", "evil")
    workshop.git("config", "merge.evil.driver", f"touch {marker}")
    conflicting(workshop)
    assert codes(workshop.judge()) == ["merge-conflict"]
    assert not marker.exists()
