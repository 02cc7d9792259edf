"""How pods run: without rights, in one version, and long enough to end well."""

import re
from collections.abc import Mapping
from pathlib import Path

from mlflow.server.security_utils import is_allowed_host_header

from analysis import connection
from k8s.ray_job import ray_cluster
from studies.engine.recording import tracking
from tests.k8s.conftest import NAMES, Documents
from tests.k8s.pods import Pod, pods


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
    # While the tracking server is away a driver waits for it this long, and then for a request that is under way.
    assert [hook] == of_ray and hook > tracking._PATIENCE + connection._SECONDS_A_REQUEST
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


def test_the_tracking_server_answers_under_every_name_of_its_service(builds: Mapping[str, Documents]) -> None:
    (server,) = [pod for pod in pods(builds["platform"]) if pod.role == "mlflow"]
    (argument,) = [text for text in server.spec["containers"][0]["args"] if text.startswith("--allowed-hosts=")]
    hosts = argument.removeprefix("--allowed-hosts=").split(",")
    names = ("mlflow", "mlflow.align-or-not", "mlflow.align-or-not.svc", "mlflow.align-or-not.svc.cluster.local")
    for host in (*(f"{name}:5000" for name in names), "localhost:5000", "127.0.0.1:5000", "localhost:15000"):
        assert is_allowed_host_header(hosts, host)
    assert not is_allowed_host_header(hosts, "elsewhere.example:5000")


def test_every_pod_of_the_projects_image_may_pull_it_from_a_private_registry(all_pods: list[Pod]) -> None:
    """An account of the operator's or one of ours: neither has a secret, and one that is missing is passed over."""
    ours = [pod for pod in all_pods if any("align-or-not" in one.get("image", "") for one in pod.containers)]
    assert {pod.role for pod in ours} >= {"ray-head", "ray-worker", "submitter", "mlflow", "mlflow-account"}
    assert all(pod.spec.get("imagePullSecrets") == [{"name": "registry"}] for pod in ours)


def test_rays_pods_hold_their_object_store_in_shared_memory_and_report_to_nobody(all_pods: list[Pod]) -> None:
    ray = [pod for pod in all_pods if pod.role in ("ray-head", "ray-worker")]
    assert len(ray) > 10
    for pod in ray:
        container = pod.spec["containers"][0]
        (volume,) = [volume for volume in pod.spec["volumes"] if volume["name"] == "shared-memory"]
        held = float(volume["emptyDir"]["sizeLimit"].removesuffix("Gi"))
        assert held >= 0.3 * float(container["resources"]["limits"]["memory"].removesuffix("Gi"))  # Ray's default share
        assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in container["env"]


def test_a_job_that_waits_is_not_given_up_and_one_that_has_ended_is_out_of_the_way(
    builds: Mapping[str, Documents],
) -> None:
    once = {
        document["metadata"]["name"]: document["spec"] for document in builds["platform"] if document["kind"] == "Job"
    }
    assert once.keys() == {"mlflow-account", "buckets"}
    for spec in once.values():
        assert "activeDeadlineSeconds" not in spec and spec["ttlSecondsAfterFinished"] <= 60


def test_no_autoscaler_may_take_a_worker_that_waits_for_the_others(
    builds: Mapping[str, Documents], jobs: Documents
) -> None:
    clusters = [
        document["spec"].get("rayClusterSpec", document["spec"])
        for document in [*(one for name in NAMES for one in builds[name]), *jobs]
        if document["kind"] in ("RayJob", "RayCluster")
    ]
    groups = [group for cluster in clusters for group in cluster["workerGroupSpecs"]]
    assert len(groups) > 8 and any(group["replicas"] > 1 for group in groups)
    assert all(group["minReplicas"] == group["replicas"] == group["maxReplicas"] for group in groups)
