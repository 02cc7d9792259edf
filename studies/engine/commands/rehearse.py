"""Studies on generated data, to try a job before the data are there; whatever they record says so."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from studies.engine.study import Study
from trainables.config import DataConfig, Refused, RehearsalData
from trainables.data import has_known_shapes, is_there

REHEARSAL = "REHEARSAL"


def rehearsed(study: Study, data_dir: Path, console: Console) -> Study:
    """The study with a stand-in for each data set that `data_dir` lacks, and the study itself where it lacks none.

    The study's name, its variants and with them every table, figure and run say REHEARSAL.
    """
    variants = {label: data if is_there(data, data_dir) else _stand_in(data) for label, data in study.variants.items()}
    replaced = [label for label, data in variants.items() if data != study.variants[label]]
    if not replaced:
        console.print(f"{study.name}: its data are there, so this is no rehearsal", style="yellow")
        return study
    console.print(
        f"{REHEARSAL}: generated data in place of {', '.join(replaced)}; its figures mean nothing",
        style="bold yellow",
    )
    return replace(
        study,
        rehearsal=True,
        name=f"{study.name}-{REHEARSAL}",
        question=f"{REHEARSAL} on generated data: {study.question}",
        variants={f"{label} {REHEARSAL}" if label in replaced else label: data for label, data in variants.items()},
    )


def _stand_in(data: DataConfig) -> RehearsalData:
    if not has_known_shapes(data):
        raise Refused(f"expected a data set whose shapes are known without its files to rehearse with, got {data}")
    return RehearsalData(original=data)
