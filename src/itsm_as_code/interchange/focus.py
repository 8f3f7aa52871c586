"""FOCUS: the FinOps Open Cost and Usage Specification 1.x, as CSV (https://focus.finops.org).

What was billed is of the billing period, so that it adds up to the invoice; what is effective (amortised) is of the
charge period. Columns beside those that are read, custom ones (``x_``) among them, are left alone, as FOCUS asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Final

from itsm_as_code.interchange._costs import RULES, Reading
from itsm_as_code.interchange._costs import convert as added_up
from itsm_as_code.interchange._store import Conversion, Known

__all__ = ["COSTS", "READING", "RULES", "TITLE", "convert"]

TITLE: Final = "costs in the form of FOCUS 1.x (CSV)"
_PROVIDER: Final = ("ServiceProviderName", "ProviderName", "HostProviderName", "InvoiceIssuerName")
COSTS: Final = {
    "billed": {"month": ("BillingPeriodStart",), "amount": ("BilledCost",)},
    "effective": {"month": ("ChargePeriodStart",), "amount": ("EffectiveCost",)},
}
"""What a cost is: the columns of its month and amount."""
READING: Final = Reading(
    "focus",
    {**COSTS["billed"], "provider": _PROVIDER, "currency": ("BillingCurrency",), "service": ("Tags",)},
    tag="service",
)


def convert(sources: Mapping[str, bytes | IO[bytes]], known: Known, reading: Reading = READING) -> Conversion:
    """Cost statements by month, provider and currency, with the services that tags name."""
    return added_up(sources, known, reading)
