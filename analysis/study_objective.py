"""What a study aligns by: its objective, how many dimensions it aligns, and both in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAMES = {"InfoNce": "InfoNCE", "SigLip": "SigLIP", "Vicreg": "VICReg", "Cka": "CKA"}


@dataclass(frozen=True, kw_only=True)
class StudyObjective:
    """The objective's `type` and `parameters`, and the aligned dimensions, None for all.

    λ has one meaning only among studies whose objectives are equal.
    """

    type: str
    parameters: Mapping[str, Any]
    aligned_width: int | None

    @property
    def words(self) -> str:
        """The objective with its parameters, such as "InfoNCE (temperature 0.1)"."""
        parameters = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.parameters.items())
        name = _NAMES.get(self.type, self.type)
        return f"{name} ({parameters})" if parameters else name

    @property
    def width_words(self) -> str:
        """The aligned dimensions."""
        return "all" if self.aligned_width is None else str(self.aligned_width)

    def __str__(self) -> str:
        width = "" if self.aligned_width is None else f" of {self.aligned_width} dimensions"
        return f"{self.words}{width}"


PAPERS_OBJECTIVE = StudyObjective(type="InfoNce", parameters={"temperature": 0.1}, aligned_width=None)


def study_objective(study: Mapping[str, Any]) -> StudyObjective:
    """The objective of a study as it was declared."""
    definition = study["definition"]
    parameters = dict(definition["objective"])
    return StudyObjective(type=parameters.pop("type"), parameters=parameters, aligned_width=definition["aligned_width"])
