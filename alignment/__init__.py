"""The mathematics of aligning two encoders: objectives, projection heads, measures of similarity."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from alignment.objectives import NAMED_OBJECTIVES, Cka, InfoNce, Objective, SigLip, Vicreg, learnt_scalars

if TYPE_CHECKING:
    from alignment.chance import (
        MeasuredSimilarity,
        debiased_cka_with_chance,
        linear_cka_with_chance,
        mutual_knn_with_chance,
        svcca_with_chance,
    )
    from alignment.objectives.info_nce import symmetric_info_nce
    from alignment.projection import ProjectionHead
    from alignment.similarity import debiased_cka, linear_cka, mutual_knn, svcca

__all__ = [
    "NAMED_OBJECTIVES",
    "Cka",
    "InfoNce",
    "MeasuredSimilarity",
    "Objective",
    "ProjectionHead",
    "SigLip",
    "Vicreg",
    "debiased_cka",
    "debiased_cka_with_chance",
    "learnt_scalars",
    "linear_cka",
    "linear_cka_with_chance",
    "mutual_knn",
    "mutual_knn_with_chance",
    "svcca",
    "svcca_with_chance",
    "symmetric_info_nce",
]

# These bring torch along, which takes a second to import: they are imported when they are first asked for.
_LATE = {
    "MeasuredSimilarity": "alignment.chance",
    "ProjectionHead": "alignment.projection",
    "debiased_cka": "alignment.similarity",
    "debiased_cka_with_chance": "alignment.chance",
    "linear_cka": "alignment.similarity",
    "linear_cka_with_chance": "alignment.chance",
    "mutual_knn": "alignment.similarity",
    "mutual_knn_with_chance": "alignment.chance",
    "svcca": "alignment.similarity",
    "svcca_with_chance": "alignment.chance",
    "symmetric_info_nce": "alignment.objectives.info_nce",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def __dir__() -> list[str]:
    return __all__
