"""Histories that are kept and grow are those of one walk over everything, whatever the history looks like."""

from __future__ import annotations

import random
import zlib
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path

import pytest

from itsm_as_code.cache import Cache
from itsm_as_code.gate import revisions
from itsm_as_code.gate.histories import _HEADS, _MOST_HEADS, SHELVES, Histories, _Kept, histories, shelf_of
from itsm_as_code.gate.revisions import MOST, Records
from itsm_as_code.git.history import place_of, walk
from itsm_as_code.git.repository import Repository
from tests.conftest import Workshop

RECORDS = Records(lambda path: ("state",) if path.startswith("r/") else None)
PATHS = [f"r/{name}" for name in ("a.yaml", "b.yaml", "c.yaml", "\udcff.yaml", "d é\n:1.yaml")] + ["elsewhere"]
STATES = ("new", "open", "over")


def history(workshop: Workshop, seed: int, commits: int) -> list[str]:
    """A random history with merges, clocks that go wrong and files that come back; its commits, oldest first."""
    die, said, heads = random.Random(seed), list[bytes](), dict[str, int]()
    for mark in range(1, commits + 1):
        branch = die.choice(("main", "one", "two")) if heads else "main"
        others = [heads[name] for name in heads if name != branch]
        parent = heads.get(branch) or die.choice(others or [0])
        merged = die.choices(others, k=die.randint(1, 2)) if others and branch in heads and die.random() < 0.4 else []
        subject = die.choice(("Edit", "Edit it (#%d)", "Merge pull request #%d from a/b", "\udcfe odd")).replace(
            "%d", str(mark)
        )
        text = subject.encode("utf-8", "surrogateescape")
        when = 1_700_000_000 + die.choice((mark * 60, mark * 60, 300, -5))
        said.append(b"commit refs/heads/%s\nmark :%d\ncommitter A <a@b> %d +0000\n" % (branch.encode(), mark, when))
        said.append(b"data %d\n%s\n" % (len(text), text))
        said += [b"from :%d\n" % parent] if parent else []
        said += [b"merge :%d\n" % other for other in dict.fromkeys(merged) if other != parent]
        for path in ["r/a.yaml", *die.sample(PATHS, die.randint(0, 2))]:
            quoted = b'"%s"' % path.encode("utf-8", "surrogateescape").replace(b"\n", b"\\n")
            body = f"state: {die.choice(STATES)}\nnumber: {die.randint(0, 3)}\n".encode()
            is_gone = die.random() < 0.2
            said.append(
                b"D %s\n" % quoted if is_gone else b"M 100644 inline %s\ndata %d\n%s\n" % (quoted, len(body), body)
            )
        said.append(b"\n")
        heads[branch] = mark
    marks = workshop.path.parent / f"marks-{seed}"
    Repository(workshop.path).run("fast-import", "--quiet", "--force", f"--export-marks={marks}", feed=b"".join(said))
    names = dict(row.split() for row in marks.read_text().splitlines())
    return [names[f":{mark}"] for mark in range(1, commits + 1)]


def counted(repository: Repository, commit: str) -> dict[str, list[str]]:
    """The commits that changed each record, by how they landed, asked of git for each landing and commit."""
    found: dict[str, list[str]] = {}
    for merge in repository.text("rev-list", "--first-parent", commit).split():
        parents = repository.text("rev-list", "--parents", "-1", merge).split()[1:]
        before = [f"^{parents[0]}"] if parents else []
        for name in repository.text("rev-list", merge, *before).split():
            if len(repository.text("rev-list", "--parents", "-1", name).split()) > 2:
                continue
            options = ("--root", "-r", "-z", "--no-renames", "--no-commit-id", "--name-only")
            for path in filter(None, repository.text("diff-tree", *options, name).split("\0")):
                if path.startswith("r/"):
                    found.setdefault(path, []).append(name)
    return found


def check(told: Histories, repository: Repository, commit: str) -> None:
    whole = histories(repository, commit, RECORDS, "")
    assert dict(told) == dict(whole)
    assert [*told.digests] == [*whole.digests]


def same(workshop: Workshop, cache: Cache, seed: int, commits: int) -> int:
    """How many commits of a random history were asked for, one after the other and some out of order."""
    die, repository = random.Random(seed), Repository(workshop.path)
    names = history(workshop, seed, commits)
    line = repository.text("rev-list", "--first-parent", "--reverse", "main").split()
    for commit in (*line, *die.sample(names, len(names) // 4)):
        check(histories(repository, commit, RECORDS, "", cache), repository, commit)
    return len(line) + len(names) // 4


def test_grown_histories_are_those_of_one_walk(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "_AT_ONCE", 2)
    same(workshop, Cache(tmp_path / "cache"), 1, 30)
    repository = Repository(workshop.path)
    told = histories(repository, "main", RECORDS, "", Cache(tmp_path / "cache"))
    asked = counted(repository, "main")
    assert {path: found.count for path, found in told.items()} == {path: len(found) for path, found in asked.items()}
    assert {path: [item.commit for item in found.shown] for path, found in told.items()} == {
        path: found[:MOST] for path, found in asked.items()
    }


@pytest.mark.deep
def test_grown_histories_are_those_of_one_walk_whatever_the_history(workshop: Workshop, tmp_path: Path) -> None:
    asked = sum(same(workshop, Cache(tmp_path / f"{seed}"), seed, 40) for seed in range(2, 52))
    print(f"{asked} commits of 50 histories, each told as one walk tells it")


class Counting:
    """What git is asked: the revisions are the last argument but one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        text = Repository.text
        monkeypatch.setattr(
            Repository, "text", lambda own, *said: (self.asked.extend(said[-2:-1]), text(own, *said))[1]
        )


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    history(workshop, 7, 30)
    return workshop


def test_what_is_known_is_not_walked_again(shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository, cache = Repository(shop.path), Cache(tmp_path / "cache")
    line = repository.text("rev-list", "--first-parent", "main").split()
    histories(repository, line[3], RECORDS, "", cache)
    counting = Counting(monkeypatch)
    histories(repository, line[0], RECORDS, "", cache)
    assert f"{line[3]}..{line[0]}" in counting.asked
    assert line[0] not in counting.asked
    counting.asked.clear()
    _ = dict(histories(repository, line[0], RECORDS, "", cache))
    assert not any(line[0] in said for said in counting.asked), "nothing came since"


EMPTY = b64encode(zlib.compress(b"{}", 1)).decode()


def spoil(cache: Cache, repository: Repository, names: Iterable[str], instead: object) -> None:
    """Take entries away, or put something in their place."""
    kept = _Kept(cache, f"{place_of(repository)}\0")
    ids = [kept._id(name) for name in names]
    entries: dict[str, object] = {"0" * 32: 1} if instead is None else dict.fromkeys(ids, instead)
    cache.put_many(kept._space, entries, ids if instead is None else ())


@pytest.mark.parametrize("which", ["one", "all", "heads"])
@pytest.mark.parametrize(
    "instead",
    [None, 7, "x", [], {}, [["1" * 40, []]], [["1" * 40, ["2"] * SHELVES]], [7], [[7, ["2"] * SHELVES]], EMPTY],
)
def test_what_is_lost_is_walked_anew_once(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str, instead: object
) -> None:
    repository, cache = Repository(shop.path), Cache(tmp_path / "cache")
    tip = repository.commit("main")
    before = histories(repository, f"{tip}^", RECORDS, "", cache)
    told = histories(repository, tip, RECORDS, "", cache)
    digests = {*before.digests, *told.digests}
    one = {before.digests[shelf_of("r/a.yaml")], told.digests[shelf_of("r/a.yaml")]}
    spoil(cache, repository, {"one": one, "all": {*digests, _HEADS}, "heads": {_HEADS}}[which], instead)
    for commit in (tip, f"{tip}^"):
        check(histories(repository, commit, RECORDS, "", cache), repository, commit)
    check(told, repository, tip)
    _ = dict(histories(repository, tip, RECORDS, "", cache))
    counting = Counting(monkeypatch)
    _ = dict(histories(repository, tip, RECORDS, "", cache))
    assert not any(tip in said for said in counting.asked), "it stands there again"


def test_what_came_to_a_lost_shelf_is_not_all_there_is(shop: Workshop, tmp_path: Path) -> None:
    repository, cache = Repository(shop.path), Cache(tmp_path / "cache")
    line = repository.text("rev-list", "--first-parent", "main").split()
    told = histories(repository, line[1], RECORDS, "", cache)
    spoil(cache, repository, told.digests, None)
    check(histories(repository, line[0], RECORDS, "", cache), repository, line[0])


def test_a_side_branch_does_not_cost_the_default_branch_its_histories(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, cache = Repository(shop.path), Cache(tmp_path / "cache")
    line = repository.text("rev-list", "--first-parent", "main").split()
    for commit in (line[2], "one", "two"):
        histories(repository, commit, RECORDS, "", cache)
    counting = Counting(monkeypatch)
    histories(repository, line[0], RECORDS, "", cache)
    assert f"{line[2]}..{line[0]}" in counting.asked
    assert line[0] not in counting.asked


def test_only_a_few_commits_are_kept(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository, cache = Repository(workshop.path), Cache(tmp_path / "cache")
    workshop.write("r/b.yaml", "state: new\n")
    sizes = []
    for number in range(3 * _MOST_HEADS):
        workshop.write("r/a.yaml", f"state: new\nnumber: {number}\n")
        workshop.commit()
        histories(repository, workshop.git("rev-parse", "HEAD").strip(), RECORDS, "", cache)
        connection = cache._own()
        assert connection is not None
        sizes.append(connection.execute("SELECT COUNT(*) FROM entry").fetchone()[0])
    assert sizes[_MOST_HEADS:] == [sizes[_MOST_HEADS]] * (2 * _MOST_HEADS)
    counting = Counting(monkeypatch)
    for number in range(_MOST_HEADS):
        assert histories(repository, f"HEAD~{number}", RECORDS, "", cache)["r/a.yaml"].count == 3 * _MOST_HEADS - number
        assert histories(repository, f"HEAD~{number}", RECORDS, "", cache)["r/b.yaml"].count == 1
    assert not any("-" not in said for said in counting.asked), "all their shelves are there"


def test_what_merges_bring_again_is_counted_once_where_clocks_run_backwards(workshop: Workshop, tmp_path: Path) -> None:
    """Six commits of an hour before make git list commits that were there already."""
    rows: list[bytes] = []

    def commit(branch: str, parents: list[int], when: int, path: str = "") -> int:
        mark = sum(row.startswith(b"mark") for row in rows) + 1
        rows.extend((b"commit refs/heads/%s\n" % branch.encode(), b"mark :%d\n" % mark))
        rows.append(b"committer A <a@b> %d +0000\ndata 1\nE\n" % when)
        rows.extend(b"%s :%d\n" % (b"merge" if at else b"from", parent) for at, parent in enumerate(parents))
        rows.append(b"M 100644 inline %s\ndata 3\n%03d\n" % (path.encode(), mark) if path else b"")
        return mark

    start = 1_700_000_000
    root = commit("skewed", [], start, "r/z.yaml")
    side = commit("side", [root], start + 60, "r/a.yaml")
    tip = commit("skewed", [root, side], start + 120)
    for number in range(6):
        tip = commit("skewed", [tip], start - 3600 + number, "r/b.yaml")
    rows.append(b"reset refs/tags/before\nfrom :%d\n" % tip)
    tip = commit("skewed", [tip, commit("side", [side], start + 9000, "r/c.yaml")], start + 9060)
    repository, cache = Repository(workshop.path), Cache(tmp_path / "cache")
    repository.run("fast-import", "--quiet", feed=b"".join(rows))
    histories(repository, "before", RECORDS, "", cache)
    listed = repository.text("rev-list", "before..skewed").split()
    assert len(listed) > 2, "or git does better now, and the guard can go"
    check(histories(repository, "skewed", RECORDS, "", cache), repository, "skewed")
    walk(repository, repository.commit("before"), cache)
    grown, whole = (walk(repository, repository.commit("skewed"), with_cache) for with_cache in (cache, None))
    assert (grown.line, dict(grown.revised)) == (whole.line, dict(whole.revised))


def test_a_clone_that_is_deepened_tells_more(workshop: Workshop, tmp_path: Path) -> None:
    for number in range(3):
        workshop.write("r/a.yaml", f"number: {number}\n")
        workshop.commit()
    workshop.git("clone", "-q", "--depth=2", f"file://{workshop.path}", str(tmp_path / "clone"))
    clone, cache = Repository(tmp_path / "clone"), Cache(tmp_path / "cache")
    assert histories(clone, "HEAD", RECORDS, "", cache)["r/a.yaml"].count == 2
    clone.run("fetch", "--quiet", "--unshallow")
    deep = Repository(tmp_path / "clone")
    assert histories(deep, "HEAD", RECORDS, "", cache)["r/a.yaml"].count == 3


def test_two_folders_of_one_repository_are_two_places(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache")
    for name in ("one", "two"):
        workshop.write(f"{name}/r/a.yaml", f"state: {name}\n")
        workshop.commit(f"Add {name}")
    told = []
    for name in ("one", "two"):
        monkeypatch.chdir(workshop.path / name)
        told.append(histories(Repository(Path()), "HEAD", RECORDS, "", cache)["r/a.yaml"].shown[0].subject)
        walked = walk(Repository(Path()), workshop.git("rev-parse", "HEAD").strip(), cache)
        assert dict(walked.revised).keys() == {"r/a.yaml"}
    assert told == ["Add one", "Add two"]


def test_data_that_is_known_is_not_read(workshop: Workshop) -> None:
    workshop.write("r/a.yaml", "state: new\n")
    workshop.commit()
    known = Records(RECORDS.state, lambda blobs: {blob: {"state": "known"} for blob in blobs})
    assert histories(Repository(workshop.path), "HEAD", known, "")["r/a.yaml"].shown[0].state == "known"


def test_a_commit_that_names_its_own_pull_request_keeps_it(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "-b", "other")
    for number in (1, 2):
        workshop.write("r/a.yaml", f"number: {number}\n")
        workshop.commit("Squash it (#3)" if number == 1 else "Edit")
    workshop.git("checkout", "-q", "-")
    workshop.git("merge", "-q", "--no-ff", "other", "-m", "Merge pull request #4 from a/b")
    shown = histories(Repository(workshop.path), "HEAD", RECORDS, "")["r/a.yaml"].shown
    assert [item.request for item in shown] == [4, 3]


def test_one_build_does_not_read_what_another_one_left_meanwhile(shop: Workshop, tmp_path: Path) -> None:
    repository, cache = Repository(shop.path), Cache(tmp_path / "cache")
    line = repository.text("rev-list", "--first-parent", "main").split()
    histories(repository, line[2], RECORDS, "", cache)
    told = histories(repository, line[2], RECORDS, "", cache)
    histories(repository, line[0], RECORDS, "", Cache(tmp_path / "cache"))
    check(told, repository, line[2])


def test_a_history_that_was_rewritten_is_told_as_it_is(shop: Workshop, tmp_path: Path) -> None:
    repository, cache = Repository(shop.path), Cache(tmp_path / "cache")
    histories(repository, "main", RECORDS, "", cache)
    shop.git("checkout", "-q", "--orphan", "fresh")
    shop.write("r/a.yaml", "state: new\n")
    shop.commit("Begin anew")
    shop.git("branch", "-q", "-M", "fresh", "main")
    shop.git("reflog", "expire", "--expire=now", "--all")
    shop.git("gc", "-q", "--prune=now")
    fresh = Repository(shop.path)
    check(histories(fresh, "main", RECORDS, "", cache), fresh, "main")


def test_a_record_in_the_place_of_a_submodule_has_no_version_before(workshop: Workshop) -> None:
    tip = workshop.git("rev-parse", "HEAD").strip()
    workshop.git("update-index", "--add", "--cacheinfo", f"160000,{tip},r/a.yaml")
    workshop.git("commit", "-q", "-m", "A submodule")
    workshop.git("rm", "-q", "--cached", "r/a.yaml")
    workshop.write("r/a.yaml", "state: new\n")
    workshop.commit("A record")
    workshop.git("update-index", "--cacheinfo", f"160000,{tip},r/a.yaml")
    workshop.git("commit", "-q", "-m", "A submodule again")
    found = histories(Repository(workshop.path), "HEAD", RECORDS, "")["r/a.yaml"]
    assert [(item.action, item.state) for item in found.shown] == [("removed", ""), ("added", "new")]
