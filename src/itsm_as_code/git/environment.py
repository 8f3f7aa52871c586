"""Variables of the environment that would lead git to another repository than the one that was named.

``GIT_DIR`` is there whenever git itself runs a program, as a hook does, and points to that hook's repository; its like
choose the objects, index, configuration, shallow boundary or pathspecs of every command (git(1), "Environment
Variables", and ``git rev-parse --local-env-vars``). So all variables of git are taken away but those by which a remote
is reached, or by which people look at git at work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Final

_KEPT: Final = re.compile(
    r"GIT_(ASKPASS|SSH(_COMMAND|_VARIANT)?|PROXY_\w+|SSL_\w+|HTTP_\w+|CURL_\w+|TRACE\w*|EXEC_PATH"
    r"|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM))"
)
"""Programs, credentials and certificates for remotes; traces; and where the settings of the user and machine lie, which
``$HOME`` says as well: whatever of those could reach a verdict, every command sets itself."""
_SETTINGS: Final = ("credential.", "http.", "safe.")
"""Of the settings given as ``GIT_CONFIG_KEY_<n>``, those that say how a remote is reached, and whom git trusts."""


def clear(environment: MutableMapping[str, str]) -> None:
    """Take away what would lead git elsewhere. Done again, it changes nothing."""
    wanted = {name: value for name, value in environment.items() if _KEPT.fullmatch(name)}
    wanted |= _settings(environment)
    found = {name for name in environment if name.startswith("GIT_")}
    for name in found - wanted.keys():
        del environment[name]
    for name, value in wanted.items():
        if environment.get(name) != value:
            environment[name] = value


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that stay, numbered anew (``GIT_CONFIG_COUNT`` in git-config(1))."""
    kept = [(key, value) for key, value in _pairs(environment) if key.lower().startswith(_SETTINGS)]
    found = {"GIT_CONFIG_COUNT": str(len(kept))} if kept else {}
    for index, (key, value) in enumerate(kept):
        found |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return found


def _pairs(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    count = environment.get("GIT_CONFIG_COUNT", "")
    for index in range(int(count) if count.isdecimal() and len(count) < 4 else 0):
        key, value = (environment.get(f"GIT_CONFIG_{part}_{index}") for part in ("KEY", "VALUE"))
        if key is not None and value is not None:
            yield key, value
