"""Values of a table as fields hold them: names, times by the clocks of a zone, numbers, people, plain text of HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.errors import UsageError
from itsm_as_code.interchange._backstage_entities import record_name
from itsm_as_code.interchange._store import Known
from itsm_as_code.records.characters import FORBIDDEN
from itsm_as_code.records.local_times import LocalTimes

_HTML: Final = re.compile(r"</?(?:p|br|div|span|b|i|u|em|strong|ul|ol|li|a|table|tr|td|code|pre|h[1-6])\b[^<>]*>", re.I)
_LOOSE: Final = re.compile(r"<(?![^<>]*>)")
"""What begins no tag; the parser looks for the end of each in all that follows."""
_MARKS: Final = re.compile(r"\[/?code\]")
_WITH_LOGIN: Final = re.compile(r"(.*\S)\s*\(([^()]+)\)\Z", re.S)
_INTERNAL: Final = re.compile(r"[0-9a-f]{32}\Z")
"""The number of a row (sys_id), which ServiceNow writes for what another row says."""
_TRUE, _FALSE = ("true", "yes", "1", "ja", "y"), ("false", "no", "0", "nein", "n")
_BREAKS: Final = frozenset(
    ("p", "br", "div", "li", "tr", "table", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6")
)


class ValueRefusedError(ValueError):
    """A text that is no value of its form; ``remedy`` says what to write."""

    def __init__(self, message: str, remedy: str = "mend the table, or what the mapping says of the column") -> None:
        super().__init__(message)
        self.remedy = remedy


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.hidden += tag in ("script", "style")
        self.parts.append("\n" * (tag in _BREAKS) + "- " * (tag == "li"))

    def handle_endtag(self, tag: str) -> None:
        self.hidden = max(0, self.hidden - (tag in ("script", "style")))
        self.parts.append("\n" * (tag in _BREAKS and tag not in ("br", "li")))

    def handle_data(self, data: str) -> None:
        self.parts.append("" if self.hidden else data)


def plain_text(text: str) -> str:
    """Text without HTML and without characters that do not show; lines end in line feeds."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _HTML.search(text):
        parser = _Text()
        parser.feed(_LOOSE.sub("&lt;", _MARKS.sub("", text)))
        parser.close()
        text = re.sub(r"\n\s*\n+", "\n\n", "".join(parser.parts))
    return FORBIDDEN.sub("", text.replace("\u00a0", " ")).strip()


class Values:
    """Reads values by their forms, against what the repository knows."""

    def __init__(self, known: Known, timezone: str, times: tuple[str, ...], decimal: str) -> None:
        self._times, self._decimal = times, decimal
        self._clock = LocalTimes(datetime(2000, 1, 1, tzinfo=UTC), clock.zone(timezone))
        self._names = {kind: _names(known, kind) for kind in ("Service", "Team", "Person")}

    def read(self, text: str, form: str) -> Any:
        """The value that a text is. ValueRefusedError where it is none of its form."""
        text = plain_text(text)
        if form in ("service", "team", "person") and _INTERNAL.match(text):
            remedy = "export display values: sysparm_display_value=true, or displayvalue=true of JSONv2"
            raise ValueRefusedError(f"'{text}' is the number of a row there, and no name", remedy)
        readers: dict[str, Callable[[str], Any]] = {
            "text": str,
            "line": self._line,
            "name": self._name,
            "service": self._service,
            "team": self._team,
            "person": self._person,
            "instant": self._instant,
            "date": self._date,
            "decimal": self._number,
            "integer": self._integer,
            "boolean": self._boolean,
        }
        return readers[form](text)

    def _line(self, text: str) -> str:
        return " ".join(text.split())

    def _name(self, text: str) -> str:
        name = record_name(text)
        if not name:
            raise ValueRefusedError(f"'{text[:80]}' gives no name of letters and digits")
        return name

    def _service(self, text: str) -> str:
        return self._names["Service"].get(text.casefold()) or self._name(text)

    def _team(self, text: str) -> str:
        return self._names["Team"].get(text.casefold()) or self._name(text)

    def _person(self, text: str) -> str:
        """``Name (login)``, a login, a name or an address of a person who is there."""
        match = _WITH_LOGIN.match(text)
        for part in (match[2].strip(), match[1]) if match else (text,):
            if part.casefold() in self._names["Person"]:
                return self._names["Person"][part.casefold()]
        raise ValueRefusedError(
            f"nobody here is '{text[:80]}'", "add the person, with login or address, and import again"
        )

    def _instant(self, text: str) -> str:
        try:
            return clock.format_instant(clock.parse_instant(text))
        except ValueError:
            moment = self._moment(text)
        if moment.tzinfo is not None:
            return clock.format_instant(moment.replace(microsecond=0))
        try:
            said = self._clock.instant(f"{moment:%Y-%m-%d %H:%M:%S}")
        except UsageError as error:
            raise ValueRefusedError(error.message, error.remedy) from None
        return clock.format_instant(clock.parse_instant(said))

    def _date(self, text: str) -> str:
        return self._moment(text).date().isoformat()

    def _moment(self, text: str) -> datetime:
        for form in self._times:
            try:
                moment = datetime.strptime(text, form)
            except ValueError:
                continue
            if 1900 <= moment.year < 2190:
                return moment
        forms = ", ".join(self._times)
        raise ValueRefusedError(
            f"'{text[:80]}' is no time of the forms {forms}", "say under times how they are written"
        )

    def _number(self, text: str) -> str:
        point, thousands = (",", ".") if self._decimal == "," else (".", ",")
        plain = re.sub(r"[\s'\u202f]", "", text)
        grouped = rf"[-+]?(?:\d+|\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+)(?:{re.escape(point)}\d+)?"
        if not re.fullmatch(grouped, plain, re.ASCII):
            raise ValueRefusedError(f"'{text[:80]}' is no number with '{point}' before its decimals")
        return f"{Decimal(plain.replace(thousands, '').replace(point, '.')):f}"

    def _integer(self, text: str) -> int:
        number = Decimal(self._number(text))
        if number != int(number):
            raise ValueRefusedError(f"'{text[:80]}' is no whole number")
        return int(number)

    def _boolean(self, text: str) -> bool:
        if text.casefold() not in _TRUE + _FALSE:
            raise ValueRefusedError(f"'{text[:80]}' is neither yes nor no")
        return text.casefold() in _TRUE


def _names(known: Known, kind: str) -> Mapping[str, str]:
    """Records of a kind by what people call them; what two share means neither."""
    found: dict[str, set[str]] = {}
    for id_, record in known.records.items():
        if id_.kind != kind or not record.valid:
            continue
        spec = record.data["spec"]
        called = [record.name, str(record.data["metadata"].get("title", ""))]
        called += spec.get("emails", ()) if kind == "Person" else ()
        called += [item["login"] for item in spec.get("accounts", ())] if kind == "Person" else []
        for name in called:
            found.setdefault(name.casefold(), set()).add(record.name)
    return {name: min(records) for name, records in found.items() if len(records) == 1}
