"""Attacks on the doors by which people without git come in, as scenarios (number 34)."""

from __future__ import annotations

from pathlib import Path

from tests.attacks.scenarios import scenario
from tests.attacks.tools import approve, on_main
from tests.conftest import Workshop
from tests.signing import add_key, make_key

BOB = "Submitted-by-account: github/7"
DOOR = "gatekeeper"


def door(shop: Workshop) -> Path:
    """A door on main: a bot with an account, a key, and its number in itsm.yaml; bob's account has the number 7."""
    key = make_key(shop.path.parent / f"{shop.path.name}-keys", DOOR)
    with on_main(shop):
        shop.write(
            f"people/{DOOR}.yaml",
            f"apiVersion: itsm/v1\nkind: Person\nmetadata: {{name: {DOOR}, title: Gatekeeper}}\nspec:\n"
            f'  emails: ["{DOOR}@shop.example"]\n  accounts: [{{forge: github, login: {DOOR}, id: 99}}]\n  bot: true\n',
        )
        add_key(shop, DOOR, key)
        for number, name in ((7, "bob"), (8, "carol")):
            text = (shop.path / f"people/{name}.yaml").read_text().split("  accounts:")[0]
            shop.write(
                f"people/{name}.yaml", f"{text}  accounts: [{{forge: github, login: {name}-gh, id: {number}}}]\n"
            )
        shop.edit("itsm.yaml", "spec:\n", "spec:\n  doors: [{forge: github, account: 99}]\n")
    shop.author = DOOR
    return key


def submit(shop: Workshop, message: str = f"Issue 12\n\n{BOB}\n", key: Path | None = None, who: str = DOOR) -> str:
    """A change that the door commits, signed where there is a key."""
    shop.change()
    shop.git("add", "-A")
    sign = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"] if key else []
    shop.git(*sign, "commit", "-q", *(["-S"] if key else []), "-m", message, who=who)
    return shop.tip()


@scenario(34)
def approves_an_issue_of_their_own(shop: Workshop) -> None:
    """Bob asks for a change by the door, and approves what the door commits."""
    submit(shop, key=door(shop))
    approve(shop, "bob")


@scenario(34)
def commits_as_the_door_in_the_name_of_another(shop: Workshop) -> None:
    """Bob has no key of the door: the trailer names carol, so that he is free to approve."""
    door(shop)
    submit(shop, "Issue 12\n\nSubmitted-by-account: github/8\n")
    approve(shop, "bob")
