"""Everything that follows from the records of one study: its state, λ*, importance and figures, each computed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.decision import Decisions, decision_table, gain_bands, study_decisions
from analysis.figures import (
    Drawing,
    accuracy_and_alignment,
    gain_at_lambda_star,
    gain_by_lambda,
    importance_figure,
    information_figure,
    lambda_star_figure,
    parallel_coordinates,
    save_figure,
    survivor_figure,
)
from analysis.importance import hyperparameter_importance
from analysis.progress import Progress, study_progress
from analysis.records import StudyRecords
from analysis.search_tables import ended_configurations, survivors


@dataclass(frozen=True, kw_only=True, eq=False)
class Conclusions:
    """What is concluded from one study.

    `decided`: the decision for each variant and encoder, and `decisions` the same as a table. `drawings`: the figures
    that its records allow, by file name.
    """

    records: StudyRecords
    progress: Progress
    decided: Decisions
    decisions: pd.DataFrame
    importance: pd.DataFrame
    drawings: Mapping[str, Drawing]


def conclude_records(records: StudyRecords) -> Conclusions:
    """Draw the conclusions of a study in whatever state its records are."""
    decided = study_decisions(records)
    decisions = decision_table(decided, records.scores)
    importance = hyperparameter_importance(records)
    return Conclusions(
        records=records,
        progress=study_progress(records),
        decided=decided,
        decisions=decisions,
        importance=importance,
        drawings=_drawings(records, decisions, gain_bands(decided), importance),
    )


def _drawings(
    records: StudyRecords, decisions: pd.DataFrame, bands: pd.DataFrame, importance: pd.DataFrame
) -> dict[str, Drawing]:
    """The figures that the records allow; what is missing, the state of the study explains."""
    drawings = {}
    if not records.scores.empty:
        drawings["accuracy_and_alignment"] = accuracy_and_alignment(records.scores, records.alignment, decisions)
    if not decisions.empty:
        names = ["variant", "encoder", "decision"]
        drawings["lambda_star"] = lambda_star_figure(decisions, np.unique(records.study["lambdas"]), names)
        drawings["gain_at_lambda_star"] = gain_at_lambda_star(decisions, names)
    if not bands.empty:
        drawings["gain_by_lambda"] = gain_by_lambda(bands)
    if not records.information.empty:
        drawings["information"] = information_figure(records.information)
    if survivors(records)["surviving"].to_numpy().any():
        drawings["survivors"] = survivor_figure(records)
    if not ended_configurations(records).empty:
        drawings["parallel_coordinates"] = parallel_coordinates(records)
    if not importance.empty:
        drawings["importance"] = importance_figure(importance)
    return drawings


def save_conclusions(conclusions: Conclusions, folder: Path) -> None:
    """Write every table as CSV and every figure as PNG, PDF and SVG with its data to `folder`."""
    records = conclusions.records
    tables = {
        "scores": records.scores,
        "alignment": records.alignment,
        "decisions": conclusions.decisions,
        "information": records.information,
        "trials": records.trials,
        "progress": conclusions.progress.strata,
    }
    save_tables_and_figures(tables, conclusions.drawings, folder)


def save_tables_and_figures(tables: Mapping[str, pd.DataFrame], drawings: Mapping[str, Drawing], folder: Path) -> None:
    """Write tables as CSV and figures in every format to `folder`; of a table and a figure of one name, the table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawing in drawings.items():
        save_figure(drawing, folder / name)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
