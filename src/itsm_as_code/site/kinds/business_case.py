"""Business cases with what each option is worth."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from itsm_as_code.measures.finance import Appraisal, appraise
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import figures, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Inline, Missing, Page, Row, Status, Table, Text, Value

_OPTION_HEADERS = (
    "Option", "Net present value", "Return on investment", "Payback", "Discounted payback", "Worked out from",
)  # fmt: skip


def page(context: Context, record: Record, now: state.Now) -> Page:
    spec = record.spec
    rows = tuple(_option(option, spec) for option in spec.get("options", ()))
    horizon = f" over {words.count(spec['horizonYears'], 'year')}" if "horizonYears" in spec else ""
    told = Text(
        f"At a discount rate of {spec['discountRate']} % a year{horizon}. The investment is paid today, "
        "later flows at the end of their year. Return: (benefits - costs) / costs, not discounted."
    )
    table = Table("What each option is worth", _OPTION_HEADERS, rows, empty="No data: no option is recorded.")
    return described(context, record, sections=(("appraisal", "What each option is worth", (told, table)),))


def appraisal(option: Mapping[str, Any], spec: Mapping[str, Any]) -> Appraisal | None:
    """What an option is worth; None when its numbers do not allow to tell."""
    years = {flow["year"]: (Decimal(flow["cost"]), Decimal(flow["benefit"])) for flow in option["cashFlows"]}
    try:
        return appraise(Decimal(option["investment"]), years, Decimal(spec["discountRate"]), spec.get("horizonYears"))
    except (ValueError, ArithmeticError):
        return None


def _option(option: Mapping[str, Any], spec: Mapping[str, Any]) -> Row:
    worth, currency = appraisal(option, spec), spec["currency"]
    name: Value = Text(option["title"])
    if option["name"] == spec.get("chosen"):
        name = Inline((name, Status("Chosen", "good")), " ")
    if worth is None:
        return Row.of(name, *(figures.NO_DATA,) * 5)
    never = Missing("Not within these years" if worth.flows[0] < 0 else "Nothing to pay back")
    flows = ", ".join(f"year {year}: {figures.amount(flow, currency)}" for year, flow in enumerate(worth.flows))
    return Row.of(
        name,
        Text(figures.amount(worth.npv, currency)),
        figures.percentage(worth.roi),
        never if not worth.payback else figures.number(worth.payback, " years", 1),
        never if not worth.discounted_payback else figures.number(worth.discounted_payback, " years", 1),
        Text(flows),
    )
