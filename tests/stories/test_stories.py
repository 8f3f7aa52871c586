"""The honest way is the short way: no story costs more than it may, and the docs tell what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.stories import PAGE, STORIES, Story, played, row


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.play.__name__)
def test_a_story_costs_no_more_than_it_may(story: Story, tmp_path: Path) -> None:
    costs = played(story, tmp_path)
    assert costs <= (story.pull_requests, story.approvals, story.commands)
    assert all(
        cost <= most for cost, most in zip(costs, (story.pull_requests, story.approvals, story.commands), strict=True)
    )
    assert row(story, costs) in PAGE.read_text(), "python -m tests.stories.stories writes the table"
