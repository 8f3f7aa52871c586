"""8: look-alike, invisible and bidirectional characters."""

from __future__ import annotations

import pytest

from tests.attacks.tools import CHANGE, EVERYBODY, approve, blocking, ignored, missing
from tests.conftest import Workshop, codes


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("owner: team-shop", "owner: team-sh\u043ep", "record-schema"),  # Cyrillic o
        ("owner: team-shop", "owner: team\u2010shop", "record-schema"),  # hyphen
        ("name: newsletter", "name: news\u200bletter", "yaml-character"),
        ("title: Newsletter", "title: Newsl\u202eretteN", "yaml-character"),
        ("title: Newsletter", "title: News\u00adletter", "yaml-character"),
        ("title: Newsletter", 'title: "News\\u200dletter"', "yaml-character"),
        ("title: Newsletter", 'title: "News\\x1b[2Kletter"', "yaml-character"),
        ("title: Newsletter", "title: News\u2028  tier: 4", "yaml-character"),
        ("title: Newsletter", "title: News\u0085letter", "yaml-character"),
        ("spec:", "spec: # \u2066 tier: 1", "yaml-character"),
    ],
)
def test_characters_that_do_not_read_as_they_are(workshop: Workshop, old: str, new: str, rule: str) -> None:
    path = "services/newsletter.yaml"
    text = (workshop.path / path).read_text()
    workshop.write(path, text.replace(old, new, 1))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert rule in blocking(workshop.judge())


@pytest.mark.parametrize("login", ["b\u043eb", "bob\u200b", "\u0432ob", "ｂｏｂ"])
def test_a_reviewer_who_looks_like_bob(workshop: Workshop, login: str) -> None:
    from itsm_as_code.errors import ForgeError

    workshop.change()
    workshop.commit()
    workshop.review(login)
    try:
        decision = workshop.judge()
    except ForgeError:
        assert not login.isprintable()
        return
    assert (login, "unknown-reviewer") in ignored(decision)
    assert missing(decision) == {"normal": 1}


def test_letters_that_fold_to_others_are_not_them(workshop: Workshop) -> None:
    """The Kelvin sign folds to k, the long s to s."""
    workshop.change(**{"services: [newsletter]": "services: [web-shop]", "type: normal": "type: normal"})
    workshop.commit()
    workshop.review("fran\u212a")
    assert ("fran\u212a", "unknown-reviewer") in ignored(workshop.judge())


def test_an_address_that_folds_to_somebody_elses(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit(who="bob@\u017fhop.example")
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert set(codes(decision)) == {"identity-unresolved"}


def test_a_service_name_of_another_script(workshop: Workshop) -> None:
    workshop.change(**{"services: [newsletter]": "services: [n\u0435wsletter]"})
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (workshop.path / CHANGE).exists()
    assert "finding:record-schema" in codes(decision)
