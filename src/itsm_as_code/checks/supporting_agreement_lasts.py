"""What supports an agreement lasts as long as the agreement.

From ninety days before an agreement between teams, an agreement with a supplier or the contract below it ends, while
the agreement for the same service that it supports goes on, and nothing of its kind takes over on the next day. Renew
it, agree on what follows, or end the promise as well. Contracts count to the last day on which they are in force.
Source: ITIL 4, supplier management practice; ISO/IEC 20000-1:2018 clauses 8.3.4.1 and 8.3.4.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.measures.deadlines import ONE_DAY, utc_day
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels.chains import Chains, Link

TITLE = "What supports an agreement lasts as long as it"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Service", "ServiceLevelAgreement", "Supplier")
_AHEAD: Final = timedelta(days=90)


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    today = utc_day(situation.now)
    chains = Chains(facts, today)
    told: set[str] = set()
    for service in sorted(facts.agreements_by_service):
        for link in chains.of(service):
            for support in chains.below(link):
                end = support.carries_until
                if support.service != service or end is None or support.agreement in told:
                    continue
                goes_on = link.last_day is None or link.last_day > end
                if goes_on and end - today <= _AHEAD and not _followed(facts, support, end):
                    told.add(support.agreement)
                    yield ("ServiceLevelAgreement", support.agreement), _problem(link, support, end)


def _followed(facts: Facts, support: Link, end: date) -> bool:
    """True when another agreement of the same kind is in force on the day after."""
    after = Chains(facts, max(end, date.min) + ONE_DAY).of(support.service)
    return any(
        other.type == support.type
        and other.agreement != support.agreement
        and (other.carries_until is None or other.carries_until > end)
        for other in after
    )


def _problem(link: Link, support: Link, end: date) -> Problem:
    of_contract = support.contract == end and support.last_day != end
    what = f"the contract with {support.provider}" if of_contract else "it"
    message = f"{what} is in force until {end}, and {link.agreement}, which it supports, goes on"
    return Problem(message, ("spec", "effective"), "renew it, agree on what follows, or end the promise as well")
