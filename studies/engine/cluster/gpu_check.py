"""Whether PyTorch computes on the GPUs that are there: with a driver that is too old, trials would train on the CPU."""

import os
import subprocess
import sys

_PROGRAM = """
import sys, torch
try:
    torch.zeros(1, device="cuda")
except Exception as error:
    reason = str(error).partition("\\n")[0]
    needed = f"torch {torch.__version__}, CUDA {torch.version.cuda}; CUDA 13 needs NVIDIA's driver 580 or newer"
    sys.exit(f"{reason} ({needed})")
"""
_SECONDS_ALLOWED = 100


def gpu_fault() -> str:
    """What keeps PyTorch from this machine's GPUs, and what it is built for; empty where nothing does.

    A process of its own tries: from a task that asks for none Ray hides them, and CUDA keeps memory once it has begun.
    """
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") == ""
    seen = {name: value for name, value in os.environ.items() if not (hidden and name == "CUDA_VISIBLE_DEVICES")}
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _PROGRAM], env=seen, capture_output=True, text=True, timeout=_SECONDS_ALLOWED
        )
    except subprocess.TimeoutExpired:
        return f"PyTorch did not reach them in {_SECONDS_ALLOWED} s"
    if not tried.returncode:
        return ""
    return tried.stderr.strip().rpartition("\n")[2] or f"the attempt ended with exit code {tried.returncode}"
