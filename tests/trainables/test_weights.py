"""Pretrained weights: both formats give the tensors that were written, and what does not fit is named."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.trainables.own_encoders import Normalised
from trainables.config import Refused, TorchEncoder
from trainables.safetensors import read_safetensors

NAMES = {torch.float32: "F32", torch.int64: "I64", torch.bfloat16: "BF16", torch.bool: "BOOL", torch.uint8: "U8"}
NORMALISED = "tests.trainables.own_encoders:Normalised"


def safetensors(tensors: Mapping[str, Tensor]) -> bytes:
    """A file of this format, written from its description."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    numbers = b""
    for name, values in tensors.items():
        raw = values.contiguous().flatten().view(torch.uint8).numpy().tobytes() if values.numel() else b""
        header[name] = {
            "dtype": NAMES[values.dtype],
            "shape": list(values.shape),
            "data_offsets": [len(numbers), len(numbers) + len(raw)],
        }
        numbers += raw
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def pretrained() -> dict[str, Tensor]:
    torch.manual_seed(5)
    module = Normalised((6,))
    module(torch.randn(16, 6))  # moves the running statistics
    return module.state_dict()


def write(path: Path, state: Mapping[str, Tensor]) -> str:
    if path.suffix == ".safetensors":
        path.write_bytes(safetensors(state))
    else:
        torch.save(state, path)
    return str(path)


@pytest.mark.parametrize("name", ["weights.pt", "weights.safetensors"])
def test_a_module_begins_with_its_pretrained_state(tmp_path: Path, name: str) -> None:
    state = pretrained()
    config = TorchEncoder(NORMALISED, weights=write(tmp_path / name, state))
    torch.manual_seed(6)
    built = config.build((6,), dropout=0.0, depth=None).state_dict()
    assert built.keys() == state.keys()
    for key, values in state.items():
        torch.testing.assert_close(built[key], values, rtol=0, atol=0)
    untrained = TorchEncoder(NORMALISED).build((6,), dropout=0.0, depth=None).state_dict()
    assert not torch.equal(untrained["middle.running_mean"], state["middle.running_mean"])


@pytest.mark.parametrize("name", ["weights.pt", "weights.safetensors"])
def test_weights_of_other_names_and_shapes_are_refused_by_name(tmp_path: Path, name: str) -> None:
    state = pretrained()
    state["head.weight"] = state.pop("layers.0.bias")
    state["layers.0.weight"] = torch.zeros(5, 7)
    config = TorchEncoder(NORMALISED, weights=write(tmp_path / name, state))
    message = (
        r"it has head\.weight, which the module does not have; "
        r"it has layers\.0\.weight of shape \[5, 7\], where the module has \[5, 6\]; it lacks layers\.0\.bias"
    )
    with pytest.raises(Refused, match=message):
        config.build((6,), dropout=0.0, depth=None)


def test_files_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    nested = tmp_path / "nested.pt"
    torch.save({"epoch": 3, "state": {}}, nested)
    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(nested.read_bytes()[:-20])
    for file, message in ((nested, "something else under epoch, state"), (damaged, "written by torch.save")):
        with pytest.raises(Refused, match=message):
            TorchEncoder(NORMALISED, weights=str(file)).build((6,), dropout=0.0, depth=None)


def test_safetensors_keep_types_and_shapes(tmp_path: Path) -> None:
    tensors = {
        "matrix": torch.randn(3, 4),
        "count": torch.tensor(7),
        "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        "mask": torch.tensor([True, False, True]),
        "odd": torch.arange(3, dtype=torch.uint8),  # the next one lies at an odd byte
        "empty": torch.zeros(0, 2),
        "last": torch.randn(2),
    }
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors(tensors))
    found = read_safetensors(path)
    assert found.keys() == tensors.keys()
    for name, values in tensors.items():
        assert found[name].dtype == values.dtype
        torch.testing.assert_close(found[name], values, rtol=0, atol=0)


def test_no_part_of_a_file_passes_for_the_whole(tmp_path: Path) -> None:
    content = safetensors({"a": torch.randn(2), "b": torch.tensor(3)})
    path = tmp_path / "a.safetensors"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(Refused):
            read_safetensors(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(Refused, match="expected 16 bytes of numbers, got 17"):
        read_safetensors(path)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
            r"F32 of shape \[2\] does not lie at bytes 0 to 4 of 8",
        ),
        ({"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}, "does not lie at bytes 4 to 12 of 8"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}, "does not lie"),
        ({"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}, "got one at byte 4 after byte 0"),
        ({"dtype": "F32", "shape": [-1, -2], "data_offsets": [0, 8]}, "expected a shape of whole numbers"),
        ({"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}, "expected one of the types .*, got C64"),
        ({"dtype": "F32", "shape": [2]}, "expected dtype, shape and data_offsets"),
    ],
)
def test_impossible_entries_are_refused(tmp_path: Path, entry: dict, message: str) -> None:
    text = json.dumps({"a": entry}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(Refused, match=message):
        read_safetensors(path)
