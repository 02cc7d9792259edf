import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s.names import LONGEST_JOB_NAME, dns_label, is_image, is_subdomain, job_name

IDENTITY = "0123456789ab"


def test_a_study_keeps_its_name_as_far_as_kubernetes_lets_it() -> None:
    assert job_name("mosei_va", IDENTITY) == f"mosei-va-{IDENTITY}"
    assert job_name("mosei_va-REHEARSAL", IDENTITY) == f"mosei-va-rehearsal-{IDENTITY}"
    assert dns_label("3D features", 40) == "study-3d-features"


@given(st.text(max_size=80))
def test_every_name_becomes_one_that_the_operator_accepts(study: str) -> None:
    name = job_name(study, IDENTITY)
    assert len(name) <= LONGEST_JOB_NAME
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name)
    assert name.endswith(f"-{IDENTITY}")


@pytest.mark.parametrize(
    "name",
    [
        *("align-or-not", "align-or-not:0.2.0", "registry.example/team/align-or-not:0.2.0", "localhost:5000/a__b"),
        *("registry.example:443/a.b/c-d:V1_x", f"registry.example/study@sha256:{'0' * 64}"),
    ],
)
def test_names_of_images_are_taken(name: str) -> None:
    assert is_image(name)


@pytest.mark.parametrize(
    "name", ["", "A/b", "study:", ":1", "a//b", "a b", "a:b:c", "https://host/a", "a@sha256:1", "-a"]
)
def test_names_of_no_image_are_not(name: str) -> None:
    assert not is_image(name)


@pytest.mark.parametrize(
    ("name", "is_one"), [("a", True), ("a-1.b", True), ("", False), ("a_b", False), ("a..b", False)]
)
def test_a_subdomain_is_labels_with_dots_between_them(name: str, is_one: bool) -> None:
    assert is_subdomain(name) is is_one
    assert not is_subdomain("a" * 254)
