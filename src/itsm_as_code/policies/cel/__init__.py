"""The Common Expression Language (https://github.com/google/cel-spec): what policies are written in.

Everything outside uses the names below; nothing in here knows what a policy is.
"""

from itsm_as_code.policies.cel.batch import Batches, Question
from itsm_as_code.policies.cel.bounded import TOO_MUCH, end_children
from itsm_as_code.policies.cel.diagnosis import problems_of
from itsm_as_code.policies.cel.environment import Activation, CompileError, Context, Environment, EvaluationError
from itsm_as_code.policies.cel.fields import Schemas
from itsm_as_code.policies.cel.kept import take_over, worked_out
from itsm_as_code.policies.cel.mutation import Mutant, mutants
from itsm_as_code.policies.cel.reach import (
    Sieve,
    asks_by_own_names,
    asks_for_graph,
    calls,
    mentions,
    reads,
    rests_on_time,
)
from itsm_as_code.policies.cel.tokens import SyntaxProblem

__all__ = [
    "TOO_MUCH",
    "Activation",
    "Batches",
    "CompileError",
    "Context",
    "Environment",
    "EvaluationError",
    "Mutant",
    "Question",
    "Schemas",
    "Sieve",
    "SyntaxProblem",
    "asks_by_own_names",
    "asks_for_graph",
    "calls",
    "end_children",
    "mentions",
    "mutants",
    "problems_of",
    "reads",
    "rests_on_time",
    "take_over",
    "worked_out",
]
