"""Every link between the pages, and from them into the repository, leads somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links, name


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in links(page) if not _leads_somewhere(page, link)]
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page not in seen:
            seen.add(page)
            targets = (link.partition("#")[0] for link in links(page) if "://" not in link)
            todo += [(page.parent / target).resolve() for target in targets if target.endswith(".md")]
    assert {name(page) for page in PAGES if "docs" in page.parts} - {name(page) for page in seen} == set()


def _leads_somewhere(page: Path, link: str) -> bool:
    if "://" in link:
        return True  # other people's sites come and go; a test does not ask them
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target))
