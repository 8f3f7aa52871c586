"""7: values that one reader takes for another type."""

from __future__ import annotations

from tests.attacks.tools import EVERYBODY, approve, missing, rules_by_path
from tests.conftest import Workshop, codes

CASES = [
    ("people/robot.yaml", "bot: true", "bot: yes"),
    ("people/robot.yaml", "bot: true", "bot: on"),
    ("people/robot.yaml", "bot: true", "bot: True"),
    ("people/robot.yaml", "bot: true", 'bot: "false"'),
    ("services/newsletter.yaml", "tier: 4", 'tier: "4"'),
    ("services/newsletter.yaml", "tier: 4", "tier: 4.5"),
    ("services/newsletter.yaml", "tier: 4", "tier: 0b100"),
    ("services/newsletter.yaml", "tier: 4", "tier: 1_0"),
    ("services/newsletter.yaml", "tier: 4", "tier:"),
    ("services/newsletter.yaml", "title: Newsletter", "title: 2026"),
    ("services/newsletter.yaml", "title: Newsletter", "title: null"),
    ("changes/models/restart.yaml", '"2027-01-10"', '"2027-02-30"'),
    ("changes/models/restart.yaml", '"2027-01-10"', "20270110"),
    ("changes/calendars/year-end.yaml", '"2027-01-05T00:00:00+01:00"', '"2027-01-05"'),
    ("changes/calendars/year-end.yaml", '"2027-01-05T00:00:00+01:00"', '"2027-01-05 00:00:00"'),
]


def test_values_of_another_type_are_refused(workshop: Workshop) -> None:
    """Each as a copy of a record under a name of its own."""
    expected = {}
    for index, (path, old, new) in enumerate(CASES):
        text = (workshop.path / path).read_text()
        assert old in text
        folder, _, name = path.rpartition("/")
        stem = name.removesuffix(".yaml")
        copy = f"{folder}/copy-{index}.yaml"
        workshop.write(copy, text.replace(old, new, 1).replace(f"name: {stem},", f"name: copy-{index},"))
        expected[copy] = {"record-schema"}
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert rules_by_path(decision) == expected


def test_no_is_a_word(workshop: Workshop) -> None:
    """``no`` is Norway's code and nobody's boolean: as a label it stays text."""
    workshop.edit("services/newsletter.yaml", "title: Newsletter}", "title: Newsletter, labels: {country: no}}")
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"service": 1})


def test_one_and_true_are_different_values(workshop: Workshop) -> None:
    """A change of type is a change, whatever Python thinks of ``1 == 1.0 == True``."""
    workshop.edit("services/web-shop.yaml", "tier: 1", "tier: true")
    workshop.commit()
    decision = workshop.judge()
    assert decision.evidence["records"][0]["fields"] == ["/spec/tier"]
    assert "finding:record-schema" in codes(decision)
