"""8: look-alike, invisible and bidirectional characters."""

from __future__ import annotations

import pytest

from itsm_as_code.errors import ForgeError
from itsm_as_code.reports.escape import terminal
from tests.attacks.tools import EVERYBODY, approve, ignored, missing, rules_by_path
from tests.conftest import Workshop, codes


def test_characters_that_do_not_read_as_they_are(workshop: Workshop) -> None:
    cases = [
        ("owner: team-shop", "owner: team-sh\u043ep", "record-schema"),  # Cyrillic o
        ("owner: team-shop", "owner: team\u2010shop", "record-schema"),  # hyphen
        ("title: Newsletter", "title: News\u200bletter", "yaml-character"),
        ("title: Newsletter", "title: Newsl\u202eretteN", "yaml-character"),
        ("title: Newsletter", "title: News\u00adletter", "yaml-character"),
        ("title: Newsletter", 'title: "News\\u200dletter"', "yaml-character"),
        ("title: Newsletter", 'title: "News\\x1b[2Kletter"', "yaml-character"),
        ("title: Newsletter", "title: News\u2028  tier: 4", "yaml-character"),
        ("title: Newsletter", "title: News\u0085letter", "yaml-character"),
        ("spec:", "spec: # \u2066 tier: 1", "yaml-character"),
    ]
    expected = {}
    for index, (old, new, rule) in enumerate(cases):
        text = (workshop.path / "services/newsletter.yaml").read_text().replace(old, new, 1)
        path = f"services/copy-{index}.yaml"
        workshop.write(path, text.replace("name: newsletter", f"name: copy-{index}"))
        expected[path] = {rule}
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert rules_by_path(workshop.judge()) == expected


def test_joiners_show_in_reports_where_they_show_in_titles_and_nowhere_else() -> None:
    assert terminal("👩\u200d💻 می\u200cخواهم") == "👩\u200d💻 می\u200cخواهم"
    assert terminal("Ne\u200dws \u200c") == "Ne\\u200dws \\u200c"


def test_reviewers_who_look_like_others(workshop: Workshop) -> None:
    """Also letters that fold to others: the Kelvin sign to k, the long s to s."""
    workshop.change()
    workshop.commit()
    logins = ["b\u043eb", "\u0432ob", "\uff42\uff4f\uff42", "fran\u212a", "bo\u0184", "bob\u0301"]
    approve(workshop, *logins)
    decision = workshop.judge()
    assert {(login, "unknown-reviewer") for login in logins} == ignored(decision)
    assert missing(decision) == {"normal": 1}


def test_a_reviewer_with_invisible_letters(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob\u200b")
    with pytest.raises(ForgeError, match="do not show"):
        workshop.judge()


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
    assert "finding:record-schema" in codes(decision)
