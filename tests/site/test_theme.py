"""The look of a site as an organisation makes it: a style of its own, templates of its own, and what they cannot do."""

from __future__ import annotations

import pytest

from itsm_as_code import site
from itsm_as_code.errors import ItsmError
from tests.site.conftest import Validate
from tests.site.reader import read
from tests.site.test_views import PEOPLE, service

STYLE = {"theme/theme.css": ":root { --head: light-dark(#123a6b, #0d2340); }"}


def built(validated: Validate, files: dict[str, str]) -> dict[str, bytes]:
    return dict(site.build(validated(PEOPLE | service("a") | files), "r"))


def test_a_style_comes_after_the_programs_own(validated: Validate) -> None:
    pages = built(validated, STYLE)
    found = read(pages["services/a.html"]).all("link")
    links = [e.attributes["href"] for e in found if "stylesheet" in e.attributes["rel"]]
    assert [link.rpartition("/")[2].partition(".")[0] for link in links] == ["style", "theme"]
    assert pages[links[1].removeprefix("../")].decode() == STYLE["theme/theme.css"]


def test_a_template_takes_the_place_of_the_shipped_one_and_builds_upon_it(validated: Validate) -> None:
    footer = "{% include 'shipped/footer.html' %}<p>Imprint {{ frame.organisation }}</p>"
    pages = built(validated, {"theme/templates/footer.html": footer})
    said = read(pages["index.html"])
    assert "Imprint" in pages["index.html"].decode()
    assert said.all("footer")


def test_a_theme_changes_nothing_where_there_is_none(validated: Validate) -> None:
    assert b"theme" not in built(validated, {})["index.html"].partition(b"<body>")[0]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("footer.html", "{{ ''.__class__.__mro__ }}", "unsafe"),
        ("footer.html", "{% if %}", "footer.html:1: "),
        ("footer.html", "{{ nothing.there }}", "undefined"),
        ("footer.html", "{% include '../../etc/passwd' %}", "passwd"),
        ("base.html", "<html><body>{% block main %}{% endblock %}</body></html>", "Content-Security-Policy"),
    ],
)
def test_a_template_that_cannot_be_used_stops_the_build(name: str, text: str, told: str, validated: Validate) -> None:
    with pytest.raises(ItsmError, match=told):
        built(validated, {f"theme/templates/{name}": text})


def test_what_records_say_is_escaped_in_own_templates_too(validated: Validate) -> None:
    home = "{% extends 'base.html' %}{% block main %}<h1>{{ page.title }}</h1>{{ page.sections }}{% endblock %}"
    hostile = service("b")["services/b.yaml"].replace('"B"', '"<script>alert(1)</script>"')
    pages = built(validated, {"theme/templates/home.html": home, "services/b.yaml": hostile})
    assert b"&lt;script&gt;alert(1)" in pages["index.html"]
    assert all("src" in e.attributes for e in read(pages["index.html"]).all("script"))
