"""A record that lies where nobody looks is found, and what only looks like one is left alone."""

from __future__ import annotations

import pytest

from itsm_as_code.findings import Finding, Severity
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.misplaced import misplaced
from itsm_as_code.snapshot import SYMLINK, Entry
from tests.conftest import Workshop
from tests.limits import within
from tests.snapshots import Memory

SERVICE = "apiVersion: itsm/v1\nkind: Service\nmetadata: {name: x}\n"
REGISTRY = KindRegistry.load()


def found(files: dict[str, str], paths: list[str] | None = None) -> list[Finding]:
    return misplaced(Memory(files), REGISTRY, paths)


@pytest.mark.parametrize(
    ("path", "kind", "message", "remedy"),
    [
        ("Services/x.yaml", "Service", "a Service in Services/, which is no folder of records", "move it to services/"),
        ("change/x.yaml", "Change", "a Change in change/, which is no folder of records", "move it to changes/"),
        ("change/2026/11/x.yaml", "Change", "a Change in change/2026/11/, which is no folder", "move it to changes/"),
        ("policy/x.yaml", "ApprovalPolicy", "an ApprovalPolicy in policy/", "move it to policies/approvals/"),
        ("operations/x.yaml", "Incident", "an Incident in operations/", "move it to operations/incidents/"),
        ("operations/incident/x.yaml", "Incidnt", "an Incidnt in operations/incident/", "move it to operations/inc"),
        ("x.yaml", "Service", "a Service at the top of the repository, which is no", "move it to services/"),
        ("x.yaml", "Thing", "a Thing at the top", "move it to the folder of its kind"),
        (
            "operations/x.yaml",
            "Thing",
            "a Thing in operations/, which is no folder",
            "move it to the folder of its kind",
        ),
        (
            "operations/vendor-visits/x.yaml",
            "Visit",
            "a Visit in operations/vendor",
            "move it to the folder of its kind",
        ),
        ("Services/x.YML", "Service", "a Service in", "move it to services/, and let its name end in .yaml"),
        ("itsm.yml", "Configuration", "a Configuration at the top", "name it itsm.yaml"),
        ("services/x.json", "Service", "'x.json' holds a Service but is not named <name>.yaml", "rename it"),
        ("services/x", "Service", "'x' holds a Service but is not named <name>.yaml", "rename it"),
        ("services/x.yaml.txt", "Service", "'x.yaml.txt' holds a Service", "rename it"),
    ],
)
def test_a_record_that_nobody_reads_is_an_error(path: str, kind: str, message: str, remedy: str) -> None:
    (finding,) = found({path: SERVICE.replace("Service", kind)})
    assert finding.severity is Severity.ERROR
    assert finding.location.path == path
    assert message in finding.message
    assert finding.remedy.startswith(remedy)


@pytest.mark.parametrize("path", ["x.yaml", "operations/vendor-visits/x.yaml", "operations/incident/x.yaml"])
def test_a_kind_that_nobody_knows_may_be_one_whose_schema_is_still_to_come(path: str) -> None:
    (finding,) = found({path: SERVICE.replace("Service", "Visit")})
    assert finding.remedy.endswith("; a kind of your own needs its schema first")


def test_far_from_every_folder_it_is_a_warning() -> None:
    (finding,) = found({"docs/x.yaml": SERVICE})
    assert finding.severity is Severity.WARNING
    assert finding.remedy == "move it to services/"


@pytest.mark.parametrize(
    "text",
    [
        '{"apiVersion": "itsm/v1", "kind": "Service"}',
        '{\n  "kind": "Service",\n  "apiVersion": "itsm/v1"\n}',
        "kind: Service\n'apiVersion' : 'itsm/v2'\n",
        "\ufeffapiVersion: itsm/v1\nkind: Service\n",
        "# note\napiVersion: itsm/v1\r\nkind: Service\r\n",
        "apiVersion: itsm/v1\nkind: Service\n\tbroken: [\n",
    ],
)
def test_however_it_is_written(text: str) -> None:
    assert len(found({"Services/x.yaml": text})) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("deploy/x.yaml", "apiVersion: apps/v1\nkind: Service\n"),
        ("Services/x.yaml", "note: |\n  apiVersion: itsm/v1\n"),
        (".github/x.yaml", SERVICE),
        ("docs/.drafts/x.yaml", SERVICE),
        ("schemas/x.yaml", SERVICE),
        ("examples/one/services/x.yaml", SERVICE),
        ("services/README.md", SERVICE),
        ("docs/x.md", SERVICE),
        ("other/team/x.yaml", SERVICE),
        ("itsm.yaml", SERVICE),
    ],
)
def test_what_is_no_record_of_this_repository(path: str, text: str) -> None:
    assert found({path: text, "other/itsm.yaml": "kind: Configuration\n"}) == []


def test_a_link_is_not_read() -> None:
    tree = Memory({"Services/x.yaml": SERVICE})
    tree.entries["Services/x.yaml"] = Entry(SYMLINK)
    assert misplaced(tree, REGISTRY) == []


def test_only_the_paths_that_are_asked_for() -> None:
    files = {"Services/x.yaml": SERVICE, "change/x.yaml": SERVICE}
    assert [item.location.path for item in found(files, ["change/x.yaml", "gone.yaml"])] == ["change/x.yaml"]


def test_white_space_without_end_is_read_in_a_moment() -> None:
    with within(1):
        assert found({"Services/x.yaml": "{" + " " * 900_000, "change/x.yaml": "{\n" * 400_000}) == []


def test_the_gate_names_the_folder_of_what_a_pull_request_brings(workshop: Workshop) -> None:
    workshop.write("change/new.yaml", SERVICE.replace("Service", "Change"))
    workshop.commit("A change")
    (finding,) = [item for item in workshop.judge().findings if item.rule == "record-folder"]
    assert (finding.location.path, finding.blocks) == ("change/new.yaml", True)


def test_the_gate_reads_no_other_file_beside_the_folders(workshop: Workshop) -> None:
    """A sparse clone would have to fetch each of them."""
    workshop.write("docs/old.yaml", SERVICE)
    workshop.commit("An example")
    workshop.git("branch", "-f", "main")
    workshop.edit("services/orders.yaml", "title: ", "title: New ")
    workshop.commit("Another thing")
    assert not [item for item in workshop.judge().findings if item.rule == "record-folder"]
