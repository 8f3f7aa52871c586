"""Prometheus over HTTP: range queries, whose answers are believed only as far as they are what was asked for.

The points asked for are the multiples of the interval since 1970, so that whoever asks, and however the time is cut
into requests, asks for the same ones. A point of ``up`` speaks of the interval that it begins; one of ``good`` and
``total`` of that which it ends; counters speak of the time between two points.
Source: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries (a query gives at most 11,000 points of
a series).
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from itsm_as_code.clock import Interval, Intervals, format_instant
from itsm_as_code.records.measured import Measured
from itsm_as_code.service_levels.measurements.load import Reading
from itsm_as_code.service_levels.measurements.samples import Notes, Row, measured
from itsm_as_code.service_levels.measurements.settings import Query, Source

MOST_POINTS: Final = 10_000
"""Points of a series in one request."""
MOST_BYTES: Final = 16 << 20
"""Of one answer; a point takes about 30."""
PATIENCE: Final = 30.0
"""Seconds for one answer."""
WHOLE_PATIENCE: Final = 300.0
"""Seconds for all answers of a source."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_VALUE: Final = re.compile(r"-?\d{1,18}(?:\.\d{1,30})?(?:e[-+]?\d{1,2})?\Z", re.ASCII)
Points = dict[datetime, Fraction]


class NoAnswer(Exception):
    """The server gave no answer that can be used, in a sentence; ``gone`` where asking again makes no sense."""

    def __init__(self, why: str, *, gone: bool = False) -> None:
        super().__init__(why)
        self.gone = gone


@dataclass(slots=True)
class Server:
    """A Prometheus server. ``tick`` gives seconds that only pass."""

    url: str
    tick: Callable[[], float]
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = self.tick() + WHOLE_PATIENCE

    def ask(self, path: str, **parameters: str) -> Any:
        """The ``data`` of an answer; NoAnswer. No proxy is asked, and no redirection followed."""
        limit = min(self._end, self.tick() + PATIENCE)
        if limit <= self.tick():
            raise NoAnswer(f"took longer than {WHOLE_PATIENCE:.0f} seconds in all", gone=True)
        try:
            status, body = self._post(path, urlencode(parameters), limit)
        except TimeoutError:
            raise NoAnswer(f"did not answer within {PATIENCE:.0f} seconds", gone=True) from None
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise NoAnswer(f"cannot be asked: {why}", gone=isinstance(error, OSError)) from None
        return _data(status, body)

    def _post(self, path: str, body: str, limit: float) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=limit - self.tick())
        try:
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
            connection.request("POST", f"{parts.path.rstrip('/')}{path}", body, headers)
            response = connection.getresponse()
            return response.status, b"".join(self._read(response, limit))
        finally:
            connection.close()

    def _read(self, response: http.client.HTTPResponse, limit: float) -> Iterator[bytes]:
        left = MOST_BYTES
        while part := response.read1(1 << 16):
            left -= len(part)
            if left < 0:
                raise NoAnswer(f"answers with more than {MOST_BYTES >> 20} MiB")
            if self.tick() > limit:
                raise TimeoutError
            yield part
        if response.length:  # it said that there was more
            raise http.client.IncompleteRead(b"", response.length)


def _data(status: int, body: bytes) -> Any:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise NoAnswer(f"answers with status {status} and no JSON") from None
    if not isinstance(answer, dict):
        raise NoAnswer("answers with JSON that is no object")
    if status != 200 or answer.get("status") != "success":
        raise NoAnswer(f"answers with status {status}: {str(answer.get('error', 'no reason'))[:200]}")
    warnings = answer.get("warnings")
    if warnings:
        told = "; ".join(map(str, warnings))[:200] if isinstance(warnings, list) else "warnings that are no list"
        raise NoAnswer(f"warns that its answer may not be all: {told}")
    return answer.get("data")


def read(source: Source, asked: Mapping[tuple[str, str], Interval], tick: Callable[[], float]) -> Reading:
    """What a server says of the objectives and spans that are asked for."""
    server, notes = Server(source.place, tick), Notes(source.name)
    found: dict[tuple[str, str], Measured] = {}
    for query in source.queries:
        key = (query.service, query.objective)
        if key not in asked:  # there is no such objective, which others tell
            found[key] = Measured(source.name, Intervals())
            continue
        try:
            rows = list(_rows(server, source, query, asked[key], notes))
        except NoAnswer as error:
            notes.add("no answer", f"the server {error}. Nothing more was asked", 0, "")
            break
        by = replace(source, counters=source.counters and query.up is None)
        found |= measured(by, rows, notes)
    return Reading(found, notes)


def _rows(server: Server, source: Source, query: Query, span: Interval, notes: Notes) -> Iterator[Row]:
    step, about = source.interval, (query.service, query.objective)
    first = _EPOCH + (span.start - _EPOCH) // step * step
    last = _EPOCH + (span.end - _EPOCH) // step * step
    ask = _Asking(server, query, first, last if query.up is not None else last + step, step, notes)
    if query.up is not None:
        for instant, up in ask.points(query.up).items():
            if 0 <= up <= 1:
                yield Row(*about, instant, instant + step, up)
            else:
                ask.note("no share", f"up is {float(up):g} at {format_instant(instant)}, and no share of one")
        return
    good, total = ask.points(query.good or ""), ask.points(query.total or "")
    for instant in sorted(good.keys() & total.keys()):
        if min(good[instant], total[instant]) < 0:
            ask.note("negative", f"a count is negative at {format_instant(instant)}")
        elif source.counters:
            yield Row(*about, instant, None, None, good[instant], total[instant])
        else:
            yield Row(*about, instant - step, instant, None, good[instant], total[instant])


@dataclass(slots=True)
class _Asking:
    """Asking one query for the points of a span; what is wrong with an answer is noted, and nothing of it used."""

    server: Server
    query: Query
    first: datetime
    last: datetime
    step: timedelta
    notes: Notes

    def points(self, promql: str) -> Points:
        """The points that there are, in order of time. NoAnswer where the server is not to be asked again."""
        found: Points = {}
        start = self.first
        while start <= self.last:
            end = min(start + (MOST_POINTS - 1) * self.step, self.last)
            try:
                found |= self._chunk(promql, start, end)
            except NoAnswer as error:
                if error.gone:
                    raise
                about = f"for {self.query.objective} from {format_instant(start)} to {format_instant(end)}"
                self.note("bad answer", f"the server, asked {about}, {error}")
            start = end + self.step
        return found

    def _chunk(self, promql: str, start: datetime, end: datetime) -> Points:
        data = self.server.ask(
            "/api/v1/query_range",
            query=promql,
            start=format_instant(start),
            end=format_instant(end),
            step=f"{self.step // timedelta(seconds=1)}",
        )
        if not isinstance(data, dict) or data.get("resultType") != "matrix" or not isinstance(data.get("result"), list):
            raise NoAnswer("gives something else than series over time")
        series = data["result"]
        if len(series) > 1:
            raise NoAnswer(f"gives {len(series):,} series; let the query make one of them, with min or sum")
        values = series[0].get("values") if series and isinstance(series[0], dict) else []
        if not isinstance(values, list) or (series and not isinstance(series[0], dict)):
            raise NoAnswer("gives a series without values")
        points = [_point(item) for item in values]
        self._must_fit([instant for instant, _ in points], start, end)
        return {instant: value for instant, text in points if (value := self._value(instant, text)) is not None}

    def _must_fit(self, instants: list[datetime], start: datetime, end: datetime) -> None:
        """NoAnswer for points that nobody asked for."""
        if any(later <= earlier for earlier, later in pairwise(instants)):
            raise NoAnswer("gives points that are doubled or out of order")
        if any(not start <= instant <= end or (instant - start) % self.step for instant in instants):
            raise NoAnswer("gives points that nobody asked for")

    def _value(self, instant: datetime, text: str) -> Fraction | None:
        if _VALUE.match(text):
            return Fraction(Decimal(text))
        self.note("no number", f"{text[:40]} at {format_instant(instant)} is no number to count with")
        return None

    def note(self, kind: str, message: str) -> None:
        """Of what is not used."""
        self.notes.add(kind, f"{message}. Nothing of it was used", 0, self.query.service)


def _point(item: Any) -> tuple[datetime, str]:
    match item:
        case [int() | float() as stamp, str() as text] if not isinstance(stamp, bool) and 0 <= stamp < 1 << 33:
            return _EPOCH + timedelta(milliseconds=round(stamp * 1000)), text
    raise NoAnswer("gives points of another form than a time and a text")
