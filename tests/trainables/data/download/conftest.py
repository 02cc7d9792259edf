"""Servers that do not do as they should, and an internet of our own."""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server does at one request.

    `tag` is the content's ETag; without `ranges` it is given whole whatever is asked. After `stop_after` bytes of the
    body the connection is closed; after `stall_after` bytes nothing more comes. `headers` replace the true ones; None
    leaves one out. `before` is called first.
    """

    content: bytes = b""
    status: int = 200
    tag: str | None = '"1"'
    ranges: bool = True
    stop_after: int | None = None
    stall_after: int | None = None
    headers: dict[str, str | None] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None


class LocalServer(ThreadingHTTPServer):
    """A real server on this machine: answers by path, one after another, of which the last one stays.

    As a proxy it stands for all of the internet: a request that comes through it has its whole URL for a path.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tls = tls
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.ended = threading.Event()
        self.outwaited = False  # whether a client waited for longer than the server stalled

    @property
    def url(self) -> str:
        """The root's address."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def ranges(self) -> list[tuple[str | None, str | None]]:
        """Range and If-Range of each request so far."""
        return [(headers.get("Range"), headers.get("If-Range")) for _, headers in self.requests]

    def next_answer(self, path: str) -> Answer:
        answers = self.answers.get(path, [Answer(status=404)])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are meant to."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LocalServer

    def do_CONNECT(self) -> None:
        """Be the host that is asked for, as a TLS server."""
        assert self.server.tls
        self.send_response(200)
        self.end_headers()
        self.host = self.path.removesuffix(":443")
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        path = f"https://{self.host}{self.path}" if hasattr(self, "host") else self.path
        self.server.requests.append((path, dict(self.headers)))
        answer = self.server.next_answer(path)
        answer.before()
        self.close_connection = True
        body, headers = answer.content, {"Connection": "close"}
        status = answer.status
        if answer.tag is not None:
            headers["ETag"] = answer.tag
        start = self._start(answer)
        if start is not None and status == 200:
            status, body = (206, body[start:]) if start < len(body) else (416, b"")
            size = len(answer.content)
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}" if body else f"bytes */{size}"
        headers["Content-Length"] = str(len(body))
        self.send_response(status)
        for name, value in (headers | answer.headers).items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if answer.stall_after is not None:
            self.wfile.write(body[: answer.stall_after])
            self.server.outwaited |= not self.server.ended.wait(timeout=30)
        else:
            self.wfile.write(body if answer.stop_after is None else body[: answer.stop_after])

    def _start(self, answer: Answer) -> int | None:
        """First byte that is asked for, None where all of the content is to be given."""
        if not answer.ranges or "Range" not in self.headers:
            return None
        current = {answer.tag, answer.headers.get("Last-Modified"), answer.headers.get("ETag")}
        if self.headers.get("If-Range", answer.tag) not in current:
            return None
        return int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def _running(server: LocalServer) -> Iterator[LocalServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A plain HTTP server."""
    yield from _running(LocalServer())


HOSTS = (
    "ossci-datasets.s3.amazonaws.com",
    "storage.googleapis.com",
    "github.com",
    "codeload.github.com",
    "drive.google.com",
    "drive.usercontent.google.com",
)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate of an authority of our own, and key and certificate that it has given to all `HOSTS`."""
    folder = tmp_path_factory.mktemp("authority")
    now = datetime.datetime.now(datetime.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in ("authority", "hosts")]

    def certificate(index: int, *extensions: tuple[x509.ExtensionType, bool]) -> bytes:
        builder = x509.CertificateBuilder(names[0], names[index], keys[index].public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
            now + datetime.timedelta(days=1)
        )
        for extension, is_critical in (
            (x509.SubjectKeyIdentifier.from_public_key(keys[index].public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), False),
            *extensions,
        ):
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    signing = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    (folder / "authority.pem").write_bytes(certificate(0, (x509.BasicConstraints(True, None), True), (signing, True)))
    key = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    alternatives = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    (folder / "hosts.pem").write_bytes(key + certificate(1, (alternatives, False)))
    return folder / "authority.pem", folder / "hosts.pem"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Send all that goes to other machines through a proxy."""

    def send(url: str) -> None:
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, url)

    return send


@pytest.fixture
def internet(
    authority: tuple[Path, Path], proxy: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalServer]:
    """All that there is of the world: real TLS to the true names of the hosts, on this machine."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority[1])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority[0]))
    for running in _running(LocalServer(tls)):
        proxy(running.url)
        yield running


@pytest.fixture
def no_network(proxy: Callable[[str], None]) -> None:
    """No machine can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    proxy(f"http://127.0.0.1:{port}")
