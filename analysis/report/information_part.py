"""What the page of a study says of the information that its modalities have about the label."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.records import StudyRecords
from analysis.report.charts.intervals import IntervalChart, interval_chart
from analysis.report.page_tables import PageTable, information_page_table, interval, number

_INDEPENDENCE_LEVEL = 0.05
_OF_FEATURES = "Held-out classifiers tell what the features say of the label; intervals hold the atoms of the features."
_BY_COUNTING = (
    "Estimates are given less what chance alone gives, the mean over permuted labels. Features are clustered before "
    "they are counted, so an estimate says what the clusters tell, which may be far less than the features tell."
)
# The method of studies today, and the one of those recorded before.
_NOTES = {"posterior": _OF_FEATURES, "broja": _BY_COUNTING}


@dataclass(frozen=True, kw_only=True)
class InformationPart:
    """What the page says of the information in the data. `note` says what the estimates are of."""

    note: str
    sentences: list[str]
    charts: list[IntervalChart]
    legend: list[tuple[str, int, str]]
    table: PageTable


def information_part(records: StudyRecords) -> InformationPart | None:
    """The estimates of every variant; None where nothing was estimated."""
    information = records.information
    if information.empty:
        return None
    charts, sentences = [], []
    bounds = information[["low", "corrected", "null_mean", "exact"]].to_numpy(dtype=float)
    highest = float(np.nanmax(information[["high", "exact", "null_mean"]].to_numpy(dtype=float)))
    value_range = (min(0.0, float(np.nanmin(bounds))), highest)
    for variant, atoms in information.groupby("variant", sort=False):
        rows = [
            {
                "label": row["atom"].replace("_", " "),
                "number": 2,
                "value": row["corrected"],
                "low": row["low"],
                "high": row["high"],
                "reference": row["null_mean"],
                "exact": row["exact"],
                "tip": (
                    f"{variant}: {row['atom'].replace('_', ' ')}\n{number(row['corrected'])} bits\n95 % interval "
                    f"{interval(row['low'], row['high'])}\n{_by_chance(row['null_mean'])}"
                    f"n = {row['num_samples']:g} rows"
                ),
            }
            for row in atoms.to_dict("records")
        ]
        charts.append(interval_chart(rows, None, title=str(variant), value_range=value_range))
        sentences.append(f"{variant}: {information_sentence(atoms)}.")
        sentences += [f"{variant}: {note}." for note in atoms["notes"].unique() if note]
    legend = [("interval", 2, "corrected, with its 95 % interval")]
    if information["null_mean"].notna().to_numpy().any():
        legend.append(("reference", 0, "mean by chance"))
    if information["exact"].notna().to_numpy().any():
        legend.append(("exact", 0, "exact, of the population"))
    table = information_page_table(information)
    note = " ".join(_NOTES[method] for method in information["method"].unique())
    return InformationPart(note=note, sentences=sentences, charts=charts, legend=legend, table=table)


def _by_chance(null_mean: float | None) -> str:
    return "" if null_mean is None or np.isnan(null_mean) else f"by chance {number(null_mean)}\n"


def information_sentence(atoms: pd.DataFrame) -> str:
    """What the estimate of one variant says in words."""
    first = atoms.iloc[0]
    if first["p_independent"] > _INDEPENDENCE_LEVEL:
        return f"not distinguishable from labels that have nothing to do with it (p = {first['p_independent']:.2g})"
    if first["dominant"] is None or pd.isna(first["dominant"]):
        return "there is information, but no atom is surely the largest"
    return f"most of the information is {first['dominant'].replace('_', ' ')}"
