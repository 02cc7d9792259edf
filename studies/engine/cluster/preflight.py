"""Before any trial: can each node of a cluster do its part? A table of what was found, and a refusal if one cannot."""

import platform
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

import ray
from pyarrow import fs
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.engine.cluster.gpu_check import gpu_fault
from studies.engine.cluster.shipped_code import code_digest
from studies.engine.description import user_digest, user_digests
from studies.engine.options import Options
from studies.engine.recording.storage import open_storage
from studies.engine.study import Study
from trainables.config import DataConfig, Refused
from trainables.data import MissingDataError, is_there, require

_SECONDS_FOR_AN_ANSWER = 120
_NUMERICS = ("torch", "numpy")  # of other versions the same trial may have other numbers


class PreflightError(Refused):
    """Nodes that cannot do their part; the message says which, what was expected and what was found."""


@dataclass(frozen=True, kw_only=True)
class NodeFindings:
    """What a node answered. `code` is a digest of the packages' sources; `storage` what went wrong there, or empty.

    `own`: digests of the user's own code and of files with weights, by import path or file, or what went wrong there.
    `has_data`: whether the raw files of each data configuration, in the order asked, are there. `gpus`: what keeps
    PyTorch from its GPUs, or empty.
    """

    host: str
    code: str
    versions: Mapping[str, str]
    storage: str
    own: Mapping[str, str]
    has_data: Sequence[bool]
    gpus: str = ""


def preflight(study: Study, options: Options, root: str, console: Console) -> dict[DataConfig, str]:
    """Ask every node of the cluster; returns for each data configuration the id of a node that can load it.

    `root` is the study's folder or URI, which the driver must have made.
    Raises PreflightError for nodes that do not answer, run other code or other versions, do not reach the same
    storage, or have GPUs that PyTorch cannot use, and MissingDataError for data that no node has.
    """
    nodes = {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}
    configs = list(dict.fromkeys(study.variants.values()))
    own = user_digests(study)
    with _token(root) as token:
        findings = _ask(nodes, root, token, tuple(own), configs, options)
    console.print(_table(nodes, findings, configs))
    here = NodeFindings(
        host=platform.node(), code=code_digest(), versions=_versions(), storage="", own=own, has_data=()
    )
    if faults := [fault for found in findings.values() for fault in _faults(found, here)]:
        raise PreflightError("not every node can do its part:\n" + "\n".join(faults))
    places = {}
    for index, config in enumerate(configs):
        able = [node for node, found in findings.items() if found.has_data[index]]
        if not able:
            require(config, options.data_dir)  # says what was looked for
            raise MissingDataError(f"no node has the data of {config} in {options.data_dir}, though this machine has")
        places[config] = able[0]
    return places


def _ask(
    nodes: Mapping[str, Any],
    root: str,
    token: str,
    own: Sequence[str],
    configs: Sequence[DataConfig],
    options: Options,
) -> dict[str, NodeFindings]:
    examine: Any = ray.remote(num_cpus=0, max_retries=0)(_examine)
    asked = {
        node: examine.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(
            root, token, own, configs, options.data_dir, _offers_gpus(found) and options.gpus_per_trial != 0
        )
        for node, found in nodes.items()
    }
    ray.wait(list(asked.values()), num_returns=len(asked), timeout=_SECONDS_FOR_AN_ANSWER)
    findings, faults = {}, []
    for node, answer in asked.items():
        try:
            findings[node] = ray.get(answer, timeout=0)
        except (RayError, TimeoutError) as error:
            name = nodes[node]["NodeManagerHostname"]
            faults.append(f"{name} did not answer in {_SECONDS_FOR_AN_ANSWER} s: {type(error).__name__}: {error}")
    if faults:
        raise PreflightError("\n".join(faults))
    return findings


def _offers_gpus(node: Mapping[str, Any]) -> bool:
    return node["Resources"].get("GPU", 0) > 0


def _examine(
    root: str, token: str, own: Sequence[str], configs: Sequence[DataConfig], data_dir: Path, uses_gpus: bool
) -> NodeFindings:
    """Findings about the node on which this runs."""
    return NodeFindings(
        host=platform.node(),
        code=code_digest(),
        versions=_versions(),
        storage=_storage_fault(root, token),
        own={name: _own_digest(name) for name in own},
        has_data=[is_there(config, data_dir) for config in configs],
        gpus=gpu_fault() if uses_gpus else "",
    )


def _own_digest(name: str) -> str:
    """The digest of the user's code or file of that name, or what keeps this node from it."""
    try:
        return user_digest(name)
    except Refused as error:
        return str(error)


def _storage_fault(root: str, token: str) -> str:
    """Why this node cannot use the driver's storage, or empty: it must see the driver's mark and write its own."""
    try:
        filesystem, path = open_storage(root)
        folder = PurePosixPath(path)
        if filesystem.get_file_info(str(folder / token)).type == fs.FileType.NotFound:
            return f"does not hold what the driver wrote to it: {root} is another folder there"
        own = str(folder / f"{token}-{uuid.uuid4().hex}")
        with filesystem.open_output_stream(own) as stream:
            stream.write(b"preflight")
        filesystem.delete_file(own)
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


@contextmanager
def _token(root: str) -> Iterator[str]:
    """Put a mark into the study's folder for a while, and give its name."""
    name = f"preflight-{uuid.uuid4().hex}"
    filesystem, path = open_storage(root)
    mark = str(PurePosixPath(path) / name)
    with filesystem.open_output_stream(mark) as stream:
        stream.write(b"preflight")
    try:
        yield name
    finally:
        filesystem.delete_file(mark)


def _faults(found: NodeFindings, here: NodeFindings) -> Iterator[str]:
    if found.code != here.code:
        yield f"{found.host}: expected the code of the driver ({here.code}), found other code ({found.code})"
    for name in _NUMERICS:
        if found.versions[name] != here.versions[name]:
            yield f"{found.host}: expected {name} {here.versions[name]} as on {here.host}, found {found.versions[name]}"
    for name, expected in here.own.items():
        if found.own[name] != expected:
            yield f"{found.host}: expected {name} as on {here.host} ({expected[:8]}), found {found.own[name]}"
    if found.storage:
        yield f"{found.host}: storage {found.storage}"
    if found.gpus:
        yield f"{found.host}: its GPUs cannot be used: {found.gpus}"


def _table(nodes: Mapping[str, Any], findings: Mapping[str, NodeFindings], configs: Sequence[DataConfig]) -> Table:
    table = Table("node", "CPUs", "GPUs", "GiB", "code", "storage", "data", box=box.SIMPLE_HEAD, padding=0)
    for node, found in findings.items():
        resources = nodes[node]["Resources"]
        table.add_row(
            found.host,
            f"{resources.get('CPU', 0):g}",
            f"{resources.get('GPU', 0):g}",
            f"{resources.get('memory', 0) / 2**30:.0f}",
            found.code,
            Text("no", style="red") if found.storage else "yes",
            f"{sum(found.has_data)} of {len(configs)}",
        )
    return table


def _versions() -> dict[str, str]:
    """Versions of the libraries that decide numbers, without the part after "+", in which CPU and GPU builds differ."""
    return {name: version(name).partition("+")[0] for name in _NUMERICS}
