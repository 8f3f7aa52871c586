"""No regular expression of the program takes time by the square of a text, or worse."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator

import itsm_as_code

UNITS = (
    *(
        "a",
        "A",
        "9",
        " ",
        "\t",
        "\n",
        "-",
        ".",
        ",",
        ";",
        "=",
        ":",
        "/",
        "\\",
        "`",
        "'",
        '"',
        "(",
        "[",
        "<",
        "@",
        "#",
        "%",
    ),
    *("ab ", "a-", "a.", "a/", "../", "1,", "0-", "=1;", "a: ", " \n", "\r\n", "www", "www.", "://", "##[", "[a]("),
    *("<a>", "<a>; ", "aA1_", "T0", "``  ", "\u200d", "\U0001f469\u200d", "\udcff", "rel ", "rel=", "P1D", "FREQ="),
    *("é", "- name: ", "\\u0041", "**/"),
)


def patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Those that stand in modules, by themselves or in tables."""
    for module in pkgutil.walk_packages(itsm_as_code.__path__, f"{itsm_as_code.__name__}."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            several = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
            for found in (value, *several):
                if isinstance(found, re.Pattern):
                    yield f"{module.name}.{name}", found


def seconds(pattern: re.Pattern[str] | re.Pattern[bytes], how: str, unit: str, size: int) -> float:
    text = unit * size + "\x01"
    given = text if isinstance(pattern.pattern, str) else text.encode("utf-8", "surrogateescape")
    started = time.process_time()
    getattr(pattern, how)(given)
    return time.process_time() - started


def test_no_pattern_takes_time_by_the_square() -> None:
    """A pattern that ends with the text is only ever matched from the beginning; others are searched for as well."""
    unique = {(found.pattern, found.flags): (name, found) for name, found in patterns()}
    assert len(unique) > 60
    slow = [
        (name, how, unit)
        for name, found in unique.values()
        for how in (("match",) if r"\Z" in str(found.pattern) else ("match", "search"))
        for unit in UNITS
        if seconds(found, how, unit, 1000) > 0.002
        and all(seconds(found, how, unit, 4000) > 8 * seconds(found, how, unit, 1000) for _ in range(3))
    ]
    assert slow == []


def test_what_would_be_too_slow_is_noticed() -> None:
    """The pattern that kept the Markdown report of one long word for half a minute."""
    bad = re.compile(r"[^\s]*(?:@|://|www\.)[^\s]*")
    assert seconds(bad, "search", "a", 4000) > 8 * seconds(bad, "search", "a", 1000) > 0.01
