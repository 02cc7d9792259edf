import pytest

from k8s.json_patch import patched
from k8s.ray_job import ray_cluster
from k8s.rules import ray_cluster_faults, ray_job_faults

JOB = {
    "kind": "RayJob",
    "metadata": {"name": "study"},
    "spec": {
        "submissionMode": "K8sJobMode",
        "backoffLimit": 3,
        "activeDeadlineSeconds": 60,
        "shutdownAfterJobFinishes": True,
        "ttlSecondsAfterFinished": 60,
        "rayClusterSpec": ray_cluster(())["spec"],
    },
}
WORKERS = "/spec/rayClusterSpec/workerGroupSpecs/0"
HEAD = "/spec/rayClusterSpec/headGroupSpec"


def replace(path: str, value: object) -> dict:
    return {"op": "add", "path": path, "value": value}


def test_a_job_in_order_has_no_fault() -> None:
    assert ray_job_faults(JOB) == []


@pytest.mark.parametrize(
    ("operations", "fault"),
    [
        ([replace("/metadata/name", "s" * 48)], "at most 47"),
        ([replace("/metadata/name", "3d")], "DNS-1035"),
        ([replace("/metadata/name", "mosei_va")], "DNS-1035"),
        ([replace("/spec/shutdownAfterJobFinishes", False)], "needs shutdownAfterJobFinishes"),
        ([replace("/spec/ttlSecondsAfterFinished", -1)], "at least 0"),
        (
            [
                replace("/spec/shutdownAfterJobFinishes", False),
                replace("/spec/ttlSecondsAfterFinished", 0),
                replace("/spec/suspend", True),
            ],
            "suspend needs",
        ),
        ([replace("/spec/deletionStrategy", {"deletionRules": [{"policy": "DeleteSelf"}]})], "exclude each other"),
        ([replace("/spec/activeDeadlineSeconds", 0)], "activeDeadlineSeconds"),
        ([replace("/spec/preRunningDeadlineSeconds", 0)], "preRunningDeadlineSeconds"),
        ([replace("/spec/submissionMode", "K8SJobMode")], "submissionMode is one of"),
        ([{"op": "remove", "path": "/spec/rayClusterSpec"}], "rayClusterSpec or a clusterSelector"),
        ([replace("/spec/backoffLimit", -1)], "backoffLimit is at least 0"),
        ([replace("/spec/clusterSelector", {"ray.io/cluster": "interactive"})], "not with a clusterSelector"),
        ([replace("/spec/submissionMode", "InteractiveMode")], "InteractiveMode"),
        ([replace("/spec/submissionMode", "SidecarMode"), replace("/spec/submitterConfig", {})], "SidecarMode takes"),
        (
            [
                replace("/spec/submissionMode", "SidecarMode"),
                replace("/spec/clusterSelector", {"ray.io/cluster": "x"}),
                replace("/spec/backoffLimit", 0),
            ],
            "SidecarMode does not go",
        ),
        ([replace(f"{HEAD}/template/spec/containers", [])], "head has at least one container"),
        ([replace(f"{HEAD}/resources", {"CPU": "0"})], "in rayStartParams or in resources"),
        ([replace(f"{WORKERS}/rayStartParams/labels", "a=b")], "its labels in labels"),
        ([replace(f"{WORKERS}/minReplicas", 2)], "minReplicas <= maxReplicas"),
        ([replace(f"{WORKERS}/template/spec/restartPolicy", "Always")], "restartPolicy Never"),
        ([replace(f"{HEAD}/template/spec/restartPolicy", "OnFailure")], "head has restartPolicy Never"),
        (
            [
                replace("/spec/rayClusterSpec/autoscalerOptions/version", "v1"),
                replace(f"{WORKERS}/idleTimeoutSeconds", 60),
            ],
            "needs autoscaler v2",
        ),
        (
            [replace(f"{HEAD}/template/spec/containers/0/env/-", {"name": "RAY_enable_autoscaler_v2", "value": "1"})],
            "not in both",
        ),
        ([replace("/spec/rayClusterSpec/rayVersion", "2.51.9")], "rayVersion from 2.52.0"),
        ([{"op": "remove", "path": "/spec/rayClusterSpec/rayVersion"}], "rayVersion from 2.52.0"),
    ],
)
def test_each_rule_of_the_operator_can_be_broken(operations: list[dict], fault: str) -> None:
    faults = ray_job_faults(patched(JOB, operations))
    assert len(faults) == 1 and fault in faults[0]


@pytest.mark.parametrize(("length", "is_right"), [(53, True), (54, False)])
def test_a_cluster_may_have_a_longer_name_than_a_job(length: int, is_right: bool) -> None:
    cluster = {"kind": "RayCluster", "metadata": {"name": "c" * length}, "spec": JOB["spec"]["rayClusterSpec"]}
    assert (ray_cluster_faults(cluster) == []) == is_right
