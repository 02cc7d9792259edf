"""The paper's claims as data: what it says of which data and encoder, and what would show it.

The paper is *To Align or Not to Align: Strategic Multimodal Representation Alignment for Optimal Performance* (Fang,
Zhang, Chan; arXiv 2511.12121). Its claims on real data, and those numbers of its Table 1 that are given here, are
taken from public summaries of it; numbers of Table 1 that no summary names are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from analysis.variants import Variant

Shape = Literal["rises", "rises_and_saturates", "falls", "peaks"]
PEAK_OF_R4 = (0.4, 0.6)
# The grid's neighbours of the .75 at which the paper sees the peak.
PEAK_OF_MOSEI_TEXT = (0.6, 1.0)


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Which variants a claim is about: those whose definition has these fields, of these modalities if any."""

    fields: Mapping[str, Any]
    modalities: frozenset[str] | None = None

    def holds(self, variant: Variant, modalities: tuple[str, ...]) -> bool:
        """Whether the claim is about this variant of a study of these modalities."""
        same = all(variant.data.get(name) == value for name, value in self.fields.items())
        return same and self.modalities in (None, frozenset(modalities))


@dataclass(frozen=True, kw_only=True)
class CurveClaim:
    """How the accuracy of an encoder (of any, where None) depends on λ; `peak` bounds λ* for the shape `peaks`."""

    key: str
    statement: str
    data: DataSet
    shape: Shape
    encoder: str | None = None
    peak: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class AlignmentClaim:
    """That a measure of alignment rises with λ, whatever the data."""

    key: str
    statement: str
    metric: str


@dataclass(frozen=True, kw_only=True)
class InformationClaim:
    """Numbers of Table 1: atoms in bits, unique information by the name of its modality; and the largest atom."""

    key: str
    statement: str
    data: DataSet
    atoms: Mapping[str, float] = field(default_factory=dict)
    dominant: str | None = None


Claim = CurveClaim | AlignmentClaim | InformationClaim


def _synthetic(shared_bits: int) -> DataSet:
    return DataSet(fields={"type": "SyntheticData", "shared_bits": shared_bits})


def _affect(dataset: str, *modalities: str) -> DataSet:
    return DataSet(fields={"type": "AffectData", "dataset": dataset}, modalities=frozenset(modalities))


_AV_MNIST = DataSet(fields={"type": "AvMnistData"})
_MOSEI_VT = _affect("mosei", "vision", "text")
_MUSTARD_VA = _affect("mustard", "vision", "audio")

CLAIMS: tuple[Claim, ...] = (
    *(
        CurveClaim(
            key=f"synthetic R={bits}",
            statement=f"R = {bits}: accuracy falls with λ",
            data=_synthetic(bits),
            shape="falls",
        )
        for bits in (0, 2)
    ),
    CurveClaim(
        key="synthetic R=4",
        statement="R = 4: inverted U, λ* between .4 and .6",
        data=_synthetic(4),
        shape="peaks",
        peak=PEAK_OF_R4,
    ),
    *(
        CurveClaim(
            key=f"synthetic R={bits}",
            statement=f"R = {bits}: accuracy rises with λ and saturates",
            data=_synthetic(bits),
            shape="rises_and_saturates",
        )
        for bits in (6, 8)
    ),
    *(
        AlignmentClaim(key=f"alignment {metric}", statement=f"{label} rises with λ", metric=metric)
        for metric, label in (("cka", "CKA"), ("svcca", "SVCCA"), ("mutual_knn", "Mutual k-NN"))
    ),
    CurveClaim(
        key="mosei vision",
        statement="CMU-MOSEI vision + text: vision rises with λ",
        data=_MOSEI_VT,
        encoder="vision",
        shape="rises",
    ),
    CurveClaim(
        key="mosei text",
        statement="CMU-MOSEI vision + text: text has an inverted U, λ* near .75",
        data=_MOSEI_VT,
        encoder="text",
        shape="peaks",
        peak=PEAK_OF_MOSEI_TEXT,
    ),
    CurveClaim(
        key="avmnist vision",
        statement="AV-MNIST: vision falls with λ",
        data=_AV_MNIST,
        encoder="vision",
        shape="falls",
    ),
    *(
        CurveClaim(
            key=f"mustard {encoder}",
            statement=f"MUStARD vision + audio: {encoder} rises with λ ({figures})",
            data=_MUSTARD_VA,
            encoder=encoder,
            shape="rises",
        )
        for encoder, figures in (("vision", "54 % to 62 %"), ("audio", "58 % to 66 %"))
    ),
    InformationClaim(
        key="table 1 mosei",
        statement="Table 1, CMU-MOSEI vision + text",
        data=_MOSEI_VT,
        atoms={"redundancy": 0.123, "vision": 0.001, "text": 0.163},
    ),
    InformationClaim(
        key="table 1 avmnist",
        statement="Table 1, AV-MNIST: mostly unique to vision",
        data=_AV_MNIST,
        atoms={"vision": 0.97},
        dominant="vision",
    ),
    InformationClaim(
        key="table 1 mustard",
        statement="Table 1, MUStARD vision + audio: mostly synergy",
        data=_MUSTARD_VA,
        atoms={"redundancy": 0.14, "synergy": 0.20},
        dominant="synergy",
    ),
)
