"""Policies as code: rules in CEL over records, with examples, waivers, and an outcome for every record they match."""

from itsm_as_code.policies.engine import Outcome, PolicyEngine
from itsm_as_code.policies.waivers import WaiverState

__all__ = ["Outcome", "PolicyEngine", "WaiverState"]
