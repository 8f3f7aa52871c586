"""What people come to the site for: from the first page, link by link, to the answer. Add yours here.

``clicks`` are the words of the links that are followed, ``answer`` what stands on the page then, within the first two
screens of a desktop and of a phone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """What is asked, by which links the answer is found, what it is, and how many clicks it may take at most."""

    asked: str
    clicks: tuple[str, ...]
    answer: str
    most: int


QUESTIONS = (
    Question("Does everything work now?", (), "All eight customer services work. Push messages arrive up to 25", 0),
    Question("Does mobile banking work now?", (), "Mobile banking Works Push messages arrive up to 25 minutes late", 0),
    Question("Will anything planned this weekend be noticed?", (), "Nothing planned this weekend will be noticed.", 1),
    Question("To which contracts do we give notice?", ("Suppliers",), "Mon 30 Nov 2026 In 8 days", 1),
)
