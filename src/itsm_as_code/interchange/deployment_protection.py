"""The answer of a custom deployment protection rule of GitHub, made of what `itsm authorise` said.

The body of the request to the deployment_callback_url of the event ``deployment_protection_rule``; source:
https://docs.github.com/rest/actions/workflow-runs#review-custom-deployment-protection-rules-for-a-workflow-run.
"""

from __future__ import annotations

import json
from typing import Any, Final

from itsm_as_code.errors import ItsmError

TITLE: Final = "GitHub deployment protection"
_REMEDY: Final = "give what 'itsm authorise CHANGE --format json' prints"
_MOST: Final = 1000


def protection(report: bytes, environment: str) -> dict[str, Any]:
    """``environment_name``, ``state`` and ``comment`` (plain text), approved only by a report that says so.

    ItsmError for a text that is no such report.
    """
    try:
        data = json.loads(report.decode("utf-8"))
        known = data["schema"] == "itsm/authorise/v1" and isinstance(data["authorised"], bool)
        reasons = [str(reason["message"]) for reason in data["reasons"]]
        change, at = str(data["change"]), str(data["at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        known, reasons, change, at, data = False, [], "", "", {}
    if not known or data["authorised"] == bool(reasons):
        raise ItsmError("this is no answer of 'itsm authorise'", remedy=_REMEDY)
    if data["authorised"]:
        said = f"{change} is authorised at {at}."
    else:
        said = f"{change} is not authorised at {at}: {'; '.join(reasons)}."
    if not data["authorised"] and data.get("next"):
        said += f" Next possible: {data['next']}."
    state = "approved" if data["authorised"] else "rejected"
    return {"environment_name": environment, "state": state, "comment": said[:_MOST]}
