"""The figures on the page of a service are worked out from records, with what they come from; nothing typed is one."""

from __future__ import annotations

from itsm_as_code import site
from itsm_as_code.validation import validate
from tests.attacks.tools import AGREEMENT, AGREEMENT_PATH, OUTAGE, OUTAGE_PATH, REVIEW, REVIEW_PATH
from tests.conftest import NOW, SMALL
from tests.snapshots import Memory, folder


def page(review: str = REVIEW, outage: str = OUTAGE) -> bytes:
    files = {**folder(SMALL), AGREEMENT_PATH: AGREEMENT, REVIEW_PATH: review, OUTAGE_PATH: outage}
    return dict(site.build(validate(Memory(files), NOW), "r"))["services/newsletter.html"]


def test_a_typed_figure_is_on_no_page_of_a_service() -> None:
    """1,200 minutes of the quarter so far were lost, by the incident; what a review says of it changes nothing."""
    shown = page()
    assert "99.1" in REVIEW
    assert page(REVIEW.replace("99.1", "99.999")) == shown
    assert b"1,200 min of " in shown
    assert b"queue-lost" in shown
    without = page(outage=OUTAGE[: OUTAGE.index("  outages:")])
    assert without != shown
    assert b"1,200 min" not in without
