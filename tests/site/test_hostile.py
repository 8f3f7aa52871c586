"""All text of records is hostile: it must come out as text, whatever it says."""

from __future__ import annotations

import json
import re

import pytest

from itsm_as_code import site
from itsm_as_code.site.escaping import script_json
from itsm_as_code.site.html import Html, is_safe, prose
from itsm_as_code.site.views import values as v
from tests.site.conftest import Validate
from tests.site.reader import read

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}</title></style>&lt;b&gt;"
MARKDOWN = """\
<script>alert(1)</script> <b onclick="alert(1)">bold</b>

[click](javascript:alert(1))
[data](data:text/html;base64,PHNjcmlwdD4=) [vb](vbscript:x) [rel](../../etc) [fine](https://ok.example/?a=1&b="2")
![image](https://tracker.example/pixel.png) <https://auto.example> <javascript:alert(1)>

# A heading

[ref]: javascript:alert(1)
[ref] [click](<JaVaScRiPt:alert(1)>) [tab](java\tscript:alert(1))
"""
TAGS_OF_RECORDS = frozenset({"p", "a", "b", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "br"})


def records() -> dict[str, str]:
    quoted, markdown = json.dumps(ATTACK), json.dumps(MARKDOWN)

    def record(kind: str, name: str, spec: str) -> str:
        return (
            f"apiVersion: itsm/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  title: {quoted}\n"
            f"  description: {markdown}\n  labels: {{a: {quoted}}}\n"
            f'  links: [{{title: {quoted}, url: "https://ok.example/?q=%22%3E"}}]\nspec: {spec}\n'
        )

    return {
        "itsm.yaml": "apiVersion: itsm/v1\nkind: Configuration\nspec:\n"
        f"  organisation: {{name: {quoted}, description: {markdown}}}\n  site: {{title: {quoted}}}\n",
        "people/index.yaml": record("Person", "index", f"{{emails: [a@b.example], jobTitle: {quoted}}}"),
        "people/con.yaml": record("Person", "con", f"{{emails: [c@b.example], location: {quoted}}}"),
        "people/teams/t.yaml": record(
            "Team",
            "t",
            f"{{members: [index, con], lead: con, purpose: {markdown}, contacts: ["
            f'{{type: web, value: "javascript:alert(1)", note: {quoted}}}, {{type: chat, value: {quoted}}}]}}',
        ),
        "services/s.yaml": record(
            "Service",
            "s",
            f"{{owner: t, stage: catalogue, lifecycle: live, tier: 1, type: business, consumers: [{quoted}],"
            f" valueProposition: {markdown}, support: {{channel: {quoted}, escalation: {markdown}}},"
            f" dependsOn: [{{service: other, strength: hard, note: {quoted}}}],"
            f" failureScenarios: [{{scenario: {markdown}, response: {quoted}}}]}}",
        ),
        "services/other.yaml": record(
            "Service", "other", "{owner: t, stage: catalogue, lifecycle: live, tier: 1, type: application}"
        ),
    }


@pytest.fixture
def pages(validated: Validate) -> dict[str, bytes]:
    validation = validated(records())
    assert not [finding for finding in validation.findings if finding.rule in ("record-schema", "file-readable")]
    return dict(site.build(validation, ATTACK))


def test_hostile_records_stay_text(pages: dict[str, bytes]) -> None:
    assert len(pages) > 40
    for path, content in pages.items():
        if not path.endswith(".html"):
            continue
        document = read(content)
        scripts = document.all("script")
        assert [re.fullmatch(r".*site\.[0-9a-f]{12}\.js", element.attributes["src"]) for element in scripts] != [None]
        assert len(scripts) == 2, path
        assert not document.all("img", "iframe", "object", "embed", "b", "style", "base"), path
        for element in document.elements:
            assert not [name for name in element.attributes if name.startswith("on")], path
            href = element.attributes.get("href", "")
            if element.tag == "a" and ":" in href.split("/")[0]:
                assert is_safe(href), f"{path}: {href}"
                assert element.attributes["rel"] == "noopener noreferrer", path


def test_the_words_are_still_there(pages: dict[str, bytes]) -> None:
    service = read(pages["services/s.html"])
    assert service.all("h1")[0].text == ATTACK
    assert "<script>alert(1)</script>" in service.all("main")[0].text
    assert "{{ 7*7 }}" in service.all("h1")[0].text


def test_names_that_mean_something_to_file_systems(pages: dict[str, bytes]) -> None:
    assert b"<h1>People</h1>" in pages["people/index.html"]
    assert {"people/index_.html", "people/con_.html"} <= set(pages)


def test_data_in_scripts_cannot_end_them() -> None:
    text = script_json(["</script><!--", "\u2028\u2029", "&"])
    assert "<" not in text
    assert text.isascii()
    assert json.loads(text) == ["</script><!--", "\u2028\u2029", "&"]


def test_markdown() -> None:
    document = read(b"<div>" + str(prose(MARKDOWN)).encode() + b"</div>")
    assert {element.tag for element in document.elements[1:]} <= TAGS_OF_RECORDS
    hrefs = [element.attributes["href"] for element in document.all("a")]
    assert hrefs == ["https://ok.example/?a=1&b=%222%22", "https://tracker.example/pixel.png", "https://auto.example"]
    assert all(element.attributes["rel"] == "noopener noreferrer" for element in document.all("a"))


@pytest.mark.parametrize(
    "text", ["Plain words, nothing else.", "It's 5-10 % (or so)", "Straße: 12 €", "1. no list", "a_b_c", "<b>"]
)
def test_the_short_way_of_plain_text_gives_what_the_parser_gives(text: str) -> None:
    from itsm_as_code.site.html import _PARSER

    assert str(prose(text)).strip() == _PARSER.render(text).strip().replace("&quot;", '"')


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "file:///etc", "https://a b", "", "JAVASCRIPT:x"],
)
def test_unsafe_addresses_become_words(href: str) -> None:
    assert Html("").write(v.Link("here", href, external=True)) == "here"


@pytest.mark.parametrize("href", ["https://a.example", "HTTP://a.example/x?y", "mailto:a@b.example", "tel:+491234"])
def test_safe_addresses_become_links(href: str) -> None:
    assert f'href="{href}"' in Html("").write(v.Link("here", href, external=True))
