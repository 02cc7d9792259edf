"""The pairs of modalities of one data set side by side, from a study each."""

from collections.abc import Sequence

import pandas as pd

from analysis.conclusions import Conclusions
from analysis.figures import Drawing, accuracy_and_alignment


def modality_pairs(studies: Sequence[Conclusions]) -> Drawing:
    """Accuracy and alignment over λ for the modality pairs of one data set, a panel a pair (paper figures 5-7).

    An encoder keeps its colour, marker and row of λ* in every pair. Studies of the same pair are told apart by their
    identity. Raises ValueError where there are no scores.
    """
    scores, alignment, decisions = [], [], []
    pairs = [" + ".join(conclusions.records.study["modalities"]) for conclusions in studies]
    for conclusions, pair in zip(studies, pairs, strict=True):
        records = conclusions.records
        if pairs.count(pair) > 1:
            pair = f"{pair}, {records.label}"
        several = len(records.study["variants"]) > 1
        titles = {variant: f"{pair}\n{variant}" if several else pair for variant in records.study["variants"]}
        for tables, table in (
            (scores, records.scores),
            (alignment, records.alignment),
            (decisions, conclusions.decisions),
        ):
            tables.append(table.assign(variant=[titles[variant] for variant in table["variant"]]))
    drawing = accuracy_and_alignment(
        *(pd.concat(tables, ignore_index=True) for tables in (scores, alignment, decisions))
    )
    caption = (
        "Test accuracy of each encoder over λ with what is decided, and the alignment reached, by pair of modalities."
    )
    return Drawing(figure=drawing.figure, data=drawing.data, caption=caption)
