"""What follows from "could not do it": every command turns these into exit code 2.

Bad input is never an exception here: it is a :class:`~itsm_as_code.findings.Finding`.
"""

from __future__ import annotations


class ItsmError(Exception):
    """Could not do what was asked.

    ``message`` says in one sentence what went wrong, ``remedy`` how to go on.
    ``code`` is a stable identifier of the reason, used in JSON output.
    """

    code = "could-not-do-it"

    def __init__(self, message: str, *, remedy: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if code is not None:
            self.code = code


class UsageError(ItsmError):
    """The request itself makes no sense: an unknown name, a malformed option."""

    code = "usage"


class GitError(ItsmError):
    """git is missing, refused, or does not hold what was asked for."""

    code = "git"


class ConfigurationError(ItsmError):
    """``itsm.yaml``, a schema or a table in them cannot be used."""

    code = "configuration"


class ForgeError(ItsmError):
    """The forge's answer is missing, truncated or contradicts itself."""

    code = "forge"
