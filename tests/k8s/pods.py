"""The pods that manifests would make, wherever in them their templates stand."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ROLE = "align-or-not/role"


@dataclass(frozen=True)
class Pod:
    """One pod template: the manifest that has it, its labels, its specification, and containers added by others."""

    owner: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    added: tuple[Mapping[str, Any], ...] = ()

    @property
    def role(self) -> str:
        return self.labels[ROLE]

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        return [*self.spec.get("initContainers", ()), *self.spec["containers"], *self.added]


def pods(documents: Iterable[Mapping[str, Any]]) -> list[Pod]:
    """Every pod template of the manifests; the operator's autoscaler is a container of the head's."""
    return [pod for document in documents for pod in _pods_of(document)]


def _pods_of(document: Mapping[str, Any]) -> Iterator[Pod]:
    owner, spec = f"{document['kind']} {document['metadata']['name']}", document.get("spec", {})
    if document["kind"] in ("RayJob", "RayCluster"):
        cluster = spec["rayClusterSpec"] if document["kind"] == "RayJob" else spec
        for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
            autoscaler = cluster.get("autoscalerOptions") if group is cluster["headGroupSpec"] else None
            yield _pod(owner, group["template"], () if autoscaler is None else ({"name": "autoscaler", **autoscaler},))
        if "submitterPodTemplate" in spec:
            yield _pod(owner, spec["submitterPodTemplate"])
    elif document["kind"] == "Pod":
        yield _pod(owner, document)
    elif "template" in spec:
        yield _pod(owner, spec["template"])


def _pod(owner: str, template: Mapping[str, Any], added: tuple[Mapping[str, Any], ...] = ()) -> Pod:
    return Pod(owner=owner, labels=template["metadata"]["labels"], spec=template["spec"], added=added)


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches; the empty one matches all."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for expression in selector.get("matchExpressions", ()):
        assert expression["operator"] == "In"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


def strings(node: Any) -> Iterator[str]:
    """Every string in a manifest."""
    if isinstance(node, Mapping):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str):
        yield node
