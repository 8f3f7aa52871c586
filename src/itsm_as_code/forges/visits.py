"""Whether something answers at an address that a record names.

Anybody who can write a record can have an address asked for, from a machine that may stand in a network where others
cannot look. So no name that leads to an address of this machine or of a private network is asked, unless it is allowed;
the connection goes to the very address that was looked at, for a name may lead elsewhere the next moment; each redirect
is judged as the first address was; nothing that is secret goes along; and time, bytes and count are bounded.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import socket
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException
from typing import Any, Final
from urllib import request
from urllib.error import URLError
from urllib.parse import urldefrag, urljoin, urlsplit

from itsm_as_code import __version__
from itsm_as_code.forges import transport

MAX_REDIRECTS: Final = 5
MOST: Final = 2000
"""Different addresses that are asked in one run."""
AT_ONCE: Final = 8
SECONDS: Final = 30.0
"""For one address with all its redirects; 10 for one read, 600 for a run."""
READ_SECONDS: Final = 10.0
RUN_SECONDS: Final = 600.0
HEAD_BYTES: Final = 256 << 10
CONTENT_BYTES: Final = 64 << 20
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_NOBODY: Final = ("example", "invalid")
"""Domains that nobody can have (RFC 2606)."""
_NAMELESS: Final = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
_PLAIN: Final = re.compile(r"[!-~]+\Z")


class Outcome(StrEnum):
    """What asking brought: it is there, it is gone, or that cannot be told."""

    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Visit:
    """What asking an address brought, why it is not there, and the SHA-256 of its content where that was wanted."""

    outcome: Outcome
    why: str = ""
    digest: str = ""


class _Ended(Exception):
    """Asking ended before an answer."""

    def __init__(self, outcome: Outcome, why: str) -> None:
        super().__init__(why)
        self.visit = Visit(outcome, why)


@dataclass
class Visitor:
    """Asks addresses. ``allowed`` are names of hosts that may be private; the rest is the world that tests replace."""

    allowed: Collection[str] = ()
    resolve: Callable[..., Any] = socket.getaddrinfo
    monotonic: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._allowed = {_bare(host) for host in self.allowed}

    def visit_all(self, wanted: Mapping[str, bool]) -> dict[str, Visit]:
        """What each address brings, several asked at once; True for those whose content is wanted."""
        began, asked = self.monotonic(), dict(list(wanted.items())[:MOST])

        def within(item: tuple[str, bool]) -> Visit:
            left = RUN_SECONDS - (self.monotonic() - began)
            if left <= 0:
                return Visit(Outcome.UNKNOWN, f"it was not asked, for the others took {RUN_SECONDS / 60:.0f} minutes")
            return self.visit(*item, seconds=min(left, SECONDS))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = dict(zip(asked, pool.map(within, asked.items()), strict=True))
        rest = Visit(Outcome.UNKNOWN, f"it was not asked, for no more than {MOST:,} links are")
        return {url: found.get(url, rest) for url in wanted}

    def visit(self, url: str, has_content: bool = False, seconds: float = SECONDS) -> Visit:
        """What an address brings; redirects are followed, at most MAX_REDIRECTS."""
        size = CONTENT_BYTES if has_content else HEAD_BYTES
        allowance, address = transport.Allowance(seconds, READ_SECONDS, size, self.monotonic), urldefrag(url).url
        try:
            for _ in range(MAX_REDIRECTS + 1):
                status, location, digest = self._ask(address, allowance, has_content)
                if status not in _REDIRECTS:
                    return _judged(status, digest)
                if not location:
                    return Visit(Outcome.UNKNOWN, f"answers {status} and does not say where it leads")
                address = urldefrag(urljoin(address, location)).url
            return Visit(Outcome.GONE, f"leads on more than {MAX_REDIRECTS} times")
        except _Ended as ended:
            return ended.visit
        except transport.TooLarge:
            return Visit(Outcome.UNKNOWN, f"answers with more than {size >> 10:,} KiB")
        except (OSError, HTTPException, ValueError) as error:
            return Visit(Outcome.UNKNOWN, f"gives no answer ({_reason(error)})")

    def _ask(self, address: str, allowance: transport.Allowance, has_content: bool) -> tuple[int, str, str]:
        host, port = _parts(address)
        places = self._places(host, port)

        def dial(_: object, timeout: float, *__: object) -> socket.socket:
            return _connected(places, timeout)

        message = request.Request(address, method="GET")  # noqa: S310 - _parts allows http(s) only
        message.add_header("User-Agent", f"itsm-as-code/{__version__} (looks whether links are dead)")
        message.add_header("Accept-Encoding", "identity")
        with transport.opened(message, {}, allowance, dial) as answer:
            digest = hashlib.sha256()
            if has_content and 200 <= answer.status < 300:
                while chunk := answer.read1(1 << 16):
                    digest.update(chunk)
                if answer.length:
                    raise HTTPException("the answer was cut off")
            return answer.status, answer.headers.get("Location", ""), f"sha256:{digest.hexdigest()}"

    def _places(self, host: str, port: int) -> list[tuple[str, int]]:
        """The addresses of a host, all of which may be asked."""
        is_allowed = _bare(host) in self._allowed
        if not is_allowed and _bare(host).rpartition(".")[2] in _NOBODY:
            raise _Ended(Outcome.GONE, f"{host} lies in a domain that nobody can have (RFC 2606)")
        try:
            found = self.resolve(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno in _NAMELESS:
                raise _Ended(Outcome.GONE, f"the name {host} does not exist") from None
            raise
        places = [str(item[4][0]) for item in found]
        private = next((place for place in places if not is_public(place)), None)
        if private is not None and not is_allowed:
            raise _Ended(Outcome.UNKNOWN, f"{host} is {private}, which is no public address, and is not asked")
        return [(place, port) for place in places]


def is_public(place: str) -> bool:
    """Whether an IP address is one of the public internet, whichever way IPv6 wraps one of IPv4."""
    address = ipaddress.ip_address(place)
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _TRANSLATED or int(address) < 1 << 32:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast


_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that is given out of IPv6 so far (https://www.iana.org/assignments/ipv6-address-space)."""
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 as a translator reaches it (RFC 6052); below 2 ** 32 it is as the first form wrote it (RFC 4291, 2.5.5.1)."""


def _parts(address: str) -> tuple[str, int]:
    """Host and port of a plain http or https address."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or not _PLAIN.match(address):
        raise _Ended(Outcome.UNKNOWN, "leads to what is no plain http or https address")
    if parts.username is not None or parts.password is not None:
        raise _Ended(Outcome.UNKNOWN, "leads to an address with a password in it")
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _bare(host: str) -> str:
    return host.strip("[].").lower()


def _connected(places: list[tuple[str, int]], timeout: float) -> socket.socket:
    """A connection to the first of some addresses that takes one; all of them together have the time of one."""
    error: OSError = OSError("it has no address")
    for place in places[:4]:
        try:
            return socket.create_connection(place, timeout / min(len(places), 4))
        except OSError as why:
            error = why
    raise error


def _judged(status: int, digest: str) -> Visit:
    if 200 <= status < 300:
        return Visit(Outcome.THERE, digest=digest)
    if status in (404, 410):
        return Visit(Outcome.GONE, f"answers {status}")
    login = ", which wants a login" if status in (401, 403, 407) else ""
    return Visit(Outcome.UNKNOWN, f"answers {status}{login}")


def _reason(error: Exception) -> str:
    inner = error.reason if isinstance(error, URLError) else error
    if isinstance(inner, TimeoutError):
        return "it took too long"
    said = "".join(letter for letter in str(inner) if letter.isprintable())[:200]
    return said or type(inner).__name__
