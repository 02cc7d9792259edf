"""The affect data sets of MultiBench: their files, where they lie and what they hold."""

from dataclasses import dataclass
from pathlib import Path

from trainables.config import AffectData
from trainables.data.splits import CLASSIFICATION, REGRESSION, MissingDataError, Task

MULTIBENCH = "https://github.com/pliang279/MultiBench, its README's section Affective Computing (on Google Drive)"


@dataclass(frozen=True, kw_only=True)
class AffectFile:
    """What is known of a file without reading it: the width of each modality, rows a split, at most 50 steps each."""

    widths: dict[str, int]
    sizes: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class AffectFacts:
    """A data set: its full name, its task, its source, and its files by name, the one to take by default first."""

    title: str
    task: Task
    source: str
    files: dict[str, AffectFile]


NUM_STEPS = 50

# Sizes are the published ones, before rows without text are left out. MultiBench (Liang et al. 2021); MUStARD (Castro
# et al. 2019); UR-FUNNY (Hasan et al. 2019); CMU-MOSI and CMU-MOSEI (Zadeh et al. 2016, 2018).
DATASETS = {
    "mosei": AffectFacts(
        title="CMU-MOSEI",
        task=REGRESSION,
        source=f"mosei_senti_data.pkl or mosei_raw.pkl: {MULTIBENCH}",
        files={
            "mosei_senti_data.pkl": AffectFile(
                widths={"vision": 35, "audio": 74, "text": 300}, sizes=(16_265, 1_869, 4_643)
            ),
            "mosei_raw.pkl": AffectFile(widths={"vision": 713, "audio": 74, "text": 300}, sizes=(16_265, 1_869, 4_643)),
        },
    ),
    "mosi": AffectFacts(
        title="CMU-MOSI",
        task=REGRESSION,
        source=f"mosi_data.pkl or mosi_raw.pkl: {MULTIBENCH}",
        files={
            name: AffectFile(widths={"vision": 35, "audio": 74, "text": 300}, sizes=(1_284, 229, 686))
            for name in ("mosi_data.pkl", "mosi_raw.pkl")
        },
    ),
    "mustard": AffectFacts(
        title="MUStARD",
        task=CLASSIFICATION,
        source=f"sarcasm.pkl: {MULTIBENCH}; its clips and text: https://github.com/soujanyaporia/MUStARD",
        files={"sarcasm.pkl": AffectFile(widths={"vision": 371, "audio": 81, "text": 300}, sizes=(414, 138, 138))},
    ),
    "humor": AffectFacts(
        title="UR-FUNNY",
        task=CLASSIFICATION,
        source=f"humor.pkl: {MULTIBENCH}",
        files={"humor.pkl": AffectFile(widths={"vision": 371, "audio": 81, "text": 300}, sizes=(10_598, 2_626, 3_290))},
    ),
}


def facts(config: AffectData) -> AffectFacts:
    """What is known of the data set that `config` names. Raises ValueError where it or its file is unknown."""
    known = DATASETS.get(config.dataset)
    if known is None:
        raise ValueError(f"dataset must be one of {', '.join(DATASETS)}, got {config.dataset!r}")
    if config.file is not None and config.file not in known.files:
        raise ValueError(f"file of {config.dataset} must be one of {', '.join(known.files)}, got {config.file!r}")
    return known


def file_name(config: AffectData) -> str:
    """Name of the file that `config` takes: the data set's first where it names none.

    Not whichever is there: the same configuration must not train on one file here and on another elsewhere.
    """
    return config.file or next(iter(facts(config).files))


def locate(config: AffectData, data_dir: Path | None) -> Path:
    """Find the file in the folder `data_dir/<dataset>` without reading it.

    Raises MissingDataError, which says where it was looked for, where it comes from, and which other file is there.
    """
    known = facts(config)
    if data_dir is None:
        raise MissingDataError(
            f"{known.title} needs a data folder that holds {config.dataset}/{file_name(config)}, got none.\n"
            f"{known.source}"
        )
    path = data_dir / config.dataset / file_name(config)
    if path.is_file():
        return path
    others = [name for name in known.files if (path.parent / name).is_file()]
    lines = [f"{known.title} needs a file that is not there:", f"  missing  {path}"]
    lines += [f"  found    {path.parent / name}, which file={name!r} takes" for name in others]
    raise MissingDataError("\n".join([*lines, known.source]))
