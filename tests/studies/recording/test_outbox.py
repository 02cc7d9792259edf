"""Jobs for a server that goes and comes: a real thread, and a server that is a flag."""

import threading

import pytest

from studies.engine.recording.outbox import Outbox

PATIENCE = 0.2


class Server:
    """Takes numbers while it is up."""

    def __init__(self, *, up: bool) -> None:
        self.is_up = threading.Event()
        self.asked = threading.Event()
        self.taken: list[int] = []
        if up:
            self.is_up.set()

    def take(self, number: int) -> None:
        self.asked.set()
        if not self.is_up.is_set():
            raise ConnectionError("away")
        if number < 0:
            raise ValueError(f"{number} is refused")
        self.taken.append(number)


@pytest.fixture
def outbox():
    made = Outbox("the server", lambda error: isinstance(error, OSError))
    made.start()
    yield made
    made.close(patience=0)
    assert made.join()


def test_what_was_put_while_the_server_was_away_is_done_in_order_when_it_is_back(outbox: Outbox) -> None:
    server = Server(up=False)
    for number in range(20):
        outbox.put(lambda number=number: server.take(number))
    assert isinstance(outbox.wait(PATIENCE), ConnectionError)
    assert server.taken == []
    server.is_up.set()
    assert outbox.wait(60) is None
    assert server.taken == list(range(20))


def test_a_newer_job_takes_the_place_of_one_that_waits(outbox: Outbox) -> None:
    server = Server(up=False)
    for number in (1, 2, 3):
        outbox.put(lambda number=number: server.take(number), key="trial")
        outbox.put(lambda number=number: server.take(10 * number), key="another")
        server.asked.wait(10)
    server.is_up.set()
    assert outbox.wait(60) is None
    assert server.taken == [3, 30]


def test_a_job_replaced_while_it_is_done_is_followed_by_the_newer_one(outbox: Outbox) -> None:
    server, begun, may_end = Server(up=True), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        may_end.wait(10)
        server.take(1)

    outbox.put(slow, key="trial")
    begun.wait(10)
    outbox.put(lambda: server.take(2), key="trial")
    may_end.set()
    assert outbox.wait(60) is None
    assert server.taken == [1, 2]


def test_a_refused_job_is_given_up_and_said_and_the_others_are_done(outbox: Outbox) -> None:
    server = Server(up=True)
    for number in (1, -1, 2):
        outbox.put(lambda number=number: server.take(number))
    assert str(outbox.wait(60)) == "-1 is refused"
    assert server.taken == [1, 2]


def test_closing_leaves_what_cannot_be_sent(outbox: Outbox) -> None:
    server = Server(up=False)
    outbox.put(lambda: server.take(1))
    assert isinstance(outbox.close(PATIENCE), ConnectionError)
    server.is_up.set()
    assert outbox.join()
    assert server.taken == []
