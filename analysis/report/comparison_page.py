"""The page that compares studies: their states, every λ*, the law, the map, the information, the paper's claims."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.comparison import Comparison, chance_column
from analysis.figures import METRIC_LABELS
from analysis.records.schema import MEASURES
from analysis.redundancy import PREDICTORS, RedundancyLaw, law_summary
from analysis.report.claim_part import claim_part
from analysis.report.inline_svg import Picture, picture
from analysis.report.page import render
from analysis.report.page_tables import (
    PageTable,
    Row,
    decision_page_table,
    gain_interval,
    gain_text,
    information_page_table,
    interval,
    number,
    page_table,
)


@dataclass(frozen=True, kw_only=True)
class StudyLink:
    """A study of the comparison and where its page is."""

    name: str
    question: str
    kind: str
    headline: str
    page: str


def comparison_page(comparison: Comparison, links: Sequence[StudyLink]) -> str:
    """The page, with links to the pages of its studies."""
    decisions, objectives, information = (
        comparison.tables[name] for name in ("decisions", "objectives", "information")
    )
    context = {
        "links": links,
        "left_out": comparison.left_out,
        "objective_table": _objective_table(objectives),
        "has_several_objectives": len(objectives[["objective", "aligned_width"]].drop_duplicates()) > 1,
        "lambda_star": _picture(comparison, "lambda_star"),
        "decision_table": None if decisions.empty else decision_page_table(decisions),
        "laws": [
            {
                "title": PREDICTORS[predictor],
                "sentences": law_summary(law),
                "picture": _picture(comparison, f"law_{predictor}"),
                "table": _point_table(law),
            }
            for predictor, law in comparison.laws.items()
        ],
        "missing_laws": [(PREDICTORS[predictor], why) for predictor, why in comparison.missing_laws.items()],
        "left_out_of_laws": comparison.left_out_of_laws,
        "map": _picture(comparison, "decision_map"),
        "map_table": _map_table(comparison.tables["decision_map"]),
        "pairs": [_picture(comparison, name) for name in comparison.drawings if name.startswith("modality_pairs_")],
        "information": _picture(comparison, "information"),
        "information_table": None if information.empty else information_page_table(information, "data_set"),
        "claims": claim_part(comparison.tables["claims"], comparison.tables["claim_tests"]),
    }
    return render("comparison.html", context)


def _picture(comparison: Comparison, name: str) -> Picture | None:
    return picture(comparison.drawings[name], name) if name in comparison.drawings else None


def _objective_table(objectives: pd.DataFrame) -> PageTable | None:
    if objectives.empty:
        return None
    columns: dict[str, Callable[[Row], str]] = {
        "study": lambda row: row["study"],
        "objective": lambda row: row["objective"],
        "aligned dimensions": lambda row: row["aligned_width"],
        "variant": lambda row: row["variant"],
        "encoder": lambda row: row["encoder"],
        "gain, points": gain_text,
        "95 % interval": gain_interval,
        "λ*": lambda row: number(row["best"], ".3g"),
        "as good": lambda row: row["as_good"],
    }
    columns |= {
        f"{METRIC_LABELS[name]} at λ*": (lambda row, name=name: _beside_chance(row[name], row[chance_column(name)]))
        for name in MEASURES
    }
    text = ("objective", "aligned dimensions", "variant", "encoder")
    return page_table("What each objective gains, and the alignment it reaches", objectives, columns, text=text)


def _beside_chance(value: float, chance: float) -> str:
    return "?" if pd.isna(value) else f"{number(value, '.3f')} (chance {number(chance, '.3f')})"


def _map_table(cells: pd.DataFrame) -> PageTable | None:
    if cells.empty:
        return None
    columns: dict[str, Callable[[Row], str]] = {
        "R": lambda row: str(row["shared_bits"]),
        "training rows": lambda row: f"{row['train_samples']:,}",
        "encoder": lambda row: row["encoder"],
        "λ*": lambda row: number(row["best"], ".3g"),
        "as good": lambda row: row["as_good"],
        "decision": lambda row: row["decision"],
        "gain, points": gain_text,
        "gain: 95 % interval": gain_interval,
        "seeds": lambda row: f"{row['seeds']:g}",
        "study": lambda row: row["study"],
    }
    return page_table("λ* by shared bits and training rows", cells, columns, text=("encoder", "decision", "study"))


def _point_table(law: RedundancyLaw) -> PageTable:
    columns: dict[str, Callable[[Row], str]] = {
        "study": lambda row: row["study"],
        "variant": lambda row: row["variant"],
        "encoder": lambda row: row["encoder"],
        PREDICTORS[law.predictor]: lambda row: number(row[law.predictor], ".4g"),
        "λ*": lambda row: number(row["best"], ".3g"),
        "could be the best": lambda row: interval(row["best_low"], row["best_high"], ".3g"),
    }
    return page_table("The encoders that the law rests on", law.points, columns, text=("variant", "encoder"))
