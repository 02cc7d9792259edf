"""Names and numbers that Kubernetes and the KubeRay operator accept, some made of names that people chose."""

import re

# A RayJob's name is followed by six characters in its cluster's name, which may have 53.
LONGEST_JOB_NAME = 47
LONGEST_LABEL = 63
LARGEST_NUMBER = 2**31 - 1  # of replicas, seconds and retries
NAME_EXPECTED = "expected lower-case letters, digits, hyphens and dots between them"

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_SUBDOMAIN = 253
_PATH = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_PART = r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?"
_HOST = rf"({_PART}(\.{_PART})+(:[0-9]+)?|{_PART}:[0-9]+|localhost)"  # told from a path by its dot or port
_IMAGE = re.compile(rf"({_HOST}/)?{_PATH}(/{_PATH})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(@sha256:[0-9a-f]{{64}})?")


def job_name(study: str, identity: str) -> str:
    """Name of a study's RayJob: a DNS-1035 label of at most 47 characters that ends in the study's identity.

    Equal identities give equal names, so that a study never has two jobs at a time.
    """
    return f"{dns_label(study, LONGEST_JOB_NAME - len(identity) - 1)}-{identity}"


def dns_label(text: str, longest: int) -> str:
    """`text` in lower-case letters, digits and single hyphens, beginning with a letter and cut to `longest`."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if not plain[:1].isalpha():
        plain = f"study-{plain}"
    return plain[:longest].strip("-")


def is_subdomain(name: str) -> bool:
    """Whether a Kubernetes object, such as a secret, may bear the name."""
    return len(name) <= _LONGEST_SUBDOMAIN and _SUBDOMAIN.fullmatch(name) is not None


def is_image(name: str) -> bool:
    """Whether a container runtime understands the image's name: [host[:port]/]path[:tag][@digest]."""
    return _IMAGE.fullmatch(name) is not None
