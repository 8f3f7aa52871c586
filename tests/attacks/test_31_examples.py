"""31: a policy whose own examples say that it does something else than it does."""

from __future__ import annotations

from tests.attacks.tools import EVERYBODY, POLICY, approve, blocking, on_main
from tests.conftest import Workshop


def said(shop: Workshop) -> list[str]:
    """What the gate says of the examples, which nothing else stands against and everybody approved."""
    shop.commit()
    approve(shop, *EVERYBODY)
    decision = shop.judge()
    assert (decision.verdict, blocking(decision)) == ("rejected", {"policy-examples"})
    return [f"{finding.location}: {finding.message}" for finding in decision.findings if finding.blocks]


def test_none_of_its_examples_holds(workshop: Workshop) -> None:
    workshop.edit(POLICY, "steps.size() >= 2", "steps.size() == 1")
    (only,) = said(workshop)
    told = "policies/backout-is-planned.yaml:14:7: 2 of 2 examples do not hold: 'two steps' is to pass, and fails: "
    assert only == f"{told}the back-out of a has fewer than two steps"


def test_one_of_its_examples_does_not_hold(workshop: Workshop) -> None:
    workshop.edit(POLICY, "steps.size() >= 2", "steps.size() >= 1")
    (only,) = said(workshop)
    assert (
        "policies/backout-is-planned.yaml:15:7: 1 of 2 examples do not hold: 'one step' is to fail, and passes" in only
    )


def test_an_example_of_another_kind_is_none(workshop: Workshop) -> None:
    text = (workshop.path / POLICY).read_text()
    workshop.write(POLICY, text.replace("kind: Change, ", "kind: Service, "))
    (only,) = said(workshop)
    assert "'two steps' is to pass, and is passed over, for the policy is for Change" in only


def test_a_new_policy_is_no_better(workshop: Workshop) -> None:
    text = (workshop.path / POLICY).read_text().replace("backout-is-planned", "other")
    workshop.write("policies/other.yaml", text.replace("expect: pass", "expect: fail"))
    assert len(said(workshop)) == 2  # and there is none that passes


def test_what_its_examples_rest_on_is_changed(workshop: Workshop) -> None:
    """The pull request leaves the policy as it is; a folder of records is what its examples look things up in."""
    with on_main(workshop):
        workshop.edit(POLICY, "steps.size() >= 2", "steps.size() >= records('Service').size()")
        text = (workshop.path / POLICY).read_text()
        workshop.write(POLICY, text.replace("object: {kind", "context: {fixture: docs/shop}, object: {kind"))
        for name in "ab":
            workshop.write(f"docs/shop/{name}.yaml", f"kind: Service\nmetadata: {{name: {name}}}\n")
    (workshop.path / "docs/shop/b.yaml").unlink()
    (only,) = said(workshop)
    assert "1 of 2 examples do not hold: 'one step' is to fail, and passes" in only
