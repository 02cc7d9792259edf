"""Tables over several studies: every decision, the information in every data set, and the map of decisions."""

from collections.abc import Sequence
from math import prod

import pandas as pd

from analysis.conclusions import Conclusions
from analysis.variants import study_variants

MAP_COLUMNS = (
    "study variant shared_bits train_samples encoder decision best low high as_good gain gain_low gain_high "
    "harmful_from harmless_to shape at_edge accuracy_at_best num_lambdas seeds configurations max_epochs"
).split()


def all_decisions(studies: Sequence[Conclusions]) -> pd.DataFrame:
    """`decision_table` of every study, one below the other, with the column `study` before the others."""
    tables = [
        conclusions.decisions.assign(study=conclusions.records.label)
        for conclusions in studies
        if not conclusions.decisions.empty
    ]
    if not tables:
        return pd.DataFrame(columns=["study", "variant", "encoder"])
    table = pd.concat(tables, ignore_index=True)
    return table.reindex(columns=["study", *table.columns.drop("study")])


def all_information(studies: Sequence[Conclusions]) -> pd.DataFrame:
    """Every estimate of the information in a data set (paper Table 1), each once, with its pair in `data_set`."""
    tables = []
    for conclusions in studies:
        records = conclusions.records
        pair = " + ".join(records.study["modalities"])
        name = records.study["name"]
        titles = [f"{name} {variant}: {pair}" for variant in records.information["variant"]]
        tables.append(records.information.assign(data_set=titles))
    tables = [table for table in tables if not table.empty]
    if not tables:
        return pd.DataFrame(columns=["data_set", "variant", "atom"])
    table = pd.concat(tables, ignore_index=True).drop_duplicates(["data_set", "atom"], keep="last")
    return table.reindex(columns=["data_set", *table.columns.drop("data_set")]).reset_index(drop=True)


def decision_map(studies: Sequence[Conclusions]) -> pd.DataFrame:
    """What is decided over redundancy and training rows: one row for each synthetic variant and encoder.

    Columns `MAP_COLUMNS`, ordered by shared bits, training rows and encoder. Where several studies ran the same
    variant, the one with the largest budget (configurations, seeds and epochs) counts, of equals the later.
    """
    rows = []
    for order, conclusions in enumerate(studies):
        study = conclusions.records.study
        definition = study["definition"]
        budget = prod(definition[name] for name in ("configurations", "seeds", "max_epochs"))
        variants = study_variants(study)
        shared = {name: definition[name] for name in ("configurations", "max_epochs")}
        for row in conclusions.decisions.to_dict("records"):
            variant = variants.get(row["variant"])
            if variant is None or variant.shared_bits is None or pd.isna(row["best"]):
                continue
            place = {"shared_bits": variant.shared_bits, "train_samples": variant.train_samples}
            place |= {"study": conclusions.records.label, "budget": budget, "order": order}
            rows.append(row | shared | place)
    table = pd.DataFrame(rows, columns=[*MAP_COLUMNS, "budget", "order"])
    cells = ["shared_bits", "train_samples", "encoder"]
    table = table.sort_values([*cells, "budget", "order"]).drop_duplicates(cells, keep="last")
    return table.reindex(columns=MAP_COLUMNS).reset_index(drop=True)


def data_set_families(studies: Sequence[Conclusions]) -> dict[str, list[Conclusions]]:
    """Studies with scores of the same real data set, by its name: the modality pairs of one figure."""
    families: dict[str, list[Conclusions]] = {}
    for conclusions in studies:
        if conclusions.records.scores.empty:
            continue
        for variant in study_variants(conclusions.records.study).values():
            if variant.shared_bits is None:
                family = variant.data.get("dataset") or conclusions.records.study["name"]
                members = families.setdefault(family, [])
                if conclusions not in members:
                    members.append(conclusions)
    return families
