"""6: YAML that says more than it shows, or more than a parser bears."""

from __future__ import annotations

from collections.abc import Sequence

from tests.attacks.tools import EVERYBODY, approve, blocking, rules_by_path
from tests.conftest import Workshop

PATH = "services/newsletter.yaml"


def write_all(shop: Workshop, contents: Sequence[tuple[str | bytes, str]]) -> dict[str, str]:
    """Each content as a service file of its own: path -> the rule that refuses it."""
    expected = {}
    for index, (content, rule) in enumerate(contents):
        expected[f"services/bomb-{index}.yaml"] = rule
        shop.write(f"services/bomb-{index}.yaml", content)
    return expected


def test_features_that_hide_what_a_record_says(workshop: Workshop) -> None:
    text = (workshop.path / PATH).read_text()
    edits = [
        ("tier: 4", "tier: 4\n  tier: 1", "yaml-duplicate-key"),
        ("tier: 4", 'tier: 4\n  "tier": 1', "yaml-duplicate-key"),
        ("tier: 4", "tier: &t 4", "yaml-feature"),
        ("support: {channel: chat,", "support: {<<: {channel: mail}, channel: chat,", "yaml-feature"),
        ("tier: 4", "tier: !!int 4", "yaml-feature"),
        ("tier: 4", "tier: !!python/object/apply:os.system [id]", "yaml-feature"),
        ("apiVersion: itsm/v1", "%YAML 1.1\n---\napiVersion: itsm/v1", "yaml-feature"),
        ("tier: 4", "tier: 4\n\tx: 1", "yaml-syntax"),
        ("tier: 4", "? [a]\n  : 4", "yaml-syntax"),
        ("tier: 4", "tier: 99999999999999999999", "yaml-limit"),
        # A lone carriage return ends a comment for YAML, where a review shows one line of comment.
        ("tier: 4", "# harmless\r  tier: 4", "yaml-character"),
    ]
    expected = write_all(workshop, [(text.replace(old, new), rule) for old, new, rule in edits])
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert rules_by_path(decision) == {path: {rule} for path, rule in expected.items()}


def test_a_second_document(workshop: Workshop) -> None:
    workshop.write(PATH, (workshop.path / PATH).read_text() + "---\napiVersion: itsm/v1\nkind: Service\n")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "yaml-feature" in blocking(workshop.judge())


def test_files_that_parsers_do_not_bear(workshop: Workshop) -> None:
    contents: list[tuple[str | bytes, str]] = [
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
    ]
    expected = write_all(workshop, contents)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert rules_by_path(decision) == {path: {rule} for path, rule in expected.items()}
