"""Signatures are made and checked by the user's ssh-keygen, from wherever the program is called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from itsm_as_code.signing import agent_keys, is_signed_by, sign
from tests.signing import make_key, public


@pytest.mark.parametrize("place", ["", ".", "bin"])
def test_a_program_of_the_repository_itself_neither_signs_nor_checks(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = make_key(tmp_path, "ada"), make_key(tmp_path, "eve")
    for name in ("ssh-keygen", "ssh-add"):
        trap = tmp_path / place / name
        trap.parent.mkdir(exist_ok=True)
        trap.write_text(f"#!/bin/sh\n/usr/bin/touch {tmp_path}/trapped\nexit 0\n")
        trap.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([place, os.environ["PATH"]]))
    signature = sign(b"words", key, "itsm")
    assert is_signed_by(b"words", signature, "ada", [public(key)], "itsm")
    assert not is_signed_by(b"words", signature, "ada", [public(other)], "itsm")
    agent_keys()
    assert not (tmp_path / "trapped").exists()
