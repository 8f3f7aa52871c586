"""The CEL environment of policies: variables, functions, and bounded evaluation.

The language is CEL (https://github.com/google/cel-spec), the runtime CEL's own C++ implementation. An expression
sees only what is handed to it; functions are pure look-ups. The runtime bounds the number of iterations, the
length of an expression is bounded by the schema, look-ups by what they hand out, and what may take long all the same is
evaluated where it can be stopped. An evaluation that fails is reported as such, never as a result.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Any, Final

from cel_expr_python import cel
from cel_expr_python.ext import ext_math, ext_strings

from itsm_as_code import clock
from itsm_as_code.clock import Interval
from itsm_as_code.durations import parse_duration
from itsm_as_code.horizon import Horizon
from itsm_as_code.measures.deadlines import last_day_before, last_day_of_notice
from itsm_as_code.policies.cel.bounded import TOO_MUCH, Bounded, OutOfBounds
from itsm_as_code.policies.cel.cost import small_up_to
from itsm_as_code.policies.cel.ends_of_time import NEAR, near, with_near_ends
from itsm_as_code.policies.cel.expressions import line_and_column, offset_of
from itsm_as_code.policies.cel.look_ups import LOOK_UPS
from itsm_as_code.policies.cel.sizes import MOST_HANDED_OUT, is_large, measured, weight_of
from itsm_as_code.policies.cel.wall_clock import EXCLUDED, NAME, Rewritten, rewritten, wall_clock, zone_problems
from itsm_as_code.records.facts import Facts

_T = cel.Type
VARIABLES = {
    "object": "the record that is judged",
    "old": "the same record on the base, null when it is new or outside the gate",
    "change": "the Change that the pull request carries, or null",
    "risk": "the derived risk {level, likelihood, impact, score}, or null",
    "request": "the pull request {author, base, head, conflicts, promises}, or null outside the gate",
    "now": "the instant of judgement",
    "params": "the policy's parameters by name, as itsm.yaml or a record sets them",
}

_STANDARD = (
    *("size", "int", "uint", "double", "string", "bytes", "bool", "timestamp", "duration", "type", "dyn", "matches"),
    *("contains", "startsWith", "endsWith", "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek"),
    *("getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    *("charAt", "indexOf", "lastIndexOf", "join", "lowerAscii", "upperAscii", "replace", "split", "substring", "trim"),
    *("reverse", "format", "quote", "greatest", "least", "ceil", "floor", "round", "trunc", "abs", "sign", "sqrt"),
    *("isNaN", "isInf", "isFinite", "bitAnd", "bitOr", "bitXor", "bitNot", "bitShiftLeft", "bitShiftRight"),
    *("has", "all", "exists", "exists_one", "map", "filter"),
)
FUNCTIONS = frozenset((*_STANDARD, *LOOK_UPS))
"""The names of all functions and macros, to offer the one that was meant."""


class CompileError(Exception):
    """An expression that makes no sense: the sentence, and the place inside the expression (from 1)."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class EvaluationError(Exception):
    """An expression that could not be evaluated on a record."""


@dataclass(frozen=True, slots=True)
class Context:
    """What one evaluation sees beside the look-up functions.

    ``size`` is that of the records among them, in bytes of their source; it is measured unless given. What the request
    and the parameters hold is counted besides.
    """

    object: Mapping[str, Any] | None
    now: datetime
    old: Mapping[str, Any] | None = None
    change: Mapping[str, Any] | None = None
    risk: Mapping[str, Any] | None = None
    request: Mapping[str, Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    size: int | None = None


class Activation:
    """A context made ready for several expressions; converted once, and once more for each set of parameters."""

    __slots__ = ("_values", "context", "native", "size")

    def __init__(self, context: Context, values: Callable[[Mapping[str, Any]], Any]) -> None:
        self.context = context
        self.size = measured([context.object, context.old, context.change]) if context.size is None else context.size
        if context.request or context.params:
            self.size += measured([context.request, context.params])
        self._values = values
        self.native = self.fresh()

    def fresh(self) -> Any:
        """Converted anew: what an evaluation builds lives as long as the activation that it was given."""
        return self._values({name: getattr(self.context, name) for name in VARIABLES})

    def with_params(self, params: Mapping[str, Any]) -> Activation:
        """The same with other parameters."""
        return Activation(replace(self.context, params=params), self._values)


Plain = bool | str | int | float | list[Any] | timedelta | None
MOST_STOPS: Final = 8
"""Evaluations of one expression that are stopped, before it has no answer for any more records that may take long.

Each costs half a second: a rule that is too slow for all records of a large repository would take hours to say so.
"""
_LISTS: Final = "records("  # what may build as much as that, which has to go when it was looked at


class Environment:
    """Compiles expressions and evaluates them against one set of facts, as they stand at ``now``.

    ``rule_facts`` are the records that parameters are read from; the facts themselves unless given.
    """

    def __init__(self, facts: Facts, now: datetime | None = None, rule_facts: Facts | None = None) -> None:
        self.rule_facts = rule_facts or facts
        self._programs: dict[str, Any] = {}
        self._meter = _Meter()
        asked = self._meter.asked = None if now is None else Horizon(now)
        instant = None if asked is None else asked.watch()
        self._bounded = Bounded(self._answer)
        self._stopped: Counter[str] = Counter()
        self._facts, self._instant = facts, instant

    @cached_property
    def _environment(self) -> Any:
        variables = dict.fromkeys(VARIABLES, _T.DYN) | {"now": _T.TIMESTAMP, "params": _T.Map(_T.STRING, _T.DYN)}
        functions = (_declare(self._meter, *row) for row in look_ups(self._facts, self._instant))
        return cel.NewEnv(
            config=_config(EXCLUDED),
            variables=variables,
            functions=[*functions, _WALL_CLOCK, _NEAR_ENDS],
            extensions=[ext_strings.ExtStrings(), ext_math.ExtMath()],
        )

    def note(self, horizon: Horizon | None) -> None:
        """Narrow a horizon from now on to the span in which all that is looked up stays what it is."""
        self._meter.rests = horizon

    def compile(self, expression: str) -> Any:
        """The compiled expression; CompileError when it makes no sense. Compiled once for each text."""
        program = self._programs.get(expression)
        if program is None:
            for message, offset in zone_problems(expression):
                raise CompileError(message, *line_and_column(expression, offset))
            given = rewritten(expression)
            try:
                program = self._environment.compile(given.text)
            except RuntimeError as error:
                raise _in_terms_of(expression, given, _compile_error(str(error))) from None
            self._programs[expression] = program
        return program

    def result_type(self, expression: str) -> str:
        """The type that an expression gives, as CEL names it (``bool``, ``dyn``...); CompileError."""
        return str(self.compile(expression).return_type().name()).lower()

    def activation(self, context: Context) -> Activation:
        """A context made ready for several expressions."""
        return Activation(context, self._environment.Activation)

    def evaluate(self, expression: str, activation: Activation) -> Plain:
        """The plain value of an expression; EvaluationError when it has none, or none in time."""
        self.compile(expression)
        if activation.size <= small_up_to(expression):
            try:
                return self._value(expression, activation.fresh() if _LISTS in expression else activation.native)
            except EvaluationError:
                if not self._meter.met_large:
                    raise
        if self._stopped[expression] >= MOST_STOPS:
            raise EvaluationError(TOO_MUCH)
        if self._meter.rests is not None:  # of another process nobody hears what it looked up
            self._meter.rests.pin()
        try:
            value, error = self._bounded.ask((expression, activation.context))
        except OutOfBounds as stopped:
            self._stopped[expression] += 1
            raise EvaluationError(str(stopped)) from None
        if error is not None:
            raise EvaluationError(error)
        return value  # type: ignore[no-any-return]

    def evaluate_small(self, expression: str, activation: Activation) -> Plain:
        """As :meth:`evaluate`, for an expression whose parts are known to be small."""
        return self._value(expression, activation.native)

    def _value(self, expression: str, native: Any) -> Plain:
        try:
            return self._plain(self.compile(expression), native)
        except EvaluationError as error:
            near = with_near_ends(expression) if "overflow" in str(error) else expression
            if near == expression:
                raise
        return self._plain(self.compile(near), native)

    def _plain(self, program: Any, native: Any) -> Plain:
        self._meter.handed_out, self._meter.met_large = 0, False
        try:
            value = program.eval(native)
            is_error = value.type() == _T.ERROR
            plain = value.plain_value()
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            raise EvaluationError(_tidy(str(error))) from None
        if is_error:
            raise EvaluationError(_tidy(str(plain)))
        return plain  # type: ignore[no-any-return]

    def _answer(self, question: tuple[str, Context]) -> tuple[Plain, str | None]:
        """What the child process is asked: the value of an expression, or why there is none."""
        expression, context = question
        self._meter.may_be_large = True
        try:
            return self._value(expression, self.activation(context).native), None
        except EvaluationError as error:
            return None, str(error)

    def holds(self, expression: str, activation: Activation) -> bool:
        """True or false; anything else that an expression gives is an EvaluationError."""
        value = self.evaluate(expression, activation)
        if not isinstance(value, bool):
            raise EvaluationError(f"the expression gives {type(value).__name__}, not true or false")
        return value


@lru_cache(maxsize=2)
def _config(text: str) -> Any:
    """What is left out of the language; read once."""
    return cel.NewEnvConfigFromYaml(text)


@dataclass(slots=True)
class _Meter:
    """What the look-ups of one evaluation handed out, and whether it may be large, which it may where it is stopped.

    ``asked`` is narrowed by what one look-up asks of the instant, and ``rests`` by that of all.
    """

    handed_out: int = 0
    met_large: bool = False
    may_be_large: bool = False
    asked: Horizon | None = None
    rests: Horizon | None = None

    def answered(self, implementation: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Horizon | None]:
        """What a look-up gives, and for how long; None where it asks for no instant."""
        if self.asked is None:
            return implementation(*arguments), None
        self.asked.forget()
        try:
            answer = implementation(*arguments)
        except ValueError:
            self.narrow(self.asked)
            raise
        return answer, None if self.asked.is_endless else replace(self.asked)

    def narrow(self, span: Horizon | None) -> None:
        """Note that an answer holds for a span."""
        if span is not None and self.rests is not None:
            self.rests.narrow(span.since, span.until)


# What the runtime is given must not lead back to the Environment: it is C++, where nobody frees such a circle.


def look_ups(facts: Facts, now: datetime | None) -> list[tuple[str, list[Any], Any, Callable[..., Any]]]:
    """Name, types of parameters and result, and implementation of each look-up function."""
    graph = facts.graph

    def frozen(service: str, start: str, end: str) -> bool:
        return bool(facts.freezes(service, Interval(clock.parse_instant(start), clock.parse_instant(end))))

    def budget(service: str) -> dict[str, Any] | None:
        if now is None:
            raise ValueError("budget() needs the instant of judgement")
        from itsm_as_code.service_levels.budget import error_budgets  # loads much for the one function that asks

        worst = next(iter(error_budgets(facts, service, now)), None)
        return worst.as_data() if worst else None

    return [
        ("record", [_T.STRING, _T.STRING], _T.DYN, facts.record),
        ("records", [_T.STRING], _T.List(_T.DYN), facts.records),
        ("owner", [_T.STRING], _T.DYN, facts.owner),
        ("dependents", [_T.STRING], _T.List(_T.STRING), lambda service: sorted(graph.dependents(service))),
        ("dependencies", [_T.STRING], _T.List(_T.STRING), lambda service: sorted(graph.dependencies(service))),
        ("frozen", [_T.STRING, _T.STRING, _T.STRING], _T.BOOL, frozen),
        ("budget", [_T.STRING], _T.DYN, budget),
        ("day", [_T.STRING], _T.TIMESTAMP, lambda text: datetime.combine(clock.parse_date(text), time(), UTC)),
        ("period", [_T.STRING], _T.DURATION, lambda text: parse_duration(text).fixed),
        ("lastDay", [_T.STRING], _T.STRING, lambda end: clock.format_date(last_day_before(clock.parse_date(end)))),
        ("noticeDay", [_T.STRING, _T.STRING], _T.STRING, _notice_day),
    ]


_NEAR_ENDS: Final = cel.FunctionDecl(
    NEAR,
    [
        cel.Overload(f"{NEAR}_{number}", return_type=_T.TIMESTAMP, parameters=[given], impl=near)
        for number, given in enumerate((_T.STRING, _T.TIMESTAMP))
    ],
)


def _declare(
    meter: _Meter, name: str, parameters: list[Any], result: Any, implementation: Callable[..., Any]
) -> cel.FunctionDecl:
    """A function that remembers its answers, and stops an evaluation to which it handed out too much."""
    answers: dict[tuple[Any, ...], tuple[Any, int, bool, Horizon | None]] = {}

    def look_up(*arguments: Any) -> Any:
        if arguments not in answers:
            answer, span = meter.answered(implementation, arguments)
            weight = weight_of(answer)
            # What is too much is refused, large or not, also where it is stopped: there is no more to measure.
            large = weight <= MOST_HANDED_OUT and any(map(is_large, answer if isinstance(answer, list) else [answer]))
            answers[arguments] = answer, weight, large, span
        answer, weight, large, span = answers[arguments]
        meter.narrow(span)
        if large and not meter.may_be_large:
            meter.met_large = True
            raise ValueError(f"{name}() hands out a large record")
        meter.handed_out += weight
        if meter.handed_out > MOST_HANDED_OUT:
            raise ValueError(f"{name}() hands out too much: it reads more than {MOST_HANDED_OUT:,} values")
        return answer

    overload = cel.Overload(f"itsm_{name}", return_type=result, parameters=parameters, impl=look_up)
    return cel.FunctionDecl(name, [overload])


_WALL_CLOCK: Final = cel.FunctionDecl(
    NAME,
    [
        cel.Overload(
            NAME, return_type=_T.TIMESTAMP, parameters=[_T.TIMESTAMP, _T.STRING], is_member=True, impl=wall_clock
        )
    ],
)


def _notice_day(end: str, period: str) -> str:
    try:
        return clock.format_date(last_day_of_notice(clock.parse_date(end), parse_duration(period)))
    except OverflowError:
        return date.min.isoformat()


_PLACE = re.compile(r"<input>:(\d+):(\d+): (.*)")
_STATUS = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")


def _compile_error(text: str) -> CompileError:
    match = _PLACE.search(text)
    if match:
        return CompileError(match[3].replace(" (in container '')", "").strip(), int(match[1]), int(match[2]))
    return CompileError(_tidy(text), 1, 1)


def _in_terms_of(expression: str, given: Rewritten, error: CompileError) -> CompileError:
    """An error of the rewritten expression as one of the expression that was written."""
    if given.text == expression:
        return error
    offset = given.origin(offset_of(given.text, error.line, error.column))
    message = error.message.replace(f"'{NAME}'", "a function that takes a time zone")
    return CompileError(message, *line_and_column(expression, offset))


def _tidy(text: str) -> str:
    return _STATUS.sub("", text.splitlines()[0] if text else "no reason given")
