"""The pairs of modalities of one data set side by side, from a study each."""

from collections.abc import Sequence

import pandas as pd

from analysis.conclusions import Conclusions
from analysis.figures import Drawing, accuracy_and_alignment


def modality_pairs(studies: Sequence[Conclusions]) -> Drawing:
    """Accuracy and alignment over λ for the modality pairs of one data set, a panel a pair (paper figures 5-7).

    An encoder keeps its colour, marker and row of λ* in every pair. Raises ValueError where there are no scores.
    """
    scores, alignment, optima = [], [], []
    for conclusions in studies:
        records = conclusions.records
        pair = " + ".join(records.study["modalities"])
        several = len(records.study["variants"]) > 1
        titles = {variant: f"{pair}\n{variant}" if several else pair for variant in records.study["variants"]}
        for tables, table in (
            (scores, records.scores),
            (alignment, records.alignment),
            (optima, conclusions.lambda_star),
        ):
            tables.append(table.assign(variant=[titles[variant] for variant in table["variant"]]))
    drawing = accuracy_and_alignment(*(pd.concat(tables, ignore_index=True) for tables in (scores, alignment, optima)))
    caption = "Test accuracy of each encoder over λ with its λ*, and the alignment reached, by pair of modalities."
    return Drawing(figure=drawing.figure, data=drawing.data, caption=caption)
