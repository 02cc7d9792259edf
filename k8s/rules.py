"""What the KubeRay operator (v1.7.0) refuses beyond its schemas, so that it is refused before it is applied.

Source: the operator's own validation, and its documentation of token authentication.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from k8s.names import LONGEST_JOB_NAME

LONGEST_CLUSTER_NAME = 53
SUBMISSION_MODES = ("K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode")
_OLDEST_WITH_TOKENS = (2, 52, 0)
_RESOURCE_PARAMETERS = {"num-cpus", "num-gpus", "memory", "resources"}

Manifest = Mapping[str, Any]


def ray_job_faults(job: Manifest) -> list[str]:
    """Why the operator would refuse a RayJob; empty where it would not."""
    return [
        *_name_faults("RayJob", job, LONGEST_JOB_NAME),
        *_ending_faults(job["spec"]),
        *_submission_faults(job["spec"]),
        *(_cluster_spec_faults(job["spec"]["rayClusterSpec"]) if "rayClusterSpec" in job["spec"] else ()),
    ]


def ray_cluster_faults(cluster: Manifest) -> list[str]:
    """Why the operator would refuse a RayCluster; empty where it would not."""
    return [*_name_faults("RayCluster", cluster, LONGEST_CLUSTER_NAME), *_cluster_spec_faults(cluster["spec"])]


def _name_faults(kind: str, manifest: Manifest, longest: int) -> Iterator[str]:
    name = manifest["metadata"]["name"]
    if len(name) > longest:
        yield f"a {kind}'s name has at most {longest} characters, {name!r} has {len(name)}"
    if not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name):
        yield f"a {kind}'s name is a DNS-1035 label, got {name!r}"


def _ending_faults(spec: Manifest) -> Iterator[str]:
    """Faults in what happens when a job has ended."""
    shuts_down = spec.get("shutdownAfterJobFinishes", False)
    if spec.get("ttlSecondsAfterFinished", 0) > 0 and not shuts_down:
        yield "ttlSecondsAfterFinished needs shutdownAfterJobFinishes"
    if spec.get("ttlSecondsAfterFinished", 0) < 0:
        yield "ttlSecondsAfterFinished is at least 0"
    if spec.get("suspend", False) and not shuts_down:
        yield "suspend needs shutdownAfterJobFinishes"
    if spec.get("deletionStrategy", {}).get("deletionRules") and shuts_down:
        yield "deletionRules and shutdownAfterJobFinishes exclude each other"
    for name in ("activeDeadlineSeconds", "preRunningDeadlineSeconds"):
        if spec.get(name) is not None and spec[name] <= 0:
            yield f"{name} is at least 1"


def _submission_faults(spec: Manifest) -> Iterator[str]:
    """Faults in how a job reaches its cluster, and how often."""
    mode = spec.get("submissionMode", SUBMISSION_MODES[0])
    selects = bool(spec.get("clusterSelector"))
    retries = spec.get("backoffLimit", 0)
    if mode not in SUBMISSION_MODES:
        yield f"submissionMode is one of {', '.join(SUBMISSION_MODES)}, got {mode}"
    if not selects and "rayClusterSpec" not in spec:
        yield "a RayJob has a rayClusterSpec or a clusterSelector"
    if retries < 0:
        yield "backoffLimit is at least 0"
    if retries and selects:
        yield "backoffLimit goes with a rayClusterSpec, not with a clusterSelector"
    if retries and mode == "InteractiveMode":
        yield "backoffLimit does not go with InteractiveMode"
    if mode == "SidecarMode":
        if selects:
            yield "SidecarMode does not go with a clusterSelector"
        if "submitterPodTemplate" in spec or "submitterConfig" in spec:
            yield "SidecarMode takes neither submitterPodTemplate nor submitterConfig"


def _cluster_spec_faults(spec: Manifest) -> Iterator[str]:
    groups = {
        "head": spec["headGroupSpec"],
        **{group["groupName"]: group for group in spec.get("workerGroupSpecs", ())},
    }
    for name, group in groups.items():
        if not group["template"]["spec"].get("containers"):
            yield f"group {name} has at least one container"
        if _RESOURCE_PARAMETERS & group.get("rayStartParams", {}).keys() and group.get("resources"):
            yield f"group {name} has its resources in rayStartParams or in resources, not in both"
        if "labels" in group.get("rayStartParams", {}):
            yield f"group {name} has its labels in labels, not in rayStartParams"
    for group in spec.get("workerGroupSpecs", ()):
        if not 0 <= group.get("minReplicas", 0) <= group.get("maxReplicas", group.get("minReplicas", 0)):
            yield f"group {group['groupName']} has 0 <= minReplicas <= maxReplicas"
    yield from _autoscaler_faults(spec, groups)
    yield from _token_faults(spec)


def _autoscaler_faults(spec: Manifest, groups: Mapping[str, Manifest]) -> Iterator[str]:
    is_v2 = spec.get("enableInTreeAutoscaling", False) and spec.get("autoscalerOptions", {}).get("version") == "v2"
    head_environment = {
        variable["name"]
        for container in spec["headGroupSpec"]["template"]["spec"].get("containers", ())
        for variable in container.get("env", ())
    }
    if "version" in spec.get("autoscalerOptions", {}) and "RAY_enable_autoscaler_v2" in head_environment:
        yield "the autoscaler's version is in autoscalerOptions or in the head's environment, not in both"
    for name, group in groups.items():
        if is_v2 and group["template"]["spec"].get("restartPolicy", "Never") != "Never":
            yield f"group {name} has restartPolicy Never, as autoscaler v2 needs it"
        if not is_v2 and "idleTimeoutSeconds" in group:
            yield f"group {name} has an idleTimeoutSeconds of its own, which needs autoscaler v2"


def _token_faults(spec: Manifest) -> Iterator[str]:
    if spec.get("authOptions", {}).get("mode") == "token":
        version = re.match(r"(\d+)\.(\d+)\.(\d+)", spec.get("rayVersion", ""))
        if version is None or tuple(map(int, version.groups())) < _OLDEST_WITH_TOKENS:
            yield f"authentication by token needs a rayVersion from 2.52.0 on, got {spec.get('rayVersion')!r}"
