"""Whether what is required of the organisation is done: controls, and the evidence that shows it."""

from itsm_as_code.compliance.controls import Sample, assess_controls
from itsm_as_code.compliance.known import Known
from itsm_as_code.compliance.results import Assessment, ControlStatus, Evidence, Shortfall
from itsm_as_code.compliance.trend import Trend, trend

__all__ = [
    "Assessment", "ControlStatus", "Evidence", "Known", "Sample", "Shortfall", "Trend", "assess_controls", "trend",
]  # fmt: skip
