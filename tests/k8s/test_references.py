"""Whatever a manifest refers to is there: secrets, accounts, claims, volumes, ports, addresses, pods."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.k8s.conftest import NAMES, Documents, of_kind
from tests.k8s.pods import ROLE, Pod, pods, selects, strings

STAND_ON = {"interactive": "platform", "fill-data": "volumes"}  # overlays that need another one to be there
OPERATORS_ROLES = {"ray-head", "ray-worker", "submitter"}  # of pods that a cluster on the platform will have


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
    there = builds[name] + (builds[STAND_ON[name]] if name in STAND_ON else [])
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


@pytest.mark.parametrize("name", NAMES)
def test_every_database_is_reached_by_a_driver_that_is_installed(name: str, builds: Mapping[str, Documents]) -> None:
    for address in re.findall(r"postgresql[+\w]*://[^\s\"\\]+", json.dumps(builds[name])):
        assert make_url(address).get_dialect().import_dbapi().__name__ == "psycopg2"
