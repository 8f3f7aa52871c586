"""What itsm.yaml says of the organisation and of where its site is published shows on the site."""

from __future__ import annotations

import base64
import re
from datetime import date

import pytest

from itsm_as_code import site
from itsm_as_code.site import publication
from tests.site.conftest import Validate

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100"><script>alert(1)</script></svg>\n'
CONFIGURATION = """\
apiVersion: itsm/v1
kind: Configuration
spec:
  organisation: {name: Small Shop, url: "https://www.shop.example/?a=1&b=2"}
  site: {url: "%s"%s}
"""


def configured(url: str = "https://itsm.shop.example/site/", more: str = "") -> dict[str, str]:
    return {"itsm.yaml": CONFIGURATION % (url, more)}


def test_every_page_leads_to_the_organisation_and_says_where_it_is_published(validated: Validate) -> None:
    pages = dict(site.build(validated(configured()), "r"))
    for path, content in pages.items():
        if path.endswith(".html"):
            text = content.decode()
            assert '<a href="https://www.shop.example/?a=1&amp;b=2">Small Shop</a>' in text
            place = "https://itsm.shop.example/site/" + path.removesuffix("index.html")
            assert f'<link rel="canonical" href="{place}">' in text
    listed = set(re.findall("<loc>(.*?)</loc>", pages["sitemap.xml"].decode()))
    html = {path for path in pages if path.endswith(".html")}
    assert listed == {"https://itsm.shop.example/site/" + path.removesuffix("index.html") for path in html}


def test_without_an_address_on_the_web_there_is_no_sitemap(validated: Validate) -> None:
    for settings in ({}, configured("mailto:site@shop.example")):
        pages = dict(site.build(validated(settings), "r"))
        assert "sitemap.xml" not in pages
        assert b"canonical" not in pages["index.html"]


def test_a_large_site_has_a_sitemap_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publication, "MOST", 2)
    changed = {"a&b.html": date(2026, 11, 22)}
    found = dict(publication.sitemap("https://a.example", ["a&b.html", "b.html", "index.html"], changed))
    assert sorted(found) == ["sitemap-1.xml", "sitemap-2.xml", "sitemap.xml"]
    assert b"<loc>https://a.example/a%26b.html</loc><lastmod>2026-11-22</lastmod>" in found["sitemap-1.xml"]
    assert b"<url><loc>https://a.example/b.html</loc></url>" in found["sitemap-1.xml"]
    assert b"<loc>https://a.example/</loc>" in found["sitemap-2.xml"]
    assert b"<loc>https://a.example/sitemap-2.xml</loc>" in found["sitemap.xml"]


def test_the_logo_stands_in_the_header_and_runs_nothing(validated: Validate) -> None:
    """A picture within a style is no page: what it holds beside the picture is never run."""
    files = configured(more=", logo: docs/logo.svg") | {"docs/logo.svg": SVG}
    validation = validated(files)
    assert [finding.rule for finding in validation.findings] == []
    pages = dict(site.build(validation, "r"))
    (logo,) = [path for path in pages if path.startswith("static/logo.")]
    assert f'<link rel="stylesheet" href="../{logo}">'.encode() in pages["people/index.html"]
    style = pages[logo].decode()
    assert "width: 4.80em" in style
    assert base64.b64encode(SVG.encode()).decode() in style
    assert not any(path.endswith(".svg") for path in pages)


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x10\x00\x00\x00\x20"


@pytest.mark.parametrize(
    ("content", "width"),
    [
        (PNG, "0.80em"),
        (b"<svg/>", "1.60em"),
        (b"<svg viewBox='0 0 9 0'/>", "1.60em"),
        (b"<svg viewBox='0,0,99,1'/>", "12.80em"),
    ],
)
def test_the_logo_keeps_its_form_within_bounds(content: bytes, width: str) -> None:
    path = "a.png" if content is PNG else "a.svg"
    assert f"width: {width}" in publication.logo_style(path, content).decode()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "there is no file 'docs/logo.svg'"),
        ({"docs/logo.svg": "a text"}, "'docs/logo.svg' is no picture of its kind"),
        ({"docs/logo.svg": "<svg>" + "x" * (1 << 20)}, "'docs/logo.svg' cannot be read: it has 1,048,581 bytes"),
    ],
)
def test_a_logo_that_cannot_be_shown_is_a_finding(files: dict[str, str], said: str, validated: Validate) -> None:
    validation = validated(configured(more=", logo: docs/logo.svg") | files)
    (found,) = validation.findings
    assert (found.rule, found.location.line, found.location.column) == ("configuration", 5, 56)
    assert found.message.startswith(said)
    assert not found.blocks, "nobody could merge a better one"
    dict(site.build(validation, "r"))
