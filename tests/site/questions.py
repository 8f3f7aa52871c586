"""What people come to the site for: from the first page, link by link, to the answer. Add yours here.

``clicks`` are the words of the links that are followed, ``answer`` what stands on the page then, within the first two
screens of a desktop and of a phone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from itsm_as_code.gate.revisions import Revision, Revisions
from itsm_as_code.site import Past


@dataclass(frozen=True)
class Question:
    """What is asked, by which links the answer is found, what it is, and how many clicks it may take at most."""

    asked: str
    clicks: tuple[str, ...]
    answer: str
    most: int


PAST = Past({"services/mobile-banking.yaml": Revisions((Revision(
    "1" * 40, datetime(2026, 11, 19, 9, 30, tzinfo=UTC), ("Ingrid", "ingrid.halvorsen@alder-bank.example"),
    "Say who is on call", 7, "changed", ("/spec/support",),
),), 1)})  # fmt: skip
"""What git tells of a service that is asked about."""
QUESTIONS = (
    Question("Does everything work now?", (), "All eight customer services work. Push messages arrive up to 25", 0),
    Question("Does mobile banking work now?", (), "Mobile banking Works Push messages arrive up to 25 minutes late", 0),
    Question("Will anything planned this weekend be noticed?", (), "Nothing planned this weekend will be noticed.", 1),
    Question("Does mobile banking keep its promise?", (), "Broken 45 of 39.4 min", 0),
    Question("Who owns online banking, and who is awake at night?", ("Online banking",), "Owner: Digital channels", 2),
    Question(
        "Who is awake for payments?", ("Services", "Payments API"), "On call: Lukas Vogel , Marco Bellini until", 2
    ),
    Question(
        "Was the promise kept last quarter, by which arithmetic?",
        ("Mobile banking", "Arithmetic"),
        "129,273 of 129,360 min = 99.932 %, cut, never rounded up; 99.9 % is promised Kept",
        2,
    ),
    Question(
        "When is the first interruption that is planned?",
        ("Calendar of changes",),
        "The first interruption after it is on Sun 29 Nov 2026, 01:00 CET.",
        1,
    ),
    Question(
        "What does the board decide, and by when?",
        ("Agenda of the change advisory board",),
        "5 changes to decide. The first is due by Fri 4 Dec 2026: Version 4 of the bureau score.",
        1,
    ),
    Question(
        "Who has still to approve the numbers of the contact centre?",
        ("Agenda of the change advisory board",),
        "2 of change advisory board 1 of Service desk and customer support",
        1,
    ),
    Question(
        "How do I order access by VPN, what does it cost and how long does it take?",
        ("Requests", "VPN access"),
        "It takes at most 9 service hours (2 working days) It usually takes 6 hours 30 minutes (6 earlier orders, "
        "23 hours 40 minutes at most) Has to be approved by 1 of security",
        2,
    ),
    Question("How do I order access by VPN?", ("Requests", "VPN access"), "Order it", 2),
    Question(
        "Who changed mobile banking last, and when?",
        ("Mobile banking",),
        "Last changed: Thu 19 Nov 2026, 10:30 CET by Ingrid Halvorsen",
        1,
    ),
    Question(
        "What improved, and did it work?",
        ("Improvement",),
        "A rise of rejections pages within five minutes : 31 \u2192 3 minutes (typed)",
        1,
    ),
    Question("How does the budget of the card network stand?", ("Portfolio",), "Over plan 101.3 %", 2),
    Question(
        "Is CC8.1 kept, and by which evidence?",
        ("Compliance", "Changes are authorised, tested and approved"),
        "SOC 2 Clause CC8.1",
        2,
    ),
    Question("Is ISO 8.5.1 kept, and by which evidence?", ("Compliance", "Changes are controlled"), "Clause 8.5.1", 2),
    Question("To which contracts do we give notice?", ("Suppliers",), "Mon 30 Nov 2026 In 8 days", 1),
)
