import re

from hypothesis import given
from hypothesis import strategies as st

from k8s.names import LONGEST_JOB_NAME, dns_label, job_name

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
