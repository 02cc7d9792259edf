"""What the page of a study says of the information that its modalities have about the label."""

from dataclasses import dataclass

import pandas as pd

from analysis.conclusions import Conclusions
from analysis.report.inline_svg import Picture, picture
from analysis.report.page_tables import PageTable, information_page_table

_INDEPENDENCE_LEVEL = 0.05
_OF_FEATURES = (
    "Held-out classifiers tell what the features say of the label; intervals hold the atoms of the features. p tests "
    "that what an atom is a part of is 0; whether the atom itself may be, its interval says."
)
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
    picture: Picture
    table: PageTable


def information_part(conclusions: Conclusions) -> InformationPart | None:
    """The estimates of every variant; None where nothing was estimated."""
    information = conclusions.records.information
    if information.empty:
        return None
    sentences = []
    for variant, atoms in information.groupby("variant", sort=False):
        sentences.append(f"{variant}: {information_sentence(atoms)}.")
        sentences += [f"{variant}: {note}." for note in atoms["notes"].unique() if note]
    first, second = conclusions.records.study["modalities"]
    whose = f"Unique 1 is what {first} alone tells, unique 2 what {second} alone does."
    return InformationPart(
        note=" ".join([whose, *(_NOTES[method] for method in information["method"].unique())]),
        sentences=sentences,
        picture=picture(conclusions.drawings["information"], "information"),
        table=information_page_table(information),
    )


def information_sentence(atoms: pd.DataFrame) -> str:
    """What the estimate of one variant says in words."""
    first = atoms.iloc[0]
    if first["p_independent"] > _INDEPENDENCE_LEVEL:
        return f"not distinguishable from labels that have nothing to do with it (p = {first['p_independent']:.2g})"
    if first["dominant"] is None or pd.isna(first["dominant"]):
        return "there is information, but no atom is surely the largest"
    return f"most of the information is {first['dominant'].replace('_', ' ')}"
