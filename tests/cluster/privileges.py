"""Tests that need a right which not every machine gives, such as to mount a disk."""

import subprocess

import pytest


def require_allowed(*command: str) -> None:
    """Run the command; skip the test, saying why, where the system has it not or forbids it."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"not installed: {error}")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this system forbids {' '.join(map(str, command))}: {error.stderr.strip()}")
