"""Why nobody can be asked: every way in which an approval is out of reach says what would bring it within."""

from __future__ import annotations

from typing import Any

import pytest

from itsm_as_code.gate.identities import Directory
from itsm_as_code.gate.reviews import latest_reviews
from itsm_as_code.gate.seats import settle
from itsm_as_code.gate.suggestions import explain, suggest
from itsm_as_code.records.facts import Facts
from tests.attacks.tools import SERVICE
from tests.conftest import Workshop
from tests.gate.test_identities import account, away, person, team
from tests.gate.test_seats import NOW, review, rule

SHOP = (
    person("ann", **account("github", "ann-gh")),
    person("ben"),
    person("cat", **account("github", "cat-gh"), active=False),
    person("off", **account("github", "off-gh"), **away()),
    team("shop", ["ann", "ben"]),
    team("gone", ["ann"], retired=True),
    team("empty", []),
    team("few", ["cat", "off"], roles=["few"]),
)
_WROTE = "wrote or pushed this pull request"
_NO_ACCOUNT = "has no github account that is theirs alone in people/ of the base"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"team": "new"}, "new is not on the base yet; merge the team in a pull request of its own first"),
        ({"team": "gone"}, "gone is retired on the base; merge another owner, or the team's return, first"),
        ({"team": "empty"}, "empty has no members on the base; merge its members first"),
        ({"role": "cab"}, "no team on the base has members and the role cab; give a team that role first"),
        ({"people": ["zoe"]}, "zoe: nobody of them is on the base; merge their records first"),
        ({"owners": "self"}, "no team owns what it is about; name an owner first"),
        ({"role": "few"}, "nobody can give it now: cat is no longer active, off is away"),
        ({"team": "shop"}, f"nobody can give it now: ann {_WROTE}, ben {_NO_ACCOUNT}"),
    ],
)
def test_what_stands_in_the_way(source: dict[str, Any], said: str) -> None:
    facts, writers = Facts.from_records(SHOP), frozenset({"ann"})
    directory = Directory(facts, NOW, "github")
    verdicts = latest_reviews([], directory, NOW, writers)
    settled = settle(rule({"from": source}), verdicts, writers, directory, facts, lambda *_: None)
    unknown = {name for name in directory.everyone() if not directory.can_be_recognised(name)}
    ((need,),) = [item.required for item in explain(suggest([settled], unknown), writers, set(), directory, facts)]
    assert (need.suggested, need.hindrance) == ((), said)


def test_a_rule_that_asks_for_more_than_there_are() -> None:
    facts = Facts.from_records((person("ann"), person("ben"), team("shop", ["ben"])))
    directory = Directory(facts, NOW)
    verdicts = latest_reviews([review("ben")], directory, NOW)
    asked = rule({"from": {"team": "shop"}, "count": 2})
    settled = settle(asked, verdicts, frozenset(), directory, facts, lambda *_: None)
    ((need,),) = [item.required for item in explain(suggest([settled], set()), frozenset(), set(), directory, facts)]
    said = "it asks for 2 and may be given by ben alone; add people to the team, or lower the count of the rule"
    assert need.hindrance == said


def test_a_service_of_a_team_that_comes_with_it(workshop: Workshop) -> None:
    workshop.write(
        "people/teams/team-new.yaml",
        "apiVersion: itsm/v1\nkind: Team\nmetadata: {name: team-new, title: New}\nspec: {members: [bob], lead: bob}\n",
    )
    workshop.write("services/new.yaml", (SERVICE % "new").replace("team-shop", "team-new"))
    workshop.commit()
    said = [reason.message for reason in workshop.judge().reasons]
    wanted = "service: 1 approval missing from owner team-new; team-new is not on the base yet; merge the team in a "
    assert f"{wanted}pull request of its own first" in said
