"""What every data set must be able to say of itself, asked of each of them."""

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from trainables.config import (
    AffectData,
    ArchiveData,
    AvMnistData,
    DataConfig,
    PythonData,
    Refused,
    RehearsalData,
    SyntheticData,
)
from trainables.data import (
    ADAPTERS,
    MissingDataError,
    Shapes,
    Split,
    Splits,
    content,
    has_known_shapes,
    is_there,
    load,
    modalities,
    population_table,
    require,
    shapes,
)
from trainables.data.affect.affect_files import DATASETS, NUM_STEPS
from trainables.data.content import content_of
from trainables.data.validation import check

NUM_ROWS = 60
AFFECT = AffectData(dataset="mustard", modalities=("vision", "text"))
OWN_DATA = """
import numpy as np
from trainables.data import Split, Splits

def load():
    draw = np.random.default_rng(0)
    parts = [Split(x1=draw.normal(size=(60, 5)), x2=draw.normal(size=(60, 4, 3)), y=np.arange(60) % 2,
                   lengths_2=np.full(60, 4)) for _ in range(3)]
    return Splits(train=parts[0], valid=parts[1], test=parts[2], modalities=("a", "b"), num_classes=2)
"""


def write_clips(folder: Path) -> None:
    """A pickle of MUStARD's format and widths, with few clips."""
    (name, file) = next(iter(DATASETS["mustard"].files.items()))
    draw = np.random.default_rng(0)
    clips: dict[str, Mapping[str, np.ndarray]] = {}
    for split in ("train", "valid", "test"):
        features = {part: draw.normal(size=(NUM_ROWS, NUM_STEPS, width)) for part, width in file.widths.items()}
        clips[split] = features | {"labels": np.resize([-1.0, 1.0], (NUM_ROWS, 1, 1))}
    path = folder / "mustard" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps(clips))


def write_archive(path: Path) -> None:
    draw = np.random.default_rng(0)
    features = {"a": draw.normal(size=(NUM_ROWS, 5)), "b": draw.normal(size=(NUM_ROWS, 4, 3))}
    np.savez(path, **features, label=np.arange(NUM_ROWS) % 3, b_length=np.full(NUM_ROWS, 4))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A data set, the folder with its files, and what is known of it beforehand."""

    config: DataConfig
    data_dir: Path | None
    has_files: bool
    has_content: bool
    has_known_shapes: bool
    has_population: bool


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory, generated_data: Path) -> Mapping[type[DataConfig], Case]:
    folder = tmp_path_factory.mktemp("adapters")
    write_clips(folder)
    write_archive(folder / "features.npz")
    (folder / "own_data_of_the_adapters_test.py").write_text(OWN_DATA)
    archive = ArchiveData(content=content_of(folder / "features.npz"), modalities=("a", "b"))
    own = PythonData("own_data_of_the_adapters_test:load")
    #        data folder     files  content  shapes  population
    facts = {
        SyntheticData(shared_bits=4): (None, False, False, True, True),
        AvMnistData(): (generated_data, True, True, True, False),
        AFFECT: (folder, True, True, True, False),
        archive: (folder, True, True, False, False),
        RehearsalData(original=AFFECT): (None, False, False, True, True),
        own: (None, False, True, False, False),
    }
    names = ("data_dir", "has_files", "has_content", "has_known_shapes", "has_population")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        load(own)  # while it can be imported
    return {
        type(config): Case(config=config, **dict(zip(names, known, strict=True))) for config, known in facts.items()
    }


@pytest.fixture(params=list(ADAPTERS), ids=lambda kind: kind.__name__)
def case(request: pytest.FixtureRequest, cases: Mapping[type[DataConfig], Case]) -> Case:
    return cases[request.param]


def test_every_configuration_has_an_adapter() -> None:
    kinds = [kind for kind in DataConfig.__subclasses__() if kind.__module__ == DataConfig.__module__]
    assert set(ADAPTERS) == set(kinds)


def test_each_gives_rows_that_its_shapes_describe(case: Case) -> None:
    require(case.config, case.data_dir)
    assert is_there(case.config, case.data_dir)
    splits, known = load(case.config, case.data_dir), shapes(case.config, case.data_dir)
    check(splits, batch_size=8)
    assert modalities(case.config, case.data_dir) == known.modalities
    found = shapes_of(splits)
    if isinstance(case.config, AffectData):  # the published sizes, and not those of a file that is made up
        assert found.sizes == (NUM_ROWS,) * 3
        found = Shapes(**{**vars(found), "sizes": known.sizes})
    assert found == known


def test_each_has_a_content_that_another_process_would_find_unless_it_is_generated(case: Case) -> None:
    found = content(case.config, case.data_dir)
    assert (found is not None) == case.has_content
    if found is not None:
        assert re.fullmatch("[0-9a-f]{64}", found)


def test_each_says_whether_its_shapes_are_known_without_its_files(case: Case) -> None:
    assert has_known_shapes(case.config) == case.has_known_shapes
    if case.has_known_shapes:
        assert shapes(case.config) == shapes(case.config, case.data_dir)
    elif case.has_files:
        with pytest.raises(MissingDataError):
            shapes(case.config)


def test_each_has_its_exact_population_or_none(case: Case) -> None:
    table = population_table(case.config)
    assert (table is not None) == case.has_population
    if table is not None:
        assert table.sum() == pytest.approx(1, abs=1e-12)  # float64, of at most 65,536 cells
        assert table.shape[2] == shapes(case.config).num_classes


def test_each_that_has_files_says_where_it_misses_them(case: Case, tmp_path: Path) -> None:
    assert is_there(case.config, tmp_path) != case.has_files
    if case.has_files:
        for function in (load, require, content) if not isinstance(case.config, ArchiveData) else (load, require):
            with pytest.raises(MissingDataError) as caught:
                function(case.config, tmp_path)
            assert isinstance(caught.value, Refused) and isinstance(caught.value, FileNotFoundError)
            passed_on = pickle.loads(pickle.dumps(caught.value))  # as Ray passes it from worker to driver
            assert str(passed_on) == str(caught.value) and str(tmp_path) in str(passed_on)


@pytest.mark.parametrize(
    "function", [load, require, is_there, content, shapes, has_known_shapes, modalities, population_table]
)
@pytest.mark.parametrize("config", ["synthetic", DataConfig()])
def test_unknown_configuration_is_refused(function, config) -> None:
    with pytest.raises(ValueError, match=r"expected a data configuration \(SyntheticData, .*PythonData\), got"):
        function(config)


def test_rows_that_do_not_pair_are_refused() -> None:
    with pytest.raises(Refused, match="expected 3 rows, got 2"):
        Split(x1=np.zeros((3, 1)), x2=np.zeros((2, 1)), y=np.zeros(3, dtype=np.int64))


@pytest.mark.parametrize("names", [("a", "a"), ("a",), ("a", "b", "c")])
def test_modalities_are_two_of_different_names(names: tuple[str, ...]) -> None:
    split = Split(x1=np.zeros((3, 1)), x2=np.zeros((3, 1)), y=np.zeros(3, dtype=np.int64))
    with pytest.raises(Refused, match="names of two different ones"):
        Splits(train=split, valid=split, test=split, modalities=names, num_classes=2)  # pyright: ignore


def shapes_of(splits: Splits) -> Shapes:
    train, valid, test = splits.by_name.values()
    return Shapes(
        modalities=splits.modalities,
        row_1=train.x1.shape[1:],
        row_2=train.x2.shape[1:],
        num_classes=splits.num_classes,
        sizes=(len(train), len(valid), len(test)),
        task=splits.task,
        has_lengths_1=train.lengths_1 is not None,
        has_lengths_2=train.lengths_2 is not None,
    )
