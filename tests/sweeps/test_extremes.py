"""Every field that holds a time, with the extremes of its form, through every command: a finding, never the end of it.

The volume is behind ``make deep``; here each field gets what other systems write for never and for not set.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.clock import RANGE
from itsm_as_code.records.document import parse
from itsm_as_code.records.formats import FORMATS
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.writer import dump
from tests.conftest import ROOT, SMALL, Run, Workshop, copy_tree
from tests.sweeps.commands import ROWS, commands, formats
from tests.sweeps.extremes import EXTREMES, Field, fields, plain_value, with_value

REGISTRY = KindRegistry.load()
SETTINGS = replace(REGISTRY["Change"], name="itsm.yaml", file="configuration.schema.json")
SETTINGS_FIELDS = fields(SETTINGS)
FOLDERS = ("services", "changes", "people", "operations", "improvement", "portfolio", "policies")
FIELDS = [field for kind in REGISTRY for field in fields(kind)]
NOW = ("--now", "2026-11-22T12:00:00Z")
ROUNDS = range(4)
"""Of extremes, the likeliest first, through every command; all of them go alone through fewer."""


@cache
def own_records() -> Mapping[str, list[Any]]:
    """The records of the example organisation by kind, for they refer to what there is."""
    found: dict[str, list[Any]] = {}
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.yaml")):
            data = parse(file.read_bytes())
            if isinstance(data, dict):
                found.setdefault(str(data["kind"]), []).append(data)
    return found


@cache
def good(field: Field) -> Any:
    """A valid record with a plain value in that field."""
    kind = REGISTRY[field.kind]
    for record in (*own_records().get(kind.name, ()), *kind.schema["examples"]):
        whole = with_value(kind, record, field, plain_value(field))
        if kind.validator.is_valid(whole):
            return record
    raise AssertionError(f"no example of {field.kind} can have {field.pointer}")


def lay(folder: Path, chosen: Mapping[Field, Any]) -> list[tuple[str, str]]:
    """Write a record for each field with that value; gives their kinds and names."""
    names = []
    for number, (field, value) in enumerate(chosen.items()):
        kind = REGISTRY[field.kind]
        record = with_value(kind, good(field), field, value)
        name = f"{record['metadata']['name'][:40]}-x{number}"
        record["metadata"]["name"] = name
        file = folder / kind.folder / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(dump(record))
        names.append((kind.name, name))
    return names


def values_of_round(number: int) -> dict[Field, Any]:
    return {field: field.values[number % len(field.values)] for field in FIELDS}


class Sweep:
    """Runs commands, and keeps what went wrong and how many runs there were."""

    def __init__(self, run: Run, folder: Path, scratch: Path) -> None:
        self.run, self.folder, self.scratch = run, folder, scratch
        self.codes: Counter[int] = Counter()
        self.bad: list[str] = []

    def __call__(self, name: str, arguments: list[str], *, allowed: tuple[int, ...] = (0, 1), **values: str) -> None:
        values["scratch"] = str(self.scratch)
        call = [*name.split(), *(argument.format_map(values) for argument in arguments), "-C", str(self.folder)]
        if "--now" not in call:
            call += NOW
        code, _, err = self.run(*call)
        self.codes[code] += 1
        # What could be of any time leaves it open what is free, and rules that cannot be read judge nothing.
        refused = code == 2 and name in ("calendar", "policy impact") and re.search(r"\.yaml:\d+:\d+.* 'P", err)
        if (code not in allowed and not refused) or "internal error" in err or "Traceback" in err:
            self.bad.append(f"{' '.join(call)}: {code}: {err.strip()}")


def test_every_command_is_swept() -> None:
    assert set(ROWS) == set(dict(commands()))


def test_every_field_is_reached() -> None:
    """Each field that the schemas name can be filled in a valid record, and there are as many as one would think."""
    assert set(FORMATS) - {"itsm-timezone", "itsm-email", "itsm-url"} <= set(EXTREMES), "a format without extremes"
    assert len(FIELDS) >= 90
    assert {field.kind for field in FIELDS} >= {"Change", "Incident", "Person", "Calendar", "Supplier", "Waiver"}
    for field in FIELDS:
        good(field)


READERS = ("build", "fmt", "policy coverage", "policy list", "validate", "waiver list")
"""Commands that read all records where they are."""


def whole_organisation(folder: Path) -> None:
    copy_tree(SMALL, folder)
    for name in ("operations", "change-enablement", "risks", "organisation"):
        copy_tree(ROOT / "policies" / name, folder / "policies" / name)


@pytest.mark.parametrize(
    "number", [0, pytest.param(1, marks=pytest.mark.deep)], ids=["never-and-not-set", "not-set-and-never"]
)
def test_what_others_write_for_never_stops_nothing(number: int, tmp_path: Path, itsm: Run) -> None:
    """Every other field has the one of them; the volume run has both of each."""
    never, not_set = values_of_round(number), values_of_round(1 - number)
    whole_organisation(tmp_path / "r")
    lay(tmp_path / "r", {field: (never, not_set)[place % 2][field] for place, field in enumerate(FIELDS)})
    sweep = Sweep(itsm, tmp_path / "r", tmp_path)
    for command in ("build", "waiver list"):
        sweep(command, ROWS[command][0])
    assert sweep.bad == []
    code, out, _ = itsm("validate", "-C", tmp_path / "r", *NOW, "--format", "json")
    assert code == 1
    unknown = [item["message"] for item in json.loads(out)["findings"] if item["rule"] == "policy-evaluates"]
    assert [message for message in unknown if "Key not found" not in message] == []


def test_the_date_is_named_and_nothing_else(tmp_path: Path, itsm: Run) -> None:
    """An incident that was detected in the year 9999: one finding, and it says so."""
    whole_organisation(tmp_path)
    kind = REGISTRY["Incident"]
    detected = next(field for field in FIELDS if (field.kind, field.pointer) == ("Incident", "/spec/detectedAt"))
    record = with_value(kind, good(detected), detected, "9999-12-31T23:59:59Z")
    record["metadata"]["name"] = "inc-99991231-never"
    spec = {"detectedAt": "9999-12-31T23:59:59Z", "status": "new", "services": ["newsletter"]}
    keep = {key: value for key, value in record["spec"].items() if key in kind.schema["properties"]["spec"]["required"]}
    file = tmp_path / kind.folder / "inc-99991231-never.yaml"
    file.parent.mkdir(parents=True)
    file.write_bytes(dump({**record, "spec": {**keep, **spec}}))
    _, out, _ = itsm("validate", "-C", tmp_path, *NOW, "--format", "json")
    messages = [item["message"] for item in json.loads(out)["findings"] if item["path"].endswith("never.yaml")]
    assert "detectedAt lies in the future" in messages
    assert not [message for message in messages if "could not be evaluated" in message]


ENDS = ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2500-01-01T00:00:00Z"]


@pytest.mark.parametrize("value", ENDS)
@pytest.mark.parametrize(
    "call", [("validate", "--now"), ("build", "--now"), ("calendar", "--from"), ("calendar", "--to")], ids=" ".join
)
def test_far_options_work_or_name_the_range(call: tuple[str, str], value: str, tmp_path: Path, itsm: Run) -> None:
    command, option = call
    where = ["-o", tmp_path / "site", "--history", "0"] if command == "build" else []
    code, _, err = itsm(command, "-C", SMALL, *where, *([] if option == "--now" else NOW), option, value)
    assert code in (0, 1) or (code == 2 and (RANGE in err or "--to is not after --from" in err)), err
    assert "internal error" not in err


# Volume.


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The example organisation, whose records refer to one another, on main."""
    shop = Workshop(tmp_path_factory.mktemp("organisation") / "r")
    for folder in FOLDERS:
        copy_tree(ROOT / folder, shop.path / folder)
    (shop.path / "itsm.yaml").write_bytes((ROOT / "itsm.yaml").read_bytes())
    shop.git("init", "-q", "-b", "main")
    shop.commit("Start")
    return shop


def through_all(sweep: Sweep, values: Mapping[str, str], names: list[tuple[str, str]]) -> None:
    for command, definition in commands():
        rows = [row for row in ROWS[command] if {"{record}", "{change}", "{spare}"}.isdisjoint(row)]
        if command in NOT_OF_RECORDS or not rows:
            continue
        for row in rows:
            sweep(command, row, **values)
        for form in formats(definition)[1:]:
            sweep(command, [*rows[0], "--format", form], **values)
    for kind, name in names[::9]:
        sweep("explain", [f"{kind}/{name}"], **values)
    for kind, name in names:
        if kind == "Change":
            sweep("authorise", [name], **values)
            sweep("authorise", [name, "--at", "9999-12-31T23:59:59Z"], **values)


NOT_OF_RECORDS = ("approve", "evidence note", "evidence setup", "init", "new", "schema")
NOT_OF_RECORDS += (
    "completion",
    "help",
    "import alerts",
    "import backstage",
    "import cstate",
    "import icalendar",
    "import issue",
    "import openslo",
    "import people",
    "import upptime",
)
NOT_OF_RECORDS += ("import request",)
"""Commands that read no times, or want a signing key first."""


@pytest.mark.deep
@pytest.mark.parametrize("number", ROUNDS)
def test_every_field_through_every_command(
    number: int, organisation: Workshop, tmp_path: Path, itsm: Run, record_property: Callable[[str, object], None]
) -> None:
    """First in a pull request, then on the base of the next one."""
    shop = Workshop(tmp_path / "r")
    copy_tree(organisation.path, shop.path)
    shop.git("checkout", "-q", "-b", "topic")
    # A calendar that cannot be read leaves it open what is free, so whoever asks for the calendar gets no answer.
    chosen = {field: value for field, value in values_of_round(number).items() if field.kind != "Calendar"}
    names = lay(shop.path, chosen)
    shop.commit("Far times")
    (tmp_path / "reviews.json").write_text(json.dumps({"author": "alice", "reviews": []}))
    values = {"reviews": str(tmp_path / "reviews.json"), "service": "payments-api"}
    sweep = Sweep(itsm, shop.path, tmp_path)
    through_all(sweep, values, names)
    shop.git("branch", "-f", "main", "topic")
    shop.write("services/x.md", "A note.\n")
    shop.commit("Note")
    through_all(sweep, values, [])
    record_property("times through commands", f"round {number}|{len(chosen)} fields|{sweep.codes.total()} runs")
    assert sweep.bad == []


@pytest.mark.deep
@pytest.mark.parametrize("kind", sorted({field.kind for field in FIELDS}))
def test_one_record_at_a_time(
    kind: str, tmp_path: Path, itsm: Run, record_property: Callable[[str, object], None]
) -> None:
    """Each field with each value alone, so that none hides behind another: validate, build, calendar."""
    whole_organisation(tmp_path / "r")
    sweep = Sweep(itsm, tmp_path / "r", tmp_path)
    for field in (field for field in FIELDS if field.kind == kind):
        for value in field.values:
            lay(tmp_path / "r", {field: value})
            sweep("validate", [])
            sweep("build", ["-o", "{scratch}/site", "--history", "0"])
            # A change or calendar that cannot be read may be of that time: no answer rather than a wrong one.
            sweep("calendar", [], allowed=(0, 2) if kind in ("Change", "Calendar") else (0,))
    record_property("times alone", f"{kind}|{sweep.codes.total()} runs")
    assert sweep.bad == []


@pytest.mark.deep
@pytest.mark.parametrize("field", SETTINGS_FIELDS, ids=lambda field: field.pointer)
def test_settings(field: Field, tmp_path: Path, itsm: Run) -> None:
    """Times of itsm.yaml: what makes no sense there is said, and stops what goes by it."""
    whole_organisation(tmp_path / "r")
    plain = parse((tmp_path / "r/itsm.yaml").read_bytes())
    sweep = Sweep(itsm, tmp_path / "r", tmp_path)
    for value in field.values:
        (tmp_path / "r/itsm.yaml").write_bytes(dump(with_value(SETTINGS, plain, field, value)))
        for command in READERS:
            sweep(command, ROWS[command][0], allowed=(0, 1, 2))
        sweep("validate", [])
    assert sweep.bad == []


@pytest.mark.deep
@pytest.mark.parametrize("command", sorted(dict(commands())))
def test_every_option_that_takes_a_time(command: str, organisation: Workshop, tmp_path: Path, itsm: Run) -> None:
    definition = dict(commands())[command]
    options = [option for option in definition.params if option.metavar in ("INSTANT", "WHEN", "DURATION")]
    assert options, "every command has --now"
    change = own_records()["Change"][0]["metadata"]["name"]
    (tmp_path / "reviews.json").write_text(json.dumps({"author": "alice", "reviews": []}))
    values = {"reviews": str(tmp_path / "reviews.json"), "change": change, "record": change, "service": "payments-api"}
    values |= {"unique": "x", "key": str(tmp_path / "none")}
    values |= {"entities": str(tmp_path / "none.yaml"), "issue": str(tmp_path / "none.json")}
    spare = organisation.path / "changes/chg-spare.yaml"
    if "{spare}" in ROWS[command][0]:
        values["spare"] = spare.stem
        record = own_records()["Change"][0]
        spare.write_bytes(dump({**record, "metadata": {**record["metadata"], "name": spare.stem}}))
    organisation.git("branch", "-f", "topic", "main")
    for option in options:
        for value in EXTREMES["itsm-duration" if option.metavar == "DURATION" else "itsm-instant"]:
            sweep = Sweep(itsm, organisation.path, tmp_path / value)
            sweep(command, [*ROWS[command][0], option.opts[0], value], allowed=(0, 1, 2), **values)
            assert sweep.bad == []
    for file in (spare, spare.with_stem("renamed-x")):
        file.unlink(missing_ok=True)
