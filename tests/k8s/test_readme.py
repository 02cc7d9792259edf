"""What k8s/README.md tells people to type does what it says, as far as that can be seen without a cluster."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from k8s.job import plan
from k8s.names import job_name
from studies import mosei_va
from tests.k8s.conftest import Documents
from tests.k8s.pods import Pod, pods

README = (Path(__file__).parents[2] / "k8s/README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.strip() for line in README.replace("\\\n", " ").splitlines() if line.startswith("    ") and line.strip()
]


def commands(start: str) -> list[str]:
    return [command for command in COMMANDS if command.startswith(start)]


@pytest.mark.parametrize("command", commands("python -m k8s.job"))
def test_a_job_of_the_readme_is_made(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    features = {name: np.eye(90, 4) for name in ("text", "audio")}
    np.savez("features.npz", label=np.arange(90) % 2, **features)
    make, apply = command.split(" | ")
    assert apply == "kubectl apply -f -"
    assert plan(shlex.split(make)[3:])[0]["kind"] == "RayJob"


def test_the_name_of_a_job_in_the_text_is_that_of_the_study_as_it_is_declared() -> None:
    assert set(re.findall(r"`(mosei-va-[0-9a-f]{12})`", README)) == {job_name("mosei_va", mosei_va.STUDY.identity)}


def test_every_job_that_stands_in_the_way_of_another_image_is_taken_out(builds: Mapping[str, Documents]) -> None:
    there = {document["metadata"]["name"] for document in builds["platform"] if document["kind"] == "Job"}
    (command,) = commands("kubectl -n align-or-not delete job ")
    assert set(command.split()[5:]) == there | {"--ignore-not-found"}


def test_every_folder_and_file_that_is_applied_is_there(repository: Path) -> None:
    applied = [
        path for command in COMMANDS for path in re.findall(r"kubectl (?:apply|create|delete) -[kf] (k8s/\S+)", command)
    ]
    assert len(applied) >= 5 and [path for path in applied if not (repository / path).exists()] == []


def test_the_map_shows_what_is_there(repository: Path) -> None:
    shown = {
        name for line in README.split("```")[1].splitlines() for name in re.findall(r"[\w./-]+", line.split("  ")[0])
    }
    assert len(shown) > 10 and [name for name in shown if not (repository / "k8s" / name).exists()] == []
    for folder in ("components", "overlays"):
        (line,) = re.findall(rf"^{folder}/ +(.*)$", README, re.MULTILINE)
        assert set(line.split(" · ")) == {path.name for path in (repository / "k8s" / folder).iterdir()}


def data_mount(pod: Pod) -> tuple[str, str, bool]:
    """The claim of the volume `data` in a pod, where its first container has it, and whether that may only read."""
    (volume,) = [volume for volume in pod.spec["volumes"] if volume["name"] == "data"]
    (mount,) = [mount for mount in pod.spec["containers"][0]["volumeMounts"] if mount["name"] == "data"]
    return volume["persistentVolumeClaim"]["claimName"], mount["mountPath"], mount.get("readOnly", False)


def test_the_claim_that_is_filled_by_hand_is_the_one_that_jobs_read(builds: Mapping[str, Documents]) -> None:
    (document,) = builds["fill-data"]
    (filler,) = pods([document])
    claim, folder, only_reads = data_mount(filler)
    ray = [pod for pod in pods([plan(["mosei_va", "--volumes"])[0]]) if pod.role in ("ray-head", "ray-worker")]
    assert not only_reads and [data_mount(pod) for pod in ray] == [(claim, folder, True)] * 2
    metadata = document["metadata"]
    (copy,) = commands("kubectl cp")
    assert copy == f"kubectl cp data/. {metadata['namespace']}/{metadata['name']}:{folder}"
    assert f"kubectl -n {metadata['namespace']} delete pod {metadata['name']}" in COMMANDS


def test_labels_that_are_asked_for_are_on_some_pod_or_job(builds: Mapping[str, Documents]) -> None:
    job, _, _ = plan(["mosei_va"])
    labels = set(job["metadata"]["labels"].items()) | {("ray.io/cluster", "interactive")}
    labels |= {pair for pod in pods([*builds["gpu"], job]) for pair in pod.labels.items()}
    asked = {
        tuple(pair.split("="))
        for command in COMMANDS
        for part in re.findall(r" -l (\S+)", command)
        for pair in part.split(",")
    }
    assert asked and asked <= labels


def test_figures_of_the_text_are_those_of_the_manifests(builds: Mapping[str, Documents]) -> None:
    (head,) = [pod for pod in pods(builds["interactive"]) if pod.role == "ray-head"]
    assert re.findall(r"grace of (\d+) s", README) == [str(head.spec["terminationGracePeriodSeconds"])] * 2
    servers = [pod for pod in pods(builds["platform"]) if pod.role in ("mlflow", "postgres", "object-store")]
    requests = [pod.spec["containers"][0]["resources"]["requests"] for pod in servers]
    cpus = sum(float(request["cpu"].removesuffix("m")) / 1000 for request in requests)
    memory = sum(
        float(request["memory"][:-2]) / (1 if request["memory"].endswith("Gi") else 1024) for request in requests
    )
    assert f"{cpus:g} CPU and {memory:g} GiB when it rests" in README
    (quota,) = [document for document in builds["platform"] if document["kind"] == "ResourceQuota"]
    hard = quota["spec"]["hard"]
    assert (
        f"{hard['requests.nvidia.com/gpu']} GPUs, {hard['requests.cpu']} CPUs, {hard['requests.memory'][0]} TiB"
        in README
    )
