"""Every overlay, every combination of components and a generated job is what Kubernetes and the operator accept."""

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from jsonschema.protocols import Validator

from k8s.ray_job import ray_cluster
from k8s.rules import ray_cluster_faults, ray_job_faults
from tests.k8s.conftest import NAMES, Documents, of_kind
from tests.k8s.pods import pods

KUBERNETES = "1.35"


def with_defaults(document: dict[str, Any]) -> dict[str, Any]:
    """A Ray resource with what its definition's defaults would fill in."""
    filled = copy.deepcopy(document)
    spec = filled["spec"]["rayClusterSpec"] if filled["kind"] == "RayJob" else filled["spec"]
    for group in spec["workerGroupSpecs"]:
        group.setdefault("numOfHosts", 1)
    return filled


def check_ray(document: dict[str, Any], kuberay: Mapping[str, Validator]) -> None:
    kuberay[document["kind"]].validate(with_defaults(document))
    faults = ray_job_faults(document) if document["kind"] == "RayJob" else ray_cluster_faults(document)
    assert faults == []


@pytest.mark.parametrize("name", NAMES)
def test_ray_resources_are_what_the_operator_accepts(
    name: str, builds: Mapping[str, Documents], kuberay: Mapping[str, Validator]
) -> None:
    found = of_kind(builds[name], "RayJob", "RayCluster")
    assert len(found) == (0 if name in ("platform", "fill-data", "cilium") else 1)
    for document in found:
        check_ray(document, kuberay)


def test_generated_jobs_are_what_the_operator_accepts(jobs: Documents, kuberay: Mapping[str, Validator]) -> None:
    for job in jobs:
        check_ray(job, kuberay)


@pytest.mark.parametrize("change", [{"backoffLimt": 3}, {"activeDeadlineSeconds": "soon"}])
def test_the_schemas_refuse_what_is_wrong(change: dict, jobs: Documents, kuberay: Mapping[str, Validator]) -> None:
    job = {**jobs[0], "spec": jobs[0]["spec"] | change}
    with pytest.raises(jsonschema.ValidationError):
        check_ray(job, kuberay)


def distinct(documents: Iterable[Any]) -> list[Any]:
    """Each of equal documents once, since a validation takes a tenth of a second."""
    return list({json.dumps(document, sort_keys=True): document for document in documents}.values())


def test_core_kinds_are_valid_to_the_letter(builds: Mapping[str, Documents]) -> None:
    documents = distinct(document for name in NAMES for document in builds[name])
    others = ("RayJob", "RayCluster", "CiliumNetworkPolicy")
    core = [document for document in documents if document["kind"] not in others]
    assert {"Deployment", "StatefulSet", "NetworkPolicy", "Job"} <= {document["kind"] for document in core}
    for document in core:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_pod_templates_of_ray_are_valid_to_the_letter(builds: Mapping[str, Documents], jobs: Documents) -> None:
    ray = of_kind([document for name in NAMES for document in builds[name]], "RayJob", "RayCluster")
    for spec in distinct(pod.spec for pod in pods([*ray, *jobs])):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec}
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def test_the_strict_validation_refuses_what_is_wrong(builds: Mapping[str, Documents]) -> None:
    (deployment,) = of_kind(builds["platform"], "Deployment")
    wrong = copy.deepcopy(deployment)
    wrong["spec"]["replica"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


@pytest.mark.parametrize(
    ("name", "components"),
    [
        ("gpu", ("gpu", "storage-s3")),
        ("cpu-rehearsal", ("storage-s3",)),
        ("volumes", ("gpu", "storage-pvc")),
        ("queued", ("gpu", "storage-s3", "kueue")),
    ],
)
def test_the_generator_patches_as_kustomize_does(
    name: str, components: tuple[str, ...], builds: Mapping[str, Documents]
) -> None:
    (job,) = of_kind(builds[name], "RayJob")
    built, ours = job["spec"]["rayClusterSpec"], ray_cluster(components)["spec"]
    for spec in (built, ours):
        spec["workerGroupSpecs"][0] |= {"replicas": 1, "minReplicas": 1, "maxReplicas": 1}
    assert without_tags(built) == ours


def without_tags(node: Any) -> Any:
    """A manifest in which the project's image has no tag."""
    if isinstance(node, Mapping):
        return {key: without_tags(value) for key, value in node.items()}
    if isinstance(node, list):
        return [without_tags(value) for value in node]
    return "align-or-not" if node == "align-or-not:0.2.0" else node
