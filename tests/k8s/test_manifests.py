"""Every overlay, every combination of components and a generated job: valid, and complete in what they refer to."""

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from jsonschema.protocols import Validator

from k8s.job import plan
from k8s.ray_job import ray_cluster
from k8s.rules import ray_cluster_faults, ray_job_faults
from studies.engine import tracking
from tests.k8s.conftest import OVERLAYS, VARIANTS, Documents
from tests.k8s.pods import ROLE, Pod, pods, selects, strings

KUBERNETES = "1.35"
NAMES = (*OVERLAYS, *VARIANTS)
OPERATORS_ROLES = {"ray-head", "ray-worker", "submitter"}  # of pods that a cluster on the platform will have

JOBS = (
    ["mosei_va", "--gpus", "8", "--gpus-per-trial", "0.25"],
    ["synthetic", "--workers", "2", "--quick"],
    ["mosei_va", "--rehearse", "--volumes"],
    ["paper", "--gpus", "4", "--gpus-per-worker", "4", "--queue", "studies"],
)


@pytest.fixture(scope="module")
def jobs() -> Documents:
    """What the generator makes of `JOBS`."""
    return [plan(arguments)[0] for arguments in JOBS]


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


def of_kind(documents: Documents, *kinds: str) -> Documents:
    return [document for document in documents if document["kind"] in kinds]


@pytest.mark.parametrize("name", NAMES)
def test_ray_resources_are_what_the_operator_accepts(
    name: str, builds: Mapping[str, Documents], kuberay: Mapping[str, Validator]
) -> None:
    found = of_kind(builds[name], "RayJob", "RayCluster")
    assert len(found) == (0 if name == "platform" else 1)
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
    core = [document for document in documents if document["kind"] not in ("RayJob", "RayCluster")]
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
        spec["workerGroupSpecs"][0] |= {"replicas": 1, "maxReplicas": 1}
    assert without_tags(built) == ours


def without_tags(node: Any) -> Any:
    """A manifest in which the project's image has no tag."""
    if isinstance(node, Mapping):
        return {key: without_tags(value) for key, value in node.items()}
    if isinstance(node, list):
        return [without_tags(value) for value in node]
    return "align-or-not" if node == "align-or-not:0.1.0" else node


# What pods refer to -----------------------------------------------------------------------------------------------


def documented_secrets(repository: Path) -> dict[str, set[str]]:
    """The secrets that the README says how to make, with their keys."""
    text = (repository / "k8s/README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    made = re.findall(r"kubectl -n align-or-not create secret generic (\S+)(.*)", text)
    return {name: set(re.findall(r"--from-literal=([\w-]+)=", arguments)) for name, arguments in made}


def secrets_referred_to(node: Any) -> Iterator[tuple[str, str | None]]:
    """Secrets in a manifest: the name, and the key where one is named."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == "secretKeyRef":
                yield value["name"], value["key"]
            elif name == "secretRef":
                yield value["name"], None
            elif name == "secret":
                yield value["secretName"], None
            yield from secrets_referred_to(value)
    elif isinstance(node, list):
        for value in node:
            yield from secrets_referred_to(value)


@pytest.fixture(scope="module")
def all_pods(builds: Mapping[str, Documents], jobs: Documents) -> list[Pod]:
    """Every pod of every build, and of the generated jobs."""
    return pods([*(document for name in NAMES for document in builds[name]), *jobs])


def test_every_secret_is_made_as_the_readme_says_and_none_is_written_down(
    builds: Mapping[str, Documents], all_pods: list[Pod], repository: Path
) -> None:
    made = documented_secrets(repository)
    used = {reference for pod in all_pods for reference in secrets_referred_to(pod.spec)}
    assert {name for name, _ in used} == set(made)
    assert all(key is None or key in made[name] for name, key in used)
    assert all(of_kind(builds[name], "Secret") == [] for name in NAMES)
    for pod in all_pods:
        for container in pod.containers:
            for variable in container.get("env", ()):
                is_secret = re.search(r"PASSWORD|SECRET|TOKEN|KEY", variable["name"]) is not None
                assert not (is_secret and "value" in variable), variable["name"]


@pytest.mark.parametrize("name", NAMES)
def test_every_account_claim_and_configuration_is_there(name: str, builds: Mapping[str, Documents]) -> None:
    there = builds[name] if name != "interactive" else builds[name] + builds["platform"]
    accounts, claims, configurations = (
        {document["metadata"]["name"] for document in of_kind(there, kind)}
        for kind in ("ServiceAccount", "PersistentVolumeClaim", "ConfigMap")
    )
    for pod in pods(builds[name]):
        account = pod.spec.get("serviceAccountName")
        # The operator makes the account of a head, and only of a head.
        assert account in accounts if pod.role != "ray-head" else account is None
        for volume in pod.spec.get("volumes", ()):
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
            if "configMap" in volume:
                assert volume["configMap"]["name"] in configurations
        for container in pod.containers:
            for source in container.get("envFrom", ()):
                assert "configMapRef" not in source or source["configMapRef"]["name"] in configurations


@pytest.mark.parametrize("name", NAMES)
def test_every_mount_has_its_volume_and_every_volume_a_mount(name: str, builds: Mapping[str, Documents]) -> None:
    claimed = {
        (document["metadata"]["name"], template["metadata"]["name"])
        for document in of_kind(builds[name], "StatefulSet")
        for template in document["spec"]["volumeClaimTemplates"]
    }
    for pod in pods(builds[name]):
        volumes = {volume["name"] for volume in pod.spec.get("volumes", ())}
        volumes |= {volume for owner, volume in claimed if pod.owner == f"StatefulSet {owner}"}
        mounts = {mount["name"] for container in pod.containers for mount in container.get("volumeMounts", ())}
        assert mounts == volumes, pod.owner


@pytest.mark.parametrize("name", NAMES)
def test_every_service_leads_to_a_port_that_a_pod_has(name: str, builds: Mapping[str, Documents]) -> None:
    for service in of_kind(builds[name], "Service"):
        (pod,) = [
            pod for pod in pods(builds[name]) if selects({"matchLabels": service["spec"]["selector"]}, pod.labels)
        ]
        for port in service["spec"]["ports"]:
            assert any(
                port["targetPort"] == open_port["name"] and port["port"] == open_port["containerPort"]
                for container in pod.containers
                for open_port in container.get("ports", ())
            )


def test_every_address_is_that_of_a_service(builds: Mapping[str, Documents], jobs: Documents) -> None:
    services = {
        (service["metadata"]["name"], port["port"])
        for service in of_kind(builds["platform"], "Service")
        for port in service["spec"]["ports"]
    }
    everything = [*(document for name in NAMES for document in builds[name]), *jobs]
    named = {
        (host, int(port))
        for document in everything
        for text in strings(document)
        for host, port in re.findall(r"(?:http://|@)([a-z-]+):(\d+)", text)
    }
    assert named == services == {("mlflow", 5000), ("postgres", 5432), ("object-store", 8333)}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "interactive"])
def test_every_budget_and_policy_selects_a_pod(name: str, builds: Mapping[str, Documents]) -> None:
    labels = [pod.labels for pod in pods(builds[name])] + [{ROLE: role} for role in OPERATORS_ROLES]
    for budget in of_kind(builds[name], "PodDisruptionBudget"):
        assert any(selects(budget["spec"]["selector"], pod) for pod in labels)
    for policy in of_kind(builds[name], "NetworkPolicy"):
        peers = [
            peer for kind in ("ingress", "egress") for rule in policy["spec"].get(kind, ()) for peer in peers_of(rule)
        ]
        for selector in (policy["spec"]["podSelector"], *peers):
            assert any(selects(selector, pod) for pod in labels)


def peers_of(rule: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The pod selectors of a policy's rule that are of its own namespace."""
    peers = [*rule.get("from", ()), *rule.get("to", ())]
    return [peer["podSelector"] for peer in peers if "podSelector" in peer and "namespaceSelector" not in peer]


def test_heads_cannot_be_evicted_however_many_there_are(builds: Mapping[str, Documents]) -> None:
    (budget,) = [
        document
        for document in of_kind(builds["platform"], "PodDisruptionBudget")
        if document["metadata"]["name"] == "ray-heads"
    ]
    (quota,) = of_kind(builds["platform"], "ResourceQuota")
    assert budget["spec"]["minAvailable"] > int(quota["spec"]["hard"]["pods"])


# How pods run -----------------------------------------------------------------------------------------------------


def test_every_pod_keeps_the_restricted_standard_and_says_what_it_takes(all_pods: list[Pod]) -> None:
    for pod in all_pods:
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] and security["runAsUser"] > 0, pod.owner
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod.spec["automountServiceAccountToken"] is False
        for container in pod.containers:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False and context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is True
            assert (
                container["resources"]["requests"].keys()
                >= {"cpu", "memory"}
                <= container["resources"]["limits"].keys()
            )


def test_only_the_autoscaler_gets_a_token_of_the_api(all_pods: list[Pod]) -> None:
    holders = {
        container["name"]
        for pod in all_pods
        for container in pod.containers
        for mount in container.get("volumeMounts", ())
        if any(
            "serviceAccountToken" in str(volume) for volume in pod.spec["volumes"] if volume["name"] == mount["name"]
        )
    }
    assert holders == {"autoscaler"}


def test_every_image_is_the_projects_or_of_one_version(builds: Mapping[str, Documents]) -> None:
    images = {
        container["image"]
        for name in NAMES
        for pod in pods(builds[name])
        for container in pod.containers
        if "image" in container
    }
    assert {image.split(":")[0] for image in images} == {"align-or-not", "postgres", "chrislusf/seaweedfs"}
    assert all(re.fullmatch(r"[^:]+:\d+(\.\d+)+(-\w+)?", image) for image in images)


def test_the_versions_of_ray_and_the_operator_are_those_that_were_checked(repository: Path) -> None:
    pins = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert f"ray=={ray_cluster(())['spec']['rayVersion']}" in pins
    operator = (repository / "k8s/operator/kustomization.yaml").read_text(encoding="utf-8")
    assert "?ref=v1.7.0" in operator and "v1.7.0" in (repository / "k8s/rules.py").read_text(encoding="utf-8")


def test_a_driver_has_the_time_that_it_takes_to_close_its_records() -> None:
    head = ray_cluster(())["spec"]["headGroupSpec"]["template"]["spec"]
    container = head["containers"][0]
    hook = float(container["lifecycle"]["preStop"]["exec"]["command"][-1])
    of_ray = [
        float(variable["value"]) for variable in container["env"] if variable["name"] == "RAY_JOB_STOP_WAIT_TIME_S"
    ]
    # While the tracking server is away a driver tries again this long, and it may do so for the last two of its jobs.
    assert [hook] == of_ray and hook > 2 * sum(tracking._RETRY_SECONDS)
    assert head["terminationGracePeriodSeconds"] >= hook + 30


def test_workers_outlive_the_order_to_stop_and_leave_in_time() -> None:
    (group,) = ray_cluster(())["spec"]["workerGroupSpecs"]
    spec = group["template"]["spec"]
    assert 0 < spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] < spec["terminationGracePeriodSeconds"]


def test_the_object_store_of_ray_fits_into_memory(jobs: Documents) -> None:
    for pod in pods(jobs):
        for volume in pod.spec["volumes"]:
            if volume.get("emptyDir", {}).get("medium") == "Memory":
                size = int(volume["emptyDir"]["sizeLimit"].removesuffix("Gi"))
                assert size < int(pod.spec["containers"][0]["resources"]["limits"]["memory"].removesuffix("Gi"))
