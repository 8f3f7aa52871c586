"""itsm gate --request-reviewers: whom the verdict suggests is asked at the forge, by login."""

from __future__ import annotations

from tests.conftest import Run
from tests.forges.conftest import Start
from tests.forges.fake import Handler


def test_whom_the_verdict_suggests_is_asked(start: Start, itsm: Run) -> None:
    live = start("github")
    live.state.reviews.clear()
    code, _, err = itsm(*live.arguments, "--request-reviewers")
    assert (code, live.state.asked) == (1, [["bob-gh"]])
    assert "asked for a review: bob-gh\n" in err
    assert live.server.problems == []


def test_nobody_is_asked_where_nothing_is_missing(start: Start, itsm: Run) -> None:
    live = start("github")
    live.shop.approve(live.state)
    assert itsm(*live.arguments, "--request-reviewers")[0] == 0
    assert live.state.asked == []


def test_that_nobody_could_be_asked_changes_no_verdict(start: Start, itsm: Run) -> None:
    live = start("github")
    live.state.reviews.clear()

    def refuse(handler: Handler) -> bool:
        refused = handler.path.endswith("/requested_reviewers")
        if refused:
            handler.reply(403, {"message": "Resource not accessible by integration"})
        return refused

    live.server.fault = refuse
    code, out, _ = itsm(*live.arguments, "--request-reviewers")
    assert (code, "ending" in out) == (1, True)


def test_it_is_for_github(start: Start, itsm: Run) -> None:
    code, _, err = itsm(*start("gitlab").arguments, "--request-reviewers")
    assert (code, "--request-reviewers is for GitHub" in err) == (2, True)
