"""Who may reach whom, worked out from the policies as Kubernetes does it: both ends must let a connection pass."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from k8s.ray_job import ray_cluster
from tests.k8s.conftest import Documents
from tests.k8s.pods import ROLE, selects

ROLES = (
    "ray-head",
    "ray-worker",
    "submitter",
    "mlflow",
    "mlflow-account",
    "postgres",
    "object-store",
    "object-store-client",
    "fill-data",
)
# The operator's pod as its manifests label it, and as its Helm chart does.
COMPONENT = {"app.kubernetes.io/component": "kuberay-operator"}
OPERATORS = (
    {**COMPONENT, "app.kubernetes.io/name": "kuberay"},
    {**COMPONENT, "app.kubernetes.io/name": "kuberay-operator", "app.kubernetes.io/instance": "kuberay"},
)
DASHBOARD, METRICS, GCS, CLIENT, TRACKING, DATABASE, S3, ANY = 8265, 8080, 6379, 10001, 5000, 5432, 8333, 31337
PORTS = (DASHBOARD, METRICS, GCS, CLIENT, TRACKING, DATABASE, S3, ANY)

Labels = Mapping[str, str]
OWN: Labels = {"kubernetes.io/metadata.name": "align-or-not"}


def passes(policies: Documents, direction: str, pod: Labels, peer: tuple[Labels, Labels], port: int) -> bool:
    """Whether the policies of `pod` let a connection through; `peer` is its namespace's labels and its own."""
    kind, end = ("Ingress", "from") if direction == "ingress" else ("Egress", "to")
    mine = [policy["spec"] for policy in policies if kind in policy["spec"]["policyTypes"]]
    mine = [spec for spec in mine if selects(spec["podSelector"], pod)]
    return not mine or any(
        any(is_peer(one, peer) for one in rule[end])
        and (
            "ports" not in rule or any(entry["port"] == port and entry["protocol"] == "TCP" for entry in rule["ports"])
        )
        for spec in mine
        for rule in spec.get(direction, ())
    )


def is_peer(entry: Mapping[str, Any], peer: tuple[Labels, Labels]) -> bool:
    if "ipBlock" in entry:  # pods have addresses too, but no link-local ones
        return not ip_network(entry["ipBlock"]["cidr"]).is_link_local
    namespace, labels = peer
    in_namespace = selects(entry["namespaceSelector"], namespace) if "namespaceSelector" in entry else namespace == OWN
    return in_namespace and selects(entry.get("podSelector", {}), labels)


@pytest.fixture(scope="session")
def policies(builds: Mapping[str, Documents]) -> Documents:
    return [document for document in builds["gpu"] if document["kind"] == "NetworkPolicy"]


def test_the_connections_that_pass_are_these_and_no_others(policies: Documents) -> None:
    passing = {
        (source, target, port)
        for source in ROLES
        for target in ROLES
        for port in PORTS
        if passes(policies, "egress", {ROLE: source}, (OWN, {ROLE: target}), port)
        and passes(policies, "ingress", {ROLE: target}, (OWN, {ROLE: source}), port)
    }
    ray = ("ray-head", "ray-worker")
    assert passing == {
        *((source, target, port) for source in ray for target in ray for port in PORTS),
        ("submitter", "ray-head", DASHBOARD),
        ("ray-head", "mlflow", TRACKING),
        ("mlflow-account", "mlflow", TRACKING),
        ("mlflow", "postgres", DATABASE),
        *((source, "object-store", S3) for source in (*ray, "mlflow", "object-store-client")),
    }


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("namespace", ["kuberay-operator", "kuberay", "default"])
def test_the_operator_reaches_the_job_port_of_heads_and_nothing_else(
    policies: Documents, operator: Labels, namespace: str
) -> None:
    peer = ({"kubernetes.io/metadata.name": namespace}, operator)
    reached = {
        (role, port) for role in ROLES for port in PORTS if passes(policies, "ingress", {ROLE: role}, peer, port)
    }
    assert reached == {("ray-head", DASHBOARD)}


def test_monitoring_reads_the_metrics_of_heads_and_nothing_else(policies: Documents) -> None:
    prometheus = ({"kubernetes.io/metadata.name": "monitoring"}, {"app.kubernetes.io/name": "prometheus"})
    reached = {
        (role, port) for role in ROLES for port in PORTS if passes(policies, "ingress", {ROLE: role}, prometheus, port)
    }
    assert reached == {("ray-head", METRICS)}
    assert ray_cluster(())["spec"]["headGroupSpec"]["rayStartParams"]["metrics-export-port"] == str(METRICS)


@pytest.mark.parametrize(
    "stranger",
    [
        (OWN, {}),
        (OWN, {ROLE: "none"}),
        (OWN, {"app.kubernetes.io/name": "prometheus"}),
        ({"kubernetes.io/metadata.name": "default"}, {"app.kubernetes.io/name": "prometheus"}),
        ({"kubernetes.io/metadata.name": "default"}, {ROLE: "ray-head"}),
        # A Ray pod of another team, as the operator labels it.
        (
            {"kubernetes.io/metadata.name": "default"},
            {"app.kubernetes.io/name": "kuberay", "app.kubernetes.io/created-by": "kuberay-operator"},
        ),
        ({"kubernetes.io/metadata.name": "kuberay-operator"}, {"app.kubernetes.io/name": "other"}),
        ({"kubernetes.io/metadata.name": "kuberay-operator"}, {**COMPONENT, "app.kubernetes.io/name": "other"}),
    ],
)
def test_a_stranger_reaches_nobody(policies: Documents, stranger: tuple[Labels, Labels]) -> None:
    assert not any(passes(policies, "ingress", {ROLE: role}, stranger, port) for role in ROLES for port in PORTS)


def test_the_policies_decide_it(policies: Documents) -> None:
    stranger = ({"kubernetes.io/metadata.name": "default"}, {})
    assert passes([], "ingress", {ROLE: "ray-head"}, stranger, DASHBOARD)


@pytest.mark.parametrize(("namespace", "port"), [("kube-system", 53), ("openshift-dns", 5353)])
def test_every_pod_may_resolve_names(policies: Documents, namespace: str, port: int) -> None:
    names = ({"kubernetes.io/metadata.name": namespace}, {})
    assert all(passes(policies, "egress", {ROLE: role}, names, port) for role in ROLES)
    closed = {53, 80, 5353} - {port}
    assert not any(passes(policies, "egress", {ROLE: role}, names, other) for role in ROLES for other in closed)


def opened(policies: Documents, role: str, address: str) -> set[tuple[int, str]]:
    """Ports and protocols on which a pod reaches an address outside the cluster."""
    return {
        (entry["port"], entry["protocol"])
        for policy in policies
        if selects(policy["spec"]["podSelector"], {ROLE: role})
        for rule in policy["spec"].get("egress", ())
        if any(ip_address(address) in ip_network(one["ipBlock"]["cidr"]) for one in rule["to"] if "ipBlock" in one)
        for entry in rule["ports"]
    }


@pytest.mark.parametrize("resolver", ["169.254.20.10", "169.254.169.254"])
def test_every_pod_may_ask_the_resolvers_that_are_no_pods_for_names_alone(policies: Documents, resolver: str) -> None:
    names = {(53, "UDP"), (53, "TCP")}
    for role in ROLES:
        assert names <= opened(policies, role, resolver)
        assert opened(policies, role, resolver) - names == opened(policies, role, "192.0.2.1")


def test_heads_reach_the_api_on_every_port_that_it_is_usual_on(policies: Documents) -> None:
    """443 and 6443 of most, 8443 of minikube, 16443 of microk8s."""
    assert opened(policies, "ray-head", "192.0.2.1") == {(port, "TCP") for port in (443, 6443, 8443, 16443)}
    assert not any(opened(policies, role, "192.0.2.1") for role in ROLES if role != "ray-head")


def test_cilium_opens_for_its_nodes_what_the_policies_open_for_addresses(
    policies: Documents, builds: Mapping[str, Documents]
) -> None:
    """Entities in place of addresses, of the same pods on the same ports, and nothing else."""
    of_cilium = {document["metadata"]["name"]: document for document in builds["cilium"]}
    opens = {"autoscalers": ["kube-apiserver"], "names-are-resolved": ["host"]}
    assert of_cilium.keys() == opens.keys()
    for name, entities in opens.items():
        document = of_cilium[name]
        assert (document["apiVersion"], document["kind"]) == ("cilium.io/v2", "CiliumNetworkPolicy")
        (ours,) = (policy for policy in policies if policy["metadata"]["name"] == name)
        assert document["metadata"]["namespace"] == ours["metadata"]["namespace"]
        assert document["spec"].keys() == {"endpointSelector", "egress"}
        assert document["spec"]["endpointSelector"] == ours["spec"]["podSelector"]
        (rule,) = document["spec"]["egress"]
        (to_addresses,) = (one for one in ours["spec"]["egress"] if any("ipBlock" in peer for peer in one["to"]))
        assert rule["toEntities"] == entities
        # Its ports are words.
        ports = [{**port, "port": str(port["port"])} for port in to_addresses["ports"]]
        assert rule["toPorts"] == [{"ports": ports}]


def test_only_heads_reach_the_world_and_only_where_the_api_is(policies: Documents) -> None:
    world = ({}, {})
    reached = {role for role in ROLES if passes(policies, "egress", {ROLE: role}, world, 443)}
    assert reached == {"ray-head"}
    assert not passes(policies, "egress", {ROLE: "ray-head"}, world, 80)
