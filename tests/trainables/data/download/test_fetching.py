import errno
import gzip
import json
import socket
from pathlib import Path

import numpy as np
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainables.data.download.fetching import BrokenOffError, FetchError, Patience, failure, fetch, persevere

CONTENT = np.random.default_rng(0).bytes(200_000)
OTHER = np.random.default_rng(1).bytes(200_000)
HASTE = Patience(connect_seconds=5, stall_seconds=0.1, num_attempts=3, pause_seconds=0.001)
ONCE = Patience(connect_seconds=5, stall_seconds=0.1, num_attempts=1, pause_seconds=0)


def ignore(received: int, total: int | None) -> None:
    """No interest in progress."""


@pytest.fixture
def part(tmp_path) -> Path:
    return tmp_path / "file.part"


def test_a_file_is_fetched_whole_and_its_progress_is_told(server, answer, part):
    server.answers["/file"] = [answer(content=CONTENT)]
    told = []
    fetch(f"{server.url}/file", part, HASTE, lambda received, total: told.append((received, total)))
    assert part.read_bytes() == CONTENT
    received, totals = zip(*told, strict=True)
    assert list(received) == sorted(set(received))
    assert (received[0], received[-1]) == (0, len(CONTENT))
    assert set(totals) == {len(CONTENT)}
    assert server.ranges == [(None, None)]


@pytest.mark.parametrize("trouble", [{"stop_after": 150_000}, {"stall_after": 150_000}])
def test_a_transfer_that_breaks_off_or_stalls_goes_on(server, answer, part, trouble):
    server.answers["/file"] = [answer(content=CONTENT, **trouble), answer(content=CONTENT)]
    fetch(f"{server.url}/file", part, HASTE, ignore)
    assert part.read_bytes() == CONTENT
    assert not server.outwaited
    first, second = server.ranges
    assert first == (None, None)
    asked_from = int(second[0].removeprefix("bytes=").removesuffix("-"))
    assert 0 < asked_from <= 150_000
    assert second[1] == '"1"'


def test_a_later_call_goes_on_with_what_an_earlier_one_has_left(server, answer, part):
    server.answers["/file"] = [answer(content=CONTENT, stop_after=150_000), answer(content=CONTENT)]
    with pytest.raises(FetchError, match="broke off"):
        fetch(f"{server.url}/file", part, ONCE, ignore)
    kept = part.stat().st_size
    assert part.read_bytes() == CONTENT[:kept]
    told = []
    fetch(f"{server.url}/file", part, ONCE, lambda received, total: told.append((received, total)))
    assert part.read_bytes() == CONTENT
    assert told[0] == (kept, len(CONTENT))
    assert server.ranges[1] == (f"bytes={kept}-", '"1"')


def test_a_server_without_ranges_gives_it_from_the_start(server, answer, part):
    server.answers["/file"] = [
        answer(content=CONTENT, stop_after=150_000),
        answer(content=CONTENT, ranges=False),
    ]
    fetch(f"{server.url}/file", part, HASTE, ignore)
    assert server.ranges[1][0] is not None
    assert part.read_bytes() == CONTENT


def test_halves_of_two_contents_are_never_put_together(server, answer, part):
    server.answers["/file"] = [answer(content=CONTENT, stop_after=150_000), answer(content=OTHER, tag='"2"')]
    fetch(f"{server.url}/file", part, HASTE, ignore)
    assert part.read_bytes() == OTHER


@pytest.mark.parametrize(
    ("tag", "date", "name"),
    [
        ('"1"', "Mon, 01 Jan 2024 00:00:00 GMT", '"1"'),
        ('W/"1"', "Mon, 01 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 GMT"),
        (None, "Mon, 01 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ('W/"1"', None, None),  # a weak tag may stay while bytes change
        (None, None, None),
    ],
)
def test_it_goes_on_only_with_what_the_server_can_name(server, answer, part, tag, date, name):
    headers = {} if date is None else {"Last-Modified": date}
    server.answers["/file"] = [
        answer(content=CONTENT, tag=tag, headers=headers, stop_after=150_000),
        answer(content=CONTENT, tag=tag, headers=headers),
    ]
    fetch(f"{server.url}/file", part, HASTE, ignore)
    assert part.read_bytes() == CONTENT
    asked, named = server.ranges[1]
    assert (asked is None) == (name is None)
    assert named == name


def test_what_another_address_has_given_is_not_gone_on_with(server, answer, part):
    server.answers |= {"/a": [answer(content=OTHER, stop_after=150_000)], "/b": [answer(content=CONTENT)]}
    with pytest.raises(FetchError):
        fetch(f"{server.url}/a", part, ONCE, ignore)
    fetch(f"{server.url}/b", part, ONCE, ignore)
    assert server.ranges == [(None, None), (None, None)]
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("note", ["", "{", '{"url"'])
def test_without_a_whole_note_of_it_a_part_is_not_gone_on_with(server, answer, part, note):
    server.answers["/file"] = [answer(content=CONTENT)]
    part.write_bytes(OTHER[:1000])
    part.with_name("file.part.json").write_text(note)
    fetch(f"{server.url}/file", part, ONCE, ignore)
    assert server.ranges == [(None, None)]
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ({"stop_after": 0}, "broke off"),
        ({"stall_after": 0}, "stalled"),
        ({"headers": {"Content-Length": "300000"}}, "broke off"),  # more than it has
        ({"status": 503}, "answers 503"),
    ],
)
def test_a_server_that_never_does_better_is_given_up(server, answer, part, trouble, message):
    server.answers["/file"] = [answer(content=CONTENT, ranges=False, **trouble)]
    with pytest.raises(FetchError, match=rf"{message}.*; gave up after 3 attempts"):
        fetch(f"{server.url}/file", part, HASTE, ignore)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_trouble_that_passes_is_waited_for(server, answer, part, status):
    server.answers["/file"] = [answer(status=status), answer(content=CONTENT)]
    fetch(f"{server.url}/file", part, HASTE, ignore)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_final(server, answer, part, status):
    server.answers["/file"] = [answer(status=status), answer(content=CONTENT)]
    with pytest.raises(FetchError, match=f"answers {status}"):
        fetch(f"{server.url}/file", part, HASTE, ignore)
    assert len(server.requests) == 1
    assert not part.exists()


@pytest.mark.parametrize("described", ["bytes 7-199999/200000", "bytes */200000", "bytes x", ""])
def test_another_range_than_was_asked_for_is_not_taken(server, answer, part, described):
    server.answers["/file"] = [
        answer(content=CONTENT, stop_after=150_000),
        answer(content=OTHER, status=206, ranges=False, headers={"Content-Range": described}),
        answer(content=CONTENT),
    ]
    fetch(f"{server.url}/file", part, HASTE, ignore)
    assert part.read_bytes() == CONTENT
    assert server.ranges[2] == (None, None)


def test_a_range_that_ends_too_early_is_gone_on_with(server, answer, part):
    """The server says that it gives all the rest, and its length is that of what it sends."""
    server.answers["/file"] = [
        answer(content=CONTENT, stop_after=131_072),  # chunks of 65,536: all of it arrives
        answer(
            content=CONTENT[131_072:140_000],
            status=206,
            ranges=False,
            headers={"Content-Range": "bytes 131072-199999/200000"},
        ),
        answer(content=CONTENT),
    ]
    fetch(f"{server.url}/file", part, HASTE, ignore)
    assert server.ranges[1:] == [("bytes=131072-", '"1"'), ("bytes=140000-", '"1"')]
    assert part.read_bytes() == CONTENT


def stored_before(part: Path, url: str, content: bytes) -> None:
    """Leave what a transfer leaves that was killed."""
    part.write_bytes(content)
    part.with_name(f"{part.name}.json").write_text(json.dumps({"url": url, "name": '"1"'}))


def test_a_part_that_is_all_is_left_as_it_is(server, answer, part):
    server.answers["/file"] = [answer(content=CONTENT)]
    stored_before(part, f"{server.url}/file", CONTENT)
    fetch(f"{server.url}/file", part, ONCE, ignore)
    assert server.ranges == [("bytes=200000-", '"1"')]
    assert part.read_bytes() == CONTENT


def test_a_part_that_is_more_than_all_is_fetched_anew(server, answer, part):
    server.answers["/file"] = [answer(content=CONTENT)]
    stored_before(part, f"{server.url}/file", CONTENT + b"more")
    fetch(f"{server.url}/file", part, HASTE, ignore)
    assert server.ranges == [("bytes=200004-", '"1"'), (None, None)]
    assert part.read_bytes() == CONTENT


def test_what_the_server_packs_for_the_way_is_unpacked_and_never_gone_on_with(server, answer, part):
    packed = gzip.compress(CONTENT)
    coding = {"Content-Encoding": "gzip"}
    server.answers["/file"] = [
        answer(content=packed, headers=coding, stop_after=150_000),
        answer(content=packed, headers=coding),
    ]
    fetch(f"{server.url}/file", part, HASTE, ignore)
    assert part.read_bytes() == CONTENT
    assert server.ranges == [(None, None), (None, None)]
    assert all(headers["Accept-Encoding"] == "identity" for _, headers in server.requests)


def test_a_server_that_is_not_there_is_given_up_at_once(part):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    patience = Patience(connect_seconds=5, pause_seconds=3600)
    with pytest.raises(FetchError, match=r"cannot be reached \(Connection refused\)"):
        fetch(f"http://127.0.0.1:{port}/file", part, patience, ignore)
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get(f"http://127.0.0.1:{port}/file", timeout=5)
    assert not isinstance(failure(caught.value, is_first=True), BrokenOffError)
    assert isinstance(failure(caught.value, is_first=False), BrokenOffError)  # it was there a moment ago


def test_pauses_double(monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)

    def attempt(is_first: bool) -> None:
        assert is_first == (not pauses)
        raise BrokenOffError("no")

    with pytest.raises(FetchError, match="no; gave up after 5 attempts"):
        persevere(attempt, Patience(num_attempts=5, pause_seconds=0.5))
    assert pauses == [0.5, 1, 2, 4]


def test_a_full_disk_is_an_error_of_the_disk_and_not_tried_again(server, answer, part):
    server.answers["/file"] = [answer(content=CONTENT)]
    part.symlink_to("/dev/full")
    with pytest.raises(OSError) as caught:
        fetch(f"{server.url}/file", part, HASTE, ignore)
    assert caught.value.errno == errno.ENOSPC
    assert len(server.requests) == 1


# Bytes before each break; a handful of requests an example. The server is one for all examples.
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    breaks=st.lists(st.tuples(st.integers(0, 200_000), st.booleans()), max_size=5),
    seed=st.integers(0, 3),
)
def test_however_it_breaks_off_the_file_is_the_servers(server, answer, tmp_path_factory, breaks, seed):
    part = tmp_path_factory.mktemp("broken") / "part"
    content = np.random.default_rng(seed).bytes(200_000)
    server.answers["/file"] = [
        *(answer(content=content, stop_after=size, ranges=ranges) for size, ranges in breaks),
        answer(content=content),
    ]
    fetch(f"{server.url}/file", part, Patience(num_attempts=6, pause_seconds=0), ignore)
    assert part.read_bytes() == content
