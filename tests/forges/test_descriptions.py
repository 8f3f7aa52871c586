"""The descriptions that judge the adapters' requests are those that the forges publish, and they do judge."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.forges.descriptions import HERE, NotAllowed
from tests.forges.extract import VERSION, extract
from tests.forges.fake import description


@pytest.mark.deep
def test_the_extract_is_of_the_published_description(tmp_path: Path) -> None:
    """GitHub's description has 13 MB, so that a part of it is kept; here it is taken out of the whole once more."""
    npm = shutil.which("npm")
    # Where everything should be there, a test that was left out would be a green that says nothing.
    without = pytest.fail if os.environ.get("CI") else pytest.skip
    if npm is None:
        without("npm is not installed; the extract is used as it is")
    command = [npm, "pack", "--silent", "--pack-destination", str(tmp_path), f"@octokit/openapi@{VERSION}"]
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        without(f"npm cannot fetch the description: {done.stderr.strip()[-200:]}")
    (package,) = tmp_path.glob("*.tgz")
    with tarfile.open(package) as archive:
        member = archive.extractfile("package/generated/api.github.com.json")
        assert member is not None
        whole = json.load(member)
    assert extract(whole) == json.loads((HERE / "github-openapi.json").read_text())


@pytest.mark.parametrize(
    ("forge", "method", "path", "query", "body"),
    [
        ("github", "GET", "/repos/shop/itsm/pulls/17/votes", "", None),
        ("github", "DELETE", "/repos/shop/itsm/pulls/17", "", None),
        ("github", "GET", "/repos/shop/itsm/pulls", "state=opened", None),
        ("github", "GET", "/repos/shop/itsm/pulls", "page_size=10", None),
        ("github", "POST", "/repos/shop/itsm/check-runs", "", {"name": "gate"}),
        ("github", "POST", "/repos/shop/itsm/statuses/1", "", {"state": "green"}),
        ("gitlab", "GET", "/projects/1/merge_requests", "state=open", None),
        ("gitlab", "POST", "/projects/1/statuses/1", "", {"state": "success", "context": "gate"}),
    ],
)
def test_what_is_not_described_is_not_allowed(forge: str, method: str, path: str, query: str, body: object) -> None:
    with pytest.raises(NotAllowed):
        description(forge).check_request(method, path, query, body)


def test_an_answer_of_another_shape_is_not_allowed() -> None:
    with pytest.raises(NotAllowed):
        description("github").check_answer("GET", "/repos/shop/itsm/pulls/17/reviews", [{"id": 1, "state": "APPROVED"}])
