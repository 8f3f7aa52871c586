"""6: YAML that says more than it shows, or more than a parser bears."""

from __future__ import annotations

import pytest

from tests.attacks.tools import EVERYBODY, approve, blocking
from tests.conftest import Workshop, codes

PATH = "services/newsletter.yaml"


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("tier: 4", "tier: 4\n  tier: 1", "yaml-duplicate-key"),
        ("tier: 4", 'tier: 4\n  "tier": 1', "yaml-duplicate-key"),
        ("tier: 4", "tier: &t 4", "yaml-feature"),
        ("support: {channel: chat,", "support: {<<: {channel: mail}, channel: chat,", "yaml-feature"),
        ("tier: 4", "tier: !!int 4", "yaml-feature"),
        ("tier: 4", "tier: !!python/object/apply:os.system [id]", "yaml-feature"),
        ("apiVersion: itsm/v1", "%YAML 1.1\n---\napiVersion: itsm/v1", "yaml-feature"),
        ("tier: 4", "tier: 4\n\tx: 1", "yaml-character"),
        ("tier: 4", "? [a]\n  : 4", "yaml-syntax"),
        ("tier: 4", "tier: 99999999999999999999", "yaml-limit"),
    ],
)
def test_a_feature_that_hides_what_a_record_says(workshop: Workshop, old: str, new: str, rule: str) -> None:
    workshop.edit(PATH, old, new)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert rule in blocking(decision)


def test_a_second_document(workshop: Workshop) -> None:
    workshop.write(PATH, (workshop.path / PATH).read_text() + "---\napiVersion: itsm/v1\nkind: Service\n")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "yaml-feature" in blocking(workshop.judge())


def test_a_line_that_only_a_parser_sees(workshop: Workshop) -> None:
    """A lone carriage return ends a comment for YAML; a review shows one line of comment."""
    workshop.edit(PATH, "tier: 4", "# harmless\r  tier: 4")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "yaml-character" in blocking(workshop.judge())


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"a: " + b"[" * 25_000, "yaml-limit"),
        (b"a: " + b"{a: " * 25_000, "yaml-limit"),
        (b"- " * 25_000, "yaml-syntax"),
        (b"a:\n" + b"".join(b" " * n + b"- \n" for n in range(1, 70)), "yaml-limit"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n", "yaml-feature"),
        (b"a: " + b"x" * (1 << 20), "yaml-limit"),
        (b"a: b\n# " + b"\xff\n", "yaml-encoding"),
        ("a: b\n".encode("utf-16"), "yaml-encoding"),
        (b"\xef\xbb\xbfa: b\n", "yaml-encoding"),
        (b"\x00" * 100, "yaml-encoding"),
    ],
)
def test_a_file_that_parsers_do_not_bear(workshop: Workshop, content: bytes, rule: str) -> None:
    workshop.write("services/bomb.yaml", content)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert f"finding:{rule}" in codes(decision)
