"""Names that Kubernetes and the KubeRay operator accept, made of names that people chose."""

import re

# A RayJob's name is followed by six characters in its cluster's name, which may have 53.
LONGEST_JOB_NAME = 47


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
