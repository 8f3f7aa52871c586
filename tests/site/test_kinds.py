"""A kind is shown by one module with its name, and by its schema where that module says nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import pytest

from itsm_as_code.errors import ItsmError
from itsm_as_code.findings import RecordId
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.site import kinds
from itsm_as_code.site.kinds import View
from itsm_as_code.site.views import context as vocabulary
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.state import Now
from itsm_as_code.site.views.values import Inline, Link, Moment, Page, Row, Status, Table, Text
from tests.conftest import ROOT
from tests.site.conftest import REVISION, Validate
from tests.site.test_views import PEOPLE, record, service
from tests.test_own_kinds import LAPTOP, LEASE

OFFICE = PEOPLE | {
    "schemas/laptop.schema.json": LAPTOP,
    "schemas/lease.schema.json": LEASE,
    "assets/laptops/l1.yaml": record("Laptop", "l1", {"owner": "ann", "status": "in-use"}, "Laptop 1"),
}
IMPORTS = """
from itsm_as_code.site.views import listing
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Row, Text
"""
PAGE = IMPORTS + "def page(context, record, now): return described(context, record, (('Seen', Text('today')),))\n"
TABLE = (
    IMPORTS
    + "HEADERS = ('Laptop', 'Seen')\ndef row(context, record): return Row.of(context.link(record), Text('today'))\n"
)
LISTS = TABLE + "def lists(context, kind, now): return listing.listed(context, kind, HEADERS, row, top=Text('All'))\n"
TONES = "TONES = {'in-use': 'good'}\n"

Found = Callable[[list[str], Mapping[str, str]], dict[str, View]]


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """The views of these kinds in a package of these modules; a name with a slash is a package."""
    monkeypatch.syspath_prepend(tmp_path)
    numbers = count()

    def call(names: list[str], modules: Mapping[str, str]) -> dict[str, View]:
        package = tmp_path / f"{tmp_path.name}_{next(numbers)}"
        for name, source in {"__init__": "", **modules}.items():
            path = package / (f"{name}__init__.py" if name.endswith("/") else f"{name}.py")
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(source)
        return kinds.found(package.name, [str(package)], names)

    return call


def test_every_module_is_found_and_has_the_name_of_its_kind() -> None:
    modules = [path.stem for path in (ROOT / "src/itsm_as_code/site/kinds").glob("[a-z]*.py")]
    assert len(kinds.views()) == len(modules)
    assert kinds.views().keys() <= KindRegistry.load().kinds.keys()
    assert ("ServiceLevelAgreement" in kinds.views(), "service_level_agreement" in modules) == (True, True)


@pytest.mark.parametrize(
    ("names", "module", "why"),
    [
        (["Change"], "request", "request is the name of no kind"),
        (["Change"], "changes", "changes is the name of no kind"),
        (["ServiceReview"], "servicereview", "servicereview is the name of no kind"),
        (["ServiceReview"], "service-review", "service-review is the name of no kind"),
        (["Laptop", "LAPTOP"], "laptop", "laptop is the name of Laptop and LAPTOP"),
        (["Laptop"], "laptop/", "laptop is a folder"),
    ],
)
def test_a_module_without_the_name_of_one_kind_is_an_error(
    found: Found, names: list[str], module: str, why: str
) -> None:
    with pytest.raises(ItsmError, match=rf"\.{why}$") as raised:
        found(names, {module: PAGE})
    assert raised.value.remedy


def test_a_folder_hides_no_module(found: Found) -> None:
    with pytest.raises(ItsmError, match="laptop is a folder"):
        found(["Laptop"], {"laptop": PAGE, "laptop/": ""})


def test_a_word_weighs_the_same_for_all_kinds(found: Found) -> None:
    same = found(["Laptop", "Lease"], {"laptop": TONES, "lease": "TONES = {'in-use': 'good', 'over': 'bad'}\n"})
    assert kinds.tones(same) == {"in-use": "good", "over": "bad"}
    other = found(["Laptop", "Lease"], {"laptop": TONES, "lease": "TONES = {'in-use': 'bad'}\n"})
    with pytest.raises(ItsmError, match="'in-use' of Lease is 'bad', of another kind 'good'"):
        kinds.tones(other)


def test_no_kind_repeats_a_word_of_another_or_of_all() -> None:
    own = [word for view in kinds.views().values() for word in view.tones]
    assert own
    assert [word for word in sorted(own) if own.count(word) > 1 or word in vocabulary._TONES] == []


@pytest.mark.parametrize(
    ("source", "tone", "facts", "headers", "top"),
    [
        ("", "none", ["Person"], ("Title", "Whose"), ()),
        (TONES, "good", ["Person"], ("Title", "Whose"), ()),
        (PAGE, "none", ["Seen", "Person"], ("Title", "Whose"), ()),
        (TABLE, "none", ["Person"], ("Laptop", "Seen"), ()),
        (LISTS, "none", ["Person"], ("Laptop", "Seen"), (Text("All"),)),
        (PAGE + LISTS + TONES, "good", ["Seen", "Person"], ("Laptop", "Seen"), (Text("All"),)),
        (None, "none", ["Person"], ("Title", "Whose"), ()),
    ],
    ids=["nothing", "tones", "page", "table", "lists", "everything", "no module"],
)
def test_what_a_module_does_not_say_the_schema_says(
    source: str | None, tone: str, facts: list[str], headers: tuple[str, ...], top: object,
    found: Found, validated: Validate,
) -> None:  # fmt: skip
    views = {} if source is None else found(["Laptop"], {"laptop": source})
    view = views.get("Laptop", kinds.view())
    context = Context(validated(OFFICE), REVISION, tones=kinds.tones(views))
    assert context.validation.findings == ()
    (laptop,) = context.catalogue.of_kind("Laptop")
    page: Page = view.page(context, laptop, Now(context))
    assert page.statuses == (Status("In use", tone),)  # type: ignore[arg-type]
    assert [title for title, _ in page.facts][: len(facts)] == facts
    (listed,) = view.lists(context, laptop.kind, Now(context))
    ((table,),) = (section.body for section in listed.sections)
    assert isinstance(table, Table)
    assert (table.headers, listed.top) == (headers, top)
    assert all(isinstance(row, Row) and row.cells[0] == context.link(laptop) for row in table.rows)


def test_the_page_that_the_guide_adds(found: Found, validated: Validate) -> None:
    """Its two files are all that a kind with a page needs."""
    (schema,) = written("add-a-kind.md", "schemas/domain.schema.json")
    (module,) = written("add-a-page-for-a-kind.md", "src/itsm_as_code/site/kinds/domain.py")
    views = found(sorted({*KindRegistry.load().kinds, "Domain"}), {"domain": module})
    spec = {"owner": "t", "service": "a", "status": "registered"}
    domains = {
        f"services/domains/{name}.yaml": record("Domain", name, {**spec, "expires": day})
        for name, day in (("far", "2027-03-01"), ("near", "2026-11-30"))
    }
    validation = validated(PEOPLE | service("a") | {"schemas/domain.schema.json": schema} | domains)
    context = Context(validation, REVISION, tones=kinds.tones(views))
    kind = context.registry["Domain"]
    (listed,) = views["Domain"].lists(context, kind, Now(context))
    ((table,),) = (section.body for section in listed.sections)
    assert isinstance(table, Table)
    assert [row.cells[0] for row in table.rows] == [Link(name, f"domains/{name}.html") for name in ("near", "far")]
    near = context.catalogue.records[RecordId("Domain", "near")]
    page = views["Domain"].page(context, near, Now(context))
    assert page.statuses == (Status("Registered", "good"),)
    assert page.facts[0] == (
        "Expires",
        Inline((Moment("Mon 30 Nov 2026", "2026-11-30"), Status("In 8 days", "warn")), " "),
    )
    assert [title for title, _ in page.facts].count("Expires") == 1


def written(page: str, path: str) -> list[str]:
    """What a page of the guides says of a file."""
    text = (ROOT / "docs/how-to" / page).read_text()
    return re.findall(rf"^```\w+ file={re.escape(path)}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
