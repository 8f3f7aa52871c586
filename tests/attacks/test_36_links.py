"""Links of records that have a machine ask what others could not: the network behind it, or without end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from itsm_as_code.forges import visits
from itsm_as_code.forges.visits import Outcome, Visitor, is_public
from tests.pages import Pages, resolver

INWARDS = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),  # noqa: S104 - nothing is bound
    *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1"),
    *("::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "fec0::1"),
]


@pytest.mark.parametrize("place", INWARDS)
def test_what_is_not_public_is_told(place: str) -> None:
    assert not is_public(place)


@pytest.mark.parametrize("place", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_what_is_public_is_told(place: str) -> None:
    assert is_public(place)


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "2130706433", "017700000001", "localhost", "LOCALHOST."])
def test_no_way_of_writing_this_machine_is_asked(host: str, pages: Pages) -> None:
    assert Visitor().visit(pages.url("/200", host)).outcome is not Outcome.THERE
    assert pages.asked == []


def test_without_the_guard_it_is_asked(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "is_public", lambda place: True)
    assert Visitor().visit(pages.url("/200", "localhost")).outcome is Outcome.THERE


def test_one_private_address_among_public_ones_is_enough(pages: Pages) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", (place, pages.port)) for place in ("93.184.216.34", "127.0.0.1")]

    assert Visitor(resolve=resolve).visit(pages.url("/200", "two.test")).outcome is Outcome.UNKNOWN
    assert pages.asked == []


def test_a_name_that_leads_elsewhere_the_next_moment_is_not_followed(
    pages: Pages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first answer passes for public; the name really is that of this machine, where the server listens."""
    real = visits.is_public
    monkeypatch.setattr(visits, "is_public", lambda place: place == "127.0.0.2" or real(place))
    rebound = Visitor(resolve=resolver(localhost="127.0.0.2"))
    assert rebound.visit(pages.url("/200", "localhost")).outcome is Outcome.UNKNOWN
    assert pages.asked == []


def test_a_redirect_is_judged_as_the_first_address_was(pages: Pages) -> None:
    inwards = Visitor(("pages.test",), resolver(**{"pages.test": "127.0.0.1"}))
    assert inwards.visit(pages.url("/302/private")).outcome is Outcome.UNKNOWN
    assert [path for path, _ in pages.asked] == ["/302/private"]


def test_a_password_in_an_address_is_not_sent(pages: Pages) -> None:
    asking = Visitor(("pages.test",), resolver(**{"pages.test": "127.0.0.1"}))
    found = asking.visit(pages.url("/200", "me:secret@pages.test"))
    assert (found.outcome, found.why) == (Outcome.UNKNOWN, "leads to an address with a password in it")
    assert pages.asked == []


@pytest.fixture
def dripping() -> Iterator[tuple[int, threading.Event]]:
    """A server that sends a byte of its head now and then, without end, until nobody listens."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as taken:
                try:
                    taken.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                    while not ended.is_set():
                        taken.sendall(b"x")
                        time.sleep(0.02)
                except OSError:
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], ended
        ended.set()
        thread.join()


def test_an_answer_without_end_is_not_waited_for(dripping: tuple[int, threading.Event]) -> None:
    began = time.monotonic()
    found = Visitor(("127.0.0.1",)).visit(f"http://127.0.0.1:{dripping[0]}/", seconds=0.3)
    assert (found.outcome, found.why) == (Outcome.UNKNOWN, "gives no answer (it took too long)")
    assert time.monotonic() - began < 60, "of an answer that would go on for ever; a busy machine may be slow"


def test_content_without_end_is_not_read(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "CONTENT_BYTES", 64)
    found = Visitor(("127.0.0.1",)).visit(pages.url("/200", "127.0.0.1"), has_content=True)
    assert found.outcome is Outcome.UNKNOWN
    assert found.why.startswith("answers with more than")
