"""JUnit XML, the form of test results that CI servers read.

The elements and attributes are those of the schema that Jenkins publishes
(https://github.com/jenkinsci/xunit-plugin, junit-10.xsd), but for the place of a test, which others read. Times are
left out, so that the same results give the same bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from itsm_as_code.findings import Finding
from itsm_as_code.reports.escape import terminal


@dataclass(frozen=True, slots=True)
class Case:
    """A test: what it is called, where it stands, and why it did not pass.

    ``failure`` is what came out otherwise, ``error`` why nothing came out; neither for one that passed. ``said`` is
    what it has to tell all the same, line by line.
    """

    name: str
    group: str
    file: str | None = None
    line: int | None = None
    failure: str | None = None
    error: str | None = None
    said: tuple[str, ...] = ()


def junit(name: str, suites: Sequence[tuple[str, Sequence[Case]]]) -> str:
    """The whole document; a suite is its name and its cases."""
    everything = [case for _, cases in suites for case in cases]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={_value(name)}{_counts(everything)}>"]
    for title, cases in suites:
        lines.append(f"  <testsuite name={_value(title)}{_counts(cases)}>")
        lines += [_case(case) for case in cases]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def finding_cases(findings: Iterable[Finding]) -> list[Case]:
    """A case for each finding that is not waived: one that blocks fails, any other only tells.

    Servers take cases of one name for one, so the second of a name has a number.
    """
    cases = []
    named: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        if finding.waiver is None:
            said = f"{finding.severity.value}: {finding.message}" + (f"; {finding.remedy}" if finding.remedy else "")
            name = shown = terminal(f"{finding.location}: {finding.message}")
            while (finding.rule, shown) in named:
                named[finding.rule, name] += 1
                shown = f"{name} ({named[finding.rule, name]})"
            named[finding.rule, shown] += 1
            failure, told = (said, ()) if finding.blocks else (None, (said,))
            cases.append(Case(shown, finding.rule, failure=failure, said=told))
    return cases


def _case(case: Case) -> str:
    about = f"name={_value(case.name)} classname={_value(case.group)}"
    if case.file is not None:
        about += f' file={_value(case.file)} line="{case.line}"'
    problems = (("failure", case.failure), ("error", case.error))
    inside = "".join(f"<{tag} message={_value(why)}>{_text(why)}</{tag}>" for tag, why in problems if why is not None)
    if case.said:
        inside += f"<system-out>{'&#10;'.join(map(_text, case.said))}</system-out>"
    return f"    <testcase {about}>{inside}</testcase>"


def _counts(cases: Sequence[Case]) -> str:
    failures = sum(case.failure is not None for case in cases)
    errors = sum(case.error is not None for case in cases)
    return f' tests="{len(cases)}" failures="{failures}" errors="{errors}"'


# What XML 1.0 cannot hold at all, escaped or not (https://www.w3.org/TR/xml/#charsets); terminal() has shown controls.
_NOT_XML = re.compile("[^\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", terminal(text)))


def _value(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", terminal(text)))
