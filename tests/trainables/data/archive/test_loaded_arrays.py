import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet

from trainables.config import ArchiveData, Refused
from trainables.data import Splits, load, shapes
from trainables.data.archive.loaded_arrays import parquet_arrays, tensor_arrays
from trainables.data.archive.npy_folder import archive_content

NUM_ROWS = 60


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    text, lengths = draw.standard_normal((NUM_ROWS, 4, 3)).astype(np.float32), np.arange(NUM_ROWS) % 4 + 1
    text[np.arange(4) >= lengths[:, None]] = 0
    return {
        "text": text,
        "text_length": lengths,
        "audio": draw.standard_normal((NUM_ROWS, 2)),
        "label": np.arange(NUM_ROWS) % 3,
    }


def read(path: Path) -> Splits:
    config = ArchiveData(content=archive_content(path), modalities=("text", "audio"))
    assert shapes(config, path.parent).num_classes == 3
    return load(config, path.parent)


def write_pt(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    torch.save({name: torch.from_numpy(values) for name, values in arrays.items()}, path)


def write_safetensors(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    kinds, header, end = {"float32": "F32", "float64": "F64", "int64": "I64"}, {}, 0
    for name, values in arrays.items():
        place = [end, end := end + values.nbytes]
        header[name] = {"dtype": kinds[str(values.dtype)], "shape": list(values.shape), "data_offsets": place}
    text = str(header).replace("'", '"').encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(values.tobytes() for values in arrays.values()))


def write_parquet(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Sequences as lists of lists without their padding, in two row groups."""
    columns: dict[str, Any] = {name: values.tolist() for name, values in arrays.items() if name != "text_length"}
    columns["text"] = [steps[:length] for steps, length in zip(columns["text"], arrays["text_length"], strict=True)]
    parquet.write_table(pa.table(columns), path, row_group_size=40)


def write_folder(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    path.mkdir()
    for name, values in arrays.items():
        np.save(path / f"{name}.npy", values)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.pt", write_pt),
        ("a.pth", write_pt),
        ("a.safetensors", write_safetensors),
        ("a.parquet", write_parquet),
        ("a", write_folder),
    ],
)
def test_every_format_gives_what_the_same_arrays_give_as_npz(
    tmp_path: Path, arrays: dict[str, np.ndarray], name: str, write: Callable[[Path, Mapping[str, np.ndarray]], None]
) -> None:
    for folder in ("expected", "found"):
        (tmp_path / folder).mkdir()
    np.savez(tmp_path / "expected/a.npz", **arrays)  # pyright: ignore[reportArgumentType]
    write(tmp_path / "found" / name, arrays)
    expected, found = read(tmp_path / "expected/a.npz"), read(tmp_path / "found" / name)
    for split, part in found.by_name.items():
        for field in ("x1", "x2", "y", "lengths_1"):
            np.testing.assert_array_equal(getattr(part, field), getattr(expected.by_name[split], field))


def test_half_precision_of_the_brain_kind_is_read(tmp_path: Path) -> None:
    values = torch.tensor([[1.5, -2.0]], dtype=torch.bfloat16)
    torch.save({"a": values, "b": torch.nn.Parameter(torch.ones(2))}, tmp_path / "a.pt")
    found = tensor_arrays(tmp_path / "a.pt").read(["a", "b", "c"])
    np.testing.assert_array_equal(found["a"], np.array([[1.5, -2.0]], dtype=np.float32))
    np.testing.assert_array_equal(found["b"], np.ones(2, dtype=np.float32))
    assert found.keys() == {"a", "b"}


def test_other_kinds_of_floating_point_are_read_and_what_numpy_lacks_is_refused_by_name(tmp_path: Path) -> None:
    path, dense = tmp_path / "a.pt", torch.tensor([[1.5, 0.0], [0.0, -2.0]])
    torch.save({"a": dense.to(torch.float8_e4m3fn), "b": torch.tensor([1 + 2j]).conj()}, path)
    found = tensor_arrays(path).read(["a", "b"])
    np.testing.assert_array_equal(found["a"], dense.numpy())
    assert found["b"].tolist() == [1 - 2j]
    for tensor, kind in ((dense.to_sparse(), "torch.sparse_coo"), (dense.to("meta"), "torch.strided")):
        torch.save({"a": tensor}, path)
        with pytest.raises(Refused, match=rf"a\.pt: a: expected a dense tensor .*, found {kind} torch\.float32"):
            tensor_arrays(path)
    torch.save({1: dense}, path)
    with pytest.raises(Refused, match=r"a\.pt: expected tensors under names, got 1"):
        tensor_arrays(path)


def test_what_pytorch_says_of_another_file_is_a_sentence_without_bad_advice(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": np.ones(3)}, path)
    with pytest.raises(Refused) as refused:
        tensor_arrays(path)
    assert str(refused.value).endswith("written by torch.save: it holds numpy._core.multiarray._reconstruct too")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # there are such files all the same
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)
    with pytest.raises(Refused, match=r"a\.pt: expected a dictionary of tensors, .*TorchScript") as refused:
        tensor_arrays(path)
    assert not re.search(r"\n|False", str(refused.value))


class Harmful:
    def __reduce__(self) -> tuple:
        return (Path.touch, (Path("harm"),))


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Harmful()}, "a.pt")
    Path("b.pt").write_bytes(pickle.dumps({"a": Harmful()}))
    for name in ("a.pt", "b.pt"):
        with pytest.raises(Refused, match=f"{name}: expected a dictionary of tensors"):
            tensor_arrays(Path(name))
    assert not Path("harm").exists()


def test_words_categories_and_other_kinds_of_columns_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    words = pa.array(["sad", "happy", "sad"])
    parquet.write_table(
        pa.table(
            {
                "label": words.dictionary_encode(),
                "split": words,
                "flag": [True, False, True],
                "fixed": pa.array([[1.0, 2.0]] * 3, type=pa.list_(pa.float32(), 2)),
                "steps": [[[1.0], [2.0]]] * 3,
                "struct": [{"x": 1}] * 3,
                "view": words.cast(pa.string_view()),
                "decimal": pa.array([Decimal("1.5"), None, Decimal("-2")]),
            }
        ),
        path,
    )
    found = parquet_arrays(path)
    values = found.read(found.headers)
    assert values["label"].tolist() == values["split"].tolist() == ["sad", "happy", "sad"]
    assert values["view"].tolist() == ["sad", "happy", "sad"]
    np.testing.assert_array_equal(values["decimal"], [1.5, np.nan, -2])
    assert values["flag"].tolist() == [True, False, True]
    np.testing.assert_array_equal(values["fixed"], np.array([[1.0, 2.0]] * 3, dtype=np.float32))
    assert values["steps"].shape == (3, 2, 1)
    assert "steps_length" not in values  # none is padded
    assert found.headers["struct"].dtype == object


def test_what_is_missing_in_a_table_is_not_a_number_and_no_word(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = {"a": [1, None], "b": ["x", None], "c": [[1.0, None], [2.0, 3.0]], "d": [True, None]}
    parquet.write_table(pa.table(columns), path)
    found = parquet_arrays(path).read(columns)
    np.testing.assert_array_equal(found["a"], [1, np.nan])
    assert found["b"].tolist() == ["x", ""]
    np.testing.assert_array_equal(found["c"], [[1, np.nan], [2, 3]])
    assert found["d"].dtype == object


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [[1.0], [2.0, 3.0]]}, "a: expected lists of one width, found 1 to 2 numbers"),
        ({"a": [[[1.0]], [[2.0, 3.0]]]}, "a: expected lists of one width, found 1 to 2 numbers"),
        ({"a": [[1.0], None]}, "a: expected a list in each row, found none in 1 of 2"),
        ({"a": [[[1.0]], [None]]}, "a: expected a list in each row, found none in 1 of 2"),
        ({"a": pa.array([[], []], type=pa.list_(pa.list_(pa.float32())))}, "a: expected lists .* empty ones alone"),
        ({"a": pa.array([], type=pa.float32())}, "expected a table with rows"),
    ],
)
def test_tables_that_are_no_arrays_are_refused_by_column(tmp_path: Path, columns: dict, message: str) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table(columns), path)
    with pytest.raises(Refused, match=message):
        parquet_arrays(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Refused, match=r"a\.parquet: expected a whole Parquet file"):
        parquet_arrays(path)
