import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from trainables.config import PythonData, Refused
from trainables.data import Shapes, content, is_there, load, modalities, population_table, require, shapes
from trainables.data.stand_in import stand_in
from trainables.data.summary import summary
from trainables.data.validation import check
from trainables.placement import PlacedSplits


def test_raw_waveforms_and_images_are_given_as_they_are_in_the_types_that_are_trained_on(package: str) -> None:
    config = PythonData(f"{package}.loading:raw")
    splits = load(config)
    stored = import_module(f"{package}.loading").raw()
    for split, original in zip(splits.by_name.values(), stored.by_name.values(), strict=True):
        assert (split.x1.dtype, split.x2.dtype, split.y.dtype) == (np.float32, np.float32, np.int64)
        assert (original.x1.dtype, original.x2.dtype, original.y.dtype) == (np.int16, np.uint8, np.uint8)
        np.testing.assert_array_equal(split.x1, original.x1)
        np.testing.assert_array_equal(split.x2, original.x2)
        np.testing.assert_array_equal(split.y, original.y)
    few = "has 12 rows: a single one is 8.3% of its accuracy"
    neighbours = "test has 12 rows: mutual k-NN compares 5 of a row's neighbours, not 10"
    assert sorted(check(splits, batch_size=4)) == sorted([f"valid {few}", f"test {few}", neighbours])


def test_its_shapes_and_names_are_those_of_its_rows(package: str) -> None:
    config = PythonData(f"{package}.loading:raw", {"num_rows": 15})
    known = Shapes(modalities=("sound", "sight"), row_1=(400,), row_2=(3, 8, 6), num_classes=3, sizes=(15, 15, 15))
    assert shapes(config) == known
    assert modalities(config) == known.modalities
    assert population_table(config) is None
    assert [part.row_shape for part in summary(load(config))[0].modalities] == [(400,), (3, 8, 6)]
    assert stand_in(config, 5).test.x2.shape == (5, 3, 8, 6)
    placed = PlacedSplits(load(config)).train
    assert placed.row_shape(1) == placed.batch(1, slice(1))[0].shape[1:] == (3, 8, 6)


def test_the_function_is_called_once_however_much_is_asked(package: str) -> None:
    config, other = PythonData(f"{package}.loading:raw"), PythonData(f"{package}.loading:raw", {"noise": 2.0})
    calls = import_module(f"{package}.loading").CALLS
    require(config)
    assert is_there(config) and calls == []
    for _ in range(2):
        load(config), shapes(config), content(config), modalities(config)
    assert calls == [1.0]
    shapes(other), shapes(config), content(config)
    assert calls == [1.0, 2.0]  # what is small is kept of both
    load(config)
    assert calls == [1.0, 2.0, 1.0]  # and the rows of the last one alone


def test_the_content_follows_the_rows(package: str) -> None:
    path = f"{package}.loading:raw"
    found = {noise: content(PythonData(path, {"noise": noise})) for noise in (1.0, 2.0)}
    assert found[1.0] != found[2.0]
    assert found[1.0] == content(PythonData(path))  # the same rows by other arguments
    assert content(PythonData(path, {"num_rows": 9})) not in found.values()


def test_the_folder_is_given_to_functions_that_ask_for_one(package: str, tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        load(PythonData(f"{package}.loading:from_folder", {"num_rows": 9}), folder)
    assert [[path.name for path in folder.iterdir()] for folder in folders] == [["asked"], ["asked"]]
    load(PythonData(f"{package}.loading:raw"), tmp_path / "third")


def test_the_arrays_are_shared_and_read_only_and_those_of_the_user_stay_as_they_are(
    package: str, tmp_path: Path
) -> None:
    write(
        tmp_path / package / "kept.py",
        "X = np.asfortranarray(np.random.default_rng(0).standard_normal((6, 4)))[::-1]",
        "FLOATS = np.ones((6, 2, 2), dtype=np.float32)",
        "LENGTHS = np.array([1, 2] * 3, dtype=np.int32)",
        "VALUES = np.linspace(-1, 1, 6)",
        "SPLIT = Split(x1=X, x2=FLOATS, y=VALUES, lengths_2=LENGTHS, groups=LENGTHS)",
        "def load():",
        "    return Splits(train=SPLIT, valid=SPLIT, test=SPLIT, modalities=('a', 'b'), num_classes=2,",
        "                  task='regression')",
    )
    split = load(PythonData(f"{package}.kept:load")).train
    module = import_module(f"{package}.kept")
    np.testing.assert_array_equal(split.x1, module.X.astype(np.float32))
    assert split.x1.flags.c_contiguous and not split.x2.flags.writeable and module.FLOATS.flags.writeable
    assert np.shares_memory(split.x2, module.FLOATS)  # of the right type already
    assert split.lengths_2 is not None
    assert (split.y.dtype, split.lengths_2.dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(split.lengths_2, module.LENGTHS)
    assert split.groups is not None and split.groups.dtype == np.int64
    np.testing.assert_array_equal(split.groups, module.LENGTHS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("x1=ROWS.tolist()", r"train\.x1: expected a NumPy array of real numbers, got list"),
        ("x1=ROWS.astype(complex)", r"train\.x1: expected .* of real numbers, got one of complex128"),
        ("x2=ROWS.astype(object)", r"train\.x2: expected .* of real numbers, got one of object"),
        ("x2=np.ma.masked_less(ROWS, 0)", r"train\.x2: expected .* of real numbers, got MaskedArray"),
        ("x2=1e300 * ROWS", r"train\.x2: expected numbers that float32 can hold, got 18 that are larger"),
        ("lengths_1=np.ones(6)", r"train\.lengths_1: expected .* of integers, got one of float64"),
        ("y=np.array(['yes', 'no'] * 3)", "labels of a classification must be integers, got <U3 in train"),
        ("y=np.arange(4)", "x1 must have one row a label: expected 4 rows, got 6"),
    ],
)
def test_arrays_that_cannot_be_trained_on_are_refused(package: str, tmp_path: Path, changes: str, message: str) -> None:
    write(
        tmp_path / package / "wrong.py",
        "ROWS = np.random.default_rng(0).standard_normal((6, 3))",
        "def load():",
        f"    parts = dict(x1=ROWS, x2=ROWS, y=np.arange(6) % 2) | dict({changes})",
        "    split = Split(**parts)",
        "    return Splits(train=split, valid=split, test=split, modalities=('a', 'b'), num_classes=2)",
    )
    with pytest.raises(Refused, match=message):
        load(PythonData(f"{package}.wrong:load"))


def test_numbers_that_are_infinite_before_are_left_to_the_check(package: str, tmp_path: Path) -> None:
    write(
        tmp_path / package / "infinite.py",
        "ROWS = np.random.default_rng(0).standard_normal((6, 3))",
        "ROWS[0, 0] = np.inf",
        "def load():",
        "    split = Split(x1=ROWS, x2=ROWS, y=np.arange(6) % 2)",
        "    return Splits(train=split, valid=split, test=split, modalities=('a', 'b'), num_classes=2)",
    )
    with pytest.raises(Refused, match="a in train: expected finite features, found 1 NaN or infinite in 1 rows"):
        check(load(PythonData(f"{package}.infinite:load")), batch_size=2)


def test_what_is_no_splits_is_refused(package: str, tmp_path: Path) -> None:
    write(tmp_path / package / "plain.py", "def load():", "    return {'train': 1}")
    with pytest.raises(Refused, match=r"plain:load: expected it to return trainables\.data\.Splits, got dict"):
        load(PythonData(f"{package}.plain:load"))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("absent:load", {}, "importing .*absent failed"),
        ("loading:absent", {}, "has no absent"),
        ("loading:NOT_A_FUNCTION", {}, "expected a function that returns Splits, got int"),
        ("loading:raw", {"loudness": 1}, r"expected arguments that it takes, got loudness \(.*unexpected"),
        ("loading:from_folder", {"noise": 1}, "expected arguments that it takes, got noise, data_dir"),
    ],
)
def test_a_function_that_cannot_be_called_is_refused_before_a_study_starts(
    package: str, name: str, arguments: dict, message: str
) -> None:
    config = PythonData(f"{package}.{name}", arguments)
    for function in (require, load, shapes):
        with pytest.raises(Refused, match=message):
            function(config)


def test_what_the_function_itself_raises_is_said_with_its_place(package: str, tmp_path: Path) -> None:
    broken = tmp_path / package / "broken.py"
    write(broken, "def load():", "    return 1 / 0")
    said = f"calling it raised ZeroDivisionError: division by zero \\({re.escape(str(broken))}, line 4\\)"
    with pytest.raises(Refused, match=said) as refused:
        load(PythonData(f"{package}.broken:load"))
    assert isinstance(refused.value.__cause__, ZeroDivisionError)


def test_what_the_function_says_of_its_files_is_passed_on_as_it_is(package: str, tmp_path: Path) -> None:
    write(tmp_path / package / "missing.py", "def load():", "    open('nowhere')")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(PythonData(f"{package}.missing:load"))


def write(path: Path, *lines: str) -> None:
    path.write_text("\n".join(["import numpy as np", "from trainables.data import Split, Splits", *lines, ""]))
