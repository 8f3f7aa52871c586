"""Each question of ``questions.py`` is answered within so many clicks from the first page, without JavaScript."""

from __future__ import annotations

import re

import pytest

from tests.site.questions import QUESTIONS, Question
from tests.site.reader import internal, read


def followed(pages: dict[str, bytes], question: Question) -> str:
    """The page at the end of the links."""
    path = "index.html"
    for label in question.clicks:
        links = [e for e in read(pages[path]).all("a") if " ".join(e.text.split()) == label]
        assert links, f"{path} has no link '{label}'"
        found = internal(path, links[0].attributes["href"])
        assert found is not None
        path = found[0]
    return path


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.asked)
def test_a_question_is_answered(pages: dict[str, bytes], question: Question) -> None:
    assert len(question.clicks) <= question.most
    path = followed(pages, question)
    # Tags part words; what is answered stands in one place.
    main = re.sub(r"<[^>]+>", " ", pages[path].decode().partition("<main")[2].partition("</main>")[0])
    assert question.answer in " ".join(main.split())
