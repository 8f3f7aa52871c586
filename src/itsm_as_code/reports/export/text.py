"""For people: a line for each finding and each file."""

from __future__ import annotations

from itsm_as_code.reports.escape import terminal
from itsm_as_code.reports.export import Exported
from itsm_as_code.reports.findings import finding_line
from itsm_as_code.wording import count


def render(result: Exported) -> str:
    lines = [finding_line(found) for found in result.findings]
    lines += [f"{file.outcome.value}: {file.path}" for file in result.files]
    lines.append(f"{count(len(result.files), 'form')}{'' if result.is_written else ', nothing written'}")
    return "".join(f"{terminal(line)}\n" for line in lines)
