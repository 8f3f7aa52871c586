"""Problems with the incidents that they caused."""

from __future__ import annotations

from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.kinds import incident
from itsm_as_code.site.views import state
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Page, Table


def page(context: Context, record: Record, now: state.Now) -> Page:
    found = [context.catalogue.get("Incident", name) for name in record.spec.get("incidents", ())]
    rows = tuple(incident.row(context, known) for known in found if known is not None)
    table = Table("Incidents of this problem", incident.HEADERS, rows, empty="No incident is linked.")
    section = ("linked-incidents", "Incidents of this problem", (table,))
    return described(context, record, sections=(section,), skip=("incidents",))
