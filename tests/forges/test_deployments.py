"""`itsm audit deployments --forge`: what GitHub and GitLab keep of deployments, by their published descriptions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from itsm_as_code.forges import deployments
from tests.conftest import Run
from tests.forges.conftest import Shop
from tests.forges.fake import TOKEN, GitHubFace, GitLabFace, Handler, Server, serving

COMMITS: Final = [f"{number:040x}" for number in range(1, 8)]
STATES: Final = ("success", "failure", "inactive", "success", "success", "pending", "success")
"""What became of seven deployments, one on each day from the first of December; two of them never came to an end."""


def day(number: int, minute: int = 0) -> str:
    return f"2026-12-{number:02d}T20:{minute:02d}:00Z"


class GitHub(GitHubFace):
    """Seven deployments, the newest first, as GitHub lists them."""

    broken = False

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        part = path.removeprefix(self.root)
        if part == "/deployments":
            return [self.deployment(number) for number in range(7, 0, -1)]
        if part.startswith("/deployments/"):
            return self.statuses(path, int(part.split("/")[2]))
        return super().answer(method, path, query, body)

    def deployment(self, number: int) -> dict[str, Any]:
        told = {"id": 4_000 + number, "sha": COMMITS[number - 1], "environment": "production"}
        told |= {"created_at": day(number), "updated_at": day(number, 9), "creator": self.user("alice")}
        told |= {"repository_url": f"https://api.github.com/repos/{self.repository}"}
        payload: Any = (
            json.dumps({"change": "chg-none"}) if number == 1 else {"service": "orders"} if number == 4 else {}
        )
        return self.sample("GET", f"{self.root}/deployments", **told, payload=payload)

    def statuses(self, path: str, number: int) -> list[dict[str, Any]]:
        """The newest first: a success that another deployment ended is inactive later, and was one all the same."""
        state = STATES[number - 4_001]
        rows = [("pending", 0)] if state == "pending" else [("inactive", 30)] if state == "inactive" else [(state, 5)]
        return [self.sample("GET", path, state=name, created_at=day(number - 4_000, minute)) for name, minute in rows]


class GitLab(GitLabFace):
    """The same at GitLab, in fractions of a second."""

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        if path != f"{self.root}/deployments":
            return super().answer(method, path, query, body)
        assert query.get("order_by") == "updated_at", "GitLab takes updated_after only with that order"
        since = query.get("updated_after", "")
        return [self.deployment(number) for number in range(1, 8) if day(number, 9) > since]

    def deployment(self, number: int) -> dict[str, Any]:
        state = {"failure": "failed", "inactive": "canceled", "pending": "running"}.get(STATES[number - 1], "success")
        at = {name: f"2026-12-{number:02d}T20:{minute:02d}:00.250Z" for name, minute in (("a", 0), ("b", 5), ("c", 9))}
        job = {"id": 1, "status": state, "created_at": at["a"], "started_at": at["a"], "finished_at": at["b"]}
        told = {"id": 9_000 + number, "iid": 4_000 + number, "ref": "main", "sha": COMMITS[number - 1], "status": state}
        told |= {"created_at": at["a"], "updated_at": at["c"], "environment": {"id": 1, "name": "production"}}
        return told | {"user": {**self.state.user("alice"), "state": "active"}, "deployable": job}


FACES: Final = {"github": GitHub, "gitlab": GitLab}


@dataclass
class Asked:
    """A forge whose deployments are asked for."""

    name: str
    shop: Shop
    server: Server
    itsm: Run

    def rows(self, *more: str | Path) -> tuple[int, list[dict[str, str]], str]:
        where = ("-C", self.shop.work.path, "--rev", "main", "--to", "2026-12-24T00:00:00Z", "--format", "csv")
        mapped = ("--map", "service==newsletter") if self.name == "gitlab" else ()
        code, out, err = self.itsm("audit", "deployments", *where, *mapped, *more)
        return code, list(csv.DictReader(io.StringIO(out))), err

    @property
    def forge(self) -> Sequence[str]:
        return ("--forge", self.name, "--repo", "shop/itsm", "--api-url", self.server.base, "--wait", "0")


@pytest.fixture(params=["github", "gitlab"])
def asked(request: pytest.FixtureRequest, shop: Shop, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    with serving(FACES[request.param](shop.state(request.param))) as server:
        server.page_size = 3
        yield Asked(request.param, shop, server, itsm)


def subjects(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return [(row["start"][:19], row["artifact"], row["result"]) for row in rows]


def test_a_forge_says_what_ran(asked: Asked) -> None:
    """All pages; what never ran, or runs, is none of it."""
    code, rows, err = asked.rows(*asked.forge)
    ended = [number for number, state in enumerate(STATES, 1) if state in ("success", "failure")]
    assert subjects(rows) == [
        (day(number)[:19], COMMITS[number - 1], "failed" if number == 2 else "successful") for number in ended
    ], err
    assert code == 1
    assert rows[0]["place"] == f"{asked.name} shop/itsm:#4001"
    if asked.name == "github":
        assert [row["findings"] for row in rows[:1]] == ["change-unknown"], "a payload may be text"
        assert {row["service"] for row in rows} == {"itsm", "orders"}


def test_they_are_the_same_as_from_a_file(asked: Asked, tmp_path: Path) -> None:
    """What the API answers, kept in a file, gives the same rows."""
    face: Any = asked.server.face
    kept = [face.deployment(number) for number in range(1, 8)]
    for number, item in enumerate(kept, 4_001):
        if asked.name == "github":
            item["statuses"] = face.statuses(f"{face.root}/deployments/{number}/statuses", number)
    (tmp_path / "kept.json").write_text(json.dumps(kept))
    _, live, _ = asked.rows(*asked.forge)
    _, filed, _ = asked.rows("--source", f"{asked.name}={tmp_path / 'kept.json'}")
    assert [{**row, "place": ""} for row in live] == [{**row, "place": ""} for row in filed]


def test_a_period_is_asked_for_alone(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    _, rows, _ = asked.rows(*asked.forge, "--from", day(4))
    assert [row["artifact"] for row in rows] == [COMMITS[3], COMMITS[4], COMMITS[6]]
    if asked.name == "github":
        assert not [line for line in asked.server.log if "/deployments/4002/" in line], (
            "no request for what is not asked"
        )
        monkeypatch.setattr(deployments, "MOST", 2)
        code, _, err = asked.rows(*asked.forge)
        assert (code, "more than 2 deployments" in err) == (2, True)
    else:
        assert any("updated_after=2026-12-04" in line for line in asked.server.log)


def test_what_cannot_be_had_whole_is_no_population(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that breaks off, a token that is refused, and an answer that is no list: exit code 2, nothing is told."""

    def cut(handler: Handler) -> bool:
        if "page=2" not in handler.path:
            return False
        handler.reply(200, b'[{"id": 1', {"Content-Length": "4000"})
        handler.close_connection = True
        return True

    asked.server.fault = cut
    code, rows, err = asked.rows(*asked.forge)
    assert (code, rows, "no answer" in err or "cut off" in err) == (2, [], True)
    asked.server.fault = lambda handler: handler.reply(200, {"message": "no list"}) is None
    assert asked.rows(*asked.forge)[:2] == (2, [])
    asked.server.fault = lambda handler: False
    monkeypatch.setenv("GITHUB_TOKEN", "other")
    monkeypatch.setenv("GITLAB_TOKEN", "other")
    code, rows, err = asked.rows(*asked.forge)
    assert (code, rows, "token" in err, "other" in err) == (2, [], True, False)


def test_what_cannot_be_understood_is_counted_by_its_number(asked: Asked) -> None:
    """A clock that ran backwards, and no commit; the rest is judged."""
    face: Any = asked.server.face
    whole = face.deployment

    def deployment(number: int) -> dict[str, Any]:
        told = {7: {"created_at": day(9), "deployable": None}, 5: {"sha": ""}}.get(number, {})
        return {**whole(number), **told}

    face.deployment = deployment
    where = ("-C", asked.shop.work.path, "--rev", "main", "--to", "2026-12-24T00:00:00Z", "--format", "json")
    code, out, _ = asked.itsm("audit", "deployments", *where, *asked.forge, "--map", "service==newsletter")
    data = json.loads(out)
    skipped = {row["place"].partition("#")[2]: row["message"] for row in data["skipped"]}
    lacking = "it does not say artifact; map a column or a constant to it"
    assert skipped == {"4005": lacking, "4007": "it ends before it begins"}
    assert (code, data["totals"]["skipped"], data["totals"]["deployments"]) == (1, 2, 3)


def test_another_forge_is_told_to_use_a_file(shop: Shop, itsm: Run) -> None:
    where = ("audit", "deployments", "-C", shop.work.path, "--rev", "main")
    code, _, err = itsm(*where, "--forge", "gitea", "--repo", "a/b", "--api-url", "http://127.0.0.1:1")
    assert (code, "--source" in err) == (2, True)
