"""Every figure that this project keeps to, as ratios of one run: `python benchmarks/table.py [--size small|full]`.

Rows about reading everything are divided by PyYAML's CSafeLoader over the same files in one process, small ones by an
interpreter that imports click, PyYAML and GitPython, the site by Jinja2 rendering as many pages of the same size on as
many cores and nothing else. Each figure is the least of some rounds, whole processes one after another in turns. Ratios
travel between machines; seconds do not, and stand there for orientation.

`--check` compares with the ratios kept in `limits.json` and fails for one that is half as much again; `--keep-ratios`
writes them, `--page` writes the table into the documentation. `--only TEXT` measures the parts whose names have the
text (small, save, cold, large, growth, site); `--keep FOLDER` leaves the repositories there and uses those that are
there. A hundred thousand records take about half an hour and 5 GB of disk; what makes their whole site, some minutes
each time, is measured once (the table says so), everything else in as many rounds as `--rounds` says.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pull_request
from measuring import FLOOR, PARSING, Timed, Told, in_turns, program, run
from pull_request import git

LIMITS = Path(__file__).with_name("limits.json")
PAGE = pull_request.REPOSITORY / "docs/how-to/judge-a-large-repository.md"
HEAD = "| What | Ratio | Wanted | Seconds | Memory | |\n|---|---:|---:|---:|---:|---|"
TOO_MUCH = 1.5
"""How many times a kept ratio is a regression."""
NOW = ("-q", "--now", pull_request.NOW)


@dataclass(frozen=True, slots=True)
class Size:
    """How many records: of the small repository, of the one that is read cold, and of the large one.

    ``is_long`` where its site takes so long that it is made once for each figure.
    """

    small: int
    cold: int
    services: int
    changes: int
    is_long: bool = False


SIZES = {"full": Size(600, 5_000, 10_000, 100_000, is_long=True), "small": Size(600, 1_000, 300, 2_700)}


@dataclass(frozen=True, slots=True)
class Row:
    """A figure: what was measured, divided by what, the ratio that is wanted at full size or the seconds and MB."""

    name: str
    told: Told
    divided_by: float
    target: str = ""
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.told.seconds / self.divided_by

    def __str__(self) -> str:
        memory = f"{self.told.megabytes:,.0f} MB" if self.told.megabytes else ""
        parts = [self.name, f"{self.ratio:.2f}", self.target, f"{self.told.seconds:.2f} s", memory, self.note]
        return f"| {' | '.join(parts)} |"


class Bench:
    """A place with repositories of some size, and how often each figure is measured."""

    def __init__(self, place: Path, size: Size, rounds: int) -> None:
        self.place, self.size, self.rounds = place, size, rounds

    def at_length(self, timed: Mapping[str, Timed], rounds: int) -> dict[str, Told]:
        """Figures that make a whole site, after one was made."""
        return in_turns(timed, 1, warm=True) if self.size.is_long else in_turns(timed, rounds)

    def repository(self, name: str, services: int, changes: int) -> Path:
        """A repository of records and policies, with a pull request of three records."""
        root = self.place / name / "repository"
        if not (root.parent / "reviews.json").exists():
            shutil.rmtree(root, ignore_errors=True)
            pull_request.repository(root, services, changes)
        return root

    def large(self, times: int = 1) -> Path:
        name = "large" if times == 1 else f"large-{times}"
        return self.repository(name, self.size.services * times, self.size.changes * times)

    def cache(self, root: Path) -> tuple[str, str]:
        """The options of a cache that holds what a run of the default branch found."""
        folder = root.parent / "cache"
        shutil.rmtree(folder, ignore_errors=True)
        options = ("--cache", str(folder))
        run(program("validate", *NOW, "--rev", "main", *options), root)
        return options


def judge(options: tuple[str, ...]) -> list[str]:
    """The gate on the pull request of a repository."""
    what = ("--base", "main", "--head", "topic", "--reviews", "../reviews.json", "--format", "json")
    return program("gate", *NOW, *what, *options)


def small(bench: Bench) -> Iterator[Row]:
    """The commands of every day on a small repository."""
    root = bench.repository("small", bench.size.small // 5, bench.size.small * 3 // 5)
    cache = bench.cache(root)
    team = root / "people/teams/team-x.yaml"
    commands = {
        "validate, warm": (program("validate", *NOW, *cache), "0.35 s"),
        "gate, warm": (judge(cache), "0.6 s"),
        "new": (program("new", "Team", "team-x", "--set", "members=person-0001", "-q"), "0.15 s"),
        "explain a kind": (program("explain", "Change"), "0.15 s"),
        "explain a check": (program("explain", "change-in-freeze"), "0.15 s"),
        "explain a record": (program("explain", "Service/service-00005"), "0.15 s"),
    }
    tidy: Callable[[], object] = lambda: team.unlink(missing_ok=True)  # noqa: E731
    timed = {name: Timed(command, root, tidy) for name, (command, _) in commands.items()}
    found = in_turns({"floor": Timed(FLOOR, root), **timed}, bench.rounds * 3)
    tidy()
    for name, (_, target) in commands.items():
        yield Row(f"{bench.size.small} records: {name}", found[name], found["floor"].seconds, target)


def cold(bench: Bench) -> Iterator[Row]:
    """Everything read and judged, nothing known."""
    services = bench.size.cold // 5
    root = bench.repository("cold", services, bench.size.cold - services)
    yield _cold(bench, root, f"{bench.size.cold:,} records cold", "1.20")


def _cold(bench: Bench, root: Path, name: str, target: str) -> Row:
    validate = program("validate", *NOW, "--rev", "main", "--no-cache")
    found = in_turns({"parsing": Timed(PARSING, root), "cold": Timed(validate, root)}, bench.rounds, memory=True)
    return Row(name, found["cold"], found["parsing"].seconds, target)


def large(bench: Bench) -> Iterator[Row]:
    """A large repository: cold, unchanged, and with three records changed."""
    root, count = bench.large(), f"{bench.size.services + bench.size.changes:,} records"
    yield _cold(bench, root, f"{count} cold", "0.65, 600 MB")
    cache = bench.cache(root)
    main = program("validate", *NOW, "--rev", "main", *cache)
    edits = _Edits(root)
    timed = {
        "floor": Timed(FLOOR, root),
        "unchanged": Timed(main, root),
        "validate": Timed(program("validate", *NOW, "--rev", "edited", *cache), root, edits.commit),
        "gate": Timed(judge(cache), root),
    }
    found = in_turns(timed, bench.rounds, memory=True)
    if run(judge(("--no-cache",)), root).out != found["gate"].out:
        sys.exit("the gate says something else with a cache")
    floor = found["floor"].seconds
    yield Row(f"{count} warm, nothing changed", found["unchanged"], floor, "0.5 s")
    yield Row(f"{count}, three changed: validate", found["validate"], floor, "0.6 s")
    yield Row(f"{count}, three changed: gate", found["gate"], floor, "0.6 s")


class _Edits:
    """Three records changed on a branch, others each time, so that no cache knows them."""

    def __init__(self, root: Path) -> None:
        self.root, self.turn = root, 0

    def commit(self) -> None:
        """Make the branch 'edited' one commit away from main, and leave the work tree as it is."""
        self.turn += 1
        git(self.root, "checkout", "-q", "-B", "edited", "main")
        for path in sorted(self.root.glob("services/*.yaml"))[self.turn * 3 : self.turn * 3 + 3]:
            path.write_text(path.read_text().replace("rto: PT4H", f"rto: PT{4 + self.turn}H"))
        git(self.root, "commit", "-q", "-a", "-m", f"Edit {self.turn}")
        git(self.root, "checkout", "-q", "main")


def growth(bench: Bench) -> Iterator[Row]:
    """What twice the records cost a gate of three."""
    once, twice = bench.large(), bench.large(2)
    timed = {name: Timed(judge(bench.cache(root)), root) for name, root in (("once", once), ("twice", twice))}
    found = in_turns(timed, bench.rounds * 2)
    yield Row("twice the records: gate of three", found["twice"], found["once"].seconds, "1.10")


def site(bench: Bench) -> Iterator[Row]:
    """The site of the large repository: from nothing, and after edits."""
    root = bench.large()
    out = root.parent / "site"
    git(root, "checkout", "-q", "main")
    remove: Callable[[], object] = lambda: shutil.rmtree(out, ignore_errors=True)  # noqa: E731
    remove()
    build = program("build", *NOW[1:], "-o", out)
    first = run([*build, "--no-cache"], root, memory=True)
    pages = [path.stat().st_size for path in out.rglob("*.html")]
    plain = [sys.executable, Path(__file__).with_name("plain_pages.py"), len(pages), sum(pages) // len(pages), cores()]
    timed = {
        "plain": Timed(list(map(str, plain)), root),
        **({} if bench.size.is_long else {"cold": Timed([*build, "--no-cache"], root, remove)}),
        **_hugo(bench.place, len(pages)),
    }
    found = bench.at_length(timed, max(1, bench.rounds - 1))
    seconds = found["plain"].seconds
    count = f"{len(pages):,} pages of {sum(pages) // len(pages):,} bytes"
    cold_ = Told(found.get("cold", first).seconds, first.megabytes, "", "")
    yield Row(
        f"site of {bench.size.services + bench.size.changes:,} records, cold", cold_, seconds, "2.50, 1,024 MB", count
    )
    yield Row("the same number of plain pages: hugo", found["hugo"], seconds) if "hugo" in found else _no_hugo(seconds)
    yield from _site_edits(bench, root, build)


def _no_hugo(seconds: float) -> Row:
    return Row("the same number of plain pages: hugo", Told(0, 0, "", ""), seconds, note="hugo is not installed")


def _hugo(place: Path, pages: int) -> dict[str, Timed]:
    """`hugo` over as many plain pages, where it is installed."""
    if not shutil.which("hugo"):
        return {}
    folder = place / "hugo"
    (folder / "content").mkdir(parents=True, exist_ok=True)
    (folder / "layouts/_default").mkdir(parents=True, exist_ok=True)
    (folder / "layouts/_default/single.html").write_text("<!doctype html><title>{{ .Title }}</title>{{ .Content }}")
    (folder / "hugo.toml").write_text(
        'baseURL = "https://example.org/"\ndisableKinds = ["home", "section", "taxonomy", "term", "RSS", "sitemap"]\n'
    )
    for page in range(pages):
        (folder / f"content/{page}.md").write_text(
            f"---\ntitle: Page {page}\n---\nBefore the night the queue drains.\n"
        )
    return {"hugo": Timed(["hugo", "--quiet"], folder)}


def save(bench: Bench) -> Iterator[Row]:
    """The site of a small repository after a save, as `itsm serve` makes it anew, and with starting the program."""
    root = bench.repository("small", bench.size.small // 5, bench.size.small * 3 // 5)
    git(root, "checkout", "-q", "main")
    build = program("build", *NOW, "--history", "0", "-o", root.parent / "site", *bench.cache(root))
    run(build, root)
    paths = {
        "a change": sorted(root.glob("changes/2026/*/*/*.yaml"))[50],
        "a service": root / "services/service-00050.yaml",
    }
    turn = iter(range(1, 1_000))

    def saved(path: Path) -> Callable[[], object]:
        return lambda: path.write_text(path.read_text().replace("title: ", f"title: {next(turn)} ", 1))

    timed = {name: Timed(build, root, saved(path)) for name, path in paths.items()}
    found = in_turns({"floor": Timed(FLOOR, root), **timed}, bench.rounds)
    for name in paths:
        yield Row(
            f"{bench.size.small} records: site after {name}'s title", found[name], found["floor"].seconds, "1.0 s"
        )


def _site_edits(bench: Bench, root: Path, build: list[str]) -> Iterator[Row]:
    """Builds over a site that is there: nothing changed, three changes read otherwise, then what many pages show."""
    build = [*build, *bench.cache(root)]
    run(build, root)
    changes, services = sorted(root.glob("changes/2026/*/*/*.yaml")), sorted(root.glob("services/*.yaml"))
    turn = iter(range(1, 1_000))

    def edit(paths: list[Path], words: str) -> Callable[[], object]:
        def once() -> None:
            number = next(turn)
            for path in paths:
                path.write_text(path.read_text().replace(words, f"{words}{number} ", 1))
            git(root, "commit", "-q", "-a", "-m", f"Edit {number}")

        return once

    policy = root / "policies/change-enablement"
    what = {
        "nothing changed": lambda: None,
        "three changes' summaries": edit(changes[100:400:100], "summary: "),
        "a service's title": edit(services[len(services) // 2 :][:1], "title: "),
        "a policy's title": edit(sorted(policy.glob("*.yaml"))[:1], "title: "),
    }
    timed = {name: Timed(build, root, before) for name, before in what.items()}
    found = bench.at_length({"floor": Timed(FLOOR, root), **timed}, bench.rounds)
    for name, told in ((name, found[name]) for name in what):
        note = told.talk.rpartition("(")[2].partition(")")[0]
        target = "1.0 s" if name.startswith("three") else ""
        yield Row(f"site again, {name}", told, found["floor"].seconds, target, note)


PARTS = {part.__name__: part for part in (small, save, cold, large, growth, site)}


def main() -> None:
    """Measure, print, compare."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--size", choices=SIZES, default="full")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="", metavar="TEXT")
    options.add_argument("--keep", type=Path, metavar="FOLDER")
    options.add_argument("--check", action="store_true")
    options.add_argument("--keep-ratios", action="store_true")
    options.add_argument("--page", action="store_true")
    chosen = options.parse_args()
    lines = [HEAD]
    print(HEAD)
    ratios: dict[str, float] = {}
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="itsm-bench-") as name:
        bench = Bench((chosen.keep or Path(name)).resolve(), SIZES[chosen.size], chosen.rounds)
        for part, rows in PARTS.items():
            for row in rows(bench) if chosen.only in part else ():
                lines.append(str(row))
                print(row, flush=True)
                if row.told.seconds:
                    ratios[row.name] = round(row.ratio, 3)
    load = f"Load of the machine: {before:.1f} before, {os.getloadavg()[0]:.1f} after, on {cores()} cores; "
    once = ", one for those of the site of that many records" if SIZES[chosen.size].is_long else ""
    lines += ["", load + f"{chosen.rounds} rounds{once}."]
    print(*lines[-2:], sep="\n")
    kept = json.loads(LIMITS.read_text()) if LIMITS.exists() else {}
    if chosen.keep_ratios:
        kept[chosen.size] = {**kept.get(chosen.size, {}), **ratios}
        LIMITS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    if chosen.page:
        before_, start, rest = PAGE.read_text().partition("<!-- measured -->\n")
        after = rest.partition("<!-- end of what was measured -->")
        PAGE.write_text("".join([before_, start, "\n", *(f"{line}\n" for line in lines), "\n", *after[1:]]))
    if chosen.check:
        sys.exit(regressions(kept.get(chosen.size, {}), ratios))


def cores() -> int:
    """How many processors there are for this process."""
    return len(os.sched_getaffinity(0))


def regressions(kept: dict[str, float], ratios: dict[str, float]) -> str | int:
    """What is worse than kept, for people; 0 when nothing is. What nobody kept cannot be compared, so it counts."""
    worse = [
        f"{name}: {ratio:.2f}, kept is {kept[name]:.2f}" if name in kept else f"{name}: no ratio is kept"
        for name, ratio in ratios.items()
        if ratio > TOO_MUCH * kept.get(name, 0)
    ]
    return "\n".join([f"more than {TOO_MUCH} times what is kept in {LIMITS.name}:", *worse]) if worse else 0


if __name__ == "__main__":
    main()
