"""A pseudo-terminal with somebody before it who answers prompts."""

from __future__ import annotations

import os
import pty
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest


class Terminal:
    """A pseudo-terminal with somebody before it who answers prompts; ``seen`` is what it showed."""

    PROMPT = re.compile(r"^(\S+|one of|Title .*?)(?: \([^()]*\))?(?: \[[^\[\]]*\])?: $")

    def __init__(self, replies: Mapping[str, list[str]]) -> None:
        self.replies = {prompt: list(texts) for prompt, texts in replies.items()}
        self.seen = ""
        self.master, self.slave = pty.openpty()

    @contextmanager
    def attached(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with open(self.slave, closefd=False) as stdin, open(self.slave, "w", closefd=False) as out:
            for name, stream in (("stdin", stdin), ("stdout", out), ("stderr", out)):
                monkeypatch.setattr(sys, name, stream)
            person = threading.Thread(target=self._sit_before_it)
            person.start()
            try:
                yield
            finally:
                out.flush()
                os.close(self.slave)
                person.join(10)
                os.close(self.master)
                monkeypatch.undo()

    def _sit_before_it(self) -> None:
        while True:
            try:
                self.seen += os.read(self.master, 4096).decode(errors="replace")
            except OSError:  # the other end is closed
                return
            asked = self.PROMPT.match(self.seen.splitlines()[-1]) if not self.seen.endswith("\n") else None
            if asked:
                os.write(self.master, (self.reply(asked[1]) + "\n").encode())

    def reply(self, prompt: str) -> str:
        """What to say to a prompt; end of file where there is nothing to say."""
        said = self.replies.get(prompt)
        return said.pop(0) if said else "\x04"


class Agreeable(Terminal):
    """One who takes what is offered: the default, the first of the names, or the example."""

    OFFER = re.compile(r"^  (?:one[^:]*of: ([^,\n]*)|for example: (.*))")

    def __init__(self, replies: Mapping[str, list[str]] | None = None) -> None:
        super().__init__(replies or {})
        self.asked: Counter[str] = Counter()

    def reply(self, prompt: str) -> str:
        said = self.replies.get(prompt)
        if said:
            return said.pop(0)
        *before, shown = self.seen.splitlines()
        self.asked[prompt] += 1
        if self.asked[prompt] > 3:  # what was offered does not do
            return "\x04"
        if shown.endswith("]: "):
            return ""
        offer = self.OFFER.match(before[-1]) if before else None
        return (offer[1] or offer[2]).strip() if offer else "\x04"
