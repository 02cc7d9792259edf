"""The affect data sets of MultiBench: their files, where they lie and what they hold."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from trainables.config import AffectData, Refused
from trainables.data.splits import CLASSIFICATION, REGRESSION, MissingDataError, Task, how_to_fetch

MULTIBENCH = "https://github.com/pliang279/MultiBench"


@dataclass(frozen=True, kw_only=True)
class AffectFile:
    """What is known of a file without reading it: the width of each modality, rows a split, at most 50 steps each.

    `drive_id` is the file's on Google Drive, where it is known beside its folder's.
    """

    widths: dict[str, int]
    sizes: tuple[int, int, int]
    drive_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class AffectFacts:
    """A data set: its full name, its task, and its files by name, the one to take by default first.

    `drive_folder` is the id of MultiBench's folder on Google Drive that holds the files; `licence` and `home` are those
    of the data set itself.
    """

    title: str
    task: Task
    drive_folder: str
    licence: str
    home: str
    files: dict[str, AffectFile]


NUM_STEPS = 50

# Sizes are the published ones, before rows without text are left out. MultiBench (Liang et al. 2021); MUStARD (Castro
# et al. 2019); UR-FUNNY (Hasan et al. 2019); CMU-MOSI and CMU-MOSEI (Zadeh et al. 2016, 2018).
# Folders on Google Drive: MultiBench's README and documentation. Single files: FILE_IDS in the code of COrAL (Caro-Ci)
# and InfMasking (jumaojumao233), whose authors trained on them.
DATASETS = {
    "mosei": AffectFacts(
        title="CMU-MOSEI",
        task=REGRESSION,
        drive_folder="1A_hTmifi824gypelGobgl2M-5Rw9VWHv",
        licence="none stated for the data; MIT for its SDK",
        home="https://github.com/CMU-MultiComp-Lab/CMU-MultimodalSDK",
        files={
            "mosei_senti_data.pkl": AffectFile(
                widths={"vision": 35, "audio": 74, "text": 300},
                sizes=(16_265, 1_869, 4_643),
                drive_id="180l4pN6XAv8-OAYQ6OrMheFUMwtqUWbz",
            ),
            "mosei_raw.pkl": AffectFile(widths={"vision": 713, "audio": 74, "text": 300}, sizes=(16_265, 1_869, 4_643)),
        },
    ),
    "mosi": AffectFacts(
        title="CMU-MOSI",
        task=REGRESSION,
        drive_folder="1uEK737LXB9jAlf9kyqRs6B9N6cDncodq",
        licence="none stated for the data; MIT for its SDK",
        home="https://github.com/CMU-MultiComp-Lab/CMU-MultimodalSDK",
        files={
            "mosi_data.pkl": AffectFile(
                widths={"vision": 35, "audio": 74, "text": 300},
                sizes=(1_284, 229, 686),
                drive_id="1_XdzdW8UNG1TTS6QcX10uhoS6N11OBit",
            ),
            "mosi_raw.pkl": AffectFile(widths={"vision": 35, "audio": 74, "text": 300}, sizes=(1_284, 229, 686)),
        },
    ),
    "mustard": AffectFacts(
        title="MUStARD",
        task=CLASSIFICATION,
        drive_folder="1JFcX-NF97zu9ZOZGALGU9kp8dwkP7aJ7",
        licence="MIT",
        home="https://github.com/soujanyaporia/MUStARD",
        files={
            "sarcasm.pkl": AffectFile(
                widths={"vision": 371, "audio": 81, "text": 300},
                sizes=(414, 138, 138),
                drive_id="1EMBUmUL5B0PTncGx3L-sBElGOmjFBR_h",
            )
        },
    ),
    "humor": AffectFacts(
        title="UR-FUNNY",
        task=CLASSIFICATION,
        drive_folder="1Agzm157lciMONHOHemHRSySmjn1ahHX1",
        licence="none stated",
        home="https://github.com/ROC-HCI/UR-FUNNY",
        files={
            "humor.pkl": AffectFile(
                widths={"vision": 371, "audio": 81, "text": 300},
                sizes=(10_598, 2_626, 3_290),
                drive_id="1L5slPmYyhEVtwGyM1kgcFMjeBpXLZGT0",
            )
        },
    ),
}


def facts(config: AffectData) -> AffectFacts:
    """What is known of the data set that `config` names. Raises Refused where it or its file is unknown."""
    known = DATASETS.get(config.dataset)
    if known is None:
        raise Refused(f"dataset must be one of {', '.join(DATASETS)}, got {config.dataset!r}")
    if config.file is not None and config.file not in known.files:
        raise Refused(f"file of {config.dataset} must be one of {', '.join(known.files)}, got {config.file!r}")
    return known


def file_name(config: AffectData) -> str:
    """Name of the file that `config` takes: the data set's first where it names none.

    Not whichever is there: the same configuration must not train on one file here and on another elsewhere.
    """
    return config.file or next(iter(facts(config).files))


def locate_clips(config: AffectData, data_dir: Path | None) -> Path:
    """Find the file in the folder `data_dir/<dataset>` without reading it.

    Raises MissingDataError, which says where it was looked for, where it comes from, and which other file is there,
    MMSA's among them.
    """
    known = facts(config)
    if data_dir is None:
        raise MissingDataError(
            f"{known.title} needs a data folder that holds {config.dataset}/{file_name(config)}, got none.\n"
            f"{_source(config, data_dir)}"
        )
    path = data_dir / config.dataset / file_name(config)
    if path.is_file():
        return path
    others = [name for name in known.files if (path.parent / name).is_file()]
    lines = [f"{known.title} needs a file that is not there:", f"  missing  {path}"]
    lines += [f"  found    {path.parent / name}, which file={name!r} takes" for name in others]
    first, second = config.modalities
    lines += [
        f"  found    {file}, of MMSA: python studies/custom.py --archive {shlex.quote(str(file))} "
        f"--modalities {first} {second}"
        for file in sorted(path.parent.glob("*aligned_*.pkl"))
    ]
    raise MissingDataError("\n".join([*lines, _source(config, data_dir)]))


def folder_page(drive_folder: str) -> str:
    """Address of a folder on Google Drive, for a browser."""
    return f"https://drive.google.com/drive/folders/{drive_folder}"


def _source(config: AffectData, data_dir: Path | None) -> str:
    known = facts(config)
    names = " or ".join(known.files)
    source = f"{names}: MultiBench ({MULTIBENCH}), its Google Drive: {folder_page(known.drive_folder)}"
    if file_name(config) != next(iter(known.files)):  # the command fetches the first alone
        return source
    return f"{source}\n{how_to_fetch(config.dataset, data_dir)}"
