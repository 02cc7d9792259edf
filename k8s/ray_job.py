"""A chosen study as a RayJob: the kustomize base and components, with the study's name, command and size."""

import copy
from pathlib import Path
from typing import Any

import yaml

from k8s.arguments import as_arguments, entrypoint
from k8s.chosen import Chosen
from k8s.json_patch import patched
from k8s.names import LONGEST_JOB_NAME, dns_label, job_name
from k8s.rules import ray_job_faults
from k8s.size import Size
from trainables.config import Refused

FOLDER = Path(__file__).parent
CODE = "/opt/align-or-not"
IMAGE, PULL_SECRET = "align-or-not", "registry"

Manifest = dict[str, Any]


def ray_cluster(components: tuple[str, ...]) -> Manifest:
    """The RayCluster of base/cluster as the components of these names change it."""
    cluster = _read(FOLDER / "base/cluster/raycluster.yaml")
    for component in components:
        cluster = patched(cluster, _read(FOLDER / "components" / component / "raycluster.yaml"))
    return cluster


def ray_job(
    chosen: Chosen,
    size: Size,
    *,
    image: str,
    pull_secret: str,
    volumes: bool,
    queue: str | None,
    hours: float,
    retries: int,
) -> Manifest:
    """The RayJob of a study. Raises Refused for what the operator would refuse."""
    components = ("gpu",) if size.gpus else ()
    components += ("storage-pvc",) if volumes else ("storage-s3",)
    components += () if queue is None else ("kueue",)
    job = copy.deepcopy(_read(FOLDER / "components/study/rayjob.yaml"))
    spec = job["spec"]
    spec["rayClusterSpec"] = ray_cluster(components)["spec"]
    _name(job, chosen, queue)
    _resize(spec["rayClusterSpec"]["workerGroupSpecs"][0], size)
    spec["entrypoint"] = entrypoint(
        ["python", f"{CODE}/studies/{chosen.script}.py", *as_arguments(chosen.options)],
    )
    spec["backoffLimit"] = retries
    spec["activeDeadlineSeconds"] = round(hours * 3600)
    spec["preRunningDeadlineSeconds"] = min(spec["preRunningDeadlineSeconds"], spec["activeDeadlineSeconds"])
    if queue is not None:
        del spec["preRunningDeadlineSeconds"]  # how long it waits is the queue's business
    _replace(job, "image", IMAGE, image)
    _replace(job, "imagePullSecrets", [{"name": PULL_SECRET}], [{"name": pull_secret}])
    if faults := ray_job_faults(job):
        raise Refused("the operator would refuse this job: " + "; ".join(faults))
    return job


def _name(job: Manifest, chosen: Chosen, queue: str | None) -> None:
    labels = {"align-or-not/study": dns_label(chosen.name, LONGEST_JOB_NAME), "align-or-not/identity": chosen.identity}
    metadata = job["metadata"]
    metadata["name"] = job_name(chosen.name, chosen.identity)
    metadata["labels"] = {"app.kubernetes.io/part-of": IMAGE, **labels}
    if queue is not None:
        metadata["labels"]["kueue.x-k8s.io/queue-name"] = queue
    metadata["annotations"] = {
        "align-or-not/question": " ".join(study.question for study in chosen.studies),
        "align-or-not/identities": " ".join(f"{study.name}={study.identity}" for study in chosen.studies),
    }
    cluster = job["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        group["template"]["metadata"]["labels"] |= labels


def _resize(group: Manifest, size: Size) -> None:
    """All workers from the start to the end, as a study counts its slots when it begins.

    Where machines arrive minutes apart, the autoscaler would take a worker that waits for the others as idle.
    """
    group["replicas"] = group["minReplicas"] = group["maxReplicas"] = size.workers
    resources = group["template"]["spec"]["containers"][0]["resources"]
    for amounts in (resources["requests"], resources["limits"]):
        amounts |= {"cpu": str(size.cpus), "memory": f"{size.memory}Gi"}
        if size.gpus:
            amounts["nvidia.com/gpu"] = str(size.gpus)
    for volume in group["template"]["spec"]["volumes"]:
        if volume["name"] == "shared-memory":
            volume["emptyDir"]["sizeLimit"] = f"{size.shared_memory}Gi"


def _replace(node: Any, field: str, default: Any, value: Any) -> None:
    """Put a value in the place of its default, wherever a pod or a container has that."""
    if isinstance(node, dict):
        if node.get(field) == default:
            node[field] = value
        for child in node.values():
            _replace(child, field, default, value)
    elif isinstance(node, list):
        for child in node:
            _replace(child, field, default, value)


def as_yaml(job: Manifest) -> str:
    """The job as one YAML document."""
    return yaml.safe_dump(job, sort_keys=False, allow_unicode=True, width=120)


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
