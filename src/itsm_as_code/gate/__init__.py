"""The change-approval gate: base and head in, an explained and replayable decision out."""

from itsm_as_code.gate.decision import Decision
from itsm_as_code.gate.evaluation import evaluate

__all__ = ["Decision", "evaluate"]
