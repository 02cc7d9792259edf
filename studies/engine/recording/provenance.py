"""Under which circumstances a study ran: the command, the machine, the code's commit, the libraries' versions."""

import json
import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from analysis.connection import masked

COMMIT_VARIABLE = "ALIGN_OR_NOT_COMMIT"  # in an image there is no checkout to ask
_LIBRARIES = ("torch", "ray", "optuna", "mlflow", "numpy", "scipy", "scikit-learn")


def provenance() -> dict[str, str]:
    """Tags that say where numbers come from."""
    return {
        "command": masked(shlex.join(sys.argv)),
        "host": platform.node(),
        "git_commit": _git_commit(),
        "versions": json.dumps({"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES}),
    }


def _git_commit() -> str:
    """Commit of the code, with "+changes" where files differ from it; without a checkout what the image says."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changes = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get(COMMIT_VARIABLE, "unknown")
    return commit + ("+changes" if changes else "")
