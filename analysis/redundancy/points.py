"""Encoders as points: λ* of each beside the information in its data, over any number of studies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.decision import decision_table, study_decisions
from analysis.records import StudyRecords
from analysis.variants import study_variants
from trainables.config import Refused

POINT_COLUMNS = (
    "study variant encoder pair definition method decision best best_low best_high shape at_edge smallest_lambda "
    "largest_lambda seeds redundancy redundancy_low redundancy_high unique unique_low unique_high synergy share "
    "exact_redundancy exact_unique shared_bits train_samples"
).split()
_WORDS = ["definition", "method", "decision", "shape", "at_edge"]
_NUMBERS = [name for name in POINT_COLUMNS if name not in (*_WORDS, "study", "variant", "encoder", "pair")]


def encoder_points(studies: Sequence[StudyRecords]) -> pd.DataFrame:
    """One row for each study, variant and encoder whose λ* is known.

    Columns: where it belongs (study, with its identity where several have one name; variant; encoder; pair such as
    "vision+text"); the decomposition's definition and method; λ* as `decision_table` has it (decision, best, best_low,
    best_high, shape, at_edge, seeds) with the ends of its grid; bias-corrected atoms in bits with 95 % intervals, of
    which `unique` is that of the encoder's own modality; `share` = R / (R + U), missing where R + U is not above 0; the
    population's atoms and shared bits where the data are synthetic; training rows of a seed, missing where it had all
    of them. Numbers that are not known are NaN, words None.
    """
    names = [records.study["name"] for records in studies]
    rows = [
        row
        for records, name in zip(studies, names, strict=True)
        for row in _rows(records, name if names.count(name) == 1 else records.label)
    ]
    return _typed(pd.DataFrame(rows, columns=POINT_COLUMNS))


def read_points(path: Path) -> pd.DataFrame:
    """Points as `encoder_points` gives them, from a CSV file that they were written to.

    Raises Refused where a column is missing.
    """
    table = pd.read_csv(path)
    if missing := [name for name in POINT_COLUMNS if name not in table.columns]:
        raise Refused(f"{path}: expected a table of encoders and their λ*, its columns lack {', '.join(missing)}")
    return _typed(table.loc[:, POINT_COLUMNS])


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    table[_NUMBERS] = table[_NUMBERS].apply(pd.to_numeric)
    table[_WORDS] = table[_WORDS].astype(object).where(table[_WORDS].notna(), None)
    return table


def _rows(records: StudyRecords, name: str) -> list[dict[str, Any]]:
    if records.scores.empty:
        return []
    study, variants = records.study, study_variants(records.study)
    modalities = list(study["modalities"])
    optima = decision_table(study_decisions(records), records.scores)
    rows = []
    for optimum in optima.loc[optima["best"].notna()].to_dict("records"):
        variant = variants[optimum["variant"]]
        number = modalities.index(optimum["encoder"]) + 1
        grid = records.scores.loc[records.scores["variant"] == optimum["variant"], "lambda"]
        row = {"study": name, "pair": "+".join(modalities), **optimum}
        row |= {"smallest_lambda": grid.min(), "largest_lambda": grid.max()}
        row |= {"shared_bits": variant.shared_bits, "train_samples": variant.drawn_samples}
        rows.append(row | _information(records.information, variant.label, number))
    return rows


def _information(information: pd.DataFrame, label: str, number: int) -> dict[str, Any]:
    """The atoms of one version of the data as the encoder of modality `number` sees them; empty where not estimated."""
    of_variant = information.loc[information["variant"] == label]
    if of_variant.empty:
        return {}
    atoms = {row["atom"]: row for row in of_variant.to_dict("records")}
    redundancy, unique = atoms["redundancy"], atoms[f"unique_{number}"]
    told = redundancy["corrected"] + unique["corrected"]
    return {
        "definition": redundancy["definition"],
        "method": redundancy["method"],
        "redundancy": redundancy["corrected"],
        "redundancy_low": redundancy["low"],
        "redundancy_high": redundancy["high"],
        "unique": unique["corrected"],
        "unique_low": unique["low"],
        "unique_high": unique["high"],
        "synergy": atoms["synergy"]["corrected"],
        "share": redundancy["corrected"] / told if told > 0 else None,
        "exact_redundancy": redundancy["exact"],
        "exact_unique": unique["exact"],
    }
