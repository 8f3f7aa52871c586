"""Random edits of an organisation: of records, policies, people, calendars, schemas and itsm.yaml."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from tests.conftest import ROOT, Workshop

FOLDERS: Final = ("services", "changes", "people", "operations", "improvement", "portfolio", "policies")
_DAY = re.compile(r"\b20[23]\d-\d\d-\d\d\b")
_WORD = re.compile(r"^(  (?:status|type|lifecycle|tier|owner|impact|urgency|severity|kind|stage): )(.+)$", re.MULTILINE)
_NUMBER = re.compile(r"(?<=: )\d{1,3}$", re.MULTILINE)


def organisation(folder: Path) -> Workshop:
    """A repository with the records of this one."""
    shop = Workshop(folder)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    shop.write("itsm.yaml", (ROOT / "itsm.yaml").read_bytes())
    shop.git("init", "-q", "-b", "main", "--template=")
    shop.commit("Start")
    return shop


class Edits:
    """One edit after another, the same for the same seed; each says what it did."""

    def __init__(self, shop: Workshop, seed: int, folders: Sequence[str] = FOLDERS) -> None:
        self._shop = shop
        self._folders = folders
        self._chance = random.Random(seed)

    def make(self, count: int = 1) -> str:
        """Make some edits in the work tree."""
        return "; ".join(self._one() for _ in range(count))

    def _one(self) -> str:
        edits: list[tuple[int, Callable[[Path], str]]] = [
            (5, self._shift),
            (5, self._word),
            (2, self._number),
            (2, self._remove),
            (2, self._copy),
            (1, self._settings),
            (1, self._schema),
            (1, self._comment),
        ]
        weights, kinds = zip(*edits, strict=True)
        while True:
            folder = self._chance.choice(self._folders)
            file = self._chance.choice(sorted((self._shop.path / folder).rglob("*.yaml")))
            done = self._chance.choices(kinds, weights)[0](file)
            if done:
                return done

    def _said(self, what: str, file: Path) -> str:
        return f"{what} {file.relative_to(self._shop.path)}"

    def _replaced(self, file: Path, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> str:
        text = file.read_text()
        matches = list(pattern.finditer(text))
        if not matches:
            return ""
        match = self._chance.choice(matches)
        file.write_text(text[: match.start()] + by(match) + text[match.end() :])
        return self._said(f"'{match[0].strip()}' -> '{by(match).strip()}' in", file)

    def _shift(self, file: Path) -> str:
        days = self._chance.choice((-400, -30, -1, 1, 2, 30, 400))
        return self._replaced(file, _DAY, lambda match: (_day(match[0]) + timedelta(days=days)).isoformat())

    def _word(self, file: Path) -> str:
        like = sorted(file.parent.rglob("*.yaml"))
        other = self._chance.choice(like).read_text()
        return self._replaced(file, _WORD, lambda match: match[1] + (_other(other, match[1]) or match[2]))

    def _number(self, file: Path) -> str:
        return self._replaced(file, _NUMBER, lambda match: str(int(match[0]) + 1))

    def _remove(self, file: Path) -> str:
        file.unlink()
        return self._said("removed", file)

    def _copy(self, file: Path) -> str:
        new = file.with_name(f"{file.stem}-x.yaml")
        if new.exists():
            return ""
        new.write_text(file.read_text().replace(f"name: {file.stem}\n", f"name: {new.stem}\n"))
        return self._said("copied", file)

    def _comment(self, file: Path) -> str:
        file.write_text("# A word.\n" + file.read_text())
        return self._said("a comment in", file)

    def _settings(self, _: Path) -> str:
        file, text = self._shop.path / "itsm.yaml", (self._shop.path / "itsm.yaml").read_text()
        lines = text.splitlines(keepends=True)
        packs = [index for index, line in enumerate(lines) if re.match(r" +- [{]?(name: )?[a-z0-9-]+", line)]
        if packs and self._chance.random() < 0.5:
            del lines[self._chance.choice(packs)]
        else:
            lines = [re.sub(r"^  timezone: .*$", "  timezone: Asia/Tokyo", line) for line in lines]
        file.write_text("".join(lines))
        return "itsm.yaml"

    def _schema(self, _: Path) -> str:
        source = self._chance.choice(sorted((ROOT / "schemas").glob("[a-z]*.schema.json")))
        text = source.read_text()
        limit = re.search(r'"maxLength": \d+', text)
        changed = text.replace(limit[0], '"maxLength": 60') if limit else text
        self._shop.write(f"schemas/{source.name}", changed)
        return f"schemas/{source.name}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date(2026, 1, 1)


def _other(text: str, field: str) -> str:
    found = re.search(rf"^{re.escape(field)}(.+)$", text, re.MULTILINE)
    return found[1] if found else ""
