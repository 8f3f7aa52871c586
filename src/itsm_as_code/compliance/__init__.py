"""Whether what is required of the organisation is done: controls, and the evidence that shows it."""

from itsm_as_code.compliance.controls import Assessment, ControlStatus, Evidence, assess_controls
from itsm_as_code.compliance.trend import Trend, trend

__all__ = ["Assessment", "ControlStatus", "Evidence", "Trend", "assess_controls", "trend"]
