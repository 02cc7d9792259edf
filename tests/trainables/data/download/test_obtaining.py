import hashlib
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from trainables.config import Refused
from trainables.data.content import content_of
from trainables.data.download.digests import pickle_digest
from trainables.data.download.fetching import FetchError, Patience
from trainables.data.download.obtaining import obtain, record_path
from trainables.data.download.sources import RawFile

CONTENT = pickle.dumps({"train": np.arange(30_000.0)})
OTHER = pickle.dumps({"train": np.arange(30_000.0) + 1})
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HASTE = Patience(connect_seconds=5, stall_seconds=0.1, num_attempts=2, pause_seconds=0)


def described(server, sha256: str | None = SHA256, digest=content_of) -> RawFile:
    """A file on two mirrors, which may also lie there under another name."""
    return RawFile(
        paths=("set/unpacked", "set/data.pkl"),
        sources=(f"{server.url}/a", f"{server.url}/b"),
        digest=digest,
        sha256=sha256,
    )


class Folder:
    """A data folder, and what is said while a file is fetched into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "set/data.pkl"
        self.said: list[str] = []

    def obtain(self, file: RawFile):
        return obtain(file, self.path, HASTE, lambda received, total: None, self.said.append)

    @property
    def names(self) -> set[str]:
        """What lies beside the file, the lock left out."""
        return {path.name for path in self.file.parent.iterdir()} - {".download.lock"}


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path)


def test_a_file_comes_under_its_name_with_nothing_beside_it(server, answer, folder):
    server.answers["/a"] = [answer(content=CONTENT, stop_after=100_000), answer(content=CONTENT)]
    obtained = folder.obtain(described(server))
    assert (obtained.path, obtained.sha256) == (folder.file, SHA256)
    assert obtained.is_new and obtained.is_compared
    assert folder.file.read_bytes() == CONTENT
    assert folder.names == {"data.pkl"}
    assert folder.said == []


@pytest.mark.parametrize("name", ["unpacked", "data.pkl"])
def test_what_is_there_in_either_form_is_left_alone(server, folder, name):
    path = folder.path / "set" / name
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    obtained = folder.obtain(described(server))
    assert (obtained.path, obtained.is_new, obtained.is_compared) == (path, False, True)
    assert server.requests == []


def test_another_file_of_its_name_is_not_touched(server, answer, folder):
    server.answers["/a"] = [answer(content=CONTENT)]
    folder.file.parent.mkdir()
    folder.file.write_bytes(OTHER)
    with pytest.raises(Refused, match=rf"data\.pkl is there, but not right; move it away .* {SHA256}, found"):
        folder.obtain(described(server))
    assert folder.file.read_bytes() == OTHER
    assert server.requests == []


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"status": 404}, "answers 404"),
        ({"content": OTHER}, f"expected the SHA-256 {SHA256}, found {hashlib.sha256(OTHER).hexdigest()}"),
        ({"content": CONTENT, "headers": {"Content-Length": "1000"}}, f"expected the SHA-256 {SHA256}, found"),
        ({"content": b"<html><title>Sign in</title></html>"}, "found an HTML page called 'Sign in'"),
        ({"content": CONTENT, "stop_after": 100_000}, "gave up after 2 attempts"),
        ({"content": CONTENT, "stall_after": 100_000}, "stalled; gave up after 2 attempts"),
    ],
)
def test_the_next_mirror_is_asked_where_one_does_not_give_it(server, answer, folder, trouble, said):
    trouble = {"ranges": False} | trouble
    server.answers |= {"/a": [answer(**trouble)], "/b": [answer(content=CONTENT)]}
    assert folder.obtain(described(server)).is_new
    assert folder.file.read_bytes() == CONTENT
    assert folder.names == {"data.pkl"}
    assert len(folder.said) == 1
    assert folder.said[0].startswith(f"{server.url}/a: ")
    assert said in folder.said[0]


def test_where_no_mirror_gives_it_nothing_is_left_and_each_has_its_say(server, answer, folder):
    server.answers |= {"/a": [answer(content=OTHER)], "/b": [answer(status=403)]}
    with pytest.raises(FetchError) as caught:
        folder.obtain(described(server))
    first, second = str(caught.value).splitlines()
    assert f"expected the SHA-256 {SHA256}, found {hashlib.sha256(OTHER).hexdigest()}" in first
    assert "answers 403" in second
    assert folder.names == set()


def test_what_has_arrived_of_a_file_is_kept_for_the_next_time(server, answer, folder):
    server.answers |= {"/b": [answer(content=CONTENT, stop_after=100_000)]}
    with pytest.raises(FetchError):
        folder.obtain(described(server))
    assert folder.names == {"data.pkl.part", "data.pkl.part.json"}


@pytest.mark.parametrize("content", [CONTENT[:-1], b"no pickle", b""])
def test_without_a_published_digest_what_cannot_be_the_file_is_refused_all_the_same(server, answer, folder, content):
    server.answers |= {"/a": [answer(content=content)], "/b": [answer(content=CONTENT)]}
    folder.obtain(described(server, sha256=None, digest=pickle_digest))
    assert "a whole pickle" in folder.said[0] or "cut short" in folder.said[0]
    assert folder.file.read_bytes() == CONTENT


def test_without_a_published_digest_the_first_one_found_counts(server, answer, folder):
    file = described(server, sha256=None)
    server.answers["/a"] = [answer(content=CONTENT)]
    first = folder.obtain(file)
    assert (first.sha256, first.is_compared) == (SHA256, False)
    assert record_path(folder.file).read_text() == f"{SHA256}  data.pkl\n"
    assert folder.obtain(file).is_compared
    folder.file.unlink()
    assert folder.obtain(file).is_compared  # fetched again, and compared
    folder.file.write_bytes(OTHER)
    with pytest.raises(Refused, match=f"expected the SHA-256 {SHA256}"):
        folder.obtain(file)
    folder.file.unlink()
    server.answers["/a"] = [answer(content=OTHER)]
    with pytest.raises(FetchError, match=f"expected the SHA-256 {SHA256}"):
        folder.obtain(file)
    assert folder.names == {"data.pkl.sha256"}


def test_a_digest_beside_the_file_that_is_none_is_refused(server, folder):
    folder.file.parent.mkdir()
    record_path(folder.file).write_text("unknown\n")
    with pytest.raises(Refused, match=r"data\.pkl\.sha256: expected a SHA-256, found 'unknown"):
        folder.obtain(described(server, sha256=None))


def test_a_file_placed_by_hand_is_checked_and_not_vouched_for(server, folder):
    folder.file.parent.mkdir()
    folder.file.write_bytes(CONTENT)
    obtained = folder.obtain(described(server, sha256=None, digest=pickle_digest))
    assert (obtained.sha256, obtained.is_compared, obtained.is_new) == (SHA256, False, False)
    folder.file.write_bytes(b"<html><title>Sign in</title>")
    with pytest.raises(Refused, match="found an HTML page called 'Sign in'"):
        folder.obtain(described(server, sha256=None, digest=pickle_digest))


def test_one_of_many_fetches_and_the_others_wait_for_it(server, answer, tmp_path):
    """Each thread has a lock of its own on the same file, as processes have."""
    num_others = 3
    all_wait = threading.Semaphore(0)

    def until_all_wait() -> None:
        for _ in range(num_others):
            assert all_wait.acquire(timeout=30)

    server.answers["/a"] = [answer(content=CONTENT, before=until_all_wait)]

    def fetched(_: int):
        return obtain(
            described(server),
            tmp_path,
            Patience(pause_seconds=0),
            lambda received, total: None,
            lambda text: all_wait.release(),
        )

    with ThreadPoolExecutor(num_others + 1) as pool:
        obtained = list(pool.map(fetched, range(num_others + 1)))
    assert len(server.requests) == 1
    assert sorted(one.is_new for one in obtained) == [False] * num_others + [True]
    assert {one.sha256 for one in obtained} == {SHA256}


def test_a_full_disk_is_said_with_the_file_that_was_too_much(server, answer, folder):
    server.answers["/a"] = [answer(content=CONTENT)]
    folder.file.parent.mkdir()
    (folder.path / "set/data.pkl.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"No space left on device: .*set/data\.pkl\.part"):
        folder.obtain(described(server))
    assert not folder.file.exists()


def test_what_is_no_error_of_the_system_keeps_its_words(folder, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder.path / "absent.pem"))
    file = RawFile(paths=("set/data.pkl",), sources=("https://127.0.0.1/",), digest=content_of, sha256=SHA256)
    with pytest.raises(OSError, match=r"TLS CA certificate bundle.*absent\.pem"):
        folder.obtain(file)
