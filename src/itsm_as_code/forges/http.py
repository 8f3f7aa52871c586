"""HTTP for the forges: a small, strict client over the standard library.

TLS is verified. The token goes to one host only. Every answer is bounded in size and time, complete, and JSON, or it is
a ForgeError. All answers together, and waiting (for a rate limit, or before a second attempt), are bounded for the life
of a client.
"""

from __future__ import annotations

import ipaddress
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage
from typing import Any, Final
from urllib import request
from urllib.error import URLError
from urllib.parse import quote, urlencode, urljoin, urlsplit

from itsm_as_code import __version__, clock
from itsm_as_code.errors import ForgeError, UsageError
from itsm_as_code.forges import transport

MAX_BYTES: Final = 32 << 20
MAX_PAGES: Final = 500
MAX_REDIRECTS: Final = 3
ATTEMPTS: Final = 3
CALL_SECONDS: Final = 60.0
"""For one request and the whole of its answer."""
SOCKET_SECONDS: Final = 20.0
"""For one read of it."""
RUN_SECONDS: Final = 900.0
"""For all the answers that a client reads; waiting is counted apart."""
RUN_BYTES: Final = 256 << 20

Query = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the forge answered: the header fields by their lower-case names, the JSON data."""

    headers: Mapping[str, str]
    data: Any


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long to wait, and how: ``seconds`` is the most that a client waits in all."""

    seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic


@dataclass
class Client:
    """One API of one forge. ``base`` is its address without a slash at its end; ``headers`` may hold the token.

    Errors: ForgeError with the code ``unreachable`` (no or no whole answer), ``rate-limit``, ``refused`` (401, 403),
    ``not-found`` or ``answer`` (anything else that is not what was asked for). No message ever shows a header.
    """

    base: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    waiting: Waiting = Waiting()
    counts_pages: bool = False
    """Whether pages are asked for by number until one is empty, for want of links (Gitea)."""
    may_be_plain: bool = False
    """Whether http will do: only where no secret is sent, and what is answered decides nothing."""

    def __post_init__(self) -> None:
        self.base = checked_base(self.base, plain=self.may_be_plain)
        if _is_loopback(urlsplit(self.base).hostname or ""):
            # What is on this machine is reached without help; over http a proxy would read the token as well.
            self.proxies = {}
        self._left = self.waiting.seconds
        self._seconds, self._bytes = RUN_SECONDS, RUN_BYTES

    def get(self, path: str, query: Query | None = None) -> Any:
        """The data at a path of the API."""
        return self.ask("GET", path, query).data

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a request that changes something. It is never sent twice: the first may have had its effect."""
        return self.ask(method, path, None, body).data

    def ask(self, method: str, path: str, query: Query | None = None, body: Mapping[str, Any] | None = None) -> Answer:
        """The answer to a request, after as many attempts and as much waiting as is allowed."""
        return self._follow(method, self._address(path, query), body)

    def pages(
        self, path: str, query: Query | None = None, *, inside: str | None = None, only_grows: bool = False
    ) -> list[Any]:
        """All items of a list that comes in pages (``Link`` with ``rel="next"``, RFC 8288).

        The list is the answer, or stands ``inside`` it under a key. What is added or removed between two pages moves
        items across their border: a list of more than one page is therefore read until it was the same twice, unless it
        ``only_grows`` at its end.
        """
        found, pages = self._once(path, query, inside)
        for _ in range(3):
            whole = not _has_twins(found)
            if (pages == 1 or only_grows) and whole:
                return found
            before, (found, pages) = found, self._once(path, query, inside)
            if whole and list(map(_identity, found)) == list(map(_identity, before)):
                return found
        raise ForgeError(f"GET {path}: the list changed while it was read", code="moved", remedy="try again")

    def _once(self, path: str, query: Query | None, inside: str | None) -> tuple[list[Any], int]:
        if self.counts_pages:
            return self._counted(path, query or {})
        address, found, seen = self._address(path, {"per_page": 100, **(query or {})}), list[Any](), set[str]()
        while True:
            if address in seen or len(seen) >= MAX_PAGES:
                raise ForgeError(f"GET {path}: the list has no end", code="answer", remedy="look at the forge's status")
            seen.add(address)
            answer = self._follow("GET", address, None)
            page = answer.data.get(inside) if inside and isinstance(answer.data, dict) else answer.data
            if not isinstance(page, list):
                raise _wrong("GET", address, "answered with something else than a list")
            found += page
            following = next_link(answer.headers.get("link", ""))
            if following is None and answer.headers.get("x-next-page", "").strip():
                raise _wrong("GET", address, "announces a next page and does not say where it is")
            if following is None:
                return found, len(seen)
            address = self._same_host(urljoin(address, following), "GET", address)

    def _counted(self, path: str, query: Query) -> tuple[list[Any], int]:
        """A list that comes whole whatever page is asked for has one."""
        found: list[Any] = []
        before: list[Any] = []
        for number in range(1, MAX_PAGES + 1):
            page = self.get(path, {"limit": 50, "page": number, **query})
            if not isinstance(page, list):
                raise _wrong("GET", self._address(path, None), "answered with something else than a list")
            if not page or page == before:
                return found, number - 1
            found, before = found + page, page
        raise ForgeError(f"GET {path}: the list has no end", code="answer", remedy="look at the forge's status")

    def _address(self, path: str, query: Query | None) -> str:
        """Parts of a path come quoted (:func:`part`)."""
        return f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")

    def _same_host(self, address: str, method: str, origin: str) -> str:
        if urlsplit(address)[:2] != urlsplit(self.base)[:2]:
            raise _wrong(method, origin, "points to another host")
        return address

    def _follow(self, method: str, address: str, body: Mapping[str, Any] | None) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            status, headers, content = self._patiently(method, address, body)
            if status not in (301, 302, 307, 308):
                return _judged(method, address, status, headers, content)
            if method != "GET":
                raise _wrong(method, address, "is somewhere else now", "name the repository by its new name")
            address = self._same_host(urljoin(address, headers.get("location", "")), method, address)
        raise _wrong(method, address, "leads in a circle")

    def _patiently(self, method: str, address: str, body: Mapping[str, Any] | None) -> tuple[int, HTTPMessage, bytes]:
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                status, headers, content = self._call(method, address, body)
            except (OSError, HTTPException, ValueError) as error:
                if last or method != "GET" or not self.wait(attempt):
                    raise ForgeError(
                        f"{_shown(method, address)}: no answer ({_reason(error)})",
                        code="unreachable",
                        remedy="look at the network and at the forge's status, and try again",
                    ) from None
                continue
            limited = _limited_for(status, headers, content)
            if limited is not None:
                if last or not self.wait(limited):
                    raise _rate_limit(method, address, headers, limited)
            elif status < 500 or last or method != "GET" or not self.wait(attempt):
                return status, headers, content
        raise AssertionError

    def wait(self, seconds: float) -> bool:
        """Wait, if that is still allowed."""
        if seconds > self._left:
            return False
        self._left -= seconds
        self.waiting.sleep(seconds)
        return True

    def _call(self, method: str, address: str, body: Mapping[str, Any] | None) -> tuple[int, HTTPMessage, bytes]:
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        message = request.Request(address, data, method=method)  # noqa: S310 - checked_base allows http(s) only
        message.add_header("User-Agent", f"itsm-as-code/{__version__}")
        message.add_header("Accept-Encoding", "identity")
        if data is not None:
            message.add_header("Content-Type", "application/json")
        for name, value in self.headers.items():
            message.add_unredirected_header(name, value)
        allowance = self._allowance(method, address)
        try:
            with transport.opened(message, self.proxies, allowance) as answer:
                chunks = []
                while chunk := answer.read1(1 << 16):
                    chunks.append(chunk)
                content = b"".join(chunks)
                length = answer.headers.get("Content-Length")
                if length is not None and length.strip() != str(len(content)):
                    raise HTTPException("the answer was cut off")
                return answer.status, answer.headers, content
        except transport.TooLarge:
            raise _wrong(method, address, f"answered with more than {allowance.size >> 20} MiB") from None
        finally:
            self._seconds -= allowance.spent
            self._bytes -= allowance.taken

    def _allowance(self, method: str, address: str) -> transport.Allowance:
        """What the next call may take: its share of what the client may."""
        if self._seconds <= 0 or self._bytes <= 0:
            what = f"more than {RUN_SECONDS / 60:.0f} minutes or {RUN_BYTES >> 20} MiB of answers"
            raise _wrong(method, address, f"comes after {what}", "look at the forge's status, and try again")
        seconds, size = min(CALL_SECONDS, self._seconds), min(MAX_BYTES, self._bytes)
        return transport.Allowance(seconds, SOCKET_SECONDS, size, self.waiting.monotonic)


def checked_base(address: str, *, plain: bool = False) -> str:
    """The address of an API, if it may be talked to: https, or http on this machine (for tests and tunnels).

    ``plain``: http anywhere.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"'{address}' is not an address", remedy=_BASE_REMEDY) from None
    simple = address.isascii() and address.isprintable() and " " not in address
    if not simple or not host or parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError("the address of the API is not a plain one", remedy=_BASE_REMEDY)
    if parts.scheme != "https" and not (parts.scheme == "http" and (plain or _is_loopback(host))):
        raise UsageError(f"'{parts.scheme}://{host}' is not an https address", remedy=_BASE_REMEDY)
    return address.rstrip("/")


_BASE_REMEDY = "write --api-url https://forge.example/api/v3 (GitHub Enterprise) or .../api/v4 (GitLab)"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def part(text: str | int) -> str:
    """A part of a path, with everything quoted that would end it."""
    return quote(str(text), safe="")


def next_link(header: str) -> str | None:
    """The target of the ``next`` link of a ``Link`` field. No target has angle brackets (RFC 3986, appendix A)."""
    for target, parameters in re.findall(r"<([^<>]*)>([^<]*)", header):
        relation = re.search(r"""\brel\s*=\s*["']?([^"';,]+)""", parameters, re.IGNORECASE)
        if relation and "next" in relation[1].lower().split():
            return str(target)
    return None


def _identity(item: Any) -> Any:
    """What tells an item of a list apart: its number (events have one within their kind), or else the whole of it."""
    if isinstance(item, dict) and isinstance(item.get("id"), int):
        return item.get("event"), item["id"]
    return json.dumps(item, sort_keys=True)


def _has_twins(items: list[Any]) -> bool:
    """Whether an item with a number stands there twice, as when a page border moved while the pages were read."""
    numbered = [name for name in map(_identity, items) if isinstance(name, tuple)]
    return len(set(numbered)) < len(numbered)


def _judged(method: str, address: str, status: int, headers: HTTPMessage, content: bytes) -> Answer:
    if not 200 <= status < 300:
        raise _refusal(method, address, status, content)
    kind = headers.get_content_type()
    if not content and status == 204:
        return Answer({}, None)
    if kind != "application/json" and not kind.endswith("+json"):
        raise _wrong(method, address, f"answered with {_text(kind)} instead of JSON", _BASE_REMEDY)
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _wrong(method, address, "answered with something that is not JSON") from None
    return Answer({name.lower(): value for name, value in headers.items()}, data)


_REFUSALS = {
    401: ("refused", "the token is missing, wrong or expired: set GITHUB_TOKEN, GITLAB_TOKEN or GITEA_TOKEN"),
    403: ("refused", "the token lacks a permission for this"),
    404: ("not-found", "look at the name of the repository and the number, and whether the token may see them"),
}


def _refusal(method: str, address: str, status: int, content: bytes) -> ForgeError:
    code, remedy = _REFUSALS.get(status, ("answer", "look at the forge's status, and try again"))
    said = _said(content)
    return ForgeError(f"{_shown(method, address)}: {status}{f' ({said})' if said else ''}", code=code, remedy=remedy)


def _said(content: bytes) -> str:
    """What the forge says itself about an error."""
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return ""
    message = data.get("message") or data.get("error") if isinstance(data, dict) else None
    return _text(message if isinstance(message, str) else json.dumps(message)) if message else ""


def _text(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:200]


def _limited_for(status: int, headers: HTTPMessage, content: bytes) -> float | None:
    """Seconds until the rate limit lets us in again; None when this is no answer of a rate limit.

    A limit is told by 429, or by 403 with Retry-After, with no request remaining, or with a message about it
    (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api, https://docs.gitlab.com/ee/security/rate_limits.html).
    """
    after = headers.get("Retry-After", "")
    spent = headers.get("X-RateLimit-Remaining", headers.get("RateLimit-Remaining", "")).strip() == "0"
    if status != 429 and not (status == 403 and (after or spent or "rate limit" in _said(content).lower())):
        return None
    if after.strip().isdecimal():
        return float(after)
    reset = headers.get("X-RateLimit-Reset", headers.get("RateLimit-Reset", "")).strip()
    now = _date(headers)
    if spent and reset.isdecimal() and now is not None:
        return max(1.0, float(reset) - now)
    return 60.0  # what GitHub asks for where it names no time


def _date(headers: HTTPMessage) -> float | None:
    """The instant of an answer, by the forge's own clock."""
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (TypeError, ValueError):
        return None


def _rate_limit(method: str, address: str, headers: HTTPMessage, seconds: float) -> ForgeError:
    now = _date(headers)
    until = f"for {seconds:.0f} seconds" if now is None else f"until {clock.format_instant(_instant(now + seconds))}"
    return ForgeError(
        f"{_shown(method, address)}: rate limit {until}",
        code="rate-limit",
        remedy="try again then, or let it wait longer: --wait SECONDS",
    )


def _instant(seconds: float) -> Any:
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=0)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC, microsecond=0)


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return "it took too long"
    said = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return _text(said or type(cause).__name__)


def _wrong(method: str, address: str, what: str, remedy: str = "look at the forge's status") -> ForgeError:
    return ForgeError(f"{_shown(method, address)} {what}", code="answer", remedy=remedy)


def _shown(method: str, address: str) -> str:
    """A request as messages name it: without its query, which is long."""
    return f"{method} {urlsplit(address).path}"
