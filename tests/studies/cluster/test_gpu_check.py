"""GPUs that PyTorch cannot use are refused, on whatever machine this runs."""

from pathlib import Path

import pytest
import torch

from studies.engine.cluster.gpu_check import gpu_fault
from studies.engine.cluster.preflight import _examine, _faults


@pytest.mark.parametrize("visible", [None, "", "0"])
def test_it_finds_a_fault_where_pytorch_has_no_gpu_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, visible: str | None
) -> None:
    """Hidden GPUs, as Ray hides them from its tasks, are looked for all the same."""
    works = torch.cuda.is_available()
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert (gpu_fault() == "") is works


@pytest.mark.skipif(torch.cuda.is_available(), reason="the GPUs of this machine can be used")
def test_a_node_whose_gpus_cannot_be_used_is_named_with_what_pytorch_says(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("")
    with_gpus, without = (_examine(str(tmp_path), "token", (), (), tmp_path, uses) for uses in (True, False))
    assert list(_faults(without, without)) == []
    (fault,) = _faults(with_gpus, without)
    assert f"{without.host}: its GPUs cannot be used: " in fault and "NVIDIA's driver 580 or newer" in fault
