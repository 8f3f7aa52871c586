"""The site in German: nothing of what the program says stays English, nothing of what records say changes."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest

from itsm_as_code import site
from itsm_as_code.site import languages, render
from itsm_as_code.site.languages import Language, language
from itsm_as_code.site.pages import context_of, units
from itsm_as_code.site.views import state
from itsm_as_code.site.views import words as words_
from itsm_as_code.validation import Validation
from tests.site.conftest import REVISION, Validate
from tests.site.reader import read
from tests.site.test_views import PEOPLE, change, incident, record, service

CATALOGUE: Mapping[str, Any] = json.loads(
    resources.files("itsm_as_code.site").joinpath("catalogues", "de.json").read_text("utf-8")
)
WHOLE = ("home", "about", "lists Service", "record Service/")
"""Parts of the site in which nothing may stay English; of others the number of texts that do is printed."""


class Listening(Language):
    """German that keeps what it does not know of the main part of a page; all pages share the rest."""

    def __init__(self, catalogue: Mapping[str, Any]) -> None:
        super().__init__(catalogue)
        self.unknown: set[str] = set()
        self._listens = False

    def page(self, text: str) -> str:
        before, main, after = re.split(r"(?=<main)|(?<=</main>)", text)
        said = super().page(before)
        self._listens = True
        said += super().page(main)
        self._listens = False
        return said + super().page(after)

    def _escaped(self, text: str) -> str:
        core = html.unescape(text.strip())
        if self._listens and self.known(core) is None:
            self.unknown |= {part for part in languages._SENTENCES.split(core) if self.known(part) is None}
        return super()._escaped(text)


def german(validation: Validation) -> Validation:
    return replace(validation, configuration=replace(validation.configuration, site_language="de-AT"))


def scalars(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from scalars(item)
    elif isinstance(value, str):
        yield " ".join(value.split())


def untranslated(
    validation: Validation, catalogue: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch, parts: tuple[str, ...]
) -> set[str]:
    """What stayed English on some parts of the site, and stands in no record."""
    listening = Listening(catalogue)
    monkeypatch.setattr(render, "language", lambda _: listening)
    context = context_of(german(validation), REVISION, None, None)
    for unit in units(context, state.Now(context), {}):
        if unit.name in parts or any(part.endswith("/") and unit.name.startswith(part) for part in parts):
            for _ in unit.make():
                pass
    known = {text for item in validation.catalogue for text in scalars(item.data)} | {
        validation.configuration.organisation_name, validation.configuration.site_title,
        validation.configuration.timezone,
    }  # fmt: skip
    # What checks and policies find is no word of the site.
    told = (words_.said(item.message, item.remedy or "") for item in validation.findings)
    known |= {
        s
        for value in told
        for s in languages._SENTENCES.split("".join(p.text for p in getattr(value, "parts", (value,))))
    }
    whole = "\n".join(known)

    labels = {key for item in validation.catalogue for key in item.data["metadata"].get("labels", ())}

    def of_record(text: str, parts: str = r", |; |: | or |\(|\)") -> bool:
        """Data, a list of data, or a part of a longer text of a record."""
        if text in known or text in labels or (len(text) >= 20 and text.rstrip(".…") in whole):
            return True
        pieces = [piece.strip() for piece in re.split(parts, text) if piece.strip() and piece != text]
        split = bool(pieces) and all(of_record(piece, " and ") for piece in pieces)
        return split or not re.search(r"[a-z]{2}", text)

    def rest(text: str) -> str:
        """What is left of a text without days and times, which every language writes by itself."""
        return listening._day.sub("", listening._since.sub("", listening._span.sub(r"\1 ", text)))

    words = re.compile(r"\b(?:CES?T|UTC|EUR|SGD|min|Berlin)\b|\d\d:\d\d")
    stayed = (text for text in listening.unknown if re.search(r"[^\W\d_]{2}", words.sub("", rest(text))))
    return {text for text in stayed if not of_record(text)}


def test_nothing_of_these_parts_stays_english(example: Validation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert untranslated(example, CATALOGUE, monkeypatch, WHOLE) == set()


def test_what_is_missing_is_found(validated: Validate, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {key: said for key, said in CATALOGUE["texts"].items() if key != "Is it working?"}
    found = untranslated(validated(PEOPLE | service("a")), {**CATALOGUE, "texts": texts}, monkeypatch, WHOLE)
    assert found == {"Is it working?"}


def test_other_kinds_as_far_as_they_are_told(
    validated: Validate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    records = PEOPLE | service("a") | incident("i", "a") | change("c")
    found = untranslated(
        validated(records),
        CATALOGUE,
        monkeypatch,
        ("lists Change", "record Change/", "lists Incident", "record Incident/"),
    )
    with capsys.disabled():
        print(f" {len(found)} texts of other pages are English yet", end="")


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("Thu 19 Nov 2026, 09:00 to 17:00 CET", "Do. 19. Nov. 2026, 09:00 bis 17:00 MEZ"),
        ("Sun 1 Mar 2026", "So. 1. März 2026"),
        ("1,234.50 EUR", "1.234,50 EUR"),
        ("of 39.4 min", "von 39,4 min"),
        ("Web bank build 2026.48", "Web bank build 2026.48"),
        ("2.5", "2.5"),
        ("Nothing that anybody translated", "Nothing that anybody translated"),
        (
            "All eight customer services work. Push messages arrive late.",
            "Alle acht Kundenservices funktionieren. Push messages arrive late.",
        ),
        ("A, B and 3 more customer services are down.", "A, B und 3 weitere Kundenservices sind ausgefallen."),
    ],
)  # fmt: skip
def test_days_figures_and_sentences(english: str, said: str) -> None:
    found = language("de")
    assert found is not None
    assert found.say(english) == said


def test_records_say_what_they_say(validated: Validate) -> None:
    """Whatever they are called, also like something that the catalogue has."""
    files = PEOPLE | {"services/a.yaml": record("Service", "a", {
        "owner": "t", "stage": "catalogue", "lifecycle": "live", "tier": 2, "type": "business",
        "valueProposition": "Changes, and 1,234.5 of them `Findings`.",
        "outcomes": ["Menu", "The lines are down.", "3 days"],
    }, "Findings")}  # fmt: skip
    pages = dict(site.build(german(validated(files)), "r"))
    home, page = pages["index.html"].decode(), pages["services/a.html"].decode()
    assert '<html lang="de-AT" ' in home
    assert '<a href="services/a.html">Findings</a>' in home
    assert '<a href="findings/index.html">Befunde</a>' in home
    assert "Changes, and 1,234.5 of them <code>Findings</code>." in page
    assert "Menu, The lines are down., 3 days" in page
    assert "<h1>Findings</h1>" in page
    assert "Funktioniert es?" in page
    assert "\x02" not in page
    read(pages["index.html"])
    read(pages["services/a.html"])


def test_no_english_day_stays(example: Validation) -> None:
    context = context_of(german(example), "r", None, None)
    for unit in units(context, state.Now(context), {}):
        if unit.name == "home" or unit.name.startswith("record Service/o"):
            for path, content in unit.make():
                if path.endswith(".html"):
                    assert not re.search(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d", content.decode()), path


def test_hostile_records_stay_text_in_german(validated: Validate) -> None:
    bad = "\"'><script>alert(1)</script> Menu & 1,234.5"
    files = PEOPLE | {"services/a.yaml": record("Service", "a", {
        "owner": "t", "stage": "catalogue", "lifecycle": "live", "tier": 2, "type": "business", "outcomes": [bad],
    }, bad)}  # fmt: skip
    for path, content in site.build(german(validated(files)), "r"):
        if path in ("index.html", "services/a.html"):
            scripts = read(content).all("script")
            assert all(element.attributes.get("src") for element in scripts), path


def test_a_pattern_has_as_many_places_in_both_languages() -> None:
    texts = CATALOGUE["texts"]
    assert {
        key for key, said in texts.items() if len(languages._PLACE.findall(key)) != said.count("{}") or not said.strip()
    } == set()


def test_a_catalogue_is_part_of_what_pages_are_made_of() -> None:
    assert "catalogues/de.json" in dict(render.assets()), "else an incremental build would keep old words"


def test_a_language_that_is_not_told_is_english(validated: Validate) -> None:
    assert language("fr") is None
    assert language("en-GB") is None
