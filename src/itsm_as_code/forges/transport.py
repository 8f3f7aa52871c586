"""Connections whose answers come in time and have an end.

The timeouts of the standard library hold for each read alone, and its limits for each line: a server that sends a byte
now and then (of the status, a header, a chunk, a trailer), or ``100 Continue`` without end, would be waited for without
end. Here a whole call has one deadline and one size, whatever the bytes are about.
"""

from __future__ import annotations

import io
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib import request


class TooLarge(Exception):
    """The answer has more bytes than are allowed."""


@dataclass
class Allowance:
    """What one call may take: ``seconds`` in all and for each read, ``size`` in bytes, head and trailers included."""

    seconds: float
    read_seconds: float
    size: int
    monotonic: Callable[[], float]

    def __post_init__(self) -> None:
        self._began = self.monotonic()
        self.taken = 0

    @property
    def spent(self) -> float:
        """Seconds since the call began."""
        return self.monotonic() - self._began

    def patience(self) -> float:
        """Seconds that the next read may take; TimeoutError where there are none left."""
        left = self.seconds - self.spent
        if left <= 0:
            raise TimeoutError
        return min(self.read_seconds, left)

    def take(self, count: int) -> None:
        """Count bytes that were read; TooLarge for too many."""
        self.taken += count
        if self.taken > self.size:
            raise TooLarge


Dial = Callable[..., Any]
"""As :func:`socket.create_connection`, which it is instead of: it may lead to another address than the host has."""


def opened(
    message: request.Request,
    proxies: Mapping[str, str],
    allowance: Allowance,
    dial: Dial | None = None,
) -> Any:
    """The answer to a request, whatever its status: neither redirects nor errors are handled.

    The library would take the token along to another host. OSError, HTTPException, TooLarge.
    """
    opener = request.OpenerDirector()
    for handler in (request.ProxyHandler(dict(proxies)), _Plain(allowance, dial), _Secure(allowance, dial)):
        opener.add_handler(handler)
    return opener.open(message, timeout=allowance.patience())


@cache
def _verifying() -> ssl.SSLContext:
    """What TLS is verified with; to read the system's authorities takes longer than to ask a forge on this machine."""
    return ssl.create_default_context()


class _Plain(request.HTTPHandler):
    def __init__(self, allowance: Allowance, dial: Dial | None) -> None:
        super().__init__()
        self._allowance, self._dial = allowance, dial

    def http_open(self, message: request.Request) -> Any:
        return self.do_open(partial(_connection, HTTPConnection, self._allowance, self._dial), message)


class _Secure(request.HTTPSHandler):
    def __init__(self, allowance: Allowance, dial: Dial | None) -> None:
        super(request.HTTPSHandler, self).__init__()  # its own would read the authorities
        self._allowance, self._dial = allowance, dial

    def https_open(self, message: request.Request) -> Any:
        return self.do_open(
            partial(_connection, HTTPSConnection, self._allowance, self._dial), message, context=_verifying()
        )


def _connection(
    kind: type[HTTPConnection], allowance: Allowance, dial: Dial | None, host: str, **options: Any
) -> HTTPConnection:
    made = kind(host, **options)
    made.response_class = partial(_Answer, allowance)  # type: ignore[assignment]
    if dial is not None:
        made._create_connection = dial  # type: ignore[attr-defined]
    return made


class _Answer(HTTPResponse):
    """An answer that reads through :class:`_Measured`; the library makes one for a proxy's ``CONNECT`` as well."""

    def __init__(self, allowance: Allowance, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Measured(self.fp.detach(), sock, allowance))


class _Measured(io.RawIOBase):
    def __init__(self, raw: Any, sock: Any, allowance: Allowance) -> None:
        self._raw, self._sock, self._allowance = raw, sock, allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        self._sock.settimeout(self._allowance.patience())
        count = self._raw.readinto(buffer)
        self._allowance.take(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
