"""JUnit XML, for CI servers: a case for each finding, which fails if it blocks, and one for the records as such."""

from __future__ import annotations

from itsm_as_code.reports.junit import Case, finding_cases, junit
from itsm_as_code.reports.validate import ValidateResult, summary


def render(result: ValidateResult) -> str:
    whole = Case("records are read", "itsm validate", said=(summary(result),))
    return junit("itsm validate", [("records", [whole, *finding_cases(result.findings)])])
