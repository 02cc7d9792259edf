"""What the tests of the manifests share: a kubectl to build overlays with, what it builds, and KubeRay's schemas."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

from k8s.job import plan
from tests.k8s.pods import Pod, pods

Documents = list[dict[str, Any]]
Build = Callable[[Path], Documents]

OVERLAYS = ("platform", "cpu-rehearsal", "gpu", "interactive", "fill-data", "cilium")

# Combinations that no overlay of ours has, built in a copy: name, what it stands on, and its components in order.
VARIANTS = {
    "volumes": (["../platform", "../../base/cluster"], ["gpu", "storage-pvc", "study"]),
    "queued": (["../platform", "../../base/cluster"], ["gpu", "storage-s3", "kueue", "study"]),
    "own-store": (
        ["../../base/platform", "../../base/mlflow", "../../base/cluster"],
        ["external-object-store", "storage-s3", "study"],
    ),
}


NAMES = (*OVERLAYS, *VARIANTS)

JOBS = (
    ["mosei_va", "--gpus", "8", "--gpus-per-trial", "0.25"],
    ["synthetic", "--workers", "2", "--quick"],
    ["mosei_va", "--rehearse", "--volumes"],
    ["paper", "--gpus", "4", "--gpus-per-worker", "4", "--queue", "studies"],
)


def of_kind(documents: Iterable[dict[str, Any]], *kinds: str) -> Documents:
    """The manifests of these kinds."""
    return [document for document in documents if document["kind"] in kinds]


@pytest.fixture(scope="session")
def build() -> Build:
    """Builds a kustomization; its users are skipped where there is no kubectl, unless a folder is said to hold one."""
    folder = os.environ.get("KUBECTL_FOLDER")
    kubectl = f"{folder}/kubectl" if folder else shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl on the path; `export KUBECTL_FOLDER=$(bash .ci/fetch-kubectl)` fetches one")

    def kustomize(folder: Path) -> Documents:
        built = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr
        return [document for document in yaml.safe_load_all(built.stdout) if document]

    return kustomize


@pytest.fixture(scope="session")
def builds(build: Build, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Documents]:
    """All overlays and variants, by name."""
    copy = tmp_path_factory.mktemp("k8s") / "k8s"
    for part in ("base", "components", "overlays"):
        shutil.copytree(repository / "k8s" / part, copy / part)
    for name, (resources, components) in VARIANTS.items():
        variant = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": resources,
            "components": [f"../../components/{component}" for component in components],
            "images": [{"name": "align-or-not", "newTag": "0.2.0"}],
        }
        (copy / "overlays" / name).mkdir()
        (copy / "overlays" / name / "kustomization.yaml").write_text(yaml.safe_dump(variant))
    return {name: build(copy / "overlays" / name) for name in NAMES}


@pytest.fixture(scope="session")
def kuberay(repository: Path) -> Mapping[str, Validator]:
    """Validators of KubeRay's kinds, by kind; their users are skipped where the schemas are missing."""
    folder = repository.parent / "shared" / "schemas"
    if not folder.is_dir():
        pytest.skip(f"KubeRay's schemas are not at {folder}")
    texts = {kind: (folder / f"{kind.lower()}-ray-v1.schema.json").read_text() for kind in ("RayJob", "RayCluster")}
    schemas = {kind: json.loads(text) for kind, text in texts.items()}
    return {kind: validator_for(schema)(schema) for kind, schema in schemas.items()}


@pytest.fixture(scope="session")
def jobs() -> Documents:
    """What the generator makes of `JOBS`."""
    return [plan(arguments)[0] for arguments in JOBS]


@pytest.fixture(scope="session")
def all_pods(builds: Mapping[str, Documents], jobs: Documents) -> list[Pod]:
    """Every pod of every build, and of the generated jobs."""
    return pods([*(document for name in NAMES for document in builds[name]), *jobs])
