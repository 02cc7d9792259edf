"""The image cannot be built in a test; what would break its build, or make it unsafe, can be read."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from k8s.job import plan
from tests.k8s.conftest import Documents
from tests.k8s.pods import pods


def instructions(text: str) -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each with its arguments on one line."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines()]


@pytest.fixture(scope="module")
def dockerfile(repository: Path) -> list[tuple[str, str]]:
    return instructions((repository / "k8s/image/Dockerfile").read_text(encoding="utf-8"))


def test_it_begins_with_one_version_and_ends_as_a_user_without_rights(dockerfile: list[tuple[str, str]]) -> None:
    assert {name for name, _ in dockerfile} == {"FROM", "ARG", "ENV", "RUN", "WORKDIR", "COPY", "USER"}
    bases = [arguments for name, arguments in dockerfile if name == "FROM"]
    assert len(bases) == 1 and re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", bases[0])
    assert dockerfile[-1][0] == "USER"
    user, group = dockerfile[-1][1].split(":")
    assert int(user) > 0 and int(group) > 0


def test_pods_run_as_the_user_that_the_image_has(
    dockerfile: list[tuple[str, str]], builds: Mapping[str, Documents]
) -> None:
    user, group = map(int, dockerfile[-1][1].split(":"))
    for pod in pods([*builds["gpu"], plan(["synthetic"])[0]]):
        if any(container.get("image", "").startswith("align-or-not") for container in pod.containers):
            assert (pod.spec["securityContext"]["runAsUser"], pod.spec["securityContext"]["runAsGroup"]) == (
                user,
                group,
            )


def test_all_that_it_copies_is_in_the_checkout_and_in_the_builds_context(
    dockerfile: list[tuple[str, str]], repository: Path
) -> None:
    ignored = (repository / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [source for name, arguments in dockerfile if name == "COPY" for source in arguments.split()[:-1]]
    assert [source for source in sources if not (repository / source).exists()] == []
    assert "*" in ignored and {f"!{source}" for source in sources} == {line for line in ignored if line[:1] == "!"}


def test_every_package_of_the_project_is_in_it(dockerfile: list[tuple[str, str]], repository: Path) -> None:
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    (packages,) = re.findall(r"^include = \[(\"studies\*.*)\]$", project, re.MULTILINE)
    copied = {source for name, arguments in dockerfile if name == "COPY" for source in arguments.split()[:-1]}
    assert {package.strip(' "*') for package in packages.split(",")} <= copied


def test_nothing_is_installed_but_in_the_versions_that_were_tested(
    dockerfile: list[tuple[str, str]], repository: Path
) -> None:
    installing = [part for name, run in dockerfile if name == "RUN" for part in run.split("pip install")[1:]]
    (torch,) = [part for part in installing if "--index-url" in part]
    assert "--no-deps" in torch.split()  # PyTorch's index lacks the pinned versions of what it needs
    assert len(installing) == 3 and all(part.split()[:2] == ["-c", "constraints.txt"] for part in installing)
    pinned = {line.split("==")[0].lower() for line in (repository / "constraints.txt").read_text().splitlines()}
    assert {"torch", "ray", "mlflow", "boto3", "psycopg2-binary", "flask-wtf", "aiohttp-cors", "py-spy"} <= pinned


def test_it_holds_no_secret(dockerfile: list[tuple[str, str]]) -> None:
    for name, arguments in dockerfile:
        if name in ("ENV", "ARG"):
            assert re.search(r"PASSWORD|SECRET|TOKEN|CREDENTIAL|API_KEY", arguments, re.IGNORECASE) is None


def test_every_module_that_a_container_runs_is_in_the_image(builds: Mapping[str, Documents], repository: Path) -> None:
    commands = [
        command
        for pod in pods(builds["gpu"])
        for container in pod.containers
        for command in (
            container.get("command", []),
            container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", []),
        )
        if command[:2] == ["python", "-m"]
    ]
    modules = {command[2] for command in commands}
    assert modules == {"k8s.account", "k8s.buckets", "k8s.fetch", "k8s.stop"}
    assert all((repository / f"{module.replace('.', '/')}.py").is_file() for module in modules)


def test_the_readme_builds_the_tag_that_the_manifests_use(repository: Path) -> None:
    text = (repository / "k8s/README.md").read_text(encoding="utf-8")
    builds = [shlex.split(line.strip()) for line in text.splitlines() if line.strip().startswith("docker build")]
    assert builds and all(command[-1] == "." and "k8s/image/Dockerfile" in command for command in builds)
    assert any("align-or-not:0.2.0" in argument for command in builds for argument in command)
