"""The site in German: nothing of what the program says stays English, nothing of what records say changes."""

from __future__ import annotations

import ast
import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from itsm_as_code import site
from itsm_as_code.site import languages, render
from itsm_as_code.site.languages import ENGLISH, Language, language
from itsm_as_code.site.pages import context_of, units
from itsm_as_code.site.views import listing, schema, state
from itsm_as_code.site.views import words as words_
from itsm_as_code.validation import Validation
from tests.site.conftest import REVISION, Validate
from tests.site.reader import read
from tests.site.test_views import PEOPLE, record, service

CATALOGUE: Mapping[str, Any] = json.loads(
    resources.files("itsm_as_code.site").joinpath("catalogues", "de.json").read_text("utf-8")
)
GERMAN = Language(CATALOGUE)
MONTHS = list(CATALOGUE["months"])
FEW = 1
"""Records of each kind whose pages are looked at; all of them in the deep run."""
SITE = Path(site.__file__).parent
SCRIPTS = [SITE / "static" / name for name in ("site.js", "search.js")]
NOT_SHOWN = {"server.py", "told.py", "languages.py"}
"""Modules that say nothing on a page: of the preview, and of what is looked up here."""
NAMES = {*CATALOGUE["days"], *CATALOGUE["months"], "The", "Preview", "Server",
    "A change that mends it is under way", "A change that mends it is planned",
}  # fmt: skip
"""Parts of texts, and names of a language."""


class Listening(Language):
    """German that keeps what it does not know of the main part of a page; all pages share the rest."""

    def __init__(self, catalogue: Mapping[str, Any]) -> None:
        super().__init__(catalogue)
        self.unknown: set[str] = set()
        self._listens, self._is_first = False, True

    def page(self, text: str) -> str:
        found = []
        before, main, after = re.split(r"(?=<main)|(?<=</main>)", text)
        for part in (before, main, after):
            self._listens = part is main or self._is_first
            found.append(super().page(part))
        self._is_first = False
        return "".join(found)

    def _escaped(self, text: str) -> str:
        core = html.unescape(text.strip())
        if self._listens and self.known(core) is None:
            self.unknown |= {part for part in languages._SENTENCES.split(core) if self.known(part) is None}
        return super()._escaped(text)


def german(validation: Validation) -> Validation:
    return replace(validation, configuration=replace(validation.configuration, site_language="de-AT"))


def scalars(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from scalars(item)
    elif isinstance(value, str):
        yield " ".join(value.split())


@dataclass
class Spoken:
    """Pages in a language, and what stayed English on them and stands in no record."""

    pages: dict[str, str]
    english: set[str]


def speak(validation: Validation, catalogue: Mapping[str, Any], few: int | None = FEW) -> Spoken:
    """Every kind of page; of records so many of each kind, or all."""
    listening, pages, counts = Listening(catalogue), {}, Counter[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "language", lambda _: listening)
        context = context_of(german(validation), REVISION, None, None)
        for unit in units(context, state.Now(context), {}):
            what, _, kind = unit.name.partition("/")[0].partition(" ")
            counts[unit.name.partition("/")[0]] += 1
            if what in ("data", "search", "static") and kind:
                continue
            if what != "record" or few is None or counts[f"record {kind}"] <= few:
                pages.update({path: file.decode() for path, file in unit.make() if path.endswith(".html")})
    return Spoken(pages, listening.unknown - set(filter(Known(validation, listening).stands, listening.unknown)))


class Known:
    """What stands in records, and what needs no word."""

    def __init__(self, validation: Validation, spoken: Listening) -> None:
        self._spoken, records = spoken, validation.catalogue
        self._texts = {text for item in records for text in scalars(item.data)} | {
            validation.configuration.organisation_name, validation.configuration.site_title,
            validation.configuration.timezone, *(item.rule for item in validation.findings),
            *scalars(validation.configuration.raw),
        }  # fmt: skip
        self._whole = "\n".join(self._texts).casefold()

    def stands(self, text: str) -> bool:
        """Data, a list of data, or a part of a longer text of a record; days and times every language writes itself."""
        day, since, span = self._spoken._day, self._spoken._since, self._spoken._span
        rest = re.sub(
            r"\b(?:CES?T|UTC|EUR|SGD|min|Berlin)\b|\d\d:\d\d", "", day.sub("", since.sub("", span.sub(r"\1 ", text)))
        )
        return not re.search(r"[^\W\d_]{2}", rest) or self._of_record(text) or self._of_record(rest.strip(" :,·"))

    def _of_record(self, text: str, parts: str = r", |; |: | or |\(|\)") -> bool:
        if (
            text in self._texts
            or text in self._spoken.texts
            or (len(text) >= 20 and text.rstrip(".…").casefold() in self._whole)
        ):
            return True
        pieces = [piece.strip() for piece in re.split(parts, text) if piece.strip() and piece != text]
        split = bool(pieces) and all(self._of_record(piece, " and ") for piece in pieces)
        return split or not re.search(r"[a-z]{2}", text)


@pytest.fixture(scope="module")
def spoken(example: Validation) -> Spoken:
    return speak(example, CATALOGUE)


def test_no_page_has_a_text_that_stays_english(spoken: Spoken) -> None:
    assert spoken.english == set()
    assert len({path.partition("/")[0] for path in spoken.pages}) > 30


def test_what_checks_find_is_marked_as_english(spoken: Spoken, example: Validation) -> None:
    """All of it, whatever page it stands on; a policy of the organisation's own speaks the language of its records."""
    own = {policy.name for policy in example.catalogue.of_kind("Policy") if not policy.pack}
    found = spoken.pages["findings/index.html"]
    for row, finding in zip(found.split("<tr ")[2:], example.findings, strict=True):
        assert (ENGLISH in row) is (finding.rule not in own), finding
    assert {finding.rule in own for finding in example.findings} == {True, False}


def test_what_is_known_of_english_needs_no_mark() -> None:
    known, other = (
        f"<td>{ENGLISH}No finding. All pages</span> All pages</td>",
        f"<td>{ENGLISH}No finding. Oh</span></td>",
    )
    assert GERMAN.page(known) == f"<td>{GERMAN.say('No finding.')} Alle Seiten Alle Seiten</td>"
    assert GERMAN.page(other) == other
    code = f"<td>{ENGLISH}Not stated <code>All pages</code></span> All pages</td>"
    assert GERMAN.page(code) == code.replace("</span> All pages", "</span> Alle Seiten")


@pytest.mark.deep
def test_no_record_has_a_text_that_stays_english(example: Validation) -> None:
    said = speak(example, CATALOGUE, None)
    assert said.english == set()
    print(f"{len(said.pages)} pages in German")


def test_what_is_missing_is_found(validated: Validate) -> None:
    texts = {key: said for key, said in CATALOGUE["texts"].items() if key not in ("Is it working?", "All pages")}
    found = speak(validated(PEOPLE | service("a")), {**CATALOGUE, "texts": texts}).english
    assert found == {"Is it working?", "All pages"}


def test_times_are_those_of_the_organisation_in_words_of_the_page(spoken: Spoken) -> None:
    """In any zone: Europe/Berlin, of the example."""
    count = 0
    for path, text in spoken.pages.items():
        own = re.sub(r'(?s)<div class="(?:lead )?prose".*?</div>', "", text)
        assert not re.search(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+ [A-Z]", own), path
        for machine, said in re.findall(r'<time datetime="([^"]*T[^"]*Z)">([^<]*)</time>', text):
            local = datetime.fromisoformat(machine).astimezone(ZoneInfo("Europe/Berlin"))
            month = CATALOGUE["months"][MONTHS[local.month - 1]]
            assert f"{local.day}. {month} {local.year}, {local:%H:%M}" in said, path
            assert said.endswith(("MEZ", "MESZ")), path
            count += 1
    assert count > 100


def test_views_say_nothing_that_is_in_no_catalogue() -> None:
    """Also what the example has no occasion to say: texts of views that stand alone."""
    missing = set()
    for file in sorted(SITE.rglob("*.py")):
        nodes = list(ast.walk(ast.parse(file.read_text("utf-8")))) if file.name not in NOT_SHOWN else []
        apart = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        apart |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
                text = node.value.strip()
                if re.match("[A-Z](?:[a-z]+\\b(?!-)| [a-z])", text) and "<" not in text and GERMAN.known(text) is None:
                    missing |= {part for part in languages._SENTENCES.split(text) if GERMAN.known(part) is None}
    assert missing - NAMES == set()


def test_every_field_and_state_of_a_kind_has_a_name(example: Validation) -> None:
    said = set()

    def of_shape(shape: schema.Shape) -> None:
        said.add(shape.title)
        for child in (*shape.children.values(), *((shape.items,) if shape.items else ())):
            of_shape(child)

    def of_values(node: object) -> None:
        if isinstance(node, dict):
            said.update(words_.human(value) for value in node.get("enum", ()) if isinstance(value, str))
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            of_values(child)

    for kind in example.catalogue.registry:
        of_shape(schema.shape_of(kind))
        of_values(kind.schema)
        said |= {kind.title, kind.title_plural, kind.description, *(column.title for column in kind.columns)}
    assert {text for text in said if re.search("[a-z]{2}", text) and GERMAN.known(text) is None} == set()


def test_scripts_say_nothing_that_is_in_no_catalogue(spoken: Spoken) -> None:
    for file in SCRIPTS:
        script = file.read_text("utf-8")
        assert [text for text in re.findall(r'say\("([^"]+)"', script) if GERMAN.known(text) is None] == []
        assert re.findall(r'(?<!say\()[`"][A-Z][a-z]+ [^"`]*["`]', script.replace("NFKD", "")) == []


def test_scripts_speak_the_language_of_the_pages(validated: Validate, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((listing, "PAGE_SIZE"), (listing, "PLAIN_SIZE")):
        monkeypatch.setattr(module, name, 1)
    files = dict(site.build(german(validated(PEOPLE | service("a") | service("b"))), "r"))
    assert b'"{} of {} shown": "{} von {} gezeigt"' in files["static/site.js"].replace(b'":"', b'": "')
    assert b'tongue = "de"' in files["static/search.js"]
    assert "Bestellangebote" in files["static/search-index.js"].decode().encode().decode("unicode_escape")
    rows = files["services/index_rows_0.js"].decode()
    assert '"Stufe"' in rows
    assert "Working" not in rows
    assert "<title>A: Funktioniert</title>" in files["services/a.svg"].decode()
    assert "Changes und Incidents</title>" in files["news.atom"].decode()


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


def test_a_pattern_says_enough_to_fit_no_other_sentence() -> None:
    """``{} of {}`` would put one German word into whatever sentence has none of its own."""
    loose = {key for key in CATALOGUE["texts"] if key.startswith("{}") and key.endswith("{}")}
    assert {key for key in loose if len(re.findall(r"[a-z]{2,}", key)) == 1} == set()


def test_a_catalogue_is_part_of_what_pages_are_made_of() -> None:
    assert "catalogues/de.json" in dict(render.assets()), "else an incremental build would keep old words"


def test_a_language_that_is_not_told_is_english(validated: Validate) -> None:
    assert language("fr") is None
    assert language("en-GB") is None
